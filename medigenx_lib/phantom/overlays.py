"""What is on a film but not in the patient: side marker, text box, lines, electrodes, collimation, borders."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from medigenx_lib.phantom.anatomy import View, exposed
from medigenx_lib.phantom.fields import bell, chord, edge, grid

LETTERS = {
    "L": ("1000", "1000", "1000", "1000", "1000", "1111"),
    "R": ("1110", "1001", "1001", "1110", "1010", "1001"),
}


def metal(p: SimpleNamespace, view: View) -> np.ndarray:
    """Extra attenuation (S, S) of a line, a tube in the trachea, and electrodes with their leads."""
    total = np.zeros_like(view.x)
    thin = 0.012 + 0.35 * view.pixel
    if p.wire > 0.82:
        line = view.x - p.wire_place - p.wire_slope * (view.t - 0.5) - 0.10 * np.sin(3 * view.y + 6 * p.wire_slope)
        total += 0.35 * bell((line / thin) ** 2) * edge(0.8 - view.t, 0.05)
    if p.tube > 0.90:
        total += 0.30 * bell(((view.x - p.tracheal_shift) / thin) ** 2) * edge(p.carina - 0.05 - view.t, 0.02)
    if p.electrode > 0.88:
        for k in range(3):
            x, t = (-0.75, 0.7, 0.55)[k] + 0.3 * (p.electrode_place - 0.5), (0.15, 0.12, 0.75)[k]
            squared = ((view.x - x) ** 2 + (view.y - t * view.height) ** 2) / 0.045**2
            total += 1.2 * np.sqrt(chord(squared))
    return total


def annotate(p: SimpleNamespace, film: np.ndarray) -> np.ndarray:
    """Side marker, text box, collimated edges and film border, on the finished grey values (S, S)."""
    film = _marker(p, film.copy())
    if p.textbox > 0.93:
        size = len(film)
        rows = slice(int(0.02 * size), max(int(0.07 * size), int(0.02 * size) + 1))
        film[rows, int(0.02 * size) : int((0.15 + 0.2 * p.marker_place) * size)] = 0.0 if p.textbox > 0.97 else 0.9
    return _collimate(p, film)


def _marker(p: SimpleNamespace, film: np.ndarray) -> np.ndarray:
    """R on the patient's right or L on the left, in lead: as bright as the film gets."""
    if p.marker < 0.45:
        return film
    size, letter = len(film), "R" if p.marker < 0.85 else "L"
    glyph = np.array([[float(dot) for dot in row] for row in LETTERS[letter]], np.float32)
    scale = max(1, round(size / 90))
    glyph = np.kron(glyph, np.ones((scale, scale), np.float32)) * min(1.0, size / 90 + 0.1)
    top, inset = int((0.03 + 0.45 * p.marker_height) * size), int((0.02 + 0.10 * p.marker_place) * size)
    left = inset if letter == "R" else size - inset - glyph.shape[1]
    patch = film[top : top + glyph.shape[0], left : left + glyph.shape[1]]
    glyph = glyph[: patch.shape[0], : patch.shape[1]]  # a film of eight pixels can be too small for a letter
    np.maximum(patch, 0.95 * glyph, out=patch)
    return film


def _collimate(p: SimpleNamespace, film: np.ndarray) -> np.ndarray:
    """Unexposed (on a display: black) edges, slightly turned; or a white border of a scanned film."""
    across, down = exposed(p)
    if across == down == 1:
        return film
    u, v = grid(len(film))
    outside = np.abs(u + p.collimation_turn * v) > (across if across < 1 else 2)
    outside |= np.abs(v - p.collimation_turn * u) > (down if down < 1 else 2)
    film[outside] = 1.0 if p.border > 0.9 else p.black
    return film
