"""Which film is in which split: as a source says, by a table, a list of names or folders; else by patient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from medigenx_lib import preprocessing
from medigenx_lib.cases import Case
from medigenx_lib.datasets import notices
from medigenx_lib.datasets.films import SUFFIXES
from medigenx_lib.datasets.labels import split_of_word

TRAIN_VAL = "train_val"
LISTS = re.compile(
    r"(?:[a-z0-9]+[_-])??(train[_-]?val|[a-z]+)([_ -](list|split|files|images|names|ids|set))?\.txt", re.IGNORECASE
)
"""With a word before at most: TBX11K_train.txt."""
MAX_LIST_BYTES = 64 << 20
KEPT_FOR_VAL: Mapping[str, float] = {"train": 8.0, "val": 1.0}
"""Shares of what a list calls train and validation together."""
NUMBERED_ANEW = re.compile(r"person\d+")
"""Kaggle's chest_xray numbers its patients anew for each split: one number in two of them is not one person."""


class Lists:
    """The lists in ``folder`` and right below, ``train_val_list.txt``, ``test_list.txt`` (ChestX-ray14), ``val.txt``.

    A line is the name of a film, with or without its path. Of several words, parted by commas or blanks, it is the
    first with the suffix of a picture (COVIDx: ``379 a.jpeg negative cohen``), else the first.
    """

    def __init__(self, folder: Path):
        self.split: dict[str, str] = {}
        found = [(word, path) for path in [*folder.glob("*.txt"), *folder.glob("*/*.txt")] if (word := _word(path))]
        for word, path in sorted(found, key=lambda pair: (TRAIN_VAL, "train", "val", "test").index(pair[0])):
            self.split |= dict.fromkeys(_names(path), word)  # test comes last: what it claims trains nothing

    def of(self, path: Path) -> str | None:
        """train, val, test or train_val of the film at ``path``; None if no list names it."""
        return self.split.get(path.name) or self.split.get(path.stem)


def has_lists(folder: Path) -> bool:
    """True if a list of names lies in ``folder`` itself."""
    return any(map(_word, folder.glob("*.txt")))


def _word(path: Path) -> str | None:
    match = LISTS.fullmatch(path.name)
    if not match or path.stat().st_size > MAX_LIST_BYTES:
        return None
    return TRAIN_VAL if re.fullmatch(r"train[_-]?val", match[1], re.IGNORECASE) else split_of_word(match[1])


def _names(path: Path) -> Iterable[str]:
    for line in path.read_text("utf-8-sig", errors="replace").splitlines():
        line = line.strip()
        words = [line] if _is_picture(line) else re.split(r"[,;\s]+", line)
        if name := next(filter(_is_picture, words), words[0]):
            yield name.replace("\\", "/").rsplit("/", 1)[-1]


def _is_picture(word: str) -> bool:
    return Path(word).suffix.lower() in SUFFIXES


def of_folders(path: Path) -> str | None:
    """The split that a folder in ``path``, below the set's own, is named for."""
    return next((split for part in path.parts[:-1] if (split := split_of_word(part))), None)


def assigned(told: Mapping[Any, str | None], patients: Mapping[Any, str]) -> dict[Any, str]:
    """Name -> train, val or test, as ``told``; what is not told goes to the patient's other films, or by a hash.

    ``told``: train, val, test, train_val or None for each name; ``patients``: name -> patient, or the name itself.
    """
    splits = {name: _parted(word, patients[name]) for name, word in told.items() if word}
    where = {patients[name]: split for name, split in splits.items()}
    for name in told:
        if name not in splits:
            splits[name] = where.get(patients[name]) or preprocessing.split_of(patients[name])
    return {name: splits[name] for name in told}


def _parted(word: str, patient: str) -> str:
    return preprocessing.split_of(patient, KEPT_FOR_VAL) if word == TRAIN_VAL else word


def warn_of_leaks(cases: Iterable[Case], source: str) -> None:
    """Say so if a source's own splits have films of one patient in two of them."""
    found = {who: where for who, where in preprocessing.leaks(cases).items() if not NUMBERED_ANEW.fullmatch(who)}
    if found:
        who, where = min(found.items())
        where = ", ".join(sorted(where))
        what = f"Patients with films in more than one split of {source}: {len(found)}, such as {who} ({where})."
        step = "Scores on test are too good then; preprocessing.split_by_patient parts them anew."
        notices.warn(f"{what} {step}")
