"""Which measured features spoke for a finding, and how loudly: what a reader of the page can check by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medigenx_lib import geometry
from medigenx_lib.radiomics.evidence import least_ratio

NAMED = 3
"""So many features are named for each finding."""


def lung_reasons(kind: str, side: str, score: float, band: Sequence[float], weighed: Mapping[str, np.ndarray]) -> dict:
    """JSON-able: the ``score`` of one finding in one lung, where it counts as present, and who moved it there.

    ``weighed``: ``shown``, ``low``, ``high`` and ``adds``, (inputs,) each, in the order of ``judge.INPUT_NAMES``: as
    measured, the 5th and 95th percentile of clear lungs, and what it added to the average clear lung's score.
    ``radiomics`` and ``reader`` are the sums of what the features and the network added; ``features`` the loudest of
    the former.
    """
    from medigenx_lib.radiomics.judge import INPUT_NAMES, RADIOMIC_NAMES

    adds, count = weighed["adds"], len(RADIOMIC_NAMES)
    known = np.where(np.isfinite(weighed["shown"][:count]), np.abs(adds[:count]), -1)
    loudest = np.argsort(-known, kind="stable")[:NAMED]
    features = [
        {"name": INPUT_NAMES[i], **{key: _short(weighed[key][i]) for key in ("shown", "low", "high", "adds")}}
        for i in loudest
        if known[i] >= 0
    ]
    return {
        "kind": kind, "side": side, "score": _short(score), "absent_below": band[0], "present_from": band[1],
        "radiomics": _short(adds[:count].sum()), "reader": _short(adds[count:].sum()), "features": features,
    }  # fmt: skip


def heart_reasons(ratio: float, masks: Mapping[str, np.ndarray], band: Sequence[float]) -> dict:
    """As :func:`lung_reasons` for the heart: its ``ratio``, and the two widths in pixels as they are drawn.

    ``radiomics`` is the ratio of those widths, ``reader`` what the heart reader added to it.
    """
    thorax = masks["right_lung"] | masks["left_lung"]
    widths = {"heart width in pixels": masks["heart"], "thorax width in pixels": thorax}
    features = [
        {"name": name, "shown": float(geometry.width(mask)), "low": None, "high": None, "adds": None}
        for name, mask in widths.items()
    ]
    score, drawn = _short(heart_score(ratio, masks, band)), geometry.cardiothoracic_ratio(masks)
    return {
        "kind": "cardiomegaly", "side": None, "score": score, "absent_below": band[0], "present_from": band[1],
        "radiomics": _short(drawn), "reader": round(float(ratio - drawn), 4), "features": features,
    }  # fmt: skip


def heart_score(ratio: float, masks: Mapping[str, np.ndarray], band: Sequence[float]) -> float:
    """The ratio on which cardiomegaly is decided: the measured ``ratio``, unless a lung runs off the film.

    There the whole thorax is wider than what shows, so a heart below the band is of normal size for certain; but it is
    large only if it would be so in a whole thorax (:func:`.evidence.least_ratio`), and uncertain in between.
    """
    return min(ratio, max(least_ratio(ratio, masks), band[0]))


def _short(value: float) -> float:
    """Four significant digits, as a JSON number."""
    return float(f"{float(value):.4g}")
