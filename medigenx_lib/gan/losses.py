"""What each network is asked to do: adversarial losses, and gradient penalties that keep the game stable.

All logits are (B,), high for real; all losses are scalars, in nats.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def relativistic_pairing_loss(winner_logits: Tensor, loser_logits: Tensor) -> Tensor:
    """``softplus(loser - winner)``: each film must beat the one it is paired with, not an absolute mark.

    The discriminator minimises it with (real, fake), the generator with (fake, real). Because logits are
    compared in pairs, the generator cannot win by collapsing onto a few films. Shapes: both (B,).
    Source: Jolicoeur-Martineau, ICLR 2019; Huang et al., NeurIPS 2024, eq. 2.
    """
    return F.softplus(loser_logits - winner_logits).mean()


def standard_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Cross-entropy of real against 1 and fake against 0. Shapes: both (B,).

    Source: Goodfellow et al., "Generative adversarial nets", NeurIPS 2014.
    """
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def standard_generator_loss(fake_logits: Tensor) -> Tensor:
    """The non-saturating loss: fakes should be taken for real. Shape: (B,). Source: as above, section 3."""
    return F.softplus(-fake_logits).mean()


def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Real above 1, fake below -1; logits beyond that are left alone. Shapes: both (B,).

    Source: Lim and Ye, "Geometric GAN", 2017, eq. 12; Miyato et al., ICLR 2018, eq. 16.
    """
    return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()


def wasserstein_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Minus an estimate of the earth mover's distance, if the critic is 1-Lipschitz. Shapes: both (B,).

    Source: Arjovsky, Chintala, Bottou, "Wasserstein GAN", ICML 2017.
    """
    return fake_logits.mean() - real_logits.mean()


def critic_generator_loss(fake_logits: Tensor) -> Tensor:
    """Minus the mean logit, for the hinge and the Wasserstein loss alike. Shape: (B,)."""
    return -fake_logits.mean()


def unit_norm_penalty(
    discriminator: Callable, real: Tensor, fake: Tensor, labels: Tensor, draw: torch.Generator
) -> Tensor:
    """Mean squared distance from 1 of the gradient's norm, at random points between real and fake films.

    Shapes: films (B, 1, S, S) each, labels (B,). Returns a scalar; multiply it by lambda (10).
    Source: Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, eq. 3.
    """
    share = torch.rand(len(real), 1, 1, 1, generator=draw, device=real.device)
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    logits = discriminator(between, labels)
    (gradient,) = torch.autograd.grad(logits.sum(), between, create_graph=True)
    norm = (gradient.square().sum((1, 2, 3)) + 1e-12).sqrt()  # the root has no slope at 0
    return (norm - 1).square().mean()


def zero_centred_penalty(discriminator: Callable, films: Tensor, labels: Tensor) -> Tensor:
    """Mean squared norm of the logit's gradient by the film: R1 on real films, R2 on fakes.

    Shapes: films (B, 1, S, S), labels (B,). Returns a scalar; multiply it by gamma / 2.
    Source: Mescheder, Geiger, Nowozin, "Which training methods for GANs do actually converge?", ICML 2018.
    """
    films = films.detach().requires_grad_()
    logits = discriminator(films, labels)
    (gradient,) = torch.autograd.grad(logits.sum(), films, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()
