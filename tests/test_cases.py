"""The record: validation, queries, and an exact JSON round trip."""

import json

import numpy as np
import pytest

from medigenx_lib.cases import Case, Finding, Findings, Measurement, Truth, replace
from medigenx_lib.errors import InputError

OPACITY = Finding(
    "opacity", side="left", zones=("lower", "upper"), extent=0.2, density="faint", pattern="patchy",
    measurement=Measurement("opacity_extent.left", 0.2, 0.15, 0.25),
)  # fmt: skip


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    masks = {"left_lung": rng.random((6, 5)) > 0.5}
    findings = Findings((OPACITY, Finding("effusion", "absent", side="left"), Finding("cardiomegaly", "unknown")))
    image = rng.random((6, 5)).astype(np.float32)
    return Case("a1", image, 1, masks, findings, "Text.", Truth(masks, findings), "made up", "p1", "train", True)


def test_json_round_trip_is_exact(case):
    back = Case.from_json(case.to_json())
    assert back.image.tobytes() == case.image.tobytes() and back.image.dtype == np.float32
    assert (back.masks["left_lung"] == case.masks["left_lung"]).all() and back.masks["left_lung"].dtype == bool
    assert (back.truth.masks["left_lung"] == case.truth.masks["left_lung"]).all()
    assert back.findings == case.findings and back.truth.findings == case.truth.findings
    assert json.loads(back.to_json()) == json.loads(case.to_json())


def test_json_without_pixels_is_small_and_refused_on_reading(case):
    text = case.to_json(pixels=False)
    assert "zlib" not in text
    with pytest.raises(InputError, match="Not a case"):
        Case.from_json(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": 1}', "null"])
def test_bad_json_is_an_input_error(text):
    with pytest.raises(InputError):
        Case.from_json(text)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4)), np.zeros((4, 4, 3), np.float32), np.full((4, 4), np.nan, np.float32),
     np.full((4, 4), 1.5, np.float32), np.zeros((0, 4), np.float32)],
)  # fmt: skip
def test_bad_images_are_refused(image):
    with pytest.raises(InputError):
        Case("x", image)


def test_masks_must_fit_the_image():
    with pytest.raises(InputError, match="mask"):
        Case("x", np.zeros((4, 4), np.float32), masks={"heart": np.zeros((3, 4), bool)})


@pytest.mark.parametrize(
    "values", [{"kind": "gout"}, {"kind": "opacity", "side": "up"}, {"kind": "opacity", "extent": 1.2}]
)
def test_bad_findings_are_refused(values):
    with pytest.raises(InputError):
        Finding(**values)


def test_presence_prefers_what_is_there_and_never_turns_unknown_into_absent(case):
    assert case.findings.presence("opacity") == "present"
    assert case.findings.presence("opacity", "right") == "unknown"  # nothing is said of the right
    assert case.findings.presence("effusion", "left") == "absent"
    assert case.findings.presence("cardiomegaly") == "unknown"
    half = Findings((Finding("effusion", "absent", side="left"), Finding("effusion", "unknown", side="right")))
    assert half.presence("effusion") == "unknown"


def test_zones_run_from_apex_to_base():
    assert OPACITY.zones == ("upper", "lower")


def test_a_measurement_is_finite():
    with pytest.raises(InputError):
        Measurement("x", float("nan"))


def test_readers_are_shown_shares_in_percent():
    share, ratio = Measurement("opacity_extent.left", 0.2), Measurement("cardiothoracic_ratio", 0.5)
    assert share.is_share and not ratio.is_share
    assert share.shown(0.214) == "21 %" and share.shown(0.154, 0.271) == "15 to 27 %"
    assert ratio.shown(0.519) == "0.52" and Measurement("width", 3.0, unit="mm").shown(3.0) == "3.00 mm"


def test_numbers_of_numpy_are_written_as_numbers(case):
    number = Measurement("opacity_extent.left", np.float32(0.25), np.float32(0.125), np.float64(0.5))
    told = replace(
        case,
        label=np.int64(1),
        meta={"seed": np.int64(3)},
        findings=Findings((Finding("opacity", measurement=number),)),
    )
    back = Case.from_json(told.to_json())
    assert back.label == 1 and back.meta == {"seed": 3} and back.findings.items[0].measurement.value == 0.25
    with pytest.raises(TypeError, match="ndarray"):
        replace(case, meta={"a": np.zeros(2)}).to_json()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"truth": null, "findings": null, "image": 1, "masks": []}'])
def test_hostile_json_is_an_input_error(text):
    with pytest.raises(InputError, match="Not a case"):
        Case.from_json(text)
