"""Profile, device and threads."""

import pytest
import torch

from medigenx_lib import settings
from medigenx_lib.errors import InputError


def test_the_profile_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("MEDIGENX_PROFILE", raising=False)
    assert settings.profile().name == "fast"
    monkeypatch.setenv("MEDIGENX_PROFILE", "class")
    assert settings.profile().train_minutes == 5
    monkeypatch.setenv("MEDIGENX_PROFILE", "slow")
    with pytest.raises(InputError, match="fast, class, full"):
        settings.profile()


def test_the_device_can_be_chosen(monkeypatch):
    monkeypatch.setenv("MEDIGENX_DEVICE", "cuda:1")
    assert settings.device() == "cuda:1"
    monkeypatch.delenv("MEDIGENX_DEVICE")
    assert settings.device() == ("cuda" if torch.cuda.is_available() else "cpu")


def test_one_thread_is_given_back_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with pytest.raises(ValueError), settings.one_thread():
        assert torch.get_num_threads() == 1
        raise ValueError
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
