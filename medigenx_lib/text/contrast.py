"""What is said of one place and otherwise of another: "gone on the right, unchanged on the left", "right, not left"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from medigenx_lib.cases import SIDES
from medigenx_lib.text.elision import DENIALS
from medigenx_lib.text.scanning import Token, is_side

PREDICATE = ("place", "verb", "comparison", "negation", "region", "link", "mention")
"""What a bare statement on one side consists of: "has resolved on the right", "the left is larger"."""


class Said(NamedTuple):
    """Of one part of a sentence: the place as (sides, zones), whether the finding is denied there, whether anything is
    said of it at all."""

    place: tuple[frozenset[str], frozenset[str]]
    denied: bool
    anything: bool


def resolve(tokens: list[Token]) -> list[Token]:
    """``tokens`` with a mention of its own for each of the places of which one finding is said otherwise."""
    return _resolve_asides(_resolve_places(_resolve_listed(_resolve_cleared(tokens))))


def _resolve_cleared(tokens: list[Token]) -> list[Token]:
    """ "Clearing of the right base with persistent opacity at the left": it is not where it cleared."""
    gone = next((i for i, token in enumerate(tokens) if token.value == "past forward"), len(tokens))
    end = next((i for i in range(gone + 1, len(tokens)) if tokens[i].type not in ("place", "region")), 0)
    if end > gone + 1 and tokens[end].type == "link":
        return [*tokens[:end], tokens[end]._replace(type="break", value="but"), *tokens[end + 1 :]]
    return tokens


def _resolve_listed(tokens: list[Token]) -> list[Token]:
    """ "No effusion on the right, small effusion on the left": who names a finding again does not deny it again."""
    result = list(tokens)
    for i, token in enumerate(tokens):
        before = next((k for k in reversed(range(i)) if tokens[k].type in ("mention", "break")), 0)
        commas = [k for k in range(before + 1, i) if tokens[k].value == ","]
        if token.type == "mention" and tokens[before][:2] == token[:2] and len(commas) == 1:
            after = next((k for k in range(i + 1, len(tokens)) if tokens[k].type in ("mention", "break")), len(tokens))
            one, other = (_sides(part) for part in (tokens[: commas[0]], tokens[commas[0] : after]))
            if len(one) == len(other) == 1 and one != other:
                result[commas[0]] = tokens[commas[0]]._replace(type="break", value="but")
    return result


def _sides(tokens: Sequence[Token]) -> set[str]:
    return {token.value[0][0] for token in tokens if is_side(token)}


def _resolve_places(tokens: list[Token]) -> list[Token]:
    """ "Opacities have cleared on the right and persist on the left": gone in one place, there in the other."""
    named = [i for i, token in enumerate(tokens) if token.type == "mention"]
    if len(named) != 1 or tokens[named[0]].presence:
        return tokens
    for joint in range(named[0] + 1, len(tokens)):
        first, second = tokens[:joint], tokens[joint + 1 :]
        while first[-1].type == "list":
            first = first[:-1]
        one, other = _said(first), _said(second)
        if tokens[joint].type in ("list", "break") and one and other and other.anything and _contrary(one, other):
            but = tokens[joint]._replace(type="break", value="but")
            here = tokens[named[0]]._replace(start=second[-1].end, end=second[-1].end)
            first, second = _with_side(first, second), [*_with_side(second, first), here]
            return [*_stated(first, one.denied), but, *_stated(second, other.denied)]
    return tokens


def _with_side(part: list[Token], other: Sequence[Token]) -> list[Token]:
    """ "Gone from the upper, still in the lower zone of the right lung": a zone without a side has the other's."""
    sides = [token for token in other if is_side(token)]
    if not sides or any(token.type == "place" and token.value[0] for token in part):
        return part
    at = next(i for i, token in enumerate(part) if token.type == "place")
    return [*part[:at], part[at]._replace(value=(sides[0].value[0], part[at].value[1])), *part[at + 1 :]]


def _contrary(one: Said, other: Said) -> bool:
    """True if the finding is denied at one place only, and the places share no side, or no zone of that side."""
    sides, zones = (a & b for a, b in zip(one.place, other.place, strict=True))
    both_sided, both_zoned = (bool(a and b) for a, b in zip(one.place, other.place, strict=True))
    return one.denied != other.denied and ((both_sided and not sides) or (both_zoned and not zones))


def _said(part: Sequence[Token]) -> Said | None:
    """What ``part`` says of one place; None if it says more than that, or speaks of no place or of both sides."""
    places = [token.value for token in part if token.type == "place"]
    sides, zones = (frozenset(name for place in places for name in place[k]) for k in (0, 1))
    negations = [token for token in part if token.type == "negation"]
    if not places or len(sides) > 1 or sides - set(SIDES) or any(token.type not in PREDICATE for token in part):
        return None
    if any(token[:2] not in DENIALS for token in negations):
        return None
    anything = bool(negations) or any(token.type == "comparison" or token.value == "seen" for token in part)
    return Said((sides, zones), bool(negations), anything)


def _stated(part: Sequence[Token], denied: bool) -> list[Token]:
    """``part`` with its mention said to be there or not, in place of the words that say so."""
    result: list[Token] = []
    for i, token in enumerate(part):
        if token.type == "mention":
            token = token._replace(presence="absent" if denied else "present")
        if token.value == "past any":
            token = token._replace(type="comparison", value="any")
        from_there = token.type == "link" and i and part[i - 1].type == "negation"  # "absent from the left lung"
        if token.type != "negation" and not from_there:
            result.append(token)
    return result


def _resolve_asides(tokens: list[Token]) -> list[Token]:
    """ "In the right, not the left, lower zone", "the lower but not the upper zone": there, and not at the other."""
    for i in range(2, len(tokens) - 1):
        before, joint, denial, other = tokens[i - 2 : i + 2]
        named = _named(tokens[: i - 2])
        places = before.type == other.type == "place" and _alike(before, other)
        if named and places and denial[:2] == DENIALS[0] and joint.value in (",", "but"):
            return _aside(tokens, i, named)
    return tokens


def _named(tokens: Sequence[Token]) -> Token | None:
    """The finding spoken of before, if nothing is said of it but where it is."""
    named = next((token for token in reversed(tokens) if token.type == "mention" and not token.presence), None)
    plain = all(token.type not in ("negation", "hedge", "query") for token in tokens)
    return named if plain else None


def _alike(one: Token, other: Token) -> bool:
    """True for two sides, or for two zones of which the second has no side of its own: the place goes on after it."""
    if not other.value[1]:
        return is_side(one) and is_side(other) and not one.value[1] and one.value != other.value
    return bool(one.value[1]) and not other.value[0] and not set(one.value[1]) & set(other.value[1])


def _aside(tokens: list[Token], i: int, named: Token) -> list[Token]:
    """The aside whose denial stands at ``i``, as a clause of its own at the end of the place that it parts."""
    before, other = tokens[i - 2], tokens[i + 1]
    rest = tokens[i + 2 + (i + 2 < len(tokens) and tokens[i + 2].value == ",") :]
    goes_on = bool(rest) and rest[0].type == "place" and rest[0].value[bool(other.value[1])] == ()
    if not goes_on and not other.value[1]:
        return tokens  # "on the left, not the right": a place of its own
    more = rest[0].value if goes_on else ((), ())
    side = tokens[i - 3].value[0] if is_side(tokens[i - 3]) else ()  # "right lower, not upper"
    sides, zones = before.value[0] or side or more[0], before.value[1] or more[1]
    there = before._replace(value=(sides, zones), end=rest[0].end if goes_on else before.end)
    elsewhere = other._replace(value=(other.value[0] or sides, other.value[1] or zones))
    but = tokens[i - 1]._replace(type="break", value="but")
    absent = named._replace(start=other.end, end=other.end, presence="absent")
    after = rest[goes_on:]
    return [*tokens[: i - 2], there, but, elsewhere, absent, *([but] if after else []), *after]
