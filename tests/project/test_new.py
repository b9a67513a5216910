"""A team's folder: complete, with a baseline that scores, and notebooks that run."""

import json

import nbformat
import pytest

from medigenx_lib.errors import InputError
from medigenx_lib.project import new, score, submission, tracks

ROUND = "6000000-6000095"


@pytest.mark.parametrize("track", ["realism", "usefulness"])
def test_a_new_folder_lacks_nothing_and_scores(tmp_path, track):
    folder = new.create("The Team", track, tmp_path / "team")
    assert submission.check(folder) == []
    result = score.score(folder, ROUND)
    assert result.counts and result.low <= result.score <= result.high and 20 < result.score < 90


def test_each_role_has_a_notebook_of_its_own_that_runs(tmp_path, monkeypatch, capsys):
    folder = new.create("Team", "realism", tmp_path / "team")
    assert {path.stem for path in (folder / "notebooks").iterdir()} == set(tracks.ROLES)
    monkeypatch.chdir(folder / "notebooks")
    book = nbformat.read("lead.ipynb", as_version=4)
    nbformat.validate(book)
    names = {}
    for cell in book.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    assert "films to learn from" in capsys.readouterr().out


@pytest.mark.parametrize("size", [3, 4, 5])
def test_teams_of_three_to_five_know_who_does_what(size):
    assert len(tracks.MERGED[size]) == size and set(tracks.MERGED[size]) <= set(tracks.ROLES)


def test_twice_the_same_folder(tmp_path):
    first, second = (new.create("Team", "realism", tmp_path / name) for name in ("one", "two"))
    for path in sorted(first.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path.name


@pytest.mark.parametrize("team", ["", "../up", "a/b", "a..b", "<b>", "-x", "x" * 41])
def test_an_odd_name_is_refused(tmp_path, monkeypatch, team):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="name"):
        new.create(team, "realism")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_an_unknown_track_is_named(tmp_path):
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        new.create("team", "realism", tmp_path / "team")
    with pytest.raises(InputError, match="realism, faithfulness, usefulness"):
        new.create("team", "fame", tmp_path / "other")
    assert json.dumps([p.name for p in (tmp_path / "team").iterdir()]) == '["mine.txt"]'
