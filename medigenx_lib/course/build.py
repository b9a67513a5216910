"""Builds the notebooks: ``python -m medigenx_lib.course build [NN ...]``, or ``make notebooks`` and ``make solutions``.

One way only, from ``solutions/NN_name.py`` to ``notebooks/NN_name.ipynb`` (stubs, no outputs) and to
``solutions/NN_name.ipynb`` (executed in the profile ``fast``, without a network, outputs kept).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbformat import NotebookNode

from medigenx_lib.course import notebooks
from medigenx_lib.course.lessons import NOTEBOOKS, SOURCES, Lesson
from medigenx_lib.course.widgets import SCRIPT, VIEW
from medigenx_lib.files import write_text

TIMEOUT = 900
"""Seconds that one cell may take; only a cell that hangs gets there."""
FAST = {"MEDIGENX_PROFILE": "fast", "MEDIGENX_OFFLINE": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0"}  # fmt: skip


def build_notebook(lesson: Lesson, folder: Path = NOTEBOOKS) -> Path:
    """Write the student's notebook and return its path."""
    return write_text(folder / f"{lesson.name}.ipynb", notebooks.text_of(notebooks.student(lesson)))


def build_solution(lesson: Lesson, folder: Path = SOURCES) -> Path:
    """Execute the solution, write it with its outputs and return its path. Raises CellExecutionError."""
    made = execute(notebooks.solution(lesson), folder, {"MEDIGENX_SOURCE": "phantom"})
    return write_text(folder / f"{lesson.name}.ipynb", notebooks.text_of(made))


def execute(
    notebook: NotebookNode, folder: Path, environment: Mapping[str, str] = {}, allowed: Iterable[str] = ()
) -> NotebookNode:
    """Run every cell in ``folder`` in the profile fast and return the notebook with outputs fit to be kept.

    ``environment``: more variables for the kernel. ``allowed``: names of errors that do not stop it.
    """
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(folder)}},
        record_timing=False, store_widget_state=False, allow_error_names=list(allowed),
    )  # fmt: skip
    client.execute(env={**os.environ, **FAST, **environment})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = list(kept(cell.outputs))
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel would add its Python's version
    return notebook


def kept(outputs: Iterable[NotebookNode]) -> Iterable[NotebookNode]:
    """Outputs worth keeping: no progress bars or scripts, and of a widget the static form: its live one dies here."""
    for output in outputs:
        forms = output.get("data", {})
        if VIEW in forms:
            del forms[VIEW]
            if "text/html" not in forms:
                continue
        if SCRIPT in forms or (output.get("name") == "stderr" and "%|" in output.text):
            continue
        yield output
