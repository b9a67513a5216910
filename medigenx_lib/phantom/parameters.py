"""What may vary: one table of prior ranges, and the presets that narrow it.

Every number is uniform between the two ends of its range, from its own stream (:mod:`.streams`). Lengths are in units
of half the inner thoracic width, angles in radians, and ``chance_*`` are compared with probabilities. Ranges may be
tuned and names added without moving any other number; a changed meaning wants a new name.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from medigenx_lib.phantom import streams

LESIONS = 4
"""At most so many separate foci of opacity."""

Range = tuple[float, float]

PATIENT: dict[str, Range] = {
    "age": (0, 1), "height": (1.18, 1.95), "habitus": (0, 1), "wall": (0.06, 0.34), "depth": (0.56, 0.70),
    "cage_power": (1.3, 2.4), "cage_round": (1.7, 2.8), "cage_widest": (0.78, 1.04), "cage_taper": (0.0, 0.35),
    "lung_round": (2.2, 4.2), "apex_depth": (0.30, 0.62), "air": (0.50, 0.86), "asymmetry": (-0.05, 0.05),
    "inspiration": (0, 1), "dome": (0.78, 0.93), "dome_step": (0.01, 0.07), "dome_bend": (0.35, 0.85),
    "dome_place": (0.36, 0.50), "dome_left_bend": (0.7, 1.3), "sulcus": (0.06, 0.28),
    "heart_normal": (0.38, 0.515), "heart_large": (0.595, 0.70), "chance_heart": (0, 1), "heart_share": (0.24, 0.38),
    "heart_turn": (0.35, 0.95), "heart_flat": (0.62, 0.86), "heart_low": (0.02, 0.14), "atrium": (0.35, 0.55),
    "mediastinum_right": (0.12, 0.22), "mediastinum_left": (0.11, 0.20), "knob": (0.0, 0.10), "thymus": (0, 1),
    "thymus_side": (-1, 1), "hilum": (0.4, 1.4), "vessels": (0.5, 1.6), "vessel_tree_right": (0, 1),
    "vessel_tree_left": (0, 1), "vessel_turn": (-0.3, 0.3), "tracheal_width": (0.05, 0.09),
    "tracheal_shift": (-0.04, 0.04), "carina": (0.28, 0.38),
    "rib_count": (8.2, 10.2), "rib_slope": (-0.05, 0.06), "rib_width": (0.16, 0.22), "rib_mineral": (0.7, 1.3),
    "rib_front": (0.35, 0.60), "rib_phase": (0.15, 0.55), "spine_width": (0.10, 0.145), "spine_mineral": (0.10, 0.50),
    "spine_curve": (-0.05, 0.05), "disc": (0.10, 0.34), "clavicle_height": (-0.02, 0.20),
    "clavicle_slope": (-0.05, 0.38),
    "clavicle_mineral": (0.6, 1.2), "scapula": (0, 1), "scapula_place": (0.86, 1.12), "humerus": (0.0, 1.0),
    "arm_lift": (0, 1), "neck": (0.36, 0.56), "shoulder": (-0.50, -0.20), "shoulder_slope": (0.15, 0.50),
    "shoulder_width": (0.05, 0.42),
    "chin": (0, 1),
    "breast": (0, 1), "breast_size": (0.30, 0.55), "breast_low": (0.62, 0.92), "breast_place": (0.42, 0.62),
    "pectoral": (0, 1), "stomach": (0, 1), "stomach_place": (0.32, 0.60), "stomach_size": (0.12, 0.30),
    "bowel": (0, 1), "fat_stripe": (0, 1),
}  # fmt: skip

DISEASE: dict[str, Range] = {
    "chance_disease": (0, 1), "pattern": (0, 1), "side": (0, 1), "foci": (0, 1), "filling": (0.18, 1.0),
    "bronchogram": (0, 1), "lobe": (0, 1), "chance_effusion": (0, 1), "effusion": (0.10, 0.55),
    "effusion_side": (0, 1), "interstitial_spread": (0, 1),
    **{f"focus_{k}_{what}": (0, 1) for k in range(LESIONS) for what in ("side", "x", "y", "radius", "turn", "shape")},
}  # fmt: skip

ACQUISITION: dict[str, Range] = {
    "zoom": (0.80, 1.40), "film_aspect": (0.95, 1.35), "shift_x": (-0.12, 0.12), "shift_y": (-0.16, 0.16),
    "tilt": (-0.08, 0.08), "rotation": (-1, 1), "warp": (0.2, 0.8), "energy": (0, 1), "scatter": (0.5, 3.0),
    "sharpness": (0.001, 0.0045), "dose": (3.9, 5.4), "centre": (-0.55, 0.50), "contrast": (0.35, 1.8),
    "latitude": (0.1, 0.8), "toe": (0.75, 1.3), "unsharp": (0.0, 0.8), "vignette": (-0.12, 0.12),
    "texture": (0.01, 0.06), "black": (0.0, 0.20), "white": (0.70, 1.0),
    "marker": (0, 1), "marker_place": (0, 1), "marker_height": (0, 1), "wire": (0, 1), "wire_place": (-0.7, 0.7),
    "wire_slope": (-0.6, 0.6), "tube": (0, 1), "electrode": (0, 1), "electrode_place": (0, 1), "textbox": (0, 1),
    "collimation": (0, 1), "collimation_width": (0.02, 0.34), "collimation_turn": (-0.06, 0.06),
    "collimation_sides": (0, 1), "border": (0, 1),
}  # fmt: skip

PRIORS: dict[str, Range] = {**PATIENT, **DISEASE, **ACQUISITION}

PAEDIATRIC: dict[str, Range] = {
    "age": (0.0, 0.35), "height": (1.30, 1.66), "wall": (0.05, 0.24), "depth": (0.62, 0.80), "inspiration": (0.4, 1.0),
    "cage_power": (1.32, 1.76), "cage_round": (1.7, 2.7), "cage_widest": (0.76, 0.92), "shoulder_width": (0.0, 0.26),
    "air": (0.54, 0.77), "apex_depth": (0.38, 0.70), "lung_round": (2.8, 4.0), "dome": (0.82, 0.94),
    "dome_bend": (0.5, 0.9), "sulcus": (0.14, 0.31), "heart_normal": (0.42, 0.52), "heart_share": (0.23, 0.32),
    "heart_low": (-0.05, 0.13), "mediastinum_right": (0.12, 0.24), "mediastinum_left": (0.15, 0.28),
    "neck": (0.48, 0.70), "shoulder": (-0.64, -0.22), "shoulder_slope": (0.10, 0.36), "chin": (0.0, 0.7),
    "arm_lift": (0.35, 1.0), "vessels": (0.9, 2.1), "spine_mineral": (0.25, 1.0), "rib_mineral": (0.6, 1.5),
    "rib_count": (9.4, 11.2), "rib_slope": (-0.06, 0.02), "clavicle_height": (0.0, 0.09), "breast": (0.0, 0.6),
    "zoom": (1.00, 1.28), "film_aspect": (1.06, 1.40), "shift_x": (-0.09, 0.09), "shift_y": (-0.13, 0.14),
    "tilt": (-0.08, 0.08), "warp": (0.2, 0.7), "energy": (0.0, 0.6), "scatter": (0.5, 1.8), "contrast": (0.50, 1.12),
    "centre": (-0.50, 0.28), "latitude": (0.2, 0.95), "toe": (0.75, 1.27), "unsharp": (0.05, 0.40),
    "vignette": (-0.14, 0.12), "black": (0.0, 0.07), "white": (0.82, 0.98), "wire": (0.0, 0.9), "tube": (0.0, 0.92),
    "electrode": (0.0, 0.9), "textbox": (0.0, 0.93), "collimation": (0.0, 0.82), "collimation_width": (0.0, 0.12),
    "border": (0.0, 0.9),
}  # fmt: skip
"""Close to the films of small children in PneumoniaMNIST; tuned on its training films alone."""

CROPPED: dict[str, Range] = {
    **PAEDIATRIC, "film_aspect": (0.90, 1.10), "zoom": (0.97, 1.12), "height": (1.27, 1.68), "depth": (0.68, 0.84),
    "air": (0.49, 0.75), "lung_round": (2.1, 3.4), "heart_low": (-0.12, 0.18), "mediastinum_left": (0.13, 0.26),
    "chin": (0.17, 1.0), "rib_count": (8.9, 10.8), "energy": (0.3, 0.8), "contrast": (0.40, 0.96),
    "centre": (-0.88, -0.05), "latitude": (0.05, 0.65), "unsharp": (0.0, 0.27), "white": (0.86, 1.0),
    "collimation": (0.0, 0.73),
}  # fmt: skip
"""The same children as PneumoniaMNIST shows them: its 64-pixel stand-in squeezes the whole film into a square, MedMNIST
crops the middle square out of it."""

MATCHED: dict[str, Range] = {
    **PAEDIATRIC, "height": (1.35, 1.59), "wall": (0.03, 0.28), "depth": (0.72, 0.84), "cage_power": (1.33, 1.65),
    "cage_round": (1.37, 2.7), "cage_taper": (0.01, 0.24), "lung_round": (3.06, 3.94), "apex_depth": (0.45, 0.7),
    "air": (0.49, 0.75), "dome_step": (0.01, 0.07), "sulcus": (0.17, 0.36), "heart_normal": (0.37, 0.53),
    "heart_share": (0.25, 0.36), "heart_flat": (0.7, 0.89), "heart_low": (-0.21, 0.01), "atrium": (0.29, 0.61),
    "mediastinum_right": (0.11, 0.19), "mediastinum_left": (0.15, 0.24), "hilum": (0.83, 1.48),
    "tracheal_width": (0.038, 0.085), "rib_count": (8.22, 10.99), "rib_mineral": (0.72, 1.38),
    "rib_front": (0.28, 0.64), "rib_phase": (0.2, 0.67), "spine_width": (0.096, 0.158), "spine_mineral": (0.27, 0.73),
    "clavicle_height": (0.01, 0.07), "clavicle_slope": (-0.06, 0.49), "scapula_place": (0.78, 1.18),
    "shoulder": (-0.77, -0.07), "shoulder_slope": (0.05, 0.42), "shoulder_width": (0, 0.28),
    "stomach_place": (0.31, 0.68), "stomach_size": (0.11, 0.24), "zoom": (0.91, 1.14), "film_aspect": (0.89, 1.19),
    "shift_y": (-0.06, 0.06), "tilt": (-0.11, 0.1), "scatter": (0.25, 2.31), "sharpness": (0.002, 0.0045),
    "dose": (4.26, 4.95), "centre": (-0.88, -0.05), "contrast": (0.44, 0.7), "latitude": (0.08, 0.51),
    "unsharp": (0, 0.27), "texture": (0.03, 0.06), "black": (0, 0.1), "white": (0.86, 1), "chin": (0.17, 1),
    "energy": (0.3, 0.8), "collimation": (0, 0.73),
}  # fmt: skip
"""As ``CROPPED``, nearer to PneumoniaMNIST in grey values: found by an evolution strategy for the least Frechet
distance to its training films in 48 pixel components at 28x28, most of all of normal films. Contrast is lower, so
findings are harder to measure; no network has learnt from these."""

OVERRIDES: dict[str, dict[str, Range]] = {
    "paediatric": PAEDIATRIC, "wide": {}, "pneumoniamnist": CROPPED, "matched": MATCHED
}  # fmt: skip
TAUGHT = ("paediatric", "wide", "pneumoniamnist")
"""The presets that networks learn from, and on which thresholds are calibrated."""
PRESETS = tuple(OVERRIDES)
PREVALENCE = 0.5
"""Share of cases with opacity when the caller does not say."""


def draw(seeds: Sequence[int], preset: str) -> list[SimpleNamespace]:
    """One namespace of plain floats per seed: every name of ``PRIORS``, plus ``seed``."""
    table = {**PRIORS, **OVERRIDES[preset]}
    names = list(table)
    units = streams.uniforms(seeds, names)
    low, high = (list(ends) for ends in zip(*table.values(), strict=True))
    values = low + (units * ([h - lo for h, lo in zip(high, low, strict=True)]))
    return [
        SimpleNamespace(seed=seed, **dict(zip(names, row, strict=True)))
        for seed, row in zip(seeds, values.tolist(), strict=True)
    ]
