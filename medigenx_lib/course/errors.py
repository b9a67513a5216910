"""How a check speaks when an answer is not right yet."""

from __future__ import annotations

import textwrap
from types import TracebackType
from typing import Any

from medigenx_lib.errors import MedigenxError

OPEN = "Your turn"
"""How the message begins of an exercise that is not done yet; see :func:`.notebooks.stub`."""


class CheckFailed(MedigenxError):
    """A student's answer that is not right yet: what is wrong, and what to try."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines instead of a traceback: the way through the check is no help to a student."""
        return broken(f"Not yet: {self}")


def broken(text: str) -> list[str]:
    """``text`` in lines of at most 88 characters: a front end breaks longer ones in the middle of words."""
    return textwrap.wrap(text, 88, break_on_hyphens=False)


def shorten_open_exercises() -> None:
    """Have IPython say of an open exercise in one line that it is open: a way through its check says too much."""
    from IPython import get_ipython

    if (shell := get_ipython()) is not None:
        shell.set_custom_exc((NotImplementedError,), _tell)


def _tell(shell: Any, kind: type, error: BaseException, trace: TracebackType, tb_offset: int | None = None) -> None:
    if str(error).startswith(OPEN):
        shell._showtraceback(kind, error, [f"Not done yet. {error}"])
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
