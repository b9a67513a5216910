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
        cleaned[:HEART] = _with_hidden_part(cleaned)
    found = to_film(torch.from_numpy(cleaned), box, shape) > 0.5
    return dict(zip(MASKS, found, strict=False))


def _with_hidden_part(maps: np.ndarray) -> np.ndarray:
    """Both lungs' maps (2, S, S) with the hidden lung on their side, and the notches of aorta and hilum filled.

    The side of hidden lung is told by the line halfway between the centres of the visible lungs.
    """
    visible = maps[:HEART] > 0.5
    columns = np.arange(maps.shape[-1])
    right, left = (
        columns[mask.any(0)].mean() if mask.any() else edge
        for mask, edge in zip(visible, (0, columns[-1]), strict=True)
    )
    on_right = np.abs(columns - right) <= np.abs(columns - left)
    lungs = np.maximum(maps[:HEART], np.where(np.stack([on_right, ~on_right])[:, None], maps[HIDDEN], 0))
    filled = np.stack([_fill_medially(lungs[0] > 0.5), _fill_medially(lungs[1][:, ::-1] > 0.5)[:, ::-1]])
    return np.where(filled, np.maximum(lungs, 0.6), lungs)


def _fill_medially(lung: np.ndarray) -> np.ndarray:
    """A lung that lies on the left of the picture, its medial border straightened between apex and base.

    The border is raised to its concave envelope from the apex to the lowest of its most medial rows; the dome of
    the diaphragm below is left as it is.
    """
    rows = np.flatnonzero(lung.any(1))
    if len(rows) < 8:
        return lung
    border = lung.shape[1] - 1 - np.argmax(lung[rows, ::-1], 1)  # the most medial column of each row
    count = 1 + np.flatnonzero(border >= border.max() - 2)[-1]
    rows, border = rows[:count], border[:count]
    if count < 3 or np.ptp(border) == 0:
        return lung
    corners = np.sort(ConvexHull(np.stack([np.r_[rows, rows[0], rows[-1]], np.r_[border, -1, -1]], 1)).vertices)
    corners = corners[corners < count]
    envelope = np.interp(rows, rows[corners], border[corners])[:, None]
    columns = np.arange(lung.shape[1])[None]
    filled = lung.copy()
    filled[rows] |= (columns >= border[:, None]) & (columns <= envelope)
    return filled


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Sørensen-Dice overlap 2|a∩b| / (|a|+|b|) of two bool masks of one shape; 1 if both are empty."""
    total = int(np.count_nonzero(a)) + int(np.count_nonzero(b))
    return 2 * int(np.count_nonzero(a & b)) / total if total else 1.0
