"""Work that outlives a Colab machine: one call gives a folder that stays, on Drive there and in the home elsewhere."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

from medigenx_lib.errors import InputError

MOUNTED = Path("/content/drive")
ON_DRIVE = Path("MyDrive") / "medigenx"
ELSEWHERE = Path("~") / "medigenx"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def keep(name: str) -> Path:
    """The folder ``name`` for work that should survive a disconnection: on Google Drive in Colab, else ``~/medigenx``.

    Give it to ``gan.training.train`` as its folder, and a training that was cut off goes on from its checkpoint. In
    Colab, Drive asks for permission once; where that is refused, the folder lies on the machine, and a sentence says
    that it goes away with it. Raises InputError for a name that is no plain folder name.
    """
    if not NAME.fullmatch(name) or ".." in name:
        raise InputError(f"{name!r:.60} cannot be a folder's name.", "Letters, digits, . _ -; at most 60.")
    folder = (_drive() or ELSEWHERE.expanduser()) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _drive() -> Path | None:
    """The course's folder on Drive, mounted if need be; ``None`` outside Colab and where Drive cannot be had."""
    try:
        found = importlib.util.find_spec("google.colab") is not None
    except (ImportError, ValueError):  # no package "google", or a stand-in without a spec
        found = False
    if not found:
        return None
    try:
        importlib.import_module("google.colab.drive").mount(str(MOUNTED))
    except Exception as error:  # Colab raises whatever its browser side reports
        print(f"Drive cannot be had ({error}). Work stays on this machine and goes away with it; call keep again.")
        return None
    return MOUNTED / ON_DRIVE
