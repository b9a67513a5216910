"""Checks of lesson 11, text generation: beam search, the nucleus, guidance, a gate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def beam_search(answer: Callable) -> None:
    """``answer(table, steps, width)``: against the best of all texts, and against greedy where width is 1."""
    table = np.array([[0, 0.6, 0.4, 0], [0, 0.4, 0.3, 0.3], [0, 0.05, 0, 0.95], [0, 0.5, 0.5, 0]])
    words, score = answer(table.copy(), 2, 4)
    require(list(words) == [2, 3], f"The best two words are [2, 3], you found {list(words)}.",
            "Keep several beginnings; leave the start word out.")  # fmt: skip
    what = f"Its log-probability is ln 0.38 = {math.log(0.38):.3f}, you gave {score:.3f}."
    require(abs(score - math.log(0.38)) < 1e-6, what, "Add natural logarithms.")
    require(list(answer(table.copy(), 2, 1)[0]) == [1, 1], "With one beam it is greedy: expected [1, 1].",
            "Cut to `width` beams after each step.")  # fmt: skip
    rng = np.random.default_rng(1)
    for _ in range(5):
        table = rng.dirichlet(np.full(5, 0.5), size=5)
        best = max(itertools.product(range(5), repeat=4), key=lambda text: _log(table, text))
        words, score = answer(table.copy(), 4, 5**4)
        require(tuple(words) == best, f"With enough beams you must find {best}, you found {tuple(words)}.",
                "Extend every beam by every word, and sort by the sum of logarithms.")  # fmt: skip
        require(abs(score - _log(table, best)) < 1e-6, f"The score of {best} comes out as {score:.4f}.")
    passed("the likeliest text is found where greed walks past it.")


def _log(table: np.ndarray, text: tuple[int, ...]) -> float:
    return float(sum(np.log(table[a, b]) for a, b in itertools.pairwise((0, *text))))


def nucleus(answer: Callable) -> None:
    """``answer(probabilities, top_p)``: the smallest set that holds the share, rescaled."""
    shares = np.array([0.05, 0.5, 0.15, 0.3])
    given = np.asarray(answer(shares.copy(), 0.7), float)
    require(given.shape == (4,), f"The answer has shape {given.shape}, expected (4,).", "Keep the order of words.")
    require(abs(given.sum() - 1) < 1e-9, f"The probabilities sum to {given.sum():.2f}.", "Rescale what is left.")
    what = f"top_p 0.7 of [.05 .5 .15 .3] gave {np.round(given, 3).tolist()}, expected [0, .625, 0, .375]."
    require(np.allclose(given, [0, 0.625, 0, 0.375]), what, "The word that crosses top_p stays in.")
    sharp = np.asarray(answer(np.array([0.02, 0.97, 0.01]), 0.5), float)
    require(np.allclose(sharp, [0, 1, 0]), "The likeliest word must stay, even if it alone exceeds top_p.",
            "Look at the sum before each word, not after it.")  # fmt: skip
    require(np.allclose(answer(shares.copy(), 1.0), shares), "With top_p 1 nothing may change.")
    many = np.random.default_rng(0).dirichlet(np.ones(50))
    kept = np.asarray(answer(many.copy(), 0.8)) > 0
    require(many[kept].sum() >= 0.8, "The nucleus holds less than top_p.", "Keep the word that crosses it.")
    require(many[kept].sum() - many[kept].min() < 0.8, "The nucleus is larger than it has to be.", "Sort first.")
    passed("the smallest set of words that holds the share, and nothing of the tail.")


def guided(answer: Callable) -> None:
    """``answer(given, plain, weight)``: probabilities in which what the film adds is exaggerated."""
    film, plain = np.log([0.5, 0.3, 0.2]), np.log([0.25, 0.5, 0.25])
    first = np.asarray(answer(film.copy(), plain.copy(), 0.0), float)
    require(first.shape == (3,), f"The answer has shape {first.shape}, expected (3,).")
    what = f"With weight 0 you give {np.round(first, 3).tolist()}, expected [.5, .3, .2]."
    require(np.allclose(first, [0.5, 0.3, 0.2]), what, "Return probabilities: a softmax at the end.")
    wanted = np.array([0.5**2 / 0.25, 0.3**2 / 0.5, 0.2**2 / 0.25])
    wanted /= wanted.sum()
    given = np.asarray(answer(film.copy(), plain.copy(), 1.0), float)
    what = f"With weight 1 expected {np.round(wanted, 3).tolist()}, got {np.round(given, 3).tolist()}."
    require(np.allclose(given, wanted), what, "(1 + w) times the film's logarithm minus w times the plain one.")
    shifted = np.asarray(answer(film + 7, plain - 300, 1.0), float)
    require(bool(np.isfinite(shifted).all()) and np.allclose(shifted, wanted),
            "Adding a constant to logits must not change anything.", "Normalise each with a log-softmax.")  # fmt: skip
    passed("what the film adds is sharpened, and weight 0 changes nothing.")


def gate(answer: Callable) -> None:
    """``answer(sentences, verdict, topic)``: supported, the first on each topic, in order."""
    said = {
        "Lungs are hazy.": ("contradicted", "lungs"), "Lungs are clear.": ("supported", "lungs"),
        "No opacity.": ("supported", "lungs"), "Unchanged.": ("unverifiable", "time"),
        "Heart is normal.": ("supported", "heart"), "Effusion left.": ("contradicted", "pleura"),
    }  # fmt: skip
    given = list(answer(list(said), lambda s: said[s][0], lambda s: said[s][1]))
    require("Lungs are hazy." not in given and "Effusion left." not in given, "A contradicted sentence was written.")
    require("Unchanged." not in given, "A sentence that nobody can check was written.", "Keep supported ones only.")
    require("Lungs are clear." in given, "A rejected sentence used up its topic.", "Note the topic when you accept.")
    require("No opacity." not in given, "One topic was reported twice.", "Keep the first on each topic.")
    require(given == ["Lungs are clear.", "Heart is normal."], f"You kept {given}.", "Keep the order.")
    require(list(answer([], lambda s: "supported", str)) == [], "Of no sentences, none can stand.")
    passed("nothing contradicted, nothing unverifiable, nothing twice.")
