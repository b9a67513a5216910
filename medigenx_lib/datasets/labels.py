"""What the words of other data sets mean here: label 0 normal, 1 pneumonia (airspace opacity), None neither.

Whatever else a film shows (an effusion, a nodule, tuberculosis) makes it neither: it is not normal, and no pneumonia.
Who wants other classes told apart names them; see :class:`Meaning`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medigenx_lib.cases import LABELS, Case
from medigenx_lib.errors import InputError

NORMAL = ("0", "normal", "no finding", "no findings", "healthy")
PNEUMONIA = ("pneumonia", "pnemonia", "consolidation", "infiltrat", "lung opacity", "airspace", "covid")
NEGATED = re.compile(r"^(no|non|not|without)(\b|covid)")
KIND = r"(viral|virus|bacterial|bacteria|covid ?(19)?)"
FOLDERS = (
    re.compile(r"normals?|healthy?|no findings?"),
    re.compile(rf"(({KIND} )?pneumonia( {KIND})?|{KIND}|lung opacity)"),
)
"""Names of class folders, of label 0 and of label 1."""
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validate", "validation"),
    "test": ("test", "testing"),
}


SHOWN = 8
"""So many kinds of films are named, the commonest first; the others are counted."""


@dataclass(frozen=True)
class Meaning:
    """What counts as label 1 and as label 0. By default what the words above say; names given count instead of them.

    ``positive``, ``negative``: names of classes, in capitals or not, with blanks or underscores. With ``positive``
    alone, normal films stay label 0. What is not named counts as neither.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    @classmethod
    def of(cls, positive: str | Sequence[str] | None, negative: str | Sequence[str] | None) -> Meaning:
        """From names in a list, or behind one another with commas. Raises InputError if a name is on both sides."""
        meaning = cls(_names(positive), _names(negative))
        if both := {*map(_plain, meaning.positive)} & {*map(_plain, meaning.negative)}:
            raise InputError(f"{', '.join(sorted(both))} cannot be positive and negative.", "Name it on one side.")
        return meaning

    @property
    def names(self) -> tuple[str, ...]:
        """All names given; empty for the usual meaning."""
        return self.positive + self.negative

    def label_of(self, terms: Iterable[str]) -> int | None:
        """The label of a film of which all ``terms`` were said; see :func:`label_of`."""
        votes = {vote for term in terms for vote in self._votes(term)}
        if votes == {0}:
            return 0
        return 1 if 1 in votes and 0 not in votes else None

    def label_of_folder(self, name: str) -> int | None:
        """The label of a class folder; see :func:`label_of_folder`."""
        return self._named(name, next((k for k, kind in enumerate(FOLDERS) if kind.fullmatch(_plain(name))), None))

    def _votes(self, term: str) -> Iterable[int | None]:
        if self._named(term, None) is not None:  # a name with a comma or a slash in it
            return [self._named(term, None)]
        parts = (part.strip() for part in re.split(r"[|,;/]", _bare(term)))
        return [self._named(part, _vote(part)) for part in parts if part]

    def _named(self, name: str, usual: int | None) -> int | None:
        """The label of a name, which in the usual meaning has the label ``usual``."""
        for label, names in ((1, self.positive), (0, self.negative)):
            if _bare(name) in map(_plain, names):
                return label
        given = (self.negative, self.positive)
        return usual if usual is not None and not given[usual] else None

    def check(self, classes: Iterable[str], labels: Iterable[int | None]) -> None:
        """Raises InputError if a name is of no class there is, or if, names given, a label is left without films."""
        known = {name for term in classes for name in (term, *re.split(r"[|,;/]", term)) if name.strip()}
        there = ", ".join(sorted(known)[:20]) or "none"
        unknown = [name for name in self.names if _plain(name) not in map(_bare, known)]
        if unknown:
            raise InputError(f"No film is of a class named {', '.join(unknown)}.", f"Classes there are: {there}.")
        present = set(labels)
        missing = [LABELS[label] for label in (0, 1) if label not in present]
        if self.names and missing:
            option = "--negative" if missing == ["normal"] else "--positive"
            raise InputError(f"No film counts as {' or '.join(missing)}.", f"Name classes with {option}: {there}.")


USUAL = Meaning()


def label_of(terms: Iterable[str]) -> int | None:
    """The label of a film of which all ``terms`` were said; "No Finding", "0", "Infiltration|Mass", "['normal']".

    0 if all say normal, 1 if one says pneumonia and none normal; None for what else there is, and where they disagree.
    """
    return USUAL.label_of(terms)


def label_of_folder(name: str) -> int | None:
    """The label of a class folder: NORMAL 0; PNEUMONIA, "Viral Pneumonia", COVID, Lung_Opacity 1; else None."""
    return USUAL.label_of_folder(name)


NAMED = (
    (re.compile(r"(CHNCXR|MCUCXR)_\d+_0\b"), "normal"),
    (re.compile(r"(CHNCXR|MCUCXR)_\d+_1\b"), "tuberculosis"),
    (re.compile(r"JPCLN\d{3}\b"), "nodule"),
    (re.compile(r"JPCNN\d{3}\b"), "no nodule"),
)
"""Names of files that tell a class: Shenzhen and Montgomery County, JSRT."""


def class_of_file(name: str) -> str | None:
    """What the name of a film tells of it, CHNCXR_0001_0.png: normal; see ``NAMED``. None for any other name."""
    return next((kind for pattern, kind in NAMED if pattern.match(name)), None)


def label_of_file(name: str) -> int | None:
    """0 for the normal films of Shenzhen and Montgomery County; else None, also for tuberculosis."""
    return label_of([class_of_file(name) or ""])


def counted(cases: Sequence[Case]) -> str:
    """What counts as what: "Label 1, pneumonia: COVID (12). Label 0, normal: Normal (20)." "" if no class is known."""
    if not any("class" in case.meta for case in cases):
        return ""
    heads = {1: f"Label 1, {LABELS[1]}", 0: f"Label 0, {LABELS[0]}", None: "Neither"}
    kinds = {label: Counter(c.meta.get("class", "not said") for c in cases if c.label == label) for label in heads}
    return " ".join(f"{heads[label]}: {_listed(found)}." for label, found in kinds.items() if found)


def _listed(kinds: Counter) -> str:
    named = [f"{name} ({count})" for name, count in kinds.most_common(SHOWN)]
    rest = list(kinds.values())
    others = sum(sorted(rest, reverse=True)[SHOWN:])
    return ", ".join([*named, *([f"{len(rest) - SHOWN} other kinds ({others})"] if others else [])])


def split_of_word(word: str) -> str | None:
    """train, val or test of "Train", "valid", "validation", "TEST"; None for any other word."""
    return next((split for split, words in SPLITS.items() if word.strip().lower() in words), None)


def _names(names: str | Sequence[str] | None) -> tuple[str, ...]:
    parts = names.split(",") if isinstance(names, str) else (names or ())
    return tuple(name.strip() for name in parts if name.strip())


def _bare(text: str) -> str:
    """As :func:`_plain`, without the brackets and quotation marks of a list."""
    return re.sub(r"[\[\]'\"]", "", _plain(text)).strip()


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
