"""A table that tells label, patient, split and view of films: NIH, CheXpert, MIMIC, RSNA, VinDr, PadChest, your own.

CSV, TSV (also .gz) or JSON lines, with a row an image, a row a finding, or a row a study. Columns are known by their
names, in capitals or not, with blanks or underscores; see ``columns``. Several tables in a folder are read as one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from medigenx_lib import preprocessing
from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets import columns, texts
from medigenx_lib.datasets.columns import NEXT_STEP, is_table
from medigenx_lib.datasets.films import found_below, patient_in, read_film
from medigenx_lib.datasets.labels import Meaning, split_of_word
from medigenx_lib.datasets.request import Request, bar, read_all
from medigenx_lib.datasets.splits import Lists, assigned, of_folders
from medigenx_lib.errors import InputError

FRONTAL = re.compile(r"(ap|pa|frontal|antero-?posterior|postero-?anterior)(?![a-z])", re.IGNORECASE)
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

    @property
    def patient(self) -> str | None:
        """The patient as told; a number alone says what it numbers."""
        told = self.known.get("patient", "")
        return (f"patient{told}" if told.isdigit() else told) or None

    @property
    def meta(self) -> dict[str, str]:
        """view and class, as far as they are told."""
        told = {"view": self.known.get("view"), "class": "|".join(dict.fromkeys(self.said))}
        return {name: words for name, words in told.items() if words}


class NoFilmsError(InputError):
    """A table that names films, none of which is there."""


def find(folder: Path, deep: bool = True) -> list[Path]:
    """The tables about films that lie in ``folder`` or, if none does and ``deep``, right below it; sorted."""
    for pattern in ("*", "*/*")[: 1 + deep]:
        found = [p for p in sorted(folder.glob(pattern)) if is_table(p) and not p.name.startswith(".")]
        if usable := [path for path in found if columns.tells(path)]:
            return usable
    return []


def load(tables: list[Path], folder: Path, request: Request) -> list[Case]:
    """Cases of the frontal films below ``folder`` that ``tables`` name; ``meta["view"]`` where it is told.

    Split as the tables say, or lists (``train_val_list.txt``, ``test_list.txt``; see ``splits``), or the folders train,
    val and test if the films lie in two of them, or by patient.
    Raises NoFilmsError if none of the films named is there, InputError if a table cannot be read or its labels say
    neither normal nor pneumonia.
    """
    facts = _facts(tables, folder, request)
    files = found_below(folder, facts, request.progress)
    splits = _splits(files, facts, folder)
    kept = [name for name in files if facts[name].frontal and splits[name] in request.splits]
    if not kept:
        raise nothing(tables, folder, request, len(facts), sorted(set(splits.values())))
    labels = {name: request.meaning.label_of(facts[name].said) for name in files}
    check_labels(facts, labels, tables, request.meaning)
    picked = [kept[index] for index in request.pick([(splits[name], str(labels[name])) for name in kept])]
    known = {name: {"label": labels[name], "split": splits[name]} for name in picked}
    written = texts.Beside(tables[0].parent)
    return read_all(folder, picked, lambda name: _case(files[name], facts[name], known[name], written), request)


def nothing(tables: list[Path], folder: Path, request: Request, named: int, present: list[str]) -> InputError:
    """What to raise where no film is left: of those ``named``, films of the splits ``present`` are there."""
    if not present:
        names = ", ".join(path.name for path in tables)
        return NoFilmsError(f"None of the {named} films named in {names} lies below {folder}.", NEXT_STEP)
    what = f"{folder} has no frontal film of split {request.split or 'train, val or test'}."
    return InputError(what, f"It has: {', '.join(present)}.")


def _case(file: Path, facts: Facts, known: dict, written: texts.Beside) -> Case:
    case = read_film(file)
    if facts.known.get("photometric") == "MONOCHROME1" and case.meta["polarity"] == "inverted":
        case = preprocessing.correct_polarity(case)  # PadChest's PNG files hold the values of MONOCHROME1 as they are
    case = replace(case, patient=facts.patient or patient_in(file), meta={**case.meta, **facts.meta}, **known)
    return written.add(case, facts.known.get("study", ""))


def check_labels(facts: dict[str, Facts], labels: dict[str, int | None], tables: list[Path], meaning: Meaning) -> None:
    """Refuse labels of which none is understood: a message is better than a set without labels."""
    said = sorted({word for name in labels for word in facts[name].said})
    if meaning.names:
        meaning.check(said, labels.values())
    if said and all(label is None for label in labels.values()):
        names = ", ".join(path.name for path in tables)
        raise InputError(f"No label in {names} says normal or pneumonia ({', '.join(said):.80}).", LABELS_STEP)


# --- rows ----------------------------------------------------------------------------------------


def _facts(tables: list[Path], folder: Path, request: Request) -> dict[str, Facts]:
    """Name of a film as the tables write it, behind its folder if the film lies by the table -> what all tell."""
    films: dict[str, Facts] = {}
    studies: dict[str, Facts] = {}
    for table in bar(tables, request, "reading tables"):
        place = "" if table.parent == folder else f"{table.parent.name}/"
        _add_table(table, place, films, studies, request.meaning.names)
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
    roles: dict[str, list[str]] = {}
    for row in columns.rows(table):
        roles = roles or columns.roles(row)
        told = columns.told(row, roles)
        film, study = told.pop("file", ""), told.get("study", "")
        if film and place and os.path.exists(os.path.join(table.parent, film)):  # else other tables may tell of it too
            film = place + film
        facts = films.setdefault(film, Facts()) if film else studies.setdefault(study, Facts())
        facts.said += columns.said(row, roles, names)
        facts.known |= {role: value for role, value in told.items() if role not in ("label", "outline")}


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
    return assigned(told, {name: facts[name].patient or patient_in(file) or name for name, file in files.items()})
