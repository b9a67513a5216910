"""From a lesson's source to its two notebooks: the student's, with stubs, and the solution.

Stubs are cut here rather than by nbgrader's ClearSolutions: the same ten lines, and nbgrader would bring a server,
a database and fifty packages into every developer's environment. Its markers are kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from nbformat import NotebookNode, v4, writes

from medigenx_lib.course.address import badge, repository
from medigenx_lib.course.errors import OPEN
from medigenx_lib.course.lessons import Header, Lesson
from medigenx_lib.settings import DISCLAIMER

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SOLUTION = re.compile(rf"^([ \t]*){BEGIN}.*?{END}[ \t]*$", re.DOTALL | re.MULTILINE)
DEFINED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
QUESTIONS = ("course.quiz(", "course.think(")
SKIPPING = "%%skip_to"  # see course.skipping
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}
"""Colab's and JupyterLab's words for a cell whose source is hidden: that of a question holds the answer."""
COMPARED = "# NBVAL_CHECK_OUTPUT\n"
"""First line of a cell whose output CI compares with the stored one; students need not wonder about it."""
GOES_ON = "raises-exception"
"""Jupyter's tag for a cell that may fail: "Run All" goes on behind a check whose exercise is not done yet."""
WHERE = {
    "none": "no GPU needed",
    "gpu": "a GPU makes it faster: in Colab choose **Runtime**, **Change runtime type**, **T4 GPU** before you start",
}


def student(lesson: Lesson) -> NotebookNode:
    """The notebook that students work in: no outputs, and a stub in the place of each solution."""
    return assembled(lesson, [*opening(lesson), *map(stubbed, lesson.cells)])


def solution(lesson: Lesson) -> NotebookNode:
    """The solved notebook, not yet executed; the markers of the solutions are left out."""
    return assembled(lesson, [*opening(lesson, " (solution)"), *map(unmarked, lesson.cells)])


def assembled(lesson: Lesson, cells: list[NotebookNode]) -> NotebookNode:
    """The cells as a notebook with the metadata that Jupyter and Colab read."""
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "colab": {"provenance": [], "toc_visible": True},
    }
    if lesson.header.accelerator == "gpu":
        metadata["accelerator"] = "GPU"
        metadata["colab"]["gpuType"] = "T4"
    return v4.new_notebook(metadata=metadata, cells=named(clean(cell) for cell in cells))


def text_of(notebook: NotebookNode) -> str:
    """The notebook as it is stored: the same cells give the same bytes."""
    return writes(notebook) + "\n"


# --- cells ---------------------------------------------------------------------------------------


def clean(cell: NotebookNode) -> NotebookNode:
    """The cell with its source and tags only, without what jupytext adds. Questions and checkpoints are folded."""
    tags = cell.metadata.get("tags")
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}[cell.cell_type]
    folded = FOLDED if cell.cell_type == "code" and cell.source.startswith((*QUESTIONS, SKIPPING)) else {}
    return make(cell.source, metadata={**({"tags": list(tags)} if tags else {}), **folded})


def named(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The cells with ids that follow from what they hold and how often they occur, so that no build changes them."""
    seen: dict[str, int] = {}
    result = []
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        result.append(NotebookNode({**cell, "id": f"{digest}-{seen[digest]}"}))
    return result


def is_tagged(cell: NotebookNode, tag: str) -> bool:
    """True if the cell carries ``tag``."""
    return tag in cell.metadata.get("tags", ())


def stub(source: str) -> str:
    """The exercise with each solution replaced by ``raise NotImplementedError``, at its indentation."""
    name = DEFINED.search(source)
    todo = f'raise NotImplementedError("{OPEN}: write {name[1] if name else "this"}.")'
    return SOLUTION.sub(lambda match: f"{match[1]}{todo}", source)


def stubbed(cell: NotebookNode) -> NotebookNode:
    """The cell as students get it: a stub where the solution was, and checks that do not stop "Run All"."""
    if is_tagged(cell, "exercise"):
        return NotebookNode({**cell, "source": stub(cell.source)})
    if is_tagged(cell, "check"):
        return NotebookNode({**cell, "metadata": {**cell.metadata, "tags": [*cell.metadata["tags"], GOES_ON]}})
    return NotebookNode({**cell, "source": cell.source.removeprefix(COMPARED)})


def unmarked(cell: NotebookNode) -> NotebookNode:
    """The cell without the lines that mark a solution."""
    lines = [line for line in cell.source.split("\n") if line.strip() not in (BEGIN, END)]
    return NotebookNode({**cell, "source": "\n".join(lines)})


# --- what each notebook opens with ---------------------------------------------------------------


def opening(lesson: Lesson, edition: str = "") -> list[NotebookNode]:
    """Title, with the name of any ``edition``, badge, minutes and objectives; then the set-up cell."""
    return [v4.new_markdown_cell(head(lesson, edition)), v4.new_code_cell(set_up(lesson))]


def head(lesson: Lesson, edition: str = "") -> str:
    """Markdown of the first cell."""
    header = lesson.header
    needs = ", ".join(f"{number:02d}" for number in header.prerequisites)
    after = f"after lesson{'s' * (len(header.prerequisites) > 1)} {needs}" if needs else "no lesson needed before it"
    objectives = "\n".join(f"- {objective}" for objective in header.objectives)
    return f"""# {lesson.number:02d} · {header.title}{edition}

{badge(f"notebooks/{lesson.name}.ipynb")}

{header.key_point}

**What it adds to the workshop's question.** {header.answer}

{header.teaching} minutes of teaching and {header.exercises} of exercises · {after} · {WHERE[header.accelerator]}

{films(header)}

**After this lesson you can**

{objectives}

Run the cells from top to bottom. Folded cells ask you something: run them too, and answer before you unfold them.

*{DISCLAIMER}.*"""


def films(header: Header) -> str:
    """Which films a lesson shows, and how to take others."""
    if "pneumoniamnist" not in header.data:
        return "Films: phantoms, computed by a simulation."
    return """Films: phantoms, computed by a simulation, unless you choose others. For real ones insert a cell above
the next one with `%env MEDIGENX_SOURCE=pneumoniamnist` (fetched once, 5,856 films of children) or the path of your own
films, and run the notebook from the top."""


def set_up(lesson: Lesson) -> str:
    """Source of the set-up cell, the same in all lessons but for the last line."""
    wanted = ', accelerator="gpu"' if lesson.header.accelerator == "gpu" else ""
    return f"""# Set-up: installs the course where it is missing, as in Colab, and starts the lesson.
import importlib.util

if importlib.util.find_spec("medigenx_lib") is None:
    %pip install --quiet git+{repository()}

from medigenx_lib import course
course.start({lesson.number}{wanted})"""
