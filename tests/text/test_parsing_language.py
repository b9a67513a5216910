"""The parser on the ways in which reports say, hedge, deny, place and compare, each with what a reader would take."""

import pytest

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.text import claims
from medigenx_lib.text.parsing import parse

LANGUAGE = """
negation and its end
    No definite pneumothorax. | pneumothorax absent
    Without evidence of pulmonary edema. | edema absent
    No pneumothorax, however there is a moderate right effusion. | pneumothorax absent; effusion present right
    Although the lungs are clear, the heart is enlarged. | opacity absent; cardiomegaly present
    No consolidation, but small left effusion. | opacity absent; effusion present left
    No pneumothorax with a small left effusion. | pneumothorax absent; effusion present left
    No effusion with associated basal atelectasis on the left. | effusion absent; atelectasis absent left lower
    Neither effusion nor pneumothorax. | effusion absent; pneumothorax absent
    Pulmonary vascular congestion without frank interstitial edema. | edema present; edema absent
    Pulmonary vascularity is not increased. |
    Pleural effusion on the right but not on the left. | effusion present right; effusion absent left
    Pneumonia is unlikely. | opacity absent
    The examination is not normal. |
    None of the lungs shows consolidation. | opacity absent
    The left lung lacks opacity. | opacity absent left
    Opacity without effusion and with cardiomegaly. | opacity present; effusion absent; cardiomegaly present
    Effusion (-), opacity (+) right base. | effusion absent; opacity present right lower
    Effusion: none of note. | effusion absent
    Effusion (right): absent | effusion absent right
    Cardiomegaly: no (CTR 0.47) | cardiomegaly absent
    There is neither pneumonia nor is there an effusion. | opacity absent; effusion absent
    A right effusion is seen. None is seen on the left. | effusion present right; effusion absent left
    Opacification of the left lung base, which was not present before. | opacity present left lower
    Lungs: The right lung is clear. | opacity absent right
    Is there a pneumonia? |
what is not normal
    The lungs are not clear. | opacity present
    The left lung is no longer clear. | opacity present left
    The lungs are far from clear. | opacity present
    The heart is not normal in size. | cardiomegaly present
    The chest is not normal. | normal absent
    Normal. | normal present
    The costophrenic angles are not sharp. | effusion uncertain
    The cause is not clear. |
    Both costophrenic angles are free. | effusion absent right; effusion absent left
one side and the other
    The right lung is clear but the left is not. | opacity absent right; opacity present left
    The right lung is opaque, the left is not. | opacity present right; opacity absent left
    Unlike the right, the left lung is clear. | opacity absent left
    Clear right lung, opaque left lung. | opacity absent right; opacity present left
    Lungs are clear on the right and hazy on the left. | opacity absent right; opacity present left
    No consolidation on the right; on the left there is an effusion. | opacity absent right; effusion present left
    No consolidation on the right; on the left there is a small basal one. | \
opacity absent right; opacity present left lower
    In the right lung there is consolidation, in the left lung there is none. | \
opacity present right; opacity absent left
    Opacity is not present in the left lung but is present in the right. | opacity absent left; opacity present right
    Opacity is present in the left but absent in the right lung. | opacity present left; opacity absent right
    Opacity is not seen on the left but effusion is seen on the right. | opacity absent left; effusion present right
    No right, but a small left effusion. | effusion absent right; effusion present left
    The effusion which was present on the left has resolved; a new one is seen on the right. | \
effusion absent left; effusion present right
    Small right but no left effusion. | effusion present right; effusion absent left
    Bilateral but mild opacities. | opacity present right; opacity present left
    Probable right effusion, definite left effusion. | effusion uncertain right; effusion present left
    Small left and no right effusion. | effusion present left; effusion absent right
    No effusion on the right, unchanged small effusion on the left. | effusion absent right; effusion present left
    Opacity is seen in neither the right nor the left lung. | opacity absent right; opacity absent left
    Apart from the left base the lungs are clear. | opacity present left lower; opacity absent right
one place and another
    The opacity lies in the right, not the left, lower zone. | opacity present right lower; opacity absent left lower
    There is opacity in the lower but not the upper zone of the right lung. | \
opacity present right lower; opacity absent right upper
    Opacity of the right lower, not upper, zone. | opacity present right lower; opacity absent right upper
    Consolidation is absent from the left lung but present in the right lower lobe. | \
opacity absent left; opacity present right lower
    Consolidation is present on the right and absent on the left. | opacity present right; opacity absent left
    Opacities have cleared on the right and persist on the left. | opacity absent right; opacity present left
    Opacity persists on the left and has resolved on the right. | opacity present left; opacity absent right
    The effusion has resolved on the right; it is unchanged on the left. | effusion absent right; effusion present left
    The right effusion has resolved while the left is larger. | effusion absent right; effusion present left
    Right effusion has resolved and left effusion is unchanged. | effusion absent right; effusion present left
    The pneumothorax on the left has resolved and the chest tube is unchanged. | \
pneumothorax absent left; other present
    Opacity has resolved in the upper zone but persists in the lower zone of the right lung. | \
opacity absent right upper; opacity present right lower
    There is clearing of the right base with persistent opacity at the left base. | opacity present left lower
    Effusion is larger on the right and smaller on the left. | effusion present right; effusion present left
double negation
    No doubt about the left pneumonia. | opacity present left
    There is no absence of effusion. | effusion present
    The left base is not without atelectasis. | atelectasis present left lower
    The pneumothorax has not resolved. | pneumothorax present
    Not only is there an effusion, there is also a pneumothorax. | effusion present; pneumothorax present
uncertainty
    Cannot exclude a small left pleural effusion. | effusion uncertain left
    Early pneumonia cannot be entirely excluded. | opacity uncertain
    Right effusion is likely present. | effusion uncertain right
    Pleural effusion is questioned on the left. | effusion uncertain left
    Small, if any, left effusion. | effusion uncertain left
    No more than a trace left effusion. | effusion uncertain left
    ? left basilar infiltrate | opacity uncertain left lower
    Right lower lobe opacity worrisome for pneumonia. | opacity present right lower; opacity uncertain right lower
    Heart size is difficult to assess. | cardiomegaly unknown
    Heart size cannot be assessed due to effusion. | cardiomegaly unknown; effusion present
    No effusion, though the left base is not well evaluated. | effusion absent
what is asked for, or history
    Evaluate for pneumothorax. |
    Chest pain, rule out pneumonia. The lungs are clear. | opacity absent
    History of CHF. Small right effusion. | effusion present right
abbreviations and marks
    No PTX. | pneumothorax absent
    RLL pneumonia and LUL nodule. | opacity present right lower; nodule present left upper
    Small R PTX. | pneumothorax present right
    B/L effusions. | effusion present right; effusion present left
    Opacity at the lt base. | opacity present left lower
    Right > left effusions. | effusion present right; effusion present left
    Left-lower-lobe opacity. | opacity present left lower
    Left lower lobe XXXX opacity. | opacity present left lower
    ___ year old woman with ___. There is a ___ right effusion. | effusion present right
places
    Small left effusion with adjacent basilar atelectasis. | effusion present left; atelectasis present left lower
    Left lower lobe consolidation with an effusion. | opacity present left lower; effusion present left
    Bilateral opacities, most in the right lower lobe. | opacity present right lower; opacity present left
    Opacity in the apical segment of the left lower lobe. | opacity present left lower
    Opacity projecting over the upper thoracic spine. | opacity present
    Opacity in the right cardiophrenic angle. | opacity present right lower
    Opacity with central lucency in the left upper lobe. | opacity present left upper; other present left upper
    Right pneumothorax. It measures 3 cm at the apex. | pneumothorax present right; pneumothorax present right upper
    Right basal density. The opacity may be pneumonia. | \
other present right lower; opacity present right lower; opacity uncertain right lower
    Opacities in the left base. These appear to be located in the lingula. | \
opacity present left; opacity present left middle
    Left basilar opacity. Likely atelectasis. | opacity present left lower; atelectasis uncertain left lower
    Left basilar opacity. Possible effusions. | \
opacity present left lower; effusion uncertain right; effusion uncertain left
    Left opacity. On the lateral view, this is in the lower lobe. | opacity present left; opacity present left lower
    Consolidation in the mid to lower right lung. | opacity present right middle,lower
    In the right base there is an opacity. | opacity present right lower
    Lungs: Left basilar opacity. Heart: Enlarged. | opacity present left lower; cardiomegaly present
    Opacity in the lingular segment of the left upper lobe. | opacity present left middle
    Opacity in the left lung inferiorly. | opacity present left lower
    Opacity in the superior right lung. | opacity present right upper
    Opacity in the right midzone. | opacity present right middle
    Opacity right lung apex compatible XXXX atelectasis. | opacity present right upper; atelectasis present right upper
    Opacity behind the heart. | opacity present left lower
    Opacity in the lower two thirds of the left lung. | opacity present left middle,lower
    Each lung shows basal opacity. | opacity present right lower; opacity present left lower
    Collapse-consolidation in the middle lobe. | opacity present right middle; atelectasis present right middle
    Reduced translucency at the left base. | opacity present left lower
    Opacity inferior to the right hilum. | opacity present right middle
    The right lung base is opacified. | opacity present right lower
    Opacity in the mid lung zones. | opacity present right middle; opacity present left middle
    Opacity in the right lower lung zones. | opacity present right lower
    Opacity in the lung bases, more so on the left. | opacity present right lower; opacity present left lower
    Effusion in the left posterior sulcus. | effusion present left lower
    Opacity in the right midlung, probably within the upper lobe. | opacity present right upper
    Opacity in the right midlung probably the right upper lobe suggesting pneumonia. | \
opacity present right upper; opacity uncertain right upper
    Infiltrate on the lateral view, probably within the right lower lobe, representing pneumonia. | \
opacity present right lower; opacity present right lower
    Opacity, possibly left basal atelectasis. | opacity present left lower; atelectasis uncertain left lower
other parts of the body
    The bony structures show no acute abnormality. |
    Bony thorax and soft tissues unremarkable. |
    Severe prominent lung opacities. | opacity present
words for the heart and the vessels
    Cardiac silhouette is top-normal in size. | cardiomegaly absent
    The cardiothoracic index is increased. | cardiomegaly present
    Mild fluid overload. | edema present
    Small heart. | cardiomegaly absent
    Heart size is mildly increased. | cardiomegaly present
    Mild prominence of the pulmonary vasculature. | edema present
    Increase in the size of the heart. | cardiomegaly present
    The heart is slightly increased in size. | cardiomegaly present
    Heart size has increased since the earlier film. |
    The pulmonary vasculature is congested. | edema present
    Fluid in the left pleural space. | effusion present left
    Mild pulmonary vascular fullness. | edema present
    Tortuous aorta and mildly enlarged heart. | other present; cardiomegaly present
    Small effusions limit evaluation of the bases. | effusion present right lower; effusion present left lower
    Small volume pneumothorax. | pneumothorax present
    The effusion is not thought to be significantly different. | effusion present
"""
CASES = [line.strip().split(" |") for line in LANGUAGE.splitlines() if "|" in line]


def said(text: str) -> list[str]:
    """Kind, presence, side and zones of each claim, as words."""
    found = [claim.finding for claim in parse(text)]
    return [" ".join(filter(None, (f.kind, f.presence, f.side, ",".join(f.zones)))) for f in found]


@pytest.mark.parametrize(("text", "meant"), CASES, ids=[text for text, _ in CASES])
def test_language(text, meant):
    assert said(text) == [claim.strip() for claim in meant.split(";") if claim.strip()]


SHARES = {
    "Opacity: right 20 %, left 0 %.": [("right", "present", 0.2), ("left", "absent", None)],
    "Bilateral opacities, 30 % right, 10 % left.": [("right", "present", 0.3), ("left", "present", 0.1)],
    "Opacity of 35 % of the right lung and 5 % of the left.": [("right", "present", 0.35), ("left", "present", 0.05)],
    "No opacity on the left, 35 % on the right.": [("right", "present", 0.35), ("left", "absent", None)],
    "No right opacity involving 26 % of the right lung.": [("right", "absent", 0.26)],
    "Opacity 0 % on the left.": [("left", "absent", None)],
}


@pytest.mark.parametrize("text", SHARES)
def test_each_side_has_its_own_share(text):
    assert [(c.finding.side, c.finding.presence, c.finding.extent) for c in parse(text)] == SHARES[text]


@pytest.mark.parametrize(
    "text", ["The heart is enlarged with a cardiothoracic ratio of 0.58, no effusion.", "CTR: 0.58."]
)
def test_a_ratio_behind_a_link_or_a_colon(text):
    assert parse(text)[0].finding.measurement.value == 0.58


SEVERITIES = {
    "Bilateral effusions, moderate on the right and small on the left.": {"right": "moderate", "left": "mild"},
    "Small left and moderate right effusions.": {"right": "moderate", "left": "mild"},
    "Moderate right effusion, small on the left.": {"right": "moderate", "left": "mild"},
    "Mild-to-moderate left effusion.": {"left": "moderate"},
    "Elevation of the left hemidiaphragm and severe left effusion.": {"left": "severe"},
    "Effusion in the right minor fissure.": {"right": None},
    "Bilateral effusions, left small, right moderate in size.": {"right": "moderate", "left": "mild"},
    "Small bilateral effusions, moderate on the right.": {"right": "moderate", "left": "mild"},
    "Pulmonary edema and small possible left effusion.": {"left": "mild"},
    "Left effusion, small in amount.": {"left": "mild"},
    "Decreased left effusion with small residual.": {"left": "mild"},
    "Left effusion and mild chronic changes.": {"left": None},
    "Left effusion, slightly larger than before.": {"left": None},
    "Slightly decreased left effusion.": {"left": None},
    "Mild rotation with a left effusion.": {"left": None},
}


@pytest.mark.parametrize("text", SEVERITIES)
def test_each_side_has_its_own_severity(text):
    assert {f.side: f.severity for c in parse(text) if (f := c.finding).kind == "effusion"} == SEVERITIES[text]


def test_alternatives_and_what_follows_share_no_other_severity():
    assert [c.finding.severity for c in parse("Mild right scarring and atelectasis.")] == ["mild"] * 2
    assert [c.finding.severity for c in parse("Small hiatal hernia and atelectasis.")] == ["mild", None]
    assert [c.finding.severity for c in parse("Severe infiltrate versus atelectasis.")] == ["severe"] * 2
    assert [c.finding.severity for c in parse("Mild left opacity and atelectasis at the right base.")] == ["mild", None]
    assert [c.finding.severity for c in parse("Elevation of the fissure mild atelectasis.")] == [None, "mild"]


GRADES = """
mild: Minimal {}. | Previously large, now small {}. | A low-grade {}. | {}, minor. | There is {} which is slight. | \
Mild changes of {}.
moderate: Mild to moderate {}. | Mild/moderate {}. | Moderate but stable {}. | {}, moderate in degree. | \
{} is small to moderate.
severe: Moderate-severe {}. | Substantial {}. | Pronounced {}. | Gross {}. | Considerable {} is seen.
""".strip().splitlines()
"""Words and places of a severity, as radiologists use them."""
WORDINGS = [(grade, words.strip()) for grade, listed in (x.split(":") for x in GRADES) for words in listed.split("|")]


@pytest.mark.parametrize("kind", ["cardiomegaly", "edema", "atelectasis", "effusion", "pneumothorax", "opacity"])
@pytest.mark.parametrize(("severity", "wording"), WORDINGS)
def test_a_severity_before_and_after_any_finding(kind, severity, wording):
    (claim,) = parse(wording.format(kind))
    assert (claim.finding.kind, claim.finding.severity) == (kind, severity)


def test_what_an_adjective_stands_between():
    for text in (
        "Small nodular left lung base opacity.",
        "Small calcified opacity.",
        "Small loculated, nodular opacity.",
    ):
        assert [c.finding.severity for c in parse(text) if c.finding.kind == "opacity"] == ["mild"], text
    assert [c.finding.severity for c in parse("Small nodule, opacity.")] == ["mild", None]


def test_a_lung_that_is_wholly_collapsed():
    assert parse("Complete collapse of the left lung.")[0].finding.severity == "severe"
    assert parse("Complete resolution of the collapse.")[0].finding.severity is None


@pytest.mark.parametrize("text", ["Vascularity is mildly increased.", "The heart is mildly large."])
def test_a_severity_within_a_phrase(text):
    assert [c.finding.severity for c in parse(text)] == ["mild"]


@pytest.mark.parametrize("text", ["The effusion has nearly resolved.", "The effusion is not yet cleared."])
def test_what_is_not_quite_gone_is_there(text):
    (claim,) = parse(text)
    assert (claim.finding.presence, claim.comparison) == ("present", True)


REPORT = """INDICATION:  ___ year old man with pneumonia and
 a right effusion.  Prior pneumothorax.

 COMPARISON:  ___. Left effusion then.

 FINDINGS:

 Heart size is normal.  There is no focal consolidation, pleural
 effusion or pneumothorax.  Mild left
 basilar atelectasis.

 IMPRESSION:  No acute cardiopulmonary process.
"""


def test_sections_and_wrapped_lines():
    assert said(REPORT) == [
        "cardiomegaly absent", "opacity absent", "effusion absent", "pneumothorax absent",
        "atelectasis present left lower", "opacity absent", "effusion absent",
    ]  # fmt: skip
    assert said("Comparison: None. The lungs are clear. Heart: Normal.") == ["opacity absent", "cardiomegaly absent"]
    assert said("Indication: effusion. Left effusion.") == ["effusion present left"]


def test_what_the_report_places_in_another_sentence():
    places = ["opacity present left lower", "atelectasis present left lower"]
    assert said("Opacities representing atelectasis. Left basal atelectasis.") == [*places, places[1]]
    unplaced = ["opacity present", "atelectasis present"]
    assert said("Opacities representing atelectasis. Left basal scar.")[:2] == unplaced
    assert said("Opacities representing atelectasis. Left basal and right apical atelectasis.")[:2] == unplaced
    assert said("Scarring or atelectasis. Left basal atelectasis.")[0] == "scar present"


def test_spans_point_into_wrapped_text():
    marked = [REPORT[slice(*claim.span)] for claim in parse(REPORT)]
    assert marked[1:4] == ["focal consolidation", "pleural\n effusion", "pneumothorax"]


def test_two_entries_of_one_place_are_one_finding():
    entries = [Finding("opacity", "present", "left", ("lower",), severity=grade) for grade in (None, "mild")]
    (verdict,) = claims.check("Severe left basal opacity.", Findings(tuple(entries)))
    assert verdict.verdict == "contradicted"
    other = Finding("opacity", "present", "left", ("upper",))
    (verdict,) = claims.check("Severe left opacity.", Findings((entries[1], other)))
    assert verdict.verdict == "unverifiable"


@pytest.mark.parametrize("severity", [None, "mild", "severe"])
def test_who_sees_no_small_effusion_sees_no_large_one(severity):
    there = Findings((Finding("effusion", "present", "left", severity=severity),))
    assert claims.check("No small left effusion.", there)[0].verdict == "contradicted"
    large = {None: "unverifiable", "mild": "supported", "severe": "contradicted"}[severity]
    assert claims.check("No large left effusion.", there)[0].verdict == large
