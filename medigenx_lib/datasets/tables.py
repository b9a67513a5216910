"""A table that tells label, patient, split and view of films: NIH, CheXpert, MIMIC, RSNA, VinDr, PadChest, your own.

CSV, TSV (also .gz) or JSON lines, with a row an image, a row a finding, or a row a study. Columns are known by their
names, in capitals or not, with blanks or underscores; see ``COLUMNS``. Several tables in a folder are read as one.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from medigenx_lib import preprocessing
from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets.films import found_below, patient_in, read_film
from medigenx_lib.datasets.labels import Meaning, split_of_word
from medigenx_lib.datasets.request import Request, read_all
from medigenx_lib.datasets.splits import Lists, assigned, of_folders
from medigenx_lib.errors import InputError

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl")
COLUMNS = {
    "file": ("path", "file", "filename", "imagepath", "imageindex", "imageid", "xrayimagename", "dicomid", "image",
             "patientid"),
    "patient": ("patient", "patientid", "subjectid"),
    "study": ("studyid",),
    "split": ("split", "datasettype"),
    "photometric": ("photometricinterpretation",),
    "view": ("view", "viewposition", "frontal/lateral", "projection"),
    "label": ("label", "labels", "findinglabels", "findinglabel", "target", "classname", "class", "finding"),
}  # fmt: skip
"""What a column is -> its names, without blanks and underscores; the first that is there counts."""
FINDINGS = {"nofinding": "normal", "normal": "normal", "pneumonia": "pneumonia", "consolidation": "consolidation"}
"""Columns of one finding each, 1 where it was seen, and what that says; -1 (uncertain), 0 and blank say nothing."""
FRONTAL = re.compile(r"(ap|pa|frontal|anteroposterior|posteroanterior)(?![a-z])", re.IGNORECASE)
NEXT_STEP = "Write a CSV with columns path,label,patient: label 0 or normal, 1 or pneumonia, or blank."
LABELS_STEP = f"Say what counts as which: positive=, negative= (--positive, --negative NAME[,NAME]). Or: {NEXT_STEP}"


@dataclass
class Facts:
    """What the tables tell of one film or study: ``said`` are the words on what it shows."""

    said: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)  # patient, study, split, view, photometric

    @property
    def frontal(self) -> bool:
        """False where the view is known to be another."""
        view = self.known.get("view", "")
        return view.lower() in ("", "unknown", "nan") or bool(FRONTAL.match(view))


class NoFilmsError(InputError):
    """A table that names films, none of which is there."""


def is_table(path: Path) -> bool:
    """True for a file with the suffix of a table."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def find(folder: Path, deep: bool = True) -> list[Path]:
    """The tables about films that lie in ``folder`` or, if none does and ``deep``, right below it; sorted."""
    for pattern in ("*", "*/*")[: 1 + deep]:
        found = [p for p in sorted(folder.glob(pattern)) if is_table(p) and not p.name.startswith(".")]
        if usable := [path for path in found if _tells(path)]:
            return usable
    return []


def load(tables: list[Path], folder: Path, request: Request) -> list[Case]:
    """Cases of the frontal films below ``folder`` that ``tables`` name; ``meta["view"]`` where it is told.

    Split as the tables say, or lists (``train_val_list.txt``, ``test_list.txt``; see ``splits``), or the folders train,
    val and test if the films lie in two of them, or by patient.
    Raises NoFilmsError if none of the films named is there, InputError if a table cannot be read or its labels say
    neither normal nor pneumonia.
    """
    facts = _facts(tables, folder, request.meaning.names)
    files = found_below(folder, facts)
    splits = _splits(files, facts, folder)
    kept = [name for name in files if facts[name].frontal and splits[name] in request.splits]
    if not kept:
        raise _nothing(tables, folder, request, len(facts), sorted(set(splits.values())))
    labels = {name: request.meaning.label_of(facts[name].said) for name in files}
    _check_labels(facts, labels, tables, request.meaning)
    picked = [kept[index] for index in request.pick([(splits[name], str(labels[name])) for name in kept])]
    known = {name: {"label": labels[name], "split": splits[name]} for name in picked}
    return read_all(folder, picked, lambda name: _case(files[name], facts[name], known[name]), request)


def _nothing(tables: list[Path], folder: Path, request: Request, named: int, present: list[str]) -> InputError:
    if not present:
        names = ", ".join(path.name for path in tables)
        return NoFilmsError(f"None of the {named} films named in {names} lies below {folder}.", NEXT_STEP)
    what = f"{folder} has no frontal film of split {request.split or 'train, val or test'}."
    return InputError(what, f"It has: {', '.join(present)}.")


def _case(file: Path, facts: Facts, known: dict) -> Case:
    case = read_film(file)
    if facts.known.get("photometric") == "MONOCHROME1" and case.meta["polarity"] == "inverted":
        case = preprocessing.correct_polarity(case)  # PadChest's PNG files hold the values of MONOCHROME1 as they are
    told = {"view": facts.known.get("view"), "class": "|".join(dict.fromkeys(facts.said))}
    meta = {**case.meta, **{name: words for name, words in told.items() if words}}
    return replace(case, patient=_patient(facts, file), meta=meta, **known)


def _check_labels(facts: dict[str, Facts], labels: dict[str, int | None], tables: list[Path], meaning: Meaning) -> None:
    """Refuse labels of which none is understood: a message is better than a set without labels."""
    said = sorted({word for name in labels for word in facts[name].said})
    if meaning.names:
        meaning.check(said, labels.values())
    if said and all(label is None for label in labels.values()):
        names = ", ".join(path.name for path in tables)
        raise InputError(f"No label in {names} says normal or pneumonia ({', '.join(said):.80}).", LABELS_STEP)


# --- rows ----------------------------------------------------------------------------------------


def _facts(tables: Iterable[Path], folder: Path, names: tuple[str, ...] = ()) -> dict[str, Facts]:
    """Name of a film as the tables write it, behind the place of the table -> what all tables together tell."""
    films: dict[str, Facts] = {}
    studies: dict[str, Facts] = {}
    for table in tables:
        place = "" if table.parent == folder else f"{table.parent.name}/"
        _add_table(table, place, films, studies, names)
    for facts in films.values():
        if study := studies.get(facts.known.get("study", "")):
            facts.said += study.said
            facts.known = {**study.known, **facts.known}
    if not films:
        names = ", ".join(path.name for path in tables)
        raise InputError(f"{names} names no films.", NEXT_STEP)
    return films


def _add_table(
    table: Path, place: str, films: dict[str, Facts], studies: dict[str, Facts], names: tuple[str, ...]
) -> None:
    """Put what each row tells to its film or, where it names none, to its study. ``names``: further finding columns."""
    roles: dict[str, str] = {}
    for row in _rows(table):
        roles = roles or _roles(row)
        seen = [said for name, said in _finding_columns(tuple(row), names) if row[name] in ("1", "1.0")]
        told = {role: value for role, name in roles.items() if (value := row.get(name))}
        film, label = told.pop("file", ""), told.pop("label", "")
        facts = films.setdefault(place + film, Facts()) if film else studies.setdefault(told.get("study", ""), Facts())
        facts.known |= told
        facts.said += [*seen, *([label] if label else [])]


@lru_cache(maxsize=64)
def _finding_columns(columns: tuple[str, ...], names: tuple[str, ...]) -> list[tuple[str, str]]:
    known = FINDINGS | {_plain(name): name for name in names}
    return [(column, known[plain]) for column in columns if (plain := _plain(column)) in known]


def _plain(column: str) -> str:
    return re.sub(r"[ _]|DICOM$", "", column).lower()


def _roles(columns: Iterable[str]) -> dict[str, str]:
    """What is told -> the column that tells it. A patient's number names a film only where nothing else does."""
    plain = {_plain(name): name for name in reversed(list(columns))}
    found = {role: next((plain[n] for n in names if n in plain), None) for role, names in COLUMNS.items()}
    if found["study"] and found["file"] == found["patient"]:
        found["file"] = None
    return {role: name for role, name in found.items() if name}


def _tells(path: Path) -> bool:
    """True if the columns name films, or studies, and say something about them."""
    try:
        columns = list(next(_rows(path), {}))
    except InputError:
        return False
    roles = _roles(columns)
    told = {"label", "split", "view"} & set(roles) or set(FINDINGS) & set(map(_plain, columns))
    patients = roles.get("patient", roles.get("file")) != roles.get("file")
    return bool({"file", "study"} & set(roles)) and bool(told or patients)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows, values as text without blanks around. Raises InputError for what is no table."""
    try:
        opened = gzip.open if path.suffix.lower() == ".gz" else open
        with opened(path, "rt", newline="", encoding="utf-8-sig", errors="replace") as stream:
            if path.suffix.lower() == ".jsonl":
                rows = ({str(k): v for k, v in json.loads(line).items()} for line in stream if line.strip())
            else:
                head = stream.readline()
                delimiter = max(",;\t", key=head.count)
                rows = csv.DictReader(stream, next(csv.reader([head], delimiter=delimiter), []), delimiter=delimiter)
            for row in rows:
                yield {k: "" if v is None else str(v).strip() for k, v in row.items() if k}
    except (OSError, EOFError, csv.Error, ValueError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} cannot be read as a table ({reason}).", NEXT_STEP) from error


# --- films ---------------------------------------------------------------------------------------


def _splits(files: dict[str, Path], facts: dict[str, Facts], folder: Path) -> dict[str, str]:
    """Name -> train, val or test: by the table, lists, the folders if they hold more than one, else by patient."""
    told = {name: split_of_word(facts[name].known.get("split", "")) for name in files}
    if not any(told.values()):
        lists = Lists(folder)
        told = {name: lists.of(file) for name, file in files.items()}
    if not any(told.values()):
        told = {name: of_folders(file.relative_to(folder)) for name, file in files.items()}
        told = told if len(set(told.values()) - {None}) > 1 else dict.fromkeys(files)
    if set(told.values()) <= {"train", "val", "test"}:  # nobody is asked, for that may read every file's header
        return told
    return assigned(told, {name: _patient(facts[name], file) or name for name, file in files.items()})


def _patient(facts: Facts, file: Path) -> str | None:
    told = facts.known.get("patient", "")
    return (f"patient{told}" if told.isdigit() else told) or patient_in(file)
