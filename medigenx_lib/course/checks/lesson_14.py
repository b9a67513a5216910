"""Checks of lesson 14, the group project: ranks with ties, films needed, copies in disguise, F1 of findings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from medigenx_lib.course.checks import passed, require


def ranks(answer: Callable) -> None:
    """``answer(lows, highs)``: ranks in which overlapping intervals tie."""
    boards = (
        ([60, 10, 80], [70, 20, 90], [2, 3, 1], "three teams far apart"),
        ([60, 65, 10], [70, 75, 20], [1, 1, 3], "two teams that overlap and one far below"),
        ([10, 18, 26], [20, 28, 36], [2, 1, 1], "a chain: A ties with B, B with C, and C lies above A"),
        ([50, 60], [60, 70], [1, 1], "two intervals that touch in a point"),
        ([0, 40, 45, 90], [100, 50, 55, 95], [1, 2, 2, 1], "a team that knows nothing, from 0 to 100"),
    )
    for lows, highs, wanted, name in boards:
        given = list(answer(np.array(lows, float), np.array(highs, float)))
        require(len(given) == len(lows), f"{len(given)} ranks for {len(lows)} teams.", "One a team, in their order.")
        what = f"For {name} the ranks are {given}, expected {wanted}."
        hint = "1 + the number of teams whose low end is greater than this team's high end."
        require([int(rank) for rank in given] == wanted, what, hint)
    passed("who cannot be told apart shares a place, even where that is no neat order.")


def films_needed(answer: Callable) -> None:
    """``answer(first, second)``: the number of films with which a simulated study finds the difference."""
    for first, second in ((0.8, 0.85), (0.5, 0.6), (0.7, 0.62)):
        films = answer(first, second)
        require(float(films) == int(films) and films > 0, f"{films!r} films.", "A whole number, rounded up.")
        found = _found(first, second, int(films))
        what = f"With your {int(films)} films each, {first} and {second} are told apart in {100 * found:.0f} % of "
        what += "20,000 studies, expected about 80 %."
        hint = "Both variances in the numerator, 2.8 squared, and the difference squared."
        require(abs(found - 0.8) < 0.02, what, hint)
    require(answer(0.85, 0.8) == answer(0.8, 0.85), "The order of the two shares matters.", "Square the difference.")
    given, wanted = answer(0.6, 0.9), 29
    require(given == wanted, f"0.6 against 0.9: {given} films, expected {wanted}.", "Round up (28.7 are too few).")
    passed("simulated studies of that size see the difference four times in five.")


def _found(first: float, second: float, films: int) -> float:
    """Share of simulated studies that find a difference at the 5 % level."""
    rng = np.random.default_rng(0)
    one, other = (rng.binomial(films, share, 20_000) / films for share in (first, second))
    error = np.sqrt((one * (1 - one) + other * (1 - other)) / films)
    return float((np.abs(one - other) > 1.96 * error).mean())


def likeness(answer: Callable) -> None:
    """``answer(film, reference)``: blind to exposure, contrast and mirroring, not to anything else."""
    film, stranger = (ndimage.gaussian_filter(np.random.default_rng(i).random((48, 48)), 1.5) for i in (0, 1))
    disguises = (
        (film, "the film itself"),
        (film[:, ::-1], "its mirror image"),
        (film + 0.2, "a brighter copy"),
        (0.5 * film + 0.4, "a flatter and brighter copy"),
        (2 * film[:, ::-1] - 0.3, "a mirrored copy with more contrast"),
    )
    for copy, name in disguises:
        given = float(answer(copy, film))
        what = f"The likeness of a film and {name} is {given:.3f}, expected 1."
        require(abs(given - 1) < 1e-6, what, "The higher of two correlations: with the film and with film[:, ::-1].")
    for other, name in ((stranger, "another film"), (film[::-1], "the film upside down"), (1 - film, "its negative")):
        given, wanted = float(answer(other, film)), _best(other, film)
        what = f"The likeness of a film and {name} is {given:.3f}, expected {wanted:.3f}."
        require(abs(given - wanted) < 1e-6, what, "Only left and right are exchanged, and a sign counts.")
    flat = np.full((48, 48), 0.5)
    for pair in ((flat, film), (film, flat)):
        given = float(answer(*pair))
        require(given == 0, f"With a film of one grey the likeness is {given}, expected 0.", "Ask std() == 0 first.")
    passed("neither mirror nor exposure hides a copy, and strangers stay strangers.")


def _best(film: np.ndarray, reference: np.ndarray) -> float:
    """The truth from standardised pixels."""
    unit = [(x - x.mean()) / x.std() for x in (film, np.fliplr(film), reference)]
    return float(max((unit[0] * unit[2]).mean(), (unit[1] * unit[2]).mean()))


RIGHT, LEFT, WATER, HEART = ("opacity", "right"), ("opacity", "left"), ("effusion", "left"), ("cardiomegaly", None)


def finding_f1(answer: Callable) -> None:
    """``answer(claimed, there)``: micro F1 over films."""
    boards = (
        ([{RIGHT}, set()], [{RIGHT}, set()], 1.0, "all right, and one film healthy", "Count over all films first."),
        ([set(), set()], [{RIGHT}, {LEFT}], 0.0, "silence", "Nothing both claimed and there."),
        ([{LEFT}], [{RIGHT}], 0.0, "the wrong side", "Kind and side have to agree: intersect the sets."),
        ([{LEFT}, {RIGHT}], [{RIGHT}, {LEFT}], 0.0, "findings of the wrong film", "Compare film by film."),
        ([{RIGHT, LEFT, WATER}], [{RIGHT}], 0.5, "one right of three claimed", "2 · 1 / (3 + 1): claims cost."),
        ([{RIGHT}], [{RIGHT, LEFT, HEART}], 0.5, "one of three found", "2 · 1 / (1 + 3): omissions cost."),
        ([{RIGHT, LEFT}, {WATER}], [{RIGHT, LEFT, HEART}, {LEFT}], 4 / 7, "two films, one all wrong",
         "One fraction over all films, not a mean of two."),
    )  # fmt: skip
    for claimed, there, wanted, name, hint in boards:
        given = float(answer([set(s) for s in claimed], [set(s) for s in there]))
        what = f"For {name} the F1 is {given:.3f}, expected {wanted:.3f}."
        require(abs(given - wanted) < 1e-9, what, hint)
    passed("what is claimed wrongly and what is left out cost the same.")
