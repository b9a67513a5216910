"""Films that appear while a generator trains, in a real JupyterLab."""

TRAINING = """
import tempfile
from medigenx_lib import phantom
from medigenx_lib.course import benches
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.gan import recipes, training
films = phantom.cases(range(9_600_000, 9_600_064), size=16)
training.train(stack(films), labels_of(films), tempfile.mkdtemp(), recipes.recipe(size=16, width=8), images=20_000,
               on_sample=benches.live_samples(every=0.2), sample_every=0.2, progress_bar=False)
print("trained")
"""


def test_the_picture_changes_while_the_training_runs(browser, lab):
    page = browser.new_page(viewport={"width": 1200, "height": 1500})
    page.set_default_timeout(180_000)
    page.goto(lab("live", [TRAINING]))
    page.get_by_text("| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    picture, seen = page.locator(".widget-html-content img"), []
    picture.wait_for()
    finished = page.get_by_text("trained", exact=True)
    for _ in range(1200):  # two minutes
        if finished.count():
            break
        seen.append((picture.get_attribute("alt"), picture.get_attribute("src")))
        page.wait_for_timeout(100)
    assert finished.count(), "the training did not end"
    words, films = (set(part) for part in zip(*seen, strict=True))
    assert len(words) >= 3 and len(films) >= 3 and all("real ones seen" in text for text in words)
    page.close()
