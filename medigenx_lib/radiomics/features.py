"""The radiomic feature table: pyradiomics on each region of the lungs, as a tidy table, on all cores.

Two silent traps of pyradiomics are avoided in :func:`region_features`, and nowhere else is it called:

* with numpy 2 and a uint8 image the edges of the grey-level bins wrap around at 256 and most texture features
  are wrong, without a word: we pass float32;
* with ``force2D=True`` a 2D image is cut along ``force2Ddimension=0``, its rows, and the textures are those
  of single rows: a 2D image needs no such setting, and we pass none.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from medigenx_lib import geometry
from medigenx_lib.cases import SIDES, ZONES, Case
from medigenx_lib.radiomics.definitions import FEATURE_CLASSES, units

GREY_SCALE = 255.0
"""The image, 0..1, is multiplied by this, so that grey levels read as those of an 8-bit film."""
BIN_WIDTH = 8.0
"""Width of a grey-level bin. On 0..255 it gives at most 32 levels, and about 20 in a lung: within the 16 to 128
that pyradiomics' documentation recommends. The width is fixed, not the count, because all our images share one
scale and a fixed count would normalise away contrast, which is what disease changes."""
SETTINGS: dict[str, Any] = {"binWidth": BIN_WIDTH, "label": 1, "additionalInfo": False}
"""What pyradiomics is told; everything else is its default. No ``force2D``: see the module's docstring."""
MIN_PIXELS = 16
"""A smaller region is left out: its textures would rest on a handful of pairs."""
SIDE_ZONES = tuple(f"{side}_{zone}_zone" for side in SIDES for zone in ZONES)
"""The zones of each lung on its own."""
REGIONS = ("right_lung", "left_lung", "lungs", *(f"{zone}_zone" for zone in ZONES))
"""Each lung, both, and the upper, middle and lower zone of both together."""
ALL_REGIONS = (*REGIONS, *SIDE_ZONES)
COLUMNS = ("case", "region", "feature_class", "feature", "value", "unit")


class LeftOut(NamedTuple):
    """A region without rows in the table, and why: ``no lung mask``, ``empty``, ``too small``, or an error's text."""

    case: str
    region: str
    reason: str


def extract(
    cases: Sequence[Case], regions: Sequence[str] = REGIONS, workers: int | None = None, progress: bool = True
) -> pd.DataFrame:
    """All 2D features of pyradiomics for every case and region: one row a number. Lesson 08.

    Columns: case (id), region, feature_class, feature, value (float64), unit. 102 rows for each region of
    ``regions`` (from ``ALL_REGIONS``) that could be measured; the others are listed, with the reason, in
    :func:`left_out` of the table. Needs the masks ``right_lung`` and ``left_lung``. ``workers``: processes, None
    for one a core, or for what an enclosing ``joblib.parallel_config`` says (a cluster: see :mod:`.many`). The values
    are bit for bit those of a direct pyradiomics call on the float32 image times
    ``GREY_SCALE`` with ``SETTINGS``. Raises ValueError for an unknown region.
    Source: van Griethuysen et al., Cancer Research 77, 2017.
    """
    if unknown := set(regions) - set(ALL_REGIONS):
        raise ValueError(f"unknown regions {sorted(unknown)}; choose from {', '.join(ALL_REGIONS)}")
    results = list(_in_parallel(list(cases), tuple(regions), workers, progress))
    rows = [row for measured, _ in results for row in measured]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.attrs["left_out"] = [tuple(item) for _, missed in results for item in missed]
    return table.astype({"value": np.float64})


def left_out(table: pd.DataFrame) -> list[LeftOut]:
    """The regions that :func:`extract` could not measure, with the reason for each."""
    return [LeftOut(*item) for item in table.attrs.get("left_out", [])]


def _in_parallel(cases: list[Case], regions: tuple[str, ...], workers: int | None, progress: bool):
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    pool = Parallel(n_jobs=_processes(len(cases), workers), return_as="generator", batch_size="auto")
    # Workers get arrays, not cases: less to send, and they import neither torch nor the other rooms.
    jobs = (delayed(_case_rows)(case.id, case.image, _lungs(case), regions) for case in cases)
    return tqdm(pool(jobs), total=len(cases), desc="radiomics", unit="film", disable=not progress)


def _processes(cases: int, workers: int | None) -> int | None:
    """How many at a time; None leaves it to the enclosing ``joblib.parallel_config``."""
    from joblib.parallel import LokyBackend, get_active_backend

    backend, wanted = get_active_backend()
    if workers is None and (wanted is not None or not isinstance(backend, LokyBackend)):
        return None
    # Processes, since pyradiomics holds the interpreter lock; a few cases are done before a process has started.
    return 1 if cases < 4 else min(workers or os.cpu_count() or 1, cases)


def _lungs(case: Case) -> np.ndarray | None:
    """bool (2, H, W), right and left lung; None if the case has no such masks."""
    masks = [case.masks.get(f"{side}_lung") for side in SIDES]
    return None if any(mask is None for mask in masks) else np.stack(masks)


def _case_rows(
    case: str, image: np.ndarray, lungs: np.ndarray | None, regions: tuple[str, ...]
) -> tuple[list[tuple], list[LeftOut]]:
    if lungs is None:
        return [], [LeftOut(case, region, "no lung mask: run segmentation.segment first") for region in regions]
    masks, unit_of, rows, missed = region_masks(lungs), units(), [], []
    for region in regions:
        try:
            values = region_features(image, masks[region])
        except Exception as error:  # one region that fails must not cost the others
            missed.append(LeftOut(case, region, str(error)))
            continue
        rows += [(case, region, *key, value, unit_of[key]) for key, value in values.items()]
    return rows, missed


def region_masks(lungs: np.ndarray) -> dict[str, np.ndarray]:
    """Every region of ``ALL_REGIONS`` as bool (H, W), from the right and left lung, bool (2, H, W).

    A zone is a third of that lung's own height (``geometry.zone_masks``).
    """
    masks = {f"{side}_lung": lungs[i] for i, side in enumerate(SIDES)} | {"lungs": lungs[0] | lungs[1]}
    for i, side in enumerate(SIDES):
        for zone, mask in geometry.zone_masks(lungs[i]).items():
            masks[f"{side}_{zone}_zone"] = mask
    for zone in ZONES:
        masks[f"{zone}_zone"] = masks[f"right_{zone}_zone"] | masks[f"left_{zone}_zone"]
    return masks


def region_features(image: np.ndarray, mask: np.ndarray) -> dict[tuple[str, str], float]:
    """(feature_class, feature) -> value for the pixels of ``image`` (H, W), 0..1, under ``mask`` bool (H, W).

    Raises ValueError if the region is empty, too small, a line, or if a feature is not finite on it.
    """
    import SimpleITK as sitk

    if mask.sum() < MIN_PIXELS:
        raise ValueError("empty" if not mask.any() else f"too small: {mask.sum()} pixels of {MIN_PIXELS}")
    picture = sitk.GetImageFromArray(np.asarray(image, np.float32) * np.float32(GREY_SCALE))
    with np.errstate(all="ignore"):
        found = _extractor().execute(picture, sitk.GetImageFromArray(mask.astype(np.uint8)))
    # MCC is an eigenvalue, which some builds of LAPACK give as a complex number without an imaginary part
    values = {key: float(np.real(found[f"original_{key[0]}_{key[1]}"])) for key in units()}
    if strange := [name for name, value in values.items() if not np.isfinite(value)]:
        raise ValueError(f"not finite: {', '.join('_'.join(name) for name in strange)}")
    return values


@lru_cache(1)
def _extractor():
    """One extractor a process, with every 2D class on and its log silent."""
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)  # it logs to stderr on import and on each call
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(**SETTINGS)
    extractor.disableAllFeatures()
    for name in FEATURE_CLASSES:
        extractor.enableFeatureClassByName(name)
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)  # importing it set the level anew
    return extractor
