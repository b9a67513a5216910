"""Checks of lesson 12, evaluation and optimisation: clipped n-grams, the bootstrap, a planted error, self-criticism."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def clipped_precision(answer: Callable) -> None:
    """``answer(said, there, n)``: against counts made by hand, the example of Papineni et al. among them."""
    the = answer(["the"] * 7, ["the", "cat", "is", "on", "the", "mat"], 1)
    require(abs(the - 2 / 7) < 1e-9, f"Seven times 'the' against 'the cat is on the mat': {the:.3f}, expected 2/7.",
            "Count a word at most as often as the reference has it.")  # fmt: skip
    said = ["no", "effusion", "in", "the", "left", "lung"]
    there = ["no", "effusion", "in", "either", "lung", "no", "pneumothorax"]
    for n, expected in ((1, 4 / 6), (2, 2 / 5), (3, 1 / 4)):
        given = answer(said, there, n)
        require(math.isclose(given, expected), f"Precision of runs of {n} is {given:.3f}, expected {expected:.3f}.",
                "The report's runs stand below the fraction line, not the reference's.")  # fmt: skip
    twice = answer(["no", "no", "no"], ["no", "no", "yes"], 2)
    require(math.isclose(twice, 1 / 2), f"'no no no' against 'no no yes', pairs: {twice:.3f}, expected 0.5.",
            "A run that occurs twice in the report counts twice below the fraction line.")  # fmt: skip
    short = answer(["effusion"], there, 2)
    require(short == 0, f"One word has no pairs, and you return {short}.", "Return 0 where there is no run.")
    passed("clipping keeps a report from scoring by repeating itself.")


def bootstrap(answer: Callable) -> None:
    """``answer(hits, totals, draws, rng)``: width against the formula for a mean, pairing, certainty."""
    rng = np.random.default_rng(3)
    hits = (rng.random(400) < 0.3).astype(float)
    low, high = answer(hits, np.ones(400), 2000, np.random.default_rng(0))
    require(low < hits.mean() < high, f"The interval {low:.3f}..{high:.3f} does not hold the score {hits.mean():.3f}.",
            "Return the low end first, and score each draw as a whole.")  # fmt: skip
    expected = 2 * 1.96 * hits.std() / math.sqrt(400)
    width = high - low
    require(0.8 * expected < width < 1.25 * expected, f"The interval is {width:.3f} wide, theory says {expected:.3f}.",
            "Draw as many films as there are, with repetition, and take the 2.5 and 97.5 % quantiles.")  # fmt: skip
    totals = rng.integers(1, 9, 60).astype(float)
    low, high = answer(0.5 * totals, totals, 300, np.random.default_rng(0))
    require(abs(low - 0.5) < 1e-9 and abs(high - 0.5) < 1e-9,
            f"Every film has half of its findings, and you find {low:.3f}..{high:.3f}, expected exactly 0.5.",
            "Use the same drawn films for hits and totals.")  # fmt: skip
    hits, totals = np.array([0.0, 9.0] * 30), np.array([1.0, 9.0] * 30)
    low, high = answer(hits, totals, 500, np.random.default_rng(0))
    require(low > 0.75, f"Sums of 9 of 10 findings give an interval from {low:.2f}.",
            "Divide sum by sum, rather than averaging each film's share.")  # fmt: skip
    passed("an interval that is as wide as theory says, for any score made of sums.")


def swap_sides(answer: Callable) -> None:
    """``answer(report)``: words exchanged, and what it makes of a film is flagged by the claim check."""
    from medigenx_lib.cases import Finding, Findings
    from medigenx_lib.text import crashtest

    given = answer("Right effusion. No left effusion; the left lung is clear.")
    wanted = "Left effusion. No right effusion; the right lung is clear."
    require(given == wanted, f"You made {given!r}, expected {wanted!r}.", "Exchange both at once, and keep capitals.")
    same = "A bright cleft, rightly ignored."
    require(answer(same) == same, f"{same!r} became {answer(same)!r}.", r"Only whole words: use \b in the pattern.")
    text = "Opacity in the right lower zone. No opacity on the left. Left: no effusion. Right: no effusion."
    require(
        answer(answer(text)) == text, "Swapping twice does not give the report back.", "Map each word to the other."
    )
    known = Findings((Finding("opacity", "present", "right", ("lower",)), Finding("opacity", "absent", "left")))
    plain = "There is an opacity in the right lower zone. No opacity on the left."
    require(not crashtest.flagged(plain, known), "The unedited report is flagged.")
    require(crashtest.flagged(answer(plain), known), "The claim check does not notice your edit.", "Did it change?")
    passed("one word was changed, and the claim check noticed.")


def self_critical_loss(answer: Callable) -> None:
    """``answer(log_probs, rewards, greedy_reward)``: value, sign and gradient."""
    import torch

    log_probs = torch.tensor([-2.0, -1.0, -3.0], requires_grad=True)
    rewards = torch.tensor([0.9, 0.5, 0.1], requires_grad=True)
    loss = answer(log_probs, rewards, 0.5)
    require(loss.ndim == 0, f"The loss has shape {tuple(loss.shape)}, expected a scalar.", "Take the mean.")
    loss.backward()
    pushed = -log_probs.grad
    require(pushed[0] > 0, "A report that beat the greedy one would become less likely.", "Mind the sign: descent.")
    require(pushed[2] < 0, "A report worse than the greedy one would become likelier.", "Subtract the greedy reward.")
    require(abs(float(pushed[1])) < 1e-6, "A report as good as the greedy one is pushed.", "Its advantage is zero.")
    expected = -(0.4 * -2.0 - 0.4 * -3.0) / 3
    require(abs(loss.item() - expected) < 1e-5, f"The loss is {loss.item():.4f}, expected {expected:.4f}.",
            "The mean over reports of advantage times log-probability, with a minus.")  # fmt: skip
    flows = rewards.grad is not None and bool(rewards.grad.abs().any())
    require(not flows, "A gradient flows into the rewards.", "Detach the advantage: marks are given, not learned.")
    passed("what beats the greedy report is pushed up, the rest down.")
