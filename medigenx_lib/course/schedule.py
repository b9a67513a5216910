"""The workshop's timetables, from the minutes in the lessons' headers: ``python -m medigenx_lib.course readme``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from medigenx_lib.course import lessons
from medigenx_lib.course.address import ROOT
from medigenx_lib.course.lessons import Lesson
from medigenx_lib.files import write_text

SCHEDULE = ROOT / "SCHEDULE.md"
MORNING, LATEST = 9 * 60, 17 * 60 + 30
NOON, LUNCH = 12 * 60, 60
STEP = 5
"""Minutes are rounded up to a multiple of this."""
HEAD = """# Schedule

Made from the minutes in the lessons' headers by `make notebooks`; edit those, not this file. Days begin at 9:00, end by
17:30, and lunch is an hour.
"""


@dataclass(frozen=True)
class Plan:
    """``taught`` and ``practised``: the share of each lesson's teaching and exercises in class; ``pause``: minutes."""

    title: str
    words: str
    days: int
    taught: float
    practised: float
    pause: int


ONE_DAY = Plan("One day", "Half of each lesson's teaching, its figures and its demo, from the instructor's edition\n"
               "(`make instructor`), where each exercise is skipped to its checkpoint. Exercises at home.",
               1, 0.5, 0, 5)  # fmt: skip
TWO_DAYS = Plan("Two days", "All the teaching: images on the first day, text on the second. Exercises at home.",
                2, 1, 0, 10)  # fmt: skip
WHOLE = Plan("The whole course", "All the teaching and all the exercises in class.", 4, 1, 1, 10)
PLANS = (ONE_DAY, TWO_DAYS, WHOLE)


@dataclass(frozen=True)
class Slot:
    """One lesson in the timetable; times in minutes after midnight."""

    day: int
    start: int
    practice: int
    end: int
    lesson: Lesson


def slots(planned: Iterable[Lesson], plan: Plan = WHOLE) -> list[Slot]:
    """The lessons one after the other, with lunch once a day, and a new day where one would end too late."""
    made: list[Slot] = []
    day, now, ate = 1, MORNING, False
    for lesson in planned:
        if not ate and now >= NOON - 15:
            now, ate = now + LUNCH - plan.pause, True
        teaching, exercises = minutes(lesson, plan)
        length = teaching + exercises
        if now > MORNING and now + length > LATEST:
            day, now, ate = day + 1, MORNING, False
        made.append(Slot(day, now, now + teaching, now + length, lesson))
        now += length + plan.pause
    return made


def minutes(lesson: Lesson, plan: Plan) -> tuple[int, int]:
    """(teaching, exercises) of ``lesson`` in class by ``plan``, rounded up to ``STEP``."""
    shares = (lesson.header.teaching * plan.taught, lesson.header.exercises * plan.practised)
    return tuple(STEP * math.ceil(share / STEP) for share in shares)


def clock(minutes: int) -> str:
    """Minutes after midnight as 9:05."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def text(planned: Iterable[Lesson]) -> str:
    """Markdown of all timetables."""
    planned = list(planned)
    return HEAD + "".join(table(slots(planned, plan), plan) for plan in PLANS)


def table(made: Iterable[Slot], plan: Plan) -> str:
    """Markdown of one timetable."""
    parts, day = [f"\n## {plan.title}\n\n{plan.words}\n"], 0
    for slot in made:
        if slot.day != day:
            day = slot.day
            parts.append(f"\n### Day {day}\n\n| lesson | teaching | exercises |\n|---|---|---|\n")
        practice = f"{clock(slot.practice)} to {clock(slot.end)}" if slot.end > slot.practice else "at home"
        times = f"{clock(slot.start)} to {clock(slot.practice)} | {practice}"
        parts.append(f"| {slot.lesson.number} {slot.lesson.header.title} | {times} |\n")
    return "".join(parts)


def write(path: Path = SCHEDULE) -> Path:
    """Bring the timetables up to date."""
    return write_text(path, text(lessons.lesson(name) for name in lessons.names()))
