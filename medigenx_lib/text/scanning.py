"""Sentences to tokens as the lexicon finds them, one for each concept, and tokens to clauses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from medigenx_lib.text.lexicon import ADVERBS, MASTER, ROWS
from medigenx_lib.text.lexicon_places import PLURAL


class Token(NamedTuple):
    """One concept of the lexicon in a sentence; ``presence`` is set where the wording itself fixes it.

    ``reach``: lowest and highest share that a vague one may mean, 0..1: "half of the lung", "less than 10 %".
    """

    type: str
    value: object
    start: int
    end: int
    presence: str | None = None
    side: str | None = None
    reach: tuple[float, float] | None = None


FRACTIONS = {
    "half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "two thirds": 2 / 3, "three quarters": 3 / 4,
    "most": 3 / 4, "majority": 3 / 4,
}  # fmt: skip
AT_MOST = ("less", "up", "below", "under", "at most", "<")
"""How a bound begins that a share lies below."""
ABOUT = 0.08
"""How far from it a share may lie that is said as a fraction: about as far as to the next fraction's middle."""


def scan(sentence: str) -> list[Token]:
    """The concepts of a lower-case sentence, in order."""
    tokens = []
    for match in MASTER.finditer(sentence):
        if match.lastgroup is None:
            tokens.append(_punctuation(match))
            continue
        kind, value, _ = ROWS[int(match.lastgroup.removeprefix("row"))]
        side = reach = None
        if kind in ("percent", "ratio"):
            value, side = _share(match[kind]), match["of"] if kind == "percent" else None
            reach = _reach(match[kind], match["bound"] or match["limit"], value)
        if kind == "place" and match["all"]:
            value = ((match["all"],), value[1])
        if kind == "mention" and "ly " in match.group():
            tokens += _inner_severities(match)
        tokens.append(Token(kind, value, *match.span(), None, side, reach))
    return tokens


def _punctuation(match: re.Match) -> Token:
    """A break, a joint of a list, or the question mark of "?pneumonia" or "pneumonia?"."""
    mark = match.group()
    if mark == "?":
        ahead = match.end() < len(match.string.rstrip())
        return Token("hedge", "possible forward" if ahead else "possible any", *match.span())
    return Token("break" if mark in ";:" else "list", mark, *match.span())


def _inner_severities(mention: re.Match) -> list[Token]:
    """ "Vascularity is mildly increased": the severity within a mention, as if it stood right before it."""
    words = [ADVERBS[word] for word in mention.group().split() if word in ADVERBS]
    return [Token("severity", word, mention.start(), mention.start()) for word in words]


def _share(text: str) -> float:
    """ "21 %" -> 0.21, "0.48" and "0,48" -> 0.48, "20 to 30 %" -> 0.25, "2/3" and "two thirds" -> 0.67, "most" 0.75."""
    if _is_words(text):
        words = " ".join(text.replace("-", " ").split()).removeprefix("one ")
        return round(float(Fraction(words)) if "/" in words else FRACTIONS[words], 4)
    text = text.replace(",", ".")
    numbers = [float(number) for number in re.findall(r"\d*\.?\d+", text)]
    number = sum(numbers) / len(numbers)
    return number if re.fullmatch(r"[\d.]+", text) else round(number / 100, 4)


def _is_words(text: str) -> bool:
    """True for "half", "2/3", "most", not for "21 %", "0.48"."""
    return "/" in text or not any(letter.isdigit() for letter in text)


def _reach(text: str, bound: str | None, share: float) -> tuple[float, float] | None:
    """The shares that are meant, 0..1: "half" 0.42 to 0.58, "more than half" from 0.5 on; None for a plain number."""
    if bound:
        return (0.0, share) if bound.startswith(AT_MOST) else (share, max(share, 1.0))
    if text in ("most", "majority"):
        return 1 / 2, 1.0
    return (round(share - ABOUT, 4), round(share + ABOUT, 4)) if _is_words(text) else None


def is_side(token: Token) -> bool:
    """True for a place on one side: "right", "left base"."""
    return token.type == "place" and len(token.value[0]) == 1 and token.value[0] != PLURAL


def clauses(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens cut before each break."""
    clauses: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "break":
            clauses.append([])
        clauses[-1].append(token)
    return clauses
