"""Is a generated film a mixture of two training films? The two that explain it best, and how well they do.

Half of one film and half of another are like neither to a detector of copies. But the middle band of a mixture lies
in the plane of its parents' bands, and that of an honest film does not: the multiple correlation with the best two
training films is 1 for a mixture and rarely above 0.87 for anything else. The second parent is sought twice: among
the films that the mixture is like, and among those that the rest is like once the first has been taken out.
Source: Pati, Rezaiifar and Krishnaprasad, "Orthogonal matching pursuit", Asilomar Conference 1993.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.evaluation.bands import SHIFT, SIZE, best_shifts, middle_band
from medigenx_lib.evaluation.films import Films, stack

BLEND_SIMILARITY = 0.92
"""From this multiple correlation on, a film counts as a blend of two training films."""
LEAST_SHARE = 0.2
"""Each of the two must have at least this part in the film, in units of the film's band."""
SAME_FILM = 0.9
"""Training films that correlate more than this are one film twice, and explain nothing together."""
CANDIDATES, SECOND = 32, 16
STEPS = tuple(product((-2, 0, 2), repeat=2))
INNER = slice(SHIFT, SIZE - SHIFT)


@dataclass(frozen=True, eq=False)
class Blends:
    """For each of N films the two training films that explain it best: ``parents`` (N, 2), indices into the training
    films (a mirrored one has the same index), and ``similarity`` (N,), 0..1, the multiple correlation."""

    parents: np.ndarray
    similarity: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Which films count as blends, bool (N,)."""
        return self.similarity >= BLEND_SIMILARITY


def blends(films: Films, train: Films) -> Blends:
    """The best two of ``train``, plain or mirrored and moved by up to 4 pixels, for each of ``films``."""
    bands, known = middle_band(stack(films, SIZE)), middle_band(stack(train, SIZE))
    known = torch.cat([known, known.flip(2)])
    coarse = _coarse(known)
    near = _likeness(bands, coarse).topk(min(CANDIDATES, len(known)), 1).indices
    inner = F.normalize(bands[:, INNER, INNER].flatten(1), dim=1)
    aligned = [_aligned(film, known[rows]) for film, rows in zip(inner, near, strict=True)]
    rest = torch.stack([_rest(film, others) for film, others in zip(inner, aligned, strict=True)])
    more = _likeness(_framed(rest), coarse).topk(min(SECOND, len(known)), 1).indices
    found = []
    for film, left, rows, others, new in zip(inner, rest, near, aligned, more, strict=True):
        both = torch.cat([others, _aligned(film, known[new]), _aligned(F.normalize(left, dim=0), known[new])])
        found.append(_best_pair(film, both, torch.cat([rows, new, new])))
    parents = np.array([pair for pair, _ in found]) % (len(known) // 2)
    return Blends(parents, np.array([similarity for _, similarity in found]))


def _coarse(bands: Tensor) -> Tensor:
    """Unit vectors (N, 784) of the middle of the bands at half the resolution."""
    small = F.avg_pool2d(bands[:, None, INNER, INNER], 2).flatten(1)
    return F.normalize(small - small.mean(1, keepdim=True), dim=1)


def _likeness(bands: Tensor, coarse: Tensor) -> Tensor:
    """Correlation (N, M) at half the resolution, the best of nine shifts."""
    return reduce(torch.maximum, (_coarse(bands.roll(step, (1, 2))) @ coarse.T for step in STEPS))


def _framed(inner: Tensor) -> Tensor:
    """(N, 3136) as bands (N, 64, 64), with an empty frame."""
    side = SIZE - 2 * SHIFT
    return F.pad(inner.view(-1, side, side), (SHIFT,) * 4)


def _aligned(film: Tensor, known: Tensor) -> Tensor:
    """Unit vectors (K, 3136) of the bands ``known`` (K, 64, 64), each moved to where it is most like ``film``."""
    moves = best_shifts(_framed(film[None]).expand(len(known), -1, -1), known)
    moved = [band.roll(move, (0, 1))[INNER, INNER] for band, move in zip(known, moves, strict=True)]
    return F.normalize(torch.stack(moved).flatten(1), dim=1)


def _rest(film: Tensor, known: Tensor) -> Tensor:
    """What is left of ``film`` (3136,) when the most similar of ``known`` (K, 3136) is taken out."""
    alike = known @ film
    return film - alike.max() * known[alike.argmax()]


def _best_pair(film: Tensor, known: Tensor, rows: Tensor) -> tuple[list[int], float]:
    """The rows of the two of ``known`` (K, 3136) with the highest multiple correlation with ``film``, and that."""
    alike, among = known @ film, known @ known.T
    one, other, free = alike[:, None], alike[None], (1 - among**2).clamp_min(1e-3)
    share = (one - other * among) / free
    explained = share * one + share.T * other
    fit = (share > LEAST_SHARE) & (share.T > LEAST_SHARE) & (among < SAME_FILM)
    explained = torch.where(fit, explained, torch.zeros(()))
    best = int(explained.argmax())
    pair = [int(rows[best // len(known)]), int(rows[best % len(known)])]
    return pair, float(explained.max().clamp(0, 1).sqrt())
