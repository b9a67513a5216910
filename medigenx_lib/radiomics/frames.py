"""Each lung in its own frame: one size, one orientation, one scale of brightness, whatever film it came from.

In a frame the lung's apex is at the top, its base at the bottom, the mediastinum on the right and the chest wall on the
left, for both lungs: the left one is flipped. Brightness is counted from the film's own landmarks, 0 for its darkest
lung and 1 for its heart, so that exposure and window drop out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from medigenx_lib.cases import SIDES

HEIGHT, WIDTH = 48, 24
"""Size of a frame in pixels: about that of a lung on a film of 64 x 64, so that little detail is lost."""
MARGIN = 0.14
"""A frame shows the lung's bounding box and so much more of its height and width on every side."""
CHANNELS = ("brightness", "lung", "heart", "other_brightness", "other_lung")
"""What :func:`lung_frame` holds: this lung, and the other one beside it for comparison."""

LOOKS = ((0.0, 0.0, 0.0), (0.03, 0.03, 0.03), (-0.03, -0.03, 0.03), (0.03, -0.03, -0.03), (-0.03, 0.03, -0.03))
"""Each lung is read in so many frames, and the readings averaged: how far each is moved right and down and widened on
every side, in shares of its box. The first is the box itself."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the film; may reach beyond it."""


def brightness(image: np.ndarray, masks: Mapping[str, np.ndarray]) -> np.ndarray:
    """float32 (H, W): 0 at the 10th percentile of the lungs, 1 at the heart's median, clipped to -1..2.5.

    Without a heart, the film's 80th percentile stands in for it. Bars at the film's borders are drawn over.
    """
    from medigenx_lib.segmentation.inputs import edge_continued  # imports torch

    image = edge_continued(image)
    dark = np.quantile(image[masks["right_lung"] | masks["left_lung"]], 0.1)
    heart = masks["heart"]
    bright = np.median(image[heart]) if heart.any() else np.quantile(image, 0.8)
    return np.clip((image - dark) / max(bright - dark, 0.1), -1, 2.5).astype(np.float32)


def lung_box(lung: np.ndarray) -> Box:
    """The bounding box of a lung mask, bool (H, W) and not empty, widened by MARGIN."""
    rows, columns = np.flatnonzero(lung.any(1)), np.flatnonzero(lung.any(0))
    high, wide = (MARGIN * (place[-1] + 1 - place[0]) for place in (rows, columns))
    return columns[0] - wide, rows[0] - high, columns[-1] + 1 + wide, rows[-1] + 1 + high


def moved(box: Box, look: tuple[float, float, float]) -> Box:
    """The box as one of LOOKS shifts and widens it."""
    (left, top, right, bottom), (across, down, wider) = box, look
    wide, high = right - left, bottom - top
    x, y, grow_x, grow_y = across * wide, down * high, wider * wide, wider * high
    return left + x - grow_x, top + y - grow_y, right + x + grow_x, bottom + y + grow_y


def cut(image: np.ndarray, box: Box, flip: bool, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """The part of ``image`` (H, W) in ``box`` as float32 ``shape``, antialiased; the film's edge is continued."""
    left, top, right, bottom = box
    pad = int(np.ceil(max(0, -left, -top, right - image.shape[1], bottom - image.shape[0])))
    padded = np.pad(image.astype(np.float32), pad, mode="edge")
    inside = (left + pad, top + pad, right + pad, bottom + pad)
    part = np.asarray(Image.fromarray(padded).resize(shape[::-1], Image.Resampling.BILINEAR, box=inside))
    return part[:, ::-1] if flip else part


def paste(part: np.ndarray, box: Box, flip: bool, shape: tuple[int, int]) -> np.ndarray:
    """The inverse of :func:`cut`: float32 ``shape``, 0 outside the box."""
    part = np.ascontiguousarray(part[:, ::-1] if flip else part, np.float32)
    left, top, right, bottom = (round(edge) for edge in box)
    grown = Image.fromarray(part).resize((max(right - left, 1), max(bottom - top, 1)), Image.Resampling.BILINEAR)
    film = np.zeros(shape, np.float32)
    rows, columns = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
    target = film[rows, columns]
    target[:] = np.asarray(grown)[rows.start - top :, columns.start - left :][: target.shape[0], : target.shape[1]]
    return film


def lung_frame(bright: np.ndarray, masks: Mapping[str, np.ndarray], boxes: Mapping[str, Box], side: str) -> np.ndarray:
    """float32 (len(CHANNELS), HEIGHT, WIDTH) of the lung on ``side``. ``boxes``: side -> its box."""
    flip, other = side == "left", SIDES[1 - SIDES.index(side)]
    own = [cut(bright, boxes[side], flip), cut(masks[f"{side}_lung"], boxes[side], flip)]
    own.append(cut(masks["heart"], boxes[side], flip))
    return np.stack([*own, cut(bright, boxes[other], not flip), cut(masks[f"{other}_lung"], boxes[other], not flip)])
