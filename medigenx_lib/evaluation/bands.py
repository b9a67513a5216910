"""Films as the detectors of copies see them: the middle band of spatial frequencies, compared at the best shift."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.evaluation.encoder import blurred

SIZE = 64
"""Side of the square on which films are compared, in pixels."""
SHIFT = 4
"""Largest displacement that is undone, in pixels of 64."""
_ALONG = range(-SHIFT, SHIFT + 1, 2)
STEPS = tuple((down, across) for down in _ALONG for across in _ALONG)
"""Shifts (down, across), in pixels, at which films are compared coarsely; of nine, one copy in sixty was lost."""


def middle_band(films: np.ndarray) -> Tensor:
    """``films`` (N, 64, 64) between Gaussian blurs of 1 and 2.5 pixels: without grain, without exposure."""
    images = torch.from_numpy(np.ascontiguousarray(films))
    return blurred(images, 1.0) - blurred(images, 2.5)


class Known:
    """``films`` (M, 64, 64) that others are compared with; what is compared of them is computed once."""

    def __init__(self, films: np.ndarray):
        self.films = films

    def __len__(self) -> int:
        return len(self.films)

    @cached_property
    def band(self) -> Tensor:
        """Their middle band, (M, 64, 64)."""
        return middle_band(self.films)

    @cached_property
    def coarse(self) -> Tensor:
        """The same as unit vectors, (M, 256)."""
        return _coarse(self.band)


def _coarse(bands: Tensor) -> Tensor:
    """Unit vectors (N, 256) of middle bands (N, 64, 64) at 16x16, free of brightness and contrast."""
    small = F.avg_pool2d(bands[:, None], SIZE // 16).flatten(1)
    return F.normalize(small - small.mean(1, keepdim=True), dim=1)


def coarse_likeness(
    films: np.ndarray, references: Known, steps: Sequence[tuple[int, int]] = STEPS
) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest correlation, each (N, M), at coarse resolution over the shifts ``steps``."""
    targets = references.coarse.T
    highest = torch.full((len(films), len(references)), -2.0)
    lowest = -highest
    for step in steps:
        alike = _coarse(middle_band(np.roll(films, step, (1, 2)))) @ targets
        torch.maximum(highest, alike, out=highest)
        torch.minimum(lowest, alike, out=lowest)
    return highest.numpy(), lowest.numpy()


def aligned(bands: Tensor, references: Tensor, rows: np.ndarray) -> np.ndarray:
    """Highest normalised correlation (N, K), over all shifts, of the middle of each of ``bands`` (N, 64, 64) with the
    ``references`` (M, 64, 64) in its ``rows`` (N, K)."""
    used, places = np.unique(rows, return_inverse=True)
    product, energy = torch.fft.rfft2(references[used]), _energy(references[used])
    film, norm = _middle(bands)
    found = []
    for place in torch.from_numpy(places.reshape(rows.shape)).T:
        likeness = _central(product[place] * film) / (energy[place] * norm).clamp_min(1e-9).sqrt()
        found.append(likeness.amax((1, 2)))
    return torch.stack(found, 1).numpy()


def best_shifts(bands: Tensor, references: Tensor) -> list[tuple[int, int]]:
    """(down, across), -4..4 pixels, by which each of ``references`` (N, 64, 64) is to be moved to fit its band."""
    film, norm = _middle(bands)
    likeness = _central(torch.fft.rfft2(references) * film) / (_energy(references) * norm).clamp_min(1e-9).sqrt()
    places = likeness.flatten(1).argmax(1).tolist()
    return [(SHIFT - place // (2 * SHIFT + 1), SHIFT - place % (2 * SHIFT + 1)) for place in places]


def _middle(bands: Tensor) -> tuple[Tensor, Tensor]:
    """Conjugate spectrum (N, 64, 33) of the middle of each of ``bands``, and its energy (N, 1, 1).

    The empty frame around the middle takes what a correlation by Fourier transform wraps around.
    """
    middle = torch.zeros_like(bands)
    middle[:, SHIFT:-SHIFT, SHIFT:-SHIFT] = bands[:, SHIFT:-SHIFT, SHIFT:-SHIFT]
    return torch.fft.rfft2(middle).conj().resolve_conj(), middle.square().sum((1, 2))[:, None, None]


def _energy(references: Tensor) -> Tensor:
    """Energy (M, 9, 9) of each reference inside the middle's window, at shifts of -4..4."""
    return _central(torch.fft.rfft2(references**2) * _middle(torch.ones_like(references[:1]))[0])


def _central(spectrum: Tensor) -> Tensor:
    """Correlations (N, 9, 9) at shifts of -4..4, from their spectrum (N, 64, 33)."""
    full = torch.fft.irfft2(spectrum, (SIZE, SIZE))
    return full.roll((SHIFT, SHIFT), (1, 2))[:, : 2 * SHIFT + 1, : 2 * SHIFT + 1]
