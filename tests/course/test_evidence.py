"""The evidence that lesson 14 weighs is what the stored solutions of the other lessons say, or the benchmarks."""

import ast
import re

import nbformat
import pytest
from lesson_cases import lesson

from medigenx_lib.course import lessons
from medigenx_lib.course.address import ROOT

WEIGHED = "14_group_project"
PRINTED = {  # row of the table -> lesson, and where its stored outputs print the figures, in the table's order
    1: (1, r"hospital A +AUC (\S+)\n(?:.*\n)hospital B +AUC (\S+)"),
    2: (1, r"split by films: +(\S+) % of the test films"),
    4: (6, r"real \+ generated +(\S+) \[(\S+), (\S+)\]"),
    6: (8, r"best of the stable: .*\n +AUC (\S+) where it was chosen, (\S+) \[(\S+), (\S+)\]"),
    8: (11, r"greedy +\S+ +\S+ +(\S+).*\n(?:.*\n)*?.*gated: contradicted or omitted: (\S+)"),
    10: (12, r"first +finding F1 (\S+) .*\ncontrol +finding F1 (\S+) .*\nsecond +finding F1 (\S+) "),
    11: (13, r"here .* specificity (\S+) % .*\n(?:.*\n)a bad night .* specificity (\S+) % "),
}
BENCHED = {  # row -> where the README of the benchmarks says it
    3: r"^\| copies no more .* \| (\.\d+), held out (\.\d+); ",
    7: r"^\| finding F1, 600 phantoms .*\n(?:.*\n)\| true .* (\S+) \[\S+ \S+ \|\n\| shuffled .* (\S+) \[\S+ \S+ \|\n"
    r"(?:\|.*\n)+?\| image only .* (\S+) \[\S+ \S+ \|",
}


def printed(number):
    """Everything that the stored solution of a lesson printed, cell after cell."""
    notebook = nbformat.read(lessons.SOURCES / f"{lessons.NAMES[number - 1]}.ipynb", as_version=4)
    return "\n".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


def figures(row):
    """The numbers of a row of the table as shares: 95 % is 0.95."""
    table = next(cell.source for cell in lesson(WEIGHED).cells if "| measured |" in cell.source)
    figure = re.search(rf"^\| {row} \| .* \| (.*) \| .* \|$", table, re.M)[1]
    return [float(value) / (100 if percent else 1) for value, percent in re.findall(r"(-?\d*\.?\d+)( %)?", figure)]


@pytest.mark.parametrize("row", PRINTED)
def test_each_row_says_what_its_lesson_printed(row):
    number, pattern = PRINTED[row]
    found = re.search(pattern, printed(number))
    assert found, f"lesson {number:02d} no longer prints what row {row} of lesson 14 quotes"
    values = [float(text) / (100 if " %" in pattern else 1) for text in found.groups()]
    assert figures(row) == pytest.approx(values, abs=0.0051), f"row {row} of lesson 14; lesson {number:02d}: {values}"


@pytest.mark.parametrize("row", BENCHED)
def test_each_other_row_says_what_the_benchmarks_say(row):
    found = re.search(BENCHED[row], (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8"), re.M)
    assert found, f"the benchmarks no longer say what row {row} of lesson 14 quotes"
    assert figures(row) == pytest.approx([float(text) for text in found.groups()], abs=0.0051)


def test_each_interval_that_is_drawn_was_printed():
    drawn = next(cell.source for cell in lesson(WEIGHED).cells if cell.source.count("MEASURED = {"))
    values = ast.literal_eval(re.search(r"MEASURED = (\{.*?^\})", drawn, re.S | re.M)[1])
    for name, (value, low, high) in values.items():
        number = int(re.search(r"\((\d+)\)$", name)[1])
        shares = f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
        assert f"{value:.2f} [{low:.2f}, {high:.2f}]" in printed(number) or shares in printed(number), name
