"""Writing files so that a crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medigenx_lib.errors import InputError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success move it there in one step, else remove it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files private; ours are ordinary ones
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_folder(path: str | Path) -> Path:
    """``path`` as a folder to write into, there or not; nothing is made. For the start of what takes long.

    Raises InputError if it is a file, lies in one, or may not be written to.
    """
    path = Path(path)
    there = next(place for place in (path, *path.absolute().parents) if place.exists() or place.is_symlink())
    if not there.is_dir():
        raise InputError(f"{there} is a file.", "Name a folder with --out.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{there} may not be written to.", "Name another folder with --out.")
    return path


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def whole_letters(text: str) -> str:
    """``text`` with the half characters of odd file names, which cannot be written, as escapes such as ``\\udcff``."""
    return text.encode(errors="backslashreplace").decode()


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write ``data`` to ``path`` atomically and return the path."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def write_text(path: str | Path, text: str) -> Path:
    """Write UTF-8 ``text``, with :func:`whole_letters`, to ``path`` atomically and return the path."""
    return write_bytes(path, whole_letters(text).encode())


def write_json(path: str | Path, value: Any, indent: int | None = 1) -> Path:
    """Write ``value`` as JSON (no NaN: raises ValueError) to ``path`` atomically and return the path.

    Numbers of numpy are written as numbers.
    """
    return write_text(path, json.dumps(value, indent=indent, allow_nan=False, default=plain) + "\n")


def plain(value: Any) -> Any:
    """A number of numpy as Python's own, for ``json.dumps(default=plain)``. Raises TypeError for anything else."""
    if type(value).__module__ == "numpy" and hasattr(value, "item") and not getattr(value, "shape", ()):
        return value.item()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def sha256(path: str | Path) -> str:
    """Hex SHA-256 of the file at ``path``."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
