"""One module a lesson, one function an exercise: takes the student's function and says whether it is right.

A check tries several inputs against a truth of its own, never against the library function that the lesson
teaches alone, and raises :class:`~medigenx_lib.course.CheckFailed` with words that help.
"""

from __future__ import annotations

from medigenx_lib.course import look
from medigenx_lib.course.errors import CheckFailed


def require(holds: bool, what: str, next_step: str = "") -> None:
    """Raise CheckFailed unless ``holds``: ``what`` is wrong, and ``next_step`` to try."""
    if not holds:
        raise CheckFailed(what, next_step)


def passed(shown: str) -> None:
    """Print that all checks passed, and in one sentence what that shows."""
    look.tell(f"All checks passed: {shown}", hang=4)
