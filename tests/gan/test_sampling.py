"""Films from a generator: each decided by (checkpoint, seed, index), marked synthetic, traceable."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from medigenx_lib import weights
from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError, WeightsError
from medigenx_lib.gan import sampling
from medigenx_lib.gan.recipes import DCGAN, STRONG
from medigenx_lib.gan.state import State, save

TINY = replace(STRONG, size=16, width=4, latent=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    save(State.new(TINY, {"films": 3}), path)
    return path


def test_a_film_is_decided_by_seed_and_index_alone(folder):
    alone = sampling.sample([1], folder, seed=4)[0]
    among = sampling.sample([1, 0, 1], folder, seed=4)
    assert np.array_equal(alone.image, among[0].image)
    assert not np.array_equal(among[0].image, among[2].image)
    assert not np.array_equal(alone.image, sampling.sample([1], folder, seed=5)[0].image)
    assert not np.array_equal(alone.image, sampling.sample([0], folder, seed=4)[0].image)


def test_cases_say_what_they_are(folder):
    case = sampling.sample([0, 1], folder, seed=2)[1]
    assert case.synthetic and case.label == 1 and case.id == f"{folder.name}-2-1"
    assert case.source == f"GAN {folder.name}" and case.image.dtype == np.float32 and case.image.shape == (16, 16)
    assert case.meta["seed"] == 2 and case.meta["index"] == 1 and len(case.meta["sha256"]) == 64
    assert np.array_equal(Case.from_json(case.to_json()).image, case.image)


def test_an_exported_generator_gives_the_same_films(folder, tmp_path):
    path = sampling.export(folder, tmp_path / "small.safetensors", licence="CC BY 4.0")
    tensors, config = weights.load(path)
    assert config["licence"] == "CC BY 4.0" and config["data"] == {"films": 3} and "start.weight" in tensors
    first, second = (sampling.sample([0, 1], source)[1] for source in (folder, path))
    assert np.array_equal(first.image, second.image) and second.source == "GAN small"


def test_truncation_draws_films_together(folder):
    spread = [np.std([c.image for c in sampling.sample([0] * 8, folder, truncation=t)], 0).mean() for t in (0.2, 1)]
    assert spread[0] < spread[1] / 2


def test_the_recipe_scales_latents():
    plain, scaled = (sampling.latents(replace(DCGAN, latent_scale=scale), 0, range(2), 0.5) for scale in (1.0, 1.03))
    assert torch.allclose(scaled, 1.03 * plain)
    with pytest.raises(InputError, match="latent_scale"):
        replace(DCGAN, latent_scale=0.0)


def test_batches_agree_with_single_films(folder):
    trained = sampling.load(folder)
    latent = sampling.latents(trained.recipe, 0, range(4))
    batch = sampling.films(trained.network, latent, torch.tensor([0, 1, 0, 1]))
    single = np.stack([case.image for case in sampling.sample([0, 1, 0, 1], folder)])
    np.testing.assert_allclose(batch[:, 0].numpy(), single, atol=1e-5)


def test_an_unconditional_generator_gives_no_labels(tmp_path):
    save(State.new(replace(DCGAN, size=16, width=4), {}), tmp_path)
    assert [case.label for case in sampling.sample([0, 1], tmp_path)] == [None, None]


def test_a_grid_holds_every_film(folder):
    cases = sampling.sample([0, 1, 0], folder)
    picture = sampling.grid(cases, columns=2)
    assert picture.shape == (2 * 18 + 2, 2 * 18 + 2)
    assert np.array_equal(picture[2:18, 20:36], cases[1].image)
    for wrong in ([], [cases[0], replace(cases[1], image=np.zeros((8, 8), np.float32))]):
        with pytest.raises(InputError):
            sampling.grid(wrong)


def test_bad_requests_are_refused(folder, tmp_path):
    for wrong in (
        {"labels": [2]},
        {"labels": ["normal"]},
        {"labels": [None]},
        {"labels": [0], "truncation": 0.0},
        {"labels": [0], "seed": -1},
    ):
        with pytest.raises(InputError):
            sampling.sample(**wrong, checkpoint=folder)
    weights.save(tmp_path / "other.safetensors", {"x": torch.zeros(1)}, {"kind": "lungs"})
    for wrong in ("no_such_gan", tmp_path, tmp_path / "other.safetensors"):
        with pytest.raises(WeightsError, match="other" if wrong == tmp_path / "other.safetensors" else "gan_64"):
            sampling.sample([0], wrong)


@pytest.mark.parametrize("checkpoint", [sampling.SHIPPED, "gan_phantoms_64"])
def test_shipped_generators_make_chests(checkpoint):
    cases = sampling.sample([0] * 8 + [1] * 8, checkpoint)
    images = np.stack([case.image for case in cases])
    centre, corner = images[:, 24:40, 28:36].mean(), images[:, 20:50, :3].mean()
    assert images.shape == (16, 64, 64) and centre > corner + 0.2  # the mediastinum is dense, the air beside is not
    assert images.std(0).mean() > 0.1 and images[8:].mean() != images[:8].mean()
