"""Described real films: they travel without a pixel, and score like the films themselves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from medigenx_lib import weights
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import images, reference
from medigenx_lib.evaluation.films import stack


def test_no_film_can_be_shown_from_the_shipped_reference():
    tensors, _ = weights.load(reference.NAME)
    assert {name.split(".", 1)[1] for name in tensors} == {
        "encoder", "labels", "numbers.grain", "numbers.sharpness", "numbers.contrast", "numbers.pneumonia"
    }  # fmt: skip
    assert max(tensor[0].numel() for tensor in tensors.values()) == 64


def test_the_shipped_reference_holds_the_features_of_the_shipped_encoder(films):
    _, held_out = reference.load()
    fresh = reference.describe(films["val"] + films["test"], reference.SIZE)
    assert np.allclose(held_out.spaces["encoder"], fresh.spaces["encoder"], atol=0.02)
    assert (held_out.labels == fresh.labels).all()


def test_scores_by_reference_are_those_by_films(blobs, tmp_path):
    cases, made = blobs(100) + blobs(40, "test", 1), blobs(30, "made", 2)
    known = reference.load(reference.save(cases, tmp_path / "r.safetensors"))
    table = images.scores(*known, made, repeats=2)
    by_films = images.scores(*images.real_sets(cases), made, repeats=2)
    first, second = (t[t["set"] == "generated"].set_index("score").value for t in (table, by_films))
    assert "pixel_frechet_distance" not in first and "copies" not in first
    assert first["frechet_distance"] == pytest.approx(second["frechet_distance"], rel=0.05)
    assert first["label_agreement"] == second["label_agreement"]


def test_larger_films_are_described_as_the_reference_was(blobs):
    large = [replace(case, image=np.kron(case.image, np.ones((4, 4), np.float32))) for case in blobs(30, "made", 2)]
    small = [replace(case, image=image) for case, image in zip(large, stack(large, reference.SIZE), strict=True)]
    tables = [images.scores(*reference.load(), films, repeats=2) for films in (large, small)]
    assert large[0].image.shape[0] > reference.SIZE and tables[0].equals(tables[1])


def test_films_and_descriptions_are_not_mixed(blobs):
    described, _ = reference.load()
    with pytest.raises(InputError, match="described"):
        images.scores(described, blobs(30), blobs(30))


def test_saving_is_repeatable(blobs, tmp_path):
    cases = blobs(40) + blobs(20, "test", 1)
    first, second = (weights.load(reference.save(cases, tmp_path / f"{n}.safetensors"))[0] for n in "ab")
    assert all(torch.equal(first[name], second[name]) for name in first)
