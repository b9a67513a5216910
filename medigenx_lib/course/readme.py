"""The README's table of lessons, from their headers: ``python -m medigenx_lib.course readme``."""

from __future__ import annotations

from pathlib import Path

from medigenx_lib.course import lessons, timing
from medigenx_lib.course.address import ROOT, badge
from medigenx_lib.course.lessons import Header
from medigenx_lib.errors import InputError
from medigenx_lib.files import write_text

README = ROOT / "README.md"
BEGIN, END = "<!-- lessons: begin -->", "<!-- lessons: end -->"
TABLE = "| | lesson | what it covers | minutes | fast | class | GPU | |\n|---|---|---|---|---|---|---|---|"


def table(folder: Path = lessons.SOURCES) -> str:
    """Markdown rows of all lessons; one that is not written yet stands without link."""
    return "\n".join([TABLE, *(row(name, folder) for name in lessons.NAMES)])


def row(name: str, folder: Path) -> str:
    """One line: number, linked title, key point, minutes, measured seconds, GPU, badge."""
    source = folder / f"{name}.py"
    if not source.exists():
        return f"| {int(name[:2])} | {name[3:].replace('_', ' ')} (being written) | | | | | | |"
    header = lessons.read(source).header
    path = f"notebooks/{name}.ipynb"
    took = [seconds(name, profile) for profile in ("fast", "class")]
    cells = [str(int(name[:2])), f"[{header.title}]({path})", header.key_point, minutes(header), *took,
             "yes" if header.accelerator == "gpu" else "", badge(path)]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def minutes(header: Header) -> str:
    """Teaching + exercises."""
    return f"{header.teaching} + {header.exercises}"


def seconds(name: str, profile: str) -> str:
    """What a run of the whole notebook took, and on what; empty if it was not measured."""
    measured = timing.recorded().get(name, {}).get(profile)
    return f"{measured['seconds']} s {measured['hardware']}" if measured else ""


def filled(text: str, inner: str) -> str:
    """``text`` with ``inner`` between the two marks. Raises InputError where they are missing."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise InputError(f"The README has no {BEGIN} ... {END}.", "Put both lines where the table belongs.")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{inner}\n{END}{rest.split(END)[1]}"


def write(path: Path = README) -> Path:
    """Bring the table in the README up to date."""
    return write_text(path, filled(path.read_text(encoding="utf-8"), table()))
