"""The dome of the diaphragm, on films and maps drawn for the purpose."""

import numpy as np
import pytest
import torch

from medigenx_lib.segmentation.diaphragm import without_abdomen
from medigenx_lib.segmentation.inputs import Box
from medigenx_lib.segmentation.looks import Look
from medigenx_lib.segmentation.masks import HIDDEN, LEFT, OPACITY, RIGHT
from medigenx_lib.segmentation.network import CHANNELS, SIZE

LUNGS = {RIGHT: slice(14, 42), LEFT: slice(54, 82)}
TOP, DOME, BASE = 10, 60, 76
"""Rows: the lungs' apices, the top of the right dome, and where the network ends the right lung."""


def look(below: float = 0.8, bright: float = 0.9, dome: int = DOME, mirrored: bool = False) -> Look:
    """A film whose right lung has a bright dome in it, below which the network believes in lung by ``below``."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    film = np.full((SIZE, SIZE), 0.7)
    maps = np.full((len(CHANNELS), SIZE, SIZE), 0.02)
    for side, across in LUNGS.items():
        film[TOP:BASE, across], maps[side, TOP:BASE, across] = 0.2, 0.99
    abdomen = (rows > dome + 14 * (columns / 28 - 1.05) ** 2) & (rows < BASE) & (columns >= 14) & (columns < 42)
    film[abdomen], maps[RIGHT][abdomen], maps[OPACITY][abdomen] = bright, below, 0.6
    maps[HIDDEN, 40:74, 44:52] = 0.9
    if mirrored:
        film, maps = film[:, ::-1], maps[:, :, ::-1].copy()
        maps[[RIGHT, LEFT]] = maps[[LEFT, RIGHT]]
    pixels, maps = torch.from_numpy(film.copy()).float()[None], torch.from_numpy(maps).float()
    return Look(film, Box.whole(film), pixels, maps, maps[None], 1.0)


def test_what_is_doubted_below_a_dome_is_cut_off():
    seen = look()
    found = without_abdomen(seen).maps
    lung = found[RIGHT] > 0.5
    assert lung[DOME - 2, 28] and not lung[DOME + 4 :, 16:40].any()
    assert not (found[OPACITY, DOME + 4 :] > 0.5).any()
    assert torch.equal(found[LEFT], seen.maps[LEFT]) and (seen.maps[RIGHT, DOME + 4 : BASE, 28] > 0.5).all()


def test_lung_behind_the_heart_ends_hardly_lower_than_the_dome():
    hidden = without_abdomen(look()).maps[HIDDEN] > 0.5
    assert hidden[DOME, 48] and not hidden[DOME + 12 :].any()


@pytest.mark.parametrize(
    ("why", "seen"),
    [
        ("the network is sure of the lung below", look(below=0.97)),
        ("no edge is seen", look(bright=0.2)),
        ("the edge is a lobe's border", look(dome=40)),
        ("above the left dome lies the heart", look(mirrored=True)),
    ],
)
def test_nothing_is_cut_where(why, seen):
    assert torch.equal(without_abdomen(seen).maps, seen.maps), why


def test_maps_without_lungs_stay_as_they_are():
    seen = look()
    empty = Look(seen.film, seen.box, seen.pixels, torch.zeros_like(seen.maps), seen.views, 0.0)
    assert torch.equal(without_abdomen(empty).maps, empty.maps)
