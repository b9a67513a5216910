"""Each bench in a real JupyterLab: every control is moved, and what is drawn must change."""

import pytest

PREPARE = """
from medigenx_lib import phantom, radiomics, segmentation
from medigenx_lib.course import benches
films = phantom.cases([9_500_000, 9_500_001, 9_500_002], size=64, disease=[True, False, True])
films = segmentation.segment(films, progress=False)
"""
BENCHES = {
    "window": "benches.window_bench(films);",
    "latent": "benches.latent_bench();",
    "region": "benches.region_bench(films);",
    "report": "benches.report_bench(radiomics.measure(films, progress=False));",
    "quiz": "from medigenx_lib import course\ncourse.quiz('Two?', {'one': 'Too few.', 'two': 'Yes.'}, answer='two')",
}
NEEDS = {"Rectangle": ("Region", "rectangle"), "CLAHE": ("Contrast", "CLAHE (local, clipped)"),
         "Made smaller": ("Size in pixels", "16"), "Seed": ("Decoding", "gated")}  # fmt: skip
CONTROLLED = ("window", "latent", "region", "report")


@pytest.fixture(scope="module")
def notebook(browser, lab):
    """All benches in one notebook, run in JupyterLab by its menu."""
    page = browser.new_page(viewport={"width": 1200, "height": 5000})  # tall, for cells out of sight are not drawn
    page.set_default_timeout(180_000)  # a busy machine
    page.goto(lab("benches", [PREPARE, *BENCHES.values()]))
    page.get_by_text("| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".widget-vbox").nth(len(BENCHES) - 1).wait_for()
    yield page
    page.close()


@pytest.fixture
def bench(notebook, request):
    """The widget of one bench."""
    return notebook.locator(".widget-vbox").nth(list(BENCHES).index(request.param))


def drawn(bench):
    """Everything that the bench shows beside its controls."""
    return "".join(bench.locator(".widget-html-content").evaluate_all("parts => parts.map(part => part.innerHTML)"))


def changes(bench, act):
    """Do ``act`` and wait until what is drawn differs, and the kernel has done with it: a move may draw in steps."""
    before = drawn(bench)
    act()
    for _ in range(600):
        if drawn(bench) != before and bench.page.get_by_text("| Idle").count():
            break
        bench.page.wait_for_timeout(50)
    now = drawn(bench)
    assert now != before, "nothing changed in half a minute"
    assert 'role="alert"' not in now


def make_it_matter(bench, label):
    """Some controls act only where another stands right."""
    for start, (other, option) in NEEDS.items():
        chosen = bench.get_by_label(other, exact=True)
        if label.startswith(start) and chosen.evaluate("list => list.selectedOptions[0].text") != option:
            changes(bench, lambda chosen=chosen, option=option: chosen.select_option(option))


@pytest.mark.parametrize("bench", CONTROLLED, indirect=True)
def test_every_list_changes_what_is_drawn(bench):
    for listed in bench.locator(".widget-dropdown").all():
        make_it_matter(bench, listed.locator("label").inner_text())
        chosen = listed.locator("select")
        options = chosen.locator("option").all_inner_texts()
        other = options[(chosen.evaluate("list => list.selectedIndex") + 1) % len(options)]
        changes(bench, lambda chosen=chosen, other=other: chosen.select_option(other))


@pytest.mark.parametrize("bench", CONTROLLED, indirect=True)
def test_every_slider_answers_to_the_keyboard(bench):
    for slider in bench.locator(".widget-slider").all():
        make_it_matter(bench, slider.locator("label").inner_text())
        handle = slider.get_by_role("slider")
        handle.focus()
        lowest = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemin")
        changes(bench, lambda handle=handle, key="PageUp" if lowest else "PageDown": handle.press(key))


@pytest.mark.parametrize("bench", BENCHES, indirect=True)
def test_pictures_have_words_and_controls_have_labels(bench):
    assert all(bench.locator(".widget-html-content img").evaluate_all("parts => parts.map(part => part.alt)"))
    for control in bench.locator(".widget-dropdown, .widget-slider, .widget-textarea").all():
        label = control.locator("label").inner_text().strip()
        role = {"widget-slider": "slider", "widget-dropdown": "combobox", "widget-textarea": "textbox"}
        kind = next(role[part] for part in control.get_attribute("class").split() if part in role)
        assert label and control.get_by_role(kind, name=label, exact=True).count() == 1


@pytest.mark.parametrize("bench", BENCHES, indirect=True)
def test_the_tab_key_goes_through_every_control_in_its_order(bench):
    controls = bench.locator("select, [role=slider], textarea, button")
    controls.first.focus()
    for control in controls.all():
        while not control.evaluate("part => part === document.activeElement"):  # a slider's number can be typed, too
            assert bench.page.evaluate("document.activeElement.closest('.widget-vbox') !== null")
            bench.page.keyboard.press("Tab")


@pytest.mark.parametrize("bench", BENCHES, indirect=True)
def test_a_narrow_window_cuts_nothing_off(bench):
    bench.page.set_viewport_size({"width": 620, "height": 6000})
    wide = "part => part.getBoundingClientRect().right > part.closest('.widget-vbox').getBoundingClientRect().right + 1"
    for picture in bench.locator("img, svg").all():
        assert not picture.evaluate(wide)
    bench.page.set_viewport_size({"width": 1200, "height": 5000})


@pytest.mark.parametrize("bench", ["report"], indirect=True)
def test_a_sentence_that_is_edited_is_checked(bench):
    film = bench.get_by_label("Film", exact=True)
    if film.evaluate("list => list.selectedIndex") != 0:
        changes(bench, lambda: film.select_option(index=0))
    changes(bench, lambda: bench.locator("textarea").fill("Both lungs are clear. No consolidation on either side."))
    bench.locator("ol[role=status]", has_text="contradicted").wait_for()


@pytest.mark.parametrize("bench", ["quiz"], indirect=True)
def test_the_quiz_answers_at_once(bench):
    changes(bench, lambda: bench.get_by_role("button", name="A", exact=True).click())
    assert "Not quite." in drawn(bench)
    changes(bench, lambda: bench.get_by_role("button", name="B", exact=True).click())
    assert "Right." in drawn(bench)
