"""The radiomic features that speak for a finding: of each lung, of its zones, and of the heart, on one grey scale.

A feature can only be compared between films if the films share their scale. So the image is first resampled to
``SIZE`` pixels and its grey levels are counted from the film's own landmarks (``frames.brightness``): 0 is its darkest
lung and 100 its heart, whatever the exposure. Features whose value depends on where the first bin starts are left out.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping

import numpy as np
from PIL import Image

from medigenx_lib import geometry
from medigenx_lib.cases import SIDES, ZONES, Case
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.features import MIN_PIXELS, SETTINGS

SIZE = 64
"""Height and width in pixels on which the features are taken: textures depend on the size of a pixel."""
HEART_LEVEL = 100.0
"""Grey level of the heart; the darkest lung has 0. With bins of 8 levels a clear lung fills about a dozen."""

_TABLES = {
    "lung": {
        "firstorder": "Mean 10Percentile 90Percentile InterquartileRange Skewness Kurtosis Entropy Uniformity",
        "glcm": "Contrast Correlation ClusterShade ClusterTendency Id Imc1 Imc2 JointEntropy DifferenceEntropy MCC",
        "glrlm": "RunEntropy RunPercentage LongRunEmphasis GrayLevelNonUniformityNormalized RunVariance",
        "ngtdm": "Busyness Coarseness Complexity Strength Contrast",
        "glszm": "ZoneEntropy ZonePercentage SmallAreaEmphasis",
        "gldm": "DependenceEntropy SmallDependenceEmphasis LargeDependenceEmphasis",
        "shape2D": "Elongation Sphericity MajorAxisLength MinorAxisLength",
    },
    "zone": {
        "firstorder": "Mean 90Percentile InterquartileRange Skewness",
        "glcm": "Correlation JointEntropy Contrast",
    },
    "heart": {"shape2D": "Sphericity Elongation"},
}
LUNG_FEATURES, ZONE_FEATURES, HEART_FEATURES = (
    tuple((group, name) for group, names in _TABLES[part].items() for name in names.split())
    for part in ("lung", "zone", "heart")
)
"""(feature class, feature) of a whole lung, of each of its zones, and of the heart."""
LUNG_NAMES = (
    *(f"{group} {name}" for group, name in LUNG_FEATURES),
    *(f"{zone} zone {group} {name}" for zone in ZONES for group, name in ZONE_FEATURES),
)
"""What :func:`side_values` gives for a lung."""
HEART_NAMES = ("cardiothoracic ratio", *(f"heart {group} {name}" for group, name in HEART_FEATURES))


def standardised(case: Case) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The image float32 and the lung and heart masks bool, all (SIZE, SIZE), in grey levels from lung to heart.

    Without the film's bars, which would make its lungs smaller.
    """
    from medigenx_lib.segmentation.inputs import content_box  # imports torch

    box = content_box(case.image)
    image = _resized(box.cut(HEART_LEVEL * frames.brightness(case.image, case.masks)))
    return image, {
        name: _resized(box.cut(case.masks[name]).astype(np.float32)) > 0.5
        for name in ("right_lung", "left_lung", "heart")
    }


def _resized(image: np.ndarray) -> np.ndarray:
    if image.shape == (SIZE, SIZE):
        return image
    return np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def side_values(case: Case) -> dict[str, np.ndarray]:
    """LUNG_NAMES of the right and left lung and HEART_NAMES (key ``heart``), float64, by pyradiomics.

    NaN for what cannot be taken, such as the texture of a zone with hardly a pixel. Needs lung and heart masks.
    About 40 ms. Source of the features: van Griethuysen et al., Cancer Research 77, 2017.
    """
    image, masks = standardised(case)
    values = {}
    for side in SIDES:
        lung = masks[f"{side}_lung"]
        zones = [_values("zone", image, zone) for zone in geometry.zone_masks(lung).values()]
        values[side] = np.concatenate([_values("lung", image, lung), *zones])
    ratio = geometry.cardiothoracic_ratio(masks)
    return values | {"heart": np.append(ratio, _values("heart", image, masks["heart"]))}


def _values(part: str, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    import SimpleITK as sitk

    names = [f"original_{group}_{name}" for group, words in _TABLES[part].items() for name in words.split()]
    if mask.sum() < MIN_PIXELS or min(np.ptp(places) for places in np.nonzero(mask)) < 2:
        return np.full(len(names), np.nan)
    with np.errstate(all="ignore"):
        found = _extractor(part).execute(sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype(np.uint8)))
    # MCC is an eigenvalue, which some builds of LAPACK give as a complex number without an imaginary part
    values = np.array([float(np.real(found[name])) for name in names])
    return np.where(np.isfinite(values), values, np.nan)


@functools.lru_cache(3)
def _extractor(part: str):
    """As in :mod:`.features`, with the features of one part alone."""
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(**SETTINGS)
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(**{group: names.split() for group, names in _TABLES[part].items()})
    return extractor


def lung_table(values: Mapping[str, np.ndarray], side: str) -> np.ndarray:
    """One lung as a row: its own LUNG_NAMES, the same of the other lung, and HEART_NAMES; float64."""
    other = SIDES[1 - SIDES.index(side)]
    return np.concatenate([values[side], values[other], values["heart"]])
