"""The claim check: each sentence of a report is supported, contradicted or unverifiable, and by which measurement.

The rules, kept few so that they can be read in class:

- What was measured as unknown, or is not listed, can neither support nor contradict: unverifiable.
- Presence that differs contradicts. A hedge ("possible") is supported where the finding is present; a claim
  made for certain is unverifiable where the measurement itself is uncertain.
- Of a finding that is there, a claimed side, zone, density, pattern, severity or number that differs contradicts;
  one that was not measured is unverifiable. Claimed zones must all be among the measured ones. Numbers must lie in
  the measured interval, or equal the value as rounded; of a vague one ("half", "less than 10 %") some part must. A
  number of anything else ("3 cm"), a quality that nobody measures ("spiculated"), advice and treatment are
  unverifiable, and so is what holds a word that is not read ("hardly clear", see
  ``plain_words``). Severities follow ``severity.SEVERITY_BOUNDS``.
- A qualified absence ("no dense opacity in the left lower zone") is contradicted only by a finding that fits it;
  "no small effusion" denies any effusion, since who sees no small one sees no large one.
- "Unchanged", "new": nothing here knows earlier films, so unverifiable.
- A sentence is as good as its worst claim; one without any claim is unverifiable.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from medigenx_lib.cases import MEASURED_KINDS, SEVERITIES, SIDES, Finding, Findings, Measurement
from medigenx_lib.text.parsing import SAID, Claim, parse, parse_sentences
from medigenx_lib.text.plain_words import unread
from medigenx_lib.text.severity import measured_number, severities
from medigenx_lib.text.tokens import tokens_of

__all__ = ["VERDICTS", "Claim", "Verdict", "check", "judge", "omitted", "parse", "summary"]

VERDICTS = ("supported", "unverifiable", "contradicted")
"""From best to worst."""
NUMBER = re.compile(r"(?<![\w./:-])(?<!^)\d+(?:[.,]\d+)?(?![\w/:-])(?!\.\s+\w)|[¼-¾⅐-⅞]")
"""A number that stands alone, or a fraction in one character: not "T5", "5th", a date, or the "2." of a list."""
BEYOND = re.compile(
    r"\b(?:spiculat\w+|ha?emothorax|empyema|bronchograms?|peripheral(?:ly)?|subpleural|pleural-based|abut\w+"
    r"|recommend\w*|advis\w+|should|treat\w*|therap\w+"
    r"|(?:two|three|four|five|several|single|solitary)\s(?:(?!views?\b|films?\b|radiographs?\b)\w+\s){0,3}?"
    r"(?:opacit\w+|foc(?:us|i)|consolidations?|infiltrates?)"
    r"|antibiotic\w*|surgery|biops\w+|follow-?up|prognos\w+|urgent\w*|correlat\w+|artefact\w*|artifact\w*)\b",
    re.IGNORECASE,
)
"""What no measurement bears out, however true the finding is that it goes with; foci are not counted either."""
ROUNDING = 0.0051
"""Numbers are written in whole per cent, ratios with two digits: half of the last digit, and float dust."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one sentence; ``reason`` and ``measurement`` are those of its worst claim."""

    sentence: str
    verdict: str
    reason: str
    measurement: Measurement | None = None
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class _Ruling:
    """The verdict on one claim."""

    verdict: str
    reason: str
    measurement: Measurement | None = None

    @property
    def rank(self) -> int:
        """Place of the verdict in ``VERDICTS``; a sentence gets the verdict of its highest-ranking claim."""
        return VERDICTS.index(self.verdict)


def check(report: str, findings: Findings) -> list[Verdict]:
    """One verdict for each sentence of ``report``, in order, held against ``findings``."""
    return [_check_sentence(sentence, claims, findings) for sentence, claims in parse_sentences(report)]


def _check_sentence(sentence: str, claims: tuple[Claim, ...], findings: Findings) -> Verdict:
    if not claims:
        return Verdict(sentence, "unverifiable", "says nothing that is measured here")
    worst = max((judge(claim, findings) for claim in claims), key=lambda ruling: ruling.rank)
    unread = _unread(sentence, claims) if worst.verdict == "supported" else None
    if unread:
        worst = _Ruling("unverifiable", f'"{unread}" is nothing that is measured here', worst.measurement)
    return Verdict(sentence, worst.verdict, worst.reason, worst.measurement, claims)


def _unread(sentence: str, claims: Sequence[Claim]) -> str | None:
    """What a sentence says beyond its claims: BEYOND, a number that none of them took, or a word that is not read."""
    if beyond := BEYOND.search(sentence):
        return beyond[0]
    tokens = tokens_of(sentence)
    taken = {value for claim in claims for value in _numbers(claim.finding)}
    lost = next((t for t in tokens if t.type in ("percent", "ratio") and t.value not in taken), None)
    if lost:
        return sentence[lost.start : lost.end]
    read = [token for token in tokens if token.type in ("percent", "ratio", "place")]
    for number in NUMBER.finditer(sentence):
        if not any(token.start <= number.start() < token.end for token in read):
            return number[0]
    return unread(sentence)


def _numbers(finding: Finding) -> tuple[float | None, ...]:
    """The numbers that a claim states."""
    return finding.extent, finding.measurement and finding.measurement.value


def omitted(report: str, findings: Findings) -> list[Finding]:
    """The findings that are present but that no sentence of ``report`` speaks of, hedged or not.

    A sentence that names no side speaks of both, unless another one names the sides of that kind.
    """
    said = [c.finding for c in parse(report) if c.finding.presence in SAID]
    return [f for f in findings.present() if f.kind not in ("normal", "other") and not _is_said(f, said)]


def _is_said(finding: Finding, said: Sequence[Finding]) -> bool:
    same = [claim for claim in said if claim.kind == finding.kind]
    if finding.side is None:
        return bool(same)
    sides = {claim.side for claim in same}
    return finding.side in sides or sides == {None}


def summary(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Sentences by verdict: ``{"supported": n, "unverifiable": n, "contradicted": n}``."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    return {name: counts[name] for name in VERDICTS}


# --- one claim ---


def judge(claim: Claim, findings: Findings) -> _Ruling:
    """The verdict on one claim, with ``verdict``, ``reason`` and ``measurement``."""
    if claim.finding.kind == "normal":
        return _judge_normal(claim.finding, findings)
    ruling = _judge_finding(claim.finding, findings)
    if claim.comparison and ruling.verdict == "supported":
        return _Ruling("unverifiable", "compares with a film that is not here", ruling.measurement)
    return ruling


def _judge_normal(claim: Finding, findings: Findings) -> _Ruling:
    """ "Normal chest" is the conjunction of all measured absences; "abnormal" its contrary."""
    rulings = [_judge_finding(Finding(kind, "absent"), findings) for kind in MEASURED_KINDS]
    worst = max(rulings, key=lambda ruling: ruling.rank)
    if claim.presence == "present":
        return worst
    if worst.verdict == "unverifiable":
        return worst
    agrees = worst.verdict == "contradicted"
    return _Ruling("supported" if agrees else "contradicted", worst.reason, worst.measurement)


def _judge_finding(claim: Finding, findings: Findings) -> _Ruling:
    known = _relevant(claim, findings)
    if claim.presence == "unknown":
        return _judge_unknown(claim, known)
    known = [finding for finding in known if finding.presence != "unknown"]
    if not known:
        return _Ruling("unverifiable", f"{_name(claim)} was not measured")
    if claim.presence == "absent":
        return _judge_absence(claim, known, findings)
    return min((_compare(claim, finding) for finding in known), key=lambda ruling: ruling.rank)


def _relevant(claim: Finding, findings: Findings) -> list[Finding]:
    """The findings of the claimed kind on the claimed side, on any side where either names none."""
    known = [f for f in findings.of(claim.kind) if None in (claim.side, f.side) or f.side == claim.side]
    return [_completed(finding, known) for finding in known] if len(known) > 1 else known


def _completed(finding: Finding, known: Sequence[Finding]) -> Finding:
    """``finding`` with what only another entry of its place tells: an opacity may be listed as an infiltrate too."""
    same = [f for f in known if (f.presence, f.side, f.zones) == (finding.presence, finding.side, finding.zones)]
    told = {name: {getattr(f, name) for f in same} - {None} for name in ("density", "pattern", "severity")}
    missing = {name: values.pop() for name, values in told.items() if len(values) == 1 and not getattr(finding, name)}
    return replace(finding, **missing) if missing else finding


def _judge_unknown(claim: Finding, known: Sequence[Finding]) -> _Ruling:
    """ "Cannot be assessed", or a number that says nothing of presence."""
    if claim.measurement is not None:
        rulings = [_number(claim, finding) for finding in known]
        return min(rulings, key=lambda r: r.rank, default=_Ruling("unverifiable", f"{_name(claim)} was not measured"))
    if any(finding.presence == "unknown" for finding in known):
        return _Ruling("supported", f"{_name(claim)} could not be measured")
    if not known:
        return _Ruling("unverifiable", f"{_name(claim)} was not measured")
    return _Ruling("contradicted", f"it was measured: {_describe(known[0])}", measured_number(known[0]))


def _judge_absence(claim: Finding, known: Sequence[Finding], findings: Findings) -> _Ruling:
    """Contradicted by any finding that fits the claim; supported only where all of it was looked at."""
    rulings = [_compare_absence(claim, finding) for finding in known]
    worst = max(rulings, key=lambda ruling: ruling.rank)
    if worst.verdict != "supported":
        return worst
    sides = {f.side for f in known}
    sided = any(f.side for f in findings.of(claim.kind))
    if claim.side is None and sided and None not in sides and sides != set(SIDES):
        return _Ruling("unverifiable", f"{claim.kind} was measured on the {', '.join(sides)} only", worst.measurement)
    if claim.measurement is not None:
        return max((worst, *(_number(claim, f) for f in known)), key=lambda ruling: ruling.rank)
    return worst


def _compare_absence(claim: Finding, finding: Finding) -> _Ruling:
    number = measured_number(finding)
    if finding.presence == "absent":
        return _Ruling("supported", _describe(finding), number)
    if finding.presence == "uncertain":
        return _Ruling("unverifiable", _describe(finding), number)
    claim = replace(claim, severity=None) if claim.severity == SEVERITIES[0] else claim
    fits = [
        _fits(claim.zones, finding.zones, any),
        *(_fits((c,) if c else (), m, any) for c, m in _qualities(claim, finding)),
    ]
    if False in fits:
        return _Ruling("supported", f"not of that kind: {_describe(finding)}", number)
    return _Ruling("unverifiable" if None in fits else "contradicted", _describe(finding), number)


def _qualities(claim: Finding, finding: Finding) -> list[tuple[str | None, tuple[str, ...]]]:
    """(claimed, allowed by the measurement) for density, pattern and severity."""
    measured = [(value,) if value else () for value in (finding.density, finding.pattern)]
    return list(zip((claim.density, claim.pattern, claim.severity), (*measured, severities(finding)), strict=True))


def _fits(claimed: Sequence[str], measured: Sequence[str], how) -> bool | None:
    """Whether any or all of what is claimed was measured; True if nothing is claimed, None if nothing measured."""
    if not claimed:
        return True
    return how(value in measured for value in claimed) if measured else None


def _compare(claim: Finding, finding: Finding) -> _Ruling:
    """A claim that something is, or may be, there, against one finding."""
    number = measured_number(finding)
    if finding.presence == "absent":
        return _Ruling("contradicted", _describe(finding), number)
    rulings = [_Ruling("supported", _describe(finding), number)]
    if finding.presence == "uncertain" and claim.presence == "present":
        rulings.append(_Ruling("unverifiable", f"only possible: {_describe(finding)}", number))
    if claim.side and not finding.side:
        rulings.append(_Ruling("unverifiable", f"the side was not measured: {_describe(finding)}", number))
    checks = {"zones": _fits(claim.zones, finding.zones, all)}
    names = ("density", "pattern", "severity")
    checks |= {n: _fits((c,) if c else (), m, all) for n, (c, m) in zip(names, _qualities(claim, finding), strict=True)}
    for name, fits in checks.items():
        if fits is False:
            rulings.append(_Ruling("contradicted", f"{name} differ: {_describe(finding)}", number))
        elif fits is None:
            rulings.append(_Ruling("unverifiable", f"{name} not measured: {_describe(finding)}", number))
    return max((*rulings, _number(claim, finding)), key=lambda ruling: ruling.rank)


def _number(claim: Finding, finding: Finding) -> _Ruling:
    """The claimed extent or ratio, if any, against the measured number."""
    claimed = claim.extent if claim.measurement is None else claim.measurement.value
    number = measured_number(finding)
    if claimed is None:
        return _Ruling("supported", _describe(finding), number)
    if number is None:
        return _Ruling("unverifiable", f"no number was measured: {_describe(finding)}")
    low = min(value for value in (number.low, number.value) if value is not None) - ROUNDING
    high = max(value for value in (number.high, number.value) if value is not None) + ROUNDING
    least, most = _meant(claim, claimed)
    verdict = "supported" if least <= high and low <= most else "contradicted"
    return _Ruling(verdict, f"{number.shown(claimed)} claimed: {_describe(finding)}", number)


def _meant(claim: Finding, claimed: float) -> tuple[float, float]:
    """The numbers that bear the claim out: "half of the lung" may be more or less, "21 %" is 0.21."""
    said = claim.measurement
    return (claimed, claimed) if said is None or said.low is None or said.high is None else (said.low, said.high)


# --- words ---


def _name(finding: Finding) -> str:
    return "what it names" if finding.kind == "other" else " ".join(filter(None, (finding.side, finding.kind)))


def _describe(finding: Finding) -> str:
    """ "right opacity present in lower zone, extent 21 % [15 to 27 %] measured"."""
    qualities = [word for word in (finding.severity, finding.density, finding.pattern) if word]
    zones = f" in {', '.join(finding.zones)} zone" if finding.zones else ""
    words = f"{_name(finding)} {' '.join((finding.presence, *qualities))}{zones}"
    number = measured_number(finding)
    if number is None:
        return words
    interval = "" if None in (number.low, number.high) else f" [{number.shown(number.low, number.high)}]"
    name = number.name.partition(".")[0].removeprefix(f"{finding.kind}_").replace("_", " ")
    return f"{words}, {name} {number.shown(number.value)}{interval} measured"
