"""The crash test of the claim check: planted errors must be flagged, harmless rewording must not.

Each edit takes findings (and, where it works on words, their report) and gives the text of a report that is wrong in
one way, or None where that edit cannot be made on this film. The text is held against the unedited findings: a
harmful edit should leave a contradicted sentence or an omitted finding, a harmless one neither.
In the spirit of Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList", ACL 2020.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from medigenx_lib.cases import DENSITIES, PATTERNS, SEVERITIES, SIDES, ZONES, Finding, Findings, Measurement
from medigenx_lib.text import claims, grammar
from medigenx_lib.text.parsing import parse
from medigenx_lib.text.severity import measured_number, severities

SIDED = ("opacity", "effusion")
NEGATED = re.compile(r"\b(?:no|not|neither|negative|free of|clear)\b", re.IGNORECASE)
RETRIES = 10
"""Numbers and severities are optional in a wording: so many seeds are tried until the edited one is said."""


def flagged(report: str, findings: Findings) -> bool:
    """True if the claim check finds a contradicted sentence in ``report``, or a finding that it omits."""
    contradicted = any(v.verdict == "contradicted" for v in claims.check(report, findings))
    return contradicted or bool(claims.omitted(report, findings))


def run(films: Iterable[Findings], edits: dict[str, Callable] | None = None) -> dict[str, tuple[int, int]]:
    """Edit -> (flagged, made) over all ``films``; by default every harmful and every harmless edit."""
    counts = {name: [0, 0] for name in edits or EDITS}
    for seed, findings in enumerate(films):
        for name in counts:
            report = (edits or EDITS)[name](findings, random.Random(f"{name}-{seed}"))
            if report is not None:
                counts[name][0] += flagged(report, findings)
                counts[name][1] += 1
    return {name: (hits, made) for name, (hits, made) in counts.items()}


def _write(findings: Findings, rng: random.Random) -> str:
    return grammar.report(findings, rng.randrange(2**32))


def _swap(findings: Findings, old: Finding, *new: Finding) -> Findings:
    """``findings`` with ``new`` in the place of ``old``."""
    return Findings(tuple(f for item in findings for f in (new if item is old else (item,))))


def _pick(rng: random.Random, items: Iterable[Finding]) -> Finding | None:
    items = list(items)
    return rng.choice(items) if items else None


def _other_side(findings: Findings, finding: Finding) -> Finding | None:
    side = next((side for side in SIDES if side != finding.side), None)
    return next(iter(findings.of(finding.kind, side)), None)


# --- harmful edits of findings ---


def _changed(findings: Findings, rng: random.Random, change: Callable[[Finding], Finding | None]) -> str | None:
    """The report after ``change`` on one present finding that allows it."""
    options = [(f, changed) for f in findings.present() if (changed := change(f)) is not None]
    if not options:
        return None
    return _write(_swap(findings, *rng.choice(options)), rng)


def swap_sides(findings: Findings, rng: random.Random) -> str | None:
    """Right for left in every finding of one kind that differs between the sides."""
    kinds = [kind for kind in SIDED if _differ(findings, kind)]
    if not kinds:
        return None
    kind = rng.choice(kinds)
    turned = [replace(f, side=SIDES[1 - SIDES.index(f.side)]) if f.kind == kind else f for f in findings]
    return _write(Findings(tuple(turned)), rng)


def _differ(findings: Findings, kind: str) -> bool:
    presences = {f.presence for f in findings.of(kind)}
    return presences == {"present", "absent"}


def deny(findings: Findings, rng: random.Random) -> str | None:
    """A present finding as absent."""
    return _changed(findings, rng, lambda f: Finding(f.kind, "absent", f.side))


def affirm(findings: Findings, rng: random.Random) -> str | None:
    """An absent finding as present."""
    finding = _pick(rng, (f for f in findings if f.presence == "absent"))
    if finding is None:
        return None
    return _write(_swap(findings, finding, Finding(finding.kind, "present", finding.side)), rng)


def drop(findings: Findings, rng: random.Random) -> str | None:
    """A present finding left out."""
    finding = _pick(rng, findings.present())
    return None if finding is None else _write(_swap(findings, finding), rng)


def change_zone(findings: Findings, rng: random.Random) -> str | None:
    """At least one zone that the finding does not have."""

    def change(finding: Finding) -> Finding | None:
        others = [zone for zone in ZONES if zone not in finding.zones]
        return replace(finding, zones=(rng.choice(others),)) if finding.zones and others else None

    return _changed(findings, rng, change)


def _change_quality(name: str, values: tuple[str, ...], measured: Callable[[Finding], tuple]) -> Callable:
    def edit(findings: Findings, rng: random.Random) -> str | None:
        def change(finding: Finding) -> Finding | None:
            others = [value for value in values if value not in measured(finding)]
            return replace(finding, **{name: rng.choice(others)}) if measured(finding) and others else None

        return _changed(findings, rng, change)

    edit.__doc__ = f"Another {name} than the measured one."
    return edit


def _change_number(kinds: tuple[str, ...], step: float) -> Callable:
    def edit(findings: Findings, rng: random.Random) -> str | None:
        finding = _pick(
            rng, (f for f in findings if f.kind in kinds and f.presence == "present" and measured_number(f))
        )
        if finding is None:
            return None
        number = measured_number(finding)
        low, high = (number.low or number.value) - step, (number.high or number.value) + step
        wrong = high if low < 0.02 or (high < 0.95 and rng.random() < 0.5) else low
        return _said(_swap(findings, finding, _with_number(finding, number.name, wrong)), finding, wrong, rng)

    edit.__doc__ = f"A number of {' or '.join(kinds)} that lies {step} outside the measured interval."
    return edit


def _with_number(finding: Finding, name: str, value: float) -> Finding:
    extent = value if finding.extent is not None else None
    return replace(finding, extent=extent, measurement=Measurement(name, value))


def _said(edited: Findings, finding: Finding, wrong: float, rng: random.Random) -> str | None:
    """A report in which the wrong number is said."""
    for _ in range(RETRIES):
        report = _write(edited, rng)
        for claim in (c.finding for c in parse(report) if c.finding.kind == finding.kind):
            said = claim.measurement.value if claim.measurement else claim.extent
            if said is not None and claim.side in (finding.side, None) and abs(said - wrong) < 0.006:
                return report
    return None


def swap_kind(findings: Findings, rng: random.Random) -> str | None:
    """An opacity called an effusion, or an effusion an opacity, where the other is absent."""
    options = [
        (f, other)
        for f in findings.present()
        for other in findings
        if {f.kind, other.kind} == set(SIDED) and other.side == f.side and other.presence == "absent"
    ]
    if not options:
        return None
    finding, other = rng.choice(options)
    turned = replace(finding, kind=other.kind, density=None, pattern=None, measurement=None)
    edited = _swap(findings, finding, Finding(finding.kind, "absent", finding.side))
    return _write(_swap(edited, other, turned), rng)


def bilateralise(findings: Findings, rng: random.Random) -> str | None:
    """A one-sided finding on both sides."""
    options = [(f, o) for f in findings.present() if (o := _other_side(findings, f)) and o.presence == "absent"]
    if not options:
        return None
    finding, other = rng.choice(options)
    return _write(_swap(findings, other, replace(finding, side=other.side, measurement=None, extent=None)), rng)


def make_one_sided(findings: Findings, rng: random.Random) -> str | None:
    """A finding of both sides on one."""
    options = [f for f in findings.present() if (o := _other_side(findings, f)) and o.presence == "present"]
    finding = _pick(rng, options)
    return (
        None
        if finding is None
        else _write(_swap(findings, finding, Finding(finding.kind, "absent", finding.side)), rng)
    )


def call_normal(findings: Findings, rng: random.Random) -> str | None:
    """A normal report on a film that is not."""
    if not findings.present():
        return None
    return _write(Findings(tuple(Finding(f.kind, "absent", f.side) for f in findings)), rng)


# --- harmful edits of words ---


def swap_side_words(findings: Findings, rng: random.Random) -> str | None:
    """Every "right" in the text for "left" and the other way round."""
    if not any(_differ(findings, kind) for kind in SIDED):
        return None
    report = _write(findings, rng)
    turned = re.sub(r"\b(right|left)\b", lambda m: {"right": "left", "left": "right"}[m[0]], report)
    turned = re.sub(r"\b(Right|Left)\b", lambda m: {"Right": "Left", "Left": "Right"}[m[0]], turned)
    return None if turned == report else turned


def delete_negation(findings: Findings, rng: random.Random) -> str | None:
    """The word "no" deleted: "there is no effusion" says "there is effusion"."""
    for _ in range(RETRIES):
        report = _write(findings, rng)
        spots = list(re.finditer(r"\b(?:[Nn]o evidence of|[Nn]o) (?!acute)", report))
        if spots:
            spot = rng.choice(spots)
            return report[: spot.start()] + report[spot.end() :]
    return None


def insert_negation(findings: Findings, rng: random.Random) -> str | None:
    """ "There is" turned into "there is no", "is seen" into "is not seen"."""
    for _ in range(RETRIES):
        report = _write(findings, rng)
        spots = list(re.finditer(r"\b([Tt]here is(?= an?\b)|(?:is|are)(?= (?:present|seen|noted)\b))", report))
        if spots and findings.present():
            spot = rng.choice(spots)
            if NEGATED.search(report[report.rfind(". ", 0, spot.start()) + 1 : spot.end()]):
                continue  # "no effusion is not seen" is no error but no English either
            word = " no" if spot[0].lower() == "there is" else " not"
            after = re.sub(r"^ an?\b", "", report[spot.end() :])
            return report[: spot.end()] + word + after
    return None


# --- harmless edits ---


def reword(findings: Findings, rng: random.Random) -> str:
    """The same findings in other words than those of the other harmless edits."""
    rng.randrange(2**32)  # the wording seed that those draw first
    return _write(findings, rng)


def reorder(findings: Findings, rng: random.Random) -> str:
    """The sentences in another order."""
    said = grammar.sentences(findings, rng.randrange(2**32))
    rng.shuffle(said)
    return " ".join(said)


def tokenise(findings: Findings, rng: random.Random) -> str:
    """Lower case and blanks around full stops and commas, as report generators write."""
    return re.sub(r"\s*([.,])(?=\s|$)", r" \1", _write(findings, rng).lower())


SYNONYMS = (
    (r"\bis seen\b", "is identified"),
    (r"\bThere is\b", "There is evidence of"),
    (r"\bis present\b", "is demonstrated"),
    (r"\bcannot be assessed\b", "cannot be evaluated"),
    (r"\bwithin normal limits\b", "normal"),
    (r"\b(?:airspace )?opacity\b", "airspace opacity"),
    (r" %", " percent"),
    (r"\bThe heart is\b", "The cardiac silhouette is"),
    (r"\bmid\b", "middle"),
)


def substitute_synonyms(findings: Findings, rng: random.Random) -> str:
    """Words for others that mean the same."""
    report = _write(findings, rng)
    for pattern, synonym in SYNONYMS:
        report = re.sub(pattern, synonym, report)
    return report


def add_remarks(findings: Findings, rng: random.Random) -> str:
    """Remarks on what is not measured here."""
    remarks = ["No acute osseous abnormality.", "The trachea is midline.", "Bony structures are intact."]
    said = [*grammar.sentences(findings, rng.randrange(2**32)), *rng.sample(remarks, 2)]
    rng.shuffle(said)
    return " ".join(said)


HARMFUL = {
    "swap sides": swap_sides,
    "swap side words": swap_side_words,
    "deny": deny,
    "affirm": affirm,
    "delete a negation": delete_negation,
    "insert a negation": insert_negation,
    "drop a finding": drop,
    "change the zone": change_zone,
    "change the extent": _change_number(SIDED, 0.05),
    "change the ratio": _change_number(("cardiomegaly",), 0.03),
    "change the severity": _change_quality("severity", SEVERITIES, severities),
    "change the density": _change_quality("density", DENSITIES, lambda f: (f.density,) if f.density else ()),
    "change the pattern": _change_quality("pattern", PATTERNS, lambda f: (f.pattern,) if f.pattern else ()),
    "swap the kind": swap_kind,
    "call it bilateral": bilateralise,
    "call it one-sided": make_one_sided,
    "call it normal": call_normal,
}
HARMLESS = {
    "reword": reword,
    "reorder": reorder,
    "tokenise": tokenise,
    "substitute synonyms": substitute_synonyms,
    "add remarks": add_remarks,
}
EDITS = {**HARMFUL, **HARMLESS}
