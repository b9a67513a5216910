"""Distances between feature sets, against closed forms and against slow, literal implementations."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.distances import density_coverage, frechet_distance, kernel_distance, precision_recall


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_frechet_distance_is_the_closed_form_of_two_normals_in_one_dimension(rng):
    first, second = rng.normal(0, 1, (200, 1)), rng.normal(3, 2, (300, 1))
    expected = (first.mean() - second.mean()) ** 2 + (first.std(ddof=1) - second.std(ddof=1)) ** 2
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_agrees_with_the_matrix_square_root(rng):
    first, second = rng.normal(size=(80, 6)), rng.normal(size=(90, 6)) @ rng.normal(size=(6, 6)) + 1
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    shift = first.mean(0) - second.mean(0)
    expected = shift @ shift + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_of_a_moved_set_is_the_squared_step_even_where_covariances_are_singular(rng):
    features = rng.normal(size=(5, 20))  # rank 4 in 20 dimensions
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(features, features + 0.5) == pytest.approx(20 * 0.25, rel=1e-6)


def test_kernel_distance_agrees_with_a_literal_double_sum(rng):
    first, second = rng.normal(size=(7, 3)), rng.normal(1, 1, (9, 3))

    def kernel(x, y):
        return (x @ y / 3 + 1) ** 3

    def within(points):
        pairs = [(i, j) for i in range(len(points)) for j in range(len(points)) if i != j]
        return np.mean([kernel(points[i], points[j]) for i, j in pairs])

    expected = within(first) + within(second) - 2 * np.mean([kernel(x, y) for x in first for y in second])
    assert kernel_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_is_unbiased(rng):
    values = [kernel_distance(rng.normal(size=(20, 4)), rng.normal(size=(20, 4))) for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(400)
    assert min(values) < 0  # an estimate clipped at zero would be biased


def _literal_balls(centres, points, k):
    reach = [sorted(np.linalg.norm(c - o) for o in centres)[k] for c in centres]
    return np.array([[np.linalg.norm(c - p) <= r for p in points] for c, r in zip(centres, reach, strict=True)])


def test_precision_recall_density_coverage_agree_with_their_definitions(rng):
    real, generated = rng.normal(size=(30, 2)), rng.normal(0.7, 0.6, (25, 2))
    in_real, in_generated = _literal_balls(real, generated, 3), _literal_balls(generated, real, 3)
    assert precision_recall(real, generated) == (in_real.any(0).mean(), in_generated.any(0).mean())
    in_real = _literal_balls(real, generated, 5)
    assert density_coverage(real, generated) == pytest.approx((in_real.sum(0).mean() / 5, in_real.any(1).mean()))


def test_coverage_of_equal_sets_is_as_expected(rng):
    n, k = 60, 5
    steps = np.arange(1, k + 1)
    expected = 1 - np.prod((n - steps) / (2 * n - steps))
    values = [density_coverage(rng.normal(size=(n, 8)), rng.normal(size=(n, 8)), k)[1] for _ in range(100)]
    assert np.mean(values) == pytest.approx(expected, abs=0.01)


def test_collapse_lowers_recall_and_coverage_but_not_precision(rng):
    real = rng.normal(size=(200, 4))
    collapsed = np.resize(rng.normal(scale=0.3, size=(4, 4)), (200, 4))
    assert precision_recall(real, collapsed)[0] > 0.9
    assert precision_recall(real, collapsed)[1] < 0.1
    assert density_coverage(real, collapsed)[1] < 0.3


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance, precision_recall, density_coverage])
@pytest.mark.parametrize(
    "other",
    [np.zeros((9, 3)), np.zeros((1, 2)), np.zeros(9), np.full((9, 2), np.nan)],
    ids=["columns", "one film", "flat", "nan"],
)
def test_bad_features_are_refused(distance, other):
    with pytest.raises(InputError):
        distance(np.zeros((9, 2)), other)
