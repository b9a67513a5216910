"""Is a generated film a training film over again? The nearest training film, and a detector of copies.

Distances between whole films mislead: a smooth film is near to everything, a copy with grain is near to
nothing. So films are compared in the middle band of spatial frequencies, where one person's ribs, vessels and
heart border differ from the next one's, at the best of a few shifts, by correlation, which ignores brightness
and contrast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.evaluation.encoder import FilmEncoder, blurred, features
from medigenx_lib.evaluation.films import Films, stack

SIZE = 64
"""Side of the square on which films are compared, in pixels."""
SHIFT = 4
"""Largest displacement that is undone, in pixels of 64."""
CANDIDATES = 16
"""How many training films, alike at coarse resolution, are compared in detail."""
COPY_SIMILARITY = 0.85
"""From this similarity on, a film counts as a copy."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of N films, the nearest training film.

    ``index`` (N,) into the training films; ``similarity`` (N,), -1..1, the correlation of the aligned middle
    band, by which it was chosen; ``pixel_distance`` (N,), root mean square difference of the two films at
    64x64 in units of the full grey range, not aligned; ``feature_distance`` (N,), Euclidean in encoder features.
    """

    index: np.ndarray
    similarity: np.ndarray
    pixel_distance: np.ndarray
    feature_distance: np.ndarray

    @property
    def copies(self) -> np.ndarray:
        """Which films count as copies, bool (N,): similarity of at least ``COPY_SIMILARITY``."""
        return self.similarity >= COPY_SIMILARITY


def nearest_films(generated: Films, train: Films, encoder: FilmEncoder | None = None) -> Nearest:
    """The nearest film of ``train`` to each of ``generated``, by the similarity of the aligned middle band.

    ``train`` must hold all films the generator was trained on. A film that is in ``train`` itself finds itself. Other
    brightness, contrast and shifts of up to ``SHIFT`` are seen through; a film that was mirrored, inverted, scaled or
    given borders is not found. Raises InputError if either set is empty.
    """
    films, references = stack(generated, SIZE), stack(train, SIZE)
    index, similarity = most_similar(films, references)
    chosen = references[index]
    pixel_distance = np.sqrt(((films - chosen) ** 2).mean((1, 2)))
    feature_distance = np.linalg.norm(features(films, encoder) - features(chosen, encoder), axis=1)
    return Nearest(index, similarity, pixel_distance, feature_distance)


def most_similar(films: np.ndarray, references: np.ndarray, skip_self: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Index (N,) of the most similar of ``references`` (M, 64, 64) to each of ``films`` (N, 64, 64), and how similar.

    ``skip_self``: ``films`` are ``references``; each film's own place is left out.
    """
    alike = _coarse_likeness(films, references)
    if skip_self:
        np.fill_diagonal(alike, -np.inf)
    count = min(CANDIDATES, alike.shape[1] - skip_self)
    candidates = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    bands, reference_bands = middle_band(films), middle_band(references)
    similar = np.stack([_aligned(bands, reference_bands[candidates[:, i]]) for i in range(count)], 1)
    best = similar.argmax(1)
    rows = np.arange(len(films))
    return candidates[rows, best], similar[rows, best]


def middle_band(films: np.ndarray) -> Tensor:
    """``films`` (N, 64, 64) between Gaussian blurs of 1 and 2.5 pixels: without grain, without exposure."""
    images = torch.from_numpy(np.ascontiguousarray(films))
    return blurred(images, 1.0) - blurred(images, 2.5)


def _coarse(films: np.ndarray) -> Tensor:
    """Unit vectors (N, 256) of the films at 16x16, free of brightness and contrast."""
    small = F.avg_pool2d(middle_band(films)[:, None], SIZE // 16).flatten(1)
    return F.normalize(small - small.mean(1, keepdim=True), dim=1)


def _coarse_likeness(films: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Correlation (N, M) at coarse resolution, the best of 25 shifts; of nine, one copy in sixty was lost here."""
    targets = _coarse(references).T
    along = range(-SHIFT, SHIFT + 1, 2)
    steps = [(down, across) for down in along for across in along]
    shifted = (np.roll(films, step, (1, 2)) for step in steps)
    return reduce(torch.maximum, (_coarse(part) @ targets for part in shifted)).numpy()


def _aligned(bands: Tensor, references: Tensor) -> np.ndarray:
    """Highest normalised correlation (N,) of the middle of each of ``bands`` with its reference, over all shifts."""
    return _at_shifts(bands, references).amax((1, 2)).numpy()


def best_shifts(bands: Tensor, references: Tensor) -> list[tuple[int, int]]:
    """(down, across), -4..4 pixels, by which each of ``references`` (N, 64, 64) is to be moved to fit its band."""
    places = _at_shifts(bands, references).flatten(1).argmax(1).tolist()
    return [(SHIFT - place // (2 * SHIFT + 1), SHIFT - place % (2 * SHIFT + 1)) for place in places]


def _at_shifts(bands: Tensor, references: Tensor) -> Tensor:
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
