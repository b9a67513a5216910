"""What a sentence leaves out: "not on the left", "but the left is not", "no opacity except at the left base"."""

from __future__ import annotations

from collections.abc import Sequence

from medigenx_lib.text.scanning import Token, clauses, is_side

DENIALS = (("negation", "any"), ("negation", "past any"))
"""What denies the predicate after it: "is not clear", "no longer normal"."""


def resolve(tokens: list[Token]) -> list[Token]:
    """``tokens`` with a mention wherever a finding is meant without being named again."""
    return _resolve_excepted(_resolve_contrasted(_resolve_repeated(_resolve_elided(_resolve_heads(tokens)))))


def _resolve_heads(tokens: list[Token]) -> list[Token]:
    """ "No right, but a small left effusion": the head of the second phrase is that of the first."""
    cut = next((i for i, token in enumerate(tokens) if token.value == "but" or _denies_next(tokens, i)), 0)
    first = [token for token in tokens[:cut] if token.value != ","]
    head = next((i for i in range(cut, len(tokens)) if tokens[i].type in ("mention", "region")), 0)
    headless = {token.type for token in first} <= {"negation", "severity", "place", "density", "hedge"}
    graded = {token.type for token in tokens[cut + 1 : head]} <= {"severity", "density", "pattern"}
    if first and headless and head > cut + 1 and graded:
        return [*first, *tokens[cut + 1 :]]  # "bilateral but mild opacities"
    sides = [{token.value[0] for token in part if is_side(token)} for part in (first, tokens[cut:head])]
    if not headless or not head or tokens[head].type != "mention" or not all(sides) or sides[0] == sides[1]:
        return tokens
    here = tokens[head]._replace(start=first[-1].end, end=first[-1].end, presence=None)
    return [*first, here, tokens[cut]._replace(type="break", value="but"), *tokens[cut + 1 :]]


def _denies_next(tokens: Sequence[Token], i: int) -> bool:
    """True for the "and" of "small left and no right effusion"."""
    return tokens[i].type == "list" and tokens[i + 1 : i + 2] != [] and tokens[i + 1][:2] == ("negation", "forward")


def _resolve_elided(tokens: list[Token]) -> list[Token]:
    """ "Effusion on the right but not on the left": what is denied without a name is the finding named before."""
    denials = (DENIALS[0], ("answer", "absent"))
    ends = [i for i, token in enumerate(tokens) if token.type == "place" and tokens[i - 1][:2] in denials]
    for i in reversed(ends):
        named = next((token for token in reversed(tokens[:i]) if token.type == "mention"), None)
        following = [token.type for token in tokens[i + 1 :] if token.value != "lungs"]
        if named and following[:1] in ([], ["break"]):
            here = named._replace(start=tokens[i].start, end=tokens[i].end, presence="absent")
            tokens = [*tokens[: i + 1], here, *tokens[i + 1 :]]
    return tokens


def _resolve_repeated(tokens: list[Token]) -> list[Token]:
    """ "Not present on the left but present on the right": the finding named before, where it is."""
    result: list[Token] = []
    for clause in clauses(tokens):
        named = next((token for token in reversed(result) if token.type == "mention"), None)
        kinds = {token.type for token in clause[1:] if token.value != "lungs"}
        seen = clause[:1] and clause[0].value == "but" and any(token.value == "seen" for token in clause)
        if named and seen and "place" in kinds and kinds <= {"verb", "place", "list", "severity"}:
            last = clause[-1]
            clause = [*clause, named._replace(start=last.start, end=last.end, presence="present")]
        result += clause
    return result


def _resolve_contrasted(tokens: list[Token]) -> list[Token]:
    """ "The right lung is clear but the left is not": what is said of one side is otherwise on the other."""
    for i in reversed(range(len(tokens))):
        ends = i + 1 == len(tokens) or tokens[i + 1].type == "break"
        place = _subject_of(tokens, i) if ends and tokens[i][:2] == DENIALS[0] else 0
        named, denied = _excepted_from(tokens[:place])
        if named:
            there = named._replace(start=tokens[i].start, end=tokens[i].end, presence="present" if denied else "absent")
            apart = tokens[place - 1]._replace(type="break", value="but")
            tokens = [*tokens[: place - 1], apart, tokens[place], there, *tokens[i + 1 :]]
    return tokens


def _subject_of(tokens: Sequence[Token], denial: int) -> int:
    """Where the place stands of ", the left lung is not", as the denial at ``denial`` ends it; 0 if it is none."""
    place = denial - 1
    while place > 0 and (tokens[place].type == "verb" or tokens[place].value == "lungs"):
        place -= 1
    return place if place > 0 and tokens[place].type == "place" and tokens[place - 1].type in ("list", "break") else 0


def _resolve_excepted(tokens: list[Token]) -> list[Token]:
    """ "No opacity except at the left base", "clear lungs but for the left base": there it is. What is said to be
    there is not where it is excepted: "opacity of the left lung except the apex"."""
    result: list[Token] = []
    for clause in clauses(tokens):
        ends = (i for i, token in enumerate(clause) if token.value == "," or token.type == "subject")
        end = next(ends, len(clause))  # "apart from the left base the lungs are clear"
        excepted, rest = clause[:end], clause[end:]
        if excepted and excepted[0].value == "except" and _is_bare_place(excepted):
            named, denied = _excepted_from(result or rest)
            if named and denied:
                last = excepted[-1]
                there = named._replace(start=last.start, end=last.end, presence=None)
                clause = [*excepted, there, *([last._replace(type="break", value="but")] if rest else []), *rest]
            elif named:
                clause = [excepted[0], *rest]
        result += clause
    return result


def _is_bare_place(clause: Sequence[Token]) -> bool:
    """True for a clause that names a place and nothing else."""
    kinds = {token.type for token in clause[1:]}
    return "place" in kinds and kinds <= {"place", "list", "verb"}


def _excepted_from(tokens: Sequence[Token]) -> tuple[Token | None, bool]:
    """The last mention among the tokens, and whether it is denied there."""
    named, denied = None, False
    for token in tokens:
        if token.type in ("break", "negation"):
            denied = token.type == "negation"
        elif token.type == "mention":
            named, absent = token, denied or token.presence == "absent"
    return named, named is not None and absent
