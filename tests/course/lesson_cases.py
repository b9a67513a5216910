"""What the tests of lessons share: which lessons there are, their exercises, and their wrong answers."""

import ast
import runpy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medigenx_lib.course import lessons, notebooks

NAMES = lessons.names()
WRONG_ANSWERS = Path(__file__).parent / "wrong_answers"


@dataclass(frozen=True)
class Exercise:
    """An exercise cell, the imports that stand before it, and the check after it."""

    name: str
    source: str
    imports: str
    check: str


@cache
def lesson(name):
    return lessons.lesson(name)


@cache
def exercises(name):
    """The exercises of a lesson, in order."""
    cells = lesson(name).cells
    return [_exercise(cells, i) for i, cell in enumerate(cells) if notebooks.is_tagged(cell, "exercise")]


def _exercise(cells, place):
    source, check = cells[place].source, cells[place + 1].source if place + 1 < len(cells) else ""
    defined = [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    imports = ["from medigenx_lib import course", *(_imports(c) for c in cells[:place] if c.cell_type == "code")]
    return Exercise(" and ".join(defined), source, "\n".join(imports), check)


def _imports(cell):
    nodes = ast.parse(cell.source).body
    return "\n".join(ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))


@cache
def wrong_answers(name):
    """Name of the exercise -> sources of plausible wrong answers."""
    path = WRONG_ANSWERS / f"lesson_{name[:2]}.py"
    return runpy.run_path(str(path))["WRONG"] if path.exists() else {}
