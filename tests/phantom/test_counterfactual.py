"""The same patient with and without pneumonia differs where the disease is, and nowhere else."""

import numpy as np
import pytest
from scipy import ndimage

from medigenx_lib import phantom


@pytest.mark.parametrize("preset", phantom.PRESETS)
def test_anatomy_does_not_know_of_the_disease(preset):
    for seed in range(12):
        healthy, sick = phantom.counterfactual(seed, preset=preset)
        assert (healthy.label, sick.label) == (0, 1)
        for name in ("right_lung", "left_lung", "heart"):
            assert (healthy.masks[name] == sick.masks[name]).all()
        assert healthy.findings.of("cardiomegaly") == sick.findings.of("cardiomegaly")


def test_no_veil_outside_the_masks():
    """Far from opacity and effusion, the pair differs by scatter, local contrast and noise alone."""
    for seed in range(30):
        healthy, sick = phantom.counterfactual(seed)
        diseased = sick.masks["opacity"] | sick.masks["effusion"]
        change = sick.image - healthy.image
        far = ~ndimage.binary_dilation(diseased, iterations=5)
        if far.mean() > 0.2:
            assert np.abs(change[far]).mean() < 0.03
            assert np.abs(change[far]).mean() < 0.35 * np.abs(change[diseased]).mean()


def test_opacity_makes_the_lung_whiter():
    change = [
        (sick.image - healthy.image)[sick.masks["opacity"]].mean()
        for healthy, sick in (phantom.counterfactual(seed) for seed in range(20))
    ]
    assert min(change) > 0


def test_the_label_tells_nothing_about_exposure_or_breath():
    """Drawn labels share no stream with the anatomy: lung height is the same in both classes."""
    made = phantom.cases(range(300), size=28)
    height = np.array([case.masks["right_lung"].any(1).sum() for case in made])
    label = np.array([case.label for case in made])
    assert 0.4 < label.mean() < 0.6
    assert height[label == 1].mean() == pytest.approx(height[label == 0].mean(), abs=1.0)
