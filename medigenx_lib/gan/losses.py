"""What each network is asked to do: adversarial losses, and gradient penalties that keep the game stable.

All logits are (B,), high for real; all losses are scalars, in nats.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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


def zero_centred_penalty(discriminator: nn.Module, films: Tensor, labels: Tensor) -> Tensor:
    """Mean squared norm of the logit's gradient by the film: R1 on real films, R2 on fakes.

    Shapes: films (B, 1, S, S), labels (B,). Returns a scalar; multiply it by gamma / 2.
    Source: Mescheder, Geiger, Nowozin, "Which training methods for GANs do actually converge?", ICML 2018.
    """
    films = films.detach().requires_grad_()
    logits = discriminator(films, labels)
    (gradient,) = torch.autograd.grad(logits.sum(), films, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()
