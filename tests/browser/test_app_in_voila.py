"""``medigenx app`` in a real browser: a film is chosen, a sentence is edited, the verdicts follow."""

import socket
import sys

import pytest
from conftest import free_port, serving


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    pytest.importorskip("voila")
    port, log = free_port(), tmp_path_factory.mktemp("app") / "app.log"
    command = [sys.executable, "-m", "medigenx_lib", "app", "--source", "phantom", "--films", "3", "--port", str(port)]
    with serving(command, f"http://127.0.0.1:{port}/static/none", log):
        tab = browser.new_page(viewport={"width": 1100, "height": 1200})
        tab.set_default_timeout(90_000)
        tab.goto(f"http://127.0.0.1:{port}/")
        tab.locator("textarea").wait_for()
        yield tab
        tab.close()


def test_the_report_is_there_and_checked(page):
    assert page.locator("textarea").input_value()
    assert "supported" in page.locator("ol[role=status]").inner_text()


def test_an_edited_sentence_is_checked_and_another_film_brings_its_own_report(page):
    page.locator("textarea").fill("Massive opacity of both lungs, with an extent of 99 % of the right lung.")
    page.locator("ol[role=status]", has_text="contradicted").wait_for()
    page.get_by_label("Film", exact=True).select_option(index=1)
    page.wait_for_function("!document.querySelector('textarea').value.includes('Massive')")
    assert page.locator("textarea").input_value()


def test_no_code_is_shown(page):
    assert "report_bench(" not in page.inner_text("body")


def test_nothing_is_left_running_when_it_is_stopped(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "medigenx_lib", "app", "--source", "phantom", "--films", "1", "--port", str(port)]
    with serving(command, f"http://127.0.0.1:{port}/static/none", tmp_path / "app.log") as server:
        server.terminate()
        server.wait(60)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
