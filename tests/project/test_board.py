"""The board: ranks, ties, what was caught, and that nothing handed in can break it."""

import re

import numpy as np
import pytest

from medigenx_lib import phantom
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import stack
from medigenx_lib.project import board, hidden
from medigenx_lib.project.score import Result

ROUND = "6000000-6000095"


def result(team, low, high, **more):
    return Result(team, "realism", "ours", score=(low + high) / 2, low=low, high=high, **more)


def test_overlapping_intervals_tie():
    teams = [result("c", 10, 20), result("a", 50, 60), result("b", 45, 55), result("d", 19, 30)]
    assert [(rank, team.team) for rank, team in board.ranks(teams)] == [(1, "a"), (1, "b"), (3, "d"), (3, "c")]


def test_who_was_caught_or_refused_has_no_rank():
    teams = [result("thief", 90, 95, caught=["copies"]), Result("broken", "refused", refused="No."), result("a", 1, 2)]
    assert [(rank, team.team) for rank, team in board.ranks(teams)] == [(1, "a"), (None, "thief"), (None, "broken")]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The board of an honest team, a thief, teams with hostile files, and one that is not there."""
    from medigenx_lib.files import write_json, write_text
    from medigenx_lib.project import new

    place = tmp_path_factory.mktemp("teams")
    train, seeds = hidden.cases(ROUND).train, range(5_600_000, 5_600_096)
    honest = phantom.cases(seeds, 64, disease=[seed % 2 == 1 for seed in seeds])
    for team, films in {"honest": honest, "thief": train[:96]}.items():
        write_json(place / team / "submission.json", {"team": team, "track": "realism", "title": f"{team}'s films"})
        new.write_films(place / team / "films.npz", stack(films, 64), np.array([film.label for film in films]))
    rows = "".join(f"{hidden.film_name(film)},Right lower zone opacity.\n" for film in hidden.cases(ROUND).to_report)
    write_json(place / "words" / "submission.json", {"team": "words", "track": "faithfulness", "title": "words"})
    write_text(place / "words" / "reports.csv", "film,report\n" + rows)
    write_json(place / "hostile" / "submission.json", {"team": "<b>x</b>", "track": "realism", "title": "x"})
    write_text(place / "code" / "run.py", "raise SystemExit")
    write_text(place / "broken.zip", "not a zip")
    folders = [place / name for name in ("thief", "honest", "words", "hostile", "code", "broken.zip", "absent<i>")]
    return board.board(folders, ROUND, place / "board.html", progress=False)


def test_the_copies_stand_below_and_are_shown(page):
    html = page.read_text()
    assert html.index(">honest</th>") < html.index(">thief</th>")
    assert (
        "96 of 96 films copy a training film" in html
        and html[html.index("<h3>thief") :].count('class="copied-film"') == 8
    )
    assert html.count("Unseen film, ") == 4 and "✗" in html


def test_nobody_breaks_the_board(page):
    html = page.read_text()
    assert html.count("<li><b>") == 4 and "not data of a kind" in html and "not a sound zip" in html
    assert "absent&lt;i&gt;" in html and "<i>" not in html and "<script" not in html
    words = re.sub(r"base64,[^\"]+", "", html)
    assert "://" not in words and "600000" not in words


def test_the_jury_has_a_field_for_each_team_and_criterion(page):
    html = page.read_text()
    assert html.count('<input type="number"') == 3 * 6 and 'aria-label="Honesty, thief"' in html


def test_a_page_that_cannot_be_written_is_refused_before_anything_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr(board, "score_or_refuse", None)
    (tmp_path / "file").write_text("x")
    for out in (tmp_path, tmp_path / "file" / "board.html"):
        with pytest.raises(InputError):
            board.board([tmp_path], "6000000-6000063", out, progress=False)
