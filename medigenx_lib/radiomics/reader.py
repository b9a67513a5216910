"""The lung reader: a small network that looks at one lung in its frame and says what it holds, with its doubts.

Its numbers are features among others: the judge (:mod:`.judge`) weighs them with the radiomic ones and decides. It
learns on phantoms, where the truth is known. It sees brightness, texture and the other lung for comparison; it
does not see the segmentation's own opacity map, so that it need not be retrained when that changes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.cases import DENSITIES, PATTERNS, ZONES
from medigenx_lib.errors import WeightsError
from medigenx_lib.radiomics.frames import CHANNELS, HEIGHT, WIDTH

KINDS = ("opacity", "effusion")
"""What is read in a lung, in the order of the maps and of the presences."""
LEVELS = (0.05, 0.5, 0.95)
"""The quantiles of the extent that are predicted: the middle one is the measurement, the others its interval."""
HEADS = {"presence": len(KINDS), "opacity_extent": len(LEVELS), "effusion_extent": len(LEVELS),
         "zones": len(ZONES), "density": len(DENSITIES), "pattern": len(PATTERNS), "shares": len(ZONES)}  # fmt: skip
"""Numbers that the network gives for each lung: logits, but for the extents, which are shares. ``zones`` are those
that are listed, ``shares`` (logits of a softmax) how the opacity is divided among them."""
TOLERANCE = 0.04
"""Errors of an extent well beyond this are all equally wrong: see :func:`far`."""
FAR = 0.25
"""Weight of :func:`far` in the loss. With .1, in one run on other phantoms, .570 of found extents were within 5 points,
with .25 .592."""
JUDGE_PREFIX, HEART_PREFIX = "judge.", "heart."
"""Of the tensors of the judge and of the heart reader, which share the reader's weights file."""


@dataclass(frozen=True)
class Reading:
    """What is read in B lungs: ``maps`` (B, 2, HEIGHT, WIDTH), logits of KINDS at each pixel; ``heads`` by name."""

    maps: Tensor
    heads: dict[str, Tensor]


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """A 3x3 convolution with batch norm and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class LungReader(nn.Module):
    """A U-Net of three levels on half-size pixels, with a dense head on its deepest level and its own maps.

    Source: Ronneberger et al., "U-Net", MICCAI 2015. ``widths``: channels of the levels. The maps are learned beside
    the numbers because a picture of where teaches more than a single word of whether.
    """

    def __init__(self, widths: tuple[int, int, int] = (40, 80, 112)):
        super().__init__()
        self.widths = tuple(widths)
        first, second, third = widths
        self.first = nn.Sequential(_block(4 * len(CHANNELS), first), _block(first, first))
        self.second = nn.Sequential(_block(first, second), _block(second, second))
        self.third = nn.Sequential(_block(second, third), _block(third, third))
        self.up_second, self.up_first = _block(third + second, second), _block(second + first, first)
        self.maps = nn.Conv2d(first, 4 * len(KINDS), 1)
        deepest, coarse = third * (HEIGHT // 8) * (WIDTH // 8), len(KINDS) * (HEIGHT // 4) * (WIDTH // 4)
        self.numbers = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(deepest + coarse, 96), nn.ReLU(True), nn.Linear(96, sum(HEADS.values()))
        )

    def forward(self, frames: Tensor) -> Reading:
        """``frames``: (B, len(CHANNELS), HEIGHT, WIDTH) as ``frames.lung_frame`` makes them."""
        first = self.first(F.pixel_unshuffle(frames, 2))
        second = self.second(F.max_pool2d(first, 2))
        third = self.third(F.max_pool2d(second, 2))
        up = self.up_second(torch.cat([F.interpolate(third, scale_factor=2.0), second], 1))
        up = self.up_first(torch.cat([F.interpolate(up, scale_factor=2.0), first], 1))
        maps = F.pixel_shuffle(self.maps(up), 2)
        seen = torch.cat([third.flatten(1), F.avg_pool2d(torch.sigmoid(maps), 4).flatten(1)], 1)
        numbers = self.numbers(seen).split(list(HEADS.values()), dim=1)
        return Reading(maps, dict(zip(HEADS, numbers, strict=True)))


def loss(reading: Reading, target: dict[str, Tensor], masks: Tensor) -> Tensor:
    """Cross-entropy of maps and classes, pinball loss of the extents' quantiles; what is absent teaches no class.

    ``target``: ``extents`` (B, 2) shares, ``zones`` (B, 3) bool, their ``shares`` (B, 3), ``density`` and
    ``pattern`` (B,) or -1; ``masks`` (B, 2, HEIGHT, WIDTH) in 0..1. Returns a scalar. Source of the pinball loss:
    Koenker and Bassett, 1978.
    """
    heads, extents = reading.heads, target["extents"]
    total = F.binary_cross_entropy_with_logits(reading.maps, masks)
    total = total + F.binary_cross_entropy_with_logits(heads["presence"], (extents > 0).float())
    for i, kind in enumerate(KINDS):
        quantiles = heads[f"{kind}_extent"]
        total = total + 3 * pinball(quantiles, extents[:, i]) + FAR * far(quantiles, extents[:, i])
    there = extents[:, 0] > 0
    if there.any():
        total = total + 0.5 * F.binary_cross_entropy_with_logits(heads["zones"][there], target["zones"][there].float())
        total = total + 0.5 * F.cross_entropy(heads["shares"][there], target["shares"][there])
        for name in ("density", "pattern"):
            total = total + 0.15 * F.cross_entropy(heads[name][there], target[name][there])
    return total


def pinball(quantiles: Tensor, truth: Tensor) -> Tensor:
    """Mean pinball loss of ``quantiles`` (B, len(LEVELS)) at LEVELS against ``truth`` (B,); a scalar, in shares."""
    error = truth[:, None] - quantiles
    levels = torch.tensor(LEVELS)
    return torch.maximum(levels * error, (levels - 1) * error).mean()


def far(quantiles: Tensor, truth: Tensor) -> Tensor:
    """How far the middle quantile (B, len(LEVELS)) is from ``truth`` (B,), 0..1 and bounded; a scalar.

    The pinball loss alone leads to the median; this draws it to the extent that has most others near it. Source:
    Dennis and Welsch, "Techniques for nonlinear least squares and robust regression", 1978.
    """
    error = (quantiles[:, len(LEVELS) // 2] - truth) / TOLERANCE
    return (1 - torch.exp(-(error**2) / 2)).mean()


@functools.lru_cache(2)
def load_reader(name_or_path: str = "measurement") -> tuple[LungReader, dict]:
    """The trained reader and the settings that measuring needs. Raises WeightsError if they do not fit."""
    tensors, config = weights.load(name_or_path)
    return reader_from(tensors, config), config


def reader_from(tensors: Mapping[str, Tensor], config: Mapping) -> LungReader:
    """The reader in a weights file; judge and heart reader are passed over. Raises WeightsError if it does not fit."""
    try:
        reader = LungReader(tuple(config["widths"]))
        others = (JUDGE_PREFIX, HEART_PREFIX)
        reader.load_state_dict({name: value for name, value in tensors.items() if not name.startswith(others)})
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"These weights hold another reader ({error}).", "Train the measurement anew.") from error
    return reader.eval()
