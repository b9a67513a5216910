"""The instructor's edition and the slides: derived from the same sources, whole, and fit to be used."""

import ast
import re

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from lesson_cases import NAMES, lesson, wrong_answers

from medigenx_lib.course import instructor, notebooks, points, skipping, slides

FEW = [name for name in NAMES if name[:2] in ("01", "09")]


@pytest.fixture(scope="module")
def editions():
    return {name: instructor.edition(lesson(name)) for name in FEW}


@pytest.mark.parametrize("name", NAMES)
def test_minutes_add_up_and_no_cell_is_lost(name):
    parts = instructor.sections(lesson(name))
    assert sum(part.teaching for part in parts) == lesson(name).header.teaching
    told, source = (
        "".join(cell.source for cell in cells).split()
        for cells in ([cell for part in parts for cell in part.cells], lesson(name).cells)
    )
    assert "".join(told) == "".join(source)
    assert sum(part.exercises for part in parts) <= lesson(name).header.exercises


@pytest.mark.parametrize("name", NAMES)
def test_a_section_begins_with_its_heading(name):
    parts = instructor.sections(lesson(name))
    assert all(part.cells[0].source.startswith(f"## {part.title}") for part in parts if part.title != "Opening")
    assert {"Summary", "Quiz"} <= {part.title for part in parts}


@pytest.mark.parametrize("name", NAMES)
def test_half_of_the_time_is_enough_for_the_core(name):
    parts, half = instructor.sections(lesson(name)), lesson(name).header.teaching // 2
    shown = instructor.core(parts, half)
    assert 0 < sum(part.teaching for part in shown) <= half
    assert [part for part in parts if part in shown] == shown


@pytest.mark.parametrize("name", NAMES)
def test_each_section_has_points_that_say_something(name):
    """Nearly all stand alone; what does not is filled up to a dozen words, and nothing is cut at "et al."."""
    told = [point for part in instructor.sections(lesson(name)) for point in instructor.talking_points(part.cells)]
    leaning = [point for point in told if not points.stands_alone(point)]
    assert len(told) > 10 and len(leaning) < len(told) / 4, leaning
    assert all(len(point.split()) > 3 and not point.endswith("et al.") for point in told)


def test_a_point_is_the_sentence_that_stands_alone():
    said = points.point("Was your guess near? Between the brightest and the darkest lies a factor of twenty.")
    assert said == ("Between the brightest and the darkest lies a factor of twenty.", True)
    stressed = "A film is a table of numbers, many of them. In medicine, **a label is an opinion**, often a program's."
    assert points.point(stressed)[0].startswith("In medicine")
    assert points.point("Some games come right. **One run is an anecdote.** Run more.") == (
        "**One run is an anecdote.**", True,
    )  # fmt: skip
    assert points.point("She may know the child. So **all films of a patient go to one side**.")[0] == (
        "**All films of a patient go to one side**."
    )
    cited = "In 2018 Zech et al. (*PLOS Medicine*) showed that networks had learnt the hospital from its marker."
    assert points.point(cited) == (cited, True)
    assert points.point("Same task, same steps; mind the scales. On the left a funnel rises. It never ends.") == (
        "Same task, same steps; mind the scales. On the left a funnel rises.", False,
    )  # fmt: skip


@pytest.mark.parametrize("leaning", [
    "The sliders set its radius and how many photons fall on each pixel.",
    "The dotted line is the threshold of the score in use.",
    "If the room cannot wait, stop the bar and go on.",
    "Without a network the lesson goes on all the same.",
    "Of these it measures only the half that does harm.",
])  # fmt: skip
def test_what_points_at_the_page_is_no_point(leaning):
    alone = "Photons come one by one, and a count of them wavers."
    assert points.point(f"{leaning} {alone}") == (alone, True)


def test_what_leans_is_said_only_where_little_else_is():
    alone = "A label is somebody's opinion, often that of a program."
    leaning = "Here is a figure of all the films that we have."
    assert points.of([f"{leaning}\n\n{alone}\n\n{alone[:-1]}, too."]) == [alone, f"{alone[:-1]}, too."]
    assert points.of([f"{leaning}\n\n{alone}"]) == [leaning, alone]
    exercise = f"{points.EXERCISE} 1.1: count\n\n{alone}"
    assert points.of([exercise]) == []


def test_a_list_is_shown_with_the_sentence_that_announces_it():
    assert list(points.lists(["Films are wide. There are two ways:\n\n- cut\n- pad"])) == [
        "There are two ways:\n\n- cut\n- pad"
    ]
    assert next(points.lists(["Films are wide. So:\n\n- cut"])).startswith("Films are wide. So:")
    assert list(points.lists(["Films are wide.\n\n- cut\n- pad"])) == []
    long = "\n".join(f"- Each of these sentences says that {i} is a number. It is one." for i in range(20))
    (shown,) = points.lists([f"Many numbers:\n\n{long}"])
    assert shown.count("\n- ") == 20


@pytest.mark.parametrize("name", FEW)
def test_every_mistake_is_there_with_what_the_check_says(name, editions):
    text = "\n".join(cell.source for cell in editions[name].cells)
    for answers in wrong_answers(name).values():
        assert all(answer.strip() in text for answer in answers)
    assert "The check finds nothing wrong" not in text
    checkpoints = [cell for cell in editions[name].cells if notebooks.is_tagged(cell, "checkpoint")]
    assert checkpoints and all(cell.metadata.jupyter.source_hidden for cell in checkpoints)
    assert text.count("The check says: ") == sum(map(len, wrong_answers(name).values()))


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_define_what_they_skip(name):
    parts = instructor.sections(lesson(name))
    before = [cell for part in parts[:-1] for cell in part.cells if cell.cell_type == "code"]
    source = instructor.checkpoint(before, "the end").source
    assert source.startswith("%%skip_to the end\n") and notebooks.BEGIN not in source
    defined = {node.name for node in ast.parse(source.partition("\n")[2]).body if isinstance(node, ast.FunctionDef)}
    wanted = {instructor.defined(cell.source) for cell in before if notebooks.is_tagged(cell, "exercise")}
    assert wanted <= defined | {word for word in wanted if " and " in word or word[:1].isupper()}


@pytest.fixture
def shell(monkeypatch):
    """A notebook's shell with nothing in it but the lesson's start."""
    shell = InteractiveShell()
    monkeypatch.setattr(skipping, "_shell", lambda: shell)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    shell.run_cell("from medigenx_lib import course\ncourse.start(1)").raise_error()
    return shell


def test_a_class_can_start_at_a_checkpoint(shell, capsys):
    """The third section of lesson 01 runs on its checkpoint alone; run again, that does nothing."""
    parts = instructor.sections(lesson(NAMES[0]))
    before = [cell for part in parts[:2] for cell in part.cells if cell.cell_type == "code"]
    skip = instructor.checkpoint(before, parts[2].title).source
    cells = [notebooks.unmarked(cell).source for cell in parts[2].cells if cell.cell_type == "code"]
    for cell in [skip, *cells]:
        shell.run_cell(cell).raise_error()
    assert "Ready after" in capsys.readouterr().out
    shell.run_cell(skip).raise_error()
    assert f"Ready for {parts[2].title}: all" in capsys.readouterr().out


def test_a_checkpoint_that_breaks_says_so(shell):
    with pytest.raises(ZeroDivisionError):
        shell.run_cell("%%skip_to 2. Later\nnew = 1 / 0").raise_error()


def test_what_a_checkpoint_defines():
    code = "import numpy as np\nfrom a import b\ndef f(x):\n    inner = x\nfor i in y:\n    z = i\nclass C: ..."
    assert skipping.defined(code) == {"np", "b", "f", "i", "z", "C"}


def test_shares_are_rounded_to_their_sum():
    assert instructor.rounded([1.5, 1.5, 2.0]) == [2, 1, 2]
    assert sum(instructor.rounded([50 / 7] * 7)) == 50


@pytest.mark.parametrize("name", FEW)
def test_a_deck_asks_nothing_of_the_network_and_gives_no_answer_away(name):
    solved = nbformat.read(slides.lessons.SOURCES / f"{name}.ipynb", as_version=4)
    deck = slides.deck(lesson(name), solved)
    page = re.sub("<script>.*?</script>", "", deck, flags=re.DOTALL)  # what the scripts ask, the browser's test sees
    assert not re.search(r'<(?:script|img|link)[^>]+(?:src|href)="(?!data:)|@import', page)
    for cell in lesson(name).cells:
        if notebooks.is_tagged(cell, "exercise"):
            answer = notebooks.SOLUTION.search(cell.source)[0].split("\n")[1].strip()
            assert slides.html.escape(answer) not in deck.split("<script>")[0]


def test_every_section_and_figure_has_a_slide():
    name = NAMES[0]
    solved = nbformat.read(slides.lessons.SOURCES / f"{name}.ipynb", as_version=4)
    deck = slides.deck(lesson(name), solved).split("<script>")[0]
    plain = [cell for cell in lesson(name).cells if cell.cell_type == "code" and not cell.metadata.get("tags")]
    shown = {cell.source: cell.outputs for cell in solved.cells if cell.cell_type == "code"}
    pictures = sum("image/png" in output.get("data", {}) for cell in plain for output in shown[cell.source])
    assert deck.count("<img ") == pictures > 5
    assert all(f"<h2>{slides.html.escape(part.title)}</h2>" in deck for part in instructor.sections(lesson(name)))


def test_tables_of_the_text_have_a_slide():
    name = next(name for name in NAMES if name[:2] == "04")
    deck = slides.deck(lesson(name), nbformat.read(slides.lessons.SOURCES / f"{name}.ipynb", as_version=4))
    aloud = re.sub(r'<aside class="notes">.*?</aside>', "", deck.split("<script>")[0], flags=re.DOTALL)
    assert aloud.count("<table>") == sum(len(slides.TABLE.findall(cell.source)) for cell in lesson(name).cells) == 2


def test_formulas_become_mathml():
    assert "<math" in slides.inline("half of $x_i$") and "$" not in slides.inline("half of $x_i$")


def test_a_question_is_asked_without_its_answer():
    asked = "<div><b>Two?</b><ol><li>one</li></ol><details><summary>Answers</summary><p>A: Right.</p></details></div>"
    assert slides.unanswered(asked) == "<div><b>Two?</b><ol><li>one</li></ol></div>"
    assert slides.unanswered("<p>A bench.</p>") == '<div class="page"><p>A bench.</p></div>'


def test_long_output_is_clipped_to_a_slide():
    assert slides.height("x" * 2 * slides.COLUMNS + "\n\n") == 4
    assert slides.clipped("one\ntwo") == "one\ntwo"
    clipped = slides.clipped("\n".join("line" * 40 for _ in range(40)))
    assert clipped.endswith("...") and slides.height(clipped) <= slides.MOST_LINES
