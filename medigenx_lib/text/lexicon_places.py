"""The parser's words for sides and zones: see :mod:`.lexicon`."""

from __future__ import annotations

from medigenx_lib.cases import ZONES

RIGHT, LEFT, BOTH = ("right",), ("left",), ("right", "left")
PLURAL = ("plural",)
"""Both sides, unless a side is named beside it: "in the bases", but "the right middle and lower lobes"."""
UPPER, MIDDLE, LOWER = ("upper",), ("middle",), ("lower",)
ANYWHERE = ()

NOT_LUNG = r"""(?! [_-] (?: abdom\w+ | quadrants? | extremit\w+ | arms? | neck | back | thoracic | dorsal | cervical
    | lumbar | spine | vertebra\w* | ribs? | clavic\w+ | axillary | mediastin\w+ | stern\w+ | trachea\w* | esophag\w+
    | svc | pole | limits? | chest_wall | third_of_the_ (?: trachea | esophagus )
    | aspect_of_the_ (?:\w+_)? fissure | (?:lung_)? volumes?
    | lobe_ (?:pulmonary_)? (?: venous | blood | vascular | vessel\w* | diversion ) ) )"""
"""What follows a zone's word where that speaks of no lung: "upper abdomen", "mid thoracic spine"."""
LETTER = r"""(?= _(?: lung | base | basal | basilar | apex | apical | upper | mid | middle | lower | hil | perihilar
    | infrahilar | pleural | effusion | pneumothora | ptx | hemithorax | costophrenic | sided ) )"""
"""Before what a single letter is a side."""
NO_SIDE = r"""(?! _ (?: atri\w+ | ventric\w+ | heart (?! _border ) | main | mainstem | bronch\w+ | internal_jugular
    | jugular | ij | subclavian ) \b )"""
"""What follows a side's word where that is no side of the lungs: "right atrium", "left heart failure"."""
LUNGS = r"(?: (?:lung_)? (?: zones | fields | regions ) | (?: (?: portions | aspects )_of_the_ )? lungs | lobes )"
"""What makes a zone one of both lungs."""
WITHIN_LUNG = r"(?: (?<= lung\s ) | (?<= lungs\s ) | (?<= thorax\s ) | (?<= right\s ) | (?<= left\s ) )"
SPARED = r"""(?: the_ | both_ )? (?: bilateral_ | right_ | left_ )? (?:lung_)? (?: apices | apex | bases? | (?: upper
    | mid | middle | lower | perihilar | basilar )_ (?:lung_)? (?: lobes? | zones? | lungs? | fields? | regions? ) )"""
PLACES = (
    ("apart", None, r"""
        unlike_ (?: (?: on | in )_ )? (?: the_ )? (?: right | left )
        (?: _(?: lung | side | one | base | hemithorax ) )?"""),
    ("apart", None, r"rotat(?: ed | ion )_ (?:\w+_)? (?: to | towards? )_the_ (?: right | left )"),
    ("apart", None, rf"""
        (?: relative(?:ly)?_ )? spar(?: ing | es )_ (?:of_)? {SPARED} (?: _and_ {SPARED} )?
        | {SPARED}_ (?: (?: is | are )_ )? (?: relatively_ )? spared
        | (?: (?: bi-? )? (?: apical | basal | basilar ) | perihilar | (?: upper | mid | middle | lower )[_-]
            (?: lung | lobe | zone ) )_sparing"""),
    ("place", (ANYWHERE, (*MIDDLE, *LOWER)), r"lower_ (?: two[_-]thirds | 2/3 )"),
    ("place", (ANYWHERE, (*UPPER, *MIDDLE)), r"upper_ (?: two[_-]thirds | 2/3 )"),
    ("place", (RIGHT, UPPER), r"rul | ruz | right[_-]upper[_-]lobe"),
    ("place", (RIGHT, MIDDLE), r"rml | rmz | (?:right[_-])? middle[_-]lobe"),
    ("place", (RIGHT, LOWER), r"rll | rlz | right[_-]lower[_-]lobe"),
    ("place", (LEFT, UPPER), r"lul | luz | left[_-]upper[_-]lobe"),
    ("place", (LEFT, MIDDLE), r"lmz | lingul\w* (?:_segments?)? (?:_of_the_left_upper_lobe)?"),
    ("place", (LEFT, LOWER), r"lll | llz | left[_-]lower[_-]lobe | retro-?cardiac | behind_the_ (?:left_)? heart"),
    ("place", (BOTH, LOWER), r"bi-?bas(?: al | ilar | ally )"),
    ("place", (BOTH, UPPER), r"bi-?apical(?:ly)?"),
    ("place", (PLURAL, LOWER), rf"lung_bases | bases | (?: lower | inferior | bas(?: al | ilar ) )_{LUNGS}"),
    ("place", (PLURAL, UPPER), rf"apices | (?: upper | apical )_{LUNGS}"),
    ("place", (PLURAL, MIDDLE), rf"""
        (?: mid | middle | central | (?: peri | para )-?hilar )_{LUNGS} | mid-?lungs | mid-?lung_zones"""),
    ("place", (RIGHT, ZONES), r"throughout_ (?:the_)? (?:whole_|entire_)? right_ (?: lung | hemithorax )"),
    ("place", (LEFT, ZONES), r"throughout_ (?:the_)? (?:whole_|entire_)? left_ (?: lung | hemithorax )"),
    ("place", (PLURAL, ANYWHERE), r"throughout_ (?:the_)? lungs"),
    ("place", (BOTH, MIDDLE), r"bi-?hilar"),
    ("place", (BOTH, ANYWHERE), r"""
        bilateral(?:ly)? | b/l | both (?! _(?: on | frontal | pa ) ) (?! _the_ (?! lung | base | apic | side ) )
        | right_and_left | left_and_right
        | (?: either | each )_side | (?: either | each ) (?= _lung )
        | (?: more | most | greater | greatest | worse | worst )_ (?: (?: so | pronounced | prominent | marked )_ )?
          (?: on | in )_the_ (?: right | left ) (?! _\w*? (?: lower | upper | mid | bas | lung | lob | apex | apic | hil
          | thorax ) )
        | right_(?: greater | more | larger )_than_left | left_(?: greater | more | larger )_than_right
        | (?: right | r )_?>_?(?: left | l ) | (?: left | l )_?>_?(?: right | r )"""),
    ("place", (ANYWHERE, ZONES), r"all_ (?:three_)? (?: (?P<all> right | left )_ )? (?:lung_)? zones"),
    ("place", (RIGHT, ANYWHERE), rf"""
        (?: right | rt ) (?:-sided)? (?: {NO_SIDE} | (?<= overlying\sthe\sright ) ) | (?<!/) r {LETTER}"""),
    ("place", (LEFT, ANYWHERE), rf"""
        (?: left | lt ) (?:-sided)? (?: {NO_SIDE} | (?<= overlying\sthe\sleft ) ) | (?<!/) l {LETTER}"""),
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
