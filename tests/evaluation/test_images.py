"""The table of scores: equal numbers and mixes, floors and controls in their places, planted defects caught."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import crashtest, images, pixels
from medigenx_lib.evaluation.crashtest import DEFECTS, crash_test
from medigenx_lib.evaluation.films import stack

CATCHES = {
    "collapse": {"coverage", "recall", "frechet_distance"},
    "grain": {"grain", "frechet_distance", "kernel_distance"},
    "blur": {"grain", "sharpness", "kernel_distance"},
    "contrast": {"contrast", "pixel_frechet_distance"},
    "copies": {"copies", "nearer_than_held_out"},
    "swapped labels": {"label_agreement"},
}


@pytest.fixture(scope="module")
def crashed(films):
    return crash_test(films["train"], films["val"] + films["test"], repeats=12)


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_planted_defect_is_caught_by_the_scores_named_for_it(crashed, defect):
    caught = {score for score, value in crashed.loc[defect].items() if value}
    assert CATCHES[defect] <= caught


def test_real_films_without_a_defect_are_hardly_ever_caught(crashed):
    assert crashed.loc["nothing"].sum() <= 1


@pytest.fixture(scope="module")
def table(blobs):
    return images.scores(blobs(120), blobs(40, "test", 1), blobs(30, "made", 2), repeats=4)


def test_every_set_is_scored_at_the_same_number_of_films(table):
    assert set(table["set"]) == {"generated", "held-out real", "training real", "blurred real", "repeated real"}
    assert set(table.n) == {30}
    assert set(table.score) == set(images.SCORES)


def test_controls_are_worse_than_the_floor_where_they_must_be(table):
    values = table.pivot(index="set", columns="score", values="value")
    assert values.coverage["repeated real"] < values.coverage["held-out real"]
    assert values.copies["repeated real"] == 1 and values.neighbour_ratio["repeated real"] == 0
    assert values.sharpness["blurred real"] < -1 < values.sharpness["held-out real"]


def test_intervals_hold_the_spread_of_halves(table):
    rows = table[table.score == "frechet_distance"]
    assert (rows.low < rows.high).all()


def test_scores_are_the_same_again(blobs, table):
    again = images.scores(blobs(120), blobs(40, "test", 1), blobs(30, "made", 2), repeats=4)
    assert np.allclose(table.value, again.value) and np.allclose(table.low, again.low)


def test_the_mix_of_classes_follows_the_generated_films(blobs):
    mostly_normal = [case for i, case in enumerate(blobs(60, "made", 2)) if case.label == 0 or i % 4 == 1]
    table = images.scores(blobs(120), blobs(40, "test", 1), mostly_normal, repeats=2)
    values = table.pivot(index="set", columns="score", values="value")
    unmatched = images.scores(blobs(120), blobs(40, "test", 1), stack(mostly_normal), repeats=2)
    loose = unmatched.pivot(index="set", columns="score", values="value")
    assert "label_agreement" in values and "label_agreement" not in loose
    assert values.frechet_distance["held-out real"] > 0 and set(table.n) == {30}  # 20 normal held-out films, 2 in 3


def test_other_sets_and_other_spaces_join_the_table(blobs):
    spaces = {"brightness": lambda films: stack(films).mean((1, 2))[:, None]}
    bright = [replace(case, image=(case.image + 0.2).clip(0, 1)) for case in blobs(30, "test", 3)]
    table = images.scores(
        blobs(80), blobs(30, "test", 1), blobs(30, "x", 2), {"bright": bright}, spaces=spaces, repeats=2
    )
    values = table.pivot(index="set", columns="score", values="value").brightness_frechet_distance
    assert values["bright"] == pytest.approx(0.04, abs=0.02) and values["held-out real"] < 0.005


def test_films_are_compared_at_the_smallest_size(blobs):
    table = images.scores(blobs(80), blobs(30, "test", 1), stack(blobs(30, "x", 2), 32), repeats=2)
    values = table.pivot(index="set", columns="score", values="value")
    assert abs(values.sharpness["generated"]) < 2  # at its own size every film would look blurred beside 64 pixels


def test_summary_puts_floor_and_ceiling_beside_each_score(table):
    rows = images.summary(table).set_index("score")
    assert rows.floor["coverage"] > rows.ceiling["coverage"]
    assert rows.ceiling["copies"] == 1 and rows.floor["frechet_distance"] < rows.ceiling["frechet_distance"]
    assert rows.generated["grain"] == table[(table.score == "grain") & (table["set"] == "generated")].value.item()


def test_too_few_films_are_refused(blobs):
    with pytest.raises(InputError, match="Too few"):
        images.scores(blobs(60), blobs(30, "test"), blobs(8, "made"))
    with pytest.raises(InputError, match="no films"):
        images.scores(blobs(60), blobs(30, "test"), [])
    one = [case for case in blobs(60) if case.label == 1]
    with pytest.raises(InputError, match=r"0 normal and 30 pneumonia reference.*mix"):
        images.scores(one, blobs(40, "test"), blobs(40, "made"))


def test_real_sets_follow_the_splits_or_hold_out_every_fifth(blobs):
    train, held_out = images.real_sets(blobs(10) + blobs(3, "val") + blobs(4, "test"))
    assert len(train) == 10 and len(held_out) == 7
    train, held_out = images.real_sets(blobs(10))
    assert len(train) == 8 and len(held_out) == 2 and not {c.id for c in train} & {c.id for c in held_out}


def test_grain_is_the_diagonal_and_sharpness_the_edges():
    ticks = np.arange(8)
    board = (0.5 + 0.1 * ((ticks[:, None] + ticks) % 2 * 2 - 1)).astype(np.float32)[None]
    stripes = np.broadcast_to(0.5 + 0.1 * (ticks % 2 * 2 - 1), (1, 8, 8)).astype(np.float32)
    assert pixels.grain(board) == pytest.approx(np.log10(0.04), abs=1e-3)  # (4 * 0.1 / 2) squared
    assert pixels.sharpness(stripes) == pytest.approx(np.log10(0.04), abs=1e-3)
    assert pixels.grain(stripes) == pytest.approx(-8) and pixels.sharpness(board) == pytest.approx(-8)


def test_the_pixel_basis_is_principal_components(blobs):
    films = blobs(60)
    basis = pixels.PixelBasis.fit(films, 5)
    coefficients = basis.project(films)
    assert coefficients.shape == (60, 5) and coefficients.mean(0) == pytest.approx(0, abs=1e-3)
    assert coefficients[:, 0].std(ddof=1) == pytest.approx(1, rel=0.02)
    correlation = np.corrcoef(coefficients, rowvar=False) - np.eye(5)
    assert abs(correlation).max() < 0.05


def test_an_interval_about_zero_is_not_caught():
    rows = {"low": [-3.0, -0.5], "high": [2.5, 0.5], "value": [0.0, 0.0]}
    found, floor = (pd.DataFrame({k: [v[i]] for k, v in rows.items()}, index=["sharpness"]) for i in (0, 1))
    assert crashtest._caught(found, floor) == {"sharpness": False}
    assert crashtest._caught(found.assign(low=2.0), floor) == {"sharpness": True}


@pytest.mark.parametrize("shape", [(4, 20, 20, 1), (4, 3, 20, 20)])
def test_films_with_colours_are_refused(shape):
    with pytest.raises(InputError, match="Films of shape"):
        stack(np.zeros(shape), 64)


def test_films_of_several_sizes_are_refused():
    with pytest.raises(InputError, match="differ in size"):
        stack([np.zeros((4, 4)), np.zeros((5, 5))], 64)
