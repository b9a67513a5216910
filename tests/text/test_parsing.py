"""The parser on single sentences of real style, each with what a reader would take from it."""

import pytest

from medigenx_lib.text.mesh import mesh_findings
from medigenx_lib.text.parsing import parse
from medigenx_lib.text.sentences import split_sentences

SENTENCES = {
    "No focal consolidation, pneumothorax or large pleural effusion.": [
        ("opacity", "absent", None, ()), ("pneumothorax", "absent", None, ()), ("effusion", "absent", None, ())],
    "There is a patchy opacity in the right lower lobe and a small left pleural effusion.": [
        ("opacity", "present", "right", ("lower",)), ("effusion", "present", "left", ())],
    "Bibasilar opacities.": [
        ("opacity", "present", "right", ("lower",)), ("opacity", "present", "left", ("lower",))],
    "Opacities of the right middle and lower lobes.": [("opacity", "present", "right", ("middle", "lower"))],
    "Right upper and left lower zone opacities.": [
        ("opacity", "present", "right", ("upper",)), ("opacity", "present", "left", ("lower",))],
    "Atelectasis or infiltrate in the right base.": [
        ("atelectasis", "present", "right", ("lower",)), ("opacity", "present", "right", ("lower",))],
    "The heart is not enlarged.": [("cardiomegaly", "absent", None, ())],
    "The heart and lungs are normal.": [("cardiomegaly", "absent", None, ()), ("opacity", "absent", None, ())],
    "No pneumothorax, and the heart is enlarged.": [
        ("pneumothorax", "absent", None, ()), ("cardiomegaly", "present", None, ())],
    "The right lung is clear.": [("opacity", "absent", "right", ())],
    "The right costophrenic angle is sharp.": [("effusion", "absent", "right", ())],
    "Heart size is at the upper limits of normal.": [("cardiomegaly", "absent", None, ())],
    "Borderline heart size.": [("cardiomegaly", "uncertain", None, ())],
    "A left effusion cannot be excluded.": [("effusion", "uncertain", "left", ())],
    "A small right pneumothorax is not seen.": [("pneumothorax", "absent", "right", ())],
    "No effusion, but a left basal opacity.": [
        ("effusion", "absent", None, ()), ("opacity", "present", "left", ("lower",))],
    "The left lung cannot be assessed.": [("opacity", "unknown", "left", ())],
    "No pericardial effusion.": [("other", "absent", None, ())],
    "Normal chest.": [("normal", "present", None, ())],
    "The patient was seen today.": [],
    "Opacity left base compatible with atelectasis.": [
        ("opacity", "present", "left", ("lower",)), ("atelectasis", "present", "left", ("lower",))],
    "Opacities overlying the left lung base, and a tortuous aorta.": [
        ("opacity", "present", "left", ("lower",)), ("other", "present", None, ())],
    "A more inferior left upper lobe opacity.": [("opacity", "present", "left", ("upper",))],
    "Small effusion in the right costophrenic XXXX.": [("effusion", "present", "right", ("lower",))],
    "No large effusion or visualized pneumothorax.": [
        ("effusion", "absent", None, ()), ("pneumothorax", "absent", None, ())],
    "There is no enlarged heart.": [("cardiomegaly", "absent", None, ())],
    "Indistinct vascular margination.": [("edema", "present", None, ())],
    "No opacity is seen except at the left base.": [
        ("opacity", "absent", "right", ()), ("opacity", "present", "left", ("lower",))],
    "Except for the left base, the lungs are clear.": [
        ("opacity", "present", "left", ("lower",)), ("opacity", "absent", "right", ())],
    "No consolidation other than at both bases.": [
        ("opacity", "present", "right", ("lower",)), ("opacity", "present", "left", ("lower",))],
    "Lungs are clear bilaterally apart from a faint opacity at the left base.": [
        ("opacity", "absent", "right", ()), ("opacity", "present", "left", ("lower",))],
    "Apart from a small effusion the lungs are clear.": [
        ("effusion", "present", None, ()), ("opacity", "absent", None, ())],
    "Opacity in the left lung except at the apex.": [("opacity", "present", "left", ())],
    "Opacity sparing the right apex involves the right base.": [("opacity", "present", "right", ("lower",))],
    "Left opacity with the upper lobe relatively spared.": [("opacity", "present", "left", ())],
    "Right-sided opacities with apical sparing.": [("opacity", "present", "right", ())],
    "Opacity of the left lower lobe with mid-lung sparing.": [("opacity", "present", "left", ("lower",))],
    "White-out of the right lung.": [("opacity", "present", "right", ())],
    "Haziness at the left base.": [("opacity", "present", "left", ("lower",))],
    "Shadowing in the right upper zone; the cardiac shadow is normal.": [
        ("opacity", "present", "right", ("upper",)), ("cardiomegaly", "absent", None, ())],
    "Effusion: none.": [("effusion", "absent", None, ())],
    "Pneumothorax - no.": [("pneumothorax", "absent", None, ())],
    "Consolidation: not seen; effusion: possible, left.": [
        ("opacity", "absent", None, ()), ("effusion", "uncertain", "left", ())],
    "Effusion: small, left.": [("effusion", "present", "left", ())],
    "Effusion: right none, left small.": [("effusion", "absent", "right", ()), ("effusion", "present", "left", ())],
    "Effusion on the left but none on the right.": [
        ("effusion", "present", "left", ()), ("effusion", "absent", "right", ())],
    "Infiltrate can't be excluded in the right base.": [("opacity", "uncertain", "right", ("lower",))],
    "An effusion isn't seen.": [("effusion", "absent", None, ())],
    "The opacity hasn't resolved.": [("opacity", "present", None, ())],
    "The left effusion has disappeared.": [("effusion", "absent", "left", ())],
    "There is opacity in neither lung.": [("opacity", "absent", None, ())],
    "An opacity in the lower zone of the right lung and another in the upper zone of the left lung.": [
        ("opacity", "present", "right", ("lower",)), ("opacity", "present", "left", ("upper",))],
}  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences(sentence):
    said = [(c.finding.kind, c.finding.presence, c.finding.side, c.finding.zones) for c in parse(sentence)]
    assert said == SENTENCES[sentence]


def test_attributes_and_numbers():
    text = "Moderately dense patchy opacity in the right lower zone, involving about 21 % of the right lung."
    (claim,) = parse(text)
    assert (claim.finding.density, claim.finding.pattern, claim.finding.extent) == ("moderate", "patchy", 0.21)
    assert text[slice(*claim.span)] == "opacity"


def test_each_side_has_its_own_number():
    claims = parse("Bilateral opacities, involving 12 % of the right and 34 percent of the left lung.")
    assert {(c.finding.side, c.finding.extent) for c in claims} == {("right", 0.12), ("left", 0.34)}


@pytest.mark.parametrize(
    ("number", "share"),
    [("25 to 30 %", 0.275), ("25-30%", 0.275), ("12,5 %", 0.125), ("> 50 percent", 0.5), ("between 20 and 30 %", 0.25)],
)
def test_ranges_and_decimal_commas(number, share):
    (claim,) = parse(f"Opacity involving {number} of the left lung.")
    assert claim.finding.extent == pytest.approx(share)


VAGUE = {  # what is meant, from and to
    "about half": (0.42, 0.58),
    "a quarter": (0.17, 0.33),
    "roughly one third": (0.2533, 0.4133),
    "two-thirds": (0.5867, 0.7467),
    "3/4": (0.67, 0.83),
    "most": (0.5, 1.0),
    "more than half": (0.5, 1.0),
    "less than 10 %": (0.0, 0.1),
    "up to 30 %": (0.0, 0.3),
    "> 50 %": (0.5, 1.0),
    "21 %": None,
    "the lower half": None,
    "the upper two thirds": None,
}


@pytest.mark.parametrize("share", VAGUE)
def test_a_vague_share_is_a_range(share):
    (claim,) = parse(f"Opacity covers {share} of the left lung.")
    meant = claim.finding.measurement
    assert (meant and (meant.low, meant.high)) == VAGUE[share]
    assert meant is None or (meant.name, meant.value) == ("opacity_extent.left", claim.finding.extent)


@pytest.mark.parametrize("number", ["0.58", ".58", "58 %", "0,58"])
def test_cardiothoracic_ratio(number):
    (claim,) = parse(f"Cardiomegaly, with a cardiothoracic ratio of {number}.")
    assert (claim.finding.presence, claim.finding.measurement.value) == ("present", 0.58)


def test_a_ratio_alone_says_nothing_of_presence():
    (claim,) = parse("The cardiothoracic ratio is 0.48.")
    assert (claim.finding.presence, claim.finding.measurement.value) == ("unknown", 0.48)


COMPARING = (
    "Left effusion, unchanged since the prior study.", "The left effusion has increased.", "New left effusion.",
    "The left effusion is not significantly changed.", "Decreased left effusion.", "Enlarging left effusion.",
    "The left effusion is smaller.", "Left effusion, larger than before.", "Left effusion, previously not seen.",
    "Redemonstrated left effusion.", "The left effusion is again seen.", "Resolving left effusion.",
    "No interval change in the left effusion.", "Compared with the earlier film, there is a left effusion.",
    "Residual left effusion.", "Recurrent left effusion.", "Slight increase in the left effusion.",
)  # fmt: skip


@pytest.mark.parametrize("sentence", COMPARING)
def test_comparison_with_earlier_films(sentence):
    (claim,) = parse(sentence)
    assert (claim.finding.presence, claim.finding.side, claim.comparison) == ("present", "left", True)
    assert not parse("Left effusion, larger on the right.")[0].comparison


def test_comparison_is_of_its_own_clause():
    said = parse("Left effusion, unchanged since the prior study. Right effusion.")
    assert [claim.comparison for claim in said] == [True, False]
    assert parse("No interval change.") == []


@pytest.mark.parametrize("sentence", ["The left effusion has resolved.", "Left effusion is no longer seen."])
def test_what_is_gone_is_absent_and_was_there_before(sentence):
    (claim,) = parse(sentence)
    assert (claim.finding.presence, claim.comparison) == ("absent", True)


def test_what_is_beside_a_finding_is_at_its_place():
    beside = parse("Mass in the right middle lobe. There is mild surrounding opacity.")[-1].finding
    assert (beside.kind, beside.side, beside.zones) == ("opacity", "right", ("middle",))


def test_alternatives_share_their_severity():
    assert [c.finding.severity for c in parse("Severe scarring or atelectasis at the left base.")] == ["severe"] * 2


def test_hedges_have_grades():
    text = "Left basal opacity, which may represent atelectasis. Possible effusion. Probable right effusion."
    assert [c.hedge for c in parse(text)] == [None, "explanation", "possible", "probable"]
    (explained,) = [c.finding for c in parse("Left basal opacity. This may represent atelectasis.") if c.hedge]
    assert (explained.kind, explained.side, explained.zones) == ("atelectasis", "left", ("lower",))


def test_sentences_end_where_they_should():
    text = "1. Ratio 0.48. Clear lungs.There is no effusion .\nEnd"
    parts = list(split_sentences(text))
    assert [text[start:].startswith(sentence) for start, sentence in parts] == [True] * len(parts)
    assert [s for _, s in parts][-3:] == ["Clear lungs", "There is no effusion .", "End"]


@pytest.mark.parametrize("text", ["", " ", ".", "...", "\n\n", "1.", "%" * 50, "no " * 500, "XXXX. XXXX"])
def test_odd_text_is_no_error(text):
    assert parse(text) == []


def test_mesh():
    findings = mesh_findings(
        "Opacity/lung/base/bilateral/patchy;Cardiomegaly/mild;Hydropneumothorax/left;Spine/degenerative"
    )
    assert {(f.side, f.zones, f.pattern) for f in findings.of("opacity")} == {
        ("right", ("lower",), "patchy"), ("left", ("lower",), "patchy")}  # fmt: skip
    assert findings.presence("cardiomegaly") == findings.presence("pneumothorax") == "present"
    assert findings.presence("edema") == "absent" and findings.presence("other") == "present"
    assert mesh_findings("normal").presence("normal") == "present"
    assert len(mesh_findings("No Indexing")) == 0
