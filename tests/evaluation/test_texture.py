"""The radiomic feature space: it sees what radiomics sees, and not what it should not."""

import numpy as np
import pytest

from medigenx_lib.evaluation.texture import frechet_radiomics_distance, radiomic_features
from medigenx_lib.radiomics.features import region_features


def test_features_are_those_of_the_whole_film(blobs):
    films = blobs(3, size=32)
    features = radiomic_features(films)
    direct = region_features(films[1].image, np.ones((32, 32), bool))
    kept = [value for (kind, _), value in direct.items() if kind != "shape2D"]
    assert features.shape == (3, 93) and features[1].tolist() == kept


def test_noise_is_farther_than_other_films_of_the_kind(blobs):
    films = np.stack([case.image for case in blobs(96, size=32)])
    noisy = (films[48:] + np.random.default_rng(0).normal(0, 0.02, films[48:].shape)).clip(0, 1)
    first, second, third = (radiomic_features(part) for part in (films[:48], films[48:], noisy))
    floor = frechet_radiomics_distance(first, second)
    assert frechet_radiomics_distance(first, third) > 2 * floor > 0


def test_distance_in_closed_form():
    """A shift of one standard deviation in one feature of two is 1; scale and unit do not matter; odd films are cut."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 2)) * [1, 1000]
    shifted = real + np.array([real[:, 0].std(), 0.0])
    assert frechet_radiomics_distance(real, shifted) == pytest.approx(1, rel=1e-6)
    odd = real.copy()
    odd[0, 1] = 1e12
    assert frechet_radiomics_distance(real, odd) < 1
