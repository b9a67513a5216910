"""``medigenx doctor --room``: before a class, on its machines: does all that a lesson does really work?"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator

from tqdm.auto import tqdm

from medigenx_lib import settings
from medigenx_lib.doctor import FAIL, OK, WARN, Check, examine
from medigenx_lib.errors import WeightsError

ENOUGH_FILMS = 200_000
"""Films at 32x32 after which the default recipe is as good as in ``benchmarks/README.md`` (240 CPU-seconds there)."""
ENOUGH_PER_SECOND = 300.0
SPACE_GB = 5.0


def rehearse(minutes: float = 1.0) -> list[Check]:
    """All of ``doctor.examine``, then what a class does: read a film, write a report, train for ``minutes``, draw."""
    steps: tuple[Callable[[], Iterator[Check]], ...] = (
        _notebooks, _pretrained, _companions, _sentences, _report, lambda: _training(minutes), _browser, _space,
    )  # fmt: skip
    checks = examine()
    for step in tqdm(steps, "rehearsal", unit="step"):
        checks += _safely(step)
    return checks


def _safely(step: Callable[[], Iterator[Check]]) -> list[Check]:
    """The checks of one step; what it raises becomes a failed check, so that the other steps are still taken."""
    try:
        return list(step())
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        return [Check("rehearsal", FAIL, what, "Run `make install` anew; if it stays, open an issue with this line.")]


def _notebooks() -> Iterator[Check]:
    """What opens notebooks, and the widgets in them."""
    found = [name for name in ("jupyterlab", "notebook") if importlib.util.find_spec(name)]
    import ipywidgets

    state = OK if found or settings.in_colab() else FAIL
    where = "Colab" if settings.in_colab() else ", ".join(found) or "nothing that opens notebooks"
    yield Check("notebooks", state, f"{where}, ipywidgets {ipywidgets.__version__}", "pip install jupyterlab")


def _pretrained() -> Iterator[Check]:
    from medigenx_lib.text import pretrained

    try:
        yield Check("pretrained model", OK, f"from {pretrained.load().origin}")
    except Exception as error:
        yield Check("pretrained model", WARN, str(error), f"Lesson 09 skips one section without it. {pretrained.HOW}")


def _companions() -> Iterator[Check]:
    """What trains the pretrained model in lesson 09."""
    from medigenx_lib.text import lora

    remedy = "Lesson 09 skips its part on LoRA without it: pip install peft"
    yield Check("LoRA", *((OK, "peft is there") if lora.at_hand() else (WARN, "peft is missing")), remedy)


def _sentences() -> Iterator[Check]:
    from medigenx_lib.evaluation import similarity

    try:
        similarity.load()
        yield Check("sentence model", OK, similarity.NAME)
    except WeightsError as error:
        yield Check("sentence model", WARN, error.what, f"Lesson 12 leaves one column out without it: {similarity.HOW}")


def _report() -> Iterator[Check]:
    """A generated film, segmented, measured, described, its report checked; the second run counts."""
    from medigenx_lib import pipeline
    from medigenx_lib.gan import sampling

    films = sampling.sample([0, 1], seed=0)
    pipeline.read(films, progress=False)
    began = time.perf_counter()
    readings = pipeline.read(films, progress=False)
    seconds = (time.perf_counter() - began) / len(films)
    wrong = sum(verdict.verdict == "contradicted" for reading in readings for verdict in reading.verdicts)
    state = FAIL if wrong else OK if seconds < 5 else WARN
    yield Check("film to checked report", state, f"{seconds:.1f} s a film", "Close other programs, and try again.")


def _training(minutes: float) -> Iterator[Check]:
    """A GAN on phantoms at 32x32: how many films a second, and so how long lessons 04 and 05 take."""
    import numpy as np

    from medigenx_lib import phantom
    from medigenx_lib.gan import recipes, training

    cases = phantom.cases(range(500), size=32)
    films, labels = np.stack([case.image for case in cases]), np.array([case.label for case in cases])
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        small = recipes.recipe("narrow", size=32)
        figures = training.train(films, labels, folder, small, minutes=minutes).figures
        speed = figures["images"] / (time.perf_counter() - began)
    needed = ENOUGH_FILMS / speed / 60
    words = f"{speed:.0f} films a second at 32x32: a good GAN takes about {needed:.0f} minutes here"
    remedy = "Use a GPU (Colab: Runtime, Change runtime type), or start from the shipped checkpoint."
    yield Check("training", OK if speed >= ENOUGH_PER_SECOND else WARN, words, remedy)


def _browser() -> Iterator[Check]:
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "firefox", "safari", "msedge"))), None)
    remedy = "Any current browser will do; it may be there under another name."
    yield Check("browser", OK if found or settings.in_colab() else WARN, found or "none found on the path", remedy)


def _space() -> Iterator[Check]:
    folder = settings.cache_dir()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / 2**30
    remedy = f"Point MEDIGENX_CACHE to a disk with {SPACE_GB:.0f} GB, or collect everything once: `medigenx cache DIR`."
    yield Check("cache folder", OK if free >= SPACE_GB else WARN, f"{folder}, {free:.0f} GB free", remedy)
