"""Augmentations: differentiable, film by film, and never a flip."""

import pytest
import torch

from medigenx_lib.errors import InputError
from medigenx_lib.gan.augment import ADAPTED_IN, AUGMENTATIONS, BRIGHTNESS, SHIFT, adapted, augment


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_gradients_reach_the_films(name):
    films = torch.rand(3, 1, 16, 16, requires_grad=True)
    augment(films, (name,), draw()).square().sum().backward()
    assert films.grad.abs().sum((1, 2, 3)).min() > 0


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_generator_decides(name):
    films = torch.rand(4, 1, 16, 16)
    assert torch.equal(augment(films, (name,), draw(1)), augment(films, (name,), draw(1)))
    assert not torch.equal(augment(films, (name,), draw(1)), augment(films, (name,), draw(2)))


def test_translation_moves_by_few_pixels_and_repeats_edges():
    film = torch.zeros(64, 1, 32, 32)
    film[:, :, 16, 16] = 1
    film[:, :, :, 0] = 0.5
    moved = augment(film, ("translation",), draw())
    spots = (moved == 1).nonzero()[:, 2:] - 16
    assert len(spots) == 64 and spots.abs().max() == round(SHIFT * 32)
    assert set(moved.unique().tolist()) <= {0.0, 0.5, 1.0}
    assert (moved[:, 0, :, 0] == 0.5).all(1).float().mean() > 0.5  # shifted right: the edge is repeated


def test_diffaugment_cuts_a_quarter_out_and_shifts_into_black():
    films = augment(torch.full((400, 1, 32, 32), 0.9), ("diffaugment",), draw())
    assert films.shape == (400, 1, 32, 32)
    empty = (films == 0).float().mean((1, 2, 3))
    assert empty.max() <= 0.25 + 2 * 4 / 32 and empty.min() > 0.05 and 0.2 < empty.mean() < 0.35
    bright = films.amax((1, 2, 3))
    assert bright.min() < 0.45 and bright.max() > 1.35  # brightness +-0.5


def test_brightness_adds_one_number_per_film():
    films = torch.rand(8, 1, 4, 4)
    difference = augment(films, ("brightness",), draw()) - films
    assert (difference.amax((1, 2, 3)) - difference.amin((1, 2, 3))).abs().max() < 1e-6
    assert difference.abs().max() <= BRIGHTNESS and difference.mean((1, 2, 3)).std() > 0


def test_flips_are_refused():
    with pytest.raises(InputError, match="flips are left out"):
        augment(torch.zeros(1, 1, 8, 8), ("flip",), draw())


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_films_is_changed(share):
    films = torch.rand(2000, 1, 4, 4)
    changed = (augment(films, ("brightness",), draw(), share) != films).flatten(1).any(1)
    assert abs(changed.float().mean() - share) <= 0.035 * (0 < share < 1)  # 3.4 standard deviations of .3


def test_the_share_follows_how_sure_the_discriminator_is():
    assert adapted(0.5, 0.9, 0.6, ADAPTED_IN // 10) == pytest.approx(0.6)
    assert adapted(0.5, 0.2, 0.6, ADAPTED_IN // 10) == pytest.approx(0.4)
    assert adapted(0.95, 1.0, 0.6, ADAPTED_IN // 10) == 1.0 and adapted(0.05, -1.0, 0.6, ADAPTED_IN // 10) == 0.0
