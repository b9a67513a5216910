"""What every lesson has, whoever wrote it."""

import ast
import base64
import io
import re
from statistics import mean

import nbformat
import numpy as np
import pytest
from lesson_cases import NAMES, exercises, lesson
from PIL import Image

from medigenx_lib.course import lessons, notebooks, timing

DATA = {"phantom", "pneumoniamnist", "folder", "dicom", "reports"}
PATHS = re.compile(r"(?<![\w.:/])/(?:work|tmp|home|root|usr|content|mnt)/|[A-Z]:\\\\|site-packages")
EVERY = pytest.mark.parametrize("name", NAMES)


def code_cells(name):
    return [cell.source for cell in lesson(name).cells if cell.cell_type == "code"]


def prose(name):
    return [cell.source for cell in lesson(name).cells if cell.cell_type == "markdown"]


def solved(name):
    return nbformat.read(lessons.SOURCES / f"{name}.ipynb", as_version=4)


def calls(name, function):
    """Calls of ``course.function`` in all code cells."""
    nodes = [node for source in code_cells(name) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func) == f"course.{function}"]


@EVERY
def test_the_header_says_what_a_reader_needs(name):
    header = lesson(name).header
    assert header.title and header.key_point and header.answer and len(header.objectives) >= 3
    assert 10 <= header.teaching <= 120 and 10 <= header.exercises <= 120
    assert all(1 <= number < int(name[:2]) for number in header.prerequisites)
    assert set(header.data) <= DATA


@EVERY
def test_the_set_up_cell_is_short_and_the_same_everywhere(name):
    cell = notebooks.student(lesson(name)).cells[1].source
    assert len(cell.splitlines()) <= 8
    assert re.fullmatch(r'course\.start\(\d+(, accelerator="gpu")?\)', cell.splitlines()[-1])
    first = notebooks.student(lesson(NAMES[0])).cells[1].source
    assert cell.splitlines()[:-1] == first.splitlines()[:-1]


@EVERY
def test_exercises_are_told_and_hinted(name):
    cells = lesson(name).cells
    places = [i for i, cell in enumerate(cells) if notebooks.is_tagged(cell, "exercise")]
    assert len(places) >= 3
    minutes = 0
    for number, place in enumerate(places, 1):
        told = cells[place - 1].source
        assert cells[place - 1].cell_type == "markdown"
        assert re.search(rf"^### Exercise {int(name[:2])}\.{number}: \S", told, re.M), told[:80]
        found = re.search(r"^\*difficulty [1-5] of 5 · (\d+) minutes\*$", told, re.M)
        assert found, told[:80]
        assert told.count("<details>") == told.count("</details>") >= 2 and "Hint 1" in told and "Hint 2" in told
        minutes += int(found[1])
    assert minutes <= lesson(name).header.exercises
    assert all(notebooks.is_tagged(cells[place + 1], "check") for place in places)
    assert all(exercise.name.isidentifier() for exercise in exercises(name)), "one function or class a cell"


@EVERY
def test_there_is_something_to_move_to_think_about_and_to_answer(name):
    assert calls(name, "interact") and calls(name, "think")
    assert 3 <= len(calls(name, "quiz")) <= 5


def bound(node):
    """Names that ``node`` binds: the name of a function or class, all assigned names of anything else."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def read(function, functions):
    """Names of the notebook that ``function`` reads, also through the ``functions`` that it calls."""
    own = {part.arg for part in ast.walk(function) if isinstance(part, ast.arg)}
    names = [part for part in ast.walk(function) if isinstance(part, ast.Name)]
    own |= {part.id for part in names if isinstance(part.ctx, ast.Store)}
    needed = {part.id for part in names} - own
    others = {name: other for name, other in functions.items() if other is not function}
    return needed.union(*(read(others[name], others) for name in needed & others.keys()))


@EVERY
def test_what_a_control_redraws_is_not_bound_anew_later(name):
    tops = [node for source in code_cells(name) for node in ast.parse(source).body]
    functions = {node.name: node for node in tops if isinstance(node, ast.FunctionDef)}
    for place, node in enumerate(tops):
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("course.interact("):
            later = set().union(*map(bound, tops[place + 1 :]))
            assert not read(functions[node.value.args[0].id], functions) & later


@EVERY
def test_it_ends_with_summary_quiz_and_what_comes_next(name):
    titles = re.findall(r"^## (.+)$", "\n".join(prose(name)), re.M)
    assert titles[-3:] == ["Summary", "Quiz", "Where to go next"]


@EVERY
def test_no_cell_keeps_the_class_waiting(name):
    """As measured in the profile class, if the whole lesson takes longer; in ``fast`` a lesson has 90 seconds."""
    took = timing.recorded()[name]
    assert took["class"].get("longest_cell", took["class"]["seconds"]) <= timing.PATIENCE
    assert took["fast"]["seconds"] <= 90


@EVERY
def test_cells_are_small(name):
    lengths = [len(source.splitlines()) for source in code_cells(name)]
    assert max(lengths) <= 20
    assert mean(lengths) <= 9


@EVERY
def test_prose_stands_between_code(name):
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in lesson(name).cells if not is_quiz(cell))
    assert "cccc" not in kinds and kinds.startswith("m")


def is_quiz(cell):
    return cell.cell_type == "code" and "course.quiz(" in cell.source


@EVERY
def test_prose_is_narrow_enough_to_be_read(name):
    lines = [line for text in prose(name) for line in text.splitlines()]
    wide = [line for line in lines if len(line) > 79 and not re.search(r"^\||https?://|\]\(|^\$\$|<summary>", line)]
    assert not wide


@EVERY
def test_no_year_begins_a_line(name):
    """Markdown takes "2022)" or "1975." at the start of a line for the number of a list."""
    lines = [line for text in prose(name) for line in text.splitlines()]
    assert not [line for line in lines if re.match(r"\s*\d{2,}[.)] ", line)]


@EVERY
def test_what_an_exercise_needs_is_imported_before_it(name):
    solved_parts = [part for exercise in exercises(name) for part in notebooks.SOLUTION.finditer(exercise.source)]
    assert not [part[0] for part in solved_parts if re.search(r"^\s*(import|from) ", part[0], re.M)]


@EVERY
def test_colours_are_those_of_the_palette(name):
    """Greys, the palette (Okabe and Ito), and colour maps that stay readable for every kind of colour vision."""
    nodes = [node for source in code_cells(name) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    given = {
        (word.arg, word.value.value)
        for node in nodes for word in node.keywords
        if word.arg in ("color", "colors", "c", "cmap") and isinstance(word.value, ast.Constant)
    }  # fmt: skip
    maps = {"gray", "viridis", "cividis", "magma", "Blues", "PuOr_r", "RdBu_r"}
    assert {value for word, value in given if word == "cmap"} <= maps
    assert {value for word, value in given if word != "cmap"} <= {"black", "white", "grey", "lightgrey"}


@EVERY
def test_imports_are_used(name):
    trees = [ast.parse(source) for source in code_cells(name)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
    }  # fmt: skip
    assert imported <= used


@EVERY
def test_every_figure_is_told_in_words(name):
    shown = calls(name, "show") + calls(name, "interact")
    assert all("alt" in {keyword.arg for keyword in call.keywords} for call in shown)
    outputs = [output for cell in solved(name).cells for output in cell.get("outputs", [])]
    pictures = [output.data for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 3
    for forms in pictures:
        alt = re.search(r'<img alt="([^"]+)"', forms.get("text/html", ""))
        assert alt and len(alt[1].split()) >= 4, f"a figure without words: {forms.get('text/plain')}"


@EVERY
def test_no_figure_is_cut_off(name):
    """Ink on the outermost pixels is a label or title that did not fit."""
    outputs = [output for cell in solved(name).cells for output in cell.get("outputs", [])]
    for forms in (output.data for output in outputs if "image/png" in output.get("data", {})):
        grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(forms["image/png"]))).convert("L"))
        edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        assert edges.min() > 200, forms["text/plain"]


@EVERY
def test_no_path_of_a_machine_is_left(name):
    said = "\n".join(str(o.get("text", "")) + str(o.get("data", {}).get("text/plain", ""))
                     for cell in solved(name).cells for o in cell.get("outputs", []))  # fmt: skip
    assert not PATHS.search("\n".join(prose(name) + code_cells(name)) + said)


@EVERY
def test_links_within_the_repository_resolve(name):
    for link in re.findall(r"\]\(([^)\s]+)\)", "\n".join(prose(name))):
        if link.startswith(("http", "#", "mailto:")):
            continue
        target = lessons.NOTEBOOKS / link.split("#")[0]
        assert target.exists() or target.stem in lessons.NAMES, link


@EVERY
def test_it_says_which_lesson_comes_next(name):
    following = [later for later in lessons.NAMES if later > name][:1]
    assert all(f"]({later}.ipynb)" in prose(name)[-1] for later in following)


@EVERY
def test_outputs_are_stored_and_compared(name):
    code = [cell for cell in solved(name).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    compared = [cell for cell in code if cell.source.startswith("# NBVAL_CHECK_OUTPUT")]
    assert len(compared) >= 3 and all(cell.outputs for cell in compared)
    assert not any(re.search(r"NBVAL_(SKIP|IGNORE|RAISES)", cell.source) for cell in code)
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)


@EVERY
def test_no_object_leaks_into_the_page(name):
    outputs = [output for cell in solved(name).cells for output in cell.get("outputs", [])]
    leaked = [o for o in outputs if o.output_type == "execute_result" and "text/html" not in o.data]
    assert not leaked
    assert not any(output.get("name") == "stderr" for output in outputs)
