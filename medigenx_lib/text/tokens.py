"""Sentences to tokens: the lexicon's concepts in order, with zone lists joined and region-and-predicate resolved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from medigenx_lib.cases import ZONES
from medigenx_lib.text.lexicon import ADVERBS, MASTER, PLURAL, REGION_KINDS, ROWS


class Token(NamedTuple):
    """One concept of the lexicon in a sentence; ``presence`` is set where the wording itself fixes it."""

    type: str
    value: object
    start: int
    end: int
    presence: str | None = None
    side: str | None = None


def tokens_of(sentence: str) -> list[Token]:
    """The tokens of one sentence, of any case."""
    found = _resolve_answers(_resolve_places(_scan(sentence.lower().replace("-to-", " to "))))
    return _resolve_excepted(_resolve_elided(_resolve_unassessed(_resolve_predicates(found))))


def _scan(sentence: str) -> list[Token]:
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


def _resolve_places(tokens: list[Token]) -> list[Token]:
    """Zone lists become one token: "upper, mid and lower"."""
    result: list[Token] = []
    i = 0
    while i < len(tokens):
        token, j = tokens[i], i + 1
        while _is_zone(token):
            k = j
            while k < len(tokens) and tokens[k].type == "list":
                k += 1
            if k >= len(tokens) or not _is_zone(tokens[k]):
                break
            zones = tuple(z for z in ZONES if z in token.value[1] + tokens[k].value[1])
            sides = token.value[0] or tokens[k].value[0]
            token, j = token._replace(value=(sides, zones), end=tokens[k].end), k + 1
        result.append(token)
        i = j
    return result


def _is_zone(token: Token) -> bool:
    return token.type == "place" and token.value[0] in ((), PLURAL) and bool(token.value[1])


def _resolve_answers(tokens: list[Token]) -> list[Token]:
    """A form's "effusion: none", "pneumothorax - no", "opacity: not seen", "effusion: right none, left small"."""
    result: list[Token] = []
    for i, token in enumerate(tokens):
        named = next((t for t in reversed(result) if t.type == "mention"), None)
        if token.type == "mention":
            token = token._replace(presence=_answered(tokens, i))
        elif token.type == "another" and named:
            token = named._replace(start=token.start, end=token.end)
        elif token.type == "answer" and named and tokens[i - 1].type == "place":
            token = named._replace(start=token.start, end=token.end, presence="absent")
            if [t.value for t in result[-3:-1]] == [named.value, ":"]:  # the name stood for what was asked
                result[-3:] = [result[-1]]
        elif token.type == "place" and named and named.presence == "absent" and _goes_on(tokens, i):
            result += [tokens[i - 1]._replace(type="break"), named._replace(presence=None)]
        result.append(token)
    return result


def _answered(tokens: Sequence[Token], i: int) -> str | None:
    """The presence that a form's answer gives the mention ``i``, None if it stands in a sentence."""
    after = [token.type for token in tokens[i + 1 : i + 3]]
    if after[:1] == ["answer"]:
        return "absent"
    if len(after) < 2 or tokens[i + 1].value != ":" or not _ends(tokens, i + 3):
        return None
    return {"answer": "absent", "negation": "absent", "hedge": "uncertain"}.get(after[1])


def _goes_on(tokens: Sequence[Token], i: int) -> bool:
    """True for the place ``i`` of "right none, left small": an answer on one side, and then the other."""
    return i > 2 and tokens[i - 1].value == "," and (tokens[i - 3].type, tokens[i - 2].type) == ("place", "answer")


def _ends(tokens: Sequence[Token], i: int) -> bool:
    """True if a sentence or clause ends before token ``i``, or after a verb there ("not seen")."""
    rest = [token for token in tokens[i : i + 2] if token.type != "verb"]
    return not rest or rest[0].type in ("break", "list")


def _resolve_predicates(tokens: list[Token]) -> list[Token]:
    """Region and predicate become a mention: "the heart is normal in size", "clear lungs", "enlarged heart"."""
    result: list[Token] = []
    subjects: list[int] = []  # where regions stand that wait for a predicate
    spent = False  # they have had one: "at the upper limits of normal or mildly enlarged"
    pending: Token | None = None  # a predicate that waits for its region
    for i, token in enumerate(tokens):
        if token.type == "predicate":
            if subjects and not _begins_anew(tokens, i) and (not spent or result[-1].value not in (",", "and", "or")):
                result += _predicate_mentions(result, subjects, token)
                spent = True
            else:
                pending = token
            continue
        if token.type == "region" and pending is not None and not _is_adjective(pending, token):
            result.append(token)
            result += _predicate_mentions(result, [len(result) - 1], pending)
            pending = pending if pending.value == "normal" else None  # "normal heart and lungs"
            continue
        if token.type == "region":
            subjects, spent = ([] if spent else subjects) + [len(result)], False
        elif token.type in ("break", "link", "mention", "verb"):
            result += _bare(pending) if token.type != "mention" else []
            pending = None
            headed = token.value == ":" and subjects[-1:] == [len(result) - 1]  # "Heart: normal"
            subjects = subjects if token.type == "verb" or headed else []
        result.append(token)
    return result + _bare(pending)


def _begins_anew(tokens: Sequence[Token], i: int) -> bool:
    """True for the predicate ``i`` of "tortuous aorta and mildly enlarged heart": the aorta is not what is enlarged."""
    before = next((t for t in reversed(tokens[:i]) if t.type != "severity"), None)
    region = i + 1 < len(tokens) and tokens[i + 1].type == "region" and tokens[i + 1].start == tokens[i].end + 1
    return region and before is not None and before.value == "and"


def _is_adjective(predicate: Token, region: Token) -> bool:
    """ "Prominent lung markings": no lung is prominent."""
    return region.value == "lungs" and predicate.value != "normal"


def _predicate_mentions(result: list[Token], subjects: Sequence[int], predicate: Token) -> list[Token]:
    """The mentions that "``subjects`` are ``predicate``" makes; the first subject ends what was negated before."""
    regions = [result[i].value for i in subjects]
    if predicate.value == "normal" or predicate.start > result[subjects[0]].start:  # not in "no enlarged heart"
        result[subjects[0]] = result[subjects[0]]._replace(type="subject")
    if predicate.value == "normal":
        return [
            _mention(kind, predicate, "absent" if kind != "normal" else None)
            for region in regions
            for kind in REGION_KINDS[region]
        ]
    if "heart" in regions:
        return [_mention("cardiomegaly", predicate, "uncertain" if predicate.value == "borderline" else None)]
    return [_mention("other", predicate, None)]


def _bare(predicate: Token | None) -> list[Token]:
    """ "Prominent", "enlarged" without any region known here: some other abnormality."""
    if predicate is None or predicate.value == "normal":
        return []
    return [_mention("other", predicate, None)]


def _mention(kind: str, at: Token, presence: str | None) -> Token:
    return Token("mention", kind, at.start, at.end, presence)


def _resolve_unassessed(tokens: list[Token]) -> list[Token]:
    """In a clause that says "cannot be assessed", what is named is unknown; so is what a region would show."""
    result: list[Token] = []
    for clause in clauses(tokens):
        clause, reason = _without_reason(clause)
        if any(t.type == "unassessed" for t in clause):
            if not any(t.type == "mention" for t in clause):
                clause = [m for t in clause for m in (_region_mentions(t) if t.type == "region" else [t])]
            clause = [t._replace(presence="unknown") if t.type == "mention" else t for t in clause]
        result += [*clause, *reason]
    return result


def _without_reason(clause: list[Token]) -> tuple[list[Token], list[Token]]:
    """The clause, and what stands from "due to" on: "cannot be assessed due to effusion" says that it is there, as
    "effusion limits evaluation" does."""
    behind = next((i for i, t in enumerate(clause) if (t.type, t.value) == ("unassessed", "behind")), 0)
    if any(t.type == "mention" for t in clause[:behind]):
        return [], clause
    cut = next((i for i, t in enumerate(clause) if t.type == "link" and t.value == "due"), len(clause))
    return clause[:cut], clause[cut:]


def _region_mentions(region: Token) -> list[Token]:
    return [_mention(kind, region, None) for kind in REGION_KINDS[region.value] if kind != "normal"]


def _resolve_elided(tokens: list[Token]) -> list[Token]:
    """ "Effusion on the right but not on the left": what is denied without a name is the finding named before."""
    denials = (("negation", "any"), ("answer", "absent"))
    ends = [i for i, token in enumerate(tokens) if token.type == "place" and tokens[i - 1][:2] in denials]
    for i in reversed(ends):
        named = next((token for token in reversed(tokens[:i]) if token.type == "mention"), None)
        if named and (i + 1 == len(tokens) or tokens[i + 1].type == "break"):
            here = named._replace(start=tokens[i].start, end=tokens[i].end, presence="absent")
            tokens = [*tokens[: i + 1], here, *tokens[i + 1 :]]
    return tokens


def _resolve_excepted(tokens: list[Token]) -> list[Token]:
    """ "No opacity except at the left base", "clear lungs but for the left base": there it is. What is said to be
    there is not where it is excepted: "opacity of the left lung except the apex"."""
    result: list[Token] = []
    for clause in clauses(tokens):
        end = next((i for i, token in enumerate(clause) if token.value == ","), len(clause))
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


def clauses(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens cut before each break."""
    clauses: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "break":
            clauses.append([])
        clauses[-1].append(token)
    return clauses
