"""Sentences to claims: a rule-based parser of chest radiograph reports.

In the manner of NegEx and ConText (Chapman et al., J Biomed Inform 2001; Harkema et al., 2009): concepts are found
by the patterns of ``lexicon``, negations and hedges have a scope, and places, severities and numbers go to the
mention whose noun phrase they stand in. No weights, no dependencies, well under a millisecond a report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from medigenx_lib.cases import SIDES, ZONES, Finding, Measurement
from medigenx_lib.text.lexicon import MASTER, REGION_KINDS, ROWS, STATEMENT_CLAIMS

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|(?<=[a-z)])\.(?=[A-Z])")
ENUMERATION = re.compile(r"^\s*(?:\d+[.)]|[-*•])?\s*$")
WHOLE_FILM = ("cardiomegaly", "normal", "other")
"""Kinds that have neither side nor zone."""
DIFFUSE = ("edema", "hyperinflation", "low_volume", *WHOLE_FILM)
"""Kinds that take no place from the finding named before them."""
PREPOSITION = re.compile(r"\s*(?:,? ?(?:in|at|of|over|within|involving|throughout|on)\b)")


@dataclass(frozen=True)
class Claim:
    """What one phrase says. ``span``: its characters in the text; ``comparison``: it speaks of an earlier film."""

    sentence: str
    finding: Finding
    span: tuple[int, int]
    comparison: bool = False


class Token(NamedTuple):
    """One concept of the lexicon in a sentence; ``presence`` is set where the wording itself fixes it."""

    type: str
    value: object
    start: int
    end: int
    presence: str | None = None
    side: str | None = None


def parse(text: str) -> list[Claim]:
    """The claims of a report, in reading order; "bilateral" gives one for each side. No claim, no entry."""
    return [
        replace(claim, span=(claim.span[0] + start, claim.span[1] + start))
        for start, sentence in split_sentences(text)
        for claim in sentence_claims(sentence)
    ]


def split_sentences(text: str) -> Iterator[tuple[int, str]]:
    """(offset, sentence) pairs. Enumerations ("1.") and decimal points end no sentence."""
    start = 0
    for end, following in [*(m.span() for m in SENTENCE_END.finditer(text)), (len(text), len(text))]:
        sentence = text[start:end]
        if ENUMERATION.match(sentence):
            if end < len(text):
                start = following if sentence.strip() == "" else start
            continue
        lead = len(sentence) - len(sentence.lstrip())
        yield start + lead, sentence.strip()
        start = following


@lru_cache(maxsize=20_000)
def sentence_claims(sentence: str) -> tuple[Claim, ...]:
    """The claims of one sentence, with spans in that sentence. Cached: reports repeat themselves."""
    tokens = _resolve_places(_scan(sentence.lower()))
    tokens = _resolve_predicates(tokens)
    tokens = _resolve_unassessed(tokens)
    presences = _presences(tokens)
    segments = _segments(tokens, sentence)
    claims: list[Claim] = []
    for (index, before, after), presence in zip(segments, presences, strict=True):
        mention = tokens[index]
        for finding in _findings(mention, presence, before, after):
            claims.append(Claim(sentence, finding, (mention.start, mention.end), _compares(tokens, index)))
    return (*_inherit_places(claims, tokens), *_statement_claims(sentence, tokens), *_lone_ratios(sentence, tokens))


# --- tokens ---


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
        tokens.append(Token(kind, value, *match.span(), None, side))
    return tokens


def _share(text: str) -> float:
    """ "21 %" -> 0.21, "0.48" -> 0.48."""
    number = float(re.match(r"[\d.]+", text).group())
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
            token, j = token._replace(value=((), zones), end=tokens[k].end), k + 1
        result.append(token)
        i = j
    return result


def _is_zone(token: Token) -> bool:
    return token.type == "place" and not token.value[0]


def _resolve_predicates(tokens: list[Token]) -> list[Token]:
    """Region and predicate become a mention: "the heart is normal in size", "clear lungs", "enlarged heart"."""
    result: list[Token] = []
    subjects: list[int] = []
    pending: Token | None = None
    for token in tokens:
        if token.type == "region":
            if pending is not None:
                result += _predicate_mentions([token], pending)
            else:
                subjects.append(len(result))
        elif token.type == "predicate":
            if subjects:
                mentions = _predicate_mentions([result[i] for i in subjects], token)
                if mentions:
                    result[subjects[0]] = result[subjects[0]]._replace(type="subject")
                result += mentions
                subjects, pending = [], None
            else:
                pending = token
            continue
        elif token.type in ("break", "link", "mention", "verb"):
            pending = None
            subjects = subjects if token.type == "verb" else []
        result.append(token)
    return result


def _predicate_mentions(regions: Sequence[Token], predicate: Token) -> list[Token]:
    """The mentions that "``regions`` are ``predicate``" makes."""
    if predicate.value == "normal":
        return [_mention(kind, predicate, "absent" if kind != "normal" else None)
                for region in regions for kind in REGION_KINDS[region.value]]  # fmt: skip
    if "heart" not in [region.value for region in regions]:
        return []
    return [_mention("cardiomegaly", predicate, "uncertain" if predicate.value == "borderline" else None)]


def _mention(kind: str, at: Token, presence: str | None) -> Token:
    return Token("mention", kind, at.start, at.end, presence)


def _resolve_unassessed(tokens: list[Token]) -> list[Token]:
    """In a clause that says "cannot be assessed", what is named is unknown; so is what a region would show."""
    result: list[Token] = []
    for clause in _clauses(tokens):
        if any(t.type == "unassessed" for t in clause):
            if not any(t.type == "mention" for t in clause):
                clause = [m for t in clause for m in (_region_mentions(t) if t.type == "region" else [t])]
            clause = [t._replace(presence="unknown") if t.type == "mention" else t for t in clause]
        result += clause
    return result


def _region_mentions(region: Token) -> list[Token]:
    return [_mention(kind, region, None) for kind in REGION_KINDS[region.value] if kind != "normal"]


def _clauses(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens cut before each break."""
    clauses: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "break":
            clauses.append([])
        clauses[-1].append(token)
    return clauses


# --- presence: the scope of negations and hedges ---


def _presences(tokens: Sequence[Token]) -> list[str]:
    """The presence of each mention, in order."""
    said: list[str] = []
    negated = hedged = False
    for i, token in enumerate(tokens):
        if token.type in ("break", "subject") or _ends_scope(tokens, i):
            negated = hedged = False
        if token.type == "negation":
            negated, hedged = True, False
        elif token.type == "hedge":
            hedged = True
        elif token.type == "mention":
            said.append(token.presence or ("absent" if negated else "uncertain" if hedged else "present"))
        if token.type in ("negation", "hedge") and token.value == "any" and not _mention_follows(tokens, i):
            _apply_backwards(said, tokens, i, "absent" if token.type == "negation" else "uncertain")
    return said


def _ends_scope(tokens: Sequence[Token], i: int) -> bool:
    """A verb after a mention ends a scope ("no effusion is seen"), and so does "with" before something graded."""
    token = tokens[i]
    if token.type == "link":
        following = tokens[i + 1].type if i + 1 < len(tokens) else ""
        return following in ("severity", "place", "density", "pattern", "ratio", "percent")
    return token.type == "verb" and any(t.type == "mention" for t in tokens[:i])


def _mention_follows(tokens: Sequence[Token], i: int) -> bool:
    for token in tokens[i + 1 :]:
        if token.type == "break":
            return False
        if token.type == "mention":
            return True
    return False


def _apply_backwards(said: list[str], tokens: Sequence[Token], i: int, presence: str) -> None:
    """ "... is not seen", "... cannot be excluded": the mentions of the clause before it."""
    index = len(said)
    for token in reversed(tokens[:i]):
        if token.type == "break":
            return
        if token.type == "mention":
            index -= 1
            if token.presence is None:
                said[index] = presence


def _compares(tokens: Sequence[Token], index: int) -> bool:
    """True if the clause of the mention at ``index`` speaks of an earlier film."""
    position = 0
    for clause in _clauses(tokens):
        position += len(clause)
        if index < position:
            return any(t.type == "comparison" for t in clause)
    return False


# --- what belongs to which mention ---


def _segments(tokens: Sequence[Token], sentence: str) -> list[tuple[int, list[Token], list[Token]]]:
    """(index, tokens before, tokens after) of each mention: its own noun phrase."""
    indices = [i for i, token in enumerate(tokens) if token.type == "mention"]
    cuts = [0, *(_cut(tokens, i, j, sentence) for i, j in pairwise(indices)), len(tokens)]
    return [(i, list(tokens[a:i]), list(tokens[i + 1 : b])) for i, (a, b) in zip(indices, pairwise(cuts), strict=False)]


def _cut(tokens: Sequence[Token], i: int, j: int, sentence: str) -> int:
    """Where the phrase of mention ``i`` ends and that of mention ``j`` begins."""
    between = range(i + 1, j)
    strong = [k for k in between if tokens[k].type in ("break", "link", "hedge", "negation", "subject")]
    lists = [k for k in between if tokens[k].type == "list"]
    if strong and tokens[strong[0]].type != "subject":
        return strong[0]
    if lists:
        return lists[0] if lists[0] == i + 1 and tokens[i + 1].value != "," else lists[-1]
    return j if PREPOSITION.match(sentence, tokens[i].end) else i + 1


def _findings(mention: Token, presence: str, before: list[Token], after: list[Token]) -> list[Finding]:
    """The findings that one mention states: one for each place."""
    kind = mention.value
    if kind == "cardiomegaly":
        ratio = next((t.value for t in (*after, *before) if t.type == "ratio"), None)
        measured = None if ratio is None else Measurement("cardiothoracic_ratio", ratio)
        return [Finding(kind, presence, severity=_nearest("severity", before, after), measurement=measured)]
    if kind in WHOLE_FILM:
        return [Finding(kind, presence)]
    attributes = {name: _nearest(name, before, after) for name in ("severity", "density", "pattern")}
    shares = [t for t in (*before, *after) if t.type == "percent" and t.value <= 1]
    places = _places([t for t in (*before, *after) if t.type == "place"])
    if not any(side for side, _ in places) and any(t.side for t in shares):
        places = [(t.side, places[0][1]) for t in shares if t.side]
    return [Finding(kind, presence, side, zones, _extent(shares, side), **attributes) for side, zones in places]


def _nearest(type_: str, before: Sequence[Token], after: Sequence[Token]) -> str | None:
    """The attribute right before the mention, else the first one after it."""
    return next((t.value for t in (*reversed(before), *after) if t.type == type_), None)


def _extent(shares: Sequence[Token], side: str | None) -> float | None:
    own = [t.value for t in shares if t.side == side] or [t.value for t in shares if t.side is None]
    return own[0] if own else None


def _places(tokens: Sequence[Token]) -> list[tuple[str | None, tuple[str, ...]]]:
    """(side, zones) pairs: "right upper and left lower" is two, "bilateral" is two, no place is (None, ())."""
    groups: list[list] = [[(), ()]]
    for token in tokens:
        sides, zones = token.value
        if sides and groups[-1][0] and sides != groups[-1][0]:
            groups.append([sides, zones])
            continue
        groups[-1] = [groups[-1][0] or sides, (*groups[-1][1], *zones)]
    shared = next((zones for _, zones in reversed(groups) if zones), ())
    merged: dict[str | None, tuple[str, ...]] = {}
    for sides, zones in groups:
        for side in sides or (None,):
            merged[side] = tuple(dict.fromkeys((*merged.get(side, ()), *(zones or shared))))
    return [(side, merged[side]) for side in (None, *SIDES) if side in merged]


def _inherit_places(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """A claim without a place takes that of the one before it: "left basal opacity, likely atelectasis"."""
    result: list[Claim] = []
    for claim in claims:
        donors = [c for c in result if c.span == result[-1].span]
        if _can_inherit(claim, donors, tokens):
            for donor in donors:
                placed = replace(claim.finding, side=donor.finding.side, zones=donor.finding.zones)
                result.append(replace(claim, finding=placed))
        else:
            result.append(claim)
    return result


def _can_inherit(claim: Claim, donors: Sequence[Claim], tokens: Sequence[Token]) -> bool:
    there = ("present", "uncertain")
    if not donors or claim.finding.side or claim.finding.zones or claim.finding.kind in DIFFUSE:
        return False
    broken = any(t.type == "break" and donors[0].span[1] <= t.start < claim.span[0] for t in tokens)
    return not broken and claim.finding.presence in there and donors[0].finding.presence in there


# --- claims without a mention ---


def _statement_claims(sentence: str, tokens: Sequence[Token]) -> Iterator[Claim]:
    """ "Normal chest", "no acute cardiopulmonary abnormality"."""
    for token in tokens:
        if token.type == "statement":
            for kind, presence in STATEMENT_CLAIMS[token.value]:
                yield Claim(sentence, Finding(kind, presence), (token.start, token.end))


def _lone_ratios(sentence: str, tokens: Sequence[Token]) -> Iterator[Claim]:
    """ "The cardiothoracic ratio is 0.48": a number, and no word on what it means."""
    if any(t.type == "mention" and t.value == "cardiomegaly" for t in tokens):
        return
    for token in tokens:
        if token.type == "ratio":
            measured = Measurement("cardiothoracic_ratio", token.value)
            yield Claim(sentence, Finding("cardiomegaly", "unknown", measurement=measured), (token.start, token.end))
