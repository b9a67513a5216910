"""Sentences to tokens: what is scanned, with zone lists joined, region-and-predicate resolved, and what is elided."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medigenx_lib.cases import ZONES
from medigenx_lib.text import contrast, elision
from medigenx_lib.text.elision import DENIALS
from medigenx_lib.text.lexicon import REGION_KINDS
from medigenx_lib.text.lexicon_places import PLURAL
from medigenx_lib.text.scanning import Token, clauses, is_side, scan

DASH = re.compile(r"(?<=\s)(?:--|[-\u2013\u2014])(?=\s+(?!no\b\W*$|none|nil|neg|not\b|absent|present)[a-z])")
"""A dash between two phrases; not that of a form's "effusion - none"."""
MINUS = re.compile(r"((?:^|[,;.])\s*)\(-\)(?=\s*[a-z])")
"""A "(-)" that leads: "(-) effusion". After a finding it answers."""
PLUS = re.compile(MINUS.pattern.replace("-", "+"))


def tokens_of(sentence: str) -> list[Token]:
    """The tokens of one sentence, of any case."""
    found = _resolve_answers(_resolve_places(scan(signs_written_out(sentence.lower()))))
    found = _resolve_unassessed(_resolve_predicates(_resolve_shares(found)))
    return elision.resolve(contrast.resolve(found))


def signs_written_out(sentence: str) -> str:
    """A lower-case sentence with signs written out, each in as many characters: spans must stay true."""
    sentence = DASH.sub(lambda dash: ",".ljust(len(dash[0])), sentence)
    sentence = PLUS.sub(r"\1 ; ", MINUS.sub(r"\1no ", sentence)).replace("(-)", "nil")
    return sentence.replace("-greater-than-", " greater than ").replace("-to-", " to ")


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


def _resolve_shares(tokens: list[Token]) -> list[Token]:
    """Whose share is whose: "right 20 %, left 5 %", "30 % on the right and 10 % on the left"."""
    marks = [i for i, token in enumerate(tokens) if is_side(token) or token.type == "percent"]
    if len({tokens[i].value for i in marks if is_side(tokens[i])}) < 2:
        return tokens
    result, taken = list(tokens), set()
    for k, i in enumerate(marks):
        beside = [j for j in (*marks[max(0, k - 1) : k], *marks[k + 1 : k + 2]) if is_side(tokens[j])]
        free = [j for j in beside if j not in taken]
        if tokens[i].type == "percent" and tokens[i].side is None and free:
            side = min(free, key=lambda j: any(t.type in ("list", "break") for t in tokens[min(i, j) : max(i, j)]))
            taken.add(side)
            result[i] = tokens[i]._replace(side=tokens[side].value[0][0])
    return result


def _resolve_answers(tokens: list[Token]) -> list[Token]:
    """A form's "effusion: none", "pneumothorax - no", "opacity: not seen", "effusion: right none, left small"."""
    result: list[Token] = []
    for i, token in enumerate(tokens):
        named = next((t for t in reversed(result) if t.type == "mention"), None)
        if token.type == "mention":
            token = token._replace(presence=_answered(tokens, i))
        elif token.type == "another" and named:
            token = named._replace(start=token.start, end=token.end)
        elif token.type == "answer" and named and _stands_at(tokens, i):
            result = _parted(result)
            token = named._replace(start=token.start, end=token.end, presence="absent")
            if [t.value for t in result[-3:-1]] == [named.value, ":"]:  # the name stood for what was asked
                result[-3:] = [result[-1]]
        elif token.type == "place" and named and named.presence == "absent" and _goes_on(tokens, i):
            result += [tokens[i - 1]._replace(type="break"), named._replace(presence=None)]
        result.append(token)
    return result


def _stands_at(tokens: Sequence[Token], i: int) -> bool:
    """True for the answer ``i`` of "right: none", "in the right lung there is none"."""
    before = (t for t in reversed(tokens[:i]) if t.type != "verb" and t.value not in ("there", "lungs"))
    return next((t.type for t in before), None) == "place"


def _parted(tokens: list[Token]) -> list[Token]:
    """A clause of its own for what ends in "..., in the right lung there is": no finding before has that place."""
    place = max(i for i, token in enumerate(tokens) if token.type == "place")
    after = [token for token in tokens[place:] if token.value != "there"]
    if place and len(after) < len(tokens) - place and tokens[place - 1].type == "list":
        return [*tokens[: place - 1], tokens[place - 1]._replace(type="break", value="but"), *after]
    return tokens


def _answered(tokens: Sequence[Token], i: int) -> str | None:
    """The presence that a form's answer gives the mention ``i``, None if it stands in a sentence."""
    k = next((k for k in range(i + 1, len(tokens)) if tokens[k].type != "place"), len(tokens))  # "opacity (left): no"
    after = [token.type for token in tokens[k : k + 2]]
    if after[:1] == ["answer"] and k == i + 1:
        return "absent"
    if len(after) < 2 or tokens[k].value != ":" or not _ends(tokens, k + 2):
        return None
    return {"answer": "absent", "negation": "absent", "hedge": "uncertain"}.get(after[1])


def _goes_on(tokens: Sequence[Token], i: int) -> bool:
    """True for the place ``i`` of "right none, left small": an answer on one side, and then the other."""
    return i > 2 and tokens[i - 1].value == "," and (tokens[i - 3].type, tokens[i - 2].type) == ("place", "answer")


def _ends(tokens: Sequence[Token], i: int) -> bool:
    """True if a sentence or clause ends before token ``i``, or after a verb there ("not seen")."""
    rest = [token for token in tokens[i : i + 2] if token.type != "verb"]
    return not rest or rest[0].type in ("break", "list", "ratio")


def _resolve_predicates(tokens: list[Token]) -> list[Token]:
    """Region and predicate become a mention: "the heart is normal in size", "clear lungs", "enlarged heart"."""
    result: list[Token] = []
    subjects: list[int] = []  # where regions stand that wait for a predicate
    spent = False  # they have had one: "at the upper limits of normal or mildly enlarged"
    pending: Token | None = None  # a predicate that waits for its region
    for i, token in enumerate(tokens):
        if token.type == "predicate":
            if subjects and not _begins_anew(tokens, i) and (not spent or result[-1].value not in (",", "and", "or")):
                denied = token.value == "normal" and _without_denial(result, subjects[-1])
                made = _predicate_mentions(result, subjects, token)
                result += [_denied(mention) for mention in made] if denied else made
                spent = True
            elif token.value == "normal" and _is_place_subject(result):
                result.append(_mention("opacity", token, "absent"))
            else:
                pending = token
            continue
        if token.type == "region" and pending is not None and not _is_adjective(pending, token):
            result.append(token)
            result += _predicate_mentions(result, [len(result) - 1], pending)
            pending = pending if pending.value == "normal" else None  # "normal heart and lungs"
            continue
        if token.type == "region":
            before = next((t.value for t in reversed(result) if t.type != "place"), "")
            anew = spent or before == ":"  # "Lungs: the right lung is clear"
            subjects, spent = ([] if anew else subjects) + [len(result)], False
        elif token.type in ("break", "link", "mention", "verb"):
            result += _bare(pending) if token.type != "mention" else []
            pending = None
            headed = token.value == ":" and subjects[-1:] == [len(result) - 1]  # "Heart: normal"
            subjects = subjects if token.type == "verb" or headed else []
        result.append(token)
    return result + _bare(pending)


def _is_place_subject(result: Sequence[Token]) -> bool:
    """True before the "clear" of "the left base is clear": a zone alone is one of the lung."""
    start = max((k for k, token in enumerate(result) if token.type in ("break", "list")), default=-1) + 1
    places = [token for token in result[start:-1] if token.type == "place"]
    bare = len(places) == len(result[start:-1]) and result[-1:] != [] and result[-1].type == "verb"
    return bare and any(token.value[1] for token in places)


def _without_denial(result: list[Token], subject: int) -> bool:
    """True if "not", "far from" or "no longer" stands after ``subject``, or "no" right before it; what stands after it
    is taken out: it has no scope beyond."""
    if subject and result[subject - 1][:2] in (("negation", "forward"), ("negation", "that")):
        return True  # "no lung is clear", "it is untrue that the lungs are clear"
    denials = [i for i in range(subject + 1, len(result)) if result[i][:2] in DENIALS]
    for i in reversed(denials):
        result[i : i + 1] = [result[i]._replace(type="comparison", value="any")] * (result[i].value == "past any")
    return bool(denials)


def _denied(mention: Token) -> Token:
    """ "Not clear", "not normal in size": what a normal region has not got, or nothing that is known."""
    if mention.value == "normal":
        return mention._replace(presence="absent")
    return mention._replace(presence="present" if mention.value in ("opacity", "cardiomegaly") else "uncertain")


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
        sides = _sides_of(result, subjects)
        return [
            _mention(kind, predicate, "absent" if kind != "normal" else None)._replace(side=side)
            for region, side in zip(regions, sides, strict=True)
            for kind in REGION_KINDS[region]
        ]
    if "heart" in regions and predicate.value == "borderline":
        return [predicate._replace(type="severity", value="mild"), _mention("cardiomegaly", predicate, "uncertain")]
    if "heart" in regions:
        return [_mention("cardiomegaly", predicate, None)]
    return [_mention("other", predicate, None)]


def _sides_of(result: Sequence[Token], subjects: Sequence[int]) -> list[str | None]:
    """The side of each of several subjects: "the left lung and pleural space are clear"; None where there is one only,
    or no side is named."""
    sides: list[str | None] = []
    for i in subjects if len(subjects) > 1 else ():
        own = result[i - 1].value[0][0] if i and is_side(result[i - 1]) else None
        sides.append(own or (sides[-1] if sides else None))
    return sides or [None] * len(subjects)


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
