"""Films in folders: one folder a class, with split folders or without, and plain folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medigenx_lib.cases import LABELS, Case, replace
from medigenx_lib.datasets import notices
from medigenx_lib.datasets.films import (
    NO_FILMS,
    SUFFIXES,
    list_films,
    list_films_below,
    patient_in,
    read_film,
    step_for,
)
from medigenx_lib.datasets.labels import Meaning, class_of_file, split_of_word
from medigenx_lib.datasets.patients import patient_of
from medigenx_lib.datasets.request import SPLITS, Request, read_all
from medigenx_lib.datasets.splits import Lists, assigned, of_folders
from medigenx_lib.errors import InputError

CLASSES = tuple(label.upper() for label in LABELS)
OPTIONS = "positive=, negative= (--positive, --negative NAME[,NAME])"


def class_roots(folder: Path, meaning: Meaning) -> dict[str | None, Path]:
    """Split -> folder with the classes: {None: folder} without splits, empty if these are no class folders."""
    if _class_names(folder, meaning):
        return {None: folder}
    inside = {split_of_word(entry.name): entry for entry in sorted(folder.iterdir()) if _class_names(entry, meaning)}
    return {name: inside[name] for name in SPLITS if name in inside}


def _class_names(folder: Path, meaning: Meaning) -> list[str]:
    return [name for name in _folder_names(folder) if meaning.label_of_folder(name) is not None]


def _folder_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not NO_FILMS.search(entry.name))


def _left_out(names: Sequence[str], meaning: Meaning) -> str:
    """A sentence on the class folders that count as neither normal nor pneumonia; "" if there are none."""
    left = [name for name in names if meaning.label_of_folder(name) is None]
    return f" Left out, being neither by their names: {', '.join(left)}." if left else ""


def inner_classes(folder: Path, meaning: Meaning) -> Path | None:
    """The one folder in ``folder`` that has class folders, as ``imgs`` in TBX11K; never a link."""
    inside = [folder / name for name in _folder_names(folder) if not (folder / name).is_symlink()]
    found = [path for path in inside if class_roots(path, meaning)]
    return found[0] if len(found) == 1 else None


def load_classes(folder: Path, request: Request, above: Path | None = None) -> list[Case]:
    """Class folders (see ``labels``), with or without split folders, through torchvision's ImageFolder.

    Folders of masks are no films. ``meta["class"]`` is the name of the folder. ``above``: where lists of names lie, if
    not in ``folder``. Warns of folders that say neither.
    Raises InputError if there are no films of one of both labels.
    """
    roots = class_roots(folder, request.meaning)
    if None not in roots and request.split and request.split not in roots:
        raise InputError(f"{folder} has no {request.split} folder.", f"It has: {', '.join(map(str, roots))}.")
    kept = {split: root for split, root in roots.items() if split is None or split in request.splits}
    datasets = {split: _image_folder(root, request.meaning) for split, root in kept.items()}
    names = sorted({name for root in kept.values() for name in _folder_names(root)})
    _check_classes(folder, names, {label for dataset in datasets.values() for label in dataset.targets}, request)
    items = [(split, index) for split, dataset in datasets.items() for index in range(len(dataset))]
    files = [Path(datasets[split].samples[index][0]) for split, index in items]
    splits = [split for split, _ in items] if None not in roots else _splits(above or folder, files)
    items = [(*item, split) for item, split in zip(items, splits, strict=True) if split in request.splits]
    strata = [(root or "", datasets[root].targets[index]) for root, index, _ in items]
    picked = [items[i] for i in request.pick(strata)]
    return read_all(folder, picked, lambda item: _labelled(datasets[item[0]], *item[1:]), request)


def _check_classes(folder: Path, names: Sequence[str], labels: set[int], request: Request) -> None:
    """Raises InputError if class folders of these ``names`` do not give films of both labels; warns of others."""
    request.meaning.check(names, map(request.meaning.label_of_folder, names))
    left_out = _left_out(names, request.meaning)
    if not labels:
        raise InputError(f"The class folders in {folder} are empty.", "They need PNG, JPEG, TIFF or DICOM files.")
    if len(labels) < 2:
        what = f"{folder} holds films of one class only.{left_out}"
        raise InputError(what, f"It needs both {' and '.join(CLASSES)}, or say what counts as them: {OPTIONS}.")
    if left_out:
        notices.warn(f"{folder}:{left_out} To use them, say what they count as: {OPTIONS}.")


def _splits(folder: Path, files: Sequence[Path]) -> list[str]:
    """The split of each film: by lists (see ``splits``), by folders if they name more than one, else by patient."""
    lists = Lists(folder)
    told = {file: lists.of(file) for file in files}
    if not any(told.values()):
        told = {file: of_folders(file.relative_to(folder)) for file in files}
        told = told if len(set(told.values()) - {None}) > 1 else dict.fromkeys(files)
    people = {file: patient_in(file) or file.stem for file in files}
    return list(assigned(told, people).values())


def _image_folder(root: Path, meaning: Meaning) -> Any:
    """A torchvision ImageFolder whose items are (case at native size, label)."""
    from torchvision.datasets import ImageFolder

    class FilmFolder(ImageFolder):
        """Class folders whose names may be in capitals or not, and whose labels are the same with either missing."""

        def find_classes(self, directory):
            """Class folders of ``directory`` and the label of each: normal 0, pneumonia 1, in capitals or not."""
            names = _class_names(Path(directory), meaning)
            return names, {name: meaning.label_of_folder(name) for name in names}

    return FilmFolder(
        str(root),
        loader=read_film,
        is_valid_file=lambda name: _is_film_of(root, Path(name)),
        allow_empty=True,
    )


def _is_film_of(root: Path, file: Path) -> bool:
    inner = file.relative_to(root)
    return file.suffix.lower() in SUFFIXES and not any(map(NO_FILMS.search, (*inner.parts[:-1], file.stem)))


def _labelled(dataset: Any, index: int, split: str) -> Case:
    case, label = dataset[index]
    inner = Path(dataset.samples[index][0]).relative_to(dataset.root)
    return replace(case, label=label, split=split, meta={**case.meta, "class": inner.parts[0]})


def load_films(folder: Path, request: Request) -> list[Case]:
    """A plain folder of films, or folders of them if none lies in it itself: labels unknown. Split as class folders.

    In Shenzhen and Montgomery names say what is normal.
    """
    try:
        paths = list_films(folder) or list_films_below(folder, request.progress)
    except OSError as error:
        raise InputError(f"{folder} cannot be listed ({error.strerror}).", "Check its permissions.") from error
    if not paths:
        steps = (step for file in sorted(folder.rglob("*")) if (step := step_for(file)))
        step = next(steps, "It needs PNG, JPEG, TIFF or DICOM files.")
        raise InputError(f"There are no films in or below {folder}.", step)
    _warn_of_names(folder, paths)
    splits = dict(zip(paths, _splits(folder, paths), strict=True))
    if not (kept := [path for path in paths if splits[path] in request.splits]):
        raise InputError(f"No film of {folder} falls into {request.split}.", "Leave split out, or add films.")
    _check_named(paths, request.meaning)
    paths = [kept[i] for i in request.pick(kept)]
    return read_all(folder, paths, lambda path: _named_so(path, splits[path], request.meaning), request)


def _check_named(paths: Sequence[Path], meaning: Meaning) -> None:
    """Raises InputError if classes were named that the files' names do not tell of."""
    if meaning.names:
        kinds = [kind for path in paths if (kind := class_of_file(path.name))]
        names = kinds or sorted({path.parent.name for path in paths})
        meaning.check(names, [meaning.label_of([kind]) for kind in kinds])


def _warn_of_names(folder: Path, paths: Sequence[Path]) -> None:
    """Say so where the folders that films lie in look like classes, but of no name that is known."""
    names = sorted({path.parent.name for path in paths})
    if 2 <= len(names) <= 10 and not any(map(patient_of, paths[:1])):
        what = f"The films in {folder} are loaded without labels: {', '.join(names)} say neither normal nor pneumonia."
        notices.warn(f"{what} To use them as classes, say what counts as which: {OPTIONS}.")


def _named_so(path: Path, split: str, meaning: Meaning) -> Case:
    case, kind = read_film(path), class_of_file(path.name)
    known = {"label": meaning.label_of([kind]), "meta": {**case.meta, "class": kind}} if kind else {}
    return replace(case, split=split, **known)
