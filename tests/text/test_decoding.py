"""Reports: the same for the same case in any company, true to the measurements, and without invented numbers."""

import pytest

from medigenx_lib import radiomics
from medigenx_lib.cases import Finding, Findings, Measurement, replace
from medigenx_lib.errors import InputError, WeightsError
from medigenx_lib.text import claims, decoding
from medigenx_lib.text.placeholders import delexicalise


@pytest.mark.parametrize("strategy", sorted(decoding.STRATEGIES))
def test_a_report_does_not_depend_on_its_company(brief, cases, strategy):
    together = decoding.write(cases[:2], strategy, seed=3, writer=brief)
    alone = [decoding.write([case], strategy, seed=3, writer=brief)[0] for case in reversed(cases[:2])]
    assert [case.report for case in together] == [case.report for case in reversed(alone)]
    for case in together:
        assert case.meta["report_strategy"] == strategy
        assert case.meta["report_seed"] == 3


@pytest.mark.parametrize("strategy", sorted(decoding.STRATEGIES))
def test_every_number_in_a_report_was_measured(brief, cases, strategy):
    for case in decoding.write(cases, strategy, writer=brief):
        assert delexicalise(case.report, case.findings) is not None


@pytest.mark.parametrize("seed", range(2))
def test_gated_reports_agree_with_the_measurements_whatever_the_model_says(brief, cases, seed):
    for case in decoding.write(cases, seed=seed, writer=brief):
        verdicts = claims.check(case.report, case.findings)
        assert {verdict.verdict for verdict in verdicts} == {"supported"}
        assert len(verdicts) == len(case.meta["report_sources"])
        assert claims.omitted(case.report, case.findings) == []


def test_another_seed_gives_other_words(brief, cases):
    first, second = (decoding.write(cases, seed=seed, writer=brief) for seed in (0, 1))
    assert [case.report for case in first] != [case.report for case in second]


def test_what_is_not_measurable_is_not_assessable(brief, cases):
    unknown = Findings((Finding("effusion", "unknown", "right"), Finding("effusion", "unknown", "left")))
    others = [f for f in cases[0].findings if f.kind != "effusion"]
    case = replace(cases[0], findings=Findings((*others, *unknown)))
    (written,) = decoding.write([case], writer=brief)
    said = [claim.finding.presence for claim in claims.parse(written.report) if claim.finding.kind == "effusion"]
    assert set(said) == {"unknown"}


def test_a_report_follows_its_findings(brief, cases):
    heart = Finding("cardiomegaly", "present", measurement=Measurement("cardiothoracic_ratio", 0.71))
    others = [f for f in cases[0].findings if f.kind != "cardiomegaly"]
    (written,) = decoding.write([replace(cases[0], findings=Findings((*others, heart)))], writer=brief)
    assert any(
        c.finding.kind == "cardiomegaly" and c.finding.presence == "present" for c in claims.parse(written.report)
    )


def test_mistakes_are_named(brief, cases, monkeypatch):
    with pytest.raises(InputError, match="strategy"):
        decoding.write(cases, "telepathy", writer=brief)
    with pytest.raises(InputError, match="no findings"):
        decoding.write([replace(cases[0], findings=None)], writer=brief)
    monkeypatch.setattr(radiomics, "VECTOR_NAMES", ("another",), raising=False)
    with pytest.raises(WeightsError, match="radiomics vector"):
        decoding.write(cases, writer=brief)
