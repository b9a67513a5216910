"""One step of training for each recipe: what lesson 04 writes out by hand."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from medigenx_lib.gan import team
from medigenx_lib.gan.augment import adapted, augment
from medigenx_lib.gan.losses import (
    critic_generator_loss,
    hinge_discriminator_loss,
    relativistic_pairing_loss,
    standard_discriminator_loss,
    standard_generator_loss,
    unit_norm_penalty,
    wasserstein_discriminator_loss,
    zero_centred_penalty,
)
from medigenx_lib.gan.recipes import Recipe
from medigenx_lib.gan.state import State, rng

DISCRIMINATOR_LOSSES = {
    "relativistic": relativistic_pairing_loss,
    "standard": standard_discriminator_loss,
    "hinge": hinge_discriminator_loss,
    "wasserstein": wasserstein_discriminator_loss,
}
GENERATOR_LOSSES = {
    "standard": standard_generator_loss,
    "hinge": critic_generator_loss,
    "wasserstein": critic_generator_loss,
}
ADAPTED_EVERY = 4  # steps between looks at how sure the discriminator is; each look waits for a GPU


def cosine(progress: float, end: float) -> float:
    """From 1 at ``progress`` 0 to ``end`` at 1, half a cosine. Source: Loshchilov, Hutter, ICLR 2017."""
    return end + (1 - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))


def step(state: State, real: Tensor, labels: Tensor, progress: float) -> dict[str, Tensor]:
    """One update of the discriminator, and of the generator and its average when it is their turn, in place.

    Shapes: real (B, 1, S, S) in -1..1, labels (B,) int64; ``progress`` 0..1 sets learning rate and gamma.
    Returns scalar tensors: the losses and penalties of this step.
    """
    recipe, device = state.recipe, real.device
    for adam in (state.generator_adam, state.discriminator_adam):
        for group in adam.param_groups:
            group["lr"] = group["share"] * recipe.lr * cosine(progress, recipe.lr_end)
    draw = rng(recipe.seed, "step", state.step, *filter(None, [team.rank()]), device=str(device))
    latent = torch.randn(len(real), recipe.latent, generator=draw, device=device)
    generator_turn = (state.step + 1) % recipe.critic_steps == 0 and state.step >= recipe.warmup
    with _autocast(recipe, real), torch.set_grad_enabled(generator_turn):
        fake = state.generator(latent, labels)
    share = state.augmented if recipe.adaptive else 1.0
    real, fake = (augment(films, recipe.augment, draw, share) for films in (real, fake.float()))
    figures = _discriminator_step(state, real, fake, labels, progress, draw)
    if generator_turn:
        figures |= _generator_step(state, real, fake, labels)
    state.step, state.images = state.step + 1, state.images + len(real) * team.count()
    if generator_turn:
        update_average(state)
    return figures


def _discriminator_step(
    state: State, real: Tensor, fake: Tensor, labels: Tensor, progress: float, draw: torch.Generator
) -> dict[str, Tensor]:
    """The discriminator learns to tell the fakes, detached from their generator, from the reals."""
    recipe, fake = state.recipe, fake.detach()
    state.discriminator_adam.zero_grad(set_to_none=True)
    with _autocast(recipe, real):
        real_logits, fake_logits = _logits(state, real, fake, labels)
    loss = DISCRIMINATOR_LOSSES[recipe.loss](real_logits, fake_logits)
    loss.backward()
    margins = (real_logits - fake_logits).detach()
    figures = {"discriminator_loss": loss.detach(), "margin": margins.mean()}
    if recipe.adaptive and state.step % ADAPTED_EVERY == 0:
        wins, films = team.agree(margins.sign().mean().item()), ADAPTED_EVERY * len(real) * team.count()
        state.augmented = adapted(state.augmented, wins, recipe.adaptive, films)
    if recipe.gamma and state.step % recipe.penalty_every == 0:
        figures |= _penalise(state, real, fake, labels, progress, draw)
    team.average_gradients(state.discriminator)
    state.discriminator_adam.step()
    return figures


def _generator_step(state: State, real: Tensor, fake: Tensor, labels: Tensor) -> dict:
    """The generator learns from the discriminator just updated, through the very fakes that it was updated on."""
    state.generator_adam.zero_grad(set_to_none=True)
    with _autocast(state.recipe, real):
        if state.recipe.loss == "relativistic":
            with torch.no_grad():
                rivals = state.discriminator(real, labels).float()
            loss = relativistic_pairing_loss(state.discriminator(fake, labels).float(), rivals)
        else:
            loss = GENERATOR_LOSSES[state.recipe.loss](state.discriminator(fake, labels).float())
    loss.backward(inputs=list(state.generator.parameters()))  # not the discriminator's, which nobody would use
    team.average_gradients(state.generator)
    state.generator_adam.step()
    team.average_statistics(state.generator)
    return {"generator_loss": loss.detach()}


def _logits(state: State, real: Tensor, fake: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """One pass for both, unless batch normalisation or a group of both kinds would mix their statistics."""
    if state.recipe.batch_norm or (state.recipe.spread and len(real) % state.recipe.spread):
        return state.discriminator(real, labels).float(), state.discriminator(fake, labels).float()
    return state.discriminator(torch.cat([real, fake]), labels.repeat(2)).float().chunk(2)


def _autocast(recipe: Recipe, like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, torch.bfloat16, enabled=recipe.bf16)


def _penalise(
    state: State, real: Tensor, fake: Tensor, labels: Tensor, progress: float, draw: torch.Generator
) -> dict[str, Tensor]:
    """Add the gradients of the penalty on a share of the batch, weighted for the steps that go without.

    Shapes: films (B, 1, S, S) each. Lazy regularisation: Karras et al., "StyleGAN2", CVPR 2020.
    """
    recipe = state.recipe
    count = max(1, round(recipe.penalty_share * len(labels)))
    count += -count % max(1, recipe.spread)  # whole groups; slices end with the batch
    real, fake, labels = real[:count], fake[:count], labels[:count]
    weight = recipe.gamma * cosine(progress, recipe.gamma_end) * recipe.penalty_every
    discriminator = state.discriminator.forward  # never the compiled one, which cannot be derived twice
    if recipe.penalty == "unit_norm":
        penalty = unit_norm_penalty(discriminator, real, fake, labels, draw)
    else:  # the mean over both halves, doubled, is R1 + R2; its weight is gamma / 2
        penalty = 2 * zero_centred_penalty(discriminator, torch.cat([real, fake]), labels.repeat(2))
        weight = weight / 2
    (weight * penalty).backward()
    return {"penalty": penalty.detach()}


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
