"""The heart reader: a small network that looks at the thorax and says how far the drawn heart's width is off.

Where opacity or fluid lies against the heart, its border cannot be seen, and the segmentation draws it too far out or
in; and on a film of 64 pixels a width in whole pixels is known to a fiftieth of the thorax only. This network sees the
film and the drawn masks, and learns on phantoms what to add to their cardiothoracic ratio.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.cases import Case
from medigenx_lib.errors import WeightsError
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.reader import HEART_PREFIX

SIDE = 56
"""Rows and columns of the frame that holds the thorax, stretched to a square: ratios of widths stay."""
CHANNELS = ("brightness", "right_lung", "left_lung", "heart")
"""What :func:`thorax_frame` holds."""
SCALE = 0.1
"""The network's output is in these units of the cardiothoracic ratio."""
MOST = 0.1
"""No more is added to a ratio or taken from it, whatever an odd film may look like: the masks stay the measurement."""


class HeartReader(nn.Module):
    """Six convolutions on half-size pixels, then two dense layers: (B, len(CHANNELS), SIDE, SIDE) -> (B,).

    What comes out is what to add to the ratio of the drawn masks, over SCALE.
    """

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2), _block(4 * len(CHANNELS), 32), _block(32, 32), nn.MaxPool2d(2),
            _block(32, 64), _block(64, 64), nn.MaxPool2d(2), _block(64, 64),
        )  # fmt: skip
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.1), nn.Linear(64 * (SIDE // 8) ** 2, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """``pictures`` as :func:`thorax_frame` makes them."""
        return self.head(self.body(pictures))[:, 0]


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """A 3x3 convolution with batch norm and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def thorax_frame(case: Case) -> np.ndarray:
    """float32 (len(CHANNELS), SIDE, SIDE): the lungs' bounding box with a margin, of a case with lungs and heart."""
    box = frames.lung_box(case.masks["right_lung"] | case.masks["left_lung"])
    layers = [frames.brightness(case.image, case.masks), *(case.masks[name] for name in CHANNELS[1:])]
    return np.stack([frames.cut(layer, box, False, (SIDE, SIDE)) for layer in layers])


def corrections(cases: Sequence[Case], reader: HeartReader) -> list[float]:
    """What ``reader`` adds to the cardiothoracic ratio of each case's masks (lungs and heart), -MOST..MOST."""
    with torch.no_grad():
        added = SCALE * reader(torch.from_numpy(np.stack([thorax_frame(case) for case in cases])))
    return added.clamp(-MOST, MOST).tolist()


def loss(added: Tensor, drawn: Tensor, true: Tensor, limit: float, blur: float = 0.015) -> Tensor:
    """A scalar: how far the ratios ``drawn`` + SCALE * ``added`` (B,) are from ``true`` ones, and on which side of
    ``limit`` they lie, as seen through an error of ``blur``. Source of the first: Huber, 1964."""
    ratio = drawn + SCALE * added
    large = F.binary_cross_entropy_with_logits((ratio - limit) / blur, (true > limit).float())
    return 3 * F.smooth_l1_loss(ratio / SCALE, true / SCALE, beta=0.1) + large


def tensors_of(reader: HeartReader) -> dict[str, Tensor]:
    """The heart reader's tensors as they stand in a weights file."""
    return {HEART_PREFIX + name: value for name, value in reader.state_dict().items()}


def heart_from(tensors: Mapping[str, Tensor]) -> HeartReader | None:
    """The heart reader in the tensors of a weights file, None if there is none. Raises WeightsError if it misfits."""
    state = {name.removeprefix(HEART_PREFIX): value for name, value in tensors.items() if name.startswith(HEART_PREFIX)}
    if not state:
        return None
    reader = HeartReader()
    try:
        reader.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"These weights hold another heart reader ({error}).", "Train it anew.") from error
    return reader.eval()


@functools.lru_cache(2)
def load_heart(name_or_path: str | Path = "measurement") -> HeartReader | None:
    """The trained heart reader; None where the weights hold none. Raises WeightsError if it does not fit."""
    return heart_from(weights.load(name_or_path)[0])
