"""The claim check: each rule once, the crash test, and real reports where there are some."""

import importlib.util
import random
from pathlib import Path

import pytest

from medigenx_lib.cases import Finding, Findings, Measurement
from medigenx_lib.text import claims, crashtest
from medigenx_lib.text.mesh import mesh_findings
from medigenx_lib.text.samples import random_findings

MEASURED = Findings((
    Finding("opacity", "present", "right", ("lower",), 0.21, "dense", "patchy",
            measurement=Measurement("opacity_extent.right", 0.21, 0.15, 0.27)),
    Finding("opacity", "absent", "left"),
    Finding("effusion", "absent", "right"), Finding("effusion", "unknown", "left"),
    Finding("cardiomegaly", "absent", measurement=Measurement("cardiothoracic_ratio", 0.48, 0.46, 0.50)),
))  # fmt: skip
HEALTHY = Findings((
    *(Finding(kind, "absent", side) for kind in ("opacity", "effusion") for side in ("right", "left")),
    Finding("cardiomegaly", "absent"),
))  # fmt: skip
VERDICTS = {
    "Right lower zone opacity.": "supported",
    "Possible right opacity.": "supported",
    "Right opacity involving 26 % of the right lung.": "supported",
    "Right opacity involving 30 % of the right lung.": "contradicted",
    "Left lower zone opacity.": "contradicted",
    "Right upper zone opacity.": "contradicted",
    "Right mid and lower zone opacity.": "contradicted",
    "Faint right opacity.": "contradicted",
    "A severe-density right opacity.": "supported",  # dense was measured: a density, though an odd word for it
    "A mild-density right opacity.": "contradicted",
    "Lobar right opacity.": "contradicted",
    "Severe right opacity.": "contradicted",
    "Moderate right opacity.": "supported",  # the interval reaches it
    "Opacity covers a quarter of the right lung.": "supported",  # 0.21 [0.15, 0.27] measured
    "Opacity covers one third of the right lung.": "supported",
    "Right opacity of ½ of the lung.": "unverifiable",  # a number that is not read
    "Opacity covers half of the right lung.": "contradicted",
    "Opacity in most of the right lung.": "contradicted",
    "Opacity covers less than 30 % of the right lung.": "supported",
    "Opacity covers less than 10 % of the right lung.": "contradicted",
    "Opacity covers more than half of the right lung.": "contradicted",
    "A 3 cm right opacity.": "unverifiable",
    "Right opacity, score 8 of 10.": "unverifiable",
    "Right opacity next to the 5th rib, at T5.": "supported",
    "Right opacity due to tuberculosis.": "unverifiable",
    "Spiculated right opacity.": "unverifiable",
    "Two right opacities.": "unverifiable",
    "A single frontal view shows a right opacity.": "supported",
    "Opacity in two thirds of the right lung.": "contradicted",
    "It is not true that there is a right opacity.": "contradicted",
    "It is not true that the heart is enlarged.": "supported",
    "Right opacity; antibiotics are recommended.": "unverifiable",
    "Spiculated left opacity.": "contradicted",
    "Right opacity of 21 % of the right lung and 40 % of the left lung.": "contradicted",
    "Bilateral opacities.": "contradicted",
    "The lungs are clear.": "contradicted",
    "The left lung is clear.": "supported",
    "No right upper zone opacity.": "supported",
    "No lobar consolidation.": "supported",
    "No right pleural effusion.": "supported",
    "No pleural effusion.": "unverifiable",  # the left side was not measured
    "Left pleural effusion.": "unverifiable",
    "The left pleural space cannot be assessed.": "supported",
    "Heart size cannot be assessed.": "contradicted",
    "The heart is enlarged.": "contradicted",
    "The cardiothoracic ratio is 0.49.": "supported",
    "The cardiothoracic ratio is 0.53.": "contradicted",
    "The cardiothoracic ratio is below 0.55.": "supported",
    "The heart is normal in size, with a cardiothoracic ratio of less than 0.55.": "supported",
    "CTR < 0.45.": "contradicted",
    "The cardiothoracic ratio is above 0.55.": "contradicted",
    "The right lower zone opacity is unchanged.": "unverifiable",
    "The right lower zone opacity has increased.": "unverifiable",
    "New right lower zone opacity.": "unverifiable",
    "The right lower zone opacity has resolved.": "contradicted",
    "The left lower zone opacity is unchanged.": "contradicted",
    "No pneumothorax.": "unverifiable",
    "No acute osseous abnormality.": "unverifiable",
    "The trachea is midline.": "unverifiable",
    "Normal chest.": "contradicted",
    "No acute cardiopulmonary abnormality.": "contradicted",
    "The left lung is clear and the heart is enlarged.": "contradicted",
}


@pytest.mark.parametrize("sentence", VERDICTS)
def test_rules(sentence):
    (verdict,) = claims.check(sentence, MEASURED)
    assert verdict.verdict == VERDICTS[sentence], verdict.reason


def test_a_verdict_names_its_measurement():
    (verdict,) = claims.check("Right opacity involving 60 % of the right lung.", MEASURED)
    assert "zone, extent 21 % [15 to 27 %] measured" in verdict.reason
    assert verdict.measurement.name == "opacity_extent.right" and len(verdict.claims) == 1


def test_what_nobody_measures_is_called_so():
    (verdict,) = claims.check("Old fracture of the left sixth rib.", MEASURED)
    assert (verdict.verdict, verdict.reason) == ("unverifiable", "what it names was not measured")


def test_normal_is_the_conjunction_of_absences():
    report = "Normal chest radiograph. No acute cardiopulmonary abnormality. The lungs are clear."
    assert claims.summary(claims.check(report, HEALTHY)) == {"supported": 3, "unverifiable": 0, "contradicted": 0}
    assert claims.check("Normal chest.", Findings())[0].verdict == "unverifiable"


def test_a_claim_for_certain_of_what_is_only_possible():
    possible = Findings((Finding("opacity", "uncertain", "right"),))
    verdicts = claims.check("Right opacity. Possible right opacity. No right opacity.", possible)
    assert [v.verdict for v in verdicts] == ["unverifiable", "supported", "unverifiable"]


def test_omitted():
    both = Findings(tuple(Finding("opacity", "present", side) for side in ("right", "left")))
    assert claims.omitted("Bilateral opacities.", both) == claims.omitted("Opacities are present.", both) == []
    assert [f.side for f in claims.omitted("Right opacity.", both)] == ["left"]
    assert len(claims.omitted("The lungs are clear.", both)) == 2


def test_crash_test():
    counts = crashtest.run(random_findings(seed) for seed in range(150))
    for name, (flagged, made) in counts.items():
        assert made >= 50, name
        share = flagged / made
        assert share >= 0.98 if name in crashtest.HARMFUL else share <= 0.02, (name, share)
    assert len(crashtest.HARMFUL) >= 10


@pytest.mark.parametrize(
    ("mesh", "text", "edited"),
    [
        (
            "Cardiomegaly/mild",
            "Heart is mildly enlarged. Mild scoliosis.",
            "Heart is severely enlarged. Mild scoliosis.",
        ),
        ("Cardiomegaly/borderline", "Borderline heart size, mild aortic tortuosity.", None),
        ("Cardiomegaly/borderline", "Borderline cardiomegaly and mild chronic changes.", None),
        ("Pleural Effusion/large", "The effusion is large. No small one.", "The effusion is small. No small one."),
        ("Pleural Effusion/moderate", "Mild to moderate effusion.", None),
    ],
)
def test_the_severity_edit_of_real_reports(monkeypatch, mesh, text, edited):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    crash = importlib.import_module("claim_crash_indiana")
    truth = crash.truth_of(mesh_findings(mesh))
    assert crash.change_severity(text, truth, random.Random(0), ()) == edited


def test_indiana_reports(real_data):
    path = Path(__file__).parents[2] / "benchmarks" / "parser_indiana.py"
    spec = importlib.util.spec_from_file_location("parser_indiana", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    rows = benchmark.parsed(benchmark.read(real_data / "iu_xray", "held-out"))
    assert benchmark.score([benchmark.labels(row, benchmark.KINDS) for row in rows]) >= 0.96
    assert benchmark.score([benchmark.places(row, benchmark.sides_of) for row in rows]) >= 0.98
