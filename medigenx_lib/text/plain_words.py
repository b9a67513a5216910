"""What the parser does not read in a sentence, and the words that say nothing which a film could bear out or not.

A sentence with any other word that the parser does not read is not called supported, however true what was read of it
is: "the lungs are hardly clear". Denials, degrees, places and times are therefore never listed here.
"""

from __future__ import annotations

import re

from medigenx_lib.text.lexicon import MASTER, ROWS
from medigenx_lib.text.tokens import signs_written_out

WORD = re.compile(r"(?<!\w)[a-z][a-z'-]*(?!\w)")
PASSED_OVER = ("apart", "cause")
"""Types of rows whose words are known, yet make no claim: "sparing the left base", "from aspiration"."""
PLAIN = frozenset(
    re.findall(
        r"\S+",
        """
        a an the this that these those it its itself there here they them their we i both each also then thus of
        on in at to into onto by for from with within and or as than so such be is are was were been being am do
        does has have had having can will which who whose what where when if whether because since while during
        via per not no nor neither either any some all other another own further additional remaining rest
        remainder else very quite rather too seen see sees noted note visible visualised visualized identified
        demonstrated demonstrates evident evidence observed found finding findings present presence shown show
        shows showing appear appears appearing appearance appearances look looks detected detectable discernible
        recognised recognized appreciated depicted displayed suggest suggests suggesting representing represents
        consistent compatible keeping measured measures measuring measurement measurements calculated estimated
        assessed amounts amounting amount corresponds corresponding about approximately around roughly circa
        overall total together respectively namely occupies occupying occupied occupy involves involving
        involved involvement affects affecting affected covers covering covered cover fills extends extending
        extent takes taking up lies lying located location localised localized situated projects projecting
        projected overlies overlying contains containing contain holds film films image images radiograph
        radiographs radiography x-ray xray ray chest examination exam study view views projection projections
        frontal posteroanterior anteroposterior pa ap lateral portable supine erect upright impression
        conclusion report summary comment result results lung lungs pulmonary parenchyma parenchymal field
        fields zone zones lobe lobes region regions area areas side sides sided hemithorax hemithoraces thorax
        thoracic tissue aspect segment pleura pleural space spaces cavity cavities recess recesses angle angles
        sulcus sulci collection collections fluid heart cardiac silhouette shadow contour contours outline size
        sized mediastinum mediastinal cardiomediastinal cardiothoracic ratio index ctr transverse diameter width
        opacity opacities consolidation infiltrate disease process abnormality abnormalities change changes
        pattern density degree character severity distribution patient child adult infant boy girl man woman
        year old synthetic generated phantom normal limits range upper bilateral bilaterally unilateral acute
        active focal definite overt frank convincing appreciable significant radiographic radiographically
        abnormal grossly expanded inflated aerated well well-expanded well-inflated well-aerated symmetric
        symmetrically configuration caliber shape cardiopulmonary air-space airspace air bony osseous trachea
        midline technique given specifically throughout over made taken sits sit confined reaching reaches
        despite sign signs even pleurae there's ill-defined alveolar underlying superimposed adjacent associated
        level next single two limited evaluation assessment
        """,
    )
)
"""Words, in lower case."""


def unread(sentence: str) -> str | None:
    """The first word of ``sentence`` that the parser does not read and that is not PLAIN; None if there is none."""
    sentence = signs_written_out(sentence.lower().replace("\u2019", "'"))
    read = [match.span() for match in MASTER.finditer(sentence) if not _is_passed_over(match)]
    for word in WORD.finditer(sentence):
        if word[0] not in PLAIN and not any(start <= word.start() < end for start, end in read):
            return word[0]
    return None


def _is_passed_over(match: re.Match) -> bool:
    return match.lastgroup is not None and ROWS[int(match.lastgroup.removeprefix("row"))][0] in PASSED_OVER
