"""The page in a real browser: masks go on and off, the notice stays, nothing is asked of the network."""

import numpy as np
import pytest

from medigenx_lib import pages
from medigenx_lib.cases import Case, Finding, Findings
from medigenx_lib.settings import NOTICE
from medigenx_lib.text.claims import check


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    image = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    lung = np.zeros((64, 64), bool)
    lung[10:50, 8:28] = True
    findings = Findings((Finding("opacity", "absent", side="right"),))
    readings = []
    for index in range(6):
        case = Case(f"film {index}", image, 0, {"right_lung": lung}, findings, "No right lung opacity.", synthetic=True)
        readings.append(pages.Reading(case, check(case.report, findings)))
    return pages.write_page(tmp_path_factory.mktemp("page") / "index.html", pages.Page("Test", ["Intro"], readings))


@pytest.fixture
def page(browser, path):
    tab = browser.new_page(viewport={"width": 1000, "height": 700})
    tab.requested = []
    tab.on("request", lambda request: tab.requested.append(request.url))
    tab.goto(path.as_uri())
    yield tab
    tab.close()


def test_masks_go_off_and_on_by_mouse_and_keyboard(page):
    film, box = page.locator(".film").first, page.get_by_label("Show masks").first
    with_masks = film.screenshot()
    box.click()
    without = film.screenshot()
    assert without != with_masks
    box.press("Space")
    assert film.screenshot() == with_masks


def test_the_notice_stays_in_sight_when_scrolled(page):
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    banner = page.get_by_role("note").first
    assert banner.inner_text() == NOTICE and 0 <= banner.bounding_box()["y"] < 5


def test_nothing_is_asked_of_the_network(page):
    assert [url for url in page.requested if not url.startswith(("file:", "data:"))] == []


def test_a_narrow_screen_needs_no_sideways_scrolling(browser, path):
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    tab.goto(path.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.close()
