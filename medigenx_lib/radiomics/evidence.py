"""What can be measured on a film at all, and why not: each reason is a sentence that a reader can check."""

from __future__ import annotations

from medigenx_lib.cases import MASKS, SIDES, Case

MIN_LUNG = 0.015
"""Share of the film: a smaller lung field is not measured."""
MIN_BALANCE = 0.2
"""Share of the larger lung field: if one is smaller, most of it was not found."""
MAX_CUT = 0.30
"""Share of a lung's height along which it may run off the film's side before it counts as cropped."""


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
    faults = {side: f"the {side} lung runs off the film" for side in SIDES if _runs_off(case, side)}
    if faults or not case.masks["heart"].any():
        faults["heart"] = "; ".join(faults.values()) or "no heart was found"
    return faults


def _all(reason: str) -> dict[str, str]:
    return dict.fromkeys((*SIDES, "heart"), reason)


def _runs_off(case: Case, side: str) -> bool:
    lung = case.masks[f"{side}_lung"]
    edge = lung[:, 0 if side == "right" else -1]  # the patient's right is on the picture's left
    return edge.sum() > MAX_CUT * lung.any(1).sum()
