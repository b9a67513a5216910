"""Ribs, spine, clavicles, scapulae and humeri: path lengths of mineral along the beam."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from medigenx_lib.phantom.anatomy import Thorax, View, rotation_of
from medigenx_lib.phantom.fields import bell, chord, edge


def bone(p: SimpleNamespace, view: View, thorax: Thorax) -> np.ndarray:
    """Water-like mineral path length (S, S) of all bones together, in units of half the thoracic width."""
    mineral = p.rib_mineral * (0.72 + 0.28 * p.age)
    total = 0.105 * mineral * _ribs(p, view, thorax)
    total += 0.24 * p.spine_mineral * (0.55 + 0.45 * p.age) * _spine(p, view)
    total += 0.10 * p.clavicle_mineral * _clavicles(p, view)
    return total + _shoulders(p, view)


def _ribs(p: SimpleNamespace, view: View, thorax: Thorax) -> np.ndarray:
    """All ribs at once: a rib is where the phase of a slanting pattern passes a whole number.

    Behind, ribs leave the spine almost level and fall sideways; in front they fall towards the sternum and end in
    cartilage. Below the diaphragm they fade: there the film is at its limit.
    """
    drop = (0.20 + 0.18 * p.age + p.rib_slope) * view.height
    pitch, turn = view.height / p.rib_count, rotation_of(p) * (2 * view.rightness - 1)
    rear, front = thorax.radius / 1.05 - 0.5 * turn, thorax.radius / 1.05 + turn
    rear_chord, front_chord = chord(rear * rear), chord(front * front)
    arch = 0.10 * view.height * (rear - 0.35) ** 2  # up from the spine before it falls
    behind = _bars((view.y - drop * (0.5 - 0.6 * rear_chord) + arch) / pitch + p.rib_phase, p.rib_width, 12)
    ahead = _bars((view.y - drop * (0.5 + 0.5 * front_chord)) / pitch + p.rib_phase, p.rib_width * 0.95, 8)
    behind *= edge(1 - rear, 0.03) * edge(thorax.radius - 0.10, 0.05) / (rear_chord + 0.30)
    ahead *= edge(1 - front, 0.03) * edge(front - p.rib_front, 0.12) / (front_chord + 0.30)
    return (behind + 0.45 * ahead) * (0.22 + 0.78 * edge(thorax.above + 0.05, 0.16))


def _bars(phase: np.ndarray, half_width: float, last: int) -> np.ndarray:
    """Bars at whole phases 1..last: bright cortex at both edges around a paler marrow."""
    nearest = np.rint(phase)
    distance = (phase - nearest) * (1 / half_width)
    distance *= distance
    bar = chord(distance) - 0.62 * chord(1.6 * distance)
    return bar * ((nearest > 0.5) & (nearest < last))


def _spine(p: SimpleNamespace, view: View) -> np.ndarray:
    """Vertebral bodies with waists, discs between them, pedicles, and a flat profile rather than a tube's."""
    t = view.t
    x = view.x + 0.15 * rotation_of(p) - p.spine_curve * (t - 0.5) * (1.5 - t)
    phase = view.y / (view.height / p.rib_count) + p.rib_phase
    middle = np.abs(phase - np.rint(phase)) * 2  # 0 in the middle of a vertebra, 1 in a disc
    width = p.spine_width * (0.86 + 0.14 * middle) * (0.92 + 0.16 * np.maximum(t, -0.5))
    across = np.abs(x) / width
    body = edge(1 - across, 0.35) * (0.6 + 0.4 * edge(t + 0.06, 0.12)) * (1 - p.disc * edge(middle - 0.80, 0.16))
    pedicles = 0.22 * bell(((across - 0.62) / 0.2) ** 2 + ((middle - 0.25) / 0.3) ** 2)
    return body * (0.72 + 0.20 * edge(across - 0.55, 0.3)) + pedicles


def _clavicles(p: SimpleNamespace, view: View) -> np.ndarray:
    """S-shaped bars from the sternum outwards, thicker at both ends."""
    out = view.side + rotation_of(p) * (2 * view.rightness - 1)
    line = p.clavicle_height * view.height - p.clavicle_slope * (out - 0.5) - 0.05 * np.sin(5.2 * (out - 0.12))
    thickness = 0.026 + 0.04 * np.abs(out - 0.5)
    distance = ((view.y - line) / thickness) ** 2
    return (chord(distance) - 0.4 * chord(1.9 * distance)) * edge(out - 0.16, 0.04) * edge(1.0 - out, 0.10)


def _shoulders(p: SimpleNamespace, view: View) -> np.ndarray:
    """Scapular blades with a dense lateral border, and the humeri, lowered or lifted beside the head."""
    x, y = view.side - p.scapula_place - 0.2 * (view.t - 0.25), view.t
    inside = np.maximum(np.maximum(-x, 0.8 * x + 0.45 * y * view.height - 0.40), -(y + 0.02) * view.height)
    blade = edge(-inside, 0.03) * (0.30 + 0.70 * bell((inside / 0.035) ** 2)) * (0.03 if p.scapula > 0.2 else 0)
    lean = (0.9 * p.arm_lift - 0.25) * (y - 0.02)  # lifted arms lean inwards above the shoulder
    shaft = (view.side - 1.28 - 0.12 * p.humerus + lean) / (0.12 - 0.04 * edge(np.abs(y) - 0.14, 0.08))
    reach = edge(0.03 - y, 0.04) if p.arm_lift > 0.5 else edge(y + 0.06, 0.04)
    distance = shaft * shaft
    return blade + 0.16 * (chord(distance) - 0.5 * chord(1.8 * distance)) * reach
