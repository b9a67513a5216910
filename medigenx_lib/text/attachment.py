"""What belongs to which mention: the noun phrase of each, and the findings that its words make.

Places, severities and numbers go to the mention whose phrase they stand in; "bilateral" makes two findings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from medigenx_lib.cases import SIDES, Finding, Measurement
from medigenx_lib.text.lexicon_places import BOTH, LOWER, PLURAL
from medigenx_lib.text.tokens import Token

WHOLE_FILM = ("cardiomegaly", "normal")
"""Kinds that have neither side nor zone."""
SAID = ("present", "uncertain")
STRONG = ("break", "relative", "link", "hedge", "negation", "subject")
"""What parts the phrases of two mentions, more surely than a comma."""
LEADING = (":", "there")
"""Breaks after a place that may lead: "left lung: opacity", "in the left lung there is an opacity"."""
APART = ("with", "with its", "from")
"""Links after which something else is graded."""
ADJECTIVES = ("severity", "density", "pattern")
"""What belongs to the mention right after it, even where the phrase before could go on."""
PREDICATE = re.compile(
    r"\s*(?:[.,;:()/]|$|(?:and|or|but|with|in|at|on|by|for|of|than|overall|now|sized?|volume|amount|degree"
    r"|bilaterally|posteriorly|as|since|which|that|prominent|residual|xxxx)\b)",
    re.IGNORECASE,
)
"""What may follow on a severity that is said of the finding before it; any other word is graded itself."""
PREPOSITION = re.compile(
    r"\s*,?\s*(?:in|at|of|within|involving|throughout|on|near|adjacent\s+to|(?:project(?:s|ing|ed)\s+)?over|overlying"
    r"|overlies)\b",
    re.IGNORECASE,
)


def segments(tokens: Sequence[Token], sentence: str) -> list[tuple[int, list[Token], list[Token]]]:
    """(index, tokens before, tokens after) of each mention: its own noun phrase."""
    indices = [i for i, token in enumerate(tokens) if token.type == "mention"]
    if not indices:
        return []
    breaks = [k for k, token in enumerate(tokens) if token.type == "break" and token.value not in LEADING]
    ends = [k for k in breaks if not _leads(tokens, k, sentence)]
    first = max((k for k in ends if k < indices[0]), default=0)
    last = min((k for k in ends if k > indices[-1]), default=len(tokens))
    cuts = [first, *(_cut(tokens, i, j, sentence) for i, j in pairwise(indices)), last]
    return [
        (i, _own_before(tokens[a:i]), _own_after(tokens[i + 1 : b], sentence))
        for i, (a, b) in zip(indices, pairwise(cuts), strict=False)
    ]


def _own_before(tokens: Sequence[Token]) -> list[Token]:
    """Without the severities of what stands before a "with" or "no": "mild rotation with an effusion"."""
    start = max((k for k, t in enumerate(tokens) if t.type == "negation" or t.value in APART), default=-1)
    return [t for k, t in enumerate(tokens) if t.type != "severity" or k > start]


def _own_after(tokens: Sequence[Token], sentence: str) -> list[Token]:
    """Without the severities of what is no mention ("and mild chronic changes"), and the better place where two are
    given: "in the midlung, probably within the upper lobe"."""
    own = [t for t in tokens if t.type != "severity" or _is_predicate(t, tokens, sentence)]
    hedge = next((k for k in range(len(own)) if own[k].type == "hedge" and _locates(own, k, sentence)), 0)
    return [t._replace(value=(t.value[0], ())) if t.type == "place" and k < hedge else t for k, t in enumerate(own)]


def _is_predicate(severity: Token, tokens: Sequence[Token], sentence: str) -> bool:
    """True for "effusion, small on the left", not for "effusion, slightly larger"."""
    beside = any(t.start == severity.end + 1 and t.type in (*ADJECTIVES, "place", "verb") for t in tokens)
    return beside or PREDICATE.match(sentence, severity.end) is not None


def _locates(tokens: Sequence[Token], k: int, sentence: str) -> bool:
    """True for the hedge ``k`` of "probably within the lower lobe", not for that of "probably basal atelectasis"."""
    if tokens[k].type == "break":
        return False
    beyond = range(k + 1, len(tokens))
    following = [n for n in beyond if tokens[n].value not in ("is", "seen", "lungs")]  # "within the lung"
    ends = next((n for n in following if tokens[n].type != "place"), len(tokens))
    if not following or ends == following[0]:
        return False
    the = sentence[tokens[k].end : tokens[following[0]].start].strip().lower() == "the"
    leads = the or PREPOSITION.match(sentence, tokens[k].end) is not None
    return leads and (ends == len(tokens) or tokens[ends].type in (*STRONG, "list"))


def _cut(tokens: Sequence[Token], i: int, j: int, sentence: str) -> int:
    """Where the phrase of mention ``i`` ends and that of mention ``j`` begins."""
    between = range(i + 1, j)
    strong = [k for k in between if tokens[k].type in STRONG and not _locates(tokens, k, sentence)]
    strong = [k for k in strong if not _goes_on(tokens[k], tokens[k + 1])]
    lists = [k for k in between if tokens[k].type == "list"]
    if strong and tokens[strong[0]].type != "subject":
        return strong[0] - _leads(tokens, strong[0], sentence)
    if lists:
        return lists[0] if lists[0] == i + 1 and tokens[i + 1].value != "," else lists[-1]
    if PREPOSITION.match(sentence, tokens[i].end) or _place_follows(tokens, i, j, sentence):
        return next((k + 1 for k in reversed(between) if tokens[k].type not in ADJECTIVES), i + 1)
    return i + 1


def _goes_on(token: Token, following: Token) -> bool:
    """True where a phrase goes on: "enlarged with a ratio of 0.58", "opacity is not seen on the left", "opacity, which
    is seen on the left"."""
    if token.type == "relative":
        return following.value == "seen"
    return following.type == "ratio" or (token[:2] == ("negation", "any") and following.type == "verb")


def _leads(tokens: Sequence[Token], k: int, sentence: str) -> bool:
    """True if a severity leads into token ``k``: "and small, possible effusion", "and mild but stable edema"."""
    if k == 0 or tokens[k - 1].type != "severity" or sentence[tokens[k - 1].end : tokens[k].start].strip():
        return False
    contrast = tokens[k].value == "but" and any(t.type == "comparison" for t in tokens[k + 1 : k + 2])
    return (tokens[k].type == "hedge" or contrast) and (k == 1 or tokens[k - 2].type in (*STRONG, "list"))


def _place_follows(tokens: Sequence[Token], i: int, j: int, sentence: str) -> bool:
    """True for "opacity left base compatible with atelectasis", not for "effusion left basal atelectasis"."""
    between = tokens[i + 1 : j]
    if not between or any(t.type != "place" and t.value != "lungs" for t in between):
        return False
    return not sentence[tokens[i].end : between[0].start].strip() and bool(
        sentence[between[-1].end : tokens[j].start].strip()
    )


def findings_of(kind: str, presence: str, before: list[Token], after: list[Token]) -> list[Finding]:
    """The findings that one mention states: one for each place."""
    if kind == "cardiomegaly":
        ratio = next((t for t in (*after, *before) if t.type == "ratio"), None)
        measured = None if ratio is None else Measurement("cardiothoracic_ratio", ratio.value, *ratio.reach or ())
        return [Finding(kind, presence, severity=_nearest("severity", before, after), measurement=measured)]
    if kind in WHOLE_FILM:
        return [Finding(kind, presence)]
    attributes = {name: _nearest(name, before, after) for name in ("density", "pattern")}
    severity, graded = _nearest("severity", before, after), _severities((*before, *after))
    shares = [t for t in (*before, *after) if t.type == "percent" and t.value <= 1]
    spots = [_as_place(t) for t in (*before, *after) if t.type == "place" or _is_angle(t, presence)]
    if any(t.side for t in shares):  # "60 % of the right lung is opacified, in its mid and lower zones"
        spots = [t._replace(value=((), t.value[1])) if t.value[0] == PLURAL else t for t in spots]
    located = places(spots)
    if not any(side for side, _ in located) and any(t.side for t in shares):
        located = [(t.side, located[0][1]) for t in shares if t.side]
    sides = {side for side, _ in located}
    located += [(t.side, ()) for t in shares if t.side and t.side not in sides and None not in sides]
    kept = presence == "absent" and len({side for side, _ in located} & {t.side for t in shares}) < len(located)
    found = []
    for side, zones in located:
        described = {**attributes, "severity": graded.get(side, severity)}
        finding = Finding(kind, presence, side, zones, **described, **_extent(kind, shares, side, presence))
        found.append(_by_share(finding, kept and any(t.side == side for t in shares)))
    return found


def _by_share(finding: Finding, apart: bool) -> Finding:
    """Bare "0 %" is none; in "no opacity on the left, 35 % on the right" the share stands ``apart`` from the denial."""
    described = (*finding.zones, finding.severity, finding.density, finding.pattern)
    if finding.extent == 0 and finding.presence in SAID and not any(described):
        return replace(finding, presence="absent", extent=None, measurement=None)
    return replace(finding, presence="present") if apart and finding.extent else finding


def _severities(tokens: Sequence[Token]) -> dict[str, str]:
    """Side -> severity for "moderate on the right and small on the left", "right moderate, left small"; a side that
    is singled out has its own, the other that of both."""
    marks = [t for t in tokens if t.type == "severity" or (t.type == "place" and len(t.value[0]) == 1)]
    if len({t.value for t in marks if t.type == "severity"}) < 2:
        return {}
    pairs = [(a, b) for a, b in pairwise(marks) if a.type != b.type]
    before = {b.value[0][0]: a.value for a, b in reversed(pairs) if a.type == "severity"}
    after = {a.value[0][0]: b.value for a, b in reversed(pairs) if a.type == "place"}
    return before if len(before) == len(SIDES) or len(after) < len(SIDES) else after


def _is_angle(token: Token, presence: str) -> bool:
    """The costophrenic angle is a place where something is there, and a subject where nothing is."""
    return token.type == "region" and token.value == "angle" and presence in SAID


def _as_place(token: Token) -> Token:
    return token if token.type == "place" else token._replace(type="place", value=((), LOWER))


def _nearest(type_: str, before: Sequence[Token], after: Sequence[Token]) -> str | None:
    """The attribute right before the mention, else the first one after it."""
    return next((t.value for t in (*reversed(before), *after) if t.type == type_), None)


def _extent(kind: str, shares: Sequence[Token], side: str | None, presence: str) -> dict[str, Any]:
    """The extent, 0..1, and where it is said vaguely the measurement that would bear it out."""
    own = [t for t in shares if t.side == side] or [t for t in shares if t.side is None]
    if not own:
        return {}
    meant = Measurement(".".join(filter(None, (f"{kind}_extent", side))), own[0].value, *own[0].reach or ())
    return {"extent": own[0].value, "measurement": meant if own[0].reach and presence in SAID else None}


def places(tokens: Sequence[Token]) -> list[tuple[str | None, tuple[str, ...]]]:
    """(side, zones) pairs: "right upper and left lower" is two, "bilateral" is two, no place is (None, ()).

    Zones are shared with sides that name none ("the right and left lower lobes"), but not with both sides where one
    is singled out ("bilateral, most in the right lower lobe").
    """
    groups = _place_groups(tokens)
    shared = next((zones for _, zones in reversed(groups) if zones), ())
    single = len(groups) > 1
    merged: dict[str | None, tuple[str, ...]] = {}
    for sides, zones in groups:
        own = zones or (() if single and sides == BOTH else shared)
        for side in sides or (None,):
            merged[side] = tuple(dict.fromkeys((*merged.get(side, ()), *own)))
    return [(side, merged[side]) for side in (None, *SIDES) if side in merged]


def _zones_lead(tokens: Sequence[Token]) -> bool:
    """True for "in the upper and lower zones of the right lung and the middle zone of the left lung"."""
    zoned, sided = tokens[::2], tokens[1::2]
    alternate = (
        len(tokens) > 2 and len(zoned) == len(sided) and all(t.value[1] and t.value[0] in ((), PLURAL) for t in zoned)
    )
    return alternate and all(len(t.value[0]) == 1 and not t.value[1] and t.value[0] != PLURAL for t in sided)


def _place_groups(tokens: Sequence[Token]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(sides, zones) of each run of places that name the same sides; a zone goes to the side named before it."""
    if _zones_lead(tokens):
        pairs = zip(tokens[::2], tokens[1::2], strict=True)
        return [(side.value[0], zones.value[1]) for zones, side in pairs]
    groups: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), ())]
    named = any(token.value[0] not in ((), PLURAL) for token in tokens)
    for token in tokens:
        sides, zones = token.value
        if sides == PLURAL:
            sides = () if named else BOTH
        before, known = groups[-1]
        if sides and before and sides != before:
            groups.append((sides, zones))
        else:
            groups[-1] = (before or sides, (*known, *zones))
    return groups
