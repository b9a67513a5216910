"""The phantom: same seed, same case; truth agrees with the picture; disease touches the diseased lung alone."""

import numpy as np
import pytest

from medigenx_lib import geometry, phantom
from medigenx_lib.cases import CARDIOMEGALY_CTR, DENSITIES, MASKS, PATTERNS, SIDES
from medigenx_lib.errors import InputError


@pytest.mark.parametrize("preset", phantom.PRESETS)
def test_a_case_is_the_same_alone_and_in_a_batch(preset):
    batch = phantom.render([3, 8, 5], size=28, preset=preset)
    alone = phantom.render([8], size=28, preset=preset)
    assert (batch.images[1] == alone.images[0]).all() and (batch.masks[1] == alone.masks[0]).all()
    assert batch.findings[1] == alone.findings[0]


@pytest.mark.parametrize("size", [28, 64, 128, 224, 256])
def test_every_size_gives_the_same_patient(size):
    small, large = phantom.cases([11], size=64, disease=True)[0], phantom.cases([11], size=size, disease=True)[0]
    for name in MASKS[:4]:
        assert large.masks[name].mean() == pytest.approx(small.masks[name].mean(), abs=0.02)
    assert large.image.shape == (size, size) and large.image.min() >= 0 and large.image.max() <= 1


@pytest.mark.parametrize("preset", phantom.PRESETS)
def test_label_is_one_exactly_where_opacity_is_present(preset):
    batch = phantom.render(range(60), preset=preset)
    for label, findings in zip(batch.labels, batch.findings, strict=True):
        assert bool(label) == (findings.presence("opacity") == "present")


def test_findings_agree_with_the_masks():
    for case in phantom.cases(range(40), disease=True):
        for finding in case.findings.of("opacity"):
            share = geometry.extent(case.masks["opacity"], case.masks[f"{finding.side}_lung"])
            assert (finding.presence == "present") == (share >= geometry.PRESENT_EXTENT)
            assert finding.measurement.value == share


@pytest.mark.parametrize("preset", phantom.PRESETS)
def test_the_smallest_films_are_rendered_and_a_lung_without_a_pixel_is_unknown(preset):
    hidden = 0
    for case in phantom.cases(range(600), 8, preset):
        for side in SIDES:
            seen = case.masks[f"{side}_lung"].any()
            assert (case.truth.findings.of("opacity", side)[0].presence == "unknown") == (not seen)
            hidden += not seen
    assert hidden > 0


@pytest.mark.parametrize(
    "arguments",
    [{"seeds": [-1]}, {"seeds": [0.5]}, {"seeds": 7}, {"seeds": [0], "size": 0}, {"seeds": [0], "preset": "adult"},
     {"seeds": [0, 1], "disease": [True]}],
)  # fmt: skip
def test_bad_input_is_refused(arguments):
    with pytest.raises(InputError):
        phantom.cases(**arguments)


def test_every_density_and_pattern_occurs_often_enough():
    found = [f for case in phantom.cases(range(300), size=28, disease=True) for f in case.findings.of("opacity")]
    present = [finding for finding in found if finding.presence == "present"]
    for name in DENSITIES:
        assert 0.2 < sum(finding.density == name for finding in present) / len(present) < 0.47
    assert {finding.pattern for finding in present} == set(PATTERNS)


def test_the_heart_lies_to_the_patients_left_and_takes_its_room_there():
    """On average: a turned or lopsided patient may show more of the left lung."""
    made = phantom.cases(range(60), disease=False)
    middle = [np.mean([np.nonzero(case.masks[f"{side}_lung"])[1].mean() for side in SIDES]) for case in made]
    heart = [np.nonzero(case.masks["heart"])[1].mean() for case in made]
    assert np.mean(np.array(heart) > np.array(middle)) > 0.9
    right, left = (np.mean([case.masks[f"{side}_lung"].mean() for case in made]) for side in SIDES)
    assert right > left


def test_the_right_dome_of_the_diaphragm_is_higher():
    made = phantom.cases(range(60), size=128, disease=False)
    floor = {side: [np.nonzero(case.masks[f"{side}_lung"])[0].max() for case in made] for side in SIDES}
    assert np.mean(np.array(floor["right"]) <= np.array(floor["left"])) > 0.5


def test_cardiothoracic_ratios_leave_a_gap_at_the_limit():
    ratios = np.array([case.findings.of("cardiomegaly")[0].measurement.value for case in phantom.cases(range(300))])
    assert np.mean(np.abs(ratios - CARDIOMEGALY_CTR) < 0.01) < 0.05
    assert 0.05 < np.mean(ratios > CARDIOMEGALY_CTR) < 0.30


def test_hidden_lung_lies_behind_the_heart_and_is_not_counted_as_visible():
    batch = phantom.render(range(10))
    lungs = batch.masks[:, 0] | batch.masks[:, 1]
    assert batch.behind_heart.any() and not (batch.behind_heart & lungs).any()
