"""Pneumonia and parapneumonic effusion: shares of the lung's air that are replaced by fluid.

Disease acts on the air of the visible lung alone, so silhouette signs arise by themselves: where lung beside the
heart fills, the heart's border is lost. Nothing else in the film knows of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from medigenx_lib.cases import PATTERNS
from medigenx_lib.geometry import PRESENT_EXTENT
from medigenx_lib.phantom.anatomy import Thorax, View
from medigenx_lib.phantom.fields import bell, edge, smooth
from medigenx_lib.phantom.parameters import LESIONS
from medigenx_lib.phantom.tissue import branches

PATTERN_ENDS = (0.32, 0.44, 0.78)
VISIBLE = 0.25
"""An opacity's mask is where its profile exceeds this share of its peak: the soft rim beyond is below notice."""
NOTICED = 0.09
"""And where it replaces this share of the air on average: less brightens the film by under half the spread of a healthy
lung's brightness, and no eye tells it from ribs and vessels. See ``tests/phantom/test_visibility.py``."""
MESH = 0.6
"""Mean of the texture of an interstitial opacity: the rest of its air is left between streaks and mesh."""
LOBES = {  # fissure (share of the thorax's height), which side of it fills (+1 below), centre x, centre t
    True: ((0.44, -1, 0.50, 0.24), (0.46, 1, 0.40, 0.64), (0.40, 1, 0.58, 0.80)),
    False: ((0.52, -1, 0.52, 0.28), (0.50, 1, 0.52, 0.68), (0.42, 1, 0.58, 0.80)),
}  # fmt: skip


@dataclass
class Disease:
    """``replaced``: share of the air gone, 0..1 (S, S). ``filling``: the same by opacity alone. Masks are bool."""

    replaced: np.ndarray
    filling: np.ndarray
    opacity: np.ndarray
    effusion: np.ndarray
    pattern: str | None


def healthy(view: View) -> Disease:
    """No disease: nothing replaced."""
    zero, none = np.zeros_like(view.x), np.zeros(view.x.shape, bool)
    return Disease(zero, zero, none, none, None)


def sick(p: SimpleNamespace, view: View, thorax: Thorax) -> Disease:
    """Opacity, always large enough to count as present, and in some cases an effusion."""
    pattern = PATTERNS[sum(p.pattern > end for end in PATTERN_ENDS)]
    profile, texture = _grown(p, view, thorax, pattern)
    opacity = _seen(p, thorax, pattern, profile, texture)
    filling = profile * texture * _filling(p, pattern) * thorax.fillable
    fluid = _effusion(p, view, thorax)
    replaced = 1 - (1 - filling) * (1 - 0.97 * fluid)
    return Disease(replaced, filling, opacity, (fluid > 0.5) & thorax.lung, pattern)


def _seen(p: SimpleNamespace, thorax: Thorax, pattern: str, profile: np.ndarray, texture: np.ndarray) -> np.ndarray:
    """Where the opacity can be noticed: bool (S, S)."""
    peak = _filling(p, pattern) * float(texture.mean())
    return (profile > max(VISIBLE, NOTICED / peak)) & thorax.lung


def _filling(p: SimpleNamespace, pattern: str) -> float:
    """Share of the air that is gone where the opacity is densest, before its texture; never too little to be seen."""
    return max(0.75 * p.filling, 2 * NOTICED / MESH) if pattern == "interstitial" else p.filling


def _grown(p: SimpleNamespace, view: View, thorax: Thorax, pattern: str) -> tuple[np.ndarray, np.ndarray]:
    """Profile 0..1 and inner texture. A focus that would be too small to count is grown until it counts."""
    draw = {"lobar": _lobar, "round": _round, "patchy": _patchy, "interstitial": _interstitial}[pattern]
    for grow in (1.0, 1.3, 1.7, 2.2, 3.0):
        profile, texture = draw(p, view, thorax, grow)
        seen = _seen(p, thorax, pattern, profile, texture)
        counted = _counted(seen, thorax.lung, view.right, 1.5 * PRESENT_EXTENT)
        if counted.any():
            return profile * counted, texture
    return np.ones_like(view.x), _uneven(p, view, 0.1)  # hardly any lung on that side: both are white


def _counted(region: np.ndarray, lung: np.ndarray, right: np.ndarray, least: float) -> np.ndarray:
    """Bool (S, S): the halves of the film in which the region covers at least this share of the lung."""
    keep = np.zeros_like(region)
    for half in (right, ~right):
        if np.count_nonzero(region & half) >= max(least * np.count_nonzero(lung & half), 1):
            keep |= half
    return keep


def _focus(p: SimpleNamespace, view: View, k: int, x: float, y: float, radius: float, rough: float, soft: float):
    """One ellipse with an irregular, soft border: (S, S) in 0..1."""
    turn, stretch = math.pi * getattr(p, f"focus_{k}_turn"), 0.8 + 0.45 * getattr(p, f"focus_{k}_shape")
    c, s, dx, dy = math.cos(turn), math.sin(turn), view.x - x, view.y - y
    squared = ((dx * c + dy * s) / (radius * stretch)) ** 2 + ((dy * c - dx * s) * stretch / radius) ** 2
    return edge(1 - np.sqrt(squared) + rough * smooth(p.seed, f"focus_{k}_border", view.size, 14), soft)


def _uneven(p: SimpleNamespace, view: View, depth: float) -> np.ndarray:
    """Gentle unevenness of a filling, around 1."""
    return np.minimum(np.maximum(1 - depth * smooth(p.seed, "opacity_texture", view.size, 18), 0.4), 1.25)


def _bronchograms(p: SimpleNamespace, view: View, thorax: Thorax) -> np.ndarray | float:
    """Branches that stay open inside a dense consolidation: a factor for the filling."""
    if p.bronchogram < 0.5 or p.filling < 0.45:
        return 1.0  # they need filled lung around them to be seen
    return 1 - 0.35 * np.minimum(branches(p, view, 0.37, 1.15) * 22, 1) * edge(0.62 - thorax.radius, 0.25)


def _lobar(p, view, thorax, grow):
    """Consolidation of most of a lobe, cut sharply by its fissure."""
    right = p.side < 0.6
    fissure, way, x, t = LOBES[right][min(int(3 * p.lobe), 2)]
    sign = -1 if right else 1
    radius = (0.30 + 0.26 * p.focus_0_radius) * grow
    place_x, place_y = sign * (x + 0.2 * (p.focus_0_x - 0.5)), (t + 0.12 * (p.focus_0_y - 0.5)) * view.height
    focus = _focus(p, view, 0, place_x, place_y, radius, 0.13, 0.30)
    slope = 0.3 * (p.focus_1_turn - 0.5)
    line = (fissure + 0.06 * (p.focus_1_y - 0.5)) * view.height + slope * (view.side - 0.5)
    focus = focus * edge(way * (view.y - line), 0.03 + 0.5 * view.pixel) * (view.right == right)
    return focus, _uneven(p, view, 0.10) * _bronchograms(p, view, thorax)


def _round(p, view, thorax, grow):
    """Round pneumonia, commonest in children: one ball, well defined."""
    sign = -1 if p.side < 0.6 else 1
    x, y = sign * (0.38 + 0.34 * p.focus_0_x), (0.30 + 0.45 * p.focus_0_y) * view.height
    ball = _focus(p, view, 0, x, y, (0.14 + 0.14 * p.focus_0_radius) * grow, 0.06, 0.22)
    return ball * (view.right == (sign < 0)), _uneven(p, view, 0.08)


def _patchy(p, view, thorax, grow):
    """Bronchopneumonia: two to four ill-defined foci, more of them low, on one side or both."""
    total = np.zeros_like(view.x)
    for k in range(2 + int(p.foci * (LESIONS - 1.001))):
        right = (p.side < 0.55) != (k > 0 and getattr(p, f"focus_{k}_side") < 0.40)
        x = (-1 if right else 1) * (0.30 + 0.42 * getattr(p, f"focus_{k}_x"))
        y = (0.25 + 0.60 * getattr(p, f"focus_{k}_y") ** 0.75) * view.height
        radius = (0.11 + 0.20 * getattr(p, f"focus_{k}_radius")) * grow
        spot = _focus(p, view, k, x, y, radius, 0.26, 0.60) * (view.right == right)
        total = np.maximum(total, spot)
    return total, _uneven(p, view, 0.16)


def _interstitial(p, view, thorax, grow):
    """Streaks and fine mesh along bronchi and vessels, spreading from the hila, on both sides in most cases."""
    spread = (0.24 + 0.40 * p.interstitial_spread) * grow
    y = (0.46 + 0.20 * p.focus_0_y) * view.height
    squared = ((view.side - 0.28) / spread) ** 2 + ((view.y - y) / (1.25 * spread)) ** 2
    profile = edge(1.15 - np.sqrt(squared) + 0.18 * smooth(p.seed, "interstitial_border", view.size, 14), 0.55)
    if p.side > 0.70:
        profile = profile * (view.right == (p.side < 0.86))
    streaks = np.minimum(branches(p, view, 0.61, 0.9) * 40 + branches(p, view, 0.23, 1.1) * 40, 1)
    mesh = bell((smooth(p.seed, "interstitial_mesh", view.size, 34) / 0.45) ** 2)
    return profile, np.minimum(0.45 + 0.30 * streaks + 0.35 * mesh, 1)


def _effusion(p: SimpleNamespace, view: View, thorax: Thorax) -> np.ndarray:
    """Free fluid at the base, its level rising towards the chest wall (the meniscus): (S, S) in 0..1."""
    if p.chance_effusion < 0.78:
        return np.zeros_like(view.x)
    right = p.effusion_side < 0.5
    wall = np.minimum(thorax.radius, 1.0)
    level = thorax.dome + 0.16 - p.effusion * view.height - 0.26 * wall**4
    fluid = edge(view.y - level, 0.035 + 0.5 * view.pixel) * (view.right == right) * thorax.fillable
    return fluid * _counted((fluid > 0.5) & thorax.lung, thorax.lung, view.right, PRESENT_EXTENT)
