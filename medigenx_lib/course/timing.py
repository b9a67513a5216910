"""How long the lessons take, measured: ``python -m medigenx_lib.course measure [NN ...] --profile class``.

On a CPU the kernel's processor seconds count, which other programs on the machine hardly change; on a GPU, seconds
on the clock. The numbers stand in ``solutions/measured.json`` and, from there, in the README.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from nbformat import v4

from medigenx_lib.course import notebooks
from medigenx_lib.course.build import execute
from medigenx_lib.course.lessons import SOURCES, Lesson
from medigenx_lib.files import write_json

RECORD = SOURCES / "measured.json"
ASK = """import time
import torch
print(time.process_time(), torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU")"""


def measure(lesson: Lesson, profile: str, folder: Path) -> dict:
    """Run the solution in ``folder``: ``{"seconds", "hardware"}``; processor seconds on a CPU, else on the clock."""
    notebook = notebooks.solution(lesson)
    notebook.cells.append(v4.new_code_cell(ASK))
    began = time.perf_counter()
    made = execute(notebook, folder, {"MEDIGENX_PROFILE": profile, "MEDIGENX_SOURCE": "phantom"})
    clock = time.perf_counter() - began
    said = "".join(output.get("text", "") for output in made.cells[-1].outputs)
    processor, hardware = said.strip().split(" ", 1)
    return {"seconds": round(float(processor) if hardware == "CPU" else clock), "hardware": hardware}


def recorded(path: Path = RECORD) -> dict[str, dict[str, dict]]:
    """Lesson name -> profile -> what :func:`measure` gave; empty if nothing was measured yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def record(name: str, profile: str, measured: dict, path: Path = RECORD) -> Path:
    """Add one measurement to the record, in the order of the lessons."""
    known = recorded(path)
    known.setdefault(name, {})[profile] = measured
    return write_json(path, {key: known[key] for key in sorted(known)})
