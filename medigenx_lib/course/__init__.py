"""What a lesson's notebook needs beside the library: a start, figures with words, controls, quizzes, checks.

In a lesson: ``from medigenx_lib import course``. The notebooks themselves are made by :mod:`.build`.
"""

from medigenx_lib.course.errors import CheckFailed
from medigenx_lib.course.keeping import keep
from medigenx_lib.course.look import PALETTE, films, show, tell
from medigenx_lib.course.questions import quiz, think
from medigenx_lib.course.session import by_profile, cases, profile, start
from medigenx_lib.course.widgets import interact

__all__ = ["PALETTE", "CheckFailed", "by_profile", "cases", "films", "interact", "keep", "profile", "quiz", "show",
           "start", "tell", "think"]  # fmt: skip
