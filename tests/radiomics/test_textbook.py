"""The textbook's radiomics against pyradiomics, and against values worked out by hand."""

import numpy as np
import pytest

from medigenx_lib import phantom
from medigenx_lib.radiomics import features, textbook


@pytest.fixture(scope="module")
def region():
    case = phantom.cases([7], disease=True)[0]
    mask = case.masks["right_lung"] | case.masks["left_lung"]
    return case.image * np.float32(features.GREY_SCALE), mask, features.region_features(case.image, mask)


def test_discretise_and_entropy_are_those_of_pyradiomics(region):
    image, mask, found = region
    levels = textbook.discretise(image, mask)
    assert levels[mask].min() == 1 and (levels[~mask] == 0).all()
    assert textbook.entropy(levels) == pytest.approx(found["firstorder", "Entropy"], abs=1e-9)


def test_contrast_is_the_mean_over_four_directions(region):
    image, mask, found = region
    levels = textbook.discretise(image, mask)
    matrices = [textbook.cooccurrence(levels, step) for step in textbook.DIRECTIONS]
    assert all(matrix.sum() == pytest.approx(1) and np.allclose(matrix, matrix.T) for matrix in matrices)
    assert np.mean([textbook.contrast(m) for m in matrices]) == pytest.approx(found["glcm", "Contrast"], abs=1e-9)


def test_runs_give_the_long_run_emphasis(region):
    image, mask, found = region
    levels = textbook.discretise(image, mask)
    height, width = levels.shape
    turned = levels[:, ::-1]
    lines = [
        list(levels),
        list(levels.T),
        [levels.diagonal(k) for k in range(1 - height, width)],
        [turned.diagonal(k) for k in range(1 - height, width)],
    ]
    emphasis = [np.mean([n**2 for line in way for _, n in textbook.runs(line)]) for way in lines]
    assert np.mean(emphasis) == pytest.approx(found["glrlm", "LongRunEmphasis"], abs=1e-9)


def test_runs_by_hand():
    assert textbook.runs([2, 2, 0, 0, 3, 1, 1, 1]) == [(2, 2), (3, 1), (1, 3)]
    assert textbook.runs([0, 0]) == [] and textbook.runs([]) == []


def test_cooccurrence_by_hand():
    toy = np.array([[1, 2, 0], [2, 2, 1]])
    assert np.array_equal(textbook.cooccurrence(toy) * 6, [[0, 2], [2, 2]])
    assert textbook.cooccurrence(np.array([[1, 0, 1]])).sum() == 0


def test_concordance_punishes_a_shift_and_a_scale():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert textbook.concordance(values, values) == 1
    assert textbook.concordance(values, -values + 5) == pytest.approx(-1)
    assert textbook.concordance(values, values + 1) == pytest.approx(2 * 1.25 / (2.5 + 1))
    assert textbook.concordance(np.ones((3, 2)), np.ones((3, 2))).tolist() == [1, 1]
    assert textbook.concordance(np.ones(3), np.zeros(3)) == 0
