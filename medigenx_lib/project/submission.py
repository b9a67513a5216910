"""What a team hands in, read and checked: films with labels, reports, or the settings of the report writer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError, MedigenxError
from medigenx_lib.project import tracks, unpack

LEAST, MOST = 32, 512
"""Films of a class that are asked for, and films in all."""
DRAWN = 128
"""Films drawn from a handed-in generator."""
SIDES = (32, 256)
MOST_WORDS = 2000
"""Characters in one report."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
TITLE = 120
PROJECT, CARD, FOLDER = "project.json", "submission.json", "submission"


@dataclass(frozen=True, eq=False)
class Submission:
    """``films`` for realism and usefulness; ``reports`` (film -> report) or a ``strategy`` for faithfulness."""

    team: str
    track: str
    title: str
    films: Sequence[Case] = ()
    reports: Mapping[str, str] | None = None
    strategy: str | None = None


def read(path: str | Path) -> Submission:
    """The submission of the team's folder, or of the folder or zip file handed in alone. Raises InputError."""
    path = Path(path)
    inner = path / FOLDER
    with unpack.opened(inner if inner.is_symlink() or inner.is_dir() else path) as folder:
        files = unpack.files_in(folder)
        if CARD not in files:
            raise InputError(f"There is no {CARD}.", "It holds team, track and title; see SUBMISSION.md.")
        team, track, title = _card(folder / CARD)
        if track == "faithfulness":
            return _reports(folder, files, Submission(team, track, title))
        return Submission(team, track, title, _films(folder, files))


def check(path: str | Path) -> list[str]:
    """What is missing or wrong in the team's folder, a sentence each; nothing if it can be scored."""
    path, found = Path(path), []
    try:
        read(path)
    except MedigenxError as error:
        found.append(str(error))
    if (path / PROJECT).is_file():
        found += [f"{name} is missing." for name in ("README.md", "RUBRIC.md") if not (path / name).is_file()]
        found += [
            f"notebooks/{role}.ipynb is missing."
            for role in tracks.ROLES
            if not (path / "notebooks" / f"{role}.ipynb").is_file()
        ]
    return found


def _card(path: Path) -> tuple[str, str, str]:
    values = unpack.read_json(path)
    team, track, title = (values.get(key) for key in ("team", "track", "title"))
    if not isinstance(team, str) or not NAME.fullmatch(team):
        raise InputError("The team's name is missing or odd.", "Letters, digits, spaces, . _ -; at most 40.")
    if not isinstance(title, str) or not 0 < len(title.strip()) <= TITLE or not title.isprintable():
        raise InputError(
            "There is no title, or an odd one.", f"Say in one line of at most {TITLE} characters what you did."
        )
    return team, tracks.track(track if isinstance(track, str) else "").name, title.strip()


# --- films -----------------------------------------------------------------------------------------


def _films(folder: Path, files: list[str]) -> list[Case]:
    kinds = [name for name in ("films.npz", "films.csv", "generator.safetensors") if name in files]
    if len(kinds) != 1:
        raise InputError(f"{len(kinds)} of films.npz, films.csv and generator.safetensors.", "Hand in one of them.")
    maker = {"films.npz": _from_arrays, "films.csv": _from_pictures, "generator.safetensors": _from_generator}
    images, labels = maker[kinds[0]](folder, files)
    counts = [labels.count(label) for label in (0, 1)]
    if min(counts) < LEAST or len(labels) > MOST:
        raise InputError(f"{counts[0]} normal films and {counts[1]} with pneumonia.",
                         f"At least {LEAST} of each, at most {MOST} in all.")  # fmt: skip
    return [
        Case(f"film-{i:03d}", image, label, source="submission", synthetic=True)
        for i, (image, label) in enumerate(zip(images, labels, strict=True))
    ]


def _from_arrays(folder: Path, files: list[str]) -> tuple[list[np.ndarray], list[int]]:
    images, labels = unpack.read_arrays(folder / "films.npz", ("images", "labels"))
    if images.ndim != 3 or images.shape[1] != images.shape[2] or not SIDES[0] <= images.shape[1] <= SIDES[1]:
        raise InputError(f"images has shape {images.shape}.", f"It is (N, S, S), S from {SIDES[0]} to {SIDES[1]}.")
    if labels.shape != images.shape[:1] or not np.isin(labels, (0, 1)).all():
        raise InputError("labels does not fit.", "One of 0 (normal) and 1 (pneumonia) for each film.")
    if len(images) > MOST:
        raise InputError(f"{len(images)} films.", f"At most {MOST}.")
    unit = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
    if not (unit.min(initial=0) >= 0 and unit.max(initial=0) <= 1):  # NaN fails both comparisons
        raise InputError("images holds values outside 0..1 or NaN.", "Give uint8 0..255, or floats 0..1.")
    return list(unit), [int(label) for label in labels]


def _from_pictures(folder: Path, files: list[str]) -> tuple[list[np.ndarray], list[int]]:
    from medigenx_lib.preprocessing import resize_case

    images, labels = [], []
    rows = unpack.read_rows(folder / "films.csv", ("file", "label"), MOST)
    if len({name for name, _ in rows}) < len(rows):
        raise InputError("films.csv names a film twice.", "One row a film.")
    for name, label in rows:
        if name not in files or not name.lower().endswith(".png"):
            raise InputError(f"films.csv names {name!r:.60}, which is not here.", "Name the PNGs handed in.")
        if label not in ("0", "1"):
            raise InputError(f"films.csv gives the label {label!r:.20}.", "0 (normal) or 1 (pneumonia).")
        images.append(resize_case(_picture(folder / name), 64).image)
        labels.append(int(label))
    return images, labels


def _picture(path: Path) -> Case:
    from PIL import Image

    from medigenx_lib import datasets

    try:
        with Image.open(path, formats=("PNG",)) as picture:
            width, height = picture.size
    except Exception as error:
        raise InputError(f"{path.name} is not a sound PNG.", "Save it again.") from error
    if max(width, height) > 2048:
        raise InputError(f"{path.name} has {width}x{height} pixels.", "At most 2048 a side.")
    with _named(path):
        return datasets.read_film(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors name the file alone, not the place where it lies or was unpacked, and not at length."""
    try:
        yield
    except MedigenxError as error:
        what = " ".join(error.what.replace(str(path), path.name).split())
        raise InputError(f"{what:.300}", error.next_step) from error


def _from_generator(folder: Path, files: list[str]) -> tuple[list[np.ndarray], list[int]]:
    from medigenx_lib import weights
    from medigenx_lib.gan import sampling

    path = folder / "generator.safetensors"
    with _named(path):
        recipe = weights.load(path)[1].get("recipe")
    limits = {"size": SIDES[1], "width": 128, "latent": 1024}  # known before anything is built
    if not isinstance(recipe, dict) or any(
        not isinstance(recipe.get(key, 1), int) or recipe.get(key, 1) > most for key, most in limits.items()
    ):
        raise InputError("The generator's recipe is missing or too large.", f"At most {limits}.")
    labels = [index % 2 for index in range(DRAWN)]
    with _named(path):
        films = sampling.sample(labels, path)
    return [film.image for film in films], labels


# --- reports ---------------------------------------------------------------------------------------


def _reports(folder: Path, files: list[str], empty: Submission) -> Submission:
    kinds = [name for name in ("reports.csv", "writer.json") if name in files]
    if len(kinds) != 1:
        raise InputError(f"{len(kinds)} of reports.csv and writer.json.", "Hand in one of them.")
    if kinds == ["writer.json"]:
        return Submission(empty.team, empty.track, empty.title, strategy=_strategy(folder / "writer.json"))
    rows = unpack.read_rows(folder / "reports.csv", ("film", "report"), MOST)
    if not rows:
        raise InputError("reports.csv has no reports.", "One row a film that was dealt out.")
    if len({film for film, _ in rows}) < len(rows):
        raise InputError("reports.csv names a film twice.", "One report a film.")
    if long := [film for film, report in rows if len(report) > MOST_WORDS]:
        raise InputError(f"The report of {long[0]!r:.60} is too long.", f"At most {MOST_WORDS} characters.")
    return Submission(empty.team, empty.track, empty.title, reports=dict(rows))


def _strategy(path: Path) -> str:
    from medigenx_lib.text.decoding import STRATEGIES

    name = unpack.read_json(path).get("strategy")
    if name not in tuple(STRATEGIES):
        raise InputError("writer.json names no known strategy.", f"One of: {', '.join(STRATEGIES)}.")
    return name
