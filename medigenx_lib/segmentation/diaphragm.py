"""The right dome of the diaphragm: where a film shows it, what the network half takes for lung below it is cut off.

In phantoms, dense consolidation hides the base of a lung, and the network has learnt to draw lung where none is seen.
On real films it then draws some into a high liver, though not with the confidence that hidden lung has. Where such
doubt lies below an edge of the dome's shape, the edge is the diaphragm. The left dome has the heart's border above it,
which looks alike: on 777 real films of children such edges were mostly the heart's, so the left lung is left alone.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import torch
from scipy import ndimage

from medigenx_lib.segmentation.looks import Look
from medigenx_lib.segmentation.masks import EFFUSION, HIDDEN, OPACITY, RIGHT, clean

EDGE = 0.1
"""The least mean slope of a dome's edge, from dark lung down to bright abdomen: spreads of the film a pixel."""
DOUBT = 0.87
"""The mean probability of lung below a dome, under which it is abdomen. In phantoms it is lung, and is cut off from one
right lung in 190."""
HIGHEST = 2 / 3
"""Where the highest dome may lie, in heights of the lung that the network drew: what lies higher is a lobe's border."""
BENDS, SUMMITS, SULCI = (0.3, 0.5, 0.8, 1.1), (0.45, 0.55, 0.65, 0.75), (0.0, 0.15, 0.3)
"""Domes that are tried, in widths of the lung: curvature, where the top lies from the chest wall inwards, and how far
the costophrenic sulcus falls beyond."""
STEP = 0.15
"""How far below the top of a dome lung behind the heart may reach, on either side, in heights of the lung above it: the
other dome is hardly lower."""
TRIM = 0.1
"""Share of the lung's columns at either side where no edge is looked for."""
LEAST = 6
"""Pixels of the network between a dome and the base below which there is nothing to cut."""
SMOOTHING = (1.2, 1.0)
"""Spreads, in pixels down and across, of the Gaussian whose slope is taken."""


def without_abdomen(look: Look) -> Look:
    """The look with the right lung, and what lies in it, ending at the dome of the diaphragm if the film shows one."""
    maps = look.maps.numpy()
    lung = clean(look.maps)[RIGHT] > 0.5
    below = _abdomen(lung, maps[RIGHT], _slope(look.pixels.numpy().squeeze()))
    if below is None:
        return look
    cut = maps.copy()
    for channel in (RIGHT, OPACITY, EFFUSION, HIDDEN):
        cut[channel] = np.where(below, np.minimum(cut[channel], 0.4), cut[channel])
    lowest = np.argmax(below.any(1)) + round(STEP * np.count_nonzero(lung.any(1) & ~below.any(1)))
    cut[HIDDEN, lowest:] = np.minimum(cut[HIDDEN, lowest:], 0.4)
    return replace(look, maps=torch.from_numpy(cut))


def _slope(pixels: np.ndarray) -> np.ndarray:
    """How fast a film (S, S) brightens downwards, in its own spreads a pixel."""
    return ndimage.gaussian_filter((pixels - pixels.mean()) / (pixels.std() + 1e-3), SMOOTHING, order=(1, 0))


def _abdomen(lung: np.ndarray, probability: np.ndarray, slope: np.ndarray) -> np.ndarray | None:
    """bool (S, S), what lies below the dome in the columns of ``lung``; None if no dome is seen within it."""
    columns, rows = np.flatnonzero(lung.any(0)), np.flatnonzero(lung.any(1))
    if len(columns) < 12 or len(rows) < 4 * LEAST:
        return None
    shapes, inner = _domes(columns, len(lung))
    base = len(lung) - 1 - np.argmax(lung[::-1, columns[inner]], 0)
    tops = np.arange(rows[0] + int(HIGHEST * len(rows)), int(np.median(base)) - LEAST + 1)
    if len(tops) == 0:
        return None
    edges = np.clip(np.rint(tops[:, None] + shapes[:, None, inner]), 0, len(lung) - 1).astype(int)  # (shapes, tops, C)
    strength = np.where(edges <= base, slope[edges, columns[inner]], 0).mean(-1)
    doubt = 1 - _mean_below(np.where(lung, probability, 0), lung, edges, columns[inner])
    shape, top = np.unravel_index(np.argmax(strength * doubt), strength.shape)
    if strength[shape, top] < EDGE or 1 - doubt[shape, top] >= DOUBT:
        return None
    below = np.zeros_like(lung)
    below[:, columns] = np.arange(len(lung))[:, None] > tops[top] + shapes[shape]
    return below


def _domes(columns: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows below the top of each dome, (shapes, columns), and which columns are searched for its edge."""
    inwards = (np.arange(len(columns)) + 0.5) / len(columns)
    if columns.mean() > size / 2:
        inwards = inwards[::-1]
    rows = [bend * (inwards - summit) ** 2 + sulcus * (1 - inwards) ** 6
            for bend, summit, sulcus in product(BENDS, SUMMITS, SULCI)]  # fmt: skip
    shapes = len(columns) * np.array(rows)
    return shapes - shapes.min(1, keepdims=True), (inwards > TRIM) & (inwards < 1 - TRIM)


def _mean_below(values: np.ndarray, lung: np.ndarray, edges: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Mean of ``values`` (S, S) over the lung below each of the ``edges`` (..., C); 1 where there is none below."""
    sums, counts = np.cumsum(values, 0), np.cumsum(lung, 0)
    total = (sums[-1, columns] - sums[edges, columns]).sum(-1)
    count = (counts[-1, columns] - counts[edges, columns]).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)
