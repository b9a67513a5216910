"""How long a bench takes to answer, control by control: from a moved control to the new page, in the kernel.

    python benchmarks/widget_response.py [--moves 40] [--size 64]

Processor time and time on the clock, median and 95th percentile over ``--moves`` moves to random values; the first
three moves of a control, in which things are loaded, are left out. The aim is 200 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time

import ipywidgets
import numpy as np

from medigenx_lib import course, phantom, radiomics, segmentation
from medigenx_lib.course import benches

WARM_UP = 3
NEEDS = {"Rectangle": ("Region", "rectangle"), "CLAHE": ("Contrast", "clahe"), "Seed": ("Decoding", "gated"),
         "Made": ("Size in pixels", 16)}  # fmt: skip
SENTENCES = ("No opacity on the left.", "Right lower zone opacity, extent of {} %.", "Cardiothoracic ratio 0.{}.",
             "Left pleural effusion, extent of {} %.", "Both upper zones are hazy, about {} %.")  # fmt: skip


def main() -> None:
    """Print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--size", type=int, default=64, help="side of the films in pixels")
    options = parser.parse_args()
    print("| bench | control | CPU-ms, median | 95 % | ms on the clock, median | 95 % | KB sent |\n" + "|---" * 7 + "|")
    for name, bench in made(options.size).items():
        for control in [child for child in bench.children if getattr(child, "description", "")]:
            print(row(name, bench, control, np.random.default_rng(0), options.moves), flush=True)


def made(size: int) -> dict[str, ipywidgets.VBox]:
    """Every bench of the course, and a quiz."""
    films = phantom.cases(range(9_500_000, 9_500_004), size=size, disease=[True, False, True, False])
    films = segmentation.segment(films, progress=False)
    shown: list[ipywidgets.VBox] = []
    with contextlib.redirect_stdout(io.StringIO()):
        all_benches = {
            "window": benches.window_bench(films),
            "latent": benches.latent_bench(),
            "region": benches.region_bench(films),
            "report": benches.report_bench(radiomics.measure(films, progress=False)),
        }
        course.questions.display_with_fallback = lambda widget, _static: shown.append(widget)
        course.quiz("Two?", {"one": "Too few.", "two": "Yes.", "three": "Too many."}, answer="two")
    return {**all_benches, "quiz": shown[0]}


def row(name: str, bench: ipywidgets.VBox, control: ipywidgets.DOMWidget, rng: np.random.Generator, moves: int) -> str:
    """The line of one control."""
    ready(bench, control)
    spent, passed, size = [], [], 0
    for value in values(control, rng, moves + WARM_UP):
        work, clock = time.process_time(), time.perf_counter()
        control.value = value
        spent.append(1000 * (time.process_time() - work))
        passed.append(1000 * (time.perf_counter() - clock))
        pages = [child.value for child in bench.children if isinstance(child, ipywidgets.HTML)]
        size = max(size, sum(map(len, pages)) // 1000)
    figures = [f"{np.quantile(part[WARM_UP:], share):.3g}" for part in (spent, passed) for share in (0.5, 0.95)]
    return f"| {name} | {control.description} | {' | '.join(figures)} | {size} |"


def ready(bench: ipywidgets.VBox, control: ipywidgets.DOMWidget) -> None:
    """Set the other control without which this one does nothing."""
    for start, (other, value) in NEEDS.items():
        if control.description.startswith(start):
            next(child for child in bench.children if getattr(child, "description", "") == other).value = value


def values(control: ipywidgets.DOMWidget, rng: np.random.Generator, count: int) -> list:
    """Values to move to, each another one than that before."""
    if isinstance(control, ipywidgets.Textarea):
        return [
            " ".join(SENTENCES).replace("{}", str(10 + number)) for number in range(count)
        ]  # none was parsed before
    if hasattr(control, "options"):
        listed = [option[1] if isinstance(option, tuple) else option for option in control.options]
        return [listed[(number + listed.index(control.value) + 1 if control.value in listed else number) % len(listed)]
                for number in range(count)]  # fmt: skip
    steps = round((control.max - control.min) / control.step)
    places = np.cumsum(rng.integers(1, steps, count)) % steps
    return [type(control.value)(control.min + place * control.step) for place in places]


if __name__ == "__main__":
    main()
