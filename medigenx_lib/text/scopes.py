"""What a mention is said to be: present, absent or uncertain, and whether an earlier film is spoken of.

In the manner of NegEx and ConText (Chapman et al., J Biomed Inform 2001; Harkema et al., 2009): negations and hedges
have a scope, which ends where a clause, a subject or a verb does.
"""

from __future__ import annotations

from collections.abc import Sequence

from medigenx_lib.text.tokens import Token, clauses

QUERIED = ("queried", None)
"""Of "evaluate for", "rule out", "history of": nothing is said of this film."""


def presences(tokens: Sequence[Token]) -> list[tuple[str, str | None]]:
    """(presence, hedge) of each mention, in order; ``QUERIED`` for what is asked for or is history."""
    said: list[tuple[str, str | None]] = []
    queried, negated, hedge = False, False, None
    for i, token in enumerate(tokens):
        begins = token.type in ("break", "relative", "subject") and (not i or tokens[i - 1].value != "that")
        if begins or _ends_scope(tokens, i):  # "not true that the heart is enlarged" goes on
            queried, negated, hedge = False, False, None
        if token.type in ("negation", "hedge") and _looks_back(tokens, i):
            _apply_backwards(said, tokens, i)
        elif token.type == "negation":
            negated, hedge = True, None
        elif token.type == "hedge":
            hedge = _hedge(tokens, i, hedge)
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


def _ends_scope(tokens: Sequence[Token], i: int) -> bool:
    """A verb after a mention ends a scope ("no effusion is seen"), and so does "with" before something graded; not
    "no effusion or visualized pneumothorax", nor "could be secondary to a small effusion"."""
    token, before = tokens[i], tokens[i - 1] if i else None
    following = tokens[i + 1].type if i + 1 < len(tokens) else ""
    if token.type == "link":
        graded = following in ("severity", "place", "density", "pattern", "ratio", "percent", "comparison")
        new = token.value == "with" or (token.value == "due" and not (before and before.type == "hedge"))
        return (graded and new) or (token.value == "with" and before is not None and before.value == "and")
    if token.type != "verb" or not any(t.type == "mention" for t in tokens[:i]):
        return False
    return before.type != "negation" and not (before.value == "or" and following == "mention")


def _looks_back(tokens: Sequence[Token], i: int) -> bool:
    """True for "... is not seen", "... has resolved", and for "... cannot be excluded" with no mention after it."""
    if not tokens[i].value.endswith("any"):
        return False
    subject = next((token.type for token in reversed(tokens[:i]) if token.type not in ("place", "region")), "")
    if tokens[i].value == "past any" and subject == "mention":
        return True  # "the right effusion has resolved and the left effusion is smaller"
    if tokens[i].type == "negation" and i + 1 < len(tokens) and tokens[i + 1].type == "verb":
        return any(token.type == "mention" for token in tokens[:i])
    following = next((t.type for t in tokens[i + 1 :] if t.type in ("break", "mention")), "break")
    return following == "break"


def _apply_backwards(said: list[tuple[str, str | None]], tokens: Sequence[Token], i: int) -> None:
    """ "... is not seen", "... cannot be excluded": the mentions of the clause before token ``i``."""
    scope = ("absent", None) if tokens[i].type == "negation" else ("uncertain", tokens[i].value.split()[0])
    index = len(said)
    for token in reversed(tokens[:i]):
        if token.type == "break":
            return
        if token.type == "mention":
            index -= 1
            if token.presence is None:
                said[index] = scope


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
