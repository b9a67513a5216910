"""Profile, device and threads."""

import importlib.metadata

import pytest
import torch
from packaging.requirements import Requirement

from medigenx_lib import doctor, settings
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


@pytest.mark.parametrize(
    ("known", "native"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx512_bf16": False, "avx2": True}, False)],
)
def test_bfloat16_is_used_where_the_processor_computes_in_it(monkeypatch, known, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    assert settings.computes_bf16("cpu") is native


def test_an_older_torch_that_cannot_tell_stays_with_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert settings.computes_bf16("cpu") is False


def test_a_gpu_that_only_emulates_bfloat16_stays_with_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert settings.computes_bf16("cuda") is False


def test_one_thread_is_given_back_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with pytest.raises(ValueError), settings.one_thread():
        assert torch.get_num_threads() == 1
        raise ValueError
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_a_torch_of_a_vendors_container_is_new_enough(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.9.0a0+50eac811a6.nv25.09")
    assert doctor._problem(Requirement("torch>=2.4,<3")) is None
    assert "needed" in doctor._problem(Requirement("torch>=3"))
