"""Usefulness: good films teach, films with random labels do not, and the conditions are what they say."""

from dataclasses import replace

import numpy as np
import pytest

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import utility


def test_films_that_show_their_class_teach_and_films_that_do_not_do_not(blobs):
    test = blobs(60, "test", 1)
    assert utility.trial(blobs(80), test, steps=40)["balanced_accuracy"] > 0.85
    swapped = [replace(case, label=1 - case.label) for case in blobs(80)]
    assert utility.trial(swapped, test, steps=40)["balanced_accuracy"] < 0.15


def test_the_table_compares_equal_numbers(blobs):
    table = utility.usefulness(blobs(60), blobs(20, "test", 1), blobs(24, "made", 2), seeds=(0, 1), steps=5)
    films = table.groupby("trained on").films.unique()
    assert {name: value.tolist() for name, value in films.items()} == {
        "real": [24], "generated": [24], "real + generated": [48], "real twice": [48]
    }  # fmt: skip
    assert len(table) == 8 and table.auc.between(0, 1).all()


def test_the_same_seed_gives_the_same_score(blobs):
    first, second = (utility.trial(blobs(20), blobs(10, "test", 1), 3, steps=4) for _ in range(2))
    assert first == second


def test_both_classes_are_needed(blobs):
    one = [case for case in blobs(20) if case.label == 1]
    with pytest.raises(InputError, match="training"):
        utility.trial(one, blobs(10))
    with pytest.raises(InputError, match="labels"):
        utility.usefulness(blobs(20), blobs(10), np.zeros((4, 8, 8), np.float32))


def test_the_curve_shows_real_films_equally_often_and_tests_both_ways(blobs, monkeypatch):
    shown = {}
    monkeypatch.setattr(utility, "_fit", lambda images, labels, seed, steps: shown.setdefault(len(shown), (
        len(images), round(float(labels.mean()), 6), steps)) and utility._network().eval())  # fmt: skip
    makers = {"ghosts": lambda real, seed: blobs(20, "made", seed), "blobs": lambda real, seed: blobs(12, "made", 9)}
    table = utility.learning_curve(blobs(60), blobs(20, "test", 1), makers, 5, steps=7)
    assert table["trained on"].tolist() == [
        "real", "real twice", "real + ghosts", "ghosts alone", "real + blobs", "blobs alone",
        "real + ghosts + blobs", "real, tested on ghosts", "real, tested on blobs"]  # fmt: skip
    assert list(shown.values()) == [(10, 0.5, 7), (10, 0.5, 14), (40, 0.5, 14), (20, 0.5, 14), (24, 0.5, 14),
                                    (12, 0.5, 14), (80, 0.5, 14), (10, 0.5, 7), (10, 0.5, 7)]  # fmt: skip


def test_a_maker_sees_the_chosen_films_alone(blobs):
    seen = []

    def make(real, seed):
        seen.append([case.id for case in real])
        return blobs(20, "made", seed)

    for seed in (0, 0, 1):
        utility.learning_curve(blobs(60), blobs(20, "test", 1), {"made": make}, 4, seed, steps=1)
    assert len(seen[0]) == 8 and seen[0] == seen[1] != seen[2]
    with pytest.raises(InputError, match="there are 30 and 30"):
        utility.learning_curve(blobs(60), blobs(20, "test", 1), {"made": make}, 31)


def test_a_maker_that_makes_nothing_is_named(blobs):
    with pytest.raises(InputError, match="idle"):
        utility.learning_curve(blobs(20), blobs(10), {"idle": lambda real, seed: []}, 4, steps=2)


def test_calibration_error_by_hand():
    truth = np.array([0, 0, 0, 0, 1, 1])
    assert utility.calibration_error(truth, truth.astype(float)) == 0
    assert utility.calibration_error(truth, 1.0 - truth) == 1
    assert utility.calibration_error(truth, np.full(6, 0.5)) == pytest.approx(0)
    # one bin holds a normal (weight 1/8) and a pneumonia (1/4) at 0.75: |0.75 * 3/8 - 1/4| = 1/32; the rest is right
    assert utility.calibration_error(truth, np.array([0, 0, 0, 0.75, 0.75, 1])) == pytest.approx(1 / 32)


def test_confident_errors_cost_calibration(blobs):
    test = blobs(60, "test", 1)
    right = utility.trial(blobs(80), test, steps=40)
    wrong = utility.trial([replace(case, label=1 - case.label) for case in blobs(80)], test, steps=40)
    assert right["brier"] < 0.2 < 0.6 < wrong["brier"] and right["calibration_error"] < wrong["calibration_error"]
