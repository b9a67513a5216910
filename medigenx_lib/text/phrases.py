"""The grammar's word tables: add a wording here, and the round-trip test says whether the parser reads it."""

from __future__ import annotations

from dataclasses import dataclass

from medigenx_lib.cases import Finding

ROOMS = {"cardiomegaly": "heart", "effusion": "pleura", "pneumothorax": "pleura"}
"""Kind -> part of the report; all others belong to the lungs."""


@dataclass(frozen=True)
class Noun:
    """A name for a finding. No ``plural``: a mass noun. ``densities``, ``patterns``: those it goes with, () for all."""

    singular: str
    plural: str = ""
    countable: bool = True
    always_plural: bool = False
    densities: tuple = ()
    patterns: tuple = ()

    def suits(self, finding: Finding) -> bool:
        """True if calling ``finding`` by this name says nothing that it does not hold."""
        density = not self.densities or finding.density in self.densities
        return density and (not self.patterns or finding.pattern in self.patterns)


NOUNS = {
    "opacity": (
        Noun("opacity", "opacities"),
        Noun("airspace opacity", "airspace opacities", patterns=(None, "lobar", "round", "patchy")),
        Noun("parenchymal opacity", "parenchymal opacities"),
        Noun("opacification", countable=False),
        Noun("infiltrate", "infiltrates", patterns=(None, "patchy", "interstitial", "lobar")),
        Noun(
            "consolidation", countable=False, densities=(None, "moderate", "dense"), patterns=(None, "lobar", "patchy")
        ),
        Noun("airspace disease", countable=False, patterns=(None, "lobar", "patchy")),
    ),
    "effusion": (
        Noun("pleural effusion", "pleural effusions"),
        Noun("effusion", "effusions"),
        Noun("pleural fluid", countable=False),
        Noun("pleural fluid collection", "pleural fluid collections"),
    ),
    "cardiomegaly": (Noun("cardiomegaly", countable=False), Noun("cardiac enlargement", countable=False)),
    "edema": (Noun("pulmonary edema", countable=False), Noun("edema", countable=False)),
    "atelectasis": (Noun("atelectasis", countable=False), Noun("atelectatic change", "atelectatic changes")),
    "pneumothorax": (Noun("pneumothorax", "pneumothoraces"),),
    "nodule": (Noun("nodule", "nodules"), Noun("pulmonary nodule", "pulmonary nodules")),
    "scar": (Noun("scarring", countable=False), Noun("scar", "scars")),
    "hyperinflation": (Noun("hyperinflation", countable=False), Noun("hyperexpansion", countable=False)),
    "low_volume": (Noun("low lung volumes", always_plural=True, countable=False),),
    "other": (Noun("additional abnormality", "additional abnormalities"),),
}

# --- attributes ---

DENSITY = {
    "faint": ("faint", "hazy", "low-density", "ground-glass"),
    "moderate": ("moderately dense", "moderate-density", "intermediate-density"),
    "dense": ("dense", "high-density"),
}
DENSITY_AFTER = {
    "faint": ("of low density", "faint in density"),
    "moderate": ("of moderate density", "moderate in density"),
    "dense": ("of high density", "high in density"),
}
PATTERN = {
    "lobar": ("lobar",),
    "round": ("round", "rounded"),
    "patchy": ("patchy", "ill-defined patchy"),
    "interstitial": ("interstitial", "reticular"),
}
PATTERN_AFTER = {
    "lobar": ("in a lobar pattern", "lobar in distribution"),
    "round": ("round in shape", "rounded in outline"),
    "patchy": ("in a patchy pattern", "patchy in distribution"),
    "interstitial": ("in an interstitial pattern", "interstitial in pattern"),
}
_SEVERITY = {
    "mild": ("mild", "minor", "slight"),
    "moderate": ("moderate",),
    "severe": ("severe", "extensive", "marked"),
}
_SIZE = {"mild": ("small", "mild"), "moderate": ("moderate", "moderate-sized"), "severe": ("large", "extensive")}


def severity_words(kind: str, severity: str) -> tuple[str, ...]:
    """Adjectives for ``severity``: collections and nodules have a size, all else a degree."""
    return (_SIZE if kind in ("effusion", "pneumothorax", "nodule") else _SEVERITY)[severity]


HEART_SEVERITY = {
    None: ("", ""),
    "mild": ("mildly ", "mild "),
    "moderate": ("moderately ", "moderate "),
    "severe": ("severely ", "severe "),
}

# --- places: by the number of sides (0, 1, 2) ------------------------------------------------------------------------

SIDED = {
    "": ("",),
    "right": ("right", "right-sided", "right"),
    "left": ("left", "left-sided", "left"),
    "bilateral": ("bilateral",),
}
BASAL = ("basal", "basilar")
BASES = {
    0: ("the lung base",),
    1: ("the {side} lung base", "the {side} base"),
    2: ("both lung bases", "the lung bases bilaterally"),
}
ALL_ZONES = {
    0: ("all lung zones",),
    1: ("all three zones of the {side} lung", "all {side} lung zones"),
    2: ("all zones of both lungs",),
}
PLACES = {
    0: ("the {zones} zone{s}", "the {zones} lung zone{s}"),
    1: (
        "the {side} {zones} zone{s}",
        "the {side} {zones} lung zone{s}",
        "the {side} {zones} lung",
        "the {zones} zone{s} of the {side} lung",
        "the {zones} zone{s} on the {side}",
    ),
    2: (
        "both {zones} zones",
        "the {zones} zones of both lungs",
        "the {zones} zones bilaterally",
        "the right and left {zones} zones",
    ),
}
PLACES_WITHOUT_ZONE = {
    0: ("the chest",),
    1: ("the {side} lung", "the {side} hemithorax"),
    2: ("both lungs", "the right and left lungs"),
}

# --- what is there ---

STATEMENTS = {
    "present": (
        "there {be} {article} {adjectives} {noun} in {place}{tail}{number}",
        "{adjectives} {pre} {noun}{tail}{number}",
        "there {be} {article} {adjectives} {pre} {noun}{tail}{number}",
        "{article} {adjectives} {noun} {be} seen in {place}{tail}{number}",
        "in {place}, there {be} {article} {adjectives} {noun}{tail}{number}",
        "{adjectives} {noun} in {place}{tail}{number}",
        "{article} {adjectives} {pre} {noun} {be} present{tail}{number}",
        "{article} {adjectives} {pre} {noun} {be} noted{tail}{number}",
        "{article} {adjectives} {noun} project{s} over {place}{tail}{number}",
        "{place} show{place_s} {article} {adjectives} {noun}{tail}{number}",
        "note is made of {article} {adjectives} {pre} {noun}{tail}{number}",
        "the film shows {article} {adjectives} {noun} in {place}{tail}{number}",
    ),
    "uncertain": (
        "possible {adjectives} {pre} {noun}{tail}{number}",
        "there may be {article} {adjectives} {noun} in {place}{tail}{number}",
        "questionable {adjectives} {noun} in {place}{tail}{number}",
        "{article} {adjectives} {pre} {noun} {be} suspected{tail}{number}",
        "{article} {adjectives} {pre} {noun} cannot be excluded{tail}{number}",
        "findings suggest {article} {adjectives} {noun} in {place}{tail}{number}",
        "{article} {adjectives} {pre} {noun} {be} possible{tail}{number}",
        "suspected {adjectives} {noun} in {place}{tail}{number}",
    ),
}
INVOLVING = ("involving", "occupying", "covering", "with an extent of", "taking up")
ABOUT = ("about", "approximately", "roughly", "")

# --- the heart ---

HEART = {
    "present": (
        "the heart is {adverb}enlarged",
        "the cardiac silhouette is {adverb}enlarged",
        "{adjective}cardiomegaly",
        "{adjective}cardiomegaly is present",
        "there is {adjective}cardiomegaly",
        "{adjective}enlargement of the cardiac silhouette",
        "heart size is {adverb}enlarged",
        "{adverb}enlarged heart",
        "the cardiothoracic silhouette shows {adjective}cardiac enlargement",
    ),
    "uncertain": (
        "possible {adjective}cardiomegaly",
        "the heart may be {adverb}enlarged",
        "the cardiac silhouette is possibly {adverb}enlarged",
        "{adjective}cardiomegaly is suspected",
        "{adjective}cardiomegaly cannot be excluded",
        "questionable {adjective}cardiomegaly",
        "findings suggest {adjective}cardiomegaly",
        "the heart is questionably {adverb}enlarged",
    ),
    "absent": (
        "the heart is normal in size",
        "heart size is normal",
        "normal heart size",
        "the cardiac silhouette is within normal limits",
        "the heart is not enlarged",
        "no cardiomegaly",
        "cardiac silhouette is normal in size",
        "heart size is within normal limits",
        "the cardiac silhouette is unremarkable",
        "there is no cardiac enlargement",
    ),
}
RATIOS = (
    ", with a cardiothoracic ratio of {ratio}",
    ", cardiothoracic ratio {ratio}",
    " (cardiothoracic ratio {ratio})",
    ", the cardiothoracic ratio measuring {ratio}",
    ", with a cardiothoracic ratio of {percent} %",
)

# --- what is not there ---

ABSENT_NOUNS = {
    "opacity": (
        "opacity",
        "focal opacity",
        "consolidation",
        "airspace opacity",
        "focal consolidation",
        "infiltrate",
        "airspace disease",
    ),
    "effusion": ("pleural effusion", "effusion", "pleural fluid"),
    "edema": ("pulmonary edema", "edema", "pulmonary vascular congestion"),
    "atelectasis": ("atelectasis",),
    "pneumothorax": ("pneumothorax",),
    "nodule": ("nodule", "pulmonary nodule", "pulmonary mass"),
    "scar": ("scarring",),
    "hyperinflation": ("hyperinflation",),
    "low_volume": ("low lung volumes",),
    "cardiomegaly": ("cardiomegaly",),
    "other": ("additional abnormality",),
}
ABSENT = (
    "no {noun}",
    "there is no {noun}",
    "no {noun} is seen",
    "no evidence of {noun}",
    "there is no evidence of {noun}",
    "negative for {noun}",
    "no {noun} identified",
    "no {noun} is identified",
)
ABSENT_BOTH_SIDES = (*ABSENT, "no {noun} on either side", "no {noun} in either lung", "neither side shows {noun}")
ABSENT_ONE_SIDE = (
    "no {side} {noun}",
    "no {noun} on the {side}",
    "there is no {side}-sided {noun}",
    "no {noun} is seen on the {side}",
    "on the {side}, there is no {noun}",
    "no evidence of {side} {noun}",
    "the {side} side shows no {noun}",
    "the {side} hemithorax is free of {noun}",
)
CLEAR = {
    "opacity": {
        "both": (
            "the lungs are clear",
            "lungs are clear",
            "both lungs are clear",
            "clear lungs",
            "the lungs are clear bilaterally",
            "the lungs are free of {noun}",
        ),
        "one": (
            "the {side} lung is clear",
            "{side} lung is clear",
            "the {side} lung is free of {noun}",
            "clear {side} lung",
        ),
    },
    "effusion": {
        "both": (
            "the costophrenic angles are sharp",
            "the pleural spaces are clear",
            "both costophrenic angles are sharp",
        ),
        "one": ("the {side} costophrenic angle is sharp", "the {side} pleural space is clear"),
    },
    "edema": {
        "both": ("pulmonary vascularity is normal", "the pulmonary vasculature is within normal limits"),
        "one": (),
    },
}
ABSENT_TOGETHER = (
    "no {opacity} or {effusion}",
    "no {effusion} or {opacity}",
    "there is no {opacity} or {effusion}",
    "the lungs are clear without {effusion}",
    "the lungs and pleural spaces are clear",
    "the lungs are clear, and there is no {effusion}",
    "neither {opacity} nor {effusion} is seen",
    "no evidence of {opacity} or {effusion}",
)

# --- what cannot be told ---

UNKNOWN = (
    "{subject} cannot be assessed",
    "{subject} {be} not assessable",
    "assessment of {subject} is limited",
    "evaluation of {subject} is limited",
    "{subject} could not be assessed",
    "{subject} {be} not reliably assessable",
    "{subject} cannot be evaluated on this film",
    "limited evaluation of {subject}",
)
UNKNOWN_SUBJECTS = {
    "opacity": {"both": ("the lungs", "lung opacity"), "one": ("the {side} lung", "opacity on the {side}")},
    "effusion": {
        "both": ("the pleural spaces", "pleural effusion"),
        "one": ("the {side} pleural space", "{side} pleural effusion"),
    },
    "cardiomegaly": {"both": ("heart size", "the cardiac silhouette", "the heart"), "one": ("heart size",)},
    **{
        kind: {"both": (nouns[0],), "one": ("{side} " + nouns[0],)}
        for kind, nouns in ABSENT_NOUNS.items()
        if kind not in ("opacity", "effusion", "cardiomegaly")
    },
}
NOTHING_MEASURED = ("Assessment of the film is limited.", "The film is of limited diagnostic value.")

# --- the whole film ---

NORMAL = {
    "present": (
        "normal chest",
        "normal chest radiograph",
        "the chest is normal",
        "this is a normal chest radiograph",
        "the examination is normal",
        "normal examination of the chest",
        "unremarkable chest radiograph",
        "normal chest film",
    ),
    "absent": ("the chest radiograph is abnormal", "abnormal chest radiograph"),
    "uncertain": (),
}
IMPRESSION = ("impression: ", "impression: ", "in summary, ")
IMPRESSION_NORMAL = (
    "normal chest radiograph",
    "no acute cardiopulmonary abnormality",
    "normal chest",
    "no acute cardiopulmonary disease",
)
IMPRESSION_NO_ACUTE = ("no acute cardiopulmonary abnormality", "no acute cardiopulmonary process")
