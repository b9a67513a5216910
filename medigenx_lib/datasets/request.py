"""What was asked of :func:`datasets.load`, and how many films are read: shared by all kinds of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets import notices
from medigenx_lib.datasets.labels import USUAL, Meaning
from medigenx_lib.datasets.masks import GivenMasks
from medigenx_lib.errors import InputError
from medigenx_lib.preprocessing import resize_case

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Request:
    """What was asked of :func:`datasets.load`; see there."""

    size: int | None = 64
    split: str | None = None
    limit: int | None = None
    progress: bool = True
    fit: str = "stretch"
    masks: bool = True
    meaning: Meaning = USUAL

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits wanted."""
        return (self.split,) if self.split else SPLITS

    def pick(self, strata: Sequence[Any]) -> list[int]:
        """Indices of at most ``limit`` items, spread evenly over the sorted ``strata`` (one key an item)."""
        if self.limit is None or self.limit >= len(strata):
            return list(range(len(strata)))
        order = sorted(range(len(strata)), key=lambda i: (strata[i], i))
        places = (np.arange(self.limit) + 0.5) * len(order) / self.limit
        return sorted(order[int(place)] for place in places)


def bar(items: Sequence, request: Request, what: str) -> Any:
    """``items`` with a progress bar named ``what``, where one is wanted and it takes more than two seconds."""
    from tqdm.auto import tqdm

    return tqdm(items, what, disable=not request.progress, delay=2)


def read_all(folder: Path, items: Sequence, read: Callable[[Any], Case], request: Request) -> list[Case]:
    """``read`` on every item, which gives films at native size; with the masks beside them, at the size wanted.

    What cannot be read is left out and named in one warning.
    """
    given = GivenMasks(folder, progress=request.progress) if request.masks else None
    cases, errors = [], []
    for item in bar(items, request, f"reading {folder.name}"):
        try:
            case = read(item)
            case = given.add(case) if given else case
            cases.append(resize_case(case, request.size, request.fit))
        except InputError as error:
            errors.append(error)
    _say_left_out(folder, errors, len(items))
    if given:
        given.warn()
    return _with_own_ids(folder, cases)


def _say_left_out(folder: Path, errors: Sequence[InputError], count: int) -> None:
    if errors and len(errors) == count:
        raise InputError(f"None of the {count} films in {folder} can be read. {errors[0].what}", "Check the folder.")
    if errors:
        named = " ".join(error.what for error in errors[:5])
        notices.warn(f"{len(errors)} of {count} files left out: {named}")


def _with_own_ids(folder: Path, cases: list[Case]) -> list[Case]:
    """The cases, with the path below ``folder`` as the id of those whose files share a name."""
    seen = Counter(case.id for case in cases)
    places = [Path(case.source).relative_to(folder).with_suffix("").as_posix() for case in cases]
    return [c if seen[c.id] == 1 else replace(c, id=place) for c, place in zip(cases, places, strict=True)]
