"""The parser's vocabulary: (type, value, pattern) rows, one concept a row.

Patterns are matched on lower-case text between word boundaries, in verbose mode (blanks and line breaks in a pattern
mean nothing, ``_`` is a blank). Of rows that match at the same place the upper one wins. In the manner of NegEx and
ConText (Chapman et al., J Biomed Inform 2001; Harkema et al., J Biomed Inform 2009), with the region-and-predicate
statements ("the heart is normal in size") that chest reports are full of.
"""

from __future__ import annotations

import re

from medigenx_lib.text.lexicon_findings import ATTRIBUTES, KINDS
from medigenx_lib.text.lexicon_places import PLACES
from medigenx_lib.text.lexicon_scopes import SCOPES

ACUTE = r"(?: acute | active | significant | radiographic | definite | focal | evidence_of | acute_or )"
FILM = r"""(?: chest (?: _radiographs? | _x-?rays? | _x-?xxxx | _films? | _exam(?:ination)? | _study | _xxxx )?
               | radiographs? | film | exam(?:ination)? | study | x-?ray | cxr )"""
DISEASE = r"(?: abnormalit(?:y|ies) | disease | process(?:es)? | findings? | pathology )"
HEART = r"(?: heart | cardiac | cardio-?(?: mediastinal | thymic | thoracic | pericardial | pulmonary ) )"
SIZE = r"(?: size | silhouette | contours? | outline | shadow | diameter | border )"
GOES_ON = r"(?! _ (?: of | for | to | suggest\w* | indicat\w+ | consistent | compatible | concerning | that ) \b )"
"""After "no acute findings" where that goes on to a finding: "of edema", "to suggest pneumonia"."""

STATEMENTS = (
    ("statement", "comparison", r"""
        no_(?: (?: significant | interval | definite | appreciable | substantial | acute )_ )*
        (?: change | increase | improvement | worsening )s?
        | without_ (?:significant_)? (?:interval_)? change"""),
    ("statement", "no_acute", rf"""
        (?: no | without | negative (?:_for)? ) (?: _{ACUTE} )* _
        (?: cardio-?(?:pulmonary | respiratory | thoracic) | (?:intra-?)?thoracic | chest | pulmonary | lung
            | cardiac_or_pulmonary | heart_or_lung )
        (?: _{ACUTE} | _or_pleural )* _{DISEASE} {GOES_ON}"""),
    ("statement", "nothing_acute", rf"(?: no | without ) (?: _{ACUTE} )+ _{DISEASE} {GOES_ON}"),
    ("statement", "abnormal", rf"abnormal_{FILM}"),
    ("statement", "normal", rf"""
        (?: normal | unremarkable | negative )_ (?:\w+_)? {FILM} (?:_of_the_chest)?
        | \A (?: normal | unremarkable ) (?:_appearances?)? (?= \.? \s* \Z )
        | {FILM}_ (?: is | are | appears? )_ (?:(?!not_)\w+_)? (?: normal | unremarkable )
        | {FILM} : _ (?: normal | unremarkable ) (?= \.? \s* \Z ) | nad
        | no_abnormalit(?:y|ies) (?! _of )"""),
    ("region", "vessels", r"(?:pulmonary_)? vascular_engorgement (?=_appears?_within)"),
)  # fmt: skip

REGIONS = (
    ("region", "heart", rf"""
        {HEART} (?:_and_mediastinal)? (?: _{SIZE} )+ | heart | cardiac (?= : )
        | cardio-?thoracic_(?: ratio | index )"""),
    ("region", "mediastinum", r"""
        (?:superior_)? mediastin\w+ (?: _(?: contours? | silhouette | structures? | width ) )?
        | hil(?: ar | um | a ) (?:_contours?)? | aort(?: a | ic ) (?: _(?: contours? | knob | arch | xxxx
        | silhouette ) )?"""),
    ("region", "vessels", r"""
        (?: (?: pulmonary | lung | central )_ )* (?: vascular(?:ity)? | vasculature | vessels ) (?: _(?: markings
        | pattern ) )?"""),
    ("region", "angle", r"""
        costophrenic_(?: angles? | sulc(?:us | i) | sinus(?:es)? | recess(?:es)? | xxxx ) | cp_angles?
        | (?: posterior | lateral | pleural )_sulc(?: us | i )"""),
    ("region", "pleura", r"pleural_(?: spaces? | surfaces? | margins? ) | pleura"),
    ("region", "bones", r"""
        (?: bony | osseous | skeletal ) (?: _(?: thorax | chest | structures? ) )? (?: _of_the_ (?: thorax | chest ) )?
        | bones? | skelet\w+ | soft_tissues? | ribs? | spine | thoracic_cage | (?:upper_)? abdom(?: en | inal )"""),
    ("region", "lungs", r"""
        (?: lung | pulmonary )_(?: fields? | parenchyma | zones? | volumes? | aeration ) | lungs? | parenchyma
        | hemithora(?: x | ces )"""),
    ("region", "chest", r"chest | thorax"),
    ("predicate", "enlarged", r"""
        (?: above | beyond | outside | (?: larger | bigger | more )_than | exceed(?: s | ing )? )_ (?:the_)?
        (?: upper_limits?_of_ )? normal (?: _(?: limits? | size | range ) )?"""),
    ("predicate", "normal", r"""
        (?: at_ | near_ | top_ | the_ )* (?: upper_limits?_of_ | top[_-] ) normal (?:_limits?)?
        | within_(?:the_)?limits (?:_of_normal)?
        | within_(?:the_)?normal (?:_limits?)? (?:_limits)? | normal(?:ly)? | unremarkable | clear | sharp | intact
        | negative | unaffected | uninvolved | small (?=_heart) | dry | free (?! _\w )
        | free (?= _ (?: costophrenic | cp_ ) )"""),
    ("predicate", "borderline", r"""
        borderline (?: _(?: enlarged | in_size | enlargement ) )? | (?<! most\s ) prominent | prominence"""),
    ("predicate", "enlarged", r"enlarge(?: d | ment ) | widened | (?:too_)? large | big"),
)  # fmt: skip

ROWS = (*STATEMENTS, *KINDS, *ATTRIBUTES, *SCOPES, *PLACES, *REGIONS)


def _flat(pattern: str) -> str:
    """A verbose pattern as a plain one: blanks dropped, ``_`` any white space (reports are wrapped at any word)."""
    return re.sub(r"\s+", "", pattern).replace("[_-]", r"(?:\s+|-)").replace("_", r"(?:\s+)")


FILLERS = (
    r"(?!(?:the|of the|an?|to|be|on|for|this|that|xxxx|size|lobe|disease|changes|silhouette|contours?|evidence|volumes"
    r"|structures|lateral|views?)\b)"
)
"""Frequent words that begin no pattern: skipped, for speed alone."""
MASTER = re.compile(
    rf"(?<![\w-]){FILLERS}(?:"
    + "|".join(f"(?P<row{i}>{_flat(row[2])})" for i, row in enumerate(ROWS))
    + r")(?!\w)|[,;:/&]|\?(?=\w|\s*$)"
)
"""All rows at once; the name of the group that matched gives the row. Bare punctuation has no group."""

ADVERBS = {"mildly": "mild", "slightly": "mild", "minimally": "mild", "moderately": "moderate", "severely": "severe",
           "markedly": "severe"}  # fmt: skip
"""Severities that stand inside a mention: "vascularity is mildly increased"."""
REGION_KINDS = {
    "heart": ("cardiomegaly",), "lungs": ("opacity",), "pleura": ("effusion",), "angle": ("effusion",),
    "vessels": ("edema",),
    "chest": ("normal",), "mediastinum": (), "bones": (),
}  # fmt: skip
"""What a region called normal has not got."""
STATEMENT_CLAIMS = {
    "normal": (("normal", "present"),), "abnormal": (("normal", "absent"),),
    "no_acute": (("opacity", "absent"), ("effusion", "absent")), "comparison": (),
    "nothing_acute": (("opacity", "absent"), ("effusion", "absent")),
}  # fmt: skip
"""What the statements on a whole film say, as (kind, presence)."""
