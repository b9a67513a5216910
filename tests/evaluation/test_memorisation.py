"""Planted copies are found, and films of other patients are not taken for copies."""

import numpy as np
import pytest

from medigenx_lib import phantom
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, SIZE, most_similar, nearest_films

EDITS = {
    "exact": lambda image, rng: image,
    "shifted": lambda image, rng: np.roll(image, rng.integers(-3, 4, 2), (0, 1)),
    "brightened": lambda image, rng: image * 0.85 + 0.1,
    "darker by a curve": lambda image, rng: image**1.3,
    "shifted, brightened, noisy": lambda image, rng: (
        np.roll(image, rng.integers(-2, 3, 2), (0, 1)) * 0.9 + 0.08 + rng.normal(0, 0.03, image.shape)
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_planted_copies_are_found(films, edit):
    rng = np.random.default_rng(1)
    train = stack(films["train"])
    sources = rng.choice(len(train), 200, replace=False)
    planted = np.stack([EDITS[edit](train[source], rng) for source in sources]).clip(0, 1).astype(np.float32)
    _, similarity = most_similar(planted, train)
    assert (similarity >= COPY_SIMILARITY).mean() >= 0.99


def test_coarse_copies_are_found_among_many():
    """A pixel of 32 is two of 64: a shortlist at other shifts alone loses one copy in forty here."""
    train = stack(phantom.cases(range(2500), 32, "paediatric"))
    moved = np.pad(train[:400], ((0, 0), (1, 0), (1, 0)), mode="edge")[:, :-1, :-1]
    planted = (1.05 * moved + np.random.default_rng(0).normal(0, 0.01, moved.shape)).clip(0, 1).astype(np.float32)
    index, similarity = most_similar(stack(planted, SIZE), stack(train, SIZE))
    assert (similarity >= COPY_SIMILARITY).mean() >= 0.99
    assert (index == np.arange(400)).mean() >= 0.99


def test_films_of_other_patients_are_not_copies(films):
    held_out = stack(films["val"] + films["test"])
    _, similarity = most_similar(held_out, stack(films["train"]))
    assert (similarity >= COPY_SIMILARITY).mean() <= 0.005


def test_nearest_films_names_the_source_and_its_distances(blobs):
    train = blobs(40)
    found = nearest_films([train[7], train[21]], train)
    assert found.index.tolist() == [7, 21] and found.copies.all()
    assert found.pixel_distance == pytest.approx(0, abs=1e-6)
    assert found.feature_distance == pytest.approx(0, abs=1e-3)


def test_a_film_can_leave_itself_out(blobs):
    train = stack(blobs(30))
    index, similarity = most_similar(train, train, skip_self=True)
    assert (index != np.arange(30)).all() and (similarity < 0.999).all()


def test_one_training_film_is_enough(blobs):
    found = nearest_films(blobs(3, seed=5), blobs(1))
    assert found.index.tolist() == [0, 0, 0]
