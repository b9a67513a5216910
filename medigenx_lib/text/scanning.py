"""Sentences to tokens as the lexicon finds them, one for each concept, and tokens to clauses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from medigenx_lib.text.lexicon import ADVERBS, MASTER, PLURAL, ROWS


class Token(NamedTuple):
    """One concept of the lexicon in a sentence; ``presence`` is set where the wording itself fixes it."""

    type: str
    value: object
    start: int
    end: int
    presence: str | None = None
    side: str | None = None


def scan(sentence: str) -> list[Token]:
    """The concepts of a lower-case sentence, in order."""
    tokens = []
    for match in MASTER.finditer(sentence):
        if match.lastgroup is None:
            tokens.append(Token("break" if match.group() in ";:" else "list", match.group(), *match.span()))
            continue
        kind, value, _ = ROWS[int(match.lastgroup.removeprefix("row"))]
        side = None
        if kind in ("percent", "ratio"):
            value, side = _share(match[kind]), match["of"] if kind == "percent" else None
        if kind == "place" and match["all"]:
            value = ((match["all"],), value[1])
        if kind == "mention" and "ly " in match.group():
            tokens += _inner_severities(match)
        tokens.append(Token(kind, value, *match.span(), None, side))
    return tokens


def _inner_severities(mention: re.Match) -> list[Token]:
    """ "Vascularity is mildly increased": the severity within a mention, as if it stood right before it."""
    words = [ADVERBS[word] for word in mention.group().split() if word in ADVERBS]
    return [Token("severity", word, mention.start(), mention.start()) for word in words]


def _share(text: str) -> float:
    """ "21 %" -> 0.21, "0.48" and "0,48" -> 0.48, "20 to 30 %" -> 0.25."""
    text = text.replace(",", ".")
    numbers = [float(number) for number in re.findall(r"\d*\.?\d+", text)]
    number = sum(numbers) / len(numbers)
    return number if re.fullmatch(r"[\d.]+", text) else round(number / 100, 4)


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
