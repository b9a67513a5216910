"""Bringing films of any size, frame and contrast to the network's input, and its maps back to the film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.segmentation.network import SIZE


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: rows ``top`` to ``bottom``, columns ``left`` to ``right``, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def whole(cls, image: np.ndarray) -> Box:
        """The box of the whole film (H, W)."""
        return cls(0, image.shape[0], 0, image.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.bottom - self.top, self.right - self.left

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The part of ``image`` (H, W) inside the box, a view."""
        return image[self.top : self.bottom, self.left : self.right]


def content_box(image: np.ndarray, most: float = 0.35) -> Box:
    """The film without flat borders: black or white bars from collimation, scanning or a slide.

    ``image``: float (H, W) in 0..1. A border row or column is flat if its 10th to 90th percentile differ by less
    than 0.03 and it is within 0.06 of the picture's own darkest or brightest level. At most ``most`` of the
    height or width is taken off each side; a film that would be left empty is kept whole.
    """
    coarse = shrink(image, 128)
    rows, columns = _flat(coarse), _flat(coarse.T)
    top, bottom = (_run(edge, most) / len(rows) for edge in (rows, rows[::-1]))
    left, right = (_run(edge, most) / len(columns) for edge in (columns, columns[::-1]))
    height, width = image.shape
    box = Box(round(top * height), round((1 - bottom) * height), round(left * width), round((1 - right) * width))
    return box if min(box.shape) >= 0.3 * min(image.shape) else Box.whole(image)


def _flat(image: np.ndarray) -> np.ndarray:
    """For each row: is it of one extreme brightness?"""
    low, high = np.percentile(image, [10, 90], axis=1)
    return (high - low < 0.03) & ((low < image.min() + 0.06) | (high > image.max() - 0.06))


def _run(flat: np.ndarray, most: float) -> int:
    """How many of the first rows are flat, 0 if more than ``most`` of all."""
    length = len(flat) if flat.all() else int(np.argmin(flat))
    return length if length <= most * len(flat) else 0


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Resize (H, W) so that neither side exceeds ``side``; smaller films are returned as they are."""
    height, width = (min(side, length) for length in image.shape)
    return image if (height, width) == image.shape else resize(torch.from_numpy(image), (height, width)).numpy()


def resize(image: Tensor, shape: tuple[int, int]) -> Tensor:
    """Bilinear with antialiasing, (..., H, W) to (..., *shape)."""
    flat = image.reshape(1, -1, *image.shape[-2:]).float()
    resized = F.interpolate(flat, size=shape, mode="bilinear", antialias=True, align_corners=False)
    return resized.reshape(*image.shape[:-2], *shape)


def to_network(image: np.ndarray, box: Box) -> Tensor:
    """The part of the film in ``box`` as the network's input, (1, SIZE, SIZE) in 0..1, stretched to a square."""
    return resize(torch.from_numpy(np.ascontiguousarray(box.cut(image))), (SIZE, SIZE))[None]


def to_film(maps: Tensor, box: Box, shape: tuple[int, int]) -> np.ndarray:
    """Probability maps (C, SIZE, SIZE) laid back into the film: float32 (C, *shape), 0 outside the box."""
    placed = np.zeros((len(maps), *shape), np.float32)
    placed[:, box.top : box.bottom, box.left : box.right] = resize(maps, box.shape).numpy()
    return placed
