"""Scores put to the test: defects planted in real films, and which score notices which.

A score that cannot tell a planted defect from a real film says nothing about a generator either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from medigenx_lib.cases import Case
from medigenx_lib.evaluation.encoder import blurred
from medigenx_lib.evaluation.images import FLOOR, GENERATED, SCORES, badness, scores

Defect = Callable[[Sequence[Case], Sequence[Case], np.random.Generator], list[Case]]
"""(held-out films, training films, random numbers) -> as many films with the defect."""


def collapse(films: Sequence[Case], train: Sequence[Case], rng: np.random.Generator) -> list[Case]:
    """A tenth of the held-out films, each shown ten times, of both classes as before."""
    kinds = {label: [film for film in films if film.label == label] for label in {film.label for film in films}}
    shown = {label: kind[: max(1, len(kind) // 10)] for label, kind in kinds.items()}
    return [shown[film.label][rng.integers(len(shown[film.label]))] for film in films]


def grain(films: Sequence[Case], train: Sequence[Case], rng: np.random.Generator) -> list[Case]:
    """A checkerboard of +-0.03, as stride-2 transposed convolutions leave it."""
    return [_edited(film, film.image + 0.03 * _board(film.image.shape)) for film in films]


def blur(films: Sequence[Case], train: Sequence[Case], rng: np.random.Generator) -> list[Case]:
    """A Gaussian blur of 0.7 pixels."""
    return [_edited(film, blurred(torch.from_numpy(film.image), 0.7).numpy()) for film in films]


def contrast(films: Sequence[Case], train: Sequence[Case], rng: np.random.Generator) -> list[Case]:
    """Contrast reduced to 0.75 about the film's own mean."""
    return [_edited(film, 0.75 * film.image + 0.25 * film.image.mean()) for film in films]


def copies(films: Sequence[Case], train: Sequence[Case], rng: np.random.Generator) -> list[Case]:
    """Half of the films replaced by training films of their class, shifted by up to 2 pixels and brightened."""
    kinds = {label: [film for film in train if film.label == label] for label in {film.label for film in films}}
    return [film if i % 2 else _retouched(film, kinds[film.label], rng) for i, film in enumerate(films)]


def swapped_labels(films: Sequence[Case], train: Sequence[Case], rng: np.random.Generator) -> list[Case]:
    """A fifth of each class is shown under the other class's name, in equal numbers."""
    kinds = [[i for i, film in enumerate(films) if film.label == label] for label in (0, 1)]
    count = max(1, min(map(len, kinds)) // 5)
    wrong = {i for kind in kinds for i in rng.permutation(kind)[:count].tolist()}
    return [replace(film, label=1 - film.label) if i in wrong else film for i, film in enumerate(films)]


DEFECTS: dict[str, Defect] = {
    "collapse": collapse, "grain": grain, "blur": blur, "contrast": contrast, "copies": copies,
    "swapped labels": swapped_labels,
}  # fmt: skip


def crash_test(train: Sequence[Case], held_out: Sequence[Case], seed: int = 0, repeats: int = 20) -> pd.DataFrame:
    """Which score catches which defect: bool, one row a defect and one for "nothing", one column a score.

    Half of the held-out films get the defects, the other half is the floor. Caught: the score's 90 % interval lies
    wholly on the bad side of the floor's. ``train`` and ``held_out``: labelled real films of one size.
    """
    rng = np.random.default_rng(seed)
    clean, damaged = held_out[::2], held_out[1::2]
    planted = {name: defect(damaged, train, rng) for name, defect in DEFECTS.items()}
    table = scores(train, clean, damaged, planted, seed=seed, repeats=repeats)
    floor = table[table["set"] == FLOOR].set_index("score")
    names = {"nothing": GENERATED, **{name: name for name in DEFECTS}}
    rows = {row: _caught(table[table["set"] == name].set_index("score"), floor) for row, name in names.items()}
    return pd.DataFrame(rows).T


def _caught(found: pd.DataFrame, floor: pd.DataFrame) -> dict[str, bool]:
    caught = {}
    for name, row in found.iterrows():
        better = SCORES[name].better if name in SCORES else "low"
        own, usual = (_reach(r, better) for r in (row, floor.loc[name]))
        caught[name] = own[0] > usual[1]
    return caught


def _reach(row: pd.Series, better: str) -> tuple[float, float]:
    """The least and the greatest badness in the interval of a score; about zero the least is 0."""
    ends = badness(np.array([row["low"], row["high"]]), better)
    return (0.0 if better == "zero" and row["low"] <= 0 <= row["high"] else float(ends.min())), float(ends.max())


def _edited(film: Case, image: np.ndarray) -> Case:
    return replace(film, image=image.clip(0, 1).astype(np.float32), masks={}, truth=None)


def _board(shape: tuple[int, ...]) -> np.ndarray:
    return np.indices(shape).sum(0) % 2 * 2 - 1


def _retouched(film: Case, kind: Sequence[Case], rng: np.random.Generator) -> Case:
    source = kind[rng.integers(len(kind))]
    moved = np.roll(source.image, rng.integers(-2, 3, 2), (0, 1))
    return _edited(film, 0.9 * moved + 0.05)
