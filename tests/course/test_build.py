"""The build, on a small lesson of its own; and the notebooks in the repository are what their sources give."""

import re

import nbformat
import pytest
from lesson_cases import NAMES, lesson

from medigenx_lib.course import __main__ as command
from medigenx_lib.course import address, build, lessons, notebooks, readme, schedule, timing
from medigenx_lib.errors import InputError

SOURCE = '''# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: A toy
#     key_point: One thing.
#     answer: One answer.
#     teaching: 10
#     exercises: 5
#     prerequisites: [1]
#     objectives: [Add two numbers]
#     accelerator: gpu
#     data: [phantom]
# ---
# %% [markdown]
# ## 1. Adding
# %% tags=["exercise"]
def add(a, b):
    """The sum of a and b."""
    ### BEGIN SOLUTION
    total = a + b
    return total
    ### END SOLUTION


# %% tags=["check"]
assert add(1, 2) == 3
# %%
print("once")
# %%
print("once")
'''


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "01_toy.py"
    path.write_text(SOURCE)
    return lessons.read(path)


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_a_student_gets_a_stub_where_the_solution_was(toy):
    cells = notebooks.student(toy).cells
    stub = next(cell for cell in cells if "exercise" in cell.metadata.get("tags", []))
    assert stub.source.endswith('    """The sum of a and b."""\n    raise NotImplementedError("Your turn: write add.")')
    assert not any("SOLUTION" in cell.source or "total" in cell.source for cell in cells)
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells if cell.cell_type == "code")


def test_run_all_goes_on_behind_a_check_in_the_students_notebook_alone(toy):
    student, solution = notebooks.student(toy), notebooks.solution(toy)
    tags = [[cell.metadata.get("tags") for cell in made.cells if "check" in cell.metadata.get("tags", [])]
            for made in (student, solution)]  # fmt: skip
    assert tags == [[["check", "raises-exception"]], [["check"]]]


def test_what_only_ci_needs_is_not_shown_to_students(tmp_path):
    path = tmp_path / "01_toy.py"
    path.write_text(SOURCE.replace('print("once")', '# NBVAL_CHECK_OUTPUT\nprint("once")'))
    student, solution = (make(lessons.read(path)) for make in (notebooks.student, notebooks.solution))
    assert sources(student)[-1] == 'print("once")' and sources(solution)[-1].startswith("# NBVAL_CHECK_OUTPUT\n")


def test_the_head_says_which_films_and_how_to_take_real_ones(toy, tmp_path):
    assert "Films: phantoms, computed by a simulation.\n" in notebooks.head(toy)
    path = tmp_path / "01_toy.py"
    path.write_text(SOURCE.replace("data: [phantom]", "data: [phantom, pneumoniamnist]"))
    assert "`%env MEDIGENX_SOURCE=pneumoniamnist`" in notebooks.head(lessons.read(path))


def test_the_solution_keeps_the_code_without_the_marks(toy):
    text = "\n".join(sources(notebooks.solution(toy)))
    assert "    total = a + b\n    return total" in text and "SOLUTION" not in text


def test_several_solutions_in_one_exercise_each_become_a_stub_at_their_place():
    source = "class A:\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n\n"
    source += "    def g(self):\n        ### BEGIN SOLUTION\n        return 2\n        ### END SOLUTION"
    assert notebooks.stub(source).count('        raise NotImplementedError("Your turn: write A.")') == 2
    assert "return" not in notebooks.stub(source)


def test_building_twice_gives_the_same_bytes(toy, tmp_path):
    first = build.build_notebook(toy, tmp_path / "a").read_bytes()
    assert build.build_notebook(toy, tmp_path / "b").read_bytes() == first
    nbformat.validate(nbformat.reads(first.decode(), as_version=4))


def test_ids_differ_even_where_cells_are_equal(toy):
    ids = [cell.id for cell in notebooks.student(toy).cells]
    assert len(set(ids)) == len(ids)


def test_head_and_metadata_come_from_the_header(toy):
    notebook = notebooks.student(toy)
    head = notebook.cells[0].source
    for words in ("# 01 · A toy", "One thing.", "One answer.", "10 minutes", "of exercises", "after lesson 01",
                  "- Add two numbers", "Change runtime type", "not for clinical use"):  # fmt: skip
        assert words in head
    assert notebook.metadata["accelerator"] == "GPU" and "jupytext" not in notebook.metadata
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_the_source_of_a_question_is_folded_for_it_holds_the_answer(toy):
    cells = [cell for name in lessons.names() for cell in notebooks.student(lessons.lesson(name)).cells]
    asking = [cell for cell in cells if "course.quiz(" in cell.source or "course.think(" in cell.source]
    assert len(asking) >= 14 * 2
    assert all(cell.metadata["jupyter"]["source_hidden"] and cell.metadata["cellView"] == "form" for cell in asking)
    others = [cell for cell in notebooks.student(toy).cells if cell.cell_type == "code" and cell not in asking]
    assert not any("cellView" in cell.metadata for cell in others)


def test_addresses_follow_from_pyproject(toy):
    assert address.repository() == "https://github.com/medigenx/medigenx"
    text = notebooks.text_of(notebooks.student(toy))
    assert set(re.findall(r"https://github\.com/[\w/-]+", text)) == {address.repository()}
    assert address.colab("notebooks/01_toy.ipynb") in text


def test_the_address_of_an_installed_package_is_the_same(monkeypatch, tmp_path):
    expected = address.repository()
    monkeypatch.setattr(address, "ROOT", tmp_path)
    assert address.repository() == expected


def test_executing_keeps_outputs_and_counts(toy, tmp_path):
    made = build.execute(notebooks.solution(toy), tmp_path)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert code[-1].outputs[0].text == "once\n" and "profile fast" in code[0].outputs[0].text
    assert not any("execution" in cell.metadata for cell in code) and "widgets" not in made.metadata


def test_progress_bars_are_dropped_and_widgets_leave_their_static_form():
    from nbformat.v4 import new_output

    bar = new_output("display_data", {build.VIEW: {"model_id": "1"}, "text/plain": "  0%|"})
    figure = new_output("display_data", {build.VIEW: {"model_id": "2"}, "text/html": "<img>", "text/plain": "film"})
    stream = new_output("stream", name="stderr", text="steps:  40%|####")
    said = new_output("stream", name="stdout", text="done")
    script = new_output("display_data", {build.SCRIPT: "1;"})
    assert list(build.kept([bar, figure, script, stream, said])) == [figure, said]
    assert set(figure.data) == {"text/html", "text/plain"}


@pytest.mark.parametrize("edit", [("accelerator: gpu", "accelerator: tpu"), ("#     teaching: 10\n", ""),
                                  ("data: [phantom]", "data: [phantom]\n#     extra: 1")])  # fmt: skip
def test_a_header_that_is_wrong_is_named(tmp_path, edit):
    path = tmp_path / "01_toy.py"
    path.write_text(SOURCE.replace(*edit))
    with pytest.raises(InputError, match="01_toy"):
        lessons.read(path)


def test_a_file_without_header_is_no_lesson(tmp_path):
    path = tmp_path / "01_toy.py"
    path.write_text("# %%\nprint(1)\n")
    with pytest.raises(InputError, match="no header"):
        lessons.read(path)


def test_a_number_that_is_no_lesson(capsys):
    assert command.main(["build", "99"]) == 2
    assert "no lesson 99" in capsys.readouterr().err


# --- the lessons of the repository -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_student_notebook_is_what_the_source_gives(name):
    stored = (lessons.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    assert stored == notebooks.text_of(notebooks.student(lesson(name))), f"run: make notebooks (lesson {name})"


@pytest.mark.parametrize("name", NAMES)
def test_the_executed_solution_has_the_cells_of_the_source(name):
    stored = nbformat.read(lessons.SOURCES / f"{name}.ipynb", as_version=4)
    expected = notebooks.solution(lesson(name))
    assert sources(stored) == sources(expected), f"run: make solutions (lesson {name})"
    assert [cell.id for cell in stored.cells] == [cell.id for cell in expected.cells]


def test_no_notebook_is_without_a_source():
    found = {path.stem for folder in (lessons.NOTEBOOKS, lessons.SOURCES) for path in folder.glob("*.ipynb")}
    assert found <= set(NAMES) and set(NAMES) <= set(lessons.NAMES)


def test_the_table_of_the_readme_is_up_to_date():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.filled(text, readme.table()) == text, "run: .venv/bin/python -m medigenx_lib.course readme"


def test_a_lesson_that_is_not_written_stands_without_link(tmp_path):
    (tmp_path / "02_data_preprocessing.py").write_text(SOURCE)
    rows = readme.table(tmp_path).splitlines()[2:]
    assert len(rows) == 14 and "](" not in rows[0]
    assert rows[1].startswith("| 2 | [A toy](notebooks/02_data_preprocessing.ipynb) | One thing. | 10 + 5 |")
    assert "| yes | [![Open in Colab]" in rows[1]


def test_the_schedule_is_up_to_date():
    expected = schedule.text(lesson(name) for name in NAMES)
    assert schedule.SCHEDULE.read_text(encoding="utf-8") == expected, "run: make notebooks"


@pytest.mark.parametrize("plan", schedule.PLANS, ids=lambda plan: plan.title)
def test_the_minutes_of_all_lessons_add_up_to_the_days_that_are_promised(plan):
    made = schedule.slots([lesson(name) for name in NAMES], plan)
    assert [slot.lesson.number for slot in made] == list(range(1, 15))
    assert made[-1].day == plan.days and all(slot.end <= schedule.LATEST for slot in made)
    if plan is schedule.TWO_DAYS:
        assert [slot.day for slot in made] == [1] * 7 + [2] * 7


def test_the_schedule_has_lunch_breaks_and_days(toy):
    import dataclasses

    long = dataclasses.replace(toy, header=dataclasses.replace(toy.header, teaching=60, exercises=30))
    made = schedule.slots([long] * 6)
    assert [(slot.day, schedule.clock(slot.start)) for slot in made] == [
        (1, "9:00"), (1, "10:40"), (1, "13:10"), (1, "14:50"), (2, "9:00"), (2, "10:40"),
    ]  # fmt: skip
    assert all(slot.practice - slot.start == 60 and slot.end - slot.start == 90 for slot in made)
    assert all(slot.end <= schedule.LATEST for slot in made)


def test_what_was_measured_stands_in_the_table(toy, tmp_path, monkeypatch):
    path = tmp_path / "measured.json"
    took = timing.measure(toy, "fast", tmp_path)
    assert took["seconds"] > 0 and took["hardware"] and 0 <= took["longest_cell"] <= took["seconds"]
    timing.record("02_b", "class", {"seconds": 99, "hardware": "T4"}, path)
    timing.record("01_a", "fast", took, path)
    timing.record("02_b", "fast", {"seconds": 7, "hardware": "CPU"}, path)
    assert list(timing.recorded(path)) == ["01_a", "02_b"] and len(timing.recorded(path)["02_b"]) == 2
    monkeypatch.setattr(timing, "recorded", lambda: {"02_b": {"class": {"seconds": 99, "hardware": "T4"}}})
    assert (readme.seconds("02_b", "class"), readme.seconds("02_b", "fast")) == ("99 s T4", "")
