"""What leaves the course can be read back, and says what it is."""

import json

import numpy as np
import pydicom
import pytest

from medigenx_lib import datasets, interop
from medigenx_lib.cases import Case, Finding, Findings, Measurement
from medigenx_lib.errors import InputError
from medigenx_lib.settings import DISCLAIMER, NOTICE

FINDINGS = Findings((
    Finding("opacity", side="left", zones=("lower",), extent=0.2, density="faint", pattern="patchy",
            measurement=Measurement("opacity_extent.left", 0.2, 0.15, 0.25)),
    Finding("effusion", "absent", side="left"),
    Finding("effusion", "unknown", side="right"),
    Finding("edema", "uncertain"),
))  # fmt: skip


@pytest.fixture
def case():
    image = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    return Case("gan 64/ä #3", image, 1, findings=FINDINGS, report="Patchy opacity.", source="gan_64", synthetic=True)


def test_dicom_gives_the_film_back_and_is_marked_everywhere(case, tmp_path):
    read = pydicom.dcmread(interop.write_dicom(case, tmp_path / "film.dcm"))
    assert np.abs(read.pixel_array / 4095 - case.image).max() <= 0.5 / 4095 + 1e-7
    assert read.PhotometricInterpretation == "MONOCHROME2" and (read.Rows, read.Columns) == (20, 30)
    assert read.ImageType[0] == "DERIVED" and "SYNTHETIC" in read.ImageType
    assert str(read.PatientName) == "SYNTHETIC^NOT FOR CLINICAL USE"
    for text in (read.ImageComments, read.SeriesDescription, read.DerivationDescription):
        assert NOTICE in text
    assert read.PatientIdentityRemoved == "YES" and read.PatientBirthDate == ""


def test_dicom_identifiers_follow_the_case(case, tmp_path):
    first, second = (pydicom.dcmread(interop.write_dicom(case, tmp_path / name)) for name in ("a.dcm", "b.dcm"))
    other = Case("other", case.image, source="gan_64", synthetic=True)
    third = pydicom.dcmread(interop.write_dicom(other, tmp_path / "c.dcm"))
    assert first.SOPInstanceUID == second.SOPInstanceUID != third.SOPInstanceUID
    assert len({first.SOPInstanceUID, first.SeriesInstanceUID, first.StudyInstanceUID}) == 3


def test_a_real_film_is_not_called_synthetic(case, tmp_path):
    real = Case("r1", case.image, source="folder")
    read = pydicom.dcmread(interop.write_dicom(real, tmp_path / "real.dcm"))
    assert "SYNTHETIC" not in read.ImageType and read.ImageComments == DISCLAIMER
    assert "NOT FOR CLINICAL USE" in str(read.PatientName)
    assert not datasets.read_film(tmp_path / "real.dcm").synthetic


def test_our_own_reader_reads_our_dicom(case, tmp_path):
    film = datasets.read_film(interop.write_dicom(case, tmp_path / "film.dcm"))
    assert film.image.shape == (20, 30) and film.synthetic
    assert np.corrcoef(film.image.ravel(), case.image.ravel())[0, 1] > 0.999


def test_fhir_gives_report_and_findings_back(case, tmp_path):
    conclusion, observations = interop.read_fhir(interop.write_fhir(case, tmp_path / "report.json"))
    assert conclusion.endswith("Patchy opacity.") and NOTICE in conclusion
    codes = [o.get("interpretation", [{}])[0].get("coding", [{}])[0].get("code") for o in observations]
    assert codes == ["POS", "NEG", None, "IND"]
    assert [o["code"]["coding"][0]["code"] for o in observations] == [f.kind for f in FINDINGS]
    assert observations[0]["valueQuantity"]["value"] == 0.2 and observations[0]["bodySite"]["text"] == "left lower"
    assert [c["valueQuantity"]["value"] for c in observations[0]["component"]] == [0.15, 0.25]


def test_what_could_not_be_measured_has_no_value_but_a_reason(case):
    unknown = interop.fhir_bundle(case)["entry"][3]["resource"]
    assert unknown["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "valueQuantity" not in unknown and "interpretation" not in unknown


def test_every_fhir_resource_is_marked_and_referred_to(case):
    bundle = interop.fhir_bundle(case)
    json.dumps(bundle, allow_nan=False)
    resources = [entry["resource"] for entry in bundle["entry"]]
    for resource in resources:
        tags = resource["meta"]["tag"]
        assert {"HTEST", "synthetic"} == {tag["code"] for tag in tags} and resource["status"] == "preliminary"
        assert len(resource["id"]) <= 64 and all(c.isascii() and (c.isalnum() or c in "-.") for c in resource["id"])
    referred = [result["reference"] for result in resources[0]["result"]]
    assert referred == [entry["fullUrl"] for entry in bundle["entry"][1:]] and len(set(referred)) == 4


def test_fhir_needs_findings_and_a_report(case, tmp_path):
    with pytest.raises(InputError, match="no report"):
        interop.fhir_bundle(Case("x", case.image))
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="not a bundle"):
        interop.read_fhir(tmp_path / "x.json")


def test_dicom_keeps_letters_and_backslashes_of_an_id(case, tmp_path):
    odd = Case("C:\\films\\肺é", case.image, source="肺", synthetic=True)
    read = pydicom.dcmread(interop.write_dicom(odd, tmp_path / "film.dcm"))
    assert read.PatientID == "C:/films/肺é" and read.DerivationDescription.endswith("Source: 肺")
