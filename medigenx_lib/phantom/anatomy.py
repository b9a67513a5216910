"""Where things are: the view, the thoracic cage, the lungs, heart and diaphragm of one patient.

Lengths are in units of half the inner thoracic width; x grows to the patient's left (right in the picture), y
downwards from the level of the lung apices. The model is two and a half dimensional: every organ is a silhouette with
a path length along the beam.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from medigenx_lib.phantom.fields import bell, chord, edge, grid, power, smooth


@dataclass
class View:
    """Patient coordinates of every pixel, float32 (S, S). ``t`` is y over the height of the thorax."""

    x: np.ndarray
    y: np.ndarray
    t: np.ndarray
    side: np.ndarray  # |x|
    right: np.ndarray  # bool: the patient's right
    rightness: np.ndarray  # the same, soft across the midline, 0..1
    size: int
    pixel: float  # one pixel, in units of half the thoracic width
    height: float  # of the thorax, apex to base
    child: float  # 1 infant .. 0 adult


def make_view(p: SimpleNamespace, size: int) -> View:
    """Beam geometry: magnification, film aspect, shift, tilt, and a slight smooth warp (no patient is a formula)."""
    u, v = grid(size)
    height = p.height + 0.14 * (p.inspiration - 0.5)
    across, down = exposed(p)  # a collimated film shows the same patient, smaller
    x = p.zoom * p.film_aspect / across * (u + p.tilt * v) + p.shift_x
    y = p.zoom / down * (v - p.tilt * u) + p.shift_y + 0.5 * height
    x = x + 0.03 * p.warp * smooth(p.seed, "warp_x", size, 8)
    y = y + 0.03 * p.warp * smooth(p.seed, "warp_y", size, 8)
    return View(x, y, y / height, np.abs(x), x < 0, edge(-x, 0.12), size, 2 * p.zoom / size, height, 1 - p.age)


def exposed(p: SimpleNamespace) -> tuple[float, float]:
    """Shares of the film's width and height that collimation leaves exposed, 1 where it leaves all."""
    if p.collimation < 0.70:
        return 1.0, 1.0
    sides = int(3 * p.collimation_sides)  # left and right, top and bottom, or all four
    return 1 - p.collimation_width * (sides != 1), 1 - p.collimation_width * (sides != 0)


@dataclass
class Thorax:
    """Cage, lungs and heart of one patient on the pixel grid."""

    cage: np.ndarray  # half-width of the inner cage at this height
    radius: np.ndarray  # |x| over the cage's half-width: 1 at the inner chest wall
    above: np.ndarray  # distance above the diaphragm, negative below it
    core: np.ndarray  # chord through heart and great vessels, 0..1
    air: np.ndarray  # path length of lung air in the visible lung, healthy
    air_hidden: np.ndarray  # the same for the lung behind the domes of the diaphragm
    depth: np.ndarray  # path length through the thorax, lung depth
    lung: np.ndarray  # bool: the visible lung fields
    fillable: np.ndarray  # 0..1: the same, fading out over the rim of the heart
    heart: np.ndarray  # bool
    behind_heart: np.ndarray  # bool: lung hidden by the heart
    dome: np.ndarray  # y of the diaphragm's plateau


def make_thorax(p: SimpleNamespace, view: View) -> Thorax:
    """Everything between the inner chest walls. The lungs lose the air that heart and great vessels displace."""
    cage, radius = _cage(p, view)
    dome, surface = _diaphragm(p, view, radius)
    above = surface - view.y
    vessels = _mediastinum(p, view)
    heart, atrium = _heart(p, view, dome)
    squared = -np.log(bell(2.4 * vessels) + bell(2.4 * heart) + bell(2.4 * atrium) + 1e-9) / 2.4  # smooth union
    core = chord(squared)
    full = (
        1.7 * depth_of(p, view) * (p.apex_depth + (1 - p.apex_depth) / 0.42 * np.minimum(np.maximum(view.t, 0), 0.42))
    )
    profile = power(1 - power(np.minimum(radius, 1), p.lung_round), 1 / p.lung_round)
    solid = 0.68 + 0.27 * np.minimum(1.5 * chord(vessels), 1)  # lung goes on behind the heart, hardly beside the spine
    clear = full * profile * (1 - solid * np.minimum(1.9 * core, 1))
    over = edge(above, 0.015 + 0.5 * view.pixel)
    hidden = clear * (1 - over) * 0.2 * bell(np.maximum(-above, 0) / 0.16)
    inside = (radius < 1) & (above > 0) & (view.t > 0)
    lung = inside & (squared > 1)
    is_heart = ((heart < 1) | (atrium < 1)) & (above > -0.03)
    behind = inside & ~lung & (vessels > 1)
    fillable = edge(squared - 0.75, 0.25) * ((radius < 1.05) & (above > -0.05))
    return Thorax(cage, radius, above, core, clear * over, hidden, full, lung, fillable, is_heart, behind, dome)


def depth_of(p: SimpleNamespace, view: View) -> float:
    """Depth of the chest from front to back in the units of its width, about 0.56..0.90: small children are rounder."""
    return p.depth + 0.10 * view.child


def rotation_of(p: SimpleNamespace) -> float:
    """By what share one side of a turned patient's chest looks wider, and the other narrower: -0.06..0.06.

    The heart and the front of the ribs move with it against the spine.
    """
    return 0.06 * p.rotation


def _cage(p: SimpleNamespace, view: View) -> tuple[np.ndarray, np.ndarray]:
    upper = np.minimum(np.maximum(1 - view.t / p.cage_widest, 0), 1)
    cage = power(np.maximum(1 - power(upper, p.cage_power), 1e-3), 1 / p.cage_round)
    cage *= 1 - p.cage_taper * np.maximum(view.t - p.cage_widest, 0)
    cage *= 1 + (rotation_of(p) + p.asymmetry) * (2 * view.rightness - 1)
    return cage, view.side / cage


def _diaphragm(p: SimpleNamespace, view: View, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Plateau and surface: two domes, the right one higher, falling to the costophrenic sulci."""
    dome = view.height * (p.dome + p.dome_step * (1 - view.rightness) - 0.10 * (1 - p.inspiration))
    bend = p.dome_bend * (1 + (p.dome_left_bend - 1) * (1 - view.rightness))
    near = np.minimum(radius, 1.1)
    eighth = near * near
    eighth *= eighth
    return dome, dome + bend * (view.side - p.dome_place) ** 2 + p.sulcus * eighth * eighth


def _mediastinum(p: SimpleNamespace, view: View) -> np.ndarray:
    """Squared distance from the midline over the half-width of great vessels, thymus and hila roots."""
    w, t = view.rightness, view.t
    width = p.mediastinum_right * w + p.mediastinum_left * (1 - w) + 0.04 * view.child
    width = width + p.knob * (1 - 0.5 * view.child) * bell(((t - 0.27) / 0.07) ** 2) * (1 - w)
    thymus = max(p.thymus * view.child - 0.4, 0) * 0.5
    width = width + thymus * bell(((t - 0.30) / 0.15) ** 2) * (1 + p.thymus_side * (2 * w - 1))
    width = width + 0.13 * bell(np.maximum(t, 0) / 0.05) + 0.04 * edge(t - 0.42, 0.1)
    shift = 0.5 * rotation_of(p)
    return ((view.x - shift) / width) ** 2


def _heart(p: SimpleNamespace, view: View, dome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared radii of the ventricles' tilted ellipse and of the right atrium; together 2 CTR wide."""
    ratio = p.heart_large if p.chance_heart > 0.87 else p.heart_normal
    left, right = 2 * ratio * (1 - p.heart_share), -2 * ratio * p.heart_share
    c, s = math.cos(p.heart_turn), math.sin(p.heart_turn)
    long = 0.98 * ratio
    half = math.hypot(long * c, long * p.heart_flat * s)
    x = view.x - (left - half) - 0.4 * rotation_of(p)
    y = view.y - dome + 0.62 * math.hypot(long * s, long * p.heart_flat * c) - p.heart_low
    ventricles = ((x * c + y * s) / long) ** 2 + ((y * c - x * s) / (long * p.heart_flat)) ** 2
    atrium_width = p.atrium * ratio * 2 * 0.5
    atrium_x = view.x - right - atrium_width - 0.4 * rotation_of(p)
    return ventricles, (atrium_x / atrium_width) ** 2 + ((y + 0.02) / (0.66 * ratio)) ** 2
