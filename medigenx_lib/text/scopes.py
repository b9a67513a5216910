"""What a mention is said to be: present, absent or uncertain, and whether an earlier film is spoken of.

In the manner of NegEx and ConText (Chapman et al., J Biomed Inform 2001; Harkema et al., 2009): negations and hedges
have a scope, which ends where a clause, a subject or a verb does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from medigenx_lib.text.tokens import Token, clauses

DENYING = ("no_acute", "nothing_acute", "comparison")
"""Statements that begin with a "no"."""
QUERIED = ("queried", None)
"""Of "evaluate for", "rule out", "history of": nothing is said of this film."""


def presences(tokens: Sequence[Token]) -> list[tuple[str, str | None]]:
    """(presence, hedge) of each mention, in order; ``QUERIED`` for what is asked for or is history."""
    said: list[tuple[str, str | None]] = []
    queried, negated, hedge = False, False, None
    for i, token in enumerate(tokens):
        begins = token.type in ("break", "relative", "subject") and (not i or tokens[i - 1].value != "that")
        if begins or _ends_scope(tokens, i, negated):  # "not true that the heart is enlarged" goes on
            queried, negated, hedge = False, False, None
        elif token.type == "statement" and _goes_on(tokens, i):
            negated, hedge = True, None
        if token.type in ("negation", "hedge") and _looks_back(tokens, i):
            _apply_backwards(said, tokens, i)
        elif token.type == "negation":
            queried = queried and (not i or tokens[i - 1].value != ",")  # "given history of copd, no pneumonia"
            negated, hedge = True, None
        elif token.type == "hedge":
            hedge = _hedge(tokens, i, hedge)
        elif token.type == "either":
            hedge = hedge or "probable"
        elif token.type == "certain":
            hedge = None
        elif token.type == "query":
            queried = True
        elif token.type == "mention":
            said.append(QUERIED if queried else _presence(token, negated, hedge))
    return said


def _presence(mention: Token, negated: bool, hedge: str | None) -> tuple[str, str | None]:
    if mention.presence:
        return mention.presence, "probable" if mention.presence == "uncertain" else None
    if negated:
        return "absent", None
    return ("uncertain", hedge) if hedge else ("present", None)


def _hedge(tokens: Sequence[Token], i: int, before: str | None) -> str:
    """The hedge from token ``i`` on: an explanation if it directly follows what it explains, or a bare "this"."""
    grade = tokens[i].value.split()[0]
    if "explanation" in (before, grade) or _explains(tokens, i):
        return "explanation"
    return "possible" if before == "possible" else grade


def _explains(tokens: Sequence[Token], i: int) -> bool:
    """True if a mention stands before the hedge, in its clause, and no "and" or "with" begins anew between them."""
    for token in reversed(tokens[:i]):
        if token.type == "mention":
            return token.presence != "absent"
        if token.type in ("break", "link", "negation", "subject") or token.value in ("and", "or"):
            return False
    return False


def _goes_on(tokens: Sequence[Token], i: int) -> bool:
    """True for the statement ``i`` of "no acute disease, pneumothorax or edema": its "no" is that of the whole list."""
    joint, rest = tokens[i + 1 : i + 2], _clause(tokens, i + 1)
    if tokens[i].value not in DENYING or not joint or joint[0].type != "list":
        return False
    return joint[0].value in ("or", "/") or (joint[0].value == "," and any(token.value == "or" for token in rest))


def _clause(tokens: Sequence[Token], start: int) -> list[Token]:
    """The tokens from ``start`` on, to where a clause ends or something else is denied."""
    ends = (k for k in range(start, len(tokens)) if tokens[k].type in ("break", "negation", "relative", "subject"))
    return list(tokens[start : next(ends, len(tokens))])


def _ends_scope(tokens: Sequence[Token], i: int, negated: bool) -> bool:
    """A verb after a mention ends a scope ("no effusion is seen"), and so does "with" before something graded; not
    "no effusion or visualized pneumothorax", nor "could be secondary to a small effusion"."""
    token, before = tokens[i], tokens[i - 1] if i else None
    following = tokens[i + 1].type if i + 1 < len(tokens) else ""
    if token.type == "link":
        graded = following in ("severity", "place", "density", "pattern", "ratio", "percent", "comparison")
        new = token.value == "with" or (token.value == "due" and not (before and before.type == "hedge"))
        return (graded and new) or (token.value == "with" and before is not None and before.value == "and")
    if not any(t.type == "mention" for t in tokens[:i]):
        return False
    if token.type == "list":
        return (negated or token.value == ",") and _begins_statement(tokens, i)
    if token.type != "verb":
        return False
    return before.type != "negation" and not (before.value == "or" and following == "mention")


def _begins_statement(tokens: Sequence[Token], i: int) -> bool:
    """True for the comma of "no pneumothorax, small left effusion", the "and" of "... and cardiomegaly is unchanged";
    not in a list that an "or" holds together: "no pneumothorax, large effusion or edema"."""
    rest = _clause(tokens, i + 1)
    named = next((k for k, token in enumerate(rest) if token.type == "mention"), None)
    if tokens[i].value not in (",", "and") or named is None or any(token.value == "or" for token in rest):
        return False
    head = rest[:named]
    if any(token.type in ("list", "link", "statement") for token in head):
        return False
    placed = any(token.type == "place" for token in head)
    grades = [token.value for token in head if token.type == "severity" and (placed or token.value != "severe")]
    new = bool(grades) or any(
        token.value == "lasting" for token in head
    )  # "no consolidation, large effusion" is a list
    return new or (placed and tokens[i].value == ",") or _has_predicate(rest[named + 1 :])


def _has_predicate(after: Sequence[Token]) -> bool:
    """True if what follows on a mention says more of it than that it is seen: "is small", "persists"."""
    after = after[: next((k for k, token in enumerate(after) if token.type in ("list", "mention")), len(after))]
    graded = any(a.value == "is" and b.type == "severity" for a, b in pairwise(after))
    return graded or any(token.value == "lasting" for token in after)


def _looks_back(tokens: Sequence[Token], i: int) -> bool:
    """True for "... is not seen", "... has resolved", and for "... cannot be excluded" with no mention after it."""
    if not str(tokens[i].value).endswith("any"):
        return False
    subject = next((token.type for token in reversed(tokens[:i]) if token.type not in ("place", "region")), "")
    if tokens[i].value == "past any" and subject == "mention":
        return True  # "the right effusion has resolved and the left effusion is smaller"
    if tokens[i].type == "negation" and i + 1 < len(tokens) and tokens[i + 1].type == "verb":
        return any(token.type == "mention" for token in tokens[:i])
    following = next((t.type for t in tokens[i + 1 :] if t.type in ("break", "mention", "cause")), "break")
    return following == "break"


def _apply_backwards(said: list[tuple[str, str | None]], tokens: Sequence[Token], i: int) -> None:
    """ "... is not seen", "... cannot be excluded": the mentions before token ``i`` of which that is said."""
    scope = ("absent", None) if tokens[i].type == "negation" else ("uncertain", tokens[i].value.split()[0])
    index, last, listed = len(said), None, False
    for k in reversed(range(i)):
        token = tokens[k]
        listed = listed or token.value in ("and", "or", "/")
        if token.type == "break" or (token.type == "cause" and last is None and not _is_listed(tokens, k)):
            return  # "opacity, aspiration cannot be excluded"
        if token.type != "mention":
            continue
        index -= 1
        if last is not None and _is_apart(tokens, k, last, listed, tokens[i].type):
            return
        last = k
        if token.presence is None and said[index] != QUERIED and not (said[index][0] == "absent" and scope[1]):
            said[index] = scope


def _is_listed(tokens: Sequence[Token], k: int) -> bool:
    """True if "and" or "or" stands before token ``k``."""
    return k > 0 and tokens[k - 1].value in ("and", "or", "/")


def _is_apart(tokens: Sequence[Token], k: int, last: int, listed: bool, type_: str) -> bool:
    """True if the mention ``k`` is no part of the list that goes on to ``last`` and is denied or hedged after it: it
    has a predicate of its own ("is unchanged"), or alone is graded, or a comma parts two statements."""
    between = tokens[k + 1 : last]
    joints = [token for token in between if token.type == "list"]
    if not joints or any(token.value in ("or", "/") for token in joints):
        return False
    own = between[: between.index(joints[0])]
    if any(token.type == "verb" or token.value == "lasting" for token in own):
        return True
    if _is_graded(tokens, k) and not _is_graded(tokens, last):
        return True
    before = [token.value for token in tokens[:k] if token.type in ("list", "break")]
    return not listed and (type_ == "hedge" or "and" in before)


def _is_graded(tokens: Sequence[Token], k: int) -> bool:
    """True if a severity stands in the phrase that leads to mention ``k``."""
    ends = (
        n for n in reversed(range(k)) if tokens[n].type not in ("severity", "place", "density", "pattern", "comparison")
    )
    return any(token.type == "severity" for token in tokens[next(ends, -1) + 1 : k])


def compares(tokens: Sequence[Token], index: int) -> bool:
    """True if the clause of the mention at ``index`` speaks of an earlier film, or the bare clause that leads into it
    ("compared with the earlier film, there is ...")."""
    if not any(_is_comparison(token) for token in tokens):
        return False
    position, led = 0, False
    for clause in clauses(tokens):
        position += len(clause)
        compares = led or any(_is_comparison(token) for token in clause)
        if index < position:
            return compares
        led = compares and all(token.type in ("comparison", "link", "break", "list") for token in clause)
    return False


def _is_comparison(token: Token) -> bool:
    """ "New", "no interval change", and what is gone: "has resolved"."""
    return token.type == "comparison" or token.value in ("comparison", "past any", "past forward")
