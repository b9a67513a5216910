"""The lessons that show films show real ones by one setting."""

import pytest
from lesson_cases import NAMES, lesson

from medigenx_lib.course import build, notebooks

LESSONS = [name for name in NAMES if name[:2] in ("01", "02", "05", "08")]


@pytest.mark.parametrize("name", LESSONS)
def test_the_solution_runs_on_real_films(name, tmp_path, real_data):
    source = real_data / "cxr_npz" / "chest_xray_64.npz"
    made = build.execute(notebooks.solution(lesson(name)), tmp_path, {"MEDIGENX_SOURCE": str(source)})
    assert "films from chest_xray_64.npz" in made.cells[1].outputs[0].text
