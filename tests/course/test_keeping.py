"""Work is kept on Drive in Colab (a stand-in for its modules here), in the home elsewhere, and training goes on."""

import importlib.machinery
import sys
import types

import numpy as np
import pytest

from medigenx_lib import course
from medigenx_lib.course import keeping
from medigenx_lib.errors import InputError
from medigenx_lib.gan import recipes, training


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """Stand-ins for ``google.colab`` and its Drive, which lies in a folder of the test; ``mount`` may be replaced."""
    drive = types.ModuleType("google.colab.drive")
    drive.asked = []
    drive.mount = lambda place: drive.asked.append(place)
    for name in ("google", "google.colab"):
        module = types.ModuleType(name)
        module.__path__ = []
        module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "google.colab.drive", drive)
    monkeypatch.setattr(keeping, "MOUNTED", tmp_path / "drive")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return drive


def test_in_colab_work_lies_on_drive(colab, tmp_path):
    folder = course.keep("lesson-05")
    assert folder == tmp_path / "drive" / "MyDrive" / "medigenx" / "lesson-05" and folder.is_dir()
    assert colab.asked == [str(tmp_path / "drive")]


def test_elsewhere_it_lies_in_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "google.colab", None)
    assert course.keep("lesson-05") == tmp_path / "medigenx" / "lesson-05" and course.keep("lesson-05").is_dir()


def test_where_drive_is_refused_work_goes_on_and_that_is_said(colab, tmp_path, capsys):
    def refuse(place):
        raise ValueError("mount failed")

    colab.mount = refuse
    assert course.keep("lesson-05") == tmp_path / "home" / "medigenx" / "lesson-05"
    assert "mount failed" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["", "../up", "/etc", "a/b", ".hidden", "a..b", "x" * 61])
def test_only_plain_names_are_taken(name):
    with pytest.raises(InputError, match="name"):
        course.keep(name)


class Disconnected(BaseException):
    """What ends a machine without asking."""


def test_a_disconnected_training_goes_on_where_it_was(colab):
    films = np.random.default_rng(0).random((64, 32, 32), dtype=np.float32)
    labels, recipe = np.arange(64) % 2, recipes.recipe(size=32, width=4)
    length = {"images": 320, "progress_bar": False, "checkpoint_every": 0.0, "sample_every": 0.0}
    seen = []

    def disconnect(_films, figures):
        seen.append(figures["images"])
        if figures["images"] >= 160:
            raise Disconnected

    with pytest.raises(Disconnected):
        training.train(films, labels, course.keep("gan"), recipe, on_sample=disconnect, **length)
    later = []
    result = training.train(
        films,
        labels,
        course.keep("gan"),
        recipe,
        on_sample=lambda _, figures: later.append(figures["images"]),
        **length,
    )
    assert 160 <= seen[-1] < 320 and later[0] >= seen[-1] and result.figures["images"] >= 320
    assert len(colab.asked) == 2
