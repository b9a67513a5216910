"""How results leave the course: DICOM for films, HL7 FHIR R4 for findings and reports, marked as what they are.

Whatever reads these files must see at once that they are not a patient's: the mark stands in the patient's name,
the image type, the comments and the security tag, not only in a side note.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np

from medigenx_lib import __version__
from medigenx_lib.cases import Case, Finding
from medigenx_lib.errors import InputError
from medigenx_lib.files import replacing, write_json
from medigenx_lib.settings import DISCLAIMER, NOTICE

SYSTEM = "urn:medigenx:finding"
"""Code system of our kinds of finding (``cases.KINDS``)."""
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
"""The standard's own mark of data that is about no patient."""
INTERPRETATIONS = {"present": "POS", "absent": "NEG", "uncertain": "IND"}


def notice(case: Case) -> str:
    """The sentence that must go with ``case`` wherever it goes."""
    return NOTICE if case.synthetic else DISCLAIMER


def write_dicom(case: Case, path: str | Path) -> Path:
    """Write the film as a DICOM secondary capture, 12 bits in 16, MONOCHROME2, atomically; return the path.

    The image is DERIVED, and SYNTHETIC where it is; the patient's name, the comments and the derivation say so.
    The same case gives the same identifiers. Source: DICOM PS3.3, A.8.1 (Secondary Capture Image IOD).
    """
    dataset = _dicom_header(case)
    dataset.Rows, dataset.Columns = case.image.shape
    dataset.PixelData = np.round(case.image * 4095).astype("<u2").tobytes()
    with replacing(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return Path(path)


def _dicom_header(case: Case):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["instance", case.source, case.id])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", case.source, case.id])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", case.source, case.id])
    dataset.ImageType = ["DERIVED", "SECONDARY", "", "SYNTHETIC"] if case.synthetic else ["DERIVED", "SECONDARY"]
    dataset.PatientName = "SYNTHETIC^NOT FOR CLINICAL USE" if case.synthetic else "TEACHING^NOT FOR CLINICAL USE"
    dataset.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    dataset.PatientID = case.id[:64].replace("\\", "/")  # a backslash would part it in two
    dataset.PatientIdentityRemoved = "YES"
    dataset.PatientBirthDate = dataset.PatientSex = dataset.StudyDate = dataset.StudyTime = ""
    dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Modality, dataset.ConversionType, dataset.BodyPartExamined = "DX", "SYN", "CHEST"
    dataset.DeidentificationMethod = "Made by a program" if case.synthetic else "Only pixels were kept"
    dataset.ImageComments = dataset.SeriesDescription = notice(case)
    dataset.DerivationDescription = f"{notice(case)}. Source: {case.source or 'unknown'}"[:1024]
    dataset.ContentQualification, dataset.BurnedInAnnotation = "RESEARCH", "NO"
    dataset.Manufacturer, dataset.SoftwareVersions = "MediGenX", __version__
    dataset.PatientOrientation = ["L", "F"]  # the patient's left is on the right of the picture
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    return dataset


def fhir_bundle(case: Case) -> dict:
    """FHIR R4 Bundle: one Observation a finding, and the DiagnosticReport that refers to them.

    Presence becomes an interpretation (POS, NEG, IND); what could not be measured has a dataAbsentReason and no
    value. Measurements carry their 90 % interval as a component each. Raises InputError without findings or report.
    Source: HL7 FHIR R4 (4.0.1), DiagnosticReport and Observation.
    """
    if case.findings is None or case.report is None:
        raise InputError(f"Case {case.id} has no findings or no report.", "Measure it and write its report first.")
    observations = [_observation(case, finding, number) for number, finding in enumerate(case.findings)]
    resources = [_diagnostic_report(case, observations), *observations]
    entries = [{"fullUrl": _url(resource), "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "meta": _meta(case), "entry": entries}


def write_fhir(case: Case, path: str | Path) -> Path:
    """Write ``fhir_bundle(case)`` as JSON, atomically; return the path."""
    return write_json(path, fhir_bundle(case))


def read_fhir(path: str | Path) -> tuple[str, list[dict]]:
    """(conclusion, Observation resources) of a bundle that we wrote. Raises InputError for other files."""
    try:
        resources = [entry["resource"] for entry in json.loads(Path(path).read_text("utf-8"))["entry"]]
        report = next(r for r in resources if r["resourceType"] == "DiagnosticReport")
        return report["conclusion"], [r for r in resources if r["resourceType"] == "Observation"]
    except (ValueError, KeyError, TypeError, StopIteration, OSError) as error:
        raise InputError(f"{path} is not a bundle with a diagnostic report.", "Write one with write_fhir.") from error


def _meta(case: Case) -> dict:
    own = {"system": "urn:medigenx:notice", "code": "synthetic" if case.synthetic else "teaching"}
    return {"tag": [TEST_DATA, {**own, "display": notice(case)}]}


def _subject(case: Case) -> dict:
    return {"display": notice(case)}


def _identity(case: Case, suffix: str) -> str:
    """A FHIR id: letters, digits, hyphens and dots, at most 64."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-.") else "-" for sign in case.id)
    return f"{plain[: 63 - len(suffix)]}-{suffix}"


def _url(resource: dict) -> str:
    """The same resource of the same case has the same address."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"medigenx/{resource['resourceType']}/{resource['id']}").urn


def _diagnostic_report(case: Case, observations: list[dict]) -> dict:
    imaging = {"system": "http://loinc.org", "code": "18748-4", "display": "Diagnostic imaging study"}
    return {
        "resourceType": "DiagnosticReport",
        "id": _identity(case, "report"),
        "meta": _meta(case),
        "status": "preliminary",
        "code": {"coding": [imaging], "text": f"Chest radiograph. {notice(case)}"},
        "subject": _subject(case),
        "result": [{"reference": _url(observation)} for observation in observations],
        "conclusion": f"{notice(case)}. {case.report}",
    }


def _observation(case: Case, finding: Finding, number: int) -> dict:
    words = [finding.density, finding.severity, finding.pattern, finding.kind]
    observation = {
        "resourceType": "Observation",
        "id": _identity(case, f"finding-{number}"),
        "meta": _meta(case),
        "status": "preliminary",
        "code": {
            "coding": [{"system": SYSTEM, "code": finding.kind}],
            "text": " ".join(word for word in words if word),
        },
        "subject": _subject(case),
    }
    if place := " ".join([*filter(None, [finding.side]), *finding.zones]):
        observation["bodySite"] = {"text": place}
    return observation | _outcome(finding)


def _outcome(finding: Finding) -> dict:
    """Presence, and the number behind it with its interval."""
    if finding.presence == "unknown":
        system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        return {"dataAbsentReason": {"coding": [{"system": system, "code": "unknown"}]}}
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    found = {"interpretation": [{"coding": [{"system": system, "code": INTERPRETATIONS[finding.presence]}]}]}
    if (measured := finding.measurement) is None:
        return found
    ends = {"90 % interval, low": measured.low, "90 % interval, high": measured.high}
    components = [
        {"code": {"text": f"{measured.name}, {name}"}, "valueQuantity": _quantity(value, measured.unit)}
        for name, value in ends.items()
        if value is not None
    ]
    found |= {"valueQuantity": _quantity(measured.value, measured.unit)}
    return found | ({"component": components} if components else {})


def _quantity(value: float, unit: str) -> dict:
    return {"value": value, "system": "http://unitsofmeasure.org", "code": unit or "1"}
