"""The encoder trains, travels through its file, reads films of any size, and sees what was done to them."""

import numpy as np
import pytest
import torch

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import encoder
from medigenx_lib.evaluation.films import labels_of, stack


@pytest.fixture(scope="module")
def trained(blobs, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "small.safetensors"
    cases = blobs(128) + blobs(40, "test", seed=1)
    scores = encoder.train_encoder(cases, path, epochs=40, width=6, progress=False)
    return path, scores, cases


def test_training_learns_and_the_file_gives_the_same_scores_back(trained):
    path, scores, cases = trained
    assert scores["balanced_accuracy"] > 0.8
    again = encoder.diagnose(encoder.load_encoder(path), [case for case in cases if case.split == "test"])
    assert again == {key: scores[key] for key in again}


def test_features_are_standardised_over_the_training_films(trained):
    path, _, cases = trained
    values = encoder.features([case for case in cases if case.split == "train"], encoder.load_encoder(path))
    assert values.shape == (128, 64) and values.dtype == np.float32
    assert values.mean(0) == pytest.approx(0, abs=1e-3) and values.std(0) == pytest.approx(1, abs=0.02)


def test_the_same_seed_trains_the_same_encoder_and_leaves_the_global_generator_alone(blobs, tmp_path):
    cases = blobs(64) + blobs(8, "test", seed=1)
    before = torch.get_rng_state()
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors")]
    for path in paths:
        encoder.train_encoder(cases, path, epochs=1, width=2, progress=False)
    first, second = (encoder.features(cases, encoder.load_encoder(path)) for path in paths)
    assert (first == second).all() and (torch.get_rng_state() == before).all()


@pytest.mark.parametrize("split", ["train", "test"])
def test_training_needs_both_classes_in_both_splits(blobs, tmp_path, split):
    cases = [case for case in blobs(80) + blobs(20, "test") if case.split != split or case.label == 1]
    with pytest.raises(InputError, match=split):
        encoder.train_encoder(cases, tmp_path / "x.safetensors", progress=False)


def test_training_needs_enough_films(blobs, tmp_path):
    with pytest.raises(InputError, match="at least"):
        encoder.train_encoder(blobs(10) + blobs(4, "test"), tmp_path / "x.safetensors", progress=False)


def test_the_shipped_encoder_tells_pneumonia_on_films_it_has_not_seen(films):
    scores = encoder.diagnose(encoder.load_encoder(), films["test"])
    assert scores["balanced_accuracy"] > 0.93 and scores["auc"] > 0.97


def test_films_come_as_cases_arrays_or_tensors_of_any_size(blobs):
    cases = blobs(4)
    array = stack(cases)
    same = [encoder.features(films) for films in (cases, array, array[:, None], torch.from_numpy(array))]
    assert all(np.allclose(same[0], other, atol=1e-5) for other in same)
    assert encoder.features(blobs(3, size=90)).shape == encoder.features(blobs(3, size=28)).shape == (3, 64)
    assert stack(blobs(1, size=30) + blobs(1, size=50), 20).shape == (2, 20, 20)
    assert labels_of(cases).tolist() == [0, 1, 0, 1] and labels_of(array) is None


@pytest.mark.parametrize(
    "films", [[], np.full((2, 8, 8), np.nan), np.full((2, 8, 8), 2.0), np.zeros((8, 8))], ids=["none", "nan", "2", "2d"]
)
def test_bad_films_are_refused(films):
    with pytest.raises(InputError):
        stack(films)


def test_films_of_several_sizes_need_a_size(blobs):
    with pytest.raises(InputError, match="sizes"):
        stack(blobs(1, size=30) + blobs(1, size=50))


def test_blurring_keeps_the_mean_and_flattens(blobs):
    films = torch.from_numpy(stack(blobs(2)))
    smooth = encoder.blurred(films, 2.0)
    assert smooth.mean((1, 2)).numpy() == pytest.approx(films.mean((1, 2)).numpy(), abs=1e-4)
    assert (smooth.std((1, 2)) < films.std((1, 2))).all()
    flat = torch.full((1, 9, 7), 0.3)
    assert encoder.blurred(flat, 1.0).numpy() == pytest.approx(0.3, abs=1e-5)
