"""Where films come from. One door: :func:`load` for data sets, :func:`read_film` for one file.

What :func:`load` takes: an ``.npz`` in MedMNIST keys; a folder ``{train,val,test}/{NORMAL,PNEUMONIA}`` or
``{NORMAL,PNEUMONIA}``; a table of films such as ``path,label,patient``, or a folder with one (ChestX-ray14, CheXpert,
MIMIC-CXR-JPG, RSNA, VinDr-CXR, PadChest), which gives the frontal ones; parquet files with pictures (Hugging Face); a
folder of films; one film; Open-i reports with their images; R2Gen's ``annotation.json`` with its images. Whatever the
source, a list of cases comes out.

Labels: 0 normal, 1 pneumonia, None what is neither or not said (``labels``); ``meta["class"]`` is what the source says,
:func:`counted` says what counted as what. Splits: the source's own (folders, a column, lists such as ChestX-ray14's
``test_list.txt``), with a warning where they have a patient in two; else by patient, 8 : 1 : 1 (``splits``). Masks are
no films; those that lie with the films come along at their size, and ``meta["given_masks"]`` names the file of each
(``masks``). One that cannot be used is left out with a warning. Right and left are the patient's, by where they lie.

``films``, ``dicom`` read single files; ``collections``, ``folders`` many; ``tables``, ``columns`` those that a table
names; ``parquet`` those in it; ``reports``, ``r2gen``, ``texts`` those with reports; ``splits`` who trains and who
tests; ``masks``, ``regions`` lay masks on the films they came with; ``labels`` knows the words for normal and
pneumonia; ``patients`` tells from names who is on the film; ``notices`` warns.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from medigenx_lib.cases import Case
from medigenx_lib.datasets import collections, folders, notices, parquet, r2gen, reports, splits, tables
from medigenx_lib.datasets.films import NO_FILMS, list_films, read_film, read_films
from medigenx_lib.datasets.labels import Meaning, counted
from medigenx_lib.datasets.masks import GivenMasks
from medigenx_lib.datasets.patients import patient_of
from medigenx_lib.datasets.reports import Report, load_reports
from medigenx_lib.datasets.request import SPLITS, Request
from medigenx_lib.errors import InputError
from medigenx_lib.preprocessing import FITS, resize_case

__all__ = [
    "NAMES",
    "SPLITS",
    "Report",
    "counted",
    "list_films",
    "load",
    "load_reports",
    "patient_of",
    "read_film",
    "read_films",
]

NAMES = ("phantom", "pneumoniamnist")


def load(
    name_or_path: str | Path,
    size: int | None = 64,
    split: str | None = None,
    limit: int | None = None,
    progress: bool = True,
    fit: str = "stretch",
    masks: bool = True,
    positive: str | Sequence[str] | None = None,
    negative: str | Sequence[str] | None = None,
) -> list[Case]:
    """Cases of a data set, with id, label, split, patient, source and meta as far as they are known.

    ``name_or_path``: ``"phantom"``; ``"pneumoniamnist"`` (downloaded once into ``settings.cache_dir()``); or a file or
    folder of films, of any kind named at the top of ``datasets``. ``size``: side in pixels, None for the native size.
    ``split``: train, val, test, or None for all. ``limit``: at most so many, spread evenly over splits and labels.
    ``fit``: how a film becomes square, see :func:`preprocessing.to_square`. ``masks``: whether masks that lie with the
    films come along, in ``case.masks``. ``positive``, ``negative``: names of classes that count as label 1 and 0
    instead of pneumonia and normal, in a list or with commas; with ``positive`` alone normal films stay label 0.

    Raises InputError for what cannot be used and DataUnavailableError for what cannot be downloaded; a damaged film in
    a folder is left out with a warning that names it.
    """
    _check_options(size, split, limit, fit)
    request = Request(size, split, limit, progress, fit, masks, Meaning.of(positive, negative))
    name = str(name_or_path)
    if name in NAMES:
        return _load_named(name, request)
    try:
        cases = _load_path(name, request)
    except OSError as error:  # no permission, name too long, disk gone
        what = f"{name!r:.200} cannot be opened ({error.strerror or error})."
        raise InputError(what, "Check its name and permissions.") from error
    splits.warn_of_leaks(cases, name)
    return cases


def _load_named(name: str, request: Request) -> list[Case]:
    _refuse_names(name, request)
    return collections.load_phantom(request) if name == "phantom" else collections.load_pneumoniamnist(request)


def _load_path(name: str, request: Request) -> list[Case]:
    if "\0" in name:  # never a path; some calls say so with a ValueError, others just with False
        raise InputError("There is no data set or file with a null character in its name.", "Check the name.")
    path = Path(name).expanduser()
    if path.is_dir() and name:
        return _load_folder(path, request)
    if path.suffix.lower() == ".npz" and path.exists():
        return collections.load_npz(path, request)
    if cases := _load_reports(path, request):
        return cases
    if path.suffix.lower() == ".parquet" and path.is_file():
        return parquet.load([path], path.parent, request)
    if tables.is_table(path):
        return tables.load([path], path.parent, request)
    if not name or not (path.is_symlink() or path.exists()):
        raise InputError(f"There is no data set or file {name!r:.200}.", f"Known: {', '.join(NAMES)}; or give a path.")
    return _load_single(path, request)


def _refuse_names(source: str, request: Request) -> None:
    """Raises InputError if names of classes were given for a ``source`` that has none."""
    if request.meaning.names:
        raise InputError(f"{source} has no classes to name.", "Leave positive and negative out.")


def _check_options(size: int | None, split: str | None, limit: int | None, fit: str) -> None:
    for value, name in ((size, "size"), (limit, "limit")):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise InputError(f"{name}={value!r} is impossible.", "Give a whole number from 1, or None.")
    if size is not None and size > 4096:
        raise InputError(f"size={size} is larger than any film here.", "Give 28 to 1024, or None.")
    if split not in (None, *SPLITS):
        raise InputError(f"There is no split {split!r}.", f"Choose from: {', '.join(SPLITS)}.")
    if fit not in FITS:
        raise InputError(f"There is no fit {fit!r}.", f"Choose from: {', '.join(FITS)}.")


def _load_folder(path: Path, request: Request) -> list[Case]:
    if folders.class_roots(path, request.meaning):
        return folders.load_classes(path, request)
    if cases := _load_reports(path, request):
        return cases
    if found := tables.find(path):
        try:
            return tables.load(found, path, request)
        except tables.NoFilmsError as error:
            notices.warn(str(error))
    if not list_films(path) and (packed := parquet.find(path)):
        return parquet.load(packed, path, request)
    if not found and (inner := folders.inner_classes(path, request.meaning)):
        return folders.load_classes(inner, request, above=path)
    if not found and (inner := _only_folder(path)):
        return _load_folder(inner, request)
    return _load_films(path, request)


def _load_reports(path: Path, request: Request) -> list[Case]:
    """Films with their reports, or none if there are no reports at ``path``."""
    for known, room in ((reports.are_reports, reports), (r2gen.find, r2gen)):
        if known(path):
            _refuse_names(str(path), request)
            return room.load_cases(path, request)
    return []


def _load_films(path: Path, request: Request) -> list[Case]:
    cases = folders.load_films(path, request)
    if any(case.label is not None or "class" in case.meta for case in cases):
        return cases
    if above := tables.find(path.parent, deep=False):
        notices.warn(f"No labels in {path}; {_names(above)} above it may tell them: load {path.parent}.")
    elif (beside := [file for file in sorted(path.iterdir()) if tables.is_table(file)]) and not tables.find(path):
        what = f"No labels in {path}: no column that is known names a film or tells of it in {_names(beside)}."
        notices.warn(f"{what} {tables.NEXT_STEP}")
    return cases


def _names(files: Sequence[Path]) -> str:
    return ", ".join(file.name for file in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def _only_folder(path: Path) -> Path | None:
    """The one folder in ``path`` if no films or lists lie beside it, as archives unpack; never a link."""
    if list_films(path) or splits.has_lists(path):
        return None
    inside = [entry for entry in path.iterdir() if entry.is_dir() and not NO_FILMS.search(entry.name)]
    return inside[0] if len(inside) == 1 and not inside[0].is_symlink() else None


def _load_single(path: Path, request: Request) -> list[Case]:
    if path.is_file() and zipfile.is_zipfile(path):
        raise InputError(f"{path} is an archive.", "Unpack it and give the folder; an .npz must be named so.")
    case = read_film(path)
    if request.split is not None:
        raise InputError(f"{path} is one film and has no split.", "Leave split out.")
    if request.masks:
        given = GivenMasks(path.parent, deep=False)
        case = given.add(case)
        given.warn()
    return [resize_case(case, request.size, request.fit)]
