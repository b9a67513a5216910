"""The rehearsal before a class: every step really runs, and what fails is named without ending the others."""

import pytest

from medigenx_lib import doctor, room
from medigenx_lib.errors import WeightsError
from medigenx_lib.evaluation import similarity
from medigenx_lib.text import lora, pretrained


@pytest.fixture(scope="module")
def checks():
    return {check.name: check for check in room.rehearse(minutes=0.03)}


def test_everything_a_class_does_was_done(checks):
    assert {
        "Python",
        "weights",
        "notebooks",
        "LoRA",
        "sentence model",
        "film to checked report",
        "training",
        "cache folder",
    } <= set(checks)
    assert [check for check in checks.values() if check.state == doctor.FAIL] == []
    assert "films a second" in checks["training"].found


def test_each_trouble_comes_with_what_to_do(checks):
    assert all(check.remedy for check in checks.values() if check.state != doctor.OK)


def test_a_step_that_breaks_is_named_and_the_others_go_on(monkeypatch):
    def broken():
        raise RuntimeError("no lungs")
        yield

    monkeypatch.setattr(room, "_report", broken)
    found = room.rehearse(minutes=0.01)
    assert [check.found for check in found if check.state == doctor.FAIL] == ["RuntimeError: no lungs"]
    assert any(check.name == "training" for check in found)


def test_a_missing_pretrained_model_is_a_warning(monkeypatch):
    def nowhere():
        raise WeightsError("It is not on this machine.", "Fetch it.")

    monkeypatch.setattr(pretrained, "load", nowhere)
    (check,) = room._pretrained()
    assert check.state == doctor.WARN and "not on this machine" in check.found and pretrained.HOW in check.remedy


def test_missing_companions_of_the_pretrained_models_are_warnings(monkeypatch):
    def nowhere():
        raise WeightsError("It is not on this machine.", "Fetch it.")

    monkeypatch.setattr(similarity, "load", nowhere)
    monkeypatch.setattr(lora, "at_hand", lambda: False)
    checks = [*room._companions(), *room._sentences()]
    assert [check.state for check in checks] == [doctor.WARN] * 2
    assert all("pip install" in check.remedy and check.name in ("LoRA", "sentence model") for check in checks)
