"""What the words of other data sets mean here: label 0 normal, 1 pneumonia (airspace opacity), None neither.

Whatever else a film shows (an effusion, a nodule, tuberculosis) makes it neither: it is not normal, and no pneumonia.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NORMAL = ("0", "normal", "no finding", "no findings", "healthy")
PNEUMONIA = ("pneumonia", "pnemonia", "consolidation", "infiltrat", "lung opacity", "airspace", "covid")
NEGATED = re.compile(r"^(no|non|not|without)(\b|covid)")
KIND = r"(viral|virus|bacterial|bacteria|covid ?(19)?)"
FOLDERS = (
    re.compile(r"normals?|healthy|no findings?"),
    re.compile(rf"(({KIND} )?pneumonia( {KIND})?|{KIND}|lung opacity)"),
)
"""Names of class folders, of label 0 and of label 1."""
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validate", "validation"),
    "test": ("test", "testing"),
}


def label_of(terms: Iterable[str]) -> int | None:
    """The label of a film of which all ``terms`` were said; "No Finding", "0", "Infiltration|Mass", "['normal']".

    0 if all say normal, 1 if one says pneumonia and none normal; None for what else there is, and where they disagree.
    """
    parts = [part for term in terms for part in re.split(r"[|,;/]", re.sub(r"[\[\]'\"]", "", _plain(term)))]
    votes = {_vote(part.strip()) for part in parts if part.strip()}
    if votes == {0}:
        return 0
    return 1 if 1 in votes and 0 not in votes else None


def label_of_folder(name: str) -> int | None:
    """The label of a class folder: NORMAL 0; PNEUMONIA, "Viral Pneumonia", COVID, Lung_Opacity 1; else None."""
    return next((label for label, names in enumerate(FOLDERS) if names.fullmatch(_plain(name))), None)


def label_of_file(name: str) -> int | None:
    """0 for the normal films of Shenzhen and Montgomery County, CHNCXR_0001_0.png; else None, also for tuberculosis."""
    return 0 if re.match(r"(CHNCXR|MCUCXR)_\d+_0\b", name) else None


def split_of_word(word: str) -> str | None:
    """train, val or test of "Train", "valid", "validation", "TEST"; None for any other word."""
    return next((split for split, words in SPLITS.items() if word.strip().lower() in words), None)


def _plain(text: str) -> str:
    """``text`` in small letters, its words parted by blanks; a minus before a number stays."""
    return re.sub(r"(?<=[a-z0-9])[_\- ]+(?=[a-z0-9])", " ", text.lower()).strip()


def _vote(term: str) -> int | None:
    number = term.removesuffix(".0")
    if number in NORMAL:
        return 0
    if NEGATED.match(term):
        return None
    return 1 if number == "1" or any(word in term for word in PNEUMONIA) else None
