"""Films as the detectors of copies see them: the middle band of spatial frequencies, compared at the best shift."""

from __future__ import annotations

from collections.abc import Sequence

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


def _coarse(films: np.ndarray) -> Tensor:
    """Unit vectors (N, 256) of the films at 16x16, free of brightness and contrast."""
    small = F.avg_pool2d(middle_band(films)[:, None], SIZE // 16).flatten(1)
    return F.normalize(small - small.mean(1, keepdim=True), dim=1)


def coarse_likeness(
    films: np.ndarray, references: np.ndarray, steps: Sequence[tuple[int, int]] = STEPS
) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest correlation, each (N, M), at coarse resolution over the shifts ``steps``."""
    targets = _coarse(references).T
    highest = torch.full((len(films), len(references)), -2.0)
    lowest = -highest
    for step in steps:
        alike = _coarse(np.roll(films, step, (1, 2))) @ targets
        torch.maximum(highest, alike, out=highest)
        torch.minimum(lowest, alike, out=lowest)
    return highest.numpy(), lowest.numpy()


def aligned(bands: Tensor, references: Tensor) -> np.ndarray:
    """Highest normalised correlation (N,) of the middle of each of ``bands`` with its reference, over all shifts."""
    return at_shifts(bands, references).amax((1, 2)).numpy()


def best_shifts(bands: Tensor, references: Tensor) -> list[tuple[int, int]]:
    """(down, across), -4..4 pixels, by which each of ``references`` (N, 64, 64) is to be moved to fit its band."""
    places = at_shifts(bands, references).flatten(1).argmax(1).tolist()
    return [(SHIFT - place // (2 * SHIFT + 1), SHIFT - place % (2 * SHIFT + 1)) for place in places]


def at_shifts(bands: Tensor, references: Tensor) -> Tensor:
    """Normalised correlation (N, 9, 9) of the middle of each of ``bands`` with its reference, shifted by -4..4."""
    middle = torch.zeros_like(bands)
    middle[:, SHIFT:-SHIFT, SHIFT:-SHIFT] = bands[:, SHIFT:-SHIFT, SHIFT:-SHIFT]
    window = torch.zeros_like(bands[:1])
    window[:, SHIFT:-SHIFT, SHIFT:-SHIFT] = 1
    product, energy = _correlate(references, middle), _correlate(references**2, window)
    norm = middle.square().sum((1, 2))[:, None, None]
    return product / (energy * norm).clamp_min(1e-9).sqrt()


def _correlate(images: Tensor, templates: Tensor) -> Tensor:
    """Correlation (N, 9, 9) at shifts of -4..4 by Fourier transform; the templates' empty frame takes the wrap."""
    spectrum = torch.fft.rfft2(images) * torch.fft.rfft2(templates).conj()
    full = torch.fft.irfft2(spectrum, images.shape[1:])
    return full.roll((SHIFT, SHIFT), (1, 2))[:, : 2 * SHIFT + 1, : 2 * SHIFT + 1]
