"""Checks of lesson 01: transmission, path lengths, the area under the curve, DICOM grey values, splits."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def transmitted(answer: Callable) -> None:
    """Against photons that are lost in ten thousand thin slices, one after the other."""
    for attenuations, lengths in (([0.21], [20.0]), ([0.05, 0.21], [14.0, 6.0]), ([0.6, 0.05, 0.21], [2.0, 9.0, 7.0])):
        got = float(answer(attenuations, lengths))
        left = sliced(attenuations, lengths)
        layers = ", ".join(f"{x:g} cm at {mu:g}" for mu, x in zip(attenuations, lengths, strict=True))
        require(got <= 1, f"More photons come out than went in ({got:.3g} through {layers}).", "Mind the minus sign.")
        require(
            abs(got - left) < 2e-3,
            f"Through {layers} a share of {left:.4f} gets through, not {got:.4f}.",
            "Sum attenuation times length over all layers, then exp(-sum).",
        )
    nothing = float(answer([0.21], [0.0]))
    require(abs(nothing - 1) < 1e-9, f"Through 0 cm everything passes: expected 1, got {nothing:.3f}.", "exp(0) is 1.")
    passed("what is lost in thin slices, one by one, adds up to one exponential of the sum.")


def sliced(attenuations: list[float], lengths: list[float], slices: int = 10_000) -> float:
    """The share left after many slices that each take their part of what arrives."""
    left = 1.0
    for attenuation, length in zip(attenuations, lengths, strict=True):
        left *= (1 - attenuation * length / slices) ** slices
    return left


def path_length(answer: Callable) -> None:
    """Against the middle, the outside, and the volume of an ellipsoid."""
    x, z = np.linspace(-12, 12, 481)[None, :], np.linspace(-12, 12, 481)[:, None]
    centre, half = (2.0, -3.0), (4.0, 2.0, 6.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            got = np.asarray(answer(x, z, centre, half))
        except RuntimeWarning as warning:
            require(False, f"numpy warns: {warning}.", "Cut negative numbers off at 0 before you take the root.")
    require(
        got.shape == (481, 481),
        f"The answer has shape {got.shape}; x (1, 481) and z (481, 1) give (481, 481).",
        "Use both x and z.",
    )
    require(bool(np.isfinite(got).all()), "Some path lengths are not numbers.", "The root of a negative number is NaN.")
    middle = float(got[180, 280])  # z = -3, x = 2
    require(
        abs(middle - 4) < 1e-6,
        f"Through the middle it is 2 b = 4 cm, you have {middle:.2f}.",
        "Half-axis b lies along the beam; centre is (cx, cz).",
    )
    require(float(np.abs(got[:, 0]).max()) < 1e-9, "Beside the ellipsoid the path is not 0.", "Cut off at 0.")
    volume = float(got.sum()) * 0.05**2
    expected = 4 / 3 * np.pi * np.prod(half)
    require(
        abs(volume / expected - 1) < 0.01,
        f"All paths together make {volume:.0f} cm³; it has {expected:.0f} cm³.",
        "Divide x - cx by a and z - cz by c, then square.",
    )
    passed("the paths through an ellipsoid add up to its volume, 4/3 π a b c.")


def auc(answer: Callable) -> None:
    """Against pairs counted one by one, with draws, with unequal classes, and reversed."""
    rng = np.random.default_rng(0)
    labels = np.array([0] * 30 + [1] * 10)
    for scores, kind in ((rng.random(40) + 0.4 * labels, "distinct scores"), (rng.integers(0, 4, 40), "many draws")):
        expected = counted(scores, labels)
        got = float(answer(scores, labels))
        require(
            abs(got - (1 - expected)) > 1e-9 or abs(expected - 0.5) < 1e-9,
            "It is the wrong way round.",
            "Label 1 is ill: count the pairs where the ill film scores higher.",
        )
        require(
            abs(got - expected) < 1e-9,
            f"With {kind} the area is {expected:.4f}, not {got:.4f}.",
            "Compare every ill film with every healthy one; a draw counts one half.",
        )
    same = float(answer(np.ones(40), labels))
    require(abs(same - 0.5) < 1e-9, f"If all scores are equal it is guessing, 0.5, not {same:.2f}.", "Mind the draws.")
    passed("the area is the share of pairs that are in the right order, however rare disease is.")


def counted(scores: np.ndarray, labels: np.ndarray) -> float:
    """Pairs one by one."""
    pairs = [(ill, healthy) for ill in scores[labels == 1] for healthy in scores[labels == 0]]
    return sum(1.0 if ill > healthy else 0.5 if ill == healthy else 0.0 for ill, healthy in pairs) / len(pairs)


def to_image(answer: Callable) -> None:
    """On films that do not use the whole range, in 10, 12 and 16 bits, both ways round."""
    for bits in (10, 12, 16):
        top = 2**bits - 1
        stored = np.array([[0, top // 4], [top // 2, top - 5]], np.uint16)
        for photometric in ("MONOCHROME2", "MONOCHROME1"):
            got = np.asarray(answer(stored.copy(), bits, photometric))
            _check_grey(got, stored, bits, photometric)
    passed("numbers from 10, 12 and 16 bits mean the same grey, and negatives are turned round.")


def _check_grey(got: np.ndarray, stored: np.ndarray, bits: int, photometric: str) -> None:
    where = f"({bits} bits, {photometric})"
    require(
        got.shape == stored.shape and got.dtype.kind == "f",
        f"Expected floats of shape {stored.shape}, got {got.dtype} {got.shape} {where}.",
        "Divide by a number.",
    )
    require(
        bool(got.min() >= 0 and got.max() <= 1),
        f"Values reach from {got.min():.3g} to {got.max():.3g} {where}.",
        "Divide by 2 ** bits_stored - 1 before you turn the picture round.",
    )
    expected = np.array([[int(value) / (2**bits - 1) for value in row] for row in stored])
    negative = photometric == "MONOCHROME1"
    expected = 1 - expected if negative else expected
    turned = np.allclose(got, 1 - expected, atol=1e-4)
    require(not turned, f"The picture is a negative {where}.", "In MONOCHROME1 large numbers are dark, in 2 bright.")
    worst = float(np.abs(got - expected).max())
    require(
        worst < 1e-4,
        f"Grey values are off by up to {worst:.3f} {where}.",
        "White is the largest number that bits_stored bits can hold, not the largest one on this film.",
    )


def split_by_patient(answer: Callable) -> None:
    """On patients with one to six films, with several seeds and shares."""
    patients = np.random.default_rng(3).permutation(np.repeat([f"p{i:03d}" for i in range(120)], [1, 2, 6] * 40))
    for share, seed in ((0.2, 0), (0.2, 1), (0.5, 0)):
        got = np.asarray(answer(patients.copy(), share, seed))
        _check_split(got, patients, share)
    again = [np.asarray(answer(patients.copy(), 0.2, seed)) for seed in (7, 7, 8)]
    require(bool((again[0] == again[1]).all()), "The same seed gives two different splits.", "Use default_rng(seed).")
    require(bool((again[0] != again[2]).any()), "Another seed gives the same split.", "Draw with default_rng(seed).")
    passed("no patient is on both sides, and the share of patients is what was asked for.")


def _check_split(got: np.ndarray, patients: np.ndarray, share: float) -> None:
    require(
        got.dtype == bool and got.shape == patients.shape,
        f"Expected {len(patients)} times True or False, got {got.dtype} {got.shape}.",
        "np.isin gives that.",
    )
    both = set(patients[got]) & set(patients[~got])
    require(
        not both,
        f"{len(both)} patients are on both sides, such as {min(both, default='')}.",
        "Draw among np.unique(patients), then take all films of those.",
    )
    went = len(set(patients[got])) / len(set(patients))
    require(
        abs(went - share) < 0.08,
        f"{100 * went:.0f} % of the patients went to the test set, {100 * share:.0f} % were wanted.",
        "Count patients, not films.",
    )
