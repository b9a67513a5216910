"""Checks of lesson 09, language models: a merge of byte pairs, cross-entropy, pair counts, causal attention."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def most_frequent_pair(answer: Callable) -> None:
    """``answer(words)``: the commonest pair of neighbours, each word counted as often as it occurs."""
    lung = {tuple("lung"): 5, tuple("lunge"): 1, tuple("fungus"): 3}
    given = answer(dict(lung))
    require(isinstance(given, tuple) and len(given) == 2, f"You returned {given!r}.", "Return a tuple of two pieces.")
    require(given == ("u", "n"), f"You chose {given}; ('u', 'n') occurs 9 times.", "Neighbours in reading order.")
    rare = {("a", "b"): 10, ("c", "d"): 4, ("x", "c", "d"): 4, ("c", "d", "y"): 1}
    require(answer(rare) == ("a", "b"), f"You chose {answer(rare)}; ('a', 'b') occurs 10 times, in one word.",
            "Add each word's count, not 1.")  # fmt: skip
    merged = {("eff", "us", "ion"): 3, ("ill", "us", "ion"): 2, ("eff", "ort"): 4}
    require(answer(merged) == ("us", "ion"), "Pieces of several letters are not handled.", "Do not split into letters.")
    twice = {("a", "a", "a"): 2, ("b", "c"): 3}
    require(
        answer(twice) == ("a", "a"), "A pair that occurs twice in one word counts twice.", "Go over all neighbours."
    )
    passed("the pair that a byte-pair tokenizer would merge next.")


def cross_entropy(answer: Callable) -> None:
    """``answer(logits, targets)``: against numbers worked out by hand."""
    import torch

    even = float(answer(torch.zeros(6, 50), torch.arange(6)))
    require(math.isfinite(even), f"The loss of an ignorant model is {even}.", "Take the logarithm of probabilities.")
    require(even > 0, f"The loss came out as {even:.3f}.", "Minus the logarithm: a loss is positive.")
    what = f"An ignorant model of 50 tokens costs {even:.3f}, expected ln 50 = 3.912"
    require(abs(even - math.log(50)) < 1e-4, f"{what} nats a token.", "Mean over tokens, natural logarithm.")
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]]))
    given, wanted = float(answer(logits + 3.0, torch.tensor([1, 1]))), -(math.log(0.2) + math.log(0.5)) / 2
    require(abs(given - wanted) < 1e-4, f"Targets of probability .2 and .5 cost {given:.3f}, expected {wanted:.3f}.",
            "Normalise each row by its own log-sum-exp, and pick each row's target.")  # fmt: skip
    large = float(answer(torch.tensor([[1000.0, 0.0], [0.0, 1000.0]]), torch.tensor([0, 1])))
    require(math.isfinite(large) and abs(large) < 1e-4, f"With logits of 1000 the loss is {large}, expected 0.",
            "exp(1000) overflows: use logits.logsumexp(-1).")  # fmt: skip
    passed("the cross-entropy, and an ignorant model costs ln V.")


def bigram(answer: Callable) -> None:
    """``answer(ids, vocab_size, add)``: rows of probabilities from counts."""
    ids = [0, 1, 0, 1, 0, 2, 1]
    given = np.asarray(answer(list(ids), 4, 1.0), float)
    require(
        given.shape == (4, 4), f"The table has shape {given.shape}, expected (4, 4).", "One row and column a token."
    )
    sums = given.sum(1)
    require(
        np.allclose(sums, 1), f"Rows sum to {np.round(sums, 2).tolist()}, expected 1.", "Divide each row by its sum."
    )
    wanted = np.array([1, 3, 2, 1]) / 7
    require(np.allclose(given[0], wanted), f"After token 0 you expect {np.round(given[0], 2).tolist()}, expected "
            f"{np.round(wanted, 2).tolist()}: it is followed by 1 twice and by 2 once.",
            "Rows are what stands before; count repeated pairs with np.add.at; add 1 to every count.")  # fmt: skip
    require(np.allclose(given[3], 0.25), "A token that never came should leave all four equally likely.")
    sharp = np.asarray(answer(list(ids), 4, 0.01), float)
    require(np.isclose(sharp[0, 1], 2.01 / 3.04), "`add` does not change the table as it should.", "Use the argument.")
    rng = np.random.default_rng(0)
    text = rng.integers(6, size=500).tolist()
    counts = np.full((6, 6), 0.5)
    for before, after in itertools.pairwise(text):
        counts[before, after] += 1
    require(np.allclose(answer(text, 6, 0.5), counts / counts.sum(1, keepdims=True)), "A longer text comes out wrong.")
    passed("next-token probabilities from counts alone, none of them zero.")


def attention(answer: Callable) -> None:
    """``answer(queries, keys, values)``: against a loop, and blind to the future."""
    import torch

    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 7, 16, generator=generator)
    given = answer(q, k, v)
    require(tuple(given.shape) == (7, 16), f"The output has shape {tuple(given.shape)}, expected (7, 16).")
    require(bool(torch.isfinite(given).all()), "The output holds NaN or infinity.", "Mask after the diagonal: triu(1).")
    require(torch.allclose(given[0], v[0], atol=1e-5), "The first position can look at itself alone.",
            "Its output must be the first value: set later scores to minus infinity.")  # fmt: skip
    changed = v.clone()
    changed[-1] += 10
    moved = (answer(q, k, changed) - given).abs().amax(1)
    require(bool((moved[:-1] < 1e-5).all()), "Changing the last value changed an earlier output: it saw the future.",
            "Mask the upper triangle before the softmax.")  # fmt: skip
    for t in range(7):
        scores = np.array([float(q[t] @ k[s]) / 4 for s in range(t + 1)])
        shares = np.exp(scores - scores.max())
        wanted = (shares / shares.sum()) @ v[: t + 1].numpy()
        require(np.allclose(given[t].numpy(), wanted, atol=1e-4), f"Position {t} comes out wrong.",
                "Divide scores by the square root of d (here 4), softmax over keys, after the mask.")  # fmt: skip
    passed("each position looks back, by content, and never ahead.")
