"""One step of training for each recipe: what lesson 04 writes out by hand."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from medigenx_lib.gan.augment import augment
from medigenx_lib.gan.losses import (
    generator_gradient_ratio,
    relativistic_pairing_loss,
    standard_discriminator_loss,
    standard_generator_loss,
    zero_centred_penalty,
)
from medigenx_lib.gan.state import State, rng


def cosine(progress: float, end: float) -> float:
    """From 1 at ``progress`` 0 to ``end`` at 1, half a cosine. Source: Loshchilov, Hutter, ICLR 2017."""
    return end + (1 - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))


def step(state: State, real: Tensor, labels: Tensor, progress: float) -> dict[str, Tensor]:
    """One update of both networks and of the averaged generator, in place.

    Shapes: real (B, 1, S, S) in -1..1, labels (B,) int64; ``progress`` 0..1 sets learning rate and gamma.
    Returns scalar tensors: the losses, and for the strong recipe the penalties.
    """
    recipe, device = state.recipe, real.device
    for adam in (state.generator_adam, state.discriminator_adam):
        adam.param_groups[0]["lr"] = recipe.lr * cosine(progress, recipe.lr_end)
    draw = rng(recipe.seed, "step", state.step, device=str(device))
    latent = torch.randn(len(real), recipe.latent, generator=draw, device=device)
    update = _relativistic_step if recipe.loss == "relativistic" and not recipe.batch_norm else _alternating_step
    figures = update(state, real, labels, latent, draw, progress)
    state.step, state.images = state.step + 1, state.images + len(real)
    update_average(state)
    return figures


def _relativistic_step(state, real, labels, latent, draw, progress) -> dict[str, Tensor]:
    """Both networks from one batch of fakes and one backward pass through the discriminator."""
    recipe = state.recipe
    with torch.autocast(real.device.type, torch.bfloat16, enabled=recipe.bf16):
        fake = state.generator(latent, labels)
        probe = fake.detach().float().requires_grad_()  # where the gradient for the generator is read off
        films = augment(torch.cat([real, probe]), recipe.augment, draw)
        real_logits, fake_logits = state.discriminator(films, labels.repeat(2)).float().chunk(2)
        loss = relativistic_pairing_loss(real_logits, fake_logits)
    state.discriminator_adam.zero_grad(set_to_none=True)
    loss.backward()
    figures = {"loss": loss.detach(), "margin": (real_logits - fake_logits).detach().mean()}
    if recipe.gamma and state.step % recipe.penalty_every == 0:
        figures |= _penalise(state, films.detach(), labels, progress)
    state.discriminator_adam.step()
    state.generator_adam.zero_grad(set_to_none=True)
    ratio = generator_gradient_ratio(real_logits, fake_logits)
    fake.backward((probe.grad * ratio[:, None, None, None]).to(fake.dtype))
    state.generator_adam.step()
    return figures


def _alternating_step(state, real, labels, latent, draw, progress) -> dict[str, Tensor]:
    """The tutorials' way: first the discriminator, then the generator against the updated discriminator."""
    recipe, relativistic = state.recipe, state.recipe.loss == "relativistic"
    fake = augment(state.generator(latent, labels), recipe.augment, draw)
    real = augment(real, recipe.augment, draw)
    state.discriminator_adam.zero_grad(set_to_none=True)
    real_logits, fake_logits = (state.discriminator(films, labels) for films in (real, fake.detach()))
    discriminator_loss = relativistic_pairing_loss if relativistic else standard_discriminator_loss
    loss = discriminator_loss(real_logits, fake_logits)
    loss.backward()
    figures = {"loss": loss.detach()}
    if recipe.gamma and state.step % recipe.penalty_every == 0:
        figures |= _penalise(state, torch.cat([real, fake.detach()]), labels, progress)
    state.discriminator_adam.step()
    state.generator_adam.zero_grad(set_to_none=True)
    logits = state.discriminator(fake, labels)
    rivals = state.discriminator(real, labels).detach() if relativistic else None
    loss = relativistic_pairing_loss(logits, rivals) if relativistic else standard_generator_loss(logits)
    loss.backward()
    state.generator_adam.step()
    return figures | {"generator_loss": loss.detach()}


def _penalise(state: State, films: Tensor, labels: Tensor, progress: float) -> dict[str, Tensor]:
    """Add the gradients of R1 + R2 on a share of the batch, weighted for the steps that go without.

    Shapes: films (2B, 1, S, S), reals first. Lazy regularisation: Karras et al., "StyleGAN2", CVPR 2020.
    """
    recipe = state.recipe
    count = max(1, round(recipe.penalty_share * len(labels)))
    real, fake = (part[:count] for part in films.chunk(2))
    both = zero_centred_penalty(state.discriminator, torch.cat([real, fake]), labels[:count].repeat(2))
    weight = recipe.gamma * cosine(progress, recipe.gamma_end) / 2 * recipe.penalty_every
    (2 * weight * both).backward()  # the mean over both halves, doubled, is R1 + R2
    return {"penalty": 2 * both.detach()}


def ema_decay(most: float, step: int) -> float:
    """Decay of the average after ``step`` steps: ramps up from 2/11, so that the first weights are forgotten."""
    return min(most, (1 + step) / (10 + step))


@torch.no_grad()
def update_average(state: State) -> None:
    """Move the averaged generator (weights and batch statistics) towards the trained one; copy if ``ema`` is 0."""
    weight = 1 - ema_decay(state.recipe.ema, state.step) if state.recipe.ema else 1.0
    pairs = zip(state.average.state_dict().values(), state.generator.state_dict().values(), strict=True)
    for average, value in pairs:
        if average.is_floating_point():
            average.lerp_(value, weight)
        else:
            average.copy_(value)
