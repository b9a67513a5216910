"""The decks in a real browser without a network: nothing runs off a slide, none is empty, key S opens the notes."""

import pytest

from medigenx_lib.course import lessons, slides

WIDTH, HEIGHT = 1120, 700
MEASURE = """() => Reveal.getSlides().map(slide => {
  const {h, v} = Reveal.getIndices(slide);
  Reveal.slide(h, v ?? 0);
  const page = document.querySelector(".slides").getBoundingClientRect(), scale = Reveal.getScale();
  const drawn = [...slide.querySelectorAll(":scope *:not(aside, aside *)")].map(part => part.getBoundingClientRect());
  return {
    title: slide.querySelector("h1, h2").innerText,
    right: Math.max(...drawn.map(box => (box.right - page.left) / scale)),
    bottom: Math.max(...drawn.map(box => (box.bottom - page.top) / scale)),
    pictures: [...slide.querySelectorAll("img")].every(image => image.naturalWidth > 0),
    size: parseFloat(slide.style.fontSize || "100"),
    parts: slide.querySelectorAll(":scope > *:not(aside)").length,
  };
})"""


@pytest.fixture(scope="module")
def offline(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    yield context
    context.close()


def opened(context, path):
    """The deck in a tab that notes what goes wrong and what is asked of the network."""
    tab = context.new_page()
    tab.trouble = []
    tab.on("pageerror", lambda error: tab.trouble.append(str(error)))
    tab.on("console", lambda said: tab.trouble.append(said.text) if said.type == "error" else None)
    tab.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or tab.trouble.append(asked.url))
    tab.goto(path.as_uri())
    tab.wait_for_function("window.Reveal && Reveal.isReady()")
    return tab


@pytest.mark.parametrize("name", lessons.names())
def test_everything_stands_on_its_slide(offline, tmp_path, name):
    tab = opened(offline, slides.build(name, tmp_path))
    found = tab.evaluate(MEASURE)
    assert tab.trouble == [] and len(found) > 15
    assert [s["title"] for s in found if s["right"] > WIDTH + 1 or s["bottom"] > HEIGHT] == []
    assert [s["title"] for s in found if s["parts"] < 2 or not s["pictures"]] == []
    assert [s["title"] for s in found if s["size"] < 60] == []  # smaller cannot be read in the last row
    tab.close()


def test_key_s_opens_the_notes_of_the_slide(offline, tmp_path):
    tab = opened(offline, slides.build(lessons.names()[0], tmp_path))
    tab.evaluate("Reveal.slide(1, 0)")
    notes = tab.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes').textContent").strip()
    with tab.expect_popup() as popup:
        tab.keyboard.press("s")
    popup.value.get_by_text(notes[:40]).first.wait_for()
    assert tab.trouble == []
    tab.close()
