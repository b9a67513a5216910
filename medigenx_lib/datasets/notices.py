"""Warnings that point to the line outside the library which asked, from however deep they come."""

from __future__ import annotations

import sys
import warnings


def warn(sentence: str) -> None:
    """A UserWarning that is shown with the first line above it which is not the library's own."""
    frame, level = sys._getframe(), 1
    while frame.f_back and str(frame.f_globals.get("__name__")).split(".")[0] == __name__.split(".")[0]:
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, stacklevel=level)
