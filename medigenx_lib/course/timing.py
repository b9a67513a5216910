"""How long the lessons take, measured: ``python -m medigenx_lib.course measure [NN ...] --profile class``.

On a CPU the kernel's processor seconds count, which other programs on the machine hardly change; on a GPU, seconds
on the clock. The numbers stand in ``solutions/measured.json`` and, from there, in the README. The longest cell is
noted too: a room does not wait for more than ``PATIENCE``.
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
PATIENCE = 60
"""Seconds that a cell may take in class."""
WATCH = """import time
clocks, spans = (time.process_time, time.perf_counter), []
get_ipython().events.register("pre_run_cell", lambda info: spans.append([-clock() for clock in clocks]))
get_ipython().events.register("post_run_cell", lambda result: spans and spans.append(
    [before + clock() for before, clock in zip(spans.pop(), clocks)]))"""
ASK = """import torch
print(time.process_time(), *map(max, zip(*spans[:-1])),
      torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU")"""


def measure(lesson: Lesson, profile: str, folder: Path) -> dict:
    """Run the solution in ``folder``: ``{"seconds", "longest_cell", "hardware"}``; processor seconds on a CPU."""
    notebook = notebooks.solution(lesson)
    notebook.cells.insert(0, v4.new_code_cell(WATCH))
    notebook.cells.append(v4.new_code_cell(ASK))
    began = time.perf_counter()
    made = execute(notebook, folder, {"MEDIGENX_PROFILE": profile, "MEDIGENX_SOURCE": "phantom"})
    clock = time.perf_counter() - began
    said = "".join(output.get("text", "") for output in made.cells[-1].outputs)
    *times, hardware = said.strip().split(" ", 3)
    processor, longest, longest_clock = map(float, times)
    seconds = (processor, longest) if hardware == "CPU" else (clock, longest_clock)
    return {"seconds": round(seconds[0]), "longest_cell": round(seconds[1]), "hardware": hardware}


def recorded(path: Path = RECORD) -> dict[str, dict[str, dict]]:
    """Lesson name -> profile -> what :func:`measure` gave; empty if nothing was measured yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def record(name: str, profile: str, measured: dict, path: Path = RECORD) -> Path:
    """Add one measurement to the record, in the order of the lessons."""
    known = recorded(path)
    known.setdefault(name, {})[profile] = measured
    return write_json(path, {key: known[key] for key in sorted(known)})
