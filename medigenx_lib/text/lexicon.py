"""The parser's vocabulary: (type, value, pattern) rows, one concept a row.

Patterns are matched on lower-case text between word boundaries, in verbose mode (blanks and line breaks in a pattern
mean nothing, ``_`` is a blank). Of rows that match at the same place the upper one wins. In the manner of NegEx and
ConText (Chapman et al., J Biomed Inform 2001; Harkema et al., J Biomed Inform 2009), with the region-and-predicate
statements ("the heart is normal in size") that chest reports are full of.
"""

from __future__ import annotations

import re

from medigenx_lib.cases import ZONES

RIGHT, LEFT, BOTH = ("right",), ("left",), ("right", "left")
PLURAL = ("plural",)
"""Both sides, unless a side is named beside it: "in the bases", but "the right middle and lower lobes"."""
UPPER, MIDDLE, LOWER = ("upper",), ("middle",), ("lower",)
ANYWHERE = ()

ACUTE = r"(?: acute | active | significant | radiographic | definite | focal | evidence_of | acute_or )"
FILM = r"""(?: chest (?: _radiographs? | _x-?rays? | _x-?xxxx | _films? | _exam(?:ination)? | _study | _xxxx )?
               | radiographs? | film | exam(?:ination)? | study | x-?ray )"""
DISEASE = r"(?: abnormalit(?:y|ies) | disease | process(?:es)? | findings? | pathology )"
HEART = r"(?: heart | cardiac | cardio-?mediastinal | cardiothoracic | cardio-?pericardial | cardiopulmonary )"
SIZE = r"(?: size | silhouette | contours? | shadow | diameter | border )"

STATEMENTS = (
    ("statement", "comparison", r"""
        no_(?: (?: significant | interval | definite | appreciable | substantial | acute )_ )*
        (?: change | increase | improvement | worsening )s?
        | without_ (?:significant_)? (?:interval_)? change"""),
    ("statement", "no_acute", rf"""
        (?: no | without | negative (?:_for)? ) (?: _{ACUTE} )* _
        (?: cardio-?(?:pulmonary | respiratory | thoracic) | (?:intra-?)?thoracic | chest | pulmonary | lung
            | cardiac_or_pulmonary | heart_or_lung )
        (?: _{ACUTE} | _or_pleural )* _{DISEASE}"""),
    ("statement", "nothing_acute", rf"no (?: _{ACUTE} )+ _{DISEASE}"),
    ("statement", "abnormal", rf"abnormal_{FILM}"),
    ("statement", "normal", rf"""
        (?: normal | unremarkable | negative )_ (?:\w+_)? {FILM} (?:_of_the_chest)?
        | \A (?: normal | unremarkable ) (?= \.? \s* \Z )
        | {FILM}_ (?: is | are | appears? )_ (?:(?!not_)\w+_)? (?: normal | unremarkable )
        | no_abnormalit(?:y|ies)"""),
    ("region", "vessels", r"(?:pulmonary_)? vascular_engorgement (?=_appears?_within)"),
)  # fmt: skip

SCOPES = (
    ("query", None, r"(?: is | are )_there (?= .* \? $ )"),
    ("unassessed", "any", r"""
        (?: can_?not | could_not )_be_ (?:\w+_)? (?: assess | evaluat | measur | determin )\w+
        | (?: (?: is | are )_ )? not_ (?:\w+_)? (?: assessable | measurable | evaluable ) | indeterminate
        | (?: (?: is | are )_ )? not_well_ (?: seen | assessed | evaluated | visuali[sz]ed | demonstrated )
        | (?: difficult | hard )_to_ (?: assess | evaluate | determine | measure )
        | (?: limited | suboptimal )_ (?:\w+_)? (?: assessment | evaluation )
        | (?: assessment | evaluation ) (?= _.*\blimited\b )"""),
    ("unassessed", "behind", r"limits?_ (?:\w+_)? (?: assessment | evaluation )"),
    ("hedge", "possible any", r"""
        (?: can_?not | could_not | may_not | (?: can | could )n?['’]?t | (?: unable | not_able )_to )_ (?:be_)?
        (?:\w+_)? (?: exclude | rule )d? (?:_out)?
        | not_ (?:\w+_)? (?: excluded? | ruled_out ) | (?: difficult | hard )_to_exclude
        | possible | questionabl[ey] | equivocal | suspected | (?: may | might | could )_be_(?: present | seen )
        | (?: is | are )_questioned | possibly (?= _(?: present | seen ) ) | if_ (?: any | present ) | no_more_than"""),
    ("hedge", "probable any", r"probable | likely | probably (?= _(?: present | seen ) )"),
    ("query", None, r"""
        (?: evaluat\w+ | eval | assess\w* | check | look(?:ing)? )_for | rule_out | r/o | query
        | (?: history | hx )_of | h/o"""),
    ("hedge", "possible versus", r"versus | vs"),
    ("hedge", "possible forward", r"""
        \? | (?: can_?not_be | not )_ (?: sure | certain ) | uncertain | unclear_ (?: if | whether )
        | may | might | could | possibly | possibility | differential | perhaps | potential\w* | suspicion
        | question(?:s | ed | _of)? | concern\w* | worrisome | consider(?:ed | ations? )? | includes?"""),
    ("hedge", "probable forward", r"probably | suggest\w* | presumed | presumably | suspicious | favou?r(?:s | ed)?"),
    ("verb", "is", r"""
        not_only | (?: not | never )_without | not_absent | no_(?: absence | lack )_of
        | no_doubt (?: _(?: about | of ) )?"""),
    ("certain", None, r"""
        (?<! no\s ) (?<! without\s ) (?<! or\s ) (?<! nor\s ) (?: definite(?:ly)? | certain(?:ly)? )"""),
    ("comparison", "any", r"""
        (?: is_ | are_ | ha(?:s|ve)_ )? (?: (?: not | (?: ha(?:s|ve) | is | are )n['’]t ) (?: _yet | _fully )?
        | nearly | almost | partly | partially
        | incompletely | largely | mostly ) (?: _completely | _entirely )? _(?: resolved | cleared )
        | (?: is_ | are_ )? not_ (?: (?:\w+_)? changed | (?:\w+_){0,4} different )
        | (?: previously_not | not_previously )_ (?: seen | present | noted )
        | not_ (?: seen | present | noted | there | visible )_ (?: before | previously | earlier
          | on_the_ (?: prior | previous | earlier | last ) )
        | (?: is_ | are_ | appears?_ ) (?:\w+_)? (?: larger | smaller | bigger )
          (?! _than_ (?: (?: on_ )? the_ )? (?: right | left ) )
        | ha(?:s|ve)_ (?:\w+_)? (?: increased | decreased | grown | developed | progressed | appeared )
        | ha(?:s|ve) (?= _ (?:\w+_)? enlarged )"""),
    ("negation", "past any", r"""
        no_longer | (?: ha(?:s|ve)_ (?:\w+_)? )? (?: resolved | cleared | disappeared | vanished | gone )"""),
    ("answer", "absent", r"none (?: _of_note )? (?!_of) | nil | negative (?!_for) | no (?= [.,;)] | \s* \( | $ )"),
    ("negation", "that", r"(?: not_ (?: true | correct ) | untrue | incorrect )_that (?: _there_ (?: is | are ) )?"),
    ("negation", "any", r"""
        not | far_from | absent | unlikely | doubtful | excluded | ruled_out
        | neither (?= _ (?:the_)? (?: lung | side | right | left ) )
        | (?: is | are | was | were | do | does | did | has | have )n['’]?t"""),
    ("negation", "past forward", r"(?: resolution | clearing )_of"),
    ("negation", "forward", r"""
        no | without | negative_for | free_(?: of | from ) | absence_of | clear_of | neither (?= _side ) | neither
        | nor | never | lack_of | lacks | rules_out | rather_than | excludes? | non
        | none_of_ (?: the | these | those )"""),
    ("comparison", "any", r"""
        unchanged | stable | stably | previous\w* | prior | comparison | compared | interval\w* | new | newly | again
        | re-?demonstrat\w+ | persist\w* | remains? | since | chronic | improv\w+ | worsen\w+ | progress\w+
        | increas(?: ed | ing )_(?: since | from | compared | in_ (?: size | extent ) ) | increasing | decreas\w+
        | increase_in | enlarging | resolving | developing | evolving | residual | recurrent | known | long-?standing
        | (?: than | as )_before | earlier | similar(?:ly)? | last_(?: film | study | examination | radiograph )"""),
    ("break", "except", r"""
        (?:with_the_)? except (?: ion_of | ing )? (?:_for)? | (?: aside | apart )_from | other_than | save_for
        | but_for"""),
    ("break", "but", r"""
        but | however | although | though | otherwise
        | whereas | while | in_(?: summary | addition )
        | (?: impression | findings ) (?= : )"""),
    ("break", "there", r"there_(?: is | are | has | have )"),
    ("relative", "which", r"which | whose"),
    ("link", "due", r"(?: secondary | due | related | owing )_to | because_of | by"),
    ("link", "means", r"""
        (?: compatible | consistent | in_keeping )_with | represent (?: s | ing )? | reflect (?: s | ing )?
        | indicating | indicative_of"""),
    ("link", "or", r"and/or"),
    ("link", "with its", r"with_ (?:an?_)? (?: associated | accompanying | resultant | resulting )"),
    ("link", "with", r"""
        with | from | (?: associated | accompanied )_with | accompanied_by | causing | as_well_as | plus"""),
    ("verb", "seen", r"""
        (?: (?: is | are | was | were | ha(?:s|ve)_been )_
            (?: (?! not | again | newly | previously | likely | prob | poss | quest | susp ) \w+_ )? )?
        (?: present | seen | noted | demonstrated | identified | visuali[sz]ed | evident | appreciated | detected )"""),
    ("verb", "is", r"""
        shows? | demonstrates? | projects? | is | are | involves? | appears? | occup\w+ | within (?= _the )"""),
    ("another", None, r"""
        another (?:_one)? (?= _ (?: in | at | on | of )_ )
        | (?: (?<= small\s ) | (?<= large\s ) | (?<= tiny\s ) | (?<= mild\s ) | (?<= smaller\s ) | (?<= larger\s )
          | (?<= basal\s ) | (?<= new\s ) | (?<= similar\s ) ) one (?! _of )"""),
    ("list", "or", r"or"),
    ("list", "and", r"and"),
)  # fmt: skip

REGIONS = (
    ("region", "heart", rf"{HEART} (?:_and_mediastinal)? (?: _{SIZE} )+ | heart"),
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
    ("predicate", "normal", r"""
        (?: at_ | near_ | top_ | the_ )* (?: upper_limits?_of_ | top[_-] ) normal (?:_limits?)?
        | within_(?:the_)?limits (?:_of_normal)?
        | within_(?:the_)?normal (?:_limits?)? (?:_limits)? | normal(?:ly)? | unremarkable | clear | sharp | intact
        | negative | small (?=_heart) | dry | free (?! _\w )"""),
    ("predicate", "borderline", r"""
        borderline (?: _(?: enlarged | in_size | enlargement ) )? | (?<! most\s ) prominent | prominence"""),
    ("predicate", "enlarged", r"enlarge(?: d | ment ) | widened | (?:too_)? large | big"),
)  # fmt: skip

NOT_LUNG = r"""(?! [_-] (?: abdom\w+ | quadrants? | extremit\w+ | arms? | neck | back | thoracic | dorsal | cervical
    | lumbar | spine | vertebra\w* | ribs? | clavic\w+ | axillary | mediastin\w+ | stern\w+ | trachea\w* | esophag\w+
    | svc | pole | limits? | chest_wall | third_of_the_ (?: trachea | esophagus )
    | aspect_of_the_ (?:\w+_)? fissure ) )"""
"""What follows a zone's word where that speaks of no lung: "upper abdomen", "mid thoracic spine"."""
LETTER = r"""(?= _(?: lung | base | basal | basilar | apex | apical | upper | mid | middle | lower | hil | perihilar
    | infrahilar | pleural | effusion | pneumothora | ptx | hemithorax | costophrenic | sided ) )"""
"""Before what a single letter is a side."""
LUNGS = r"(?: (?:lung_)? (?: zones | fields | regions ) | (?: (?: portions | aspects )_of_the_ )? lungs | lobes )"
"""What makes a zone one of both lungs."""
WITHIN_LUNG = r"(?: (?<= lung\s ) | (?<= lungs\s ) | (?<= thorax\s ) | (?<= right\s ) | (?<= left\s ) )"
SPARED = r"""(?: the_ | both_ )? (?: bilateral_ | right_ | left_ )? (?:lung_)? (?: apices | apex | bases? | (?: upper
    | mid | middle | lower | perihilar | basilar )_ (?:lung_)? (?: lobes? | zones? | lungs? | fields? | regions? ) )"""
PLACES = (
    ("apart", None, r"""
        unlike_ (?: (?: on | in )_ )? (?: the_ )? (?: right | left )
        (?: _(?: lung | side | one | base | hemithorax ) )?"""),
    ("apart", None, rf"""
        (?: relative(?:ly)?_ )? spar(?: ing | es )_ (?:of_)? {SPARED}
        | {SPARED}_ (?: (?: is | are )_ )? (?: relatively_ )? spared"""),
    ("place", (ANYWHERE, (*MIDDLE, *LOWER)), r"lower_ (?: two[_-]thirds | 2/3 )"),
    ("place", (ANYWHERE, (*UPPER, *MIDDLE)), r"upper_ (?: two[_-]thirds | 2/3 )"),
    ("place", (RIGHT, UPPER), r"rul | right[_-]upper[_-]lobe"),
    ("place", (RIGHT, MIDDLE), r"rml | (?:right[_-])? middle[_-]lobe"),
    ("place", (RIGHT, LOWER), r"rll | right[_-]lower[_-]lobe"),
    ("place", (LEFT, UPPER), r"lul | left[_-]upper[_-]lobe"),
    ("place", (LEFT, MIDDLE), r"lingul\w* (?:_segments?)? (?:_of_the_left_upper_lobe)?"),
    ("place", (LEFT, LOWER), r"lll | left[_-]lower[_-]lobe | retro-?cardiac | behind_the_ (?:left_)? heart"),
    ("place", (BOTH, LOWER), r"bi-?bas(?: al | ilar | ally )"),
    ("place", (BOTH, UPPER), r"bi-?apical(?:ly)?"),
    ("place", (PLURAL, LOWER), rf"lung_bases | bases | (?: lower | inferior | bas(?: al | ilar ) )_{LUNGS}"),
    ("place", (PLURAL, UPPER), rf"apices | (?: upper | apical )_{LUNGS}"),
    ("place", (PLURAL, MIDDLE), rf"""
        (?: mid | middle | central | (?: peri | para )-?hilar )_{LUNGS} | mid-?lungs | mid-?lung_zones"""),
    ("place", (PLURAL, ANYWHERE), r"throughout_ (?:the_)? lungs"),
    ("place", (BOTH, MIDDLE), r"bi-?hilar"),
    ("place", (BOTH, ANYWHERE), r"""
        bilateral(?:ly)? | b/l | both (?! _(?: on | frontal | pa ) ) | right_and_left | left_and_right
        | (?: either | each )_side | (?: either | each ) (?= _lung )
        | (?: more | most | greater | greatest | worse | worst )_ (?: (?: so | pronounced | prominent | marked )_ )?
          (?: on | in )_the_ (?: right | left ) (?! _\w*? (?: lower | upper | mid | bas | lung | lob | apex | apic | hil
          | thorax ) )
        | right_(?: greater | more | larger )_than_left | left_(?: greater | more | larger )_than_right
        | (?: right | r )_?>_?(?: left | l ) | (?: left | l )_?>_?(?: right | r )"""),
    ("place", (ANYWHERE, ZONES), r"all_ (?:three_)? (?: (?P<all> right | left )_ )? (?:lung_)? zones"),
    ("place", (RIGHT, ANYWHERE), rf"(?: right | rt ) (?:-sided)? | (?<!/) r {LETTER}"),
    ("place", (LEFT, ANYWHERE), rf"(?: left | lt ) (?:-sided)? | (?<!/) l {LETTER}"),
    ("place", (ANYWHERE, UPPER), rf"""
        upper {NOT_LUNG} | {WITHIN_LUNG} superiorly
        | superior (?: _(?: aspect | portion )_of_the )? (?= _ (?: (?: right | left )_ )? (?: lung | hemithorax ) )
        | (?<! cardiac\s ) apex (?!_of_the_heart) | apical (?!_segments?_of)"""),
    ("place", (ANYWHERE, MIDDLE), rf"""
        (?: mid | middle ) {NOT_LUNG} | mid-?(?: lung | zone ) | (?: peri | para | supra | infra | juxta )-?hilar
        | (?:inferior_)? hil(?: ar | um | a ) (?! _(?: contours? | structures? | silhouette | lymph | calci\w+ ) )
        | central (?! _(?: venous | line | catheter | vasc\w+ | airway\w* | lucen\w+ | cavit\w+ | necro\w+
        | calci\w+ ) )"""),
    ("place", (ANYWHERE, LOWER), rf"""
        lower {NOT_LUNG} | base (?! _of_ (?:the_)? (?: neck | heart | skull ) ) | basal (?!_segments?_of) | basilar
        | (?<! more\s ) inferior (?!_to) {NOT_LUNG} | {WITHIN_LUNG} inferiorly | cardiophrenic (?: _angles? )?"""),
)  # fmt: skip

NOW = r"(?<! previously\s ) (?<! formerly\s )"
OF_CHANGE = r"""(?! _ (?:interval_)? (?: improvement | decrease\b | worsening\b | progression | resolution ) )
    (?! (?<= ly ) _ (?: improv | decreas | wors | better | larger | smaller | greater | more | less | differ
    | chang ) )"""
"""Not before what grades a change: "slightly improved", "marked interval worsening"."""
LOBE = r"(?: (?: right | left | upper | middle | lower | lobe | lobar | lung )_ )*"
NUMBER, PERCENT = r"\d+(?:[.,]\d+)?", r"(?: % | percent | per_cent )"
PARTS = "upper lower mid middle right left inner outer medial lateral"
NOT_PART = "".join(rf"(?<! {word}\s )" for word in PARTS.split())
"""Before "half of the lung": not the lower half, which is a place."""
OF_LUNG = r"(?= _ (?:of_)? (?: the_ | that_ | each_ )? (?: (?: right | left )_ )? (?: lung | hemithorax ) )"
FRACTION = rf"""
    {NOT_PART} (?: (?:one[_-])? (?: half | third | quarter | fifth ) | two[_-]thirds | three[_-]quarters
    | 1/2 | 1/3 | 1/4 | 2/3 | 3/4 | (?: most | majority ) (?=_of) ) {OF_LUNG}"""
LESS, MORE = "less_than | at_most | up_to | <", "more_than | greater_than | at_least | exceeding | >"
RANGE = rf"(?: (?<= between\s ) {NUMBER} (?:_?%)? _and_ | {NUMBER} (?:_?%)? _?(?: - | – | to )_? )"
ATTRIBUTES = (
    ("density", "moderate", r"""
        moderately_dense | (?:of_)? (?: moderate | intermediate )[_-]density | (?: moderate
        | intermediate )_in_density"""),
    ("density", "faint", r"""
        (?:of_)? (?: low | mild | slight | minimal )[_-]density | low_in_density
        | faint(?:ly)? (?:_in_density)? | hazy | ground-?glass"""),
    ("density", "dense", r"(?:of_)? (?: high | severe | marked )[_-]density | high_in_density | dense(?:ly)?"),
    ("pattern", "lobar", r"lobar"),
    ("pattern", "round", r"round(?:ed)?"),
    ("pattern", "patchy", r"patchy"),
    ("pattern", "interstitial", r"interstitial | reticular | reticulonodular"),
    ("severity", "severe", rf"""
        {NOW} (?: severe(?:ly)? | moderate(?:ly)?_?[-/]_? (?: severe | marked | large ) (?:ly)? | extensive
        | marked(?:ly)? | large (?! _heart) | massive | profound | considerabl[ey] | substantial(?:ly)? | siz(?:e)?able
        | huge | high-grade | (?<! no\s ) (?<! without\s ) gross (?!_evidence) | (?<! more\s ) (?<! most\s ) pronounced
        | (?<! not\s ) (?: gross | significant )ly (?=_enlarge)
        | complete (?=_ {LOBE} (?: collapse | atelecta | opacif ) ) ) {OF_CHANGE}"""),
    ("severity", "moderate", rf"""
        {NOW} (?: (?: mild | small )_?[-/]_? )? moderate(?:ly)? (?:-sized)? {OF_CHANGE}"""),
    ("severity", "mild", rf"""
        {NOW} (?: mild(?:ly)? | minor (?!_fissure) | slight(?:ly)? | minimal(?:ly)? | small (?!_heart) | tiny | trace
        | subtle | minute | scant | low-grade ) {OF_CHANGE}"""),
    ("ratio", None, rf"""
        (?: cardio-?thoracic_(?: ratio | index ) | ct_ratio | ctr ) (?: _\w+ ){{0,3}}?
        (?: _? (?P<limit> {LESS} | below | under | {MORE} | above | over | exceeds ) )? _? [:=]? _?
        (?P<ratio> [01]?[.,]\d+
        | {NUMBER} _?{PERCENT} )"""),
    ("percent", None, rf"""
        (?: (?P<bound> {LESS} | {MORE} ) _? )?
        (?P<percent> {RANGE}? {NUMBER} _?{PERCENT} | {FRACTION} )
        (?: _of_ (?: (?: the | that )_ )? (?P<of> right | left )? )?"""),
)  # fmt: skip

OVERLYING = "heart cardiac nipple breast tissue rib bony hilar mediastinal vascular overlying overlapping superimposed"
NO_SHADOW = "".join(rf"(?<! {word}\s )" for word in OVERLYING.split())
"""Before what a shadow is none in the lung."""
KINDS = (
    ("mention", "effusion pneumothorax", r"(?: hydro | ha?emo )-?pneumothora(?: x | ces | xes )"),
    ("mention", "pneumothorax", r"pneumothora(?: x | ces | xes ) | ptx | pleural_air (?:_collections?)?"),
    ("mention", "effusion", r"""
        (?<! pericardial\s ) (?:pleural_)? effusions? | pleural_fluid (?:_collections?)?
        | fluid (?= _ (?:is_)? (?:present_)? (?:with)?in_ (?:\w+_){0,2} pleural_(?: space | cavit ) )
        | hydrothorax | meniscus_sign | ha?emothorax"""),
    ("mention", "cardiomegaly", r"""
        cardiomegaly | cardiac_enlargement | (?: increased | enlarged )_cardio-?thoracic_(?: ratio | index )
        | cardio-?thoracic_(?: ratio | index )_ (?:is_)? (?: increased | enlarged )
        | enlargement_of_ (?:the_)? (?: heart | cardiac_silhouette )
        | (?: increased_ (?: heart | cardiac )_ (?: size | silhouette ) | increase_in_ (?: heart | cardiac )_size
          | increase_in_ (?:the_)? size_of_ (?:the_)? (?: heart | cardiac_silhouette )
          | (?: heart | heart_size | cardiac_ (?: size | silhouette ) )_ (?: (?: is | appears )_ )? (?:\w+ly_)?
            increased (?:_in_size)? ) (?!_(?: since | from | comp ) )
        | (?: heart | cardiac_silhouette ) (?: _(?: size | is | remains | appears | xxxx | \w+ly ) )* _large"""),
    ("mention", "edema", r"""
        (?: (?: pulmonary | interstitial | alveolar )_ )* o?edema | (?: congestive_heart | heart | cardiac
        | congestive )_failure | chf
        | (?: (?: pulmonary | central | vascular | venous )_ )* (?: congesti(?: on | ve_changes? )
        | engorge(?: ment | d ) )
        | (?: (?: pulmonary | central | venous )_ )* vascular(?:ity)? _ (?: prominence | fullness | redistribution )
        | (?:pulmonary_)? vascul\w+_ (?: is | are | appears? )_ (?:(?!not_)\w+_)? (?: prominent | increased
          | congested )
        | prominence_of_ (?:the_)? (?: (?: pulmonary | central )_ )* vascul\w+
        | (?: increased | prominent | congested )_ (?: (?: pulmonary | central | lung )_ )? vascul\w+
        | indistinct_ (?:(?: pulmonary | central )_)? vascul\w+ (?: _(?: margin(?: s | ation ) | markings ) )?
        | pulmonary_venous_hypertension | cephalization
        | (?: fluid | volume )_overload | kerley (?:_b)? (?:_lines)?"""),
    ("mention", "opacity atelectasis", r"collapse [_-]? [-/]? consolidation"),
    ("mention", "atelectasis", r"""
        atelecta\w+ (?:_changes?)? | (?: (?: lobar | lung | partial | subsegmental )_ )* collapse"""),
    ("mention", "opacity", rf"""
        (?: (?: air_?-?space | parenchymal | alveolar | pulmonary | lung | focal )_ )*
        (?: opacit(?: y | ies ) | opacifications? | opacified | (?: totally | completely )_opaque
        | consolidat(?: ions? | ive | ed ) | infiltrates? | infiltrations? )
        | air_?-?spaces?_(?: disease | process | densit(?: y | ies ) ) | (?:broncho)? pneumonias? | pna | pneumonic
        | air_bronchograms? | focal_airspace | whited?[_-]out | whiteout | radio-?opacit(?: y | ies )
        | opaque (?! _ (?: material | foreign | marker | line | structure | suture | object | catheter | tube ) )
        | white (?= _ (?: right | left )_ (?: lung | hemithorax ) )
        | (?: (?<= lung\sis\s ) | (?<= thorax\sis\s ) ) white
        | ground-?\s?glass_ (?: change | shadowing | attenuation | veiling )s?
        | (?: reduced | decreased | diminished | loss_of )_ (?: transparency | trans?lucency | transradiancy )
        | haziness | haze
        | hazy (?! _(?! (?: in | on | at | over | and ) \b ) \w )
        | {NO_SHADOW} shadow(?: s | ing )"""),
    ("mention", "nodule", r"""
        (?: (?: pulmonary | lung )_ )* (?: nodul(?: es? | arity | ar ) | mass(?:es)? ) | granulomas?
        | granulomatous"""),
    ("mention", "scar", r"scar(?: s | ring )? | fibro(?: sis | tic ) | cicatri\w+"),
    ("mention", "other", r"subcutaneous_(?: emphysema | air | gas )"),
    ("mention", "hyperinflation", r"""
        hyper-?(?: expan | inflat | aerat | lucen | disten )\w+ | emphysem\w+ | copd | chronic_obstructive"""),
    ("mention", "low_volume", r"""
        (?: low | decreased | diminished | reduced )_ (?:lung_)? volumes? | small_lung_volumes? | small_volumes
        | lung_volumes? (?: _(?: are | is | appear | remain | slightly | somewhat | mildly | on | the | xxxx ) )*
          _(?: low | decreased | diminished | reduced | small )
        | hypo-?(?: inflat | aerat | ventil | expan )\w+ | under[_-]? (?: inflat | aerat | expan )\w+
        | (?: low | poor | shallow )_inspirat\w+"""),
    ("mention", "other", r"""
        (?:additional_)? abnormalit(?: y | ies )
        | tubercul\w+ | malignan\w+ | cancer | carcinoma\w* | metasta\w+ | neoplas\w+ | lymphoma | sarcoid\w*
        | fractur\w+ | tortuous | tortuosity | ectatic | ectasia | calcifi\w+ | (?: dextro | levo | kypho )? scolio\w+
        | kypho\w+ | curvature | osteophyt\w+ | spondyl\w+ | spurring | arthriti\w+ | arthros\w+
        | arthropath\w+ | dish | catheters? | port | picc | pacemakers? | pacer | pacing | a?icd | sternotomy
        | (?:surgical_)? clips? | sutures? | stents? | prosthe\w+ | hardware | tubes? | leads? | tracheostomy | cabg
        | fusion | cholecystectomy | herni\w+ | eventration | elevat\w+ | thicken\w+ | blunt\w+ | deformit\w+
        | compression | wedg\w+ | osteopeni\w+ | demineraliz\w+ | lytic | sclero\w+ | osteoporo\w+
        | (?:lymph)? adenopathy
        | lymphaden\w+ | atheroscler\w+ | aneurysm\w* | unfold\w+ | atheroma\w* | bronchovascular | markings
        | bronchi(?: tis | ectasis ) | peribronchial | cuffing | lucen\w+ | bulla\w* | bullous | blebs? | cavit\w+
        | lesions? | densit(?: y | ies ) | shadow | dextrocardia | situs | pericardial | azygos | surgical
        | postoperative
        | foreign | metallic | bullets? | widen(?: ed | ing ) | dilat\w+ | shift\w* | deviat\w+ | flatten\w+ | obscur\w+
        | crowding | mastectomy | lobectomy | pneumonectomy | resection | dislocat\w+ | ossifi\w+ | irregularit\w+
        | plaques? | implants? | volume_loss | fullness | ectop\w+ | tenting
        | tips? | generator | device | (?:valve_)? replacement | nipple | postsurgical | (?: epicardial
        | pericardial )_fat
        | pneumoperitoneum | pneumomediastinum | syndesmophyt\w+ | degenerat\w+ | lobulated | central_venous_line"""),
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
    + r")(?!\w)|[,;:/&]"
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
