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

    ``image``: float (H, W). A border row or column is flat if its 5th to 95th percentile differ by less than 0.03
    of the picture's own range of brightness, and it is within 0.06 of it from its darkest or brightest level. So a
    bar may hold a marker, while an overexposed abdomen, white in most of a row, is none. At most ``most`` of the
    height or width is taken off each side; a film that would be left empty is kept whole.
    """
    coarse = shrink(image, 128)
    rows = _content(coarse[:, _content(coarse.T, most)], most)
    columns = _content(coarse[rows].T, most)  # again, without the rows that a bar of another brightness crosses
    down, across = (whole / part for whole, part in zip(image.shape, coarse.shape, strict=True))
    ends = rows.start * down, rows.stop * down, columns.start * across, columns.stop * across
    box = Box(*(round(end) for end in ends))
    return box if min(box.shape) >= 0.3 * min(image.shape) else Box.whole(image)


def _content(image: np.ndarray, most: float) -> slice:
    """The rows between the flat ones at both ends."""
    flat = _flat(image)
    return slice(_run(flat, most), len(flat) - _run(flat[::-1], most))


def edge_continued(image: np.ndarray) -> np.ndarray:
    """The film (H, W) with its content's edge continued over its flat borders, so that it looks as if it had none."""
    box, (height, width) = content_box(image), image.shape
    return np.pad(box.cut(image), ((box.top, height - box.bottom), (box.left, width - box.right)), mode="edge")


def _flat(image: np.ndarray) -> np.ndarray:
    """For each row: is it of one extreme brightness?"""
    (low, high), darkest, brightest = np.percentile(image, [5, 95], axis=1), image.min(), image.max()
    unit = brightest - darkest
    return (high - low < 0.03 * unit) & ((low < darkest + 0.06 * unit) | (high > brightest - 0.06 * unit))


def _run(flat: np.ndarray, most: float) -> int:
    """How many of the first rows are a bar, the flat ones and the next, where both mix; 0 if more than ``most``."""
    length = len(flat) if flat.all() else int(np.argmin(flat))
    return length + 1 if 0 < length <= most * len(flat) else 0


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
