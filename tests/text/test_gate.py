"""The gate lets through what the measurements support, once, and sees to it that all is said."""

import pytest

from medigenx_lib.cases import Finding, Findings, Measurement
from medigenx_lib.text import claims
from medigenx_lib.text.gate import GRAMMAR, MODEL, Gate, is_impression, say_the_rest
from medigenx_lib.text.samples import random_findings

FINDINGS = Findings(
    (
        Finding("opacity", side="right", zones=("lower",), measurement=Measurement("opacity_extent.right", 0.23)),
        Finding("opacity", "absent", side="left"),
        Finding("effusion", "absent", side="right"),
        Finding("effusion", "unknown", side="left"),
        Finding("cardiomegaly", "absent", measurement=Measurement("cardiothoracic_ratio", 0.48)),
    )
)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("There is opacity in the left lower zone.", "contradicted"),
        ("There is opacity in the right upper zone.", "contradicted"),
        ("No pleural effusion on the left.", "unverifiable"),
        ("There is a pneumothorax on the right.", "unverifiable"),
        ("The bones are intact.", "unverifiable"),
        ("The right lung is clear.", "contradicted"),
        ("Impression: right lower zone opacity.", "too early"),
        (None, "number not measured"),
        ("", "empty"),
    ],
)
def test_what_must_not_be_written_is_not(sentence, reason):
    gate = Gate(FINDINGS)
    assert not gate.offer(sentence, MODEL)
    assert gate.rejected == {reason: 1}
    assert gate.sentences == []


def test_nothing_is_said_twice_but_by_the_impression():
    gate = Gate(FINDINGS)
    assert gate.offer("There is opacity in the right lower zone.", MODEL)
    assert not gate.offer("Right lower zone consolidation is present.", MODEL)
    say_the_rest(gate, 0)
    assert gate.offer("Impression: right lower zone opacity.", MODEL)
    assert not gate.offer("Impression: right lower zone opacity.", MODEL)
    assert is_impression(gate.sentences[-1])


def test_a_number_alone_does_not_say_that_the_heart_is_normal():
    gate = Gate(FINDINGS)
    gate.offer("Cardiothoracic ratio 0.48.", MODEL)
    assert ("cardiomegaly", None) in gate.open


def test_a_qualified_absence_does_not_stand_for_what_is_there():
    there = Finding("opacity", side="right", zones=("lower",), density="faint", pattern="patchy")
    gate = Gate(Findings((there, Finding("opacity", "absent", side="left"))))
    gate.offer("No opacity in the right upper zone.", MODEL)
    gate.offer("No dense opacity in the right lung.", MODEL)
    assert ("opacity", "right") in gate.open
    say_the_rest(gate, 0)
    assert claims.omitted(" ".join(gate.sentences), gate.findings) == []


@pytest.mark.parametrize("seed", range(40))
def test_the_grammar_completes_any_report(seed):
    findings = random_findings(seed)
    gate = Gate(findings)
    say_the_rest(gate, seed)
    report = " ".join(gate.sentences)
    assert not gate.open
    assert set(gate.sources) == {GRAMMAR}
    assert len(gate.sources) == len(gate.sentences)
    assert {verdict.verdict for verdict in claims.check(report, findings)} == {"supported"}
    assert claims.omitted(report, findings) == []


@pytest.mark.parametrize("seed", range(40))
def test_what_could_not_be_measured_is_said_and_never_called_absent(seed):
    findings = random_findings(seed)
    gate = Gate(findings)
    say_the_rest(gate, seed)
    said = Findings(tuple(claim.finding for claim in claims.parse(" ".join(gate.sentences))))
    for finding in findings:
        if finding.presence == "unknown":
            about = [c for c in said.of(finding.kind) if c.side in (None, finding.side)]
            assert about
            assert {claim.presence for claim in about} == {"unknown"}
