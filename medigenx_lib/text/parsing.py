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

from medigenx_lib.cases import SIDES, Finding, Measurement
from medigenx_lib.text import scopes
from medigenx_lib.text.attachment import LEADING, SAID, WHOLE_FILM, findings_of, places, segments
from medigenx_lib.text.lexicon import STATEMENT_CLAIMS
from medigenx_lib.text.lexicon_places import LOWER
from medigenx_lib.text.scanning import is_side
from medigenx_lib.text.sentences import asked_for, split_sentences
from medigenx_lib.text.tokens import Token, tokens_of

DIFFUSE = ("edema", "hyperinflation", "low_volume", "other", *WHOLE_FILM)
"""Kinds that take no place from the finding named before them."""
PLEURAL = ("effusion", "pneumothorax")
"""Kinds that have the side of the finding in the lung that they accompany, not its zone."""
WITH = ("with", "with its")
LUNG = {"opacity", "atelectasis", "scar"}
"""Kinds that share a severity: "minimal scarring and atelectasis"."""
ALTERNATIVE = ("or", "/", "possible versus")
ADJECTIVE = re.compile(r"(?:ar|ed|ic|al|ive|ous)$", re.IGNORECASE)
"""How a mention ends that is an adjective of the next one: "nodular", "calcified", "fibrotic"."""
ANAPHOR = re.compile(
    r"(?:\d+\.\s*)?(?:on (?:the )?lateral \w+,? )?"
    r"(?:this|these|it|(?:the )?appearance|the (?:opacit|densit|consolidation|infiltrate|lesion)\w*)\b",
    re.IGNORECASE,
)
DEVICE = re.compile(
    r"catheter|\bport\b|picc|\bpace|\ba?icd|clip|sutur|stent|lead|generator|device|hardware|jugular|\bij\b"
    r"|subclavian|fractur|line\b",
    re.IGNORECASE,
)
"""What lies on a side of which nothing follows for a finding named beside it: "right PICC, small effusion"."""
REST = re.compile(
    r"\b(?:(?:remainder|rest) of|remaining|otherwise|(?:no|any|without) (?:other|further|additional|more)|elsewhere)\b",
    re.IGNORECASE,
)
"""What limits a denial to what is left."""
BETTER = re.compile(r"\b(?:locat|locali[sz]|lies|lie)", re.IGNORECASE)
"""How a sentence corrects the place that the sentence before gave: "these appear to be located in the lingula"."""
NONE = re.compile(r"(?:(?:on|in) the \w+(?: side| lung)?,? )?(?:there is )?none\b", re.IGNORECASE)
"""How a sentence denies elsewhere what the sentence before found: "none on the left"."""
EXPLAINS = re.compile(r"(?:likely|may|could|might|differential|consideration)", re.IGNORECASE)
"""Opens a sentence that says what the finding before it may be, if that is in the lung ("likely atelectasis")."""
BESIDE = re.compile(
    r"(?:there (?:is|are) )?(?:\w+ )?(?:surrounding|adjacent|associated|accompanying)\b(?! with)", re.IGNORECASE
)
"""Opens a sentence that speaks of what is at the place named in the sentence before ("mild surrounding opacity")."""


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
    """(sentence, its claims) pairs. "This may represent ..." speaks of the place named in the sentence before.

    Sentences under "INDICATION:", "COMPARISON:" and the like claim nothing.
    """
    asked = asked_for(text)
    result: list[tuple[str, tuple[Claim, ...]]] = []
    for start, sentence in split_sentences(text):
        claims = () if asked and any(a <= start < b for a, b in asked) else sentence_claims(sentence)
        if result:
            named, claims = bool(claims), _continued(sentence, claims, result[-1][1])
            if claims and not named and BETTER.search(sentence):
                result[-1] = result[-1][0], tuple(_placed(c, c.finding.side, ()) for c in result[-1][1])
        result.append((sentence, tuple(_shifted(claim, start) for claim in claims)))
    located = [c.finding for _, claims in result for c in claims if _in_lung(c) and _place(c)]
    return [(sentence, _located_elsewhere(claims, located)) for sentence, claims in result] if located else result


def _shifted(claim: Claim, start: int) -> Claim:
    first, last = claim.span
    return Claim(claim.sentence, claim.finding, (first + start, last + start), claim.comparison, claim.hedge)


def _continued(sentence: str, claims: tuple[Claim, ...], before: Sequence[Claim]) -> tuple[Claim, ...]:
    """``claims`` at the place of the one finding that the sentence before named, where they speak of that finding."""
    if not claims and NONE.match(sentence):
        return _none_at(sentence, before)
    anaphor = ANAPHOR.match(sentence)
    explains = EXPLAINS.match(sentence) and all(_in_lung(claim) for claim in claims)
    if not (anaphor or explains or BESIDE.match(sentence)):
        return claims
    if not claims:
        return _located(sentence, before) if anaphor else ()
    if anaphor:
        claims = tuple(replace(claim, hedge=claim.hedge and "explanation") for claim in claims)
    there = [c for c in before if c.finding.presence in SAID and (c.finding.side or c.finding.zones)]
    if len({c.span for c in there}) != 1:
        return claims
    return tuple(placed for claim in claims for placed in _placed_like(claim, there, ()))


def _located(sentence: str, before: Sequence[Claim]) -> tuple[Claim, ...]:
    """ "This measures 3 cm at the apex": a further place of the one finding that the sentence before named."""
    there = [c for c in before if c.finding.presence in SAID and c.finding.kind not in DIFFUSE]
    if not there or len({c.span for c in before}) > 1:
        return ()
    tokens = tokens_of(sentence)
    spots = [token for token in tokens if token.type == "place"]
    if not spots or any(token.type == "negation" for token in tokens):
        return ()
    span = (spots[0].start, spots[-1].end)
    found = [(claim, side or claim.finding.side, zones) for claim in there for side, zones in places(spots)]
    return tuple(
        replace(_placed(claim, side, zones), sentence=sentence, span=span)
        for claim, side, zones in found
        if claim.finding.side in (None, side)
    )


def _none_at(sentence: str, before: Sequence[Claim]) -> tuple[Claim, ...]:
    """ "None is seen on the left": the one finding that the sentence before named is not there."""
    spots = [token for token in tokens_of(sentence) if token.type == "place"]
    if not spots or len({claim.span for claim in before}) != 1:
        return ()
    denied = replace(before[0].finding, presence="absent", extent=None, measurement=None, severity=None)
    claim = replace(before[0], sentence=sentence, finding=denied, span=(spots[0].start, spots[-1].end), hedge=None)
    return tuple(_placed(claim, side, zones) for side, zones in places(spots))


def _in_lung(claim: Claim) -> bool:
    return claim.finding.kind in LUNG and claim.finding.presence in SAID


def _located_elsewhere(claims: tuple[Claim, ...], located: Sequence[Finding]) -> tuple[Claim, ...]:
    """ "Opacities representing atelectasis" are where another sentence puts the atelectasis, if that is one zone."""
    alike = [claim for claim in claims if _in_lung(claim)]
    taken_for = {claim.finding.kind for claim in alike} - {"opacity"}
    if not taken_for or len(taken_for) == len({c.finding.kind for c in alike}) or any(_place(c) for c in alike):
        return claims
    there = [finding for finding in located if finding.kind in taken_for]
    if {finding.kind for finding in there} != taken_for or len({finding.zones for finding in there}) > 1:
        return claims
    found = dict.fromkeys((finding.side, finding.zones) for finding in there)
    placed = {c: [_placed(c, side, zones) for side, zones in found] for c in alike}
    return tuple(same for claim in claims for same in placed.get(claim, [claim]))


def _placed(claim: Claim, side: str | None, zones: tuple[str, ...]) -> Claim:
    return replace(claim, finding=replace(claim.finding, side=side, zones=zones))


@lru_cache(maxsize=20_000)
def sentence_claims(sentence: str) -> tuple[Claim, ...]:
    """The claims of one sentence, with spans in that sentence. Cached: reports repeat themselves."""
    tokens = tokens_of(sentence)
    claims: list[Claim] = []
    for (index, before, after), (presence, hedge) in zip(
        segments(tokens, sentence), scopes.presences(tokens), strict=True
    ):
        mention, compares = tokens[index], scopes.compares(tokens, index)
        for kind in mention.value.split() if presence != "queried" else ():
            for finding in findings_of(kind, presence, before, after):
                finding = replace(finding, side=mention.side) if mention.side and kind not in DIFFUSE else finding
                claims.append(Claim(sentence, finding, (mention.start, mention.end), compares, hedge))
    if claims and claims[0].span != claims[-1].span:
        claims = _share_sides(_share_places(_share_severity(claims, tokens), tokens), tokens)
    placed = [sided for claim in claims for sided in _plural_sides(claim)]
    if any(token.value == "except" for token in tokens):
        placed = [apart for claim in placed for apart in _elsewhere(claim, placed)]
    placed = [claim for claim in _under_heading(placed, tokens) if not _is_of_the_rest(claim)]
    if "rather than" in sentence.lower():
        placed = [claim for claim in placed if not _is_its_own_contrast(claim, placed)]
    return (*placed, *_statement_claims(sentence, tokens, placed), *_lone_ratios(sentence, tokens, placed))


# --- what one mention takes from another ---


def _share_places(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """A claim without a place takes that of the mention before it ("left basal opacity, likely atelectasis"), or of
    the one after it if the place comes last ("atelectasis or infiltrate in the right base") or if that explains it
    ("opacity, probably left basal atelectasis")."""
    shared: list[Claim] = []
    for claim in claims:
        shared += _placed_like(claim, [c for c in shared if c.span == shared[-1].span], tokens)
    result: list[Claim] = []
    for claim in reversed(shared):
        donors = [c for c in result if c.span == result[-1].span]
        last = donors and not any(t.type == "place" and claim.span[1] <= t.start < donors[0].span[0] for t in tokens)
        explains = bool(donors) and donors[0].hedge == "explanation" and not claim.hedge
        result += _placed_like(claim, donors if last or explains else [], tokens)
    return result[::-1]


def _share_severity(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """ "Mild scarring or atelectasis": what follows on a bare "or" or "versus" is as severe as what went before, and so
    is what stands beside it in the lung on a bare "and", or what it is an adjective of ("small nodular opacity")."""
    shared: list[Claim] = []
    for claim in claims:
        donor = next((c for c in reversed(shared) if c.span != claim.span), None)
        if donor and not claim.finding.severity and _shares_severity(claim, donor, tokens):
            claim = replace(claim, finding=replace(claim.finding, severity=donor.finding.severity))
        shared.append(claim)
    return shared


def _place(claim: Claim) -> tuple[str, ...]:
    return (*filter(None, (claim.finding.side,)), *claim.finding.zones)


def _shares_severity(claim: Claim, donor: Claim, tokens: Sequence[Token]) -> bool:
    between = _between(claim, donor, tokens)
    within = all(t.type in ("place", "pattern") or t.value == "lungs" for t in between)
    if within and ADJECTIVE.search(claim.sentence[slice(*donor.span)]):
        return True
    if _place(claim) and _place(donor) and _place(claim) != _place(donor):
        return False
    alike = {donor.finding.kind, claim.finding.kind} <= LUNG
    joint = between[0].value if len(between) == 1 else None
    return joint in ALTERNATIVE or (alike and joint == "and")


def _placed_like(claim: Claim, donors: Sequence[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """``claim`` at the places of ``donors``, the claims of one neighbouring mention; as it is if it has its own."""
    finding = claim.finding
    if finding.presence == "absent" and donors:
        return _denied_alike(claim, donors, tokens)
    if finding.side or finding.zones or finding.kind in DIFFUSE or finding.presence not in SAID:
        return [claim]
    if not donors or donors[0].finding.presence not in SAID or DEVICE.search(claim.sentence[slice(*donors[0].span)]):
        return [claim]
    between = _between(claim, donors[0], tokens)
    plural = finding.kind == "effusion" and claim.sentence[claim.span[1] - 1] in "sS"
    if plural and any(t.type == "severity" for t in between):
        return [claim]  # "consolidation on the left and small effusions"
    if any(t.type == "break" for t in between):
        return [claim]
    beside = finding.kind in PLEURAL and _is_beside(between)
    found = dict.fromkeys((donor.finding.side, () if beside else donor.finding.zones) for donor in donors)
    return [_placed(claim, side, zones) for side, zones in found]


def _denied_alike(claim: Claim, donors: Sequence[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """ "No opacity or effusion on the left": of both only the left is spoken of."""
    between = [token.value for token in _between(claim, donors[0], tokens)]
    finding, sides = claim.finding, {donor.finding.side for donor in donors}
    alike = donors[0].finding.presence == "absent" and claim.span[1] <= donors[0].span[0] and between in (["or"], ["/"])
    last = alike and any(is_side(token) and token.start >= donors[0].span[1] for token in tokens)
    if not last or finding.side or finding.zones or finding.kind in DIFFUSE or len(sides) != 1:
        return [claim]
    return [_placed(claim, sides.pop(), ())]


def _between(claim: Claim, other: Claim, tokens: Sequence[Token]) -> list[Token]:
    """The tokens between two mentions, whichever comes first."""
    first, second = sorted((claim.span, other.span))
    return [t for t in tokens if first[1] <= t.start < second[0]]


def _is_beside(between: Sequence[Token]) -> bool:
    """True for "... with effusion", "... and a small effusion"; "basal atelectasis and effusion" are both basal."""
    own = any(t.type == "severity" for t in between)
    return any(t.value in WITH or (own and t.value == "and") for t in between)


def _share_sides(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """ "Small left effusion with basal atelectasis": a zone without a side is on that of the finding named before."""
    shared: list[Claim] = []
    for claim in claims:
        donors = [c for c in shared if c.span == shared[-1].span and c.span != claim.span]
        sides = [c.finding.side for c in donors if _needs_side(claim) and _accompanies(claim, c, tokens)]
        shared += [replace(claim, finding=replace(claim.finding, side=side)) for side in sides] or [claim]
    return shared


def _needs_side(claim: Claim) -> bool:
    """A claim with a zone and no side, of a kind that has sides, and of one thing ("basal opacities" are on both)."""
    finding = claim.finding
    single = claim.sentence[claim.span[1] - 1] not in "sS" or finding.kind == "atelectasis"
    return single and bool(finding.zones) and not finding.side and finding.kind not in DIFFUSE


def _accompanies(claim: Claim, donor: Claim, tokens: Sequence[Token]) -> bool:
    """True if "with" or "and" joins two findings that are there; devices and the like must be joined by "with"."""
    between = _between(claim, donor, tokens)
    joined = any(t.type == "link" or (t.value == "and" and donor.finding.kind != "other") for t in between)
    there = claim.finding.presence in SAID and donor.finding.presence in SAID
    return there and joined and not any(t.type in ("break", "relative") for t in between)


def _plural_sides(claim: Claim) -> list[Claim]:
    """ "Effusions", "basal opacities" and "basal atelectasis" without a side are on both."""
    finding, plural = claim.finding, claim.sentence[claim.span[1] - 1] in "sS"
    if finding.side or finding.presence not in SAID or finding.kind in DIFFUSE:
        return [claim]
    basal = LOWER[0] in finding.zones and (plural or finding.kind == "atelectasis")
    if not basal and not (plural and finding.kind == "effusion"):
        return [claim]
    return [replace(claim, finding=replace(finding, side=side)) for side in SIDES]


def _under_heading(claims: list[Claim], tokens: Sequence[Token]) -> list[Claim]:
    """ "Right: consolidation, no effusion", "on the right there is consolidation but no effusion": all on that side."""
    sides = [token.value[0][0] for token in tokens if is_side(token)]
    if len(sides) != 1 or tokens[1:2] == [] or tokens[1].value not in LEADING or not is_side(tokens[0]):
        return claims
    return [
        claim if claim.finding.side or claim.finding.kind in DIFFUSE else _placed(claim, sides[0], claim.finding.zones)
        for claim in claims
    ]


def _is_of_the_rest(claim: Claim) -> bool:
    """True for "no other opacity", "the remainder of the lungs is clear": that denies nothing said elsewhere."""
    return claim.finding.presence == "absent" and REST.search(claim.sentence, 0, claim.span[1]) is not None


def _is_its_own_contrast(claim: Claim, said: Sequence[Claim]) -> bool:
    """True for the consolidation of "opacity from overlying vessels rather than true consolidation": only its cause is
    denied."""
    kinds = {c.finding.kind for c in said if c.finding.presence in SAID and c.span[1] <= claim.span[0]}
    return claim.finding.presence == "absent" and claim.finding.kind in kinds


def _elsewhere(claim: Claim, said: Sequence[Claim]) -> list[Claim]:
    """What is denied "except at the left base" is denied on the other side; nowhere, if excepted on both."""
    finding = claim.finding
    there = {c.finding.side for c in said if c.finding.kind == finding.kind and c.finding.presence in SAID}
    if finding.presence != "absent" or finding.zones or not there & set(SIDES):
        return [claim]
    sides = [side for side in ([finding.side] if finding.side else SIDES) if side not in there]
    return [_placed(claim, side, ()) for side in sides]


# --- claims without a mention ---


def _statement_claims(sentence: str, tokens: Sequence[Token], said: Sequence[Claim]) -> Iterator[Claim]:
    """ "Normal chest", "no acute cardiopulmonary abnormality"; not "the bones show no acute abnormality"."""
    bones = any(token.value == "bones" for token in tokens)
    apart = any(token.value == "except" for token in tokens) or "otherwise" in sentence.lower()
    excepted = {"normal", *(c.finding.kind for c in said if c.finding.presence in SAID)} if apart else ()
    for i, token in enumerate(tokens):
        heads = i == 2 and tokens[0].type in ("region", "subject") and tokens[1].value == ":"
        if token.type == "statement" and not (bones and token.value == "nothing_acute") and not heads:
            denied = token.value == "normal" and i > 0 and tokens[i - 1].type == "negation"
            for kind, presence in STATEMENT_CLAIMS["abnormal" if denied else token.value]:
                if kind not in excepted:  # "no abnormality but for a small effusion"
                    claim = Claim(sentence, Finding(kind, presence), (token.start, token.end))
                    yield from [claim] if kind == "normal" else _at_place_after(claim, tokens, i)


def _at_place_after(claim: Claim, tokens: Sequence[Token], i: int) -> list[Claim]:
    """ "No focal abnormality in the left lung": what the statement ``i`` denies, where a place follows it."""
    after = [token for token in tokens[i + 1 :] if token.type not in ("verb", "region")]
    spots = after[: next((k for k, token in enumerate(after) if token.type != "place"), len(after))]
    return [_placed(claim, side, zones) for side, zones in places(spots)] if spots else [claim]


def _lone_ratios(sentence: str, tokens: Sequence[Token], said: Sequence[Claim]) -> Iterator[Claim]:
    """ "The cardiothoracic ratio is 0.48": a number, and no word on what it means."""
    taken = {claim.finding.measurement.value for claim in said if claim.finding.measurement}
    for token in tokens:
        if token.type == "ratio" and token.value not in taken:
            measured = Measurement("cardiothoracic_ratio", token.value, *token.reach or ())
            yield Claim(sentence, Finding("cardiomegaly", "unknown", measurement=measured), (token.start, token.end))
