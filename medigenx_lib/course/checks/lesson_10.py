"""Checks of lesson 10, text-image fusion: a prompt, a prefix, cross-attention, a shuffle that moves everybody."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def to_prompt(answer: Callable) -> None:
    """``answer(findings)``: one line that states them all."""
    right = {"kind": "opacity", "presence": "present", "side": "right", "extent": 0.23}
    left = {"kind": "opacity", "presence": "absent", "side": "left", "extent": 0.0}
    heart = {"kind": "cardiomegaly", "presence": "absent", "side": None, "extent": None}
    cases = {
        "right opacity present 23 %; cardiomegaly absent": [right, heart],
        "left opacity absent": [left],
        "right opacity present 30 %": [{**right, "extent": 0.296}],
        "cardiomegaly present": [{**heart, "presence": "present"}],
        "right effusion uncertain": [{**right, "kind": "effusion", "presence": "uncertain"}],
    }
    for wanted, findings in cases.items():
        given = answer([dict(finding) for finding in findings])
        require(given == wanted, f"You wrote {given!r}, expected {wanted!r}.",
                "Side, kind, presence, and a rounded percentage only where it is present.")  # fmt: skip
    passed("the findings stand in one line that a person can read, too.")


def with_prefix(answer: Callable) -> None:
    """``answer(tokens, words, given, nothing)``: tokens or their stand-in, then the words."""
    import torch

    tokens, words = torch.arange(24.0).view(2, 3, 4), -torch.ones(2, 5, 4)
    nothing = 100 + torch.arange(12.0).view(3, 4)
    given = answer(tokens, words, torch.tensor([True, False]), nothing)
    require(tuple(given.shape) == (2, 8, 4), f"The shape is {tuple(given.shape)}, expected (2, 8, 4).",
            "Concatenate along the positions, dim=1.")  # fmt: skip
    require(torch.equal(given[:, 3:], words), "The words do not stand last.", "Tokens first, then words.")
    require(torch.equal(given[0, :3], tokens[0]), "A film that was given has lost its tokens.", "Where given, tokens.")
    require(torch.equal(given[1, :3], nothing), "A film that was not given shows through.", "Else, the stand-in.")
    both = answer(tokens, words, torch.tensor([False, False]), nothing)
    require(torch.equal(both[0], both[1]), "Two films that were not given can still be told apart.")
    passed("the film stands before the words, and can be withheld without a trace.")


def cross_attention(answer: Callable) -> None:
    """``answer(words, tokens, to_query, to_key, to_value)``: against a loop."""
    import torch

    generator = torch.Generator().manual_seed(0)
    words, tokens = torch.randn(5, 9, generator=generator), torch.randn(3, 9, generator=generator)
    matrices = torch.randn(3, 9, 9, generator=generator)
    given = answer(words, tokens, *matrices)
    require(tuple(given.shape) == (5, 9), f"The shape is {tuple(given.shape)}, expected (5, 9): one row a word.",
            "Queries come from the words, keys and values from the tokens.")  # fmt: skip
    q, k, v = (words @ matrices[0]).numpy(), (tokens @ matrices[1]).numpy(), (tokens @ matrices[2]).numpy()
    for t in range(5):
        scores = np.array([q[t] @ k[p] / 3 for p in range(3)])
        shares = np.exp(scores - scores.max())
        require(np.allclose(given[t].numpy(), shares / shares.sum() @ v, atol=1e-3), f"Word {t} comes out wrong.",
                "No mask; divide by the square root of d (here 3); softmax over the tokens.")  # fmt: skip
    order = torch.tensor([2, 0, 1])
    require(torch.allclose(answer(words, tokens[order], *matrices), given, atol=1e-4),
            "The order of the film's tokens changes the answer.", "They are a set: use no mask.")  # fmt: skip
    passed("each word takes from the film what answers its query.")


def shuffled(answer: Callable) -> None:
    """``answer(count, seed)``: a permutation without a fixed point."""
    for count, seed in ((2, 0), (3, 1), (7, 2), (40, 3), (41, 4), (40, 5)):
        order = np.asarray(answer(count, seed))
        require(order.shape == (count,), f"For {count} films the shape is {order.shape}.", "One number a film.")
        what = f"For {count} films, some get no features and others' are used twice."
        require(sorted(order.tolist()) == list(range(count)), what, "Return a permutation.")
        kept = int((order == np.arange(count)).sum())
        require(kept == 0, f"{kept} of {count} films keep their own features.", "Pass features on along a random ring.")
    first, second, again = (np.asarray(answer(40, seed)).tolist() for seed in (0, 1, 0))
    require(first == again, "The same seed gives two shuffles.", "Use np.random.default_rng(seed).")
    require(first != second, "Every seed gives the same shuffle.", "Draw a random order first.")
    passed("every film gets another film's features.")
