"""What the grammar writes, the parser reads back: nothing lost, nothing added."""

import re

import pytest

from medigenx_lib.cases import Finding, Findings, Measurement
from medigenx_lib.text import claims, grammar
from medigenx_lib.text.parsing import parse
from medigenx_lib.text.samples import random_findings
from medigenx_lib.text.severity import measured_number, severities

RIGHT = Finding("opacity", "present", "right", ("lower",), 0.21, "dense", "patchy")


def faithful(claim: Finding, finding: Finding) -> bool:
    """True if all that ``claim`` states is stated by ``finding``, in the same words' meaning."""
    number, claimed = measured_number(finding), claim.measurement.value if claim.measurement else claim.extent
    return (
        claim.presence in (finding.presence, "unknown" if claim.measurement else finding.presence)
        and claim.side in (finding.side, None)
        and claim.zones in (finding.zones, ())
        and claim.density in (finding.density, None)
        and claim.pattern in (finding.pattern, None)
        and (claim.severity is None or claim.severity in severities(finding))
        and (claimed is None or abs(number.value - claimed) <= 0.0051)
    )


def complete(finding: Finding, said: list[Finding]) -> bool:
    """True if one claim alone says all of ``finding`` but its number."""
    if finding.presence == "unknown":
        return True
    if finding.presence == "absent":
        return any(c.kind == finding.kind and c.presence == "absent" and c.side in (finding.side, None) for c in said)
    return any(
        (c.kind, c.presence, c.side, c.zones, c.density, c.pattern)
        == (finding.kind, finding.presence, finding.side, finding.zones, finding.density, finding.pattern)
        and finding.severity in (c.severity, None)
        for c in said
    )


@pytest.mark.parametrize("other_kinds", [False, True])
def test_round_trip(other_kinds):
    for seed in range(2000):
        findings = random_findings(seed, other_kinds)
        text = grammar.report(findings, seed)
        said = [claim.finding for claim in parse(text)]
        for claim in said:
            assert claim.kind == "normal" or any(faithful(claim, f) for f in findings.of(claim.kind)), (text, claim)
        for finding in findings:
            assert complete(finding, said), (text, finding)


def test_against_its_own_findings_each_sentence_is_supported():
    for seed in range(1000):
        findings = random_findings(seed)
        report = grammar.report(findings, seed)
        for verdict in claims.check(report, findings):
            assert verdict.verdict == "supported", verdict
        assert claims.omitted(report, findings) == []


def test_same_seed_same_report():
    assert grammar.report(random_findings(5), 7) == grammar.report(random_findings(5), 7)


@pytest.mark.parametrize("finding", [
    RIGHT, Finding("opacity", "uncertain", "left", ("upper",)), Finding("effusion", "present", "left"),
    Finding("cardiomegaly"), Finding("cardiomegaly", "absent"), Finding("effusion", "absent", "right"),
])  # fmt: skip
def test_at_least_eight_wordings_a_fact(finding):
    wordings = {re.sub(r"Impression.*", "", grammar.report(Findings((finding,)), seed)) for seed in range(200)}
    assert len(wordings) >= 8


def test_unknown_is_never_absent():
    unknown = Findings(tuple(Finding(k, "unknown", s) for k in ("opacity", "effusion") for s in ("right", "left")))
    for seed in range(200):
        assert {c.finding.presence for c in parse(grammar.report(unknown, seed))} <= {"unknown"}


def test_numbers_come_from_the_measurement_alone():
    measured = Finding("opacity", "present", "right", measurement=Measurement("opacity_extent.right", 0.37))
    numbers = {n for seed in range(100) for n in re.findall(r"\d+", grammar.report(Findings((measured,)), seed))}
    assert numbers == {"37"}
    assert not re.findall(r"\d", grammar.report(Findings((Finding("opacity", "present", "right"),)), 3))


def test_numbers_are_read_back():
    measured = Findings(
        (Finding("opacity", "present", "right", extent=0.37), Finding("opacity", "present", "left", extent=0.08))
    )
    for seed in range(100):
        text = grammar.report(measured, seed)
        said = {(c.finding.side, c.finding.extent) for c in parse(text) if c.finding.extent is not None}
        assert said == (
            {("right", 0.37), ("left", 0.08)}
            if "37" in text and " 8 " in text
            else {("right", 0.37)}
            if "37" in text
            else {("left", 0.08)}
            if " 8 " in text
            else set()
        )


def test_nothing_known_still_gives_a_sentence():
    assert grammar.sentences(Findings())
