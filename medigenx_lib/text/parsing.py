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

from medigenx_lib.cases import SIDES, Finding, Measurement
from medigenx_lib.text.lexicon import BOTH, LOWER, PLURAL, STATEMENT_CLAIMS
from medigenx_lib.text.tokens import Token, clauses, tokens_of

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+|(?<=[a-z)])\.(?=[A-Z])")
ENUMERATION = re.compile(r"^\s*(?:\d+[.)]|[-*•])?\s*$")
WHOLE_FILM = ("cardiomegaly", "normal")
"""Kinds that have neither side nor zone."""
DIFFUSE = ("edema", "hyperinflation", "low_volume", "other", *WHOLE_FILM)
"""Kinds that take no place from the finding named before them."""
SAID = ("present", "uncertain")
ANAPHOR = re.compile(r"(?:\d+\.\s*)?(?:this|these|it|the appearance|appearance)\b", re.IGNORECASE)
BESIDE = re.compile(
    r"(?:there (?:is|are) )?(?:\w+ )?(?:surrounding|adjacent|associated|accompanying)\b(?! with)", re.IGNORECASE
)
"""Opens a sentence that speaks of what is at the place named in the sentence before ("mild surrounding opacity")."""
STRONG = ("break", "relative", "link", "hedge", "negation", "subject")
"""What parts the phrases of two mentions, more surely than a comma."""
PREPOSITION = re.compile(
    r"\s*,? ?(?:in|at|of|within|involving|throughout|on|near|adjacent to|(?:project(?:s|ing|ed) )?over|overlying"
    r"|overlies)\b"
)


@dataclass(frozen=True)
class Claim:
    """What one phrase says.

    ``span``: its characters in the text. ``comparison``: it speaks of an earlier film. ``hedge``: of an uncertain
    claim, ``probable`` or ``possible``, or ``explanation`` where it is offered for a finding named before ("opacity,
    which may represent atelectasis").
    """

    sentence: str
    finding: Finding
    span: tuple[int, int]
    comparison: bool = False
    hedge: str | None = None


def parse(text: str) -> list[Claim]:
    """The claims of a report, in reading order; "bilateral" gives one for each side. No claim, no entry."""
    return [claim for _, claims in parse_sentences(text) for claim in claims]


def parse_sentences(text: str) -> list[tuple[str, tuple[Claim, ...]]]:
    """(sentence, its claims) pairs. "This may represent ..." speaks of the place named in the sentence before."""
    result: list[tuple[str, tuple[Claim, ...]]] = []
    for start, sentence in split_sentences(text):
        claims = sentence_claims(sentence)
        if result and claims:
            claims = tuple(placed for claim in claims for placed in _continued(claim, result[-1][1]))
        shifted = (replace(claim, span=(claim.span[0] + start, claim.span[1] + start)) for claim in claims)
        result.append((sentence, tuple(shifted)))
    return result


def _continued(claim: Claim, before: Sequence[Claim]) -> list[Claim]:
    """``claim`` at the place of the one finding that the sentence before named, where it speaks of that finding."""
    anaphor = ANAPHOR.match(claim.sentence)
    if not anaphor and not BESIDE.match(claim.sentence):
        return [claim]
    claim = replace(claim, hedge=claim.hedge and "explanation") if anaphor else claim
    there = [c for c in before if c.finding.presence in SAID and (c.finding.side or c.finding.zones)]
    return _placed_like(claim, there, ()) if len({c.span for c in there}) == 1 else [claim]


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
    tokens = tokens_of(sentence)
    claims: list[Claim] = []
    for (index, before, after), (presence, hedge) in zip(_segments(tokens, sentence), _presences(tokens), strict=True):
        mention, compares = tokens[index], _compares(tokens, index)
        for kind in mention.value.split():
            for finding in _findings(kind, presence, before, after):
                claims.append(Claim(sentence, finding, (mention.start, mention.end), compares, hedge))
    placed = [
        sided for claim in _share_places(_share_severity(claims, tokens), tokens) for sided in _plural_sides(claim)
    ]
    return (*placed, *_statement_claims(sentence, tokens), *_lone_ratios(sentence, tokens))


# --- presence: the scope of negations and hedges ---


def _presences(tokens: Sequence[Token]) -> list[tuple[str, str | None]]:
    """(presence, hedge) of each mention, in order."""
    said: list[tuple[str, str | None]] = []
    negated, hedge = False, None
    for i, token in enumerate(tokens):
        if token.type in ("break", "relative", "subject") or _ends_scope(tokens, i):
            negated, hedge = False, None
        if token.type in ("negation", "hedge") and _looks_back(tokens, i):
            _apply_backwards(said, tokens, i)
        elif token.type == "negation":
            negated, hedge = True, None
        elif token.type == "hedge":
            hedge = _hedge(tokens, i, hedge)
        elif token.type == "mention":
            said.append(_presence(token, negated, hedge))
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
        graded = following in ("severity", "place", "density", "pattern", "ratio", "percent")
        return graded and not (token.value == "due" and before and before.type == "hedge")
    if token.type != "verb" or not any(t.type == "mention" for t in tokens[:i]):
        return False
    return not (before.value == "or" and following == "mention")


def _looks_back(tokens: Sequence[Token], i: int) -> bool:
    """True for "... is not seen", and for "... cannot be excluded" with no mention after it."""
    if not tokens[i].value.endswith("any"):
        return False
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


def _compares(tokens: Sequence[Token], index: int) -> bool:
    """True if the clause of the mention at ``index`` speaks of an earlier film, or the bare clause that leads into it
    ("compared with the earlier film, there is ...")."""
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
    return token.type == "comparison" or token.value == "comparison" or str(token.value).startswith("past")


# --- what belongs to which mention ---


def _segments(tokens: Sequence[Token], sentence: str) -> list[tuple[int, list[Token], list[Token]]]:
    """(index, tokens before, tokens after) of each mention: its own noun phrase."""
    indices = [i for i, token in enumerate(tokens) if token.type == "mention"]
    cuts = [0, *(_cut(tokens, i, j, sentence) for i, j in pairwise(indices)), len(tokens)]
    return [(i, list(tokens[a:i]), list(tokens[i + 1 : b])) for i, (a, b) in zip(indices, pairwise(cuts), strict=False)]


def _cut(tokens: Sequence[Token], i: int, j: int, sentence: str) -> int:
    """Where the phrase of mention ``i`` ends and that of mention ``j`` begins."""
    between = range(i + 1, j)
    strong = [k for k in between if tokens[k].type in STRONG]
    lists = [k for k in between if tokens[k].type == "list"]
    if strong and tokens[strong[0]].type != "subject":
        return strong[0]
    if lists:
        return lists[0] if lists[0] == i + 1 and tokens[i + 1].value != "," else lists[-1]
    return j if PREPOSITION.match(sentence, tokens[i].end) or _place_follows(tokens, i, j, sentence) else i + 1


def _place_follows(tokens: Sequence[Token], i: int, j: int, sentence: str) -> bool:
    """True for "opacity left base compatible with atelectasis", not for "effusion left basal atelectasis"."""
    between = tokens[i + 1 : j]
    if not between or any(t.type != "place" for t in between):
        return False
    return not sentence[tokens[i].end : between[0].start].strip() and bool(
        sentence[between[-1].end : tokens[j].start].strip()
    )


def _findings(kind: str, presence: str, before: list[Token], after: list[Token]) -> list[Finding]:
    """The findings that one mention states: one for each place."""
    if kind == "cardiomegaly":
        ratio = next((t.value for t in (*after, *before) if t.type == "ratio"), None)
        measured = None if ratio is None else Measurement("cardiothoracic_ratio", ratio)
        return [Finding(kind, presence, severity=_nearest("severity", before, after), measurement=measured)]
    if kind in WHOLE_FILM:
        return [Finding(kind, presence)]
    attributes = {name: _nearest(name, before, after) for name in ("severity", "density", "pattern")}
    shares = [t for t in (*before, *after) if t.type == "percent" and t.value <= 1]
    places = _places([_as_place(t) for t in (*before, *after) if t.type == "place" or _is_angle(t, presence)])
    if not any(side for side, _ in places) and any(t.side for t in shares):
        places = [(t.side, places[0][1]) for t in shares if t.side]
    return [Finding(kind, presence, side, zones, _extent(shares, side), **attributes) for side, zones in places]


def _is_angle(token: Token, presence: str) -> bool:
    """The costophrenic angle is a place where something is there, and a subject where nothing is."""
    return token.type == "region" and token.value == "angle" and presence in SAID


def _as_place(token: Token) -> Token:
    return token if token.type == "place" else token._replace(type="place", value=((), LOWER))


def _nearest(type_: str, before: Sequence[Token], after: Sequence[Token]) -> str | None:
    """The attribute right before the mention, else the first one after it."""
    return next((t.value for t in (*reversed(before), *after) if t.type == type_), None)


def _extent(shares: Sequence[Token], side: str | None) -> float | None:
    own = [t.value for t in shares if t.side == side] or [t.value for t in shares if t.side is None]
    return own[0] if own else None


def _places(tokens: Sequence[Token]) -> list[tuple[str | None, tuple[str, ...]]]:
    """(side, zones) pairs: "right upper and left lower" is two, "bilateral" is two, no place is (None, ())."""
    groups: list[list] = [[(), ()]]
    named = any(token.value[0] not in ((), PLURAL) for token in tokens)
    for token in tokens:
        sides, zones = token.value
        if sides == PLURAL:
            sides = () if named else BOTH
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


def _share_places(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """A claim without a place takes that of the mention before it ("left basal opacity, likely atelectasis"), or of
    the one after it if the place comes last ("atelectasis or infiltrate in the right base")."""
    shared: list[Claim] = []
    for claim in claims:
        shared += _placed_like(claim, [c for c in shared if c.span == shared[-1].span], tokens)
    result: list[Claim] = []
    for claim in reversed(shared):
        donors = [c for c in result if c.span == result[-1].span]
        last = donors and not any(t.type == "place" and claim.span[1] <= t.start < donors[0].span[0] for t in tokens)
        result += _placed_like(claim, donors if last else [], tokens)
    return result[::-1]


def _share_severity(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """ "Mild scarring or atelectasis": what follows on a bare "or" or stroke is as severe as what went before."""
    shared: list[Claim] = []
    for claim in claims:
        donor = next((c for c in reversed(shared) if c.span != claim.span), None)
        between = [t for t in tokens if donor and donor.span[1] <= t.start < claim.span[0]]
        if donor and not claim.finding.severity and len(between) == 1 and between[0].value in ("or", "/"):
            claim = replace(claim, finding=replace(claim.finding, severity=donor.finding.severity))
        shared.append(claim)
    return shared


def _placed_like(claim: Claim, donors: Sequence[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """``claim`` at the places of ``donors``, the claims of one neighbouring mention; as it is if it has its own."""
    finding = claim.finding
    if finding.side or finding.zones or finding.kind in DIFFUSE or finding.presence not in SAID:
        return [claim]
    if not donors or donors[0].finding.presence not in SAID:
        return [claim]
    first, second = sorted((claim.span, donors[0].span))
    if any(t.type == "break" and first[1] <= t.start < second[0] for t in tokens):
        return [claim]
    places = dict.fromkeys((donor.finding.side, donor.finding.zones) for donor in donors)
    return [replace(claim, finding=replace(finding, side=side, zones=zones)) for side, zones in places]


def _plural_sides(claim: Claim) -> list[Claim]:
    """ "Effusions", "basal opacities" and "basal atelectasis" without a side are on both."""
    finding, plural = claim.finding, claim.sentence[claim.span[1] - 1] == "s"
    if finding.side or finding.presence not in SAID or finding.kind in DIFFUSE:
        return [claim]
    basal = finding.zones == LOWER and (plural or finding.kind == "atelectasis")
    if not basal and not (plural and finding.kind == "effusion"):
        return [claim]
    return [replace(claim, finding=replace(finding, side=side)) for side in SIDES]


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
