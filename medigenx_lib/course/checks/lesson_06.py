"""Checks of lesson 06, applications in healthcare: intervals, the nearest film, shares, scores by group."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def paired_interval(answer: Callable) -> None:
    """``answer(a, b)``: mean of a - b and its 95 % interval by Student's t."""
    a, b = np.array([0.80, 0.84, 0.79, 0.85, 0.82]), np.array([0.78, 0.83, 0.75, 0.82, 0.82])
    mean, low, high = (float(value) for value in answer(a.copy(), b.copy()))
    require(np.isclose(mean, 0.02), f"The mean difference is {mean:.4f}, expected 0.0200.", "Take a - b, not b - a.")
    require(low < mean < high, f"The interval is {low:.4f} to {high:.4f}.", "It lies around the mean, low end first.")
    half, wanted = (high - low) / 2, 2.776445 * np.sqrt(0.001 / 4) / np.sqrt(5)
    what = f"The half width is {half:.4f}, expected {wanted:.4f}."
    require(half < 2 * wanted, what, "Divide the standard deviation by the square root of n, and compare within pairs.")
    require(abs(half / wanted - 1.96 / 2.776445) > 0.01, what, "Five differences need Student's t (2.776), not 1.96.")
    require(np.isclose(half, wanted, rtol=1e-4), what, "ddof=1 in the standard deviation, n - 1 degrees of freedom.")
    shifted = answer(a + np.arange(5.0), b + np.arange(5.0))
    what = "A change that both of a pair share should not matter, and it does."
    require(np.allclose(shifted, (mean, low, high)), what, "Work with the differences alone.")
    passed("what both of a pair share drops out, and the interval is as wide as five pairs deserve.")


def nearest(answer: Callable) -> None:
    """``answer(film, train)``: index and Pearson correlation of the best training film."""
    rng = np.random.default_rng(0)
    train = rng.random((12, 9, 7))
    train[3] = 0.02 * train[3] + 0.9  # of low contrast, and bright
    for wanted in (3, 8):
        film = 0.3 * (train[wanted] - train[wanted].mean()) / train[wanted].std() + 0.5
        index, likeness = answer(film.copy(), train.copy())
        what = f"A film made brighter and of other contrast from number {wanted} is said to be nearest to {index}."
        require(int(index) == wanted, what, "Take each film's mean away, and divide by its length.")
        require(np.isclose(likeness, 1), f"Its correlation is {likeness:.3f}, expected 1.", "Divide by both lengths.")
    film = 0.5 * train[5] + 0.5 * rng.random((9, 7))
    truth = [np.corrcoef(film.ravel(), other.ravel())[0, 1] for other in train]
    index, likeness = answer(film, train)
    require(int(index) == int(np.argmax(truth)), "A blend of two films is not assigned to the nearer one.")
    what = f"The correlation is {likeness:.3f}, expected {max(truth):.3f}."
    require(np.isclose(likeness, max(truth)), what, "np.corrcoef tells you whether yours is right.")
    passed("brightness and contrast do not matter, and the nearest film is found.")


def wilson(answer: Callable) -> None:
    """``answer(hits, n)``: Wilson's 95 % interval of a share."""
    known = {(0, 40): (0.0, 0.0876), (15, 30): (0.3315, 0.6685), (40, 40): (0.9124, 1.0), (3, 200): (0.0051, 0.0432)}
    for (hits, n), wanted in known.items():
        low, high = (float(end) for end in answer(hits, n))
        what = f"For {hits} of {n} you give {low:.4f} to {high:.4f}, expected {wanted[0]:.4f} to {wanted[1]:.4f}."
        hint = "Compare term by term with the formula; z² / (2n) belongs to the centre, and all is divided by 1 + z²/n."
        require(np.allclose((low, high), wanted, atol=2e-4), what, hint)
    passed("none of 40 still allows nine in a hundred.")


def accuracy_by_group(answer: Callable) -> None:
    """``answer(called, truth, group)``: balanced accuracy inside each group with both classes."""
    truth = np.array([1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1], bool)
    called = np.array([1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0], bool)
    group = np.array(["a"] * 5 + ["b"] * 5 + ["c"] * 2)
    given = answer(called.copy(), truth.copy(), group.copy())
    require(isinstance(given, dict), f"The answer is a {type(given).__name__}.", "Return a dict: group -> score.")
    require("c" not in given, "Group c has no film without the disease: it has no specificity.", "Leave it out.")
    require(set(given) == {"a", "b"}, f"The groups are {sorted(map(str, given))}, expected a and b.")
    wanted = {"a": (3 / 4 + 1) / 2, "b": (0 + 3 / 4) / 2}
    for name, score in wanted.items():
        what = f"Group {name} scores {given[name]:.3f}, expected {score:.3f}."
        hint = "The mean of sensitivity and specificity inside the group; plain accuracy favours the larger class."
        require(np.isclose(given[name], score), what, hint)
    numbers = answer(np.array([True, False]), np.array([True, False]), np.array([7, 7]))
    require(numbers == {7: 1.0}, "Groups that are numbers should work, too.")
    passed("a group that is done badly by can no longer hide in the average.")
