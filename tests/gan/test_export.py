"""Saving and loading the Hugging Face way."""

import json

import pytest
import torch

from medigenx_lib.errors import WeightsError
from medigenx_lib.gan import export, sampling


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    export.pretrained().save_pretrained(folder)
    return folder


def test_what_is_written(folder):
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "config.json", "README.md"}
    assert json.loads((folder / "config.json").read_text())["recipe"]["size"] == 64
    card = (folder / "README.md").read_text()
    assert card.startswith("---\n") and "license: cc-by-4.0" in card and "NOT FOR CLINICAL USE" in card
    assert "Attribution" in card and "from_pretrained" in card


def test_what_is_read_makes_the_same_films(folder):
    films = export.PretrainedGenerator.from_pretrained(folder).sample([0, 1], seed=3)
    cases = sampling.sample([0, 1], seed=3)
    assert films.shape == (2, 1, 64, 64)
    for film, case in zip(films, cases, strict=True):
        torch.testing.assert_close(film[0], torch.from_numpy(case.image), atol=1e-5, rtol=0)


def test_weights_of_another_network_are_refused(folder, tmp_path):
    export.PretrainedGenerator({"size": 16, "width": 4}).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(WeightsError, match="holds no such generator"):
        export.PretrainedGenerator.from_pretrained(tmp_path)
