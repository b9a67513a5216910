"""How far the masks of a film can be trusted, and whether it is a frontal chest radiograph at all.

Scores are numbers that a reader can check; ``LIMITS`` says between which values each may lie. A score outside its
limits gives a reason, and the reason says which of two things is wrong: the picture is refused (no upright,
positive, frontal chest radiograph), or its masks are not to be trusted. How the limits were set, and how often
they err, is measured by ``benchmarks/film_quality.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from medigenx_lib.segmentation.masks import HEART, LEFT, RIGHT, clean, dice

if TYPE_CHECKING:
    from medigenx_lib.segmentation.looks import Look


class Limit(NamedTuple):
    """A score below ``low`` or above ``high`` gives ``reason``; ``refuse``: then it is no frontal chest film."""

    score: str
    low: float
    high: float
    refuse: bool
    reason: str


LIMITS = (
    Limit("contrast", 0.01, 1.0, True, "the picture is blank or nearly so"),
    Limit("shades", 0.12, 1.0, True, "the picture has hardly any grey (a mask or a drawing?)"),
    Limit("frontal", 0.5, 1.0, True, "the network does not see a frontal chest radiograph"),
    Limit("smaller_lung", 0.008, 1.0, True, "two lungs were not found"),
    Limit("overlap_in_height", 0.2, 1.0, True, "the two lung fields do not lie side by side"),
    Limit("darkness", 0.0, 9.0, True, "the lung fields are not darker than what lies between them (a negative?)"),
    Limit("agreement", 0.92, 1.0, False, "the lung masks change with the film's tone"),
    Limit("sharpness", 0.7, 1.0, False, "the network is unsure of the lungs' borders"),
    Limit("balance", 0.15, 1.0, False, "one lung field is much smaller than the other"),
    Limit("solidity", 0.5, 1.0, False, "a lung mask is ragged"),
    Limit("heart_side", -0.15, 1.0, False, "the heart lies on the patient's right: the film may be mirrored"),
)
BINS, SIDE = 32, 256
"""Shades of grey that are told apart, and how many pixels of a side are looked at for that at most."""


def judge(seen: Look) -> dict:
    """JSON-able verdict on one film: ``trusted``, ``frontal_chest``, ``reasons`` (sentences) and ``scores``.

    A picture that is no frontal chest radiograph is never trusted.
    """
    found = scores(seen)
    broken = [limit for limit in LIMITS if not limit.low <= found[limit.score] <= limit.high]
    return {
        "trusted": not broken,
        "frontal_chest": not any(limit.refuse for limit in broken),
        "reasons": [limit.reason for limit in broken],
        "scores": {name: round(value, 4) for name, value in found.items()},
    }


def scores(seen: Look) -> dict[str, float]:
    """The numbers behind the verdict. All lie in 0..1 but ``darkness`` (in standard deviations of the picture).

    shades: share of the film that is neither its commonest grey nor its second, see :func:`shades`.
    frontal: what the network's second head says. smaller_lung: area of the smaller lung over that of the part of
    the film looked at; balance: over the larger's. overlap_in_height: rows in which both lungs are found, over
    rows with either. darkness: how much darker the lungs are than what lies between them. agreement: Dice of
    the masks under changed tones with their mean. sharpness: how far lung probabilities are from one half.
    solidity: the less of both lungs' areas over their convex hulls'. heart_side: how far the heart reaches to the
    left of the midline rather than to the right, as a share of its width (negative: to the right).
    """
    maps = clean(seen.maps)
    right, left, heart = (maps[channel] > 0.5 for channel in (RIGHT, LEFT, HEART))
    pixels = seen.pixels[0].numpy()
    areas = sorted((right.mean(), left.mean()))
    return {
        "contrast": float(pixels.std()),
        "shades": shades(seen.film),
        "frontal": seen.frontal,
        "smaller_lung": float(areas[0]),
        "balance": float(areas[0] / areas[1]) if areas[1] else 0.0,
        "overlap_in_height": dice_of_rows(right, left),
        "darkness": darkness(pixels, right, left),
        "agreement": agreement(seen.views.numpy(), right | left),
        "sharpness": sharpness(np.maximum(*seen.maps[:HEART].numpy())),
        "solidity": min(solidity(right), solidity(left)),
        "heart_side": heart_side(heart, right, left),
    }


def shades(film: np.ndarray) -> float:
    """Share of the pixels (H, W), 0..1, of other greys than the two commonest, which lie well apart; of a mask next
    to none. Greys are counted in BINS between the film's 1st and 99th percentile, a neighbour as the same."""
    film = film[:: 1 + len(film) // SIDE, :: 1 + film.shape[1] // SIDE]
    low, high = np.quantile(film, (0.01, 0.99))
    place = np.clip((film - low) / max(high - low, 1e-6) * BINS, 0, BINS - 1).astype(int)
    share = np.bincount(place.ravel(), minlength=BINS) / film.size
    for _ in range(2):
        most = int(share.argmax())
        share[max(0, most - 1) : most + 2] = 0
    return float(share.sum())


def dice_of_rows(right: np.ndarray, left: np.ndarray) -> float:
    """Rows with both lungs over rows with either, 0..1."""
    both, either = right.any(1) & left.any(1), right.any(1) | left.any(1)
    return float(both.sum() / max(1, either.sum()))


def darkness(pixels: np.ndarray, right: np.ndarray, left: np.ndarray) -> float:
    """Median brightness between the lungs less that of the lungs, over the picture's standard deviation; -9 if none."""
    columns = np.arange(right.shape[1])
    inner = np.where(right, columns, -1).max(1, keepdims=True)
    outer = np.where(left, columns, right.shape[1]).min(1, keepdims=True)
    rows = right.any(1, keepdims=True) & left.any(1, keepdims=True)
    between = rows & (columns > inner) & (columns < outer)
    if not between.any():
        return -9.0
    return float((np.median(pixels[between]) - np.median(pixels[right | left])) / (pixels.std() + 1e-6))


def agreement(views: np.ndarray, lungs: np.ndarray) -> float:
    """Mean Dice of each view's lungs, from maps (V, 6, S, S), with the mask (S, S)."""
    return float(np.mean([dice(view[:HEART].max(0) > 0.5, lungs) for view in views]))


def sharpness(lungs: np.ndarray) -> float:
    """Mean of |2p-1| over the pixels with a lung probability of a tenth or more; 0 if there are none."""
    chosen = lungs[lungs > 0.1]
    return float(np.abs(2 * chosen - 1).mean()) if chosen.size else 0.0


def solidity(mask: np.ndarray) -> float:
    """Area over that of the convex hull, 0..1; 0 for less than a triangle."""
    points = np.argwhere(mask)
    try:
        corners = np.concatenate([points + shift for shift in ((0, 0), (0, 1), (1, 0), (1, 1))])
        return float(len(points) / ConvexHull(corners).volume)
    except (QhullError, ValueError):
        return 0.0


def heart_side(heart: np.ndarray, right: np.ndarray, left: np.ndarray) -> float:
    """(left reach - right reach) / width of the heart about the lungs' midline, -1..1; 0 if something is missing."""
    if not (heart.any() and right.any() and left.any()):
        return 0.0
    lungs, columns = np.flatnonzero((right | left).any(0)), np.flatnonzero(heart.any(0))
    middle = (lungs[0] + lungs[-1]) / 2
    return float(np.clip((columns[0] + columns[-1] - 2 * middle) / (columns[-1] - columns[0] + 1), -1, 1))
