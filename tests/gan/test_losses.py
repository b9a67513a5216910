"""Losses and penalties against values worked out by hand."""

import math

import torch
from torch import nn

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


def softplus(x):
    return math.log1p(math.exp(x))


def test_relativistic_pairing_loss_by_hand():
    winner, loser = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 1.0])
    expected = (softplus(0.5 - 1.0) + softplus(1.0 + 2.0)) / 2
    assert math.isclose(relativistic_pairing_loss(winner, loser).item(), expected, rel_tol=1e-6)


def test_relativistic_pairing_loss_sees_only_differences():
    winner, loser = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        relativistic_pairing_loss(winner, loser), relativistic_pairing_loss(winner + 7, loser + 7)
    )
    assert relativistic_pairing_loss(loser, loser).item() == torch.tensor(2.0).log().item()


def test_standard_losses_by_hand():
    real, fake = torch.tensor([2.0]), torch.tensor([-1.0])
    assert math.isclose(standard_discriminator_loss(real, fake).item(), softplus(-2) + softplus(-1), rel_tol=1e-6)
    assert math.isclose(standard_generator_loss(fake).item(), softplus(1), rel_tol=1e-6)


def test_hinge_and_wasserstein_losses_by_hand():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.25])
    assert hinge_discriminator_loss(real, fake).item() == (0 + 0.5) / 2 + (0 + 1.25) / 2
    assert wasserstein_discriminator_loss(real, fake).item() == -1.375 - 1.25
    assert critic_generator_loss(fake).item() == 1.375


class Plane(nn.Module):
    """logit = slope * sum(x): a gradient of norm slope * S everywhere on films of S x S pixels."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, films, labels):
        return self.slope * films.sum((1, 2, 3))


def test_unit_norm_penalty_in_closed_form():
    films, labels, draw = torch.randn(2, 3, 1, 4, 4), torch.zeros(3), torch.Generator().manual_seed(0)
    critic = Plane(0.75)
    penalty = unit_norm_penalty(critic, *films, labels, draw)
    assert math.isclose(penalty.item(), (0.75 * 4 - 1) ** 2, rel_tol=1e-5)
    penalty.backward()
    assert math.isclose(critic.slope.grad.item(), 2 * (3 - 1) * 4, rel_tol=1e-5)
    assert unit_norm_penalty(Plane(0.25), *films, labels, draw).item() < 1e-10


def test_unit_norm_penalty_looks_between_real_and_fake():
    """The quadratic's gradient is x itself: between 0 and films of norm n it is anything up to n, and no more."""
    fake = torch.ones(4000, 1, 4, 4)  # of norm 4: E (4 u - 1)^2 = 16/3 - 4 + 1
    draw = torch.Generator().manual_seed(0)
    penalty = unit_norm_penalty(Quadratic(1.0), torch.zeros_like(fake), fake, torch.zeros(4000), draw)
    assert math.isclose(penalty.item(), 16 / 3 - 3, rel_tol=0.05)


class Quadratic(nn.Module):
    """logit = a * sum(x^2) / 2 + label, whose gradient by x is a * x."""

    def __init__(self, a):
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a))

    def forward(self, films, labels):
        return self.a * films.square().sum((1, 2, 3)) / 2 + labels


def test_zero_centred_penalty_in_closed_form():
    films = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    critic = Quadratic(3.0)
    penalty = zero_centred_penalty(critic, films, torch.ones(6))
    squares = films.square().sum((1, 2, 3)).mean()
    torch.testing.assert_close(penalty, 9 * squares)
    penalty.backward()  # the second derivative reaches the weights: d(a^2 s)/da = 2 a s
    torch.testing.assert_close(critic.a.grad, 6 * squares)
    assert films.grad is None and not films.requires_grad
