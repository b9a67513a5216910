"""What the columns of a table of films are, by their names or by what stands in them; and how its rows are read."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from medigenx_lib.datasets import films
from medigenx_lib.datasets.labels import split_of_word
from medigenx_lib.errors import InputError

NEXT_STEP = "Write a CSV with columns path,label,patient: label 0 or normal, 1 or pneumonia, or blank."
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl")
COLUMNS = {
    "file": ("path", "file", "filename", "imagepath", "imageindex", "imageid", "xrayimagename", "dicomid", "image"),
    "patient": ("patient", "patientid", "subjectid"),
    "study": ("studyid",),
    "split": ("split", "datasettype"),
    "photometric": ("photometricinterpretation",),
    "view": ("view", "projection", "frontal/lateral", "viewposition", "viewcodesequencecodemeaning"),
    "label": ("label", "labels", "findinglabels", "findinglabel", "target", "classname", "class", "finding"),
    "outline": ("encodedpixels", "rle", "rlemask"),
}
"""What a column is -> its names, without blanks and underscores; the first that is there counts.

Of the views, it is the first that is not blank: in PadChest the curated ``Projection`` stands before what the DICOM
header says, in MIMIC-CXR-JPG blanks of ``ViewPosition`` are filled by the name of the view's code.
"""
SPLITS = ("subset", "partition", "phase", "set", "source", "dataset", "mode")
"""Columns of these names tell the split if a word for one stands in them."""
FINDINGS = {"nofinding": "normal", "normal": "normal", "pneumonia": "pneumonia", "consolidation": "consolidation"}
"""Columns of one finding each, 1 where it was seen, and what that says; -1 (uncertain), 0 and blank say nothing."""
OUTLINED = ("no mask", "mask")
"""What a column of run lengths says: nothing is outlined (-1 or blank), or something is."""


def is_table(path: Path) -> bool:
    """True for a file with the suffix of a table."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def roles(row: Mapping[str, str]) -> dict[str, list[str]]:
    """What is told -> the columns that tell it, the first in ``row`` that is not blank counts.

    Films are named by a column in which the name of a picture stands, one of a known name first, else by any of a known
    name, else by the patient's number, if no study is told. ``row`` is the first of its table.
    """
    plain = {_plain(name): name for name in reversed(list(row))}
    found = {role: [plain[name] for name in names if name in plain] for role, names in COLUMNS.items()}
    pictures = [name for name, value in row.items() if _names_a_picture(value)]
    if not any(name in pictures for name in found["file"][:1]):
        found["file"] = pictures or found["file"]
    if not found["file"] and not found["study"] and "patientid" in plain:
        found["file"] = [plain["patientid"]]
    found["split"] = found["split"] or [plain[n] for n in SPLITS if n in plain and split_of_word(row[plain[n]])]
    return {role: names if role == "view" else names[:1] for role, names in found.items() if names}


def told(row: Mapping[str, str], known: Mapping[str, list[str]]) -> dict[str, str]:
    """What ``row`` tells: role -> value, blanks left out."""
    values = {role: next((row[name] for name in names if row.get(name)), "") for role, names in known.items()}
    return {role: value for role, value in values.items() if value}


def said(row: Mapping[str, str], known: Mapping[str, list[str]], names: tuple[str, ...]) -> list[str]:
    """Words on what the film shows. ``names``: columns of a finding besides the known ones."""
    words = [word for name, word in _finding_columns(tuple(row), names) if row[name] in ("1", "1.0")]
    words += [row[name] for name in known.get("label", ()) if row.get(name)]
    return words + [OUTLINED[row.get(name, "") not in ("", "-1", "nan")] for name in known.get("outline", ())]


def tells(path: Path) -> bool:
    """True if the columns name films, or studies, and say something about them."""
    try:
        row = next(rows(path), {})
    except InputError:
        return False
    known = roles(row)
    says = {"label", "split", "view", "outline"} & set(known) or set(FINDINGS) & set(map(_plain, row))
    patients = known.get("patient", known.get("file")) != known.get("file")
    return bool({"file", "study"} & set(known)) and bool(says or patients)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows, values as text without blanks around. Raises InputError for what is no table."""
    try:
        opened = gzip.open if path.suffix.lower() == ".gz" else open
        with opened(path, "rt", newline="", encoding="utf-8-sig", errors="replace") as stream:
            if path.suffix.lower() == ".jsonl":
                found: Iterable = ({str(k): v for k, v in json.loads(line).items()} for line in stream if line.strip())
            else:
                head = stream.readline()
                delimiter = max(",;\t", key=head.count)
                found = csv.DictReader(stream, next(csv.reader([head], delimiter=delimiter), []), delimiter=delimiter)
            for row in found:
                yield {k: "" if v is None else str(v).strip() for k, v in row.items() if k}
    except (OSError, EOFError, csv.Error, ValueError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} cannot be read as a table ({reason}).", NEXT_STEP) from error


def _names_a_picture(value: str) -> bool:
    name = PurePosixPath(value.replace("\\", "/"))
    return name.suffix.lower() in films.SUFFIXES and not films.NO_FILMS.search(name.stem)


@lru_cache(maxsize=64)
def _finding_columns(columns: tuple[str, ...], names: tuple[str, ...]) -> list[tuple[str, str]]:
    known = FINDINGS | {_plain(name): name for name in names}
    return [(column, known[plain]) for column in columns if (plain := _plain(column)) in known]


def _plain(column: str) -> str:
    return re.sub(r"[ _]|DICOM$", "", column).lower()
