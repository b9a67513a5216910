"""``make slides``: a deck a lesson, one HTML file each that asks nothing of the network, shown by reveal.js.

Derived from the executed solutions: a section becomes a column of slides (what is said, each figure with its words,
the exercises without their answers), and the lesson's text becomes the speaker's notes (key S).
"""

from __future__ import annotations

import html
import importlib.resources
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from nbformat import NotebookNode
from tqdm.auto import tqdm

from medigenx_lib.course import instructor, lessons, notebooks
from medigenx_lib.course.address import ROOT
from medigenx_lib.course.lessons import Lesson
from medigenx_lib.errors import InputError
from medigenx_lib.files import write_text
from medigenx_lib.settings import DISCLAIMER

DECKS = ROOT / "slides"
MOST_LINES = 14
MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", re.DOTALL)


@dataclass(frozen=True)
class Slide:
    """One slide: HTML ``body`` below its ``title``, and HTML ``notes`` for the speaker."""

    title: str
    body: str
    notes: str = ""
    first: bool = False


def deck(lesson: Lesson, solved: NotebookNode) -> str:
    """The whole deck of a lesson as HTML. ``solved``: its executed solution."""
    environment = Environment(loader=PackageLoader("medigenx_lib"), autoescape=True, undefined=StrictUndefined)
    outputs = {cell.source: cell.outputs for cell in solved.cells if cell.cell_type == "code"}
    columns = [[opening(lesson)], *(list(column(part, outputs)) for part in instructor.sections(lesson))]
    return environment.get_template("slides.html").render(
        title=f"{lesson.number:02d} {lesson.header.title}", columns=columns, notice=DISCLAIMER,
        style=asset("reset.css") + asset("reveal.css"), script=asset("reveal.js").replace("</script", "<\\/script"),
    )  # fmt: skip


def opening(lesson: Lesson) -> Slide:
    """The first slide: what the lesson covers and what the class can do after it."""
    header = lesson.header
    goals = bullets(header.objectives)
    body = f"<p>{marked_up(header.key_point)}</p><p class='small'>After this lesson you can</p>{goals}"
    return Slide(f"{lesson.number:02d} · {header.title}", body, marked_up(header.answer), first=True)


def column(part: instructor.Section, outputs: dict) -> Iterator[Slide]:
    """The slides of one section."""
    text = "\n\n".join(cell.source for cell in part.cells if cell.cell_type == "markdown")
    points = instructor.talking_points(part.cells)
    yield Slide(part.title, bullets(points) if points else "", marked_up(text))
    for cell in part.cells:
        if cell.cell_type == "markdown" and "### Exercise" in cell.source:
            yield exercise(cell.source)
        elif cell.cell_type == "code" and not cell.metadata.get("tags"):
            source = notebooks.unmarked(cell).source
            yield from figures(part.title, source, outputs.get(source, ()))


def exercise(source: str) -> Slide:
    """An exercise as it is set, its hints left to the notebook."""
    title, _, rest = source.partition("### ")[2].partition("\n")
    return Slide(title, marked_up(rest.split("<details>")[0]))


def figures(title: str, source: str, outputs: Sequence[NotebookNode]) -> Iterator[Slide]:
    """A slide for each picture that a cell shows, with the cell in the notes; one for its text if it prints."""
    notes = f"<pre><code>{html.escape(source.removeprefix('# NBVAL_CHECK_OUTPUT').strip())}</code></pre>"
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    if printed.strip() and len(source.splitlines()) <= MOST_LINES:
        yield Slide(title, f"{notes}<pre>{html.escape(clipped(printed))}</pre>")
    for data in (output.get("data", {}) for output in outputs):
        if "image/png" in data:
            words = html.escape(data["text/plain"])
            picture = f'<img alt="{words}" src="data:image/png;base64,{data["image/png"].strip()}">'
            yield Slide(title, f'{picture}<p class="words">{words}</p>', notes)


def clipped(text: str) -> str:
    """At most ``MOST_LINES`` lines of a text."""
    lines = text.rstrip().split("\n")
    return "\n".join([*lines[:MOST_LINES], "..."] if len(lines) > MOST_LINES else lines)


def bullets(points: Iterable[str]) -> str:
    """Sentences as an HTML list."""
    return f"<ul>{''.join(f'<li>{inline(point)}</li>' for point in points)}</ul>"


def marked_up(text: str) -> str:
    """Markdown with formulas as HTML; formulas become MathML, which browsers draw without a library."""
    return _parser().render(_formulas(text))


def inline(text: str) -> str:
    """One line of Markdown as HTML."""
    return _parser().renderInline(_formulas(text))


def _parser():
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _formulas(text: str) -> str:
    from latex2mathml.converter import convert

    def drawn(found: re.Match) -> str:
        return convert(found[1] or found[2], display="block" if found[1] else "inline").replace("\n", "")

    return MATH.sub(drawn, text)


def asset(name: str) -> str:
    """A file of reveal.js, from the package that carries it. Raises InputError where it is not installed."""
    try:
        return (importlib.resources.files("pyreveal") / "revealjs" / "dist" / name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise InputError(
            "reveal.js is not installed.", "Run `make install`: the package pyreveal carries it."
        ) from error


def build(name: str, folder: Path = DECKS) -> Path:
    """Write the deck of one lesson and return its path. Raises InputError where its solution was not executed."""
    solved = lessons.SOURCES / f"{name}.ipynb"
    if not solved.exists():
        raise InputError(f"{solved.name} is missing.", f"Run `make solutions ARGS={name[:2]}` first.")
    made = deck(lessons.lesson(name), nbformat.read(solved, as_version=4))
    return write_text(folder / f"{name}.html", made)


def build_all(names: list[str], folder: Path = DECKS) -> list[Path]:
    """The decks of several lessons."""
    return [build(name, folder) for name in tqdm(names, "slides", unit="lesson")]
