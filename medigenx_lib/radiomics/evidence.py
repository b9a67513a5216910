"""What can be measured on a film at all, and why not: each reason is a sentence that a reader can check."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medigenx_lib.cases import MASKS, SIDES, Case

MIN_LUNG = 0.015
"""Share of the film: a smaller lung field is not measured."""
MIN_BALANCE = 0.2
"""Share of the larger lung field: if one is smaller, most of it was not found."""
MIN_HEART = 0.05
"""Share of both lung fields: a smaller heart was not found. Those of phantoms have a sixth and more."""
MAX_CUT = 0.60
"""Share of a lung's height along which it may run off the film's side before it counts as too cropped to be measured,
and the thorax's width with it. Tight crops are common in data sets."""
LOST_WIDTH = 0.20
"""Share of the thorax's width that the film's edge cuts off, over the square of that share of the height (a chord's
sagitta): on phantoms rendered anew on larger films 0.025 is lost at 0.35, 0.04 at 0.45, 0.063 at 0.55."""


def not_measurable(case: Case) -> dict[str, str]:
    """What cannot be measured on this film, with the reason: keys ``right``, ``left`` (lungs) and ``heart``.

    Masks that ``meta["quality"]`` does not trust, a mask that is missing, or a lung that was not found rule out all
    three, since each lung is judged beside the other; a lung that runs off the film rules out itself and the heart.
    """
    quality = case.meta.get("quality", {})
    if not quality.get("trusted", True):
        return _all("; ".join(quality.get("reasons", ())) or "the masks are not trusted")
    if missing := [name for name in MASKS if name not in case.masks]:
        return _all(f"no mask of {', '.join(missing)}")
    areas = {side: case.masks[f"{side}_lung"].mean() for side in SIDES}
    for side in SIDES:
        if areas[side] < max(MIN_LUNG, MIN_BALANCE * max(areas.values())):
            return _all(f"the {side} lung was not found, or hardly any of it")
    cuts = {side: _cut(case.masks[f"{side}_lung"], side) for side in SIDES}
    faults = {side: f"the {side} lung runs off the film" for side in SIDES if cuts[side] > MAX_CUT}
    if faults:
        faults["heart"] = "a lung runs off the film, so the thorax's width is unknown"
    elif case.masks["heart"].mean() < MIN_HEART * sum(areas.values()):
        faults["heart"] = "no heart was found, or hardly any of it"
    return faults


def least_ratio(ratio: float, masks: Mapping[str, np.ndarray]) -> float:
    """The cardiothoracic ratio to be expected had the film shown the whole thorax: at most the measured ``ratio``."""
    cut = max(_cut(masks[f"{side}_lung"], side) for side in SIDES)
    return ratio * (1 - LOST_WIDTH * cut**2)


def _all(reason: str) -> dict[str, str]:
    return dict.fromkeys((*SIDES, "heart"), reason)


def _cut(lung: np.ndarray, side: str) -> float:
    """Share of the lung's height along which it touches the film's side: the patient's right is on the left."""
    return lung[:, 0 if side == "right" else -1].sum() / lung.any(1).sum()
