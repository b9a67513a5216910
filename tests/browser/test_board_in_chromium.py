"""The board of the group project in a real browser: pictures load, points can be filled in, nothing leaves the page."""

import pytest

from medigenx_lib import phantom
from medigenx_lib.project import board
from medigenx_lib.project.score import Result


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    films = phantom.cases(range(8), size=64)
    pairs = [(film, film, 1 - index / 10) for index, film in enumerate(films)]
    results = [
        Result("honest", "realism", "ours", 60, 55, 65, {"copies": 0}, nearest=pairs),
        Result("thief", "realism", "theirs", 90, 85, 95, {"copies": 1}, ["8 of 8 films copy."], nearest=pairs),
        Result("words", "faithfulness", "words", 50, 40, 60, reports=[(film, "No effusion.") for film in films]),
        Result("broken", "refused", refused="It is not a sound zip file."),
    ]
    return board.write_board(tmp_path_factory.mktemp("board") / "board.html", results)


@pytest.fixture
def page(browser, path):
    tab = browser.new_page(viewport={"width": 1100, "height": 900})
    tab.requested = []
    tab.on("request", lambda request: tab.requested.append(request.url))
    tab.goto(path.as_uri())
    yield tab
    tab.close()


def test_every_picture_loads_and_nothing_is_asked_of_the_network(page):
    widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(widths) >= 16 and all(widths)
    assert all(url.startswith(("file:", "data:")) for url in page.requested)


def test_the_jury_can_fill_in_its_points(page):
    field = page.get_by_label("Evidence, honest")
    field.fill("3")
    assert field.input_value() == "3"


def test_a_narrow_screen_needs_no_sideways_scrolling(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
