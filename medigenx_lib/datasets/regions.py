"""From the picture of a mask to the masks of a case: on or off, laid on its film, right and left.

Sides go by place, not by the names of files: in a case the patient's right is on the left of the picture, and sets use
"left" both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from medigenx_lib.cases import SIDES, Case
from medigenx_lib.datasets.films import MAX_PIXELS
from medigenx_lib.errors import InputError

ROUNDING = 1.5
"""Pixels by which a side of a mask may differ from its film's, scaled: masks of another size were rounded."""
PROPORTIONS = 0.02
"""Likewise as a share of the side."""
LEAST_LUNGS = 0.01
"""Share of a film that its lungs cover at least, with room for one lung of a small child; a lesion covers less."""
BALANCE = 0.15
"""The smaller of two lungs has at least this share of the larger one's area (as in ``segmentation.quality``)."""
APART = 0.1
"""Two masks that overlap by less than this share of the smaller are of two things."""
MOSTLY = 0.2
"""One lung has at most this share of its area beyond the middle of the picture."""
COARSE = 384
"""Longest side, in pixels, at which the gap between two lungs is looked for."""
REDRAW = "Save it as PNG, white on black, at the size of its film, one file a region."


@dataclass(frozen=True)
class Drawn:
    """One mask, bool (H, W) of its film: ``kind`` lungs, heart, opacity or effusion; the ``side`` its name tells."""

    mask: np.ndarray
    kind: str
    side: str | None
    origin: str


# --- one picture ---------------------------------------------------------------------------------


def read(path: Path, formats: Sequence[str], film: Case, kind: str, side: str | None, origin: str) -> Drawn:
    """The mask at ``path``, laid on the ``film`` at its native size. Raises InputError if it is none, or does not fit.

    On is what is brighter than half of the brightest, so 0 and 1 do as well as 0 and 255. Lungs in black on white are
    turned round. An empty mask of lungs or heart is refused: it says that nobody drew them.
    """
    mask = _binary(path, _grey(path, formats))
    if kind in ("lungs", "heart") and mask[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        mask, origin = ~mask, f"{origin}, black on white"
    mask = _laid(path, _turned(mask, film), film.image.shape)
    least = {"lungs": LEAST_LUNGS, "heart": 0.0}.get(kind, -1.0)
    if not least < mask.mean():
        raise InputError(f"{path.name} is {'too small for lungs' if mask.any() else 'empty'}.", REDRAW)
    return Drawn(mask, kind, side, origin)


def _grey(path: Path, formats: Sequence[str]) -> np.ndarray:
    """Numbers (h, w) of a picture, or (h, w, 3) of a coloured one."""
    try:
        with Image.open(path, formats=formats) as picture:
            if picture.width * picture.height > MAX_PIXELS or getattr(picture, "n_frames", 1) > 1:
                raise InputError(f"{path.name} is too large, or holds several pictures.", REDRAW)
            return _channels(ImageOps.exif_transpose(picture))  # as its film is turned
    except InputError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise InputError(f"{path.name} is no picture, or damaged ({type(error).__name__}).", REDRAW) from error


def _channels(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("1", "L", "F", "I") or picture.mode.startswith("I;"):
        return np.nan_to_num(np.asarray(picture).astype(np.float64))
    pixels = np.asarray(picture.convert("RGBA")).astype(np.float64)
    colours, alpha = pixels[..., :3], pixels[..., 3]
    if np.ptp(colours, axis=2).max() < 16:  # grey, but for the noise of JPEG
        colours = np.repeat(colours.mean(axis=2, keepdims=True), 3, axis=2)
    if np.ptp(colours, axis=(0, 1)).max() == 0 and np.ptp(alpha) > 0:
        return alpha  # one colour, cut out by its transparency
    return colours * (alpha[..., None] / 255 if alpha.any() else 1)


def _binary(path: Path, values: np.ndarray) -> np.ndarray:
    """bool (h, w). Raises InputError where several regions are told apart by their greys or colours."""
    top = values.max()
    if top <= 0 or not values.size:
        return np.zeros(values.shape[:2], bool)
    levels = np.minimum(values * 8 // top, 7).astype(int)  # coarse, so that blurred edges make no regions
    codes = levels if levels.ndim == 2 else levels @ [64, 8, 1]
    counts = np.bincount(codes.ravel())
    if np.count_nonzero(counts[1:] > 0.01 * codes.size) > 1 and not _soft(counts, values):
        raise InputError(f"{path.name} shows several regions in one picture.", REDRAW)
    return (values if values.ndim == 2 else values.max(axis=-1)) > top / 2


def _soft(counts: np.ndarray, values: np.ndarray) -> bool:
    """True for probabilities and blurred masks, whose many greys run from one to the next."""
    return values.ndim == 2 and np.unique(values).size > 32


def _turned(mask: np.ndarray, film: Case) -> np.ndarray:
    """Masks of DICOM films are drawn on the stored pixels; they turn as the film was turned when it was read."""
    turned = film.meta.get("turned", "")
    mask = mask[:, ::-1] if "left-right" in turned else mask
    return mask[::-1] if "up-down" in turned else mask


def _laid(path: Path, mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The mask at ``shape``: pixels of which more than half is covered. Raises InputError for other proportions."""
    if mask.shape == shape:
        return np.ascontiguousarray(mask)
    height, width = shape
    wanted = mask.shape[1] * height / width  # rows that the mask would have in the film's proportions
    if abs(mask.shape[0] - wanted) > max(ROUNDING, ROUNDING * height / width, PROPORTIONS * wanted):
        what = f"{path.name} ({mask.shape[1]}x{mask.shape[0]}) has other proportions than its film ({width}x{height})."
        raise InputError(what, REDRAW)
    soft = Image.fromarray(mask.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(soft) > 127


# --- names of a case -----------------------------------------------------------------------------


def named(drawn: Sequence[Drawn]) -> tuple[dict[str, np.ndarray], dict[str, str], list[str]]:
    """(name of ``cases.MASKS`` -> mask, name -> where it came from, sentences on what was left out) of one film."""
    lungs, faults = _lungs([one for one in drawn if one.kind == "lungs"])
    found = dict(lungs)
    for one in (one for one in drawn if one.kind != "lungs"):
        before = found.get(one.kind)
        found[one.kind] = one if before is None else _joined(before, one)
    return {name: one.mask for name, one in found.items()}, {name: one.origin for name, one in found.items()}, faults


def _joined(a: Drawn, b: Drawn) -> Drawn:
    return replace(a, mask=a.mask | b.mask, origin=f"{a.origin} and {b.origin}")


def _lungs(drawn: Sequence[Drawn]) -> tuple[dict[str, Drawn], list[str]]:
    """right_lung and left_lung of masks that are of one lung each, or of both, and what was left out."""
    sided = {one.side: one for one in drawn if one.side}
    pair = list(sided.values()) if len(sided) == 2 else list(drawn)
    if len(pair) == 2 and _side_by_side(pair[0].mask, pair[1].mask):
        right, left = sorted(pair, key=lambda one: _middle(one.mask))
        return {"right_lung": right, "left_lung": left}, []
    if not drawn:
        return {}, []
    first, *others = drawn
    faults = [f"{one.origin}: {first.origin} is of the same lungs." for one in others]
    if first.side and _cores(_coarse(first.mask)) is None:  # one lung by its name: of the other nothing is known
        return {f"{_half(first.mask) or first.side}_lung": first}, faults
    parts = zip(SIDES, sides(first.mask), strict=True)
    return {
        f"{side}_lung": replace(first, mask=m, origin=f"{first.origin}, its {side} part") for side, m in parts
    }, faults


def _half(mask: np.ndarray) -> str | None:
    """The side of the patient on which nearly all of the mask lies; None if it lies on both."""
    share = np.count_nonzero(mask[:, mask.shape[1] // 2 :]) / max(1, np.count_nonzero(mask))
    return "right" if share <= MOSTLY else "left" if share >= 1 - MOSTLY else None


def _coarse(mask: np.ndarray) -> np.ndarray:
    step = _step(mask)
    return mask[::step, ::step]


def _step(mask: np.ndarray) -> int:
    return max(1, -(-max(mask.shape) // COARSE))


def _middle(mask: np.ndarray) -> float:
    """The column of the centre of gravity, in pixels."""
    return float(np.average(np.arange(mask.shape[1]), weights=mask.sum(0)))


def _side_by_side(a: np.ndarray, b: np.ndarray) -> bool:
    smaller = min(np.count_nonzero(a), np.count_nonzero(b))
    across, down = (abs(x - y) for x, y in zip(_centre(a), _centre(b), strict=True))
    return np.count_nonzero(a & b) < APART * smaller and across > down


def _centre(mask: np.ndarray) -> tuple[float, float]:
    return _middle(mask), _middle(mask.T)


def sides(lungs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both lungs in one mask, bool (H, W), as (the patient's right, left), each bool (H, W).

    Two parts side by side are one lung each; where they touch, they are worn off until they part, and grow back from
    there as a watershed (Beucher and Lantuéjoul, 1979). What does not part lies in one half of the picture and is one
    lung (the other is empty), or in both, and is cut midway between its borders.
    """
    step, small = _step(lungs), _coarse(lungs)
    cores = _cores(small)
    if cores is None:
        rightward = _by_place(small)
    else:
        near, far = (ndimage.distance_transform_edt(~part) for part in _grown(small, cores))
        rightward = near > far  # a part that belongs to neither goes to the nearer lung
    leftmost = ~np.kron(rightward, np.ones((step, step), bool))[: lungs.shape[0], : lungs.shape[1]]
    return lungs & leftmost, lungs & ~leftmost


def _cores(lungs: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The middles of the two lungs, that on the left of the picture first; None if there are no two."""
    depth = ndimage.distance_transform_edt(np.pad(lungs, 1))[1:-1, 1:-1]
    for worn in np.linspace(0, depth.max(), 24, endpoint=False):
        parts, count = ndimage.label(depth > worn)
        if count < 2:
            continue
        areas = ndimage.sum_labels(depth > worn, parts, range(1, count + 1))
        second, first = 1 + np.argsort(areas, kind="stable")[-2:]
        cores = parts == first, parts == second
        if areas[second - 1] >= BALANCE * areas[first - 1] and _side_by_side(*cores):
            a, b = sorted(cores, key=_middle)
            return a, b
    return None


def _grown(lungs: np.ndarray, cores: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The lungs that the cores grow to where they are connected, deep parts before thin ones."""
    depth = ndimage.distance_transform_edt(np.pad(lungs, 1))[1:-1, 1:-1]
    slope = np.round(255 * (1 - depth / depth.max())).astype(np.uint8)
    markers = np.where(lungs, cores[0] + 2 * cores[1].astype(np.int16), 3).astype(np.int16)
    flooded = ndimage.watershed_ift(slope, markers)
    return lungs & (flooded == 1), lungs & (flooded == 2)


def _by_place(lungs: np.ndarray) -> np.ndarray:
    """bool (H, W), true where a pixel is on the right of the picture: by halves of the picture, or of the mask."""
    columns = np.broadcast_to(np.arange(lungs.shape[1]), lungs.shape)
    if side := _half(lungs):
        return np.full(lungs.shape, side == "left")
    across = np.flatnonzero(lungs.any(0))
    return columns > (across[0] + across[-1]) / 2
