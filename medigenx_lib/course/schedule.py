"""The workshop's timetable, from the minutes in the lessons' headers: ``python -m medigenx_lib.course readme``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from medigenx_lib.course import lessons
from medigenx_lib.course.address import ROOT
from medigenx_lib.course.lessons import Lesson
from medigenx_lib.files import write_text

SCHEDULE = ROOT / "SCHEDULE.md"
MORNING, LATEST = 9 * 60, 17 * 60 + 30
NOON, LUNCH, BREAK = 12 * 60, 60, 10
HEAD = """# Schedule

Made from the minutes in the lessons' headers by `make notebooks`; edit those, not this file. Days begin at 9:00,
lunch is an hour, and ten minutes lie between lessons.
"""


@dataclass(frozen=True)
class Slot:
    """One lesson in the timetable; times in minutes after midnight."""

    day: int
    start: int
    practice: int
    end: int
    lesson: Lesson


def slots(planned: Iterable[Lesson]) -> list[Slot]:
    """The lessons one after the other, with lunch once a day, and a new day where one would end too late."""
    made: list[Slot] = []
    day, now, ate = 1, MORNING, False
    for lesson in planned:
        if not ate and now >= NOON - 15:
            now, ate = now + LUNCH - BREAK, True
        length = lesson.header.teaching + lesson.header.exercises
        if now > MORNING and now + length > LATEST:
            day, now, ate = day + 1, MORNING, False
        made.append(Slot(day, now, now + lesson.header.teaching, now + length, lesson))
        now += length + BREAK
    return made


def clock(minutes: int) -> str:
    """Minutes after midnight as 9:05."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def text(planned: Iterable[Lesson]) -> str:
    """Markdown of the whole timetable."""
    parts, day = [HEAD], 0
    for slot in slots(planned):
        if slot.day != day:
            day = slot.day
            parts.append(f"\n## Day {day}\n\n| lesson | teaching | exercises |\n|---|---|---|\n")
        times = f"{clock(slot.start)} to {clock(slot.practice)} | {clock(slot.practice)} to {clock(slot.end)}"
        parts.append(f"| {slot.lesson.number} {slot.lesson.header.title} | {times} |\n")
    return "".join(parts)


def write(path: Path = SCHEDULE) -> Path:
    """Bring the timetable up to date."""
    return write_text(path, text(lessons.lesson(name) for name in lessons.names()))
