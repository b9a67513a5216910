"""How the network looks at films: twice, the second time closer, and averaged over tones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from medigenx_lib.segmentation.inputs import Box, content_box, to_network
from medigenx_lib.segmentation.masks import keep_largest
from medigenx_lib.segmentation.network import LungUNet

BATCH = 32
MARGIN = 0.22
"""The second look takes in the lungs found at first and so much more of their height and width on each side."""
GAMMAS = (1.0, 0.6, 1.6)
"""Tone changes over which predictions are averaged."""


@dataclass(frozen=True)
class Look:
    """One film (H, W) as the network saw it: averaged maps (6, S, S), the maps of each tone, the frontal score."""

    film: np.ndarray
    box: Box
    pixels: Tensor
    maps: Tensor
    views: Tensor
    frontal: float


def two_looks(films: Sequence[np.ndarray], network: LungUNet, gammas: Sequence[float] = GAMMAS) -> list[Look]:
    """The network's second look at each film (H, W), averaged over ``gammas``: closer, at where the first found lungs.

    Films differ in how much they show beside the chest; the second look brings them to one scale. A film's
    frontal score is the lower of the two.
    """
    first = look(films, [content_box(film) for film in films], network, gammas)
    second = look(films, [_closer(seen) for seen in first], network, gammas)
    return [replace(b, frontal=min(a.frontal, b.frontal)) for a, b in zip(first, second, strict=True)]


def look(
    films: Sequence[np.ndarray], boxes: Sequence[Box], network: LungUNet, gammas: Sequence[float] = GAMMAS
) -> list[Look]:
    """The network's view of each film (H, W) inside its box, averaged over ``gammas``."""
    pixels = torch.stack([to_network(film, box) for film, box in zip(films, boxes, strict=True)])
    views, frontal = zip(*(_predict(pixels.clamp(0, 1) ** gamma, network) for gamma in gammas), strict=True)
    views, frontal = torch.stack(views, 1), torch.stack(frontal).mean(0)
    seen = zip(films, boxes, pixels, views, frontal, strict=True)
    return [Look(*known, view.mean(0), view, float(score)) for *known, view, score in seen]


@torch.no_grad()
def _predict(pixels: Tensor, network: LungUNet) -> tuple[Tensor, Tensor]:
    outputs = [network(part.contiguous(memory_format=torch.channels_last)) for part in pixels.split(BATCH)]
    masks, frontal = (torch.cat(kind) for kind in zip(*outputs, strict=True))
    return torch.sigmoid(masks), torch.sigmoid(frontal)


def _closer(seen: Look) -> Box:
    """The box of the lungs with a margin, within the first box; that one if hardly any lung was found."""
    lungs = np.concatenate([keep_largest(mask) for mask in (seen.maps[:2] > 0.5).numpy()], 1)
    lungs = lungs[:, : lungs.shape[1] // 2] | lungs[:, lungs.shape[1] // 2 :]
    if lungs.mean() < 0.04:
        return seen.box
    rows, columns = (np.flatnonzero(lungs.any(axis)) / len(lungs) for axis in (1, 0))
    (top, bottom), (left, right) = _widen(rows, MARGIN), _widen(columns, MARGIN)
    height, width = seen.box.shape
    return Box(
        seen.box.top + max(0, round(top * height)),
        seen.box.top + min(height, round(bottom * height)),
        seen.box.left + max(0, round(left * width)),
        seen.box.left + min(width, round(right * width)),
    )


def _widen(places: np.ndarray, margin: float) -> tuple[float, float]:
    extra = margin * (places[-1] - places[0])
    return places[0] - extra, places[-1] + extra
