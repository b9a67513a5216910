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
