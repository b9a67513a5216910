"""The cases of a round: unseen films that a submission is scored on, and the films that the teams may learn from.

From seeds, both are phantoms. From a folder or npz file, the unseen films are its validation and test films (or every
fifth, where it has no splits), and the teams' films its training films.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from medigenx_lib.cases import Case, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.files import check_folder, write_text

SIZE = 64
TRAIN_SEEDS = range(256)
"""The phantoms that every team may learn from; no round is made of them."""
PRACTICE = "6000000-6000127"
"""Cases for the teams' own scores. A round takes other seeds, known to the instructor alone."""
LEAST, MOST = 32, 512
MOST_TRAIN = 6000
MOST_REPORTS = 64
"""Films of a round that reports are written for."""
SEEDS = re.compile(r"(\d{1,15})-(\d{1,15})")


@dataclass(frozen=True, eq=False)
class Round:
    """``unseen``: labelled films to score on; ``train``: what teams may learn from; ``phantom``: whether simulated."""

    unseen: Sequence[Case]
    train: Sequence[Case]
    phantom: bool

    @property
    def to_report(self) -> list[Case]:
        """At most ``MOST_REPORTS`` of the unseen films, as many of each class, spread evenly."""
        return _some(self.unseen, MOST_REPORTS)


@lru_cache(maxsize=2)
def cases(seeds_or_path: str) -> Round:
    """The round named by ``FIRST-LAST`` (seeds of phantoms) or by a folder or npz file of films. Raises InputError."""
    if found := SEEDS.fullmatch(seeds_or_path.strip()):
        return _phantoms(int(found[1]), int(found[2]))
    from medigenx_lib import datasets
    from medigenx_lib.evaluation.images import real_sets

    if not Path(seeds_or_path).expanduser().exists():
        raise InputError(f"{seeds_or_path!r:.80} is neither seeds nor a folder.", "Such as 5100000-5100127.")
    films = [film for film in datasets.load(seeds_or_path, SIZE, progress=False) if film.label is not None]
    train, unseen = real_sets(films)
    return Round(_checked(_some(unseen, MOST)), _some(train, MOST_TRAIN), False)


def film_name(case: Case) -> str:
    """What a dealt-out film is called: a checksum of its pixels, which tells nothing of seed, label or patient."""
    return "film-" + hashlib.sha256(np.round(case.image * 255).astype(np.uint8).tobytes()).hexdigest()[:12]


def truth(case: Case) -> Findings:
    """What is on the film: a phantom's truth, or what its radiologist's report says. Raises InputError for neither."""
    from medigenx_lib.text.claims import parse

    if case.truth is not None:
        return case.truth.findings
    if case.report:
        return Findings(tuple(claim.finding for claim in parse(case.report)))
    raise InputError("Nothing is known of what is on these films.", "Score reports on seeds, or on films with reports.")


def deal(folder: str | Path, seeds_or_path: str) -> Path:
    """Write the films that reports are asked for into ``folder``/dealt, nameless, with an empty ``reports.csv``.

    Raises InputError if ``folder`` cannot be written into, or if there are reports already, which would be lost.
    """
    from medigenx_lib.pages import save_film

    place, names = check_folder(folder) / "dealt", []
    if _filled(place / "reports.csv"):
        raise InputError(f"{place / 'reports.csv'} holds reports.", "Move it away, or name another folder.")
    for case in cases(seeds_or_path).to_report:
        names.append(film_name(case))
        blind = replace(
            case, id=names[-1], label=None, source="dealt", masks={}, findings=None, truth=None, report=None
        )
        save_film(replace(blind, synthetic=False, patient=None, meta={}), place)
    write_text(place / "reports.csv", "film,report\n" + "".join(f"{name},\n" for name in sorted(names)))
    return place


def _filled(path: Path) -> bool:
    """Whether a report has been written into the file that was dealt out empty."""
    rows = path.read_text("utf-8", errors="replace").splitlines()[1:] if path.is_file() else []
    return any(not row.rstrip().endswith(",") for row in rows if row.strip())


def _phantoms(first: int, last: int) -> Round:
    from medigenx_lib import phantom

    if not first < last or not LEAST <= last - first + 1 <= MOST or first < TRAIN_SEEDS.stop:
        what = f"{first}-{last} cannot be a round."
        raise InputError(what, f"FIRST-LAST, {LEAST} to {MOST} of them, from {TRAIN_SEEDS.stop} on.")
    seeds = range(first, last + 1)
    unseen = phantom.cases(seeds, SIZE, disease=[seed % 2 == 1 for seed in seeds])
    train = phantom.cases(TRAIN_SEEDS, SIZE, disease=[seed % 2 == 1 for seed in TRAIN_SEEDS])
    return Round(_checked(unseen), train, True)


def _some(films: Sequence[Case], most: int) -> list[Case]:
    """At most ``most`` films, half of each class, spread evenly, in their order."""
    kinds = [[i for i, film in enumerate(films) if film.label == label] for label in (0, 1)]
    counts = [min(len(kind), most // 2) for kind in kinds]
    picked = [kind[i * len(kind) // count] for kind, count in zip(kinds, counts, strict=True) for i in range(count)]
    return [films[i] for i in sorted(picked)]


def _checked(films: Sequence[Case]) -> Sequence[Case]:
    counts = [sum(film.label == label for film in films) for label in (0, 1)]
    if min(counts) < LEAST // 2:
        raise InputError(f"{counts[0]} normal films and {counts[1]} with pneumonia are too few for a round.",
                         f"At least {LEAST // 2} of each.")  # fmt: skip
    return films
