"""Nearest training films without the training films: copies are found, other patients' films are not."""

import numpy as np
import pytest
import torch

from medigenx_lib import weights
from medigenx_lib.evaluation import fingerprints
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.fingerprints import published_names
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, most_similar


@pytest.fixture(scope="module")
def shipped():
    return fingerprints.load()


@pytest.fixture(scope="module")
def planted(films):
    """(places, films): 60 training films moved, brightened and made noisy."""
    rng, train = np.random.default_rng(4), stack(films["train"])
    places = rng.choice(len(train), 60, replace=False)
    moved = [np.roll(train[i], rng.integers(-2, 3, 2), (0, 1)) * 0.9 + 0.08 for i in places]
    noisy = np.stack(moved) + rng.normal(0, 0.03, (60, 64, 64))
    return places, noisy.clip(0, 1).astype(np.float32)


def test_planted_copies_are_found_by_the_shipped_index(shipped, films, planted):
    places, copies = planted
    found = shipped.nearest(copies)
    assert np.mean([near.copy for near in found]) >= 0.98
    assert np.mean([near.name == shipped.names[i] for near, i in zip(found, places, strict=True)]) >= 0.95
    assert all(near.film is None for near in found)
    right = [near.label == films["train"][i].label for near, i in zip(found, places, strict=True)]
    assert np.mean(right) >= 0.98


def test_unseen_films_are_no_copies_and_their_similarity_is_about_right(shipped, films):
    held_out = stack(films["val"] + films["test"])[::8]
    estimated = np.array([near.similarity for near in shipped.nearest(held_out)])
    _, exact = most_similar(held_out, stack(films["train"]))
    assert (estimated < COPY_SIMILARITY).all()
    assert np.abs(estimated - exact).mean() < 0.05


def test_a_film_at_hand_is_shown_and_measured_exactly(shipped, films, planted):
    places, copies = planted
    at_hand = [films["train"][i] for i in places[:5]] + films["val"][:20]
    found = shipped.nearest(copies[:10], at_hand)
    assert [near.film.id if near.film else None for near in found[:5]] == [films["train"][i].id for i in places[:5]]
    assert [near.film for near in found[5:]] == [None] * 5
    _, exact = most_similar(copies[:5], stack(at_hand))
    assert [near.similarity for near in found[:5]] == pytest.approx(exact, abs=1e-5)


def test_no_picture_is_shipped(shipped):
    tensors, config = weights.load(fingerprints.NAME)
    assert tensors["signs"].shape == (len(shipped), fingerprints.BITS // 8) and set(tensors) == {"signs", "labels"}
    assert len(config["names"]) == len(shipped) == 4701 and config["generator"] == fingerprints.GENERATOR


def test_the_planes_are_those_of_the_shipped_signs(shipped, films):
    fresh = fingerprints.fingerprints(films["train"][::200])
    assert (fresh == shipped.signs[::200]).mean() > 0.999


def test_saved_fingerprints_come_back(blobs, tmp_path):
    train = blobs(12)
    known = fingerprints.load(fingerprints.save(train, tmp_path / "t.safetensors"))
    assert (known.signs == fingerprints.fingerprints(train)).all() and known.names == [case.id for case in train]
    near = known.nearest([train[7]], train)[0]
    assert (near.name, near.label, near.label_name, near.film) == (train[7].id, 1, "pneumonia", train[7]) and near.copy


def test_the_estimate_is_the_correlation_of_the_bands(blobs):
    rng, film = np.random.default_rng(0), stack(blobs(1))[0]
    noise = rng.normal(0, 1, (3, 64, 64)).astype(np.float32)
    noisy = (film + np.array([0.01, 0.05, 0.2], np.float32)[:, None, None] * noise).clip(0, 1)
    signs = fingerprints.fingerprints(film[None])
    estimated = fingerprints.Fingerprints(signs, np.zeros(1), ["film"]).similarities(noisy)[:, 0]
    bands = fingerprints.middle_band(np.concatenate([film[None], noisy]))[:, 4:-4, 4:-4].flatten(1)
    exact = torch.nn.functional.cosine_similarity(bands[:1], bands[1:])
    assert estimated == pytest.approx(exact.numpy(), abs=0.08)


def test_films_get_the_published_name_of_the_same_radiograph(blobs):
    from dataclasses import replace

    first, second, third = blobs(3)
    named = [replace(third, meta={"file": "c.jpeg"}), replace(first, image=first.image * 0.99, meta={"file": "a.jpeg"})]
    assert published_names([first, second, third], named) == ["a.jpeg", second.id, "c.jpeg"]
    assert published_names([first], []) == [first.id]
