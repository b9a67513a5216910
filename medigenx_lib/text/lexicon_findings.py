"""The parser's words for findings, and for their severity, density, pattern and numbers: see :mod:`.lexicon`."""

from __future__ import annotations

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
        {NOW} (?: severe(?:ly)? | moderate(?:ly)?_?[-/]_? (?: severe | marked | large ) (?:ly)?
        | (?<! more\s ) extensive
        | marked(?:ly)? | large (?! _heart) | massive | enormous | gigantic | immense | profound
        | considerabl[ey] | substantial(?:ly)? | siz(?:e)?able
        | huge | high-grade | (?<! no\s ) (?<! without\s ) gross (?!_evidence) | (?<! more\s ) (?<! most\s ) pronounced
        | (?<! not\s ) (?: gross | significant )ly (?=_enlarge)
        | complete (?=_ {LOBE} (?: collapse | atelecta | opacif ) ) ) {OF_CHANGE}"""),
    ("severity", "moderate", rf"""
        {NOW} (?: (?: mild | small )_?[-/]_? )? moderate(?:ly)? (?:-sized)? {OF_CHANGE}"""),
    ("severity", "mild", rf"""
        {NOW} (?: mild(?:ly)? | minor (?!_fissure) | slight(?:ly)? | minimal(?:ly)? | small (?!_heart) | tiny | trace
        | subtle | minute | minuscule | scant(?:y)? | low-grade | trivial | negligibl[ey] | insignificant
        | marginal(?:ly)?
        | barely (?=_ (?:\w+_)? enlarged) | only_just | somewhat (?=_enlarged) | (?<= a\s ) (?: touch | little
        | bit ) (?=_ (?: enlarged | large ) ) ) {OF_CHANGE}"""),
    ("ratio", None, rf"""
        (?: cardio-?thoracic_(?: ratio | index ) | c/?t_ratio | ctr | (?<= with\sa\s ) ratio ) (?: _\w+ ){{0,4}}?
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
    ("mention", "other", r"""
        (?: displac\w+ | shift\w* | deviat\w+ | push\w+ )_ (?:\w+_){0,5}? (?: to | towards? )_the_ (?: right | left )
        | (?: right | left )ward_ (?: shift | displacement | deviation )"""),
    ("mention", "effusion pneumothorax", r"(?: hydro | ha?emo )-?pneumothora(?: x | ces | xes )"),
    ("mention", "pneumothorax", r"pneumothora(?: x | ces | xes ) | ptx | pleural_air (?:_collections?)?"),
    ("mention", "effusion", r"""
        (?<! pericardial\s ) (?:pleural_)? effusions? | pleural_fluid (?:_collections?)?
        | fluid (?= _ (?:is_)? (?:present_)? (?:with)?in_ (?:\w+_){0,2} pleural_(?: space | cavit ) )
        | (?<! air\s ) (?<! cardiac\s ) (?<! pericardial\s ) fluid (?! _ (?: overload | levels? | status
        | balance | filled
          | containing | (?:with)?in_ (?:\w+_){0,3}? fissures? ) )
        | hydrothorax | empyema | pleural_collections? | meniscus_sign | ha?emothorax"""),
    ("mention", "cardiomegaly", r"""
        cardiomegaly | cardiac_enlargement | (?: increased | enlarged )_cardio-?thoracic_(?: ratio | index )
        | cardio-?thoracic_(?: ratio | index )_ (?:is_)? (?: increased | enlarged )
        | enlargement_of_ (?:the_)? (?: heart | cardiac_silhouette )
        | (?: increased_ (?: heart | cardiac )_ (?: size | silhouette ) | increase_in_ (?: heart | cardiac )_size
          | increase_in_ (?:the_)? size_of_ (?:the_)? (?: heart | cardiac_silhouette )
          | (?: heart | heart_size | cardiac_ (?: size | silhouette | shadow ) )_ (?: (?: is | appears )_ )? (?:\w+ly_)?
            increased (?: _in_ (?: size | (?:transverse_)? diameter ) )? ) (?!_(?: since | from | comp ) )
        | (?: heart | cardiac_silhouette ) (?: _(?: size | is | remains | appears | xxxx | very | quite | too
        | rather | \w+ly ) )* _large"""),
    ("mention", "edema", r"""
        (?: (?: pulmonary | interstitial | alveolar )_ )* o?edema | (?: congestive_heart | heart | cardiac
        | congestive )_failure | chf | (?: (?<= no\s ) | (?<= without\s ) ) failure (?! _ (?: of | to ) \b )
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
        atelecta\w+ (?:_changes?)? | (?: (?: lobar | lung | partial | subsegmental )_ )* collapsed?"""),
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
        | postoperative | (?: jugular | ij | subclavian ) (?= _ (?:\w+_){0,2}? (?: line | catheter | cath | port
        | approach ) )
        | foreign | metallic | bullets? | (?<! not\s ) widen(?: ed | ing ) | dilat\w+ | shift\w* | deviat\w+
        | flatten\w+ | obscur\w+
        | crowding | mastectomy | lobectomy | pneumonectomy | resection | dislocat\w+ | ossifi\w+ | irregularit\w+
        | plaques? | implants? | volume_loss | fullness | ectop\w+ | tenting
        | tips? | generator | device | (?:valve_)? replacement | nipple | postsurgical | (?: epicardial
        | pericardial )_fat
        | pneumoperitoneum | pneumomediastinum | syndesmophyt\w+ | degenerat\w+ | lobulated | central_venous_line"""),
)  # fmt: skip
