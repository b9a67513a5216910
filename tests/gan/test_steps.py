"""One step of training, its schedules and the averaged generator."""

import copy
from dataclasses import replace

import pytest
import torch

from medigenx_lib.gan import state as states
from medigenx_lib.gan.augment import ADAPTED_IN
from medigenx_lib.gan.losses import relativistic_pairing_loss, zero_centred_penalty
from medigenx_lib.gan.recipes import DCGAN, HINGE_DIFFAUGMENT, R3GAN, STRONG, WGAN_GP
from medigenx_lib.gan.state import State, rng
from medigenx_lib.gan.steps import ADAPTED_EVERY, _logits, cosine, ema_decay, step, update_average

TINY = replace(STRONG, size=16, width=4, latent=8, batch=8)


def reals(count=8):
    films = torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return films, torch.arange(count) % 2


def test_cosine_ends_where_it_should():
    assert cosine(0, 0.1) == 1 and cosine(1, 0.1) == pytest.approx(0.1) and cosine(0.5, 0.1) == pytest.approx(0.55)
    assert cosine(7, 0.1) == pytest.approx(0.1)


def test_ema_ramps_up():
    assert ema_decay(0.999, 0) == 0.1 and ema_decay(0.999, 80) == pytest.approx(0.9)
    assert ema_decay(0.999, 10**6) == 0.999


def test_average_by_hand():
    state = State.new(TINY, {})
    state.step = 80
    before, batch_norm = state.average.film.weight.clone(), state.generator.stages[0][0].running_mean
    state.generator.film.weight.data += 1
    batch_norm += 2
    update_average(state)
    torch.testing.assert_close(state.average.film.weight, before + 0.1)
    torch.testing.assert_close(state.average.stages[0][0].running_mean, torch.full_like(batch_norm, 0.2))


def test_without_ema_the_average_is_the_generator():
    state = State.new(replace(TINY, ema=0.0), {})
    step(state, *reals(), 0.0)
    assert torch.equal(state.average.film.weight, state.generator.film.weight)


@pytest.mark.parametrize("spread", [0, 4])  # with groups: those of reals hold no fake
def test_discriminator_gradient_is_loss_plus_lazy_penalties(spread):
    state, (films, labels) = State.new(replace(TINY, penalty_share=1.0, spread=spread), {}), reals()
    if spread:
        state.discriminator.spread.weight.data.fill_(1.0)
    by_hand = copy.deepcopy(state)
    latent = torch.randn(8, 8, generator=rng(0, "step", 0))
    fake = by_hand.generator(latent, labels).detach()
    critic = by_hand.discriminator
    loss = relativistic_pairing_loss(critic(films, labels), critic(fake, labels))
    penalties = zero_centred_penalty(critic, films, labels) + zero_centred_penalty(critic, fake, labels)
    (loss + TINY.gamma / 2 * TINY.penalty_every * penalties).backward()
    expected = critic.logit.weight.grad
    figures = step(state, films, labels, 0.0)
    found = state.discriminator.logit.weight.grad  # the generator's step, which comes after, adds nothing to it
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(figures["penalty"], penalties.detach(), rtol=1e-4, atol=1e-7)


def test_reals_and_fakes_are_not_mixed_in_a_group_where_they_do_not_divide():
    state, (films, labels) = State.new(replace(TINY, spread=4), {}), reals(6)
    state.discriminator.spread.weight.data.fill_(1.0)
    logits = _logits(state, films, torch.zeros_like(films), labels)
    for found, shown in zip(logits, (films, torch.zeros_like(films)), strict=True):
        torch.testing.assert_close(found, state.discriminator(shown, labels))


def test_penalties_come_every_fourth_step():
    state = State.new(TINY, {})
    with_penalty = ["penalty" in step(state, *reals(), 0.0) for _ in range(9)]
    assert with_penalty == [True, False, False, False] * 2 + [True]


@pytest.mark.parametrize(
    "recipe",
    [
        TINY,
        replace(DCGAN, size=16, width=4, latent=8),
        replace(DCGAN, size=16, width=4, conditional=True, ema=0.999),
        replace(TINY, augment=("translation", "brightness")),
        replace(TINY, loss="standard"),
        replace(TINY, bf16=True),
        replace(TINY, spread=4, first_order=True),
        replace(TINY, augment=("brightness",), adaptive=0.5),
        replace(WGAN_GP, size=16, width=4, critic_steps=1),
        replace(HINGE_DIFFAUGMENT, size=16, width=4),
        replace(R3GAN, size=16, width=4, latent=8),
    ],
    ids=[
        "strong",
        "dcgan",
        "conditional dcgan",
        "augmented",
        "standard",
        "bf16",
        "told",
        "adaptive",
        "wgan",
        "peer",
        "r3gan",
    ],
)
def test_each_rung_of_the_ladder_moves_both_networks(recipe):
    state = State.new(recipe, {})
    before = copy.deepcopy(state.tensors())
    figures = step(state, *reals(), 0.0)
    after = state.tensors()
    assert all(torch.isfinite(value) for value in figures.values())
    for part in ("generator.", "discriminator."):
        moved = [name for name in before if name.startswith(part) and not torch.equal(before[name], after[name])]
        assert len(moved) >= 5  # the Wasserstein loss does not see the bias of the logit
    assert (state.step, state.images) == (1, 8)


@pytest.mark.parametrize("recipe", [
    replace(TINY, spread=4, first_order=True, compiled=True),
    replace(R3GAN, size=16, width=4, latent=8, compiled=True),
], ids=["told", "r3gan"])  # fmt: skip
def test_compiled_networks_take_the_same_steps(recipe, monkeypatch):
    graphs = []

    def traced(graph, inputs):  # derives like the compiler, which cannot do that twice, and writes no machine code
        graphs.append(graph)
        return torch._dynamo.lookup_backend("aot_eager")(graph, inputs)

    monkeypatch.setattr(states, "COMPILER", traced)
    figures = []
    for state, used in ((State.new(replace(recipe, compiled=False), {}), False), (State.new(recipe, {}), True)):
        figures.append([step(state, *reals(), 0.0) for _ in range(2)])  # the first of them is penalised
        assert bool(graphs) is used and "penalty" in figures[-1][0]
    torch.testing.assert_close(figures[1], figures[0], atol=1e-4, rtol=1e-3)


class Brightest(torch.nn.Module):
    """A discriminator that takes the brighter film for the real one."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, films, labels):
        return self.weight * films.mean((1, 2, 3))


@pytest.mark.parametrize("real, sign", [(5.0, 1), (-5.0, -1)])
def test_augmentation_follows_the_pairs_that_the_discriminator_wins(real, sign):
    state = State.new(replace(TINY, augment=("translation",), adaptive=0.5), {})
    state.discriminator, state.augmented = Brightest(), 0.5
    for _ in range(ADAPTED_EVERY + 1):  # two looks
        step(state, torch.full((8, 1, 16, 16), real), torch.arange(8) % 2, 0.0)
    assert state.augmented == pytest.approx(0.5 + sign * 2 * 8 * ADAPTED_EVERY / ADAPTED_IN)


def test_the_generator_waits_for_the_critic():
    state = State.new(replace(WGAN_GP, size=16, width=4, latent=8, critic_steps=3), {})
    moved = []
    for _ in range(6):
        before = state.generator.stages[0].weight.clone(), state.discriminator.logit.weight.clone()
        figures = step(state, *reals(), 0.0)
        moved.append(not torch.equal(before[0], state.generator.stages[0].weight))
        assert not torch.equal(before[1], state.discriminator.logit.weight)
        assert ("generator_loss" in figures) == moved[-1] and "penalty" in figures
    assert moved == [False, False, True] * 2 and state.images == 48


def test_learning_rate_follows_progress():
    state = State.new(TINY, {})
    step(state, *reals(), 1.0)
    assert state.generator_adam.param_groups[0]["lr"] == pytest.approx(TINY.lr * TINY.lr_end)
