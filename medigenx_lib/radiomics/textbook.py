"""Radiomics as it stands in the textbooks: a few lines of numpy a matrix, to be read, not to be fast. Lesson 08.

Everything starts from ``levels``, int (H, W): 1, 2, ... inside the region, 0 outside. The table of the library comes
from pyradiomics (:mod:`.features`); tests hold these functions against it.
"""

from __future__ import annotations

import numpy as np

from medigenx_lib.radiomics.features import BIN_WIDTH

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(down, across) to a neighbour: the four directions of a plane; the other four are the same ones backwards."""


def discretise(image: np.ndarray, mask: np.ndarray, width: float = BIN_WIDTH) -> np.ndarray:
    """``levels``, int (H, W), of ``image`` (H, W) in grey levels: bins of ``width``, 1 for the darkest in the mask.

    Bins start at multiples of the width. Source: IBSI reference manual, fixed bin size, as pyradiomics does it.
    """
    bins = np.floor(np.asarray(image, float) / width).astype(int)
    return np.where(mask, bins - bins[mask].min() + 1, 0)


def entropy(levels: np.ndarray) -> float:
    """First-order entropy of ``levels`` in bits: 0 for a single level, log2 n for n equally frequent ones."""
    counts = np.bincount(levels[levels > 0])
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def cooccurrence(levels: np.ndarray, step: tuple[int, int] = (0, 1)) -> np.ndarray:
    """Grey-level co-occurrence matrix, float (n, n): how often level i + 1 lies one ``step`` from level j + 1.

    Both ways round (symmetric); the entries add up to 1. Pairs that leave the region do not count. All zero if there is
    no pair. Source: Haralick et al., IEEE Transactions on Systems, Man, and Cybernetics 3, 1973.
    """
    first, second = pairs(levels, step)
    counts = np.zeros((levels.max(), levels.max()))
    np.add.at(counts, (first - 1, second - 1), 1)
    counts += counts.T
    return counts / max(counts.sum(), 1)


def pairs(levels: np.ndarray, step: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The levels of every pixel, and of its neighbour one ``step`` (down >= 0, across) away, both in the region."""
    down, across = step
    height, width = levels.shape
    here = levels[: height - down, max(0, -across) : width - max(0, across)]
    there = levels[down:, max(0, across) : width - max(0, -across)]
    both = (here > 0) & (there > 0)
    return here[both], there[both]


def contrast(matrix: np.ndarray) -> float:
    """GLCM contrast, levels squared: the mean squared difference between neighbours."""
    i, j = np.indices(matrix.shape)
    return float((matrix * (i - j) ** 2).sum())


def runs(line: np.ndarray) -> list[tuple[int, int]]:
    """(level, length) of each run of equal levels in ``line`` (n,), in order; zeros, outside the region, are no run.

    Source: Galloway, Computer Graphics and Image Processing 4, 1975.
    """
    line = np.asarray(line)
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    lengths = np.diff(np.append(starts, len(line)))
    return [(int(line[start]), int(length)) for start, length in zip(starts, lengths, strict=True) if line[start] > 0]


def concordance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Lin's concordance correlation coefficient, -1..1, along the first axis of two arrays of equal shape (n, ...).

    1 only where every value is found again; a constant shift lowers it, unlike Pearson's correlation. Two constant
    and equal columns give 1. Source: Lin, "A concordance correlation coefficient to evaluate reproducibility",
    Biometrics 45, 1989.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    apart = (first.mean(0) - second.mean(0)) ** 2
    together = ((first - first.mean(0)) * (second - second.mean(0))).mean(0)
    spread = first.var(0) + second.var(0) + apart
    return np.where(spread > 0, 2 * together / np.where(spread > 0, spread, 1), 1.0)
