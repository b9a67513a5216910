"""Other views of a lung's frame while the reader learns: moved a little, of another tone, grainy and blurred.

All draw from torch's global generator and work on batches of frames (B, C, HEIGHT, WIDTH), channels as in
``frames.CHANNELS``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

POOR = 0.15
"""Share of films, and again of frames, that are blurred and grainy: else grain looks like interstitial opacity."""
GRAIN = 0.07
"""The worst grain, as a spread in 0..1 of a film's brightness."""
STILL = 0.3
"""Share of the frames that are not moved, and so not made softer by it: as sharp as those that are measured."""
TURN, GROW, SHIFT, WARP = math.radians(2.5), 0.04, 0.05, 0.025
"""Spreads of what moves the others: radians, shares of the size, and in half sizes of the frame."""


def moved(pictures: Tensor) -> Tensor:
    """Frames (B, any, H, W), perhaps with masks as more channels, turned, stretched, shifted and warped, but for STILL.

    New views of one lung are nearly as good as new lungs, which cost far more: without them the reader learns its
    phantoms by heart.
    """
    count, shape = len(pictures), pictures.shape
    moves = torch.rand(count, 1, 1) >= STILL
    rest = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(count, 2, 3)
    grid = F.affine_grid(torch.where(moves, _affine(count, *shape[-2:]), rest), list(shape), align_corners=False)
    warp = F.interpolate(WARP * torch.randn(count, 2, 4, 3), size=shape[-2:], mode="bicubic")
    grid = grid + warp.permute(0, 2, 3, 1) * moves[..., None]
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _affine(count: int, height: int, width: int) -> Tensor:
    """(count, 2, 3) small random maps of frames that are ``height`` x ``width``."""
    angle, grow, tall = TURN * torch.randn(count), 1 + GROW * torch.randn(count, 2), width / height
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = grow[:, 0] * angle.cos(), -angle.sin() / tall
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() * tall, grow[:, 1] * angle.cos()
    theta[:, :, 2] = SHIFT * torch.randn(count, 2)
    return theta


def disturb(pictures: Tensor) -> Tensor:
    """Frames (B, C, H, W) with other contrast, tone and noise, POOR of them grainy and blurred: what differs between
    films beside disease."""
    count = len(pictures)
    gain, bend, noise = 1 + 0.08 * torch.randn(count, 1, 1), 0.1 * torch.randn(count, 1, 1), 0.02 * torch.rand(count)
    poor = torch.rand(count) < POOR
    grain = 2.5 * GRAIN * torch.rand(count)  # brightness 0 to 1 is about 0.4 of a film's range
    for channel in (0, 3):  # brightness of this lung and of the other: one film, one tone
        seen = pictures[:, channel] * gain
        seen = seen + bend * seen * (1 - seen) + 0.03 * torch.randn(count, 1, 1) * (channel == 3)
        seen[poor] = _softened(seen[poor]) + grain[poor, None, None] * _coarse_noise(seen[poor].shape)
        pictures[:, channel] = seen + noise[:, None, None] * torch.randn_like(seen)
    return pictures


def _softened(pictures: Tensor) -> Tensor:
    """Pictures (B, H, W), each mixed with its own 3x3 mean by a random share."""
    share = torch.rand(len(pictures), 1, 1)
    smooth = F.avg_pool2d(pictures[:, None], 3, 1, 1, count_include_pad=False)[:, 0]
    return (1 - share) * pictures + share * smooth


def _coarse_noise(shape: Sequence[int]) -> Tensor:
    """Noise (B, H, W) as coarse as the pixels of a film, which are larger than a frame's."""
    count, height, width = shape
    coarse = torch.randn(count, 1, 2 * height // 3, 2 * width // 3)
    return F.interpolate(coarse, (height, width), mode="bilinear")[:, 0]
