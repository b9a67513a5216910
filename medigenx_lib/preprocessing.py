"""From stored numbers to comparable pictures: grey levels, borders, size, and splits by patient. Lesson 02.

Images here are float32 (H, W) in 0..1, bright = dense, unless said. Grey levels are scaled by what the file
*can* hold, never by what the film happens to hold: two films stay comparable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from medigenx_lib.cases import Case, replace
from medigenx_lib.errors import InputError

if TYPE_CHECKING:
    import torch

BIT_DEPTHS = (8, 10, 12, 14, 16)
FITS = ("stretch", "pad", "crop")
FRACTIONS: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
POLARITY_MARGIN = 0.2
"""Scores of :func:`polarity_score` closer to 0 than this say nothing."""


# --- grey levels ---------------------------------------------------------------------------------


def guess_bit_depth(pixels: np.ndarray, container: int) -> int:
    """Bits really used in a ``container`` of that many bits: the least of BIT_DEPTHS that holds the maximum.

    Detectors of 10 to 14 bits store 16; only DICOM and TIFF may say so. Never less than 8.
    """
    top = int(pixels.max())
    return min((bits for bits in BIT_DEPTHS if top < 2**bits), default=container)


def to_unit_float(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Unsigned integers of ``bits`` bits to float32 0..1: 0 becomes 0 and 2**bits - 1 becomes 1."""
    return np.clip(pixels / np.float32(2**bits - 1), 0, 1, dtype=np.float32)


def window_level(pixels: np.ndarray, centre: float, width: float) -> np.ndarray:
    """The grey-scale window of radiology: ``width`` values around ``centre`` fill 0..1, the rest is clipped.

    ``pixels`` in any unit; float32 0..1 of the same shape. Raises InputError if ``width`` is below 1.
    Source: DICOM PS3.3 C.11.2.1.2.1 (linear), which is off-centre by half a step on purpose.
    """
    if not width >= 1:
        raise InputError(f"A window width of {width} is impossible.", "It must be at least 1.")
    if width == 1:
        return (pixels > centre - 0.5).astype(np.float32)
    ramp = (pixels.astype(np.float64) - (centre - 0.5)) / (width - 1) + 0.5
    return np.clip(ramp, 0, 1).astype(np.float32)


def normalise(image: np.ndarray, low: float = 1.0, high: float = 99.0) -> np.ndarray:
    """Stretch contrast so that percentiles ``low`` and ``high`` become 0 and 1 (float32, clipped).

    A flat image comes back as zeros. It undoes exposure, and with it any comparison of absolute brightness.
    """
    bottom, top = np.percentile(image, (low, high))
    if top <= bottom:
        return np.zeros_like(image, dtype=np.float32)
    return np.clip((image - bottom) / (top - bottom), 0, 1).astype(np.float32)


def standardise(image: np.ndarray) -> np.ndarray:
    """z-score: mean 0 and standard deviation 1 (float32, no longer in 0..1). A flat image gives zeros."""
    if np.ptp(image) == 0:  # its standard deviation may be a rounding error
        return np.zeros(image.shape, np.float32)
    return ((image - image.mean()) / image.std()).astype(np.float32)


def clipped_curve(tile: np.ndarray, clip: float, bins: int = 64) -> np.ndarray:
    """New grey of each of ``bins`` old greys, (bins,), rising to 1: equalises ``tile`` (values 0..1), limited in slope.

    No grey counts more than ``clip`` times the mean; what is cut off is shared out over all greys. Lesson 02.
    """
    counts = np.histogram(tile, bins, (0, 1))[0].astype(np.float64)
    limit = clip * counts.mean()
    counts = np.minimum(counts, limit) + np.maximum(counts - limit, 0).sum() / bins
    return np.cumsum(counts) / counts.sum()


def clahe(image: np.ndarray, tiles: int = 8, clip: float = 2.0, bins: int = 64) -> np.ndarray:
    """Contrast limited adaptive histogram equalisation of a square (S, S) in 0..1: float32, same shape.

    A curve for each of ``tiles`` x ``tiles`` parts, blended between their centres. ``tiles`` 1 and a huge ``clip``
    is plain equalisation. Raises InputError if S is not a multiple of ``tiles``. Source: Pizer et al., "Adaptive
    histogram equalization and its variations", CVGIP 39 (1987); Zuiderveld, Graphics Gems IV (1994).
    """
    if image.shape[0] != image.shape[1] or tiles < 1 or image.shape[0] % tiles:
        raise InputError(f"{image.shape} does not part into {tiles} x {tiles} equal tiles.", "Resize the film first.")
    from scipy.ndimage import map_coordinates

    parts = image.reshape(tiles, len(image) // tiles, tiles, -1).swapaxes(1, 2)  # (tiles, tiles, h, w)
    curves = np.array([[clipped_curve(part, clip, bins) for part in row] for row in parts])
    place = np.clip((np.arange(len(image)) + 0.5) * tiles / len(image) - 0.5, 0, tiles - 1)
    rows, columns = np.meshgrid(place, place, indexing="ij")
    grey = np.minimum(image * bins, bins - 1).astype(int)
    return map_coordinates(curves, [rows, columns, grey], order=1).astype(np.float32)


def luminance(colours: np.ndarray) -> np.ndarray:
    """(H, W, 3) to (H, W), weights of ITU-R BT.601 (those of JPEG and Pillow), float32 in the same range."""
    return colours[..., :3].astype(np.float32) @ np.float32([0.299, 0.587, 0.114])


def colourfulness(colours: np.ndarray, tolerance: float = 0.1) -> float:
    """Share of pixels of (H, W, 3) in 0..1 whose channels differ by more than ``tolerance``: 0 for a grey film."""
    spread = colours[..., :3].max(axis=-1) - colours[..., :3].min(axis=-1)
    return float((spread > tolerance).mean())


# --- geometry ------------------------------------------------------------------------------------


def crop_borders(image: np.ndarray, tolerance: float = 0.04) -> np.ndarray:
    """Cut off collimation and letterbox: outer rows and columns of which 95 % are black or white.

    A view of ``image``. Nothing is cut where less than a quarter of a side would be left.
    """
    extreme = (image < tolerance, image > 1 - tolerance)
    box = []
    for axis in (1, 0):  # first the rows, then the columns of the rows kept
        inside = np.flatnonzero(np.maximum(*(e.mean(axis=axis) for e in extreme)) < 0.95)
        kept = slice(inside[0], inside[-1] + 1) if len(inside) * 4 >= image.shape[1 - axis] else slice(None)
        box.append(kept)
        extreme = tuple(e[kept] for e in extreme) if axis == 1 else extreme
    return image[tuple(box)]


def to_square(image: np.ndarray, fit: str) -> np.ndarray:
    """(H, W) to (S, S): ``pad`` adds black beside the shorter side, ``crop`` keeps the middle; ``stretch``: as it is.

    Stretching keeps every pixel and changes proportions; it is left to :func:`resize`.
    """
    if fit not in FITS:
        raise InputError(f"There is no fit {fit!r}.", f"Choose from: {', '.join(FITS)}.")
    height, width = image.shape[-2:]
    if fit == "stretch" or height == width:
        return image
    if fit == "pad":
        spare = max(height, width) - np.array([height, width])
        return np.pad(image, [(s // 2, s - s // 2) for s in spare])
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def resize(image: np.ndarray, size: int, fit: str = "stretch") -> np.ndarray:
    """(H, W), or a stack (N, H, W), to float32 (size, size) or (N, size, size), antialiased (torchvision v2).

    Without antialiasing, ribs finer than the new pixel turn into false texture. ``fit``: see :func:`to_square`
    (stacks are only stretched). Raises InputError for a size below 1, and for whole numbers, which are not 0..1.
    """
    if size < 1:
        raise InputError(f"An image of size {size} is impossible.", "Ask for 28, 64, 128 or 224.")
    if np.issubdtype(image.dtype, np.integer):
        raise InputError(f"The image is {image.dtype}.", "Bring it to 0..1 first: preprocessing.to_unit_float.")
    image = to_square(image, fit) if image.ndim == 2 else image
    if image.shape[-2:] == (size, size):
        return np.array(image, np.float32)
    import torch
    from torchvision.transforms import v2

    tensor = torch.from_numpy(np.ascontiguousarray(image, np.float32))
    stack = tensor.reshape(-1, 1, *image.shape[-2:])  # (N, 1, H, W)
    small = v2.functional.resize(stack, [size, size], antialias=True).clamp_(0, 1)
    return small.reshape(*image.shape[:-2], size, size).numpy()


def resize_case(case: Case, size: int | None, fit: str = "stretch") -> Case:
    """The case at ``size`` x ``size``, masks included (by half of a pixel's area). ``size`` None: unchanged."""
    if size is None or case.image.shape == (size, size):
        return case
    masks = {name: resize(mask.astype(np.float32), size, fit) > 0.5 for name, mask in case.masks.items()}
    return replace(case, image=resize(case.image, size, fit), masks=masks)


def to_tensor(cases: Sequence[Case]) -> torch.Tensor:
    """The images of equally large cases as one (B, 1, H, W) float32 tensor, 0..1. Raises InputError otherwise."""
    import torch

    shapes = {case.image.shape for case in cases}
    if len(shapes) != 1:
        raise InputError(f"Images of {len(shapes)} sizes do not make a batch.", "Load them with one size=.")
    return torch.from_numpy(np.stack([case.image for case in cases])[:, None])


# --- polarity ------------------------------------------------------------------------------------


def _chest_template(side: int = 16) -> np.ndarray:
    """A frontal chest in four blobs, (side, side): bright spine and abdomen, dark lungs. Mean 0 inside the frame."""
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side

    def blob(cx, cy, sx, sy):
        """A Gaussian bump of height 1 about (cx, cy), (side, side); all in shares of the side."""
        return np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2)

    lungs = blob(0.27, 0.42, 0.13, 0.25) + blob(0.73, 0.42, 0.13, 0.25)
    return blob(0.5, 0.5, 0.09, 0.6) + 0.8 * blob(0.5, 1.0, 0.5, 0.15) - lungs


def polarity_score(image: np.ndarray) -> float:
    """Correlation (-1..1) with a schematic chest: positive where lungs are dark, negative on an inverted film.

    Inverting the image flips the sign exactly. The outer tenth is left out, since air beside the body,
    collimators and arms vary. Meant for frontal chest films; on other pictures it is a meaningless number.
    """
    from PIL import Image

    template = _chest_template()
    small = np.asarray(Image.fromarray(crop_borders(image)).resize(template.shape, Image.Resampling.BOX))
    pair = [values[1:, 2:-2] - values[1:, 2:-2].mean() for values in (small, template)]
    scale = np.sqrt((pair[0] ** 2).sum() * (pair[1] ** 2).sum())
    return float((pair[0] * pair[1]).sum() / scale) if scale > 0 else 0.0


def polarity(image: np.ndarray) -> str:
    """``"expected"`` (lungs dark), ``"inverted"`` or ``"unclear"``, by :func:`polarity_score`."""
    score = polarity_score(image)
    if abs(score) < POLARITY_MARGIN:
        return "unclear"
    return "expected" if score > 0 else "inverted"


def correct_polarity(case: Case) -> Case:
    """The case turned back if it appears inverted, with ``meta["polarity"] = "corrected"``; else as it is.

    Some films carry the wrong photometric tag. Whoever shows the result should say that it was corrected.
    """
    if polarity(case.image) != "inverted":
        return case
    return replace(case, image=1 - case.image, meta={**case.meta, "polarity": "corrected"})


# --- splits --------------------------------------------------------------------------------------


def split_of(patient: str, fractions: Mapping[str, float] = FRACTIONS, seed: int = 0) -> str:
    """The split of one patient, by a hash of the id: the same in any data set, order and machine."""
    digest = hashlib.sha256(f"{seed}:{patient}".encode(errors="surrogatepass")).digest()
    draw = int.from_bytes(digest[:8], "big") / 2**64 * sum(fractions.values())
    for name, share in fractions.items():
        draw -= share
        if draw < 0:
            return name
    return name


def split_by_patient(
    cases: Iterable[Case], fractions: Mapping[str, float] = FRACTIONS, seed: int = 0
) -> dict[str, list[Case]]:
    """Cases by split name, no patient in two of them; each case's ``split`` is set.

    A case without ``patient`` counts as a patient of its own. Shares are met on average: a new film never
    moves an old one. Raises InputError if fractions are not positive.
    """
    if not fractions or min(fractions.values()) < 0 or sum(fractions.values()) <= 0:
        raise InputError(f"Fractions {dict(fractions)} cannot be used.", "Give shares such as 0.8, 0.1 and 0.1.")
    splits: dict[str, list[Case]] = {name: [] for name in fractions}
    for case in cases:
        name = split_of(case.patient or case.id, fractions, seed)
        splits[name].append(replace(case, split=name))
    return splits


def leaks(cases: Iterable[Case]) -> dict[str, set[str]]:
    """Patients found in more than one split, with those splits: empty where training and testing are apart."""
    seen: dict[str, set[str]] = {}
    for case in cases:
        if case.patient is not None and case.split is not None:
            seen.setdefault(case.patient, set()).add(case.split)
    return {patient: splits for patient, splits in seen.items() if len(splits) > 1}
