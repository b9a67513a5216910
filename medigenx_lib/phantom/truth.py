"""Findings of a phantom, measured on its masks and its attenuation, not read off its parameters."""

from __future__ import annotations

import numpy as np

from medigenx_lib import geometry
from medigenx_lib.cases import SIDES, Finding, Findings, Measurement


def measure(masks: dict[str, np.ndarray], air: np.ndarray, filling: np.ndarray, pattern: str | None) -> Findings:
    """One finding per side for opacity and effusion, one for the heart: present or absent.

    Unknown only where a lung is not to be seen at all, wholly behind a large heart on a film of few pixels.
    ``masks`` bool (S, S) by name, ``air`` the healthy path length of lung air and ``filling`` the share of it that
    opacity replaces (S, S). Each finding carries the number behind it; truth has no interval.
    """
    return Findings(
        tuple(_opacity(side, masks, air, filling, pattern) for side in SIDES)
        + tuple(_effusion(side, masks) for side in SIDES)
        + (_heart(masks),)
    )


def _opacity(side, masks, air, filling, pattern) -> Finding:
    lung = masks[f"{side}_lung"]
    if not lung.any():
        return Finding("opacity", "unknown", side)
    share = geometry.extent(masks["opacity"], lung)
    number = Measurement(f"opacity_extent.{side}", share)
    if share < geometry.PRESENT_EXTENT:
        return Finding("opacity", "absent", side, extent=0.0, measurement=number)
    region = masks["opacity"] & lung
    replaced = float((air * filling)[region].sum() / air[region].sum())
    zones, density = geometry.zones_of(region, lung), geometry.density_of(replaced)
    return Finding("opacity", "present", side, zones, share, density, pattern, measurement=number)


def _effusion(side, masks) -> Finding:
    lung = masks[f"{side}_lung"]
    if not lung.any():
        return Finding("effusion", "unknown", side)
    share = geometry.extent(masks["effusion"], lung)
    number = Measurement(f"effusion_extent.{side}", share)
    if share < geometry.PRESENT_EXTENT:
        return Finding("effusion", "absent", side, extent=0.0, measurement=number)
    zones, severity = geometry.zones_of(masks["effusion"], lung), geometry.severity_of("effusion", share)
    return Finding("effusion", "present", side, zones, share, severity=severity, measurement=number)


def _heart(masks) -> Finding:
    ratio = geometry.cardiothoracic_ratio(masks)
    if not np.isfinite(ratio):
        return Finding("cardiomegaly", "unknown")
    number = Measurement("cardiothoracic_ratio", ratio)
    if not geometry.is_cardiomegaly(ratio):
        return Finding("cardiomegaly", "absent", measurement=number)
    return Finding("cardiomegaly", "present", severity=geometry.severity_of("cardiomegaly", ratio), measurement=number)
