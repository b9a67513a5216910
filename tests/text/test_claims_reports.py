"""The claim check on sentences written to get past it, and on true ones in other words.

They were written without looking at its rules. None of the wrong ones may be called supported (where a word is not
understood, unverifiable will do), none of the true ones contradicted.
"""

import pytest

from medigenx_lib.cases import Finding, Findings, Measurement
from medigenx_lib.text import claims

CLEAR = [Finding(kind, "absent", side, extent=0.0) for kind in ("opacity", "effusion") for side in ("right", "left")]
NORMAL = Findings((*CLEAR, Finding("cardiomegaly", "absent", measurement=Measurement("cardiothoracic_ratio", 0.48))))
RIGHT_BASE = Findings(
    (
        Finding("opacity", "present", "right", ("lower",), 0.32, density="moderate", pattern="lobar"),
        *CLEAR[1:],
        Finding("cardiomegaly", "absent", measurement=Measurement("cardiothoracic_ratio", 0.46)),
    )
)
THREE = Findings(
    (
        Finding("opacity", "present", "right", ("middle", "lower"), 0.6, density="moderate", pattern="lobar"),
        CLEAR[1],
        CLEAR[2],
        Finding("effusion", "present", "left", ("lower",), 0.19, severity="moderate"),
        Finding("cardiomegaly", "present", severity="mild", measurement=Measurement("cardiothoracic_ratio", 0.59)),
    )
)
"""A moderately dense lobar consolidation of the right mid and lower zones, a left effusion, a large heart."""
WRONG_OF_THREE = """
Consolidation occupies the lingula and the left base; the contralateral lung is clear.
Moderate fluid is layering in the right costophrenic recess.
The blunted costophrenic sulcus is the right one; its left counterpart is sharp.
The right lung shows no abnormality whatsoever.
Nothing suggests consolidation on the right.
The right lung is devoid of opacity.
Consolidation of the right mid and lower zones is ruled out.
The right mid and lower zones are well aerated.
A left pleural effusion is not in evidence.
Left effusion: excluded.
The left pleural space is dry.
The left costophrenic angle is crisp, with no meniscus.
The heart is of ordinary dimensions.
Cardiomegaly is a misnomer here.
Right mid and lower zone consolidation that takes up a tenth of the right lung.
Right mid and lower zone consolidation affecting six per cent of the right lung.
Right mid and lower zone consolidation; extent 0.06 of the lung.
Right mid and lower zone consolidation, 60 mm across.
The heart is enlarged; CTR 0.95.
The heart is enlarged (CTR = 69 %).
The heart is mildly enlarged and occupies three quarters of the thoracic width.
Massive left basal pleural effusion.
The left basal effusion is huge.
Left basal effusion, tiny.
A left basal effusion of enormous volume.
Gross cardiomegaly.
The heart is colossal.
Subtle right mid and lower zone consolidation.
Gossamer veil of opacity over the right mid and lower zones.
Reticular shadowing in the right mid and lower zones.
Linear opacity in the right mid and lower zones.
The left effusion is larger than the right consolidation.
Compared to the film of 3 March, the consolidation has grown.
Right mid and lower zone consolidation, already known.
Right mid and lower zone consolidation, first seen today.
Longstanding right mid and lower zone consolidation.
Right mid and lower zone consolidation that was absent last week.
The left basal effusion is receding.
Chronic right mid and lower zone consolidation.
There is no right effusion, unlike the pneumothorax on that side.
Right mid and lower zone consolidation from Klebsiella.
Right mid and lower zone consolidation with air bronchograms.
Right mid and lower zone consolidation with a cavity.
Right mid and lower zone consolidation pushing the mediastinum to the left.
Viral-looking right mid and lower zone consolidation.
Right mid and lower zone aspiration pneumonia.
Right mid and lower zone consolidation, probably malignant.
Right mid and lower zone consolidation in a febrile child.
Moderate left basal haemothorax.
Moderate left basal empyema.
Moderate loculated left basal effusion.
Moderate left basal effusion, bloody.
Moderate left basal effusion of cardiac origin.
Mildly enlarged heart from a ventricular septal defect.
The heart is mildly enlarged, chiefly the left ventricle.
The consolidation is the only abnormality.
Otherwise unremarkable.
The rest of the chest, heart included, is normal.
"""
WRONG_OF_NORMAL = """
The lungs are anything but clear.
The lungs are hardly clear.
The pleural spaces are not free of fluid.
One cannot say that there is no pleural effusion.
The absence of pleural effusion cannot be confirmed.
Neither pleural space is spared by fluid.
The heart fails to be of normal size.
The heart is not within normal limits for size.
Nobody would call this heart normal in size.
Heart size exceeds the norm.
Heart size is normal only at first glance.
The lungs are not without opacity.
There is no lack of pleural fluid on the left.
It is untrue that the pleural spaces are clear.
It is false that the lungs are clear.
That the heart is of normal size is incorrect.
By no means are the lungs clear.
Far be it from me to call the lungs clear.
No lung is clear.
Only one lung is clear.
The heart is normal in size with a cardiothoracic ratio of 0.84.
The heart is normal in size; it takes up 35 % of the chest width.
The lungs have cleared.
The pneumonia has healed without residue.
No pleural effusion any more.
The lungs, which show a small nodule at the left apex, are clear.
The heart, beside which lies a left basal opacity, is normal in size.
No pleural effusion, save for a sliver on the left.
Although a left lower zone infiltrate is visible, the lungs are clear.
The lungs are clear, if one disregards the right basal consolidation.
Behind the normal-sized heart hides a consolidation.
Old healed rib fracture on the left.
A nasogastric tube lies in the stomach.
The lungs are clear and hyperinflated.
The lungs are clear on inspiration and expiration.
The heart is normal in size and the valves are competent.
Possible left basal opacity.
There might be something in the left lung.
"""
WRONG_OF_RIGHT_BASE = """
Moderately dense lobar opacity of the retrocardiac left lower lobe.
LLZ moderately dense lobar opacification, 32 %.
Right lower zone opacity: negative.
The suspicion of a right lower zone opacity proved unfounded.
Any right lower zone opacity is denied.
Moderately dense lobar opacity beneath the right clavicle.
Moderately dense lobar opacity in the right infraclavicular region.
Moderately dense lobar opacity at the summit of the right lung.
Moderately dense perihilar opacity on the right.
Moderately dense lobar opacity above the right minor fissure.
Moderately dense lobar opacity throughout the right lung, from apex to base.
Lobar opacity in all zones of the right lung.
The whole of the right lung is opacified.
Still moderately dense lobar opacity in the right lower zone.
Moderately dense lobar opacity in the right lower zone, day 3 of illness.
Moderately dense lobar opacity in the right lower zone, as on the earlier radiograph.
Moderately dense lobar opacity in the right lower zone that has migrated from the apex.
The left lung, whose base is opacified, is clear.
The left lung is clear except at its very apex.
No pleural effusion except for the fluid tracking along the left chest wall.
Moderately dense lobar opacity in the lower zones.
Lobar collapse of the right lower zone.
Moderately dense lobar opacity in the right lower zone, which needs drainage.
Moderately dense lobar opacity in the right lower zone, of bacterial origin.
Moderately dense lobar opacity in the right lower zone with an eroded rib.
Moderately dense lobar opacity in the right lower zone behind a pacemaker.
Moderately dense lobar opacity in the right lower zone, explaining the cough.
Moderately dense lobar opacity in the right lower zone with volume loss.
"""
TRUE_OF_THREE = """
Right MZ + LZ: lobar consolidation, moderate density, ~60%.
The right lung's middle and lower zones are consolidated.
The mid zone and the lower zone on the right show lobar air-space shadowing.
Consolidated right mid and lower zones (lobar; 60 % of the lung).
60 per cent of the right lung is consolidated, in its mid and lower zones.
About three fifths of the right lung is consolidated.
More than half the right lung is opacified, in the mid and lower zones.
Right-sided lobar pneumonia of the mid and lower zones.
Opacification, lobar, right, mid/lower zones.
Air-space disease occupies the middle and lower thirds of the right lung.
Right lung: mid and lower zone lobar consolidation. Left lung: clear.
While the left lung is clear, the right shows consolidation in the mid and lower zones.
Unlike the left lung, which is clear, the right has mid and lower zone consolidation.
Consolidation is confined to the right lung, where it involves the mid and lower zones.
Only the right lung is consolidated, in the mid and lower zones.
The opacity in the right lung spares the upper zone.
Severe right-sided consolidation, sparing the apex.
Left basal pleural fluid, moderate in amount.
A moderate-sized effusion lies at the left base.
The left costophrenic angle is blunted by a moderate effusion.
Moderate left hydrothorax at the base.
Mod. L pleural effusion.
Fluid collects in the left pleural space, to a moderate degree.
Effusion, left, basal, moderate; none on the right.
A moderate pleural effusion is seen on the left but the right pleural space is clear.
Pleural effusion is present on the left only, and is moderate.
Of the two pleural spaces, only the left contains fluid.
Moderate unilateral effusion on the left.
The left pleural effusion occupies roughly a fifth of the hemithorax.
Mild cardiac enlargement (CTR 0.59).
Slightly enlarged heart; C/T ratio 0.59.
Cardiothoracic ratio: 0.59 - mild cardiomegaly.
The cardiac shadow is mildly increased in transverse diameter.
At 0.59 the cardiothoracic ratio is above normal, in keeping with mild cardiomegaly.
The heart is bigger than normal, mildly so.
Heart size mildly above normal.
The heart measures 59 % of the thoracic width and is mildly enlarged.
Mild heart enlargement is noted.
No abnormal density in the left lung.
Left lung fields are clear.
No left-sided consolidation.
The left lung is unaffected.
The right pleural space is free of fluid.
No fluid on the right.
The right costophrenic recess is sharp.
"""
TRUE_OF_NORMAL = """
Both lungs are clear.
Lung fields clear.
No focal air-space opacity is identified in either lung field.
Neither lung shows consolidation.
Clear lungs bilaterally.
The lungs are free from consolidation.
The lungs are well aerated, without opacity.
Absence of pulmonary infiltrates.
No pulmonary opacity can be seen.
I see no consolidation.
Pulmonary parenchyma normal.
No effusions.
Pleura clear.
Costophrenic angles clear bilaterally.
Sharp costophrenic angles.
Pleural effusion is not demonstrated on either side.
There's no fluid in the pleural cavities.
Neither pleural space contains fluid.
Both hemithoraces are free of pleural fluid.
Normal cardiac size; CTR 0.48.
Heart not enlarged (CTR 48%).
The cardiac silhouette has a normal size.
Cardiac size is unremarkable.
CTR within normal limits at 0.48.
The heart occupies 48 % of the chest's width, which is normal.
Normal-sized heart.
No evidence for cardiomegaly.
The heart is normal-sized.
Clear lungs and pleural spaces.
Neither consolidation nor effusion.
Lungs and pleurae clear.
Normal chest x-ray.
No significant abnormality.
Heart, lungs and pleura are normal.
Chest radiograph within normal limits.
Heart normal. Lungs clear. No effusion.
HEART: NORMAL. LUNGS: CLEAR. PLEURA: NO EFFUSION.
The lungs are not consolidated.
There is not a trace of consolidation.
Not even a small effusion is seen.
No pleural effusion, not even a small one.
There is nothing to suggest pneumonia.
Pneumonia is excluded.
No sign of consolidation on either side.
"""
TRUE_OF_RIGHT_BASE = """
Right basal lobar consolidation.
Moderately dense opacity of the right base.
Lobar opacity in the right lower third.
About a third of the right lung, its lower zone, is opacified.
RLZ consolidation.
"""
WRONG = [
    *((text, THREE) for text in WRONG_OF_THREE.strip().splitlines()),
    *((text, NORMAL) for text in WRONG_OF_NORMAL.strip().splitlines()),
    *((text, RIGHT_BASE) for text in WRONG_OF_RIGHT_BASE.strip().splitlines()),
]
TRUE = [
    *((text, THREE) for text in TRUE_OF_THREE.strip().splitlines()),
    *((text, NORMAL) for text in TRUE_OF_NORMAL.strip().splitlines()),
    *((text, RIGHT_BASE) for text in TRUE_OF_RIGHT_BASE.strip().splitlines()),
]


@pytest.mark.parametrize(("text", "findings"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_is_not_supported(text, findings):
    assert "supported" not in [verdict.verdict for verdict in claims.check(text, findings)]


@pytest.mark.parametrize(("text", "findings"), TRUE, ids=[text for text, _ in TRUE])
def test_what_is_true_is_not_contradicted(text, findings):
    assert "contradicted" not in [verdict.verdict for verdict in claims.check(text, findings)]
