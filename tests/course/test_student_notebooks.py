"""Every student notebook runs to its end with no exercise solved: only checks may say that they are not done."""

import nbformat
import pytest
from lesson_cases import NAMES

from medigenx_lib.course import build, lessons


@pytest.mark.parametrize("name", NAMES)
def test_the_student_notebook_runs_to_its_end(name, tmp_path):
    notebook = nbformat.read(lessons.NOTEBOOKS / f"{name}.ipynb", as_version=4)
    made = build.execute(notebook, tmp_path, {"MEDIGENX_SOURCE": "phantom"})
    errors = {cell.id: o.ename for cell in made.cells for o in cell.get("outputs", []) if o.output_type == "error"}
    checks = [cell.id for cell in made.cells if "check" in cell.metadata.get("tags", [])]
    assert errors == dict.fromkeys(checks, "NotImplementedError")
    assert all(cell.execution_count for cell in made.cells if cell.cell_type == "code")
