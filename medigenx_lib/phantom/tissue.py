"""Soft tissue and gas outside the lungs, and the vessels inside them."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from medigenx_lib.phantom import streams
from medigenx_lib.phantom.anatomy import Thorax, View, depth_of, rotation_of
from medigenx_lib.phantom.fields import bell, chord, edge, smooth

TREES, TILE = 12, 160


def body(p: SimpleNamespace, view: View) -> np.ndarray:
    """Path length (S, S) through trunk, shoulders, neck, head and arms, with no lungs in it."""
    depth, t = depth_of(p, view), view.t
    half = (
        1.02 + p.wall * (0.6 + 0.8 * p.habitus) + 0.08 * edge(t - 0.85, 0.2) + p.shoulder_width * edge(0.20 - t, 0.24)
    )
    across = view.side / half
    across *= across
    top = p.shoulder * view.height + p.shoulder_slope * np.maximum(view.side - p.neck, 0)
    rise = np.sqrt(np.minimum(np.maximum((view.y - top) / 0.35, 0), 1))
    trunk = 2.1 * depth * (0.84 + 0.20 * np.minimum(np.maximum(t, 0), 1)) * chord(across * across * across) * rise
    neck = (1.15 + 0.3 * view.child) * depth * chord((view.side / (p.neck + 0.06)) ** 2)
    return _union(_union(trunk, neck), np.maximum(_head(p, view, depth), _arms(p, view, half)))


def _union(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Smooth maximum of two path lengths: no crease where neck and shoulders meet."""
    a, b = a * a, b * b
    return np.sqrt(np.sqrt(a * a + b * b))


def _head(p: SimpleNamespace, view: View, depth: float) -> np.ndarray:
    """Chin and jaw at the upper edge of the film, where the patient looks down or the film is long."""
    low = -0.06 - 0.30 * p.chin
    squared = (view.x / 0.50) ** 2 + ((view.t - low + 0.34) / 0.34) ** 2
    return 1.75 * depth * chord(squared * squared)


def _arms(p: SimpleNamespace, view: View, half: np.ndarray) -> np.ndarray:
    """Upper arms, hanging beside the trunk or lifted beside the head."""
    if p.arm_lift > 0.5:
        return (
            0.75
            * chord(((view.side - 1.28 + (0.9 * p.arm_lift - 0.25) * view.t) / 0.30) ** 2)
            * edge(0.15 - view.t, 0.15)
        )
    return 0.60 * chord(((view.side - half - 0.22 - 0.3 * p.humerus) / 0.24) ** 2) * edge(view.t - 0.05, 0.1)


def overlying(p: SimpleNamespace, view: View) -> np.ndarray:
    """Pectoral muscles, breasts, and the skin fold of the axilla: shadows that are no disease."""
    side, t = view.side, view.t
    pectoral = 0.13 * p.pectoral * p.habitus * edge(0.8 - ((side - 0.5) / 0.6) ** 2 - ((t - 0.38) / 0.32) ** 2, 0.3)
    if p.breast < 0.62 or p.age < 0.35:
        return pectoral
    x, y = side - p.breast_place, (t - p.breast_low) * view.height
    squared = (x / p.breast_size) ** 2 + (y / (0.9 * p.breast_size)) ** 2 + 0.5 * np.maximum(-y, 0)
    return pectoral + (p.breast - 0.4) * p.breast_size * np.sqrt(chord(squared))


def airways(p: SimpleNamespace, view: View) -> np.ndarray:
    """Gas path length in trachea and main bronchi."""
    x = np.abs(view.x - p.tracheal_shift - 0.4 * rotation_of(p))
    below = np.maximum(view.t - p.carina, 0) * view.height
    width = p.tracheal_width * (1 - 0.35 * edge(view.t - p.carina, 0.05))
    tube = chord(((x - 0.9 * below) / width) ** 2) * edge(p.carina + 0.11 - view.t, 0.05)
    return 2.0 * p.tracheal_width * tube


def abdominal_gas(p: SimpleNamespace, view: View, thorax: Thorax) -> np.ndarray:
    """The gastric bubble under the left dome (fluid level aside), and some bowel gas."""
    under = edge(-thorax.above - 0.03, 0.04)
    gas = np.zeros_like(view.x)
    if p.stomach > 0.40:
        y = view.y - thorax.dome - 0.08 - 0.7 * p.stomach_size
        squared = ((view.x - p.stomach_place) / (1.35 * p.stomach_size)) ** 2 + (y / (0.75 * p.stomach_size)) ** 2
        gas = 1.2 * p.stomach_size * chord(squared) * under
    if p.bowel > 0.65:
        loops = np.maximum(smooth(p.seed, "bowel_loops", view.size, 26) - 0.9, 0)
        gas = gas + 0.14 * np.minimum(loops, 1) * edge(-thorax.above - 0.30, 0.08)
    return gas


def vessels(p: SimpleNamespace, view: View, thorax: Thorax) -> np.ndarray:
    """Blood path length in hila and pulmonary vessels, thinning with the lung around them."""
    t = view.t
    hilum = bell(((view.side - 0.24) / 0.11) ** 2 + ((t - 0.44 - 0.04 * view.rightness) / 0.10) ** 2)
    tree = branches(p, view, 0.0, 1.0) * 3.6 + 0.03 * np.abs(smooth(p.seed, "lung_texture", view.size, 34))
    fading = np.minimum(thorax.air / (0.4 * thorax.depth), 1)
    return 0.16 * p.hilum * hilum * edge(thorax.above, 0.1) + p.vessels * tree * fading


def branches(p: SimpleNamespace, view: View, other: float, scale: float) -> np.ndarray:
    """Radius (S, S) of the branching tree at each pixel, 0 between branches. ``other`` picks another tree."""
    turn = 0.4 * p.vessel_turn
    x, y = (view.side - 0.20) / (1.05 * scale), (view.y - 0.5 * view.height) / (0.95 * scale)
    picked = np.where(
        view.right, *(int((v + other) * TREES) % TREES for v in (p.vessel_tree_right, p.vessel_tree_left))
    )
    column = np.clip((x + turn * y + 0.12) * (TILE - 1), 0, TILE - 1.001)
    row = np.clip((y - turn * x + 1) * 0.5 * (TILE - 1), 0, TILE - 1.001)
    return _bilinear(_atlas(), picked * TILE, row, column)


def _bilinear(atlas: np.ndarray, offset: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    r, c = row.astype(np.intp), column.astype(np.intp)
    fr, fc = row - r.astype(np.float32), column - c.astype(np.float32)
    at = (offset + r) * TILE + c
    upper = atlas.take(at) * (1 - fc) + atlas.take(at + 1) * fc
    lower = atlas.take(at + TILE) * (1 - fc) + atlas.take(at + TILE + 1) * fc
    return upper * (1 - fr) + lower * fr


@functools.cache
def _atlas() -> np.ndarray:
    """Twelve vessel trees, flattened (12 * 160 * 160,): branch radii around a hilum at the left edge of each tile."""
    tiles = np.stack([_grow_tree(iter(streams.normals(k, "vessel_atlas", (2048,)).tolist())) for k in range(TREES)])
    tiles[:, 0] = tiles[:, -1] = tiles[:, :, 0] = tiles[:, :, -1] = 0
    return tiles.reshape(-1)


def _grow_tree(chance: Iterator[float]) -> np.ndarray:
    """Trunks fan out from the hilum and split in two, each branch thinner and shorter than its parent."""
    tile = np.zeros((TILE, TILE), np.float32)
    fan = [a + 0.12 * next(chance) for a in np.linspace(-1.45, 1.45, 8)]
    growing = [(0.0, 0.05 * math.sin(a), a, 0.032 + 0.003 * next(chance), 0.26 + 0.04 * next(chance), 0) for a in fan]
    while growing:
        x, y, angle, radius, length, order = growing.pop()
        for _ in range(2):  # two straight pieces make a bend
            x2, y2 = x + length / 2 * math.cos(angle), y + length / 2 * math.sin(angle)
            _draw_piece(tile, (x, y), (x2, y2), radius)
            x, y, angle, radius = x2, y2, angle + 0.18 * next(chance), 0.88 * radius
        if order < 4 and radius > 0.004:
            for sign in (-1, 1):
                turn, thinner, shorter = (mean * (1 + 0.13 * next(chance)) for mean in (0.38, 0.75, 0.77))
                growing.append((x, y, angle + sign * turn, radius * thinner, length * shorter, order + 1))
    return tile


def _draw_piece(tile: np.ndarray, start: tuple[float, float], end: tuple[float, float], radius: float) -> None:
    """Draw one straight piece of vessel into the tile, in place; x in -0.12..0.88, y in -1..1."""
    ys = np.linspace(-1, 1, TILE, dtype=np.float32)
    xs = np.linspace(0, 1, TILE, dtype=np.float32) - 0.12
    margin = 0.06
    rows = slice(*np.searchsorted(ys, (min(start[1], end[1]) - margin, max(start[1], end[1]) + margin)))
    columns = slice(*np.searchsorted(xs, (min(start[0], end[0]) - margin, max(start[0], end[0]) + margin)))
    x, y = xs[None, columns] - start[0], ys[rows, None] - start[1]
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0, 1)
    squared = (x - along * dx) ** 2 + (y - along * dy) ** 2
    piece = radius * np.sqrt(np.clip(1.5 - squared / (radius * radius + 1e-5), 0, 1))
    np.maximum(tile[rows, columns], piece, out=tile[rows, columns])
