"""Differentiable augmentation: what the discriminator sees, real and fake alike, slightly changed.

It makes few films go further, but what is allowed must not change what a film means. No flips: the heart
has a side. No cut-outs and no large rotations: a missing lobe or a tilted child would be learnt as anatomy.
Even so it is off by default; where films are few, how many are changed can follow how sure the discriminator is
(:func:`adapted`). ``diffaugment`` is the published policy, strong and with cut-outs, kept for comparison.
Source: Zhao et al., "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor

from medigenx_lib.errors import InputError

SHIFT = 1 / 16  # of the side, at most
BRIGHTNESS = 0.1  # of the range -1..1, at most
CONTRAST = 0.15  # relative, at most
ADAPTED_IN = 50_000  # films, from none augmented to all


def brightness(films: Tensor, rng: torch.Generator) -> Tensor:
    """Add one number per film, uniform in +-``BRIGHTNESS``. Shapes: (B, 1, S, S), values -1..1."""
    return films + _uniform(films, rng, BRIGHTNESS)


def contrast(films: Tensor, rng: torch.Generator) -> Tensor:
    """Stretch each film around its mean by 1 +- ``CONTRAST``. Shapes: (B, 1, S, S), values -1..1."""
    mean = films.mean((1, 2, 3), keepdim=True)
    return (films - mean) * (1 + _uniform(films, rng, CONTRAST)) + mean


def translation(films: Tensor, rng: torch.Generator) -> Tensor:
    """Shift each film by whole pixels, at most ``SHIFT`` of its side each way; edges are repeated.

    Shapes: (B, 1, S, S). Repeated edges, because black ones would teach the generator black borders.
    """
    count, _, height, width = films.shape
    most = max(1, round(SHIFT * width))
    shift = torch.randint(-most, most + 1, (2, count, 1, 1), generator=rng, device=films.device)
    rows = (torch.arange(height, device=films.device)[:, None] + shift[0]).clamp(0, height - 1)
    columns = (torch.arange(width, device=films.device)[None, :] + shift[1]).clamp(0, width - 1)
    film = torch.arange(count, device=films.device)[:, None, None]
    return films[:, 0][film, rows, columns][:, None]


def diffaugment(films: Tensor, rng: torch.Generator) -> Tensor:
    """Colour, translation and cutout as published: (B, 1, S, S), values -1..1, to the same shape.

    Brightness +-0.5, contrast 0.5..1.5, shifts of up to 1/8 of the side into black (0 of -1..1, as published), and one
    square of half the side set to 0. On one channel their saturation does nothing. Source: as above, appendix A.
    """
    films = films + _uniform(films, rng, 0.5)
    mean = films.mean((1, 2, 3), keepdim=True)
    films = (films - mean) * (1 + _uniform(films, rng, 0.5)) + mean
    return _cutout(_shifted_into_zero(films, rng, 1 / 8), rng)


def _shifted_into_zero(films: Tensor, rng: torch.Generator, most: float) -> Tensor:
    count, _, _, side = films.shape
    border = round(most * side)
    row, column = torch.randint(2 * border + 1, (2, count, 1, 1), generator=rng, device=films.device)
    padded = torch.nn.functional.pad(films, (border,) * 4)
    place = torch.arange(side, device=films.device)
    film = torch.arange(count, device=films.device)[:, None, None]
    return padded[:, 0][film, row + place[:, None], column + place[None]][:, None]


def _cutout(films: Tensor, rng: torch.Generator) -> Tensor:
    """A square of half the side, anywhere around a random pixel, set to 0."""
    count, _, _, side = films.shape
    row, column = torch.randint(side + 1, (2, count, 1, 1), generator=rng, device=films.device)
    place = torch.arange(side, device=films.device)
    near = [(axis - side // 4 <= place.view(shape)) & (place.view(shape) < axis + side // 4)
            for axis, shape in ((row, (1, -1, 1)), (column, (1, 1, -1)))]  # fmt: skip
    return films * ~(near[0] & near[1])[:, None]


AUGMENTATIONS = {
    "brightness": brightness,
    "contrast": contrast,
    "translation": translation,
    "diffaugment": diffaugment,
}


def augment(films: Tensor, names: tuple[str, ...], rng: torch.Generator, share: float = 1.0) -> Tensor:
    """Apply the named augmentations in turn; differentiable, random by ``rng``. Shapes: (B, 1, S, S).

    ``share``: how many of the films each of them changes, 0..1. Raises InputError for names that are not in
    ``AUGMENTATIONS``.
    """
    if unknown := set(names) - set(AUGMENTATIONS):
        allowed = ", ".join(AUGMENTATIONS)
        raise InputError(f"There is no augmentation {sorted(unknown)}.", f"Choose among {allowed}; flips are left out.")
    for name in names:
        changed = AUGMENTATIONS[name](films, rng)
        films = changed if share == 1 else torch.where(_uniform(films, rng, 0.5) + 0.5 < share, changed, films)
    return films


def adapted(share: float, wins: float, aim: float, films: int) -> float:
    """The share of films to augment after ``films`` more were seen: 0..1, moved towards fewer or more wins.

    ``wins``: how many more pairs of a real and a fake film the discriminator got right than wrong, as a share, -1..1;
    ``aim``: how many are healthy. One that wins nearly all has begun to know its films by heart. Source: Karras et al.,
    "Training generative adversarial networks with limited data", NeurIPS 2020, with pairs in place of single logits.
    """
    moved = share + films / ADAPTED_IN * (1 if wins > aim else -1)
    return min(1.0, max(0.0, moved))


def _uniform(films: Tensor, rng: torch.Generator, most: float) -> Tensor:
    return (torch.rand(len(films), 1, 1, 1, generator=rng, device=films.device) * 2 - 1) * most
