"""What comes in from a team is data, never a program: files are listed, weighed and read here, or refused.

Nothing is unpickled, imported or run. Sizes are known before anything is decoded, links are not followed, archives
are looked through before they are unpacked, and text that holds markup is turned away.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import stat
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from medigenx_lib.errors import InputError

SUFFIXES = (".json", ".csv", ".npz", ".png", ".safetensors")
MIB = 1 << 20
MOST_FILES = 600
MOST_BYTES = 64 * MIB
"""Of all files of a submission together, unpacked."""
MOST_TEXT = 2 * MIB
MOST_RATIO = 200
"""Unpacked over packed size; films of noise shrink by less than 2, films of one grey by a thousand."""
MOST_LISTED = 512 * MOST_FILES
"""Bytes of the list of contents at an archive's end: it is read as a whole before its entries can be counted."""
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The ways of packing that are unpacked. Others can ask for gigabytes of memory in a few bytes."""
MARKUP = re.compile(r"<\s*[a-z!/?]|javascript\s*:|&#", re.IGNORECASE)
UNSEEN = ("Cc", "Cf", "Cs", "Co")
"""Unicode categories that have no place in a report: control, format (such as reversed writing), half characters."""
MOST_ACCENTS = 3
"""Marks on one letter; more of them climb over the lines around them."""


@contextmanager
def opened(path: str | Path) -> Iterator[Path]:
    """The folder of a submission: ``path`` itself, or a zip file unpacked into a folder that goes away again.

    Raises InputError for what is not data, too much of it, or points outside.
    """
    path = Path(path)
    if path.is_symlink():
        raise InputError(f"{path.name} is a link.", "Hand in the folder itself.")
    if path.is_dir():
        files_in(path)
        yield path
    elif path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            _unpack(path, Path(folder))
            yield Path(folder)
    else:
        raise InputError(f"There is no submission at {path.name}.", "Make one: medigenx project new TEAM --track ...")


def files_in(folder: Path) -> list[str]:
    """Names of the files in ``folder`` and below, sorted. Raises InputError if one of them may not be there."""
    found, count, size, folders = [], 0, 0, [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as places:
            for place in places:  # one at a time: a folder may hold millions
                name, mode = Path(place.path).relative_to(folder).as_posix(), place.stat(follow_symlinks=False)
                count += 1
                if stat.S_ISDIR(mode.st_mode):
                    folders.append(place.path)
                else:
                    _check_file(name, mode)
                    found.append(name)
                    size += mode.st_size
                _check_amount(count, size)
    return sorted(found)


def _check_file(name: str, mode: os.stat_result) -> None:
    if not stat.S_ISREG(mode.st_mode):
        raise InputError(f"{_short(name)} is a link or a device, not a file.", "Hand in the file itself.")
    if mode.st_nlink > 1:
        raise InputError(f"{_short(name)} is a second name of another file.", "Hand in a copy of the file.")
    _check_name(name)


def _unpack(path: Path, folder: Path) -> None:
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name} has {path.stat().st_size / MIB:.0f} MiB.", f"At most {MOST_BYTES // MIB} MiB.")
    try:
        with _archive(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            _check_members(members)
            for info in members:
                target = folder / info.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_member(archive, info))
    except InputError:
        raise
    except Exception as error:  # zipfile and zlib raise nearly anything on damaged data
        raise InputError(f"{path.name} is not a sound zip file.", "Hand in a folder, or zip it again.") from error


def _archive(path: Path) -> zipfile.ZipFile:
    """The archive, opened once its list of contents is known to be short. Raises InputError, BadZipFile."""
    with open(path, "rb") as stream:
        stream.seek(max(0, path.stat().st_size - 42))
        tail = stream.read()
    before, end = tail[:-22], tail[-22:]  # what only archives of many files have, and what every archive ends with
    if not end.startswith(b"PK\5\6") or end[20:] != b"\0\0":
        raise zipfile.BadZipFile("no end, or a comment behind it")
    if before.startswith(b"PK\6\7") or int.from_bytes(end[12:16], "little") > MOST_LISTED:
        raise InputError(f"{path.name} lists too many files.", f"At most {MOST_FILES}.")
    return zipfile.ZipFile(path)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    _check_amount(len(members), sum(info.file_size for info in members))
    if len({info.filename for info in members}) < len(members):
        raise InputError("The archive holds two files of one name.", "Zip the folder again.")
    for info in members:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in info.filename or "\\" in info.filename:
            raise InputError(f"{_short(info.filename)} points outside the archive.", "Zip the folder as it is.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{_short(info.filename)} is a link.", "Hand in the file itself.")
        _check_name(info.filename)
        _check_packing(info)


def _check_packing(info: zipfile.ZipInfo) -> None:
    if info.compress_type not in PACKED:
        raise InputError(f"{_short(info.filename)} is packed in an unusual way.", "Zip the folder as it is.")
    if info.file_size > MIB and info.file_size > MOST_RATIO * max(1, info.compress_size):
        raise InputError(f"{_short(info.filename)} unpacks to {info.file_size // MIB} MiB from next to nothing.",
                         "An archive may not be a bomb.")  # fmt: skip


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member, never more than it says it has."""
    with archive.open(info) as stream:
        data = stream.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise InputError(f"{_short(info.filename)} is not as long as it says.", "Zip the folder again.")
    return data


def _check_name(name: str) -> None:
    if not name.isprintable():
        raise InputError(f"{_short(name)} has characters in its name that cannot be shown.", "Rename it.")
    if PurePosixPath(name).suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{_short(name)} is not data of a kind that is read here.", f"Leave only {' '.join(SUFFIXES)}."
        )


def _check_amount(count: int, size: int) -> None:
    if count > MOST_FILES or size > MOST_BYTES:
        what = f"The submission has {count} files and {size / MIB:.0f} MiB so far."
        raise InputError(what, f"At most {MOST_FILES} files and {MOST_BYTES // MIB} MiB.")


def _short(name: str) -> str:
    return repr(name[-60:])


# --- reading ---------------------------------------------------------------------------------------


def text(path: Path) -> str:
    """UTF-8 text of at most ``MOST_TEXT`` bytes without markup or unseen characters. Raises InputError."""
    if path.stat().st_size > MOST_TEXT:
        raise InputError(f"{path.name} has more than {MOST_TEXT // MIB} MiB.", "Shorten it.")
    try:
        found = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text.", "Save it as UTF-8.") from error
    return _plain(found, path.name)


def _plain(found: str, name: str) -> str:
    """The text itself. Raises InputError for markup, and for what writes backwards, over other lines, or not at all."""
    if MARKUP.search(found):
        raise InputError(f"{name} holds markup or a script.", "Reports are plain text: no tags, no links.")
    kinds = [unicodedata.category(letter) for letter in found]
    for letter, kind in zip(found, kinds, strict=True):
        if kind in UNSEEN and letter not in "\t\r\n":
            raise InputError(f"{name} holds the unseen character U+{ord(letter):04X}.", "Plain text only.")
    if "M" * (MOST_ACCENTS + 1) in "".join(kind[0] for kind in kinds):
        raise InputError(f"{name} piles marks on one letter.", "Plain text only.")
    return found


def printable(text: str) -> str:
    """Any text, such as the name of a folder that was handed in, with all that cannot be shown replaced by ``?``."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises InputError for anything else: NaN, infinity, endless nesting, a key given twice."""
    try:
        found = json.loads(text(path), parse_constant=_finite, parse_float=_finite, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is not sound JSON.", "Compare it with the template.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path.name} is not a JSON object.", "Compare it with the template.")
    _plain(json.dumps(found, ensure_ascii=False), path.name)  # what was hidden behind escapes
    return found


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError(number)
    return float(number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def read_rows(path: Path, columns: tuple[str, str], most: int) -> list[tuple[str, str]]:
    """The rows of a CSV file with exactly these two ``columns``, at most ``most``. Raises InputError."""
    try:
        rows = list(csv.reader(io.StringIO(text(path), newline=""), strict=True))
    except csv.Error as error:
        raise InputError(f"{path.name} is not a sound CSV file ({error}).", "Compare it with the template.") from error
    rows = [row for row in rows if row]
    if not rows or tuple(cell.strip() for cell in rows[0]) != columns or any(len(row) != 2 for row in rows):
        raise InputError(f"{path.name} has other columns.", f"Its first line is: {','.join(columns)}")
    if len(rows) - 1 > most:
        raise InputError(f"{path.name} has {len(rows) - 1} rows.", f"At most {most}.")
    return [(first.strip(), second.strip()) for first, second in rows[1:]]


def read_arrays(path: Path, names: tuple[str, ...]) -> list[np.ndarray]:
    """The arrays of these ``names`` in an npz file; numbers only, never a pickle. Raises InputError."""
    try:
        with _archive(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if missing := [name for name in names if f"{name}.npy" not in members]:
                raise InputError(f"{path.name} lacks {', '.join(missing)}.", f"It holds {', '.join(names)}.")
            _check_amount(len(members), sum(info.file_size for info in members.values()))
            for info in members.values():
                _check_packing(info)
            return [_array(_member(archive, members[f"{name}.npy"]), f"{path.name}/{name}") for name in names]
    except InputError:
        raise
    except Exception as error:  # zipfile and zlib raise nearly anything on damaged data
        raise InputError(f"{path.name} is not a sound npz file.", "Save it with numpy.savez_compressed.") from error


def _array(data: bytes, name: str) -> np.ndarray:
    if b"'|O'" in data[:512] or b'"|O"' in data[:512]:
        raise InputError(f"{name} holds Python objects (a pickle).", "Save arrays of numbers.")
    try:
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False, max_header_size=2000)
    except Exception as error:
        raise InputError(f"{name} is not an array of numbers.", "Save it with numpy.savez_compressed.") from error
    if array.dtype.kind not in "uif":
        raise InputError(f"{name} is of type {array.dtype}.", "Save arrays of numbers.")
    return array
