"""Mixtures of two training films are told from films of one's own, and their parents named."""

import numpy as np
import pytest

from medigenx_lib import phantom
from medigenx_lib.evaluation.blends import blends
from medigenx_lib.evaluation.films import stack


@pytest.fixture(scope="module")
def train():
    return stack(phantom.cases(range(9_600_000, 9_600_100), 64), 64)


@pytest.mark.parametrize("share", [0.35, 0.5, 0.65])
def test_both_parents_are_found(train, share):
    mixed = share * train[:40] + (1 - share) * train[40:80]
    found = blends(mixed, train)
    assert found.found.mean() >= 0.95
    right = [set(pair) == {i, i + 40} for i, pair in enumerate(found.parents.tolist())]
    assert np.mean(right) >= 0.9


def test_parents_may_be_mirrored_and_moved(train):
    mixed = 0.5 * np.roll(train[:40], (1, -2), (1, 2)) + 0.5 * train[40:80][:, :, ::-1]
    assert blends(mixed, train).found.mean() >= 0.95


def test_new_films_are_no_blends(train):
    held_out = stack(phantom.cases(range(9_700_000, 9_700_200), 64), 64)
    assert blends(held_out, train).found.mean() <= 0.02


def test_one_film_over_again_is_no_blend_of_two(train):
    assert not blends(train[:20], np.repeat(train[:20], 2, axis=0)).found.any()


def test_fewer_training_films_than_candidates_are_enough(train):
    assert blends((train[:1] + train[1:2]) / 2, train[:3]).found.all()
