"""The judge: from the radiomic features of a lung, and what the reader saw in it, to scores and extents.

The features say much of what the reader does not: the level and spread of brightness, the texture, the difference from
the other lung, the size of the heart. The reader says where. The judge is small: a linear sum of all standardised
numbers plus one hidden layer; so each score can be split into what each number has added to it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.cases import DENSITIES, PATTERNS, SIDES, ZONES, Case
from medigenx_lib.errors import WeightsError
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.lung_features import HEART_NAMES, LUNG_NAMES, lung_table, side_values
from medigenx_lib.radiomics.reader import JUDGE_PREFIX, KINDS, LEVELS

OWN_NAMES = (
    *(f"{kind} logit" for kind in KINDS),
    *(f"{kind} extent, quantile {level}" for kind in KINDS for level in LEVELS),
    *(f"{word} logit" for word in (*ZONES, *DENSITIES, *PATTERNS)),
    *(f"{zone} share, logit" for zone in ZONES),
    *(f"{kind} map, {what}" for kind in KINDS for what in ("mean", "share above half")),
    *(f"opacity map, {zone} zone" for zone in ZONES),
)
OTHER_NAMES = ("other lung: opacity logit", "other lung: effusion logit", "other lung: opacity extent")
RADIOMIC_NAMES = (*LUNG_NAMES, *(f"{name}, less the other lung's" for name in LUNG_NAMES), *HEART_NAMES)
INPUT_NAMES = (*RADIOMIC_NAMES, *(f"reader: {name}" for name in (*OWN_NAMES, *OTHER_NAMES)))
"""The numbers that the judge weighs, in order: radiomic features first, then the reader's learned ones."""
HIDDEN = 48
CLIP = 8.0
"""Standardised numbers are held within so many spreads, so that no odd film drives a decision by one feature."""
STEPS = 16
"""Of the integral along the way from the average clear lung."""
DROPPED = 0.1
"""Share of the inputs set to the mean at each step of training, so that no single one is relied upon."""
_LOGITS = [INPUT_NAMES.index(f"reader: {kind} logit") for kind in KINDS]
"""Where the reader's own presences stand among the inputs."""


def observe(cases: Sequence[Case], readings: Sequence[Mapping]) -> np.ndarray:
    """What the judge is told of each lung: float32 (N, 2, columns), right and left, as measured; NaN where it could
    not be. ``readings``: of :func:`medigenx_lib.radiomics.measurement.read` for the same cases."""
    rows = []
    for case, reading in zip(cases, readings, strict=True):
        values = side_values(case)
        learned = {side: learned_values(case.masks[f"{side}_lung"], reading[side], side) for side in SIDES}
        for side, other in zip(SIDES, reversed(SIDES), strict=True):
            heads = reading[other].heads
            beside = [*heads["presence"], np.median(heads["opacity_extent"])]
            rows.append(np.concatenate([lung_table(values, side), learned[side], beside]))
    return np.array(rows, np.float32).reshape(len(cases), 2, len(INPUT_NAMES))


def learned_values(lung: np.ndarray, reading, side: str) -> np.ndarray:
    """OWN_NAMES of one lung's reading, float64: the reader's numbers, and its maps within the lung mask."""
    inside = frames.cut(lung, reading.box, side == "left") > 0.5
    heads = [np.sort(values) if name.endswith("extent") else values for name, values in reading.heads.items()]
    if not inside.any():
        inside = np.ones_like(inside)
    maps = [number for map_ in reading.maps for number in (map_[inside].mean(), np.mean(map_[inside] > 0.5))]
    rows = np.flatnonzero(inside.any(1))
    third = (np.arange(len(inside)) - rows[0]) * 3 // (rows[-1] - rows[0] + 1)
    in_zone = [inside & (third == index)[:, None] for index in range(3)]
    zones = [float(reading.maps[0][zone].mean()) if zone.any() else 0.0 for zone in in_zone]
    return np.concatenate([*heads, maps, zones])


class Judge(nn.Module):
    """Linear part plus one hidden layer of tanh on the standardised inputs, (..., len(INPUT_NAMES)).

    Buffers: ``mean`` and ``spread`` standardise; ``used`` is 0 for inputs left out in an ablation; ``clear`` is the
    average clear lung, standardised, and ``low`` and ``high`` the 5th and 95th percentile of clear lungs, as measured.
    It starts from the reader's own score, which it moves up or down: fitted to a few thousand lungs from nothing, it
    knew less than the reader that had seen hundreds of thousands. Extents stay the reader's, for the same reason.
    """

    def __init__(self, hidden: int = HIDDEN):
        super().__init__()
        count, outputs = len(INPUT_NAMES), len(KINDS)
        self.linear, self.hidden = nn.Linear(count, outputs), nn.Linear(count, hidden)
        self.out = nn.Sequential(nn.Dropout(0.2), nn.Linear(hidden, outputs, bias=False))
        nn.init.zeros_(self.linear.weight)
        for name, value in {"mean": 0.0, "spread": 1.0, "used": 1.0, "clear": 0.0, "low": 0.0, "high": 0.0}.items():
            self.register_buffer(name, torch.full((count,), value))

    def standard(self, told: Tensor) -> Tensor:
        """Inputs (..., len(INPUT_NAMES)) in spreads from the mean, of ``observe``'s columns; what is unknown is 0."""
        z = (compared(told, torch.sign(told) * torch.log1p(told.abs())) - self.mean) / self.spread
        return torch.nan_to_num(z, nan=0.0).clamp(-CLIP, CLIP) * self.used

    def forward(self, z: Tensor) -> Tensor:
        """Standardised inputs -> (..., len(KINDS)): by how much to move the reader's scores."""
        return self.linear(z) + self.out(torch.tanh(self.hidden(z)))

    def decide(self, told: Tensor) -> Tensor:
        """Presences of KINDS (..., len(KINDS)), logits, of ``observe``'s columns."""
        z = self.standard(told)
        if self.training:
            z = z * (torch.rand_like(z) > DROPPED)
        return told[..., _LOGITS] * self.used[_LOGITS] + self(z)

    @torch.no_grad()
    def contributions(self, told: Tensor) -> Tensor:
        """How much each input moved each presence score from that of the average clear lung: (B, KINDS, inputs).

        They add up to the difference between the two scores, but for the error of the sum over STEPS. Source:
        integrated gradients, Sundararajan et al., ICML 2017, eq. 1 and 3.
        """
        step = self.standard(told) - self.clear  # (B, inputs)
        places = (torch.arange(STEPS) + 0.5) / STEPS
        on_the_way = self.clear + places[:, None, None] * step  # (STEPS, B, inputs)
        slope = (1 - torch.tanh(self.hidden(on_the_way)) ** 2).mean(0)  # (B, hidden)
        last = self.out[1].weight
        gradient = self.linear.weight + torch.einsum("kh,bh,hi->bki", last, slope, self.hidden.weight)
        adds = gradient * step[:, None]
        for kind, place in enumerate(_LOGITS):  # the reader's own score, that is moved
            usual = self.mean[place] + self.spread[place] * self.clear[place]
            adds[:, kind, place] += self.used[place] * (told[:, place] - usual)
        return adds


def compared(told: Tensor, scaled: Tensor | None = None) -> Tensor:
    """The columns of :func:`observe`, the other lung's features replaced by the difference from them.

    ``scaled``: the same columns on a logarithmic scale; the radiomic ones are then taken from there.
    """
    count, end = len(LUNG_NAMES), 2 * len(LUNG_NAMES) + len(HEART_NAMES)
    radiomic = told if scaled is None else scaled
    own, other, heart = radiomic[..., :count], radiomic[..., count : 2 * count], radiomic[..., 2 * count : end]
    return torch.cat([own, own - other, heart, told[..., end:]], -1)


def tensors_of(judge: Judge) -> dict[str, Tensor]:
    """The judge's tensors as they stand in a weights file."""
    return {JUDGE_PREFIX + name: value for name, value in judge.state_dict().items()}


def judge_from(tensors: Mapping[str, Tensor]) -> Judge:
    """The judge in the tensors of a weights file. Raises WeightsError if there is none that fits."""
    state = {name.removeprefix(JUDGE_PREFIX): value for name, value in tensors.items() if name.startswith(JUDGE_PREFIX)}
    try:
        judge = Judge(len(state["hidden.bias"]))
        judge.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(
            f"These weights hold no judge that fits ({error}).", "Train the measurement anew."
        ) from error
    return judge.eval()


@functools.lru_cache(2)
def load_judge(name_or_path: str | Path = "measurement") -> Judge | None:
    """The trained judge; None for weights of a reader alone. Raises WeightsError if it does not fit."""
    tensors = weights.load(name_or_path)[0]
    return judge_from(tensors) if any(name.startswith(JUDGE_PREFIX) for name in tensors) else None
