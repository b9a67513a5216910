"""How a check speaks when an answer is not right yet."""

from medigenx_lib.errors import MedigenxError


class CheckFailed(MedigenxError):
    """A student's answer that is not right yet: what is wrong, and what to try."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines instead of a traceback: the way through the check is no help to a student."""
        return [f"Not yet: {self}"]
