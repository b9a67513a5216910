"""Inception features: the real network with random weights, since its own cannot be had without a network."""

import sys

import numpy as np
import pytest
import torch

from medigenx_lib.errors import DataUnavailableError
from medigenx_lib.evaluation import inception

fidelity = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3", reason="torch-fidelity is optional")


@pytest.fixture(autouse=True)
def forget():
    inception._network.cache_clear()
    yield
    inception._network.cache_clear()


@pytest.fixture
def random_weights(monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda url, **options: {})
    monkeypatch.setattr(fidelity, "load_state_dict_from_url", lambda url, **options: {})
    monkeypatch.setattr(fidelity.FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)


def test_grey_films_get_2048_features_each_on_its_own(random_weights, blobs):
    films = np.stack([case.image for case in blobs(3)])
    found = inception.inception_features(films, progress=False)
    assert found.shape == (3, 2048) and found.dtype == np.float32 and np.isfinite(found).all()
    np.testing.assert_allclose(inception.inception_features(films[1:2], progress=False)[0], found[1], atol=1e-5)
    grey = torch.from_numpy(films[:1]).mul(255).round().to(torch.uint8)[:, None]
    by_hand = inception._network()(torch.cat([grey] * 3, 1))[0]
    np.testing.assert_allclose(by_hand[0], found[0], atol=1e-5)


def test_without_a_network_it_says_what_to_do(monkeypatch, blobs):
    def refuse(url, **options):
        assert options["check_hash"] and options["weights_only"]
        raise OSError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    with pytest.raises(DataUnavailableError, match="no route"):
        inception.inception_features(blobs(1))


def test_without_the_package_it_says_which(monkeypatch, blobs):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(DataUnavailableError, match="torch-fidelity is not installed"):
        inception.inception_features(blobs(1))
