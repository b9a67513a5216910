"""The instructor's edition: the same lessons with minutes, talking points, likely mistakes, answers, checkpoints.

``make instructor`` writes ``instructor/NN_name.ipynb``, all of it derived from ``solutions/NN_name.py`` and from the
wrong answers in ``tests/course/wrong_answers``: what a check says about a mistake is what it said when this was built.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from nbformat import NotebookNode, v4
from tqdm.auto import tqdm

from medigenx_lib.course import CheckFailed, lessons, notebooks, points
from medigenx_lib.course.address import ROOT
from medigenx_lib.course.lessons import Lesson
from medigenx_lib.files import write_text

EDITION = ROOT / "instructor"
WRONG_ANSWERS = ROOT / "tests" / "course" / "wrong_answers"
WORDS_A_MINUTE, CODE_MINUTES = 110, 1.0
CLOSING = ("summary", "quiz", "where to go next")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
CUT = re.compile(r"^(?=## )", re.MULTILINE)
STATED = re.compile(r"(\d+) minutes")
SHOWING = ("course.show", "course.interact", "course.quiz", "course.think", "check.", "benches.")


@dataclass(frozen=True)
class Section:
    """One section of a lesson: its title, cells, minutes of teaching, and minutes of its exercises."""

    title: str
    cells: tuple[NotebookNode, ...]
    teaching: int
    exercises: int

    @property
    def interactive(self) -> bool:
        """True where there is something for the class to move."""
        return any("interact(" in cell.source or "benches." in cell.source for cell in self.cells)


# --- sections and their minutes ------------------------------------------------------------------


def sections(lesson: Lesson) -> list[Section]:
    """The sections of a lesson, in order; their teaching minutes add up to those of its header."""
    parts = list(_split(lesson.cells))
    weights = [_weight(cells) for _, cells in parts]
    shares = rounded([lesson.header.teaching * weight / sum(weights) for weight in weights])
    return [
        Section(title, tuple(cells), minutes, sum(_stated(cell) for cell in cells))
        for (title, cells), minutes in zip(parts, shares, strict=True)
    ]


def _split(cells: Iterable[NotebookNode]) -> Iterator[tuple[str, list[NotebookNode]]]:
    title, held = "Opening", []
    for cell in chain.from_iterable(map(_pieces, cells)):
        heading = HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        if heading and held:
            yield title, held
            held = []
        title = heading[1] if heading else title
        held.append(cell)
    yield title, held


def _pieces(cell: NotebookNode) -> list[NotebookNode]:
    """The cell, cut before each heading that it holds: what stands above one belongs to the section before."""
    if cell.cell_type != "markdown" or not HEADING.search(cell.source):
        return [cell]
    texts = filter(None, map(str.strip, CUT.split(cell.source)))
    return [NotebookNode({**cell, "source": text}) for text in texts]


def _weight(cells: Iterable[NotebookNode]) -> float:
    """Minutes that the cells would take at reading pace; exercises are counted elsewhere."""
    cells = list(cells)
    words = sum(len(points.taught(cell.source).split()) for cell in cells if cell.cell_type == "markdown")
    code = sum(cell.cell_type == "code" and not cell.metadata.get("tags") for cell in cells)
    return 0.5 + words / WORDS_A_MINUTE + CODE_MINUTES * code


def _stated(cell: NotebookNode) -> int:
    """The minutes that the text of an exercise states, 0 for any other cell."""
    if cell.cell_type != "markdown" or points.EXERCISE not in cell.source:
        return 0
    found = STATED.search(cell.source)
    return int(found[1]) if found else 0


def rounded(shares: list[float]) -> list[int]:
    """Whole numbers that add up to the rounded sum of ``shares``: the largest remainders are rounded up."""
    whole = [int(share) for share in shares]
    missing = round(sum(shares)) - sum(whole)
    for index in sorted(range(len(shares)), key=lambda i: whole[i] - shares[i])[:missing]:
        whole[index] += 1
    return whole


def core(parts: list[Section], minutes: int) -> list[Section]:
    """What to show in ``minutes``: first what the class can move, then what it codes, then the rest, in order."""
    ranked = sorted(parts, key=lambda part: (not part.interactive, not part.exercises, parts.index(part)))
    chosen, left = [], minutes
    for part in ranked:
        if part.teaching <= left and part.title.lower() not in CLOSING:
            chosen.append(part)
            left -= part.teaching
    return [part for part in parts if part in chosen]


# --- what stands beside the lesson ---------------------------------------------------------------


def talking_points(cells: Iterable[NotebookNode]) -> list[str]:
    """What the text of a section says, in a few sentences: see :func:`.points.of`."""
    return points.of(cell.source for cell in cells if cell.cell_type == "markdown")


def likely_mistakes(lesson: Lesson) -> dict[str, list[tuple[str, str]]]:
    """Name of the exercise to (a wrong answer, what the check says about it), by running each through its check."""
    path = WRONG_ANSWERS / f"lesson_{lesson.number:02d}.py"
    wrong = runpy.run_path(str(path))["WRONG"] if path.exists() else {}
    found: dict[str, list[tuple[str, str]]] = {}
    for place, cell in enumerate(lesson.cells):
        if notebooks.is_tagged(cell, "exercise"):
            name = defined(cell.source)
            check = lesson.cells[place + 1].source
            imports = _imports(lesson.cells[:place])
            found[name] = [(answer, _said(imports, answer, check)) for answer in wrong.get(name, [])]
    return found


def defined(source: str) -> str:
    """The names that a cell defines, joined by "and"."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return " and ".join(node.name for node in ast.parse(source).body if isinstance(node, kinds))


def _imports(cells: Iterable[NotebookNode]) -> str:
    lines = ["from medigenx_lib import course"]
    for cell in cells:
        if cell.cell_type == "code":
            nodes = ast.parse(cell.source).body
            lines += [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(lines)


def _said(imports: str, answer: str, check: str) -> str:
    """The first paragraph of what the check says about a wrong answer."""
    namespace: dict = {"__name__": "__main__"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for code in (imports, answer, check):
                exec(compile(code, "answer", "exec"), namespace)
    except CheckFailed as failed:
        return str(failed).split("\n\n")[0]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "The check finds nothing wrong."


# --- the notebooks -------------------------------------------------------------------------------


def edition(lesson: Lesson) -> NotebookNode:
    """The instructor's notebook, not executed: plan, notes before each section, checkpoints, answers, mistakes."""
    parts, mistakes = sections(lesson), likely_mistakes(lesson)
    cells = [*notebooks.opening(lesson, " (instructor's edition)"), v4.new_markdown_cell(plan(lesson, parts))]
    clock, before = 0, []
    for part in parts:
        if before:
            cells.append(checkpoint(before, part.title))
        cells.append(v4.new_markdown_cell(notes(part, clock)))
        for cell in part.cells:
            cells.append(notebooks.unmarked(cell))
            if notebooks.is_tagged(cell, "exercise"):
                cells.append(v4.new_markdown_cell(told(mistakes[defined(cell.source)])))
        clock += part.teaching + part.exercises
        before += [cell for cell in part.cells if cell.cell_type == "code"]
    return notebooks.assembled(lesson, cells)


def plan(lesson: Lesson, parts: list[Section]) -> str:
    """A table of the sections with their minutes, and what to show where time is short."""
    rows = "\n".join(f"| {part.title} | {part.teaching} | {part.exercises or ''} |" for part in parts)
    half = core(parts, lesson.header.teaching // 2)
    shown = "; ".join(part.title for part in half)
    total = sum(part.exercises for part in parts)
    return f"""## For the instructor

| section | teaching, minutes | exercises, minutes |
|---|---|---|
{rows}
| **together** | **{lesson.header.teaching}** | **{total}** (planned {lesson.header.exercises}) |

**In a two-day workshop** teach all of it and give the exercises as homework. **In a one-day workshop** show, in
{sum(part.teaching for part in half)} minutes: {shown}. To begin with a section, run the set-up cell above
and the folded cell `%%skip_to` before that section: it does what comes before, and shows nothing."""


def notes(part: Section, clock: int) -> str:
    """What stands before a section."""
    said = "".join(f"- {point}\n" for point in talking_points(part.cells))
    practice = f" · {part.exercises} minutes of exercises" if part.exercises else ""
    move = (
        "\n*Let the class move the controls before you explain them: ask first what they expect.*\n"
        if part.interactive
        else ""
    )
    return f"> **From minute {clock}** · {part.teaching} minutes of teaching{practice}\n\n**Say**\n\n{said}{move}"


def checkpoint(cells: list[NotebookNode], title: str) -> NotebookNode:
    """A folded cell that defines what all earlier sections define, unless they have been run: see :mod:`.skipping`."""
    kept = [notebooks.unmarked(cell).source for cell in cells]
    code = "\n\n".join(source for source in map(quiet, kept) if source)
    return v4.new_code_cell(f"{notebooks.SKIPPING} {title}\n{code}", metadata={"tags": ["checkpoint"]})


def quiet(source: str) -> str:
    """The code without the statements that only show something."""
    lines = source.split("\n")
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith((*SHOWING, "print(")):
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip()


def told(mistakes: list[tuple[str, str]]) -> str:
    """The wrong answers of one exercise, folded, each with what its check says."""
    blocks = "\n\n".join(f"```python\n{answer.strip()}\n```\n\nThe check says: {said}" for answer, said in mistakes)
    title = f"Likely mistakes ({len(mistakes)}), and what the check says"
    return f"<details><summary>{title}</summary>\n\n{blocks}\n\n</details>"


def build(name: str, folder: Path = EDITION) -> Path:
    """Write the edition of one lesson and return its path."""
    return write_text(folder / f"{name}.ipynb", notebooks.text_of(edition(lessons.lesson(name))))


def build_all(names: list[str], folder: Path = EDITION) -> list[Path]:
    """The edition of several lessons."""
    return [build(name, folder) for name in tqdm(names, "instructor's edition", unit="lesson")]
