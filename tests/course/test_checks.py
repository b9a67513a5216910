"""Every check says no to the stub and to each plausible wrong answer, in words, and yes to the solution."""

import pytest
from lesson_cases import NAMES, exercises, wrong_answers

from medigenx_lib.course import CheckFailed, notebooks

EXERCISES = [pytest.param(name, e, id=f"{name}-{e.name}") for name in NAMES for e in exercises(name)]
WRONG = [
    pytest.param(name, e, answer, id=f"{name}-{e.name}-{number}")
    for name in NAMES
    for e in exercises(name)
    for number, answer in enumerate(wrong_answers(name).get(e.name, []))
]


def checked(exercise, source):
    """Run the check on ``source`` in a namespace that holds nothing but the lesson's imports."""
    namespace = {"__name__": "__main__"}
    for code in (exercise.imports, source, exercise.check):
        exec(compile(code, exercise.name, "exec"), namespace)


@pytest.mark.parametrize("name, exercise", EXERCISES)
def test_the_stub_is_not_done(name, exercise):
    stub = notebooks.stub(exercise.source)
    assert stub != exercise.source
    with pytest.raises(NotImplementedError, match="Your turn"):
        checked(exercise, stub)


@pytest.mark.parametrize("name, exercise", EXERCISES)
def test_the_solution_passes(name, exercise, capsys):
    checked(exercise, exercise.source)
    assert "All checks passed: " in capsys.readouterr().out


@pytest.mark.parametrize("name, exercise, answer", WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(name, exercise, answer, capsys):
    with pytest.raises(CheckFailed) as failed:
        checked(exercise, answer)
    assert len(str(failed.value).split()) >= 6
    assert "All checks passed" not in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_wrong_answers(name):
    assert set(wrong_answers(name)) == {exercise.name for exercise in exercises(name)}
    assert all(wrong_answers(name).values())
