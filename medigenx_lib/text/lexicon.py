"""The parser's vocabulary: (type, value, pattern) rows, longest wording first. One row a concept.

Patterns are matched on lower-case text at word boundaries; of two rows that match at the same place, the upper
one wins. In the manner of NegEx and ConText (Chapman et al., 2001; Harkema et al., 2009), with the region-and-
predicate statements ("the heart is normal in size") that chest reports are full of.
"""

from __future__ import annotations

import re

from medigenx_lib.cases import ZONES

RIGHT, LEFT, BOTH = ("right",), ("left",), ("right", "left")
UPPER, MIDDLE, LOWER = ("upper",), ("middle",), ("lower",)
ANYWHERE = ()

_ACUTE = r"(?:acute|active|significant|radiographic|definite|evidence of|acute or|focal)"
_FILM = (
    r"(?:chest(?: radiographs?| x-?rays?| x-?xxxx| films?| exam(?:ination)?| study| xxxx)?|"
    r"radiographs?|film|exam(?:ination)?|study|x-?ray)"
)
_DISEASE = r"(?:abnormalit(?:y|ies)|disease|process(?:es)?|findings?|pathology|infiltrates? or effusions?)"
_SIZE = r"(?:size|silhouette|contours?|shadow|diameter|border)"
_HEART = (
    r"(?:heart|cardiac|cardio-?mediastinal|cardiothoracic|cardio-?pericardial|cardiopulmonary)"
    rf"(?: and mediastinal)?(?: {_SIZE})+"
)

STATEMENTS = (
    ("statement", "comparison", r"no (?:significant |interval |definite |appreciable |substantial |"
     r"acute )*(?:interval )?"
     r"(?:change|increase|improvement|worsening)s?|without (?:significant )?(?:interval )?change"),
    ("statement", "no_acute", rf"(?:no|without)(?: {_ACUTE})* (?:cardio-?(?:pulmonary|respiratory|thoracic)|"
     rf"(?:intra-?)?thoracic|chest|"
     rf"pulmonary|cardiac or pulmonary|heart or lung|lung)(?: {_ACUTE}| or pleural)* {_DISEASE}|"
     rf"no(?: {_ACUTE})+ {_DISEASE}"),
    ("statement", "abnormal", rf"abnormal {_FILM}"),
    ("statement", "normal", rf"(?:normal|unremarkable|negative) (?:\w+ )?{_FILM}(?: of the chest)?|"
     rf"(?:{_FILM}) (?:is|are|appears?) (?:\w+ )?(?:normal|unremarkable)|no abnormalit(?:y|ies)"),
)  # fmt: skip

SCOPES = (
    ("hedge", "any", r"can ?not (?:be )?(?:\w+ )?(?:exclude|rule)d?(?: out)?|(?:could|can|"
     r"may) not be (?:\w+ )?(?:excluded|ruled out)|"
     r"not (?:\w+ )?(?:excluded|ruled out)|(?:difficult|hard) to exclude|not exclude[sd]?|(?:in|"
     r"not) completely excluded"),
    ("unassessed", "any", r"(?:can ?not|could not|can not) be (?:\w+ )?(?:assess|evaluat|measur|determin)\w+|"
     r"(?:is|are) not (?:\w+ )?(?:assessable|measurable|evaluable)|not (?:\w+ )?assessable|"
     r"(?:limits?|limited|suboptimal) (?:\w+ )?(?:assessment|evaluation)|(?:assessment|evaluation)(?= .*\blimited\b)|"
     r"indeterminate"),
    ("negation", "any", r"not|no longer|absent|ha(?:s|ve) (?:\w+ )?(?:resolved|cleared)|resolved|excluded|ruled out|"
     r"unlikely"),
    ("negation", "forward", r"no|without|negative for|free (?:of|from)|absence of|clear of|neither(?= side)|neither|"
     r"nor|never|lack of|rules? out|"
     r"rather than|resolution of|clearing of|exclude[s]?|non"),
    ("hedge", "any", r"may(?: \w+)? represent|may(?: be)?|might|could|possibl[ey]|possibility|probabl[ey]|likely|"
     r"suggest\w*|suspicious|"
     r"suspected|suspicion|question\w*|versus|vs|concern\w*|consider\w*|equivocal|potential\w*|perhaps|differential|"
     r"presumed|presumably"),
    ("comparison", "any", r"unchanged|stable|stably|previous\w*|prior|comparison|compared|interval\w*|new|newly|"
     r"persist\w*|again|"
     r"remains?|increas(?:ed|ing) (?:since|from|compared)|decreas\w+ (?:since|from)|improv\w+|worsen\w+|progress\w+|"
     r"chronic|since"),
    ("break", "but", r"but|however|although|though|except(?: for)?|aside from|apart from|other than|otherwise|whereas|"
     r"while|"
     r"there (?:is|are|has|have)|in (?:summary|addition)|impression|findings|which"),
    ("link", "with", r"with|secondary to|due to|from|related to|associated with|accompanied by|representing|"
     r"represents?|reflecting|reflects?|"
     r"indicating|indicative of|compatible with|consistent with|causing|and\/or|as well as|plus"),
    ("verb", "is", r"(?:is|are|was|were|has been|have been) (?:\w+ ){0,1}(?:present|seen|noted|demonstrated|"
     r"identified|visuali[sz]ed|evident|"
     r"appreciated|detected|observed)|shows?|demonstrates?|projects?|is|are|involves?|appears?|occup\w+|"
     r"within(?= the)"),
    ("list", "and", r"and|or"),
)  # fmt: skip

REGIONS = (
    ("region", "heart", rf"{_HEART}|heart"),
    ("region", "mediastinum", r"(?:superior )?mediastin\w+(?: (?:contours?|silhouette|structures?|width))?|hil(?:ar|"
     r"um|a)(?: contours?)?|aort(?:a|ic)\b(?: \w+)?"),
    ("region", "vessels", r"(?:pulmonary |lung |central )*(?:vascular(?:ity)?|vasculature|vessels)(?: markings|"
     r" pattern)?"),
    ("region", "pleura", r"costophrenic (?:angles?|sulc(?:us|i)|recess(?:es)?)|pleural (?:spaces?|surfaces?|margins?)|"
     r"pleura"),
    ("region", "bones", r"bones?|bony|osseous|skelet\w+|soft tissues?|ribs?|spine|thoracic cage|bony thorax"),
    ("region", "lungs", r"(?:lung|pulmonary) (?:fields?|parenchyma|zones?|volumes?|aeration)|lungs?|hemithora(?:x|"
     r"ces)|parenchyma"),
    ("region", "chest", r"chest|thorax"),
    ("predicate", "borderline", r"(?:at )?(?:the )?upper limits? of normal|borderline(?: enlarged| in size|"
     r" enlargement)?|prominent"),
    ("predicate", "normal", r"within (?:the )?normal(?: limits?)?(?: limits)?|normal(?:ly)?|unremarkable|clear|sharp|"
     r"intact|within (?:the )?limits|not enlarged|negative"),
    ("predicate", "enlarged", r"enlarge(?:d|ment)|widened"),
)  # fmt: skip

PLACES = (
    ("place", (RIGHT, UPPER), r"rul|right upper lobe"),
    ("place", (RIGHT, MIDDLE), r"rml|(?:right )?middle lobe"),
    ("place", (RIGHT, LOWER), r"rll|right lower lobe"),
    ("place", (LEFT, UPPER), r"lul|left upper lobe"),
    ("place", (LEFT, MIDDLE), r"lingul\w*"),
    ("place", (LEFT, LOWER), r"lll|left lower lobe|retro-?cardiac"),
    ("place", (BOTH, LOWER), r"bi-?bas(?:al|ilar|ally)|lung bases|bases|lower lobes"),
    ("place", (BOTH, UPPER), r"bi-?apical(?:ly)?|apices|upper lobes"),
    ("place", (BOTH, MIDDLE), r"bi-?hilar"),
    ("place", (BOTH, ANYWHERE), r"bilateral(?:ly)?|both|right and left|left and right|(?:either|neither) (?:side|"
     r"lung)|right (?:greater|more) than left|left (?:greater|more) than right"),
    ("place", (ANYWHERE, ZONES), r"all (?:three )?(?:(?P<all>right|left) )?(?:lung )?zones"),
    ("place", (RIGHT, ANYWHERE), r"right(?:-sided)?"),
    ("place", (LEFT, ANYWHERE), r"left(?:-sided)?"),
    ("place", (ANYWHERE, UPPER), r"upper|apex|apical|suprahilar"),
    ("place", (ANYWHERE, MIDDLE), r"mid|middle|mid-?lung|(?:peri|para)-?hilar|hilar"),
    ("place", (ANYWHERE, LOWER), r"lower|base|basal|basilar|infrahilar|inferior"),
)  # fmt: skip

ATTRIBUTES = (
    ("density", "moderate", r"moderately dense|(?:of )?(?:moderate|intermediate)[- ]density|(?:moderate|"
     r"intermediate) in density"),
    ("density", "faint", r"(?:of )?low[- ]density|low in density|faint(?: in density)?|hazy|ground-?glass|faintly|"
     r"haziness"),
    ("density", "dense", r"(?:of )?high[- ]density|high in density|dense(?:ly)?"),
    ("pattern", "lobar", r"lobar"),
    ("pattern", "round", r"round(?:ed)?"),
    ("pattern", "patchy", r"patchy"),
    ("pattern", "interstitial", r"interstitial|reticular|reticulonodular"),
    ("severity", "mild", r"mild(?:ly)?|minor|slight(?:ly)?|minimal(?:ly)?|small|tiny|trace|subtle|minimally"),
    ("severity", "moderate", r"moderate(?:ly)?(?:-sized)?"),
    ("severity", "severe", r"severe(?:ly)?|extensive|marked(?:ly)?|large|massive|gross(?:ly)? (?=enlarged)"),
    ("ratio", None, r"cardio-?thoracic (?:ratio|index)(?: \w+){0,3}? (?P<ratio>[01]?\.\d+|\d+(?:\.\d+)? ?(?:%|percent|"
     r"per cent))"),
    ("percent", None, r"(?P<percent>\d+(?:\.\d+)?) ?(?:%|percent|per cent)(?: of (?:the |that )?(?P<of>right|left)?)?"),
)  # fmt: skip

KINDS = (
    ("mention", "effusion", r"(?<!pericardial )(?:pleural )?effusions?|pleural fluid(?: collections?)?|"
     r"hydropneumothorax|hydrothorax|hemothorax"),
    ("mention", "pneumothorax", r"(?:hydro)?pneumothora(?:x|ces|xes)"),
    ("mention", "cardiomegaly", r"cardiomegaly|cardiac enlargement|enlargement of (?:the )?(?:heart|"
     r"cardiac silhouette)"),
    ("mention", "edema", r"(?:pulmonary |interstitial |alveolar )*o?edema|(?:pulmonary |central |mild )*(?:vascular |"
     r"venous )congestion|"
     r"congestive (?:heart )?failure|heart failure|chf|cephalization|(?:vascular )?engorgement|congest(?:ion|ed)"),
    ("mention", "atelectasis", r"atelecta\w+(?: changes?)?"),
    ("mention", "opacity", r"(?:air ?-?space |parenchymal |alveolar |pulmonary |lung |focal )*(?:opacit(?:y|ies)|"
     r"opacifications?|consolidat(?:ions?|ive)|infiltrat(?:es?|ions?|ive))"
     r"|air ?-?spaces? (?:disease|process|density|densities)|(?:broncho)?pneumonia|pneumonic|air bronchograms?|"
     r"focal airspace"),
    ("mention", "nodule", r"(?:pulmonary |lung )*(?:nodul(?:es?|arity|ar)|mass(?:es)?)|granulomas?|granulomatous"),
    ("mention", "scar", r"scar(?:s|ring)?|fibro(?:sis|tic)|cicatri\w+"),
    ("mention", "hyperinflation", r"hyper-?(?:expan|inflat|aerat|lucen|disten)\w+|emphysem\w+|copd|"
     r"chronic obstructive"),
    ("mention", "low_volume", r"(?:low|small|decreased|diminished|reduced) (?:lung )?volumes?|hypo-?(?:inflat|aerat|"
     r"ventil|expan)\w+|(?:low|poor|shallow) inspirat\w+"),
    ("mention", "other", r"(?:additional )?abnormalit(?:y|ies)"),
)  # fmt: skip

ROWS = (*STATEMENTS, *KINDS, *ATTRIBUTES, *SCOPES, *PLACES, *REGIONS)
MASTER = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<row{i}>{pattern})" for i, (_, _, pattern) in enumerate(ROWS))
    + r")(?![\w])|[,;:/&]"
)

REGION_KINDS = {
    "heart": ("cardiomegaly",), "lungs": ("opacity",), "pleura": ("effusion",), "vessels": ("edema",),
    "chest": ("normal",), "mediastinum": (), "bones": (),
}  # fmt: skip
"""What a region called normal has not got."""
STATEMENT_CLAIMS = {
    "normal": (("normal", "present"),), "abnormal": (("normal", "absent"),),
    "no_acute": (("opacity", "absent"), ("effusion", "absent")), "comparison": (),
}  # fmt: skip
