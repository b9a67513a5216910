"""The phantom: same seed, same case; truth agrees with the picture; disease touches the diseased lung alone."""

import pytest

from medigenx_lib import geometry, phantom
from medigenx_lib.cases import MASKS
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


@pytest.mark.parametrize(
    "arguments",
    [{"seeds": [-1]}, {"seeds": [0.5]}, {"seeds": 7}, {"seeds": [0], "size": 0}, {"seeds": [0], "preset": "adult"},
     {"seeds": [0, 1], "disease": [True]}],
)  # fmt: skip
def test_bad_input_is_refused(arguments):
    with pytest.raises(InputError):
        phantom.cases(**arguments)
