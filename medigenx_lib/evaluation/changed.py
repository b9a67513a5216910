"""Copies that were changed: mirrored, inverted (white for black), turned, scaled, or given borders.

Each film is compared with the training films as it is, mirrored, inverted, and both. Coarse likeness gives a
shortlist; there a mirrored or inverted copy is as like as a plain one, once the change is undone. A film turned or
scaled by a few per cent is still on the list, and is then laid over each (``alignment``). Freely laid over each other,
films of different patients are more alike too, so more is asked of such copies: ``ALIGNED_SIMILARITY``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.evaluation.alignment import COARSE, FINE, align, half_band, unmoved
from medigenx_lib.evaluation.bands import SIZE, STEPS, Known, aligned, coarse_likeness, middle_band

CHANGED_SIMILARITY = 0.88
"""From this similarity on, a film counts as a mirrored or inverted copy: four views give more matches by chance."""
ALIGNED_SIMILARITY = 0.93
"""From this similarity on, a film counts as a turned or scaled copy. Other patients' reach .90, phantoms .93."""
VIEWS = ("", "mirrored", "inverted", "mirrored, inverted")
TURNED, BORDERED = "turned or scaled", "borders cut off"
SHORTLIST, SHIFTED, LAID_OVER = 8, 3, 3
"""How many training films a film may be a changed copy of; how many are compared in detail; how many laid over it."""
MIRRORED_STEPS = tuple(step for step in STEPS if sum(step) % 4 == 0)
"""Half of the shifts, like the white fields of a chessboard: a shortlist of twelve needs no more."""
FLAT = 0.015
"""A border row or column is flat if the standard deviation of its pixels is below this, of the grey range."""
WIDEST = 12
"""Widest border that is cut off a side, in pixels of 64."""


@dataclass(frozen=True, eq=False)
class Match:
    """For each of N films the best training film, ``index`` (N,), and how like, ``similarity`` (N,), -1..1, once what
    ``undone`` (N,), str, names has been undone, ``""`` for nothing."""

    index: np.ndarray
    similarity: np.ndarray
    undone: np.ndarray


def changed_copies(films: np.ndarray, references: Known, straight: tuple[np.ndarray, np.ndarray]) -> Match:
    """The changed copies among ``films`` (N, 64, 64) of ``references`` (M, 64, 64); similarity -1 for the others.

    ``straight``: what ``coarse_likeness`` gives for the two.
    """
    highest, lowest = straight
    most, least_turned = coarse_likeness(np.ascontiguousarray(films[:, :, ::-1]), references, MIRRORED_STEPS)
    alike = np.concatenate([highest, most, -lowest, -least_turned], 1)
    rows, views = _shortlist(alike, len(references))
    shifted = _shifted(films, references, rows[:, :SHIFTED], views[:, :SHIFTED])
    laid = _laid_over(films, references, rows, views)
    return _either(_judged(shifted, CHANGED_SIMILARITY), _judged(laid, ALIGNED_SIMILARITY))


def without_borders(films: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of ``films`` (N, 64, 64) have flat borders, indices (K,), and those without them, stretched (K, 64, 64)."""
    boxes = [_content(film) for film in films]
    which = [i for i, box in enumerate(boxes) if films[i][box].shape != (SIZE, SIZE)]
    cut = [torch.from_numpy(films[i][boxes[i]].copy())[None, None] for i in which]
    stretched = [F.interpolate(film, (SIZE, SIZE), mode="bilinear", antialias=True)[0, 0] for film in cut]
    return np.array(which, int), torch.stack(stretched).numpy() if cut else films[:0]


def _content(film: np.ndarray) -> tuple[slice, slice]:
    """(rows, columns) inside the flat borders of ``film`` (64, 64); the row where both mix goes with them."""
    rows = _inside(film.std(1) < FLAT)
    return rows, _inside(film[rows].std(0) < FLAT)


def _inside(flat: np.ndarray) -> slice:
    """What lies between flat borders on both sides: on one alone, it is air beside a chest."""
    first, last = (int(np.argmin(side)) if not side.all() else 0 for side in (flat, flat[::-1]))
    both = 0 < first < WIDEST and 0 < last < WIDEST
    return slice(first + 1, len(flat) - last - 1) if both else slice(None)


def _shortlist(alike: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(training film, view), each (N, SHORTLIST), most alike first, from likeness (N, 4 count) in the four views."""
    best = min(SHORTLIST, alike.shape[1])
    places = np.argpartition(-alike, best - 1, axis=1)[:, :best]
    order = np.argsort(-np.take_along_axis(alike, places, 1), axis=1)
    places = np.take_along_axis(places, order, 1)
    return places % count, places // count


def _viewed(bands: Tensor, views: np.ndarray) -> Tensor:
    """``bands`` (N, S, S) each in its view (N,), a number in ``VIEWS``."""
    turned = torch.where(torch.from_numpy(views % 2 == 1)[:, None, None], bands.flip(2), bands)
    return turned * torch.from_numpy(np.where(views > 1, -1, 1).astype(np.float32))[:, None, None]


def _shifted(films: np.ndarray, references: Known, rows: np.ndarray, views: np.ndarray) -> Match:
    """The best of the shortlist (N, K) by shifts alone. A plain view is no change: similarity -1."""
    bands, known = middle_band(films), references.band
    pairs = zip(rows.T, views.T, strict=True)
    alike = [np.where(view, aligned(_viewed(bands, view), known, row[:, None])[:, 0], -1) for row, view in pairs]
    return _best(np.stack(alike, 1), rows, np.array(VIEWS)[views])


def _laid_over(films: np.ndarray, references: Known, rows: np.ndarray, views: np.ndarray) -> Match:
    """The best of the shortlist (N, K) turned and scaled to fit, by the correlation of the middle band."""
    bands, (known, places) = half_band(films, COARSE), _half_bands(references, rows, COARSE)
    pairs = zip(places.T, views.T, strict=True)
    found = [align(_viewed(bands, view), known[place], unmoved(len(films))) for place, view in pairs]
    alike, poses = torch.stack([fit for _, fit in found], 1), torch.stack([pose for pose, _ in found], 1)
    best = alike.topk(min(LAID_OVER, alike.shape[1]), 1).indices
    poses = torch.take_along_dim(poses, best[..., None], 1)
    rows, views = (np.take_along_axis(of, best.numpy(), 1) for of in (rows, views))
    bands, (known, places) = half_band(films, FINE), _half_bands(references, rows, FINE)
    fits = [align(_viewed(bands, views[:, k]), known[places[:, k]], poses[:, k])[1] for k in range(best.shape[1])]
    words = np.array([", ".join(filter(None, (view, TURNED))) for view in VIEWS])
    return _best(torch.stack(fits, 1).numpy(), rows, words[views])


def _half_bands(references: Known, rows: np.ndarray, between: tuple[float, float]) -> tuple[Tensor, np.ndarray]:
    """The bands (K, 32, 32) of the references that ``rows`` (N, ...) name, and where in them each is."""
    used, places = np.unique(rows, return_inverse=True)
    return half_band(references.films[used], between), places.reshape(rows.shape)


def _best(alike: np.ndarray, rows: np.ndarray, words: np.ndarray) -> Match:
    """The most similar of each film's list, from similarity, training film and change, each (N, K)."""
    best = alike.argmax(1)[:, None]
    return Match(*(np.take_along_axis(of, best, 1)[:, 0] for of in (rows, alike, words)))


def _judged(match: Match, least: float) -> Match:
    return Match(match.index, np.where(match.similarity >= least, match.similarity, -1.0), match.undone)


def _either(first: Match, second: Match) -> Match:
    """The ``first`` where it found a copy, the ``second`` elsewhere."""
    return merged(first, second, first.similarity < 0)


def merged(first: Match, second: Match, where: np.ndarray) -> Match:
    """The ``first``, with the ``second`` in the places ``where``, bool (N,)."""
    pairs = ((first.index, second.index), (first.similarity, second.similarity), (first.undone, second.undone))
    return Match(*(np.where(where, new, old) for old, new in pairs))
