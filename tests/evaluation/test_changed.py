"""Copies that were changed are found and named, blurred ones of few films too, and other phantoms are not taken."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from medigenx_lib import phantom
from medigenx_lib.evaluation import memorisation
from medigenx_lib.evaluation.alignment import FINE, align, half_band, unmoved
from medigenx_lib.evaluation.changed import BORDERED, TURNED, without_borders
from medigenx_lib.evaluation.described import Described
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.images import memorisation_scores
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, found_copies, most_similar, nearest_films


def laid(film, degrees=0.0, scale=1.0):
    """The film turned about its centre and scaled, its edge continued."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    centre = np.array([31.5, 31.5])
    return ndimage.affine_transform(film, matrix, centre - matrix @ centre, order=1, mode="nearest")


def bordered(film, grey):
    return stack(np.pad(film, 4, constant_values=grey)[None].astype(np.float32), 64)[0]


EDITS = {
    "mirrored": lambda film: film[:, ::-1],
    "inverted": lambda film: 1 - film,
    "mirrored, inverted": lambda film: np.roll(0.9 - 0.8 * film[:, ::-1], (2, -1), (0, 1)),
    TURNED: lambda film: laid(film, 4.0),
    f"{TURNED} ": lambda film: laid(film, 0.0, 1.06),
    f"mirrored, {TURNED}": lambda film: laid(film[:, ::-1], 3.0, 0.96),
    BORDERED: lambda film: bordered(film, 0.0),
    f"{BORDERED} ": lambda film: bordered(film, 0.5),
}


@pytest.fixture(scope="module")
def train():
    return stack(phantom.cases(range(40), 64, "wide"))


@pytest.fixture(scope="module")
def strangers():
    return stack(phantom.cases(range(1000, 1200), 64, "wide"))


def blurred(films, sigma):
    return np.stack([ndimage.gaussian_filter(film, sigma) for film in films])


@pytest.mark.parametrize("edit", EDITS)
def test_changed_copies_are_found_and_named(train, edit):
    planted = np.stack([EDITS[edit](film) for film in train[:30]]).clip(0, 1).astype(np.float32)
    assert (most_similar(planted, train)[1] >= COPY_SIMILARITY).mean() < 0.4
    found = found_copies(planted, train)
    right = (found.similarity >= COPY_SIMILARITY) & (found.index == np.arange(30))
    assert right.mean() >= (0.8 if BORDERED in edit else 0.9)
    assert sum(edit.strip() in word for word in found.undone) >= (8 if BORDERED in edit else 20)  # else as scaled


def test_other_phantoms_are_no_changed_copies(train, strangers):
    found = found_copies(strangers, train)
    assert (found.similarity >= COPY_SIMILARITY).sum() == 0 and set(found.undone) == {""}
    assert found.similarity == pytest.approx(most_similar(strangers, train)[1])


def test_many_films_are_compared_in_parts(train, monkeypatch):
    planted = np.concatenate([train[:5, :, ::-1], train[5:9]])
    monkeypatch.setattr(memorisation, "AT_ONCE", 4)
    found = found_copies(planted, train)
    assert found.index.tolist() == list(range(9))
    assert found.undone.tolist() == ["mirrored"] * 5 + [""] * 4


def test_a_turn_is_measured(train):
    turned = np.stack([laid(film, 5.0) for film in train]).astype(np.float32)
    poses, alike = align(half_band(turned, FINE), half_band(train, FINE), unmoved(len(train)), steps=6)
    assert torch.atan2(poses[:, 1], 1 + poses[:, 0]).rad2deg().abs().median().item() == pytest.approx(5, abs=0.3)
    assert alike.median() > 0.95


def test_borders_are_cut_on_both_sides_only():
    film = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    one_side, both = film.copy(), film.copy()
    one_side[:, :5] = 0
    both[:3], both[-4:] = 0.4, 0.4
    which, cut = without_borders(np.stack([film, one_side, both]))
    assert which.tolist() == [2] and cut.shape == (1, 64, 64)
    assert cut[0].std(1).min() > 0.1


def test_blurred_copies_of_few_films_are_found(train):
    found = nearest_films(blurred(train, 2.4), train)
    assert 0.8 <= found.limit < COPY_SIMILARITY
    assert (found.similarity >= COPY_SIMILARITY).mean() < 0.4 and found.copies.mean() > 0.6


def test_films_from_memory_are_told_as_a_whole(train, strangers):
    found = nearest_films(blurred(train, 3.0), train)
    assert found.from_memory and found.nearer > 0.7
    other = nearest_films(strangers, train)
    assert not other.from_memory and not other.copies.any() and 0.3 < other.nearer < 0.65


def test_nothing_is_usual_of_very_few_films_or_of_many(train, monkeypatch):
    found = nearest_films(train[:3], train[:8])
    assert found.limit == COPY_SIMILARITY and not found.from_memory and np.isnan(found.nearer)
    monkeypatch.setattr(memorisation, "FEW", 39)
    assert nearest_films(train[:3], train).limit == COPY_SIMILARITY


def test_duplicates_among_the_training_films_hardly_move_the_limit(train):
    usual = memorisation.usual_similarity(train)
    doubled = usual.copy()
    doubled[:4] = 1
    assert memorisation.copy_limit(doubled) == pytest.approx(memorisation.copy_limit(usual), abs=0.02)


def test_the_share_of_copies_counts_changed_ones():
    numbers = {"similarity": np.array([0.5, 0.6]), "gap": np.ones(2)}
    plain = Described({"encoder": np.zeros((2, 1))}, numbers)
    changed = Described({"encoder": np.zeros((2, 1))}, {**numbers, "copied": np.array([True, False])})
    assert memorisation_scores(plain, plain)["copies"] == 0
    assert memorisation_scores(changed, plain)["copies"] == 0.5
