"""The numbers that the report writer reads: one vector a film, of measured findings and a few radiomic features.

A value that is not known is 0, and the entry ``known_...`` beside it says so.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence

import numpy as np
from PIL import Image

from medigenx_lib.cases import DENSITIES, PATTERNS, SIDES, ZONES, Case, Finding
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.features import GREY_SCALE, MIN_PIXELS, SETTINGS

TEXTURE_SIZE = 64
"""Textures depend on the size of a pixel, so they are taken at this height and width."""
TEXTURES = {
    "firstorder": ("10Percentile", "90Percentile", "Entropy", "InterquartileRange", "Kurtosis", "Mean", "Skewness",
                   "Uniformity", "Variance"),
    "glcm": ("ClusterShade", "ClusterTendency", "Contrast", "Correlation", "DifferenceEntropy", "Id", "Imc1",
             "Imc2", "JointEnergy", "JointEntropy", "SumEntropy"),
    "ngtdm": ("Busyness", "Coarseness", "Complexity", "Strength"),
}  # fmt: skip
"""The fast subset of features, of both lungs together; enough to tell sharp from hazy and even from patchy."""

_SIDE_NAMES = (
    "known", "opacity", "opacity_extent", *(f"opacity_{zone}" for zone in ZONES), "opacity_density",
    *(f"opacity_{pattern}" for pattern in PATTERNS), "opacity_contrast", "effusion", "effusion_extent",
)  # fmt: skip
_HEART_NAMES = ("known_heart", "cardiomegaly", "cardiothoracic_ratio")
_TEXTURE_NAMES = tuple(f"{group}_{name}" for group, names in TEXTURES.items() for name in names)
VECTOR_NAMES = (
    *(f"{name}_{side}" for side in SIDES for name in _SIDE_NAMES), *_HEART_NAMES, "known_textures", *_TEXTURE_NAMES,
)  # fmt: skip
"""Name of each entry of :func:`vector`. Presences are 1 present, 0.5 uncertain, 0 absent or unknown; extents are
shares of the lung; density is 1/3, 2/3 or 1; contrast is in ``frames.brightness``; textures are z-scores."""

_PRESENCE = {"present": 1.0, "uncertain": 0.5, "absent": 0.0, "unknown": 0.0}


def vector(case: Case) -> np.ndarray:
    """float32 (len(VECTOR_NAMES),), all finite, of a case with masks and findings (``measure`` gives them).

    What the findings do not state, or state as unknown, is 0. Raises WeightsError without the shipped weights.
    """
    textures = texture_values(case)
    mean, spread = _constants()
    scores = np.zeros(len(mean)) if textures is None else np.clip((textures - mean) / spread, -5, 5)
    sides = [number for side in SIDES for number in _side(case, side)]
    return np.array([*sides, *_heart(case), float(textures is not None), *scores], np.float32)


def _one(case: Case, kind: str, side: str | None = None) -> Finding:
    found = case.findings.of(kind, side) if case.findings is not None else ()
    return found[0] if found else Finding(kind, "unknown", side)


def _side(case: Case, side: str) -> list[float]:
    opacity, effusion = _one(case, "opacity", side), _one(case, "effusion", side)
    density = (DENSITIES.index(opacity.density) + 1) / len(DENSITIES) if opacity.density else 0.0
    return [
        float(opacity.presence != "unknown"), _PRESENCE[opacity.presence], opacity.extent or 0.0,
        *(float(zone in opacity.zones) for zone in ZONES), density,
        *(float(opacity.pattern == pattern) for pattern in PATTERNS), contrast(case, side),
        _PRESENCE[effusion.presence], effusion.extent or 0.0,
    ]  # fmt: skip


def _heart(case: Case) -> list[float]:
    finding = _one(case, "cardiomegaly")
    known = finding.measurement is not None
    return [float(known), _PRESENCE[finding.presence], finding.measurement.value if known else 0.0]


def contrast(case: Case, side: str) -> float:
    """How much brighter the opacity of one lung is than the rest of it, in units from lung (0) to heart (1).

    0 where there is no opacity, no rest, or no mask.
    """
    lung, opacity = case.masks.get(f"{side}_lung"), case.masks.get("opacity")
    if lung is None or opacity is None or "heart" not in case.masks:
        return 0.0
    inside, rest = lung & opacity, lung & ~opacity
    if not inside.any() or not rest.any():
        return 0.0
    bright = frames.brightness(case.image, case.masks)
    return float(bright[inside].mean() - bright[rest].mean())


def texture_values(case: Case) -> np.ndarray | None:
    """TEXTURES of both lungs at TEXTURE_SIZE, float64 (24,), through pyradiomics; None if there is too little lung."""
    if any(f"{side}_lung" not in case.masks for side in SIDES):
        return None
    lungs = case.masks["right_lung"] | case.masks["left_lung"]
    image, mask = _small(case.image), _small(lungs.astype(np.float32)) > 0.5
    if mask.sum() < MIN_PIXELS or min(np.ptp(places) for places in np.nonzero(mask)) < 2:
        return None
    values = np.array(_textures(image, mask), float)
    return values if np.isfinite(values).all() else None


def _small(image: np.ndarray) -> np.ndarray:
    if image.shape == (TEXTURE_SIZE, TEXTURE_SIZE):
        return image
    return np.asarray(Image.fromarray(image).resize((TEXTURE_SIZE, TEXTURE_SIZE), Image.Resampling.BILINEAR))


def _textures(image: np.ndarray, mask: np.ndarray) -> list[float]:
    import SimpleITK as sitk

    picture = sitk.GetImageFromArray(np.asarray(image, np.float32) * np.float32(GREY_SCALE))
    with np.errstate(all="ignore"):
        found = _extractor().execute(picture, sitk.GetImageFromArray(mask.astype(np.uint8)))
    return [float(found[f"original_{name}"]) for name in _TEXTURE_NAMES]


@functools.lru_cache(1)
def _extractor():
    """As in :mod:`.features`, with TEXTURES alone."""
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(**SETTINGS)
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(**{group: list(names) for group, names in TEXTURES.items()})
    return extractor


def constants(cases: Sequence[Case]) -> dict[str, list[float]]:
    """Mean and standard deviation of the textures over ``cases``, to be kept with the weights."""
    rows = np.array([values for case in cases if (values := texture_values(case)) is not None])
    return {"mean": rows.mean(0).tolist(), "spread": np.maximum(rows.std(0), 1e-9).tolist()}


def _constants() -> tuple[np.ndarray, np.ndarray]:
    from medigenx_lib.radiomics.reader import load_reader  # imports torch

    kept = load_reader()[1]["vector"]
    return np.array(kept["mean"]), np.array(kept["spread"])
