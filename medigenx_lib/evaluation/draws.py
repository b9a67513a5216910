"""Drawing from sets of films so that they can be compared: as many of each, in the same mix of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.described import Described

LEAST = 16
"""Fewest films that are scored."""
FEW = 200
"""Below so many films the intervals are wide, and distances large even between real films."""
TRAIN_FLOOR, REPEATED_REAL = "training real", "repeated real"
REPEATED = 16
"""Training films that the control of a collapsed generator shows over and over."""


def draw_all(sets: Mapping[str, Described], like: str, rng: np.random.Generator) -> dict[str, Described]:
    """The same number of films from every set, in the mix of classes of the set named ``like``; the most there are.

    From the set ``"reference"`` three are made: ``reference``; ``training real``, as many others; and ``repeated
    real``, a few of those others over and over. Without labels in some set, classes are not looked at.
    Raises InputError if fewer than 16 films can be drawn, and counts what there is of each class.
    """
    if any(described.labels is None for described in sets.values()):
        sets = {name: replace(described, labels=None) for name, described in sets.items()}
    counts = _largest_draw(sets, sets[like].labels)
    drawn = {name: described.take(_chosen(described, counts, rng)) for name, described in sets.items()}
    pool = sets["reference"].take(_chosen(sets["reference"], [2 * count for count in counts], rng))
    first = _chosen(pool, counts, rng)
    rest = pool.take(np.setdiff1d(np.arange(len(pool)), first))
    few = rest.take(_chosen(rest, _mix(sets[like].labels, REPEATED), rng))
    numbers = {name: values for name, values in rest.numbers.items() if name not in ("similarity", "gap")}
    controls = {TRAIN_FLOOR: replace(rest, numbers=numbers), REPEATED_REAL: few.take(_over_and_over(few, counts))}
    return {**drawn, **controls, "reference": pool.take(first)}


def half(described: Described, rng: np.random.Generator) -> Described:
    """A random half of the films, with the same mix of classes."""
    return described.take(_chosen(described, _mix(described.labels, len(described) // 2), rng))


def _over_and_over(few: Described, counts: Sequence[int]) -> np.ndarray:
    """Film numbers that repeat ``few`` until there are ``counts`` of each class."""
    kinds = [np.arange(len(few))] if len(counts) == 1 else [np.flatnonzero(few.labels == k) for k in range(2)]
    return np.concatenate([np.resize(kind, count) for kind, count in zip(kinds, counts, strict=True)])


def _largest_draw(sets: Mapping[str, Described], labels: np.ndarray | None) -> tuple[int, ...]:
    """The most films of each class that every set can give, the reference set twice."""
    for count in range(min(len(described) for described in sets.values()), LEAST - 1, -1):
        wanted = _mix(labels, count)
        if all(_can_give(described, wanted, 2 if name == "reference" else 1) for name, described in sets.items()):
            return wanted
    sizes = ", ".join(f"{_counted(described)} {name}" for name, described in sets.items())
    advice = f"It takes {LEAST} of each and {2 * LEAST} of the reference, in the mix of classes of those generated"
    raise InputError(f"Too few films to score: {sizes}.", f"{advice}; without labels in one set any mix will do.")


def _counted(described: Described) -> str:
    if described.labels is None:
        return str(len(described))
    normal, diseased = ((described.labels == label).sum() for label in (0, 1))
    return f"{normal} normal and {diseased} pneumonia"


def _can_give(described: Described, wanted: Sequence[int], times: int) -> bool:
    have = [len(described)] if len(wanted) == 1 else [int((described.labels == k).sum()) for k in range(2)]
    return all(times * need <= count for need, count in zip(wanted, have, strict=True))


def _chosen(described: Described, counts: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Film numbers drawn without replacement: ``counts`` of each class, or ``counts[0]`` of all."""
    if len(counts) == 1:
        return rng.permutation(len(described))[: counts[0]]
    parts = [rng.permutation(np.flatnonzero(described.labels == k))[:count] for k, count in enumerate(counts)]
    return np.concatenate(parts)


def _mix(labels: np.ndarray | None, count: int) -> tuple[int, ...]:
    """How many of each class ``count`` films hold in the mix of ``labels``; (count,) without labels."""
    if labels is None:
        return (count,)
    diseased = round(count * float(labels.mean()))
    return count - diseased, diseased
