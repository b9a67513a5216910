"""Masks -> numbers, defined once: what a zone, an extent and a cardiothoracic ratio are.

The phantom's truth and the radiomics room's measurements both use these definitions, so that a measured number and
the true one mean the same. Masks are bool (H, W), in the orientation of :mod:`medigenx_lib.cases`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medigenx_lib.cases import CARDIOMEGALY_CTR, DENSITIES, SEVERITIES, ZONES

PRESENT_EXTENT = 0.02
"""An opacity or effusion is present when it covers at least this share of its lung."""
ZONE_SHARE = 0.20
"""A zone is listed when it holds at least this share of the finding's area in that lung."""
DENSITY_LIMITS = (0.30, 0.52)
"""Share of the lung's air replaced, averaged over the opacity: faint below the first, dense above the second."""
SEVERITY_LIMITS = {"effusion": (0.15, 0.35), "cardiomegaly": (0.60, 0.66)}
"""Mild below the first limit, severe above the second: effusion by extent, cardiomegaly by its ratio."""


def zone_masks(lung: np.ndarray) -> dict[str, np.ndarray]:
    """Upper, middle and lower third of the lung's own height, apex to base. All empty for an empty lung."""
    rows = np.flatnonzero(lung.any(1))
    if rows.size == 0:
        return {zone: np.zeros_like(lung) for zone in ZONES}
    third = (np.arange(lung.shape[0]) - rows[0]) * 3 // (rows[-1] - rows[0] + 1)
    return {zone: lung & (third == index)[:, None] for index, zone in enumerate(ZONES)}


def extent(region: np.ndarray, lung: np.ndarray) -> float:
    """Share of the lung's area that the region covers, 0..1; NaN for an empty lung (not measurable)."""
    area = np.count_nonzero(lung)
    return float(np.count_nonzero(region & lung) / area) if area else float("nan")


def zone_shares(region: np.ndarray, lung: np.ndarray) -> np.ndarray:
    """The share of the region's area within this lung that each zone holds, float64 (3,), apex to base; 0 if none."""
    rows, total = np.flatnonzero(lung.any(1)), np.count_nonzero(region & lung)
    if total == 0:
        return np.zeros(len(ZONES))
    per_row = np.count_nonzero(region & lung, axis=1)
    third = np.clip((np.arange(lung.shape[0]) - rows[0]) * 3 // (rows[-1] - rows[0] + 1), 0, 2)
    return np.bincount(third, weights=per_row, minlength=3) / total


def zones_of(region: np.ndarray, lung: np.ndarray) -> tuple[str, ...]:
    """The zones that each hold at least ``ZONE_SHARE`` of the region's area within this lung, apex to base."""
    return tuple(zone for zone, share in zip(ZONES, zone_shares(region, lung), strict=True) if share >= ZONE_SHARE)


def width(mask: np.ndarray) -> int:
    """Greatest horizontal extent in pixels, from the leftmost to the rightmost pixel; 0 if empty."""
    columns = np.flatnonzero(mask.any(0))
    return int(columns[-1] - columns[0] + 1) if columns.size else 0


def cardiothoracic_ratio(masks: Mapping[str, np.ndarray]) -> float:
    """Greatest heart width over greatest inner thoracic width (both lungs); NaN if heart or a lung is empty.

    Source: Danzer, American Journal of the Medical Sciences 157 (1919). The usual limit is 0.50 in adults on
    posteroanterior films and 0.55 in small children and on anteroposterior films; see ``CARDIOMEGALY_CTR``.
    """
    if not all(masks[name].any() for name in ("heart", "right_lung", "left_lung")):
        return float("nan")
    return width(masks["heart"]) / width(masks["right_lung"] | masks["left_lung"])


def density_of(replaced_share: float) -> str:
    """``faint``, ``moderate`` or ``dense`` for the share of air replaced, 0..1."""
    return DENSITIES[sum(replaced_share >= limit for limit in DENSITY_LIMITS)]


def severity_of(kind: str, value: float) -> str:
    """``mild``, ``moderate`` or ``severe`` for an effusion's extent or a cardiothoracic ratio."""
    return SEVERITIES[sum(value >= limit for limit in SEVERITY_LIMITS[kind])]


def is_cardiomegaly(ratio: float) -> bool:
    """Whether a cardiothoracic ratio lies above ``CARDIOMEGALY_CTR``."""
    return ratio > CARDIOMEGALY_CTR
