"""Two films laid over each other: the turn, scale and shift that make their bands of frequencies most alike.

Least squares in small steps: the film's band is written as the reference's, moved a little along four gradients.
Source: Baker and Matthews, "Lucas-Kanade 20 years on: a unifying framework", IJCV 56 (2004); the correlation as the
aim, free of contrast: Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient
maximization", IEEE PAMI 30 (2008).
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.evaluation.bands import SHIFT, SIZE
from medigenx_lib.evaluation.encoder import blurred

SCALE = 0.2
"""Films larger or smaller than the reference by more than this share are not compared."""
TURN = math.radians(12)
"""Nor are films turned by more than this angle, in radians."""
SIDE = SIZE // 2
FRAME = SHIFT // 2
STEP = 0.1
"""Largest change of one number in one step, in units of half the film's side."""
COARSE, FINE = (2.0, 5.0), (1.0, 2.5)
"""Bands between Gaussian blurs of so many pixels of 64: the first finds the way from further off."""


def half_band(films: np.ndarray, between: tuple[float, float]) -> Tensor:
    """The band of ``films`` (N, 64, 64) ``between`` two Gaussian blurs in pixels, at half the resolution."""
    images = torch.from_numpy(np.ascontiguousarray(films))
    return F.avg_pool2d((blurred(images, between[0]) - blurred(images, between[1]))[:, None], SIZE // SIDE)[:, 0]


def unmoved(count: int) -> Tensor:
    """``count`` poses (K, 4) that move nothing: scale cosine - 1, scale sine, shift across and down in half sides."""
    return torch.zeros(count, 4)


def align(bands: Tensor, references: Tensor, poses: Tensor, steps: int = 2) -> tuple[Tensor, Tensor]:
    """Better ``poses`` (K, 4) of ``references`` (K, 32, 32) on ``bands``, and the correlation (K,) there, -1..1.

    The best of the poses passed on the way; -1 where all are further off than ``SCALE`` and ``TURN`` allow.
    """
    best, found = torch.full((len(bands),), -1.0), poses
    for step in range(steps + 1):
        moved, inside = _moved(references, poses)
        alike = torch.where(_near(poses), _correlation(bands, moved, inside), -torch.ones(()))
        found = torch.where((alike > best)[:, None], poses, found)
        best = torch.maximum(best, alike)
        if step < steps:
            poses = _combined(poses, _correction(bands, moved, inside))
    return found, best


def _near(poses: Tensor) -> Tensor:
    scale, turn = torch.hypot(1 + poses[:, 0], poses[:, 1]), torch.atan2(poses[:, 1], 1 + poses[:, 0])
    return (scale > 1 - SCALE) & (scale < 1 + SCALE) & (turn.abs() < TURN)


def _moved(images: Tensor, poses: Tensor) -> tuple[Tensor, Tensor]:
    """``images`` (K, 32, 32) at ``poses``, and where (0 or 1) the result lies inside the image and the frame."""
    stretch, twist, across, down = (1 + poses[:, 0], *poses[:, 1:].T)
    matrix = torch.stack([stretch, -twist, across, twist, stretch, down], 1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, (len(images), 1, SIDE, SIDE), align_corners=False)
    inside = (grid.abs().amax(3) < 1 - 2 / SIDE).float()
    inside[:, :FRAME], inside[:, -FRAME:], inside[..., :FRAME], inside[..., -FRAME:] = 0, 0, 0, 0
    return F.grid_sample(images[:, None], grid, align_corners=False)[:, 0], inside


def _correlation(bands: Tensor, moved: Tensor, inside: Tensor) -> Tensor:
    return F.cosine_similarity((bands * inside).flatten(1), (moved * inside).flatten(1), dim=1)


def _correction(bands: Tensor, moved: Tensor, inside: Tensor) -> Tensor:
    """The small pose (K, 4) by which ``moved`` is best moved on, contrast (of either sign) left free."""
    down, across = F.pad(moved[:, 2:] - moved[:, :-2], (0, 0, 1, 1)), F.pad(moved[..., 2:] - moved[..., :-2], (1, 1))
    ticks = (torch.arange(SIDE) + 0.5) * 2 / SIDE - 1
    x, y = ticks[None], ticks[:, None]
    columns = [across * x + down * y, down * x - across * y, across, down]
    system = torch.stack([moved, *(column * SIDE / 4 for column in columns)], 1) * inside[:, None]
    system = system.flatten(2)
    normal = system @ system.transpose(1, 2)
    normal = normal + torch.diag_embed(1e-3 * normal.diagonal(dim1=1, dim2=2) + 1e-9)
    weights = torch.linalg.solve(normal, system @ (bands * inside).flatten(1)[..., None])[..., 0]
    contrast = torch.where(weights[:, :1] < 0, -1, 1) * weights[:, :1].abs().clamp_min(0.2)
    return (weights[:, 1:] / contrast).clamp(-STEP, STEP)


def _combined(poses: Tensor, then: Tensor) -> Tensor:
    """The pose (K, 4) of ``poses`` after ``then``: as complex numbers z -> a (b z + t) + s."""
    first, shift = torch.complex(1 + poses[:, 0], poses[:, 1]), torch.complex(poses[:, 2], poses[:, 3])
    second, more = torch.complex(1 + then[:, 0], then[:, 1]), torch.complex(then[:, 2], then[:, 3])
    product, moved = first * second, first * more + shift
    return torch.stack([product.real - 1, product.imag, moved.real, moved.imag], 1)
