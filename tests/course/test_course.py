"""What lessons use beside the library: figures with words, controls, questions, films, and a start."""

import socket

import matplotlib.pyplot as plt
import numpy as np
import pytest

from medigenx_lib import course
from medigenx_lib.course import checks, errors, look, questions, session, widgets
from medigenx_lib.errors import InputError


@pytest.fixture
def shown(monkeypatch):
    """Outputs that a notebook would have got."""
    outputs = []
    monkeypatch.setattr(look, "present", lambda forms, metadata=None: outputs.append(dict(forms)))
    return outputs


@pytest.fixture
def boxes(monkeypatch, shown):
    """The widgets that a notebook would have shown."""
    made = []
    monkeypatch.setattr(widgets, "display_with_fallback", lambda box, static: made.append((box, static)))
    monkeypatch.setattr(questions, "display_with_fallback", lambda box, static: made.append((box, static)))
    return made


def line(height=1):
    figure, axis = plt.subplots(figsize=(2, 2))
    axis.plot([0, height])
    return figure


def test_a_figure_is_shown_with_its_words_and_closed(shown):
    figure = line()
    course.show(figure, alt='A line "up" <1>')
    assert '<img alt="A line &quot;up&quot; &lt;1&gt;"' in shown[0]["text/html"]
    assert shown[0]["text/plain"] == 'A line "up" <1>' and shown[0]["image/png"]
    assert not plt.fignum_exists(figure.number)


def test_a_figure_without_words_is_refused():
    with pytest.raises(InputError, match="alt"):
        course.show(line(), alt=" ")
    plt.close("all")


def test_outside_a_notebook_the_words_are_printed(capsys):
    course.show(line(), alt="A line")
    assert capsys.readouterr().out == "A line\n"


def test_films_of_any_kind_stand_in_a_grid():
    import torch

    images = [np.zeros((8, 8), np.float32), torch.ones(1, 8, 8), *course.cases(1, size=16)]
    figure = course.films(images, ["a", "b", "c"], columns=2)
    drawn = [axis.images[0].get_array().shape for axis in figure.axes if axis.images]
    assert drawn == [(8, 8), (8, 8), (16, 16)] and len(figure.axes) == 4
    plt.close(figure)
    with pytest.raises(InputError):
        course.films(images, ["a"])
    with pytest.raises(InputError):
        course.films([np.zeros((2, 8, 8))])


@pytest.mark.parametrize("titles, columns, beside", [
    (["real"] * 3 + ["made"] * 3, 3, ["real", "made"]),
    (["8 films seen", "", "", "64 films seen", "", ""], 3, ["8 films seen", "64 films seen"]),
    (["real"] * 3 + ["made"], 3, ["real", "made"]),
    (["real", "real", "made", "made"], 2, []),
    (["real"] * 3 + ["made", "made", "real"], 3, []),
    (["a", "", "a", "b", "", ""], 3, []),
    ([""] * 6, 3, []),
])  # fmt: skip
def test_a_title_of_a_whole_row_stands_once_beside_it(titles, columns, beside):
    figure = course.films([np.zeros((4, 4))] * len(titles), titles, columns)
    figure.canvas.draw()
    written = [text for axis in figure.axes for text in axis.texts]
    assert [text.get_text().replace("\n", " ") for text in written] == beside
    assert all(text.get_window_extent().x0 >= 0 for text in written)
    above = [axis.get_title() for axis in figure.axes[: len(titles)]]
    assert above == ([""] * len(titles) if beside else titles)
    plt.close(figure)


def test_moving_a_control_redraws_and_the_first_figure_is_static(boxes):
    seen = []
    course.interact(lambda **values: seen.append(values) or line(), alt="A line.", number=(0, 10, 2, 4),
                    share=(0.0, 1.0, 0.5), kind=["a", "b"], fine=True)  # fmt: skip
    box, static = boxes[0]
    assert seen == [{"number": 4, "share": 0.5, "kind": "a", "fine": True}]
    assert static["text/plain"] == "A line. Controls: number 4, share 0.5, kind a, fine True."
    *controls, _, picture = box.children
    assert [control.description for control in controls] == ["number", "share", "kind", "fine"]
    controls[0].value, controls[2].value = 6, "b"
    assert seen[-1] == {"number": 6, "share": 0.5, "kind": "b", "fine": True}
    assert "number 6, share 0.5, kind b" in picture.value


def test_while_a_figure_is_drawn_anew_it_says_so(boxes):
    said = []
    course.interact(
        lambda number: (boxes and said.append(boxes[0][0].children[-2].value)) or line(), number=(0, 4, 1, 2)
    )
    boxes[0][0].children[0].value = 3
    assert said == [widgets.DRAWING] and boxes[0][0].children[-2].value == ""


def test_a_drawing_that_fails_says_so_where_the_picture_was(boxes):
    def draw(number):
        return line(1 / number)

    course.interact(draw, number=(0, 4, 1, 2))
    box = boxes[0][0]
    box.children[0].value = 0
    assert "ZeroDivisionError" in box.children[-1].value
    box.children[0].value = 1
    assert "<img" in box.children[-1].value


@pytest.mark.parametrize("setting", [(1, 2), [], "text", 3])
def test_a_control_that_cannot_be_made(setting):
    with pytest.raises(InputError, match="Control"):
        course.interact(line, height=setting)


def test_a_widget_is_displayed_with_a_static_form(shown):
    course.interact(line, alt="A line.", height=(1, 3, 1, 2))
    assert set(shown[0]) == {widgets.VIEW, "text/html", "image/png", "text/plain"}


def test_a_quiz_answers_at_once_and_escapes(boxes):
    course.quiz("Is 1 < 2?", {"yes": "`1 < 2` holds.", "no": "it does."}, answer="yes")
    box, static = boxes[0]
    asked, chooser, feedback = box.children
    assert "1 &lt; 2?" in asked.value and "A: yes<br>B: no" in asked.value
    assert chooser.value is None and feedback.value == ""
    chooser.value = "A"
    assert "Right." in feedback.value and "<code>1 &lt; 2</code>" in feedback.value
    chooser.value = "B"
    assert "Not quite.</b> It does." in feedback.value
    assert "<details>" in static["text/html"] and "Is 1 < 2?" in static["text/plain"]


@pytest.mark.parametrize("options, answer", [({"a": "x", "b": "y"}, "c"), ({"a": "x"}, "a")])
def test_a_quiz_needs_its_answer_among_the_options(options, answer):
    with pytest.raises(InputError):
        course.quiz("?", options, answer=answer)


def test_thinking_folds_the_answer_away(shown):
    course.think("Why <b>?", "First.\n\nSecond.")
    assert "Why &lt;b&gt;?" in shown[0]["text/html"] and "<details>" in shown[0]["text/html"]
    assert shown[0]["text/html"].count("<p>") == 3


def test_films_come_from_the_source_by_class(monkeypatch):
    monkeypatch.delenv("MEDIGENX_SOURCE", raising=False)
    assert [case.source for case in course.cases(3, size=16)] == ["phantom"] * 3
    sick = course.cases(5, size=16, label=1)
    assert len(sick) == 5 and {case.label for case in sick} == {1}
    assert course.cases(4, size=16, split="test")[0].split == "test"


def test_a_source_with_too_few_films_gives_what_it_has(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 255, (6, 32, 32), np.uint8)
    np.savez(tmp_path / "few.npz", train_images=images, train_labels=np.array([0, 0, 0, 0, 1, 1]))
    monkeypatch.setenv("MEDIGENX_SOURCE", str(tmp_path / "few.npz"))
    assert len(course.cases(5, size=32, label=1)) == 2
    assert session.source().endswith("few.npz")


def test_the_profile_picks_a_number(monkeypatch):
    monkeypatch.setenv("MEDIGENX_PROFILE", "fast")
    assert (course.profile().name, course.by_profile(fast=1, class_=2)) == ("fast", 1)
    monkeypatch.setenv("MEDIGENX_PROFILE", "full")
    assert course.by_profile(fast=1, class_=2) == 2 and course.by_profile(1, 2, full=3) == 3


def test_starting_says_what_it_runs_on_and_what_to_click(monkeypatch, capsys):
    monkeypatch.setenv("MEDIGENX_DEVICE", "cpu")
    monkeypatch.setenv("MEDIGENX_PROFILE", "class")
    course.start(3, accelerator="gpu")
    first = np.random.rand()  # noqa: NPY002 - the legacy generator is what start seeds
    said = capsys.readouterr().out
    assert "Lesson 03 · profile class · device cpu" in said and "Change runtime type" in said
    course.start(3)
    assert np.random.rand() == first  # noqa: NPY002
    assert "Change runtime type" not in capsys.readouterr().out


def test_offline_means_that_nothing_leaves_this_machine(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", socket.socket.connect)  # restored after the test
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    session.stay_offline()
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    with pytest.raises(ConnectionRefusedError, match="MEDIGENX_OFFLINE"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    with pytest.raises(ConnectionRefusedError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_an_open_exercise_is_said_in_one_line(capsys, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    errors.shorten_open_exercises()
    result = shell.run_cell(f'def add(a, b):\n    raise NotImplementedError("{errors.OPEN}: write add.")\nadd(1, 2)')
    assert isinstance(result.error_in_exec, NotImplementedError)
    assert capsys.readouterr().out.strip() == "Not done yet. Your turn: write add."
    shell.run_cell('raise NotImplementedError("A gap of another kind.")')
    assert "Traceback" in capsys.readouterr().out


def test_a_check_speaks_in_two_sentences(capsys):
    with pytest.raises(course.CheckFailed, match=r"Too high\. Try again"):
        checks.require(False, "Too high.", "Try again.")
    checks.require(True, "Too high.")
    checks.passed("it works.")
    assert capsys.readouterr().out == "All checks passed: it works.\n"
    assert course.CheckFailed("Too high.")._render_traceback_() == ["Not yet: Too high."]


def test_what_a_check_shows_is_broken_between_words(capsys):
    checks.passed("the area is the share of pairs in the right order, " * 3)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 88
    assert all(line.startswith("    ") for line in lines[1:])


def test_what_a_check_refuses_is_broken_between_words():
    why = "Where both are as dense, you say 1.00, expected 0.50. " * 4
    lines = course.CheckFailed(why)._render_traceback_()
    assert len(lines) > 1 and max(map(len, lines)) <= 88 and " ".join(lines) == f"Not yet: {why}".strip()
