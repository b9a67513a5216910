"""MeSH headings of the Indiana reports to findings: the annotators' reading, the parser's gold standard.

Each report of Open-i (Demner-Fushman et al., JAMIA 2016) was indexed by hand with headings and qualifiers such as
``Opacity/lung/base/left/mild;Cardiomegaly/borderline``. No sentence is read here, and no rule is shared with the
parser.
"""

from __future__ import annotations

from dataclasses import replace

from medigenx_lib.cases import SIDES, Finding, Findings

HEADINGS = {
    "opacity": ("opacity", "airspace disease", "infiltrate", "consolidation", "pneumonia"),
    "effusion": ("pleural effusion", "hydropneumothorax", "hemothorax", "hemopneumothorax"),
    "cardiomegaly": ("cardiomegaly",),
    "edema": ("pulmonary edema", "pulmonary congestion", "heart failure"),
    "atelectasis": ("pulmonary atelectasis",),
    "pneumothorax": ("pneumothorax", "hydropneumothorax", "hemopneumothorax"),
    "nodule": ("nodule", "mass", "granuloma", "calcified granuloma", "granulomatous disease"),
    "scar": ("cicatrix", "pulmonary fibrosis"),
    "hyperinflation": (
        "emphysema", "pulmonary emphysema", "bullous emphysema", "pulmonary disease, chronic obstructive",
        "lung, hyperlucent",
    ),
    "normal": ("normal",),
}  # fmt: skip
"""Kind -> headings. Any other heading is ``other``."""
QUALIFIED = {
    ("cardiac shadow", "enlarged"): "cardiomegaly",
    ("heart", "enlarged"): "cardiomegaly",
    ("lung", "hyperdistention"): "hyperinflation",
    ("lung", "hypoinflation"): "low_volume",
}
"""(Heading, qualifier) -> kind, where the heading alone does not say it."""
NOT_INDEXED = ("", "nan", "no indexing", "technical quality of image unsatisfactory")
SIDE_WORDS = {
    "right": ("right",),
    "left": ("left",),
    "bilateral": SIDES,
    "lingula": ("left",),
    "retrocardiac": ("left",),
}
ZONE_WORDS = {
    "base": "lower", "lower lobe": "lower", "retrocardiac": "lower", "costophrenic angle": "lower",
    "upper lobe": "upper", "apex": "upper", "middle lobe": "middle", "lingula": "middle", "hilum": "middle",
}  # fmt: skip
SEVERITY_WORDS = {
    "mild": "mild",
    "small": "mild",
    "borderline": "mild",
    "moderate": "moderate",
    "severe": "severe",
    "large": "severe",
}  # fmt: skip
PATTERN_WORDS = {"patchy": "patchy", "round": "round", "interstitial": "interstitial", "reticular": "interstitial"}
COMPLETE = ("opacity", "effusion", "cardiomegaly", "edema", "atelectasis", "pneumothorax")
"""Kinds that the annotators indexed wherever they were: where no heading names one, it is absent."""


def mesh_findings(mesh: str) -> Findings:
    """The findings of one report's MeSH column: headings separated by ``;``, qualifiers by ``/``.

    What is indexed is present; a kind of ``COMPLETE`` that is not indexed is absent. A report that was not indexed
    at all has no findings.
    """
    entries = [[part.strip().lower() for part in entry.split("/")] for entry in str(mesh).split(";")]
    entries = [entry for entry in entries if entry[0] not in NOT_INDEXED]
    if not entries:
        return Findings()
    present = [finding for heading, *qualifiers in entries for finding in _present(heading, qualifiers)]
    indexed = {finding.kind for finding in present}
    return Findings((*present, *(Finding(kind, "absent") for kind in COMPLETE if kind not in indexed)))


def _present(heading: str, qualifiers: list[str]) -> list[Finding]:
    """One heading's findings: one for each kind that it means, on each side that it names."""
    zones = tuple({ZONE_WORDS[word]: None for word in qualifiers if word in ZONE_WORDS})
    sides = {side: None for word in qualifiers for side in SIDE_WORDS.get(word, ())}
    finding = Finding(
        "other",
        zones=zones,
        severity=next((SEVERITY_WORDS[word] for word in qualifiers if word in SEVERITY_WORDS), None),
        pattern=next((PATTERN_WORDS[word] for word in qualifiers if word in PATTERN_WORDS), None),
    )
    return [replace(finding, kind=kind, side=side) for kind in _kinds(heading, qualifiers) for side in sides or (None,)]


def _kinds(heading: str, qualifiers: list[str]) -> list[str]:
    kinds = [kind for kind, headings in HEADINGS.items() if heading in headings]
    kinds += [QUALIFIED[heading, word] for word in qualifiers if (heading, word) in QUALIFIED]
    return kinds or ["other"]
