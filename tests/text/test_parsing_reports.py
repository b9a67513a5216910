"""The parser on sentences in the styles of many hospitals, written without looking at its rules, that it once misread:
where a denial or a hedge ends, what is partly gone, advice, and sides that are those of a device."""

import pytest
from test_parsing_language import said

SENTENCES = """
Right upper lobe opacity is not as well seen today. | opacity present right upper
Free costophrenic sinuses. | effusion absent
Cardiothoracic index within normal limits. | cardiomegaly absent
Cardiothoracic index at the upper limit of normal. | cardiomegaly absent
Disappearance of the right pleural effusion. | effusion absent right
No consolidation or collapse. Normal cardiac outline. | opacity absent; atelectasis absent; cardiomegaly absent
Normal appearances. | normal present
Normal CXR. | normal present
This is not a normal chest x-ray. | normal absent
Cardiomegaly w/o edema. | cardiomegaly present; edema absent
Atelectasis vs. infiltrate at left base. | atelectasis present left lower; opacity uncertain left lower
?LLL pneumonia | opacity uncertain left lower
Given history of COPD, no pneumonia seen. | opacity absent
Recommend a lateral view to exclude pneumonia. |
We cannot see a pneumothorax. | pneumothorax absent
Pneumothorax cannot be seen. | pneumothorax absent
Nothing to suggest pneumonia. | opacity absent
There is nothing to indicate pulmonary edema. | edema absent
No radiographic findings suggestive of pneumonia. | opacity absent
Findings argue against pneumonia. | opacity absent
Right-greater-than-left basilar opacities. | opacity present right lower; opacity present left lower
Cardiomegaly is present, without change, and without failure. | cardiomegaly present; edema absent
In the appropriate clinical setting, superimposed pneumonia would have to be considered. | opacity uncertain
It is unclear whether there is a small left effusion. | effusion uncertain left
Failure of resolution of the right lower lobe consolidation. | opacity present right lower
Incomplete resolution of the right upper lobe pneumonia. | opacity present right upper
Partial clearing of the left basilar opacity. | opacity present left lower
Partial resolution of pulmonary edema. | edema present
Near-complete resolution of left effusion. | effusion present left
Continued clearing of the right lung consolidation. | opacity present right
No significant clearing of the right lung consolidation. | opacity present right
No resolution of the left pneumothorax. | pneumothorax present left
Except for small left effusion, no abnormality is seen. | effusion present left
No pneumothorax could be seen. | pneumothorax absent
A pneumothorax cannot be demonstrated. | pneumothorax absent
The opacity is not as dense as before. | opacity present
Consolidation at the left base is not as extensive. | opacity present left lower
The right effusion is not as large as on the prior study. | effusion present right
The pneumothorax is no longer as large. | pneumothorax present
Left effusion is not worse. | effusion present left
The edema has for the most part resolved. | edema present
There has been partial resolution of the left effusion. | effusion present left
There has been no resolution of the pneumonia. | opacity present
Disappearance of the left pneumothorax. | pneumothorax absent left
The left pneumothorax is imperceptible. | pneumothorax absent left
Nothing to suggest edema. | edema absent
No pneumothorax, small left effusion. | pneumothorax absent; effusion present left
No pneumothorax and small left effusion. | pneumothorax absent; effusion present left
No pneumothorax and stable small left effusion. | pneumothorax absent; effusion present left
No pneumothorax, unchanged cardiomegaly. | pneumothorax absent; cardiomegaly present
No pneumothorax, cardiomegaly unchanged. | pneumothorax absent; cardiomegaly present
No pneumothorax - persistent left effusion. | pneumothorax absent; effusion present left
No pneumothorax -- left effusion persists. | pneumothorax absent; effusion present left
No effusion and the right lower lobe consolidation persists. | effusion absent; opacity present right lower
There is no pneumothorax, pleural effusion is small on the left. | pneumothorax absent; effusion present left
Mild cardiomegaly w/o CHF. | cardiomegaly present; edema absent
LLL opacity w/o effusion. | opacity present left lower; effusion absent
w/o focal consolidation | opacity absent
Neg for pneumonia. | opacity absent
Atelectasis vs. pneumonia. | atelectasis present; opacity uncertain
Left base atelectasis vs. consolidation. | atelectasis present left lower; opacity uncertain left lower
?pneumonia | opacity uncertain
?RLL consolidation | opacity uncertain right lower
LLL consolidation? | opacity uncertain left lower
Left base: ?small effusion. | effusion uncertain left lower
(-) effusion | effusion absent
Large left effusion displacing the heart to the right. | effusion present left; other present
Patient rotated to the left, with right basilar opacity. | opacity present right lower
Left-greater-than-right effusions. | effusion present right; effusion present left
Not a normal chest. | normal absent
No abnormalities apart from mild cardiomegaly. | cardiomegaly present
No acute abnormality other than small left effusion. | effusion present left; opacity absent
Cardiac outline is normal. | cardiomegaly absent
Heart shadow is not widened. | cardiomegaly absent
A small pneumothorax may be missed on a supine film. | pneumothorax uncertain
A small pneumothorax could be overlooked. | pneumothorax uncertain
Small pneumothorax may not be visible. | pneumothorax uncertain
Correlate clinically for pneumonia. |
Clinical correlation for pneumonia is recommended. |
Follow-up radiograph to exclude pneumothorax. |
CT could be obtained to exclude pneumonia. |
Pneumonia should be considered. | opacity uncertain
Pneumonia must be considered. | opacity uncertain
Pneumonia is a consideration. | opacity uncertain
Pneumonia is in the differential. | opacity uncertain
Pneumonia is not likely. | opacity absent
It is unclear if there is a left effusion. | effusion uncertain left
It is not clear whether there is an effusion. | effusion uncertain
Uncertain whether there is a pneumothorax. | pneumothorax uncertain
There is the possibility that there is a pneumothorax. | pneumothorax uncertain
It is possible that there is a small effusion. | effusion uncertain
I doubt pneumonia. | opacity absent
No consolidation, mild cardiomegaly. | opacity absent; cardiomegaly present
No pneumothorax, improved left lower lobe consolidation. | pneumothorax absent; opacity present left lower
No pneumothorax, new left lower lobe consolidation. | pneumothorax absent; opacity present left lower
No pneumothorax and left effusion is stable. | pneumothorax absent; effusion present left
No left pneumothorax, small right effusion. | pneumothorax absent left; effusion present right
Without pneumothorax, small right effusion remains. | pneumothorax absent; effusion present right
No pneumothorax post drainage, small left effusion. | pneumothorax absent; effusion present left
There is no pneumothorax and cardiomegaly is unchanged. | pneumothorax absent; cardiomegaly present
Possible left effusion, moderate cardiomegaly. | effusion uncertain left; cardiomegaly present
Cannot exclude pneumonia, cardiomegaly is stable. | opacity uncertain; cardiomegaly present
Small right effusion, pneumonia unlikely. | effusion present right; opacity absent
Left basilar atelectasis is present, pneumonia is unlikely. | atelectasis present left lower; opacity absent
Small right pneumothorax, left effusion resolved. | pneumothorax present right; effusion absent left
Right effusion unchanged, left pneumothorax resolved. | effusion present right; pneumothorax absent left
Right consolidation persists and left consolidation has resolved. | opacity present right; opacity absent left
Patient rotated to the right, with consolidation. | opacity present
Right lower lobe consolidation, likely aspiration. | opacity present right lower
Bibasilar opacities, possible aspiration. | opacity present right lower; opacity present left lower
Left lower lobe opacity, likely infectious. | opacity present left lower
Moderate left effusion, probable parapneumonic. | effusion present left
Small left effusion, likely reactive. | effusion present left
Right base opacity, cannot exclude aspiration. | opacity present right lower
Right base opacity, aspiration cannot be excluded. | opacity present right lower
No focal findings to suggest pneumonia. | opacity absent
No acute findings of pulmonary edema. | edema absent
Right PICC, effusion unchanged. | other present right; effusion present
Left-sided pacemaker, mild effusion. | other present left; effusion present
Mediastinum is shifted to the right by a pneumothorax. | other present; pneumothorax present
Left effusion, with the heart displaced to the right. | effusion present left; other present
Right mainstem intubation with left atelectasis. | atelectasis present left
Cardiomegaly without failure. | cardiomegaly present; edema absent
No failure. | edema absent
No radiographic findings of pneumonia. | opacity absent
No definite findings of congestive heart failure. | edema absent
No acute findings to suggest pneumothorax. | pneumothorax absent
No acute cardiopulmonary process or pneumothorax. | pneumothorax absent; opacity absent; effusion absent
No acute disease, pneumothorax, or edema. | pneumothorax absent; edema absent; opacity absent; effusion absent
No acute abnormality or cardiomegaly. | cardiomegaly absent; opacity absent; effusion absent
No abnormality of the heart. | other absent
No abnormalities of the right lung. | other absent right
No significant change or pneumothorax. | pneumothorax absent
No change, effusion, or pneumothorax. | effusion absent; pneumothorax absent
Negative chest except left basilar atelectasis. | atelectasis present left lower
No active disease or cardiomegaly. | cardiomegaly absent; opacity absent; effusion absent
Chest X-ray without significant findings. | opacity absent; effusion absent
CXR: normal. | normal present
NAD. | normal present
Cardiac: Normal. Lungs: No infiltrate. Bones: Intact. | cardiomegaly absent; opacity absent
The cardiothymic silhouette is normal. | cardiomegaly absent
No pleural collection. | effusion absent
The left base is clear. | opacity absent left lower
The apices are clear. | opacity absent right upper; opacity absent left upper
No focal abnormality in the left lung. | opacity absent left; effusion absent left
No opacity or effusion on the left. | opacity absent left; effusion absent left
The left lung and pleural space are clear. | opacity absent left; effusion absent left
The right lung and pleura are normal. | opacity absent right; effusion absent right
Heart size is normal; CTR 0.51. | cardiomegaly absent; cardiomegaly unknown
Opacity throughout the right lung. | opacity present right upper,middle,lower
Right: consolidation, no effusion. | opacity present right; effusion absent right
On the right there is consolidation but no effusion. | opacity present right; effusion absent right
60 % of the right lung is consolidated, in its mid and lower zones. | opacity present right middle,lower
Heart size exceeds normal limits. | cardiomegaly present
"""
CASES = [tuple(part.strip() for part in line.split(" |")) for line in SENTENCES.strip().splitlines()]


@pytest.mark.parametrize(("text", "meant"), CASES, ids=[text for text, _ in CASES])
def test_reports(text, meant):
    assert said(text) == [claim.strip() for claim in meant.split(";") if claim.strip()]


HEADED = """
INDICATION : right effusion.\\r\\n\\r\\nFINDINGS : Clear lungs.
**INDICATION:** right effusion.\\n\\n**FINDINGS:** Clear lungs.
# Indication\\nRight effusion.\\n# Findings\\nClear lungs.
INDICATION\\nRight effusion.\\n\\nFINDINGS\\nClear lungs.
CLINICAL HISTORY - right effusion.\\nFINDINGS - Clear lungs.
HISTORY/INDICATION: right effusion.\\nFINDINGS: clear lungs.
REASON FOR VISIT/EXAM: right effusion.\\nFINDINGS: clear lungs.
Indications for study: right effusion.\\nFindings: clear lungs.
indication: right effusion\\nfindings: clear lungs.
\\ufeffINDICATION: right effusion.\\nFINDINGS: clear lungs.
Clear lungs.\\nCOMPARISON:\\nRight effusion in March.
"""


@pytest.mark.parametrize("report", HEADED.strip().splitlines())
def test_what_was_asked_for_is_told_by_any_usual_heading(report):
    assert said(report.encode().decode("unicode_escape")) == ["opacity absent"]
