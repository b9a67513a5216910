"""``make slides``: a deck a lesson, one HTML file each that asks nothing of the network, shown by reveal.js.

Derived from the executed solutions: a section becomes a column of slides (what is said, each figure with its words,
the exercises and questions without their answers), and the lesson's text becomes the speaker's notes (key S).
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

from medigenx_lib.course import instructor, lessons, notebooks, points
from medigenx_lib.course.address import ROOT
from medigenx_lib.course.lessons import Lesson
from medigenx_lib.errors import InputError
from medigenx_lib.files import write_text
from medigenx_lib.settings import DISCLAIMER

DECKS = ROOT / "slides"
MOST_LINES, COLUMNS = 18, 86
"""Lines of code and of what it printed that stand on one slide, and characters in a line."""
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
HEADING = re.compile(r"^## .+$", re.MULTILINE)
TABLE = re.compile(r"^\|.+(?:\n\|.+)+", re.MULTILINE)
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
        style=asset("reset.css") + asset("reveal.css"), scripts=[script("reveal.js"), script("plugin/notes.js")],
    )  # fmt: skip


def opening(lesson: Lesson) -> Slide:
    """The first slide: what the lesson covers and what the class can do after it."""
    header = lesson.header
    goals = bullets(header.objectives)
    body = f"<p>{marked_up(header.key_point)}</p><p class='small'>After this lesson you can</p>{goals}"
    return Slide(f"{lesson.number:02d} · {header.title}", body, marked_up(header.answer), first=True)


def column(part: instructor.Section, outputs: dict) -> Iterator[Slide]:
    """The slides of one section."""
    texts = [cell.source for cell in part.cells if cell.cell_type == "markdown"]
    said = HEADING.sub("", "\n\n".join(texts)).strip()
    if told := points.of(texts):
        yield Slide(part.title, bullets(told), marked_up(said))
        yield from (Slide(part.title, marked_up(shown)) for shown in (*points.lists(texts), *TABLE.findall(said)))
    elif said:  # a list, a table, a single sentence: shown as it is
        yield Slide(part.title, marked_up(said))
    for cell in part.cells:
        if cell.cell_type == "markdown" and points.EXERCISE in cell.source:
            yield exercise(cell.source)
        elif cell.cell_type == "code" and not cell.metadata.get("tags"):
            source = notebooks.unmarked(cell).source
            yield from figures(part.title, source, outputs.get(source, ()))


def exercise(source: str) -> Slide:
    """An exercise as it is set, its hints left to the notebook."""
    title, _, rest = source.partition("### ")[2].partition("\n")
    return Slide(title, marked_up(rest.split("<details>")[0]))


def figures(title: str, source: str, outputs: Sequence[NotebookNode]) -> Iterator[Slide]:
    """A slide for what a cell prints, one for each picture, question or page that it shows; its code in the notes."""
    code = source.removeprefix("# NBVAL_CHECK_OUTPUT").strip()
    notes = f"<pre><code>{html.escape(code)}</code></pre>"
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout").strip("\n")
    if printed.strip():
        both = height(code) + height(printed) <= MOST_LINES
        yield Slide(title, f"{notes if both else ''}<pre>{html.escape(clipped(printed))}</pre>", notes)
    for data in (output.get("data", {}) for output in outputs):
        if "image/png" in data:
            words = html.escape(data["text/plain"])
            picture = f'<img alt="{words}" src="data:image/png;base64,{data["image/png"].strip()}">'
            yield Slide(title, f'{picture}<p class="words">{words}</p>', notes)
        elif "text/html" in data:
            yield Slide(title, unanswered(data["text/html"]), notes)


def unanswered(page: str) -> str:
    """A question or bench as a notebook shows it without widgets; a question in large letters, its answers left out."""
    asked, answers = FOLDED.subn("", page)
    return asked if answers else f'<div class="page">{page}</div>'


def height(text: str) -> int:
    """Lines that a text takes on a slide, long ones counted as often as they are wrapped."""
    return sum(max(1, -(-len(line) // COLUMNS)) for line in text.split("\n"))


def clipped(text: str) -> str:
    """As many lines of a text as a slide holds."""
    lines = text.split("\n")
    fitting = next((n for n in range(len(lines), 0, -1) if height("\n".join(lines[:n])) < MOST_LINES), 1)
    return "\n".join([*lines[:fitting], "..."] if fitting < len(lines) else lines)


def bullets(told: Iterable[str]) -> str:
    """Sentences as an HTML list."""
    return f"<ul>{''.join(f'<li>{inline(point)}</li>' for point in told)}</ul>"


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


def script(name: str) -> str:
    """A script of reveal.js as it can stand in a page: without what would end or begin a script or comment there."""
    return re.sub(r"<(?=!--|/?script)", r"\\x3c", asset(name))


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
