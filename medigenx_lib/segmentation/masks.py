"""From probability maps to anatomical masks, and how well two masks agree."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import ConvexHull
from torch import Tensor

from medigenx_lib.cases import MASKS
from medigenx_lib.segmentation.inputs import Box, to_film
from medigenx_lib.segmentation.network import CHANNELS

SPINE = 0.12
"""Half the width of the spine over half the inner width of the thorax: the middle of the phantom's prior."""
SOFTENING = 1.0
"""Spread, in pixels of the network, by which a lung with its hidden part is smoothed, for two maps and a filled area
meet in it: without, three in five such masks of 30 real films had holes."""
RIGHT, LEFT, HEART, OPACITY, EFFUSION, HIDDEN = range(len(CHANNELS))


def keep_largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a bool mask, its holes filled."""
    parts, count = ndimage.label(mask)
    if count > 1:
        mask = parts == 1 + np.argmax(ndimage.sum_labels(mask, parts, range(1, count + 1)))
    return ndimage.binary_fill_holes(mask)


def clean(maps: Tensor) -> np.ndarray:
    """Probability maps (6, S, S) made anatomical: one part and no holes for each lung and the heart.

    A pixel goes to the likelier lung; opacity and effusion lie in lungs; hidden lung lies beside heart or lung.
    Works on probabilities, so that masks are cut from smooth maps at the film's own size.
    """
    maps = maps.numpy().copy()
    leftward = maps[LEFT] > maps[RIGHT]
    for lung, lost in ((RIGHT, leftward), (LEFT, ~leftward)):
        maps[lung] = _one_part(np.where(lost, np.minimum(maps[lung], 0.49), maps[lung]))
    maps[HEART] = _one_part(maps[HEART])
    lungs = np.maximum(maps[RIGHT], maps[LEFT])
    maps[OPACITY] = np.minimum(maps[OPACITY], np.maximum(lungs, maps[HIDDEN]))
    maps[EFFUSION] = np.minimum(maps[EFFUSION], lungs)
    maps[HIDDEN] = np.minimum(maps[HIDDEN], ndimage.grey_dilation(np.maximum(maps[HEART], lungs), 5))
    return maps


def _one_part(probability: np.ndarray) -> np.ndarray:
    """The map with everything above one half outside the largest part lowered, and its holes raised."""
    kept = keep_largest(probability > 0.5)
    lowered = np.where(ndimage.binary_dilation(kept, iterations=2), probability, np.minimum(probability, 0.4))
    return np.where(kept, np.maximum(lowered, 0.51), np.minimum(lowered, 0.5))


def masks_of(maps: Tensor, box: Box, shape: tuple[int, int], behind_heart: bool = False) -> dict[str, np.ndarray]:
    """The masks of MASKS, bool (H, W) each, from maps (6, S, S) of what lies in the box of a film (H, W).

    With ``behind_heart`` each lung is its union with the part that heart and great vessels hide.
    """
    cleaned = clean(maps)
    if behind_heart:
        whole = [ndimage.gaussian_filter(lung, SOFTENING) for lung in _with_hidden_part(cleaned)]
        cleaned[:HEART] = [_one_part(lung) for lung in np.maximum(whole, cleaned[:HEART])]
    found = to_film(torch.from_numpy(cleaned), box, shape) > 0.5
    return dict(zip(MASKS, found, strict=False))


def _with_hidden_part(maps: np.ndarray) -> np.ndarray:
    """Both lungs' maps (2, S, S) with the lung that heart, aorta and hilum hide, as far as the spine.

    What the network takes for hidden lung goes to its side of the midline; then each lung is filled up to its
    paravertebral line, where the lung really ends behind the heart.
    """
    middle, spine = _midline(maps[RIGHT] > 0.5, maps[LEFT] > 0.5)
    on_right = np.arange(maps.shape[-1])[None] <= middle[:, None]
    lungs = np.maximum(maps[:HEART], np.where(np.stack([on_right, ~on_right]), maps[HIDDEN], 0))
    right, left = lungs[0] > 0.5, lungs[1, :, ::-1] > 0.5
    last = maps.shape[-1] - 1
    filled = np.stack([_fill_medially(right, middle - spine), _fill_medially(left, last - middle - spine)[:, ::-1]])
    return np.where(filled, np.maximum(lungs, 0.6), lungs)


def _midline(right: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, float]:
    """The column of the midline at each row, and half the spine's width in pixels.

    The midline is a straight line halfway between the lungs' lateral borders, so it follows a tilted film. Without
    two lungs side by side it is the middle of the picture, and the width 0.
    """
    rows = np.flatnonzero(right.any(1) & left.any(1))
    if len(rows) < 8:
        return np.full(len(right), (right.shape[1] - 1) / 2), 0.0
    borders = np.argmax(right[rows], 1), left.shape[1] - 1 - np.argmax(left[rows, ::-1], 1)
    slope, start = np.polyfit(rows, (borders[0] + borders[1]) / 2, 1)
    half = max(borders[1].max() - borders[0].min(), 1) / 2
    return start + slope * np.arange(len(right)), SPINE * half


def _fill_medially(lung: np.ndarray, line: np.ndarray) -> np.ndarray:
    """A lung that lies on the left of the picture, filled up to ``line``, the most medial column of each row.

    From a quarter of its height (the apex keeps its slope) to the dome of the diaphragm, or to the lowest of its most
    medial rows where that is lower; between apex and there the border is its own concave envelope, without notches.
    """
    rows = np.flatnonzero(lung.any(1))
    if len(rows) < 8:
        return lung
    border = lung.shape[1] - 1 - np.argmax(lung[rows, ::-1], 1)  # the most medial column of each row
    lowest = max(np.flatnonzero(border >= border.max() - 2)[-1], np.searchsorted(rows, _dome(lung)))
    count = 1 + lowest
    below_apex = np.arange(count) >= len(rows) / 4
    wanted = np.where(below_apex, np.maximum(border[:count], line[rows[:count]]), border[:count])
    if count < 3 or np.ptp(wanted) == 0:
        return lung
    rows = rows[:count]
    corners = np.sort(ConvexHull(np.stack([np.r_[rows, rows[0], rows[-1]], np.r_[wanted, -1, -1]], 1)).vertices)
    corners = corners[corners < count]
    envelope = np.interp(rows, rows[corners], wanted[corners])[:, None]
    columns = np.arange(lung.shape[1])[None]
    filled = lung.copy()
    filled[rows] |= (columns >= border[:count, None]) & (columns <= envelope)
    return filled


def _dome(lung: np.ndarray) -> int:
    """The row of the diaphragm's highest point, where the lung's base is neither sulcus nor hidden by the heart.

    That is the highest end of the columns between a quarter and half of the way from the chest wall inwards.
    """
    columns = np.flatnonzero(lung.any(0))
    middle = columns[len(columns) // 4 : 1 + len(columns) // 2]
    return lung.shape[0] - 1 - int(np.argmax(lung[::-1, middle], 0).max())


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Sørensen-Dice overlap 2|a∩b| / (|a|+|b|) of two bool masks of one shape; 1 if both are empty."""
    total = int(np.count_nonzero(a)) + int(np.count_nonzero(b))
    return 2 * int(np.count_nonzero(a & b)) / total if total else 1.0
