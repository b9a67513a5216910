"""Many films at once: phantoms, .npz archives, PneumoniaMNIST, class folders and plain folders."""

from __future__ import annotations

import socket
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from medigenx_lib import preprocessing, settings
from medigenx_lib.cases import LABELS, Case, replace
from medigenx_lib.datasets.films import (
    MAX_PIXELS,
    NO_FILMS,
    SUFFIXES,
    list_films,
    list_films_below,
    read_film,
    step_for,
)
from medigenx_lib.datasets.labels import label_of, label_of_file, label_of_folder, split_of_word
from medigenx_lib.datasets.patients import patient_of
from medigenx_lib.errors import DataUnavailableError, InputError

PHANTOMS = {"train": (0, 512), "val": (10_000_000, 64), "test": (20_000_000, 128)}
"""First seed and usual number of each split; seeds of two splits never meet."""
MEDMNIST_SIZES = (28, 64, 128, 224)
MAX_NPZ_BYTES = 8 << 30
CLASSES = tuple(label.upper() for label in LABELS)


@dataclass(frozen=True)
class Request:
    """What was asked of :func:`datasets.load`; see there."""

    size: int | None = 64
    split: str | None = None
    limit: int | None = None
    progress: bool = True
    fit: str = "stretch"

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits wanted."""
        return (self.split,) if self.split else tuple(PHANTOMS)

    def pick(self, strata: Sequence[Any]) -> list[int]:
        """Indices of at most ``limit`` items, spread evenly over the sorted ``strata`` (one key an item)."""
        if self.limit is None or self.limit >= len(strata):
            return list(range(len(strata)))
        order = sorted(range(len(strata)), key=lambda i: (strata[i], i))
        places = (np.arange(self.limit) + 0.5) * len(order) / self.limit
        return sorted(order[int(place)] for place in places)


def _bar(items: Sequence, request: Request, what: str) -> Any:
    from tqdm.auto import tqdm

    return tqdm(items, what, disable=not request.progress, delay=2)


# --- phantoms ------------------------------------------------------------------------------------


def load_phantom(request: Request) -> list[Case]:
    """Phantoms of the paediatric preset: 512 / 64 / 128 by split, or ``limit``; the same ones every time."""
    from medigenx_lib import phantom

    wanted = [(name, PHANTOMS[name]) for name in request.splits]
    total = sum(count for _, (_, count) in wanted)
    limit = request.limit or total
    cases: list[Case] = []
    for position, (name, (first, count)) in enumerate(wanted):
        share = limit - len(cases) if position == len(wanted) - 1 else limit * count // total
        for start in _bar(range(0, share, 32), request, f"phantoms, {name}"):
            seeds = range(first + start, first + min(start + 32, share))
            made = phantom.cases(seeds, size=request.size or 64)
            cases += [replace(case, split=name, patient=case.id) for case in made]
    return cases


# --- .npz in MedMNIST keys -----------------------------------------------------------------------


def load_npz(path: Path, request: Request, source: str | None = None) -> list[Case]:
    """Cases of ``{train,val,test}_{images,labels}``: images (N, H, W[, 1, 3 or 4]), labels (N,) or (N, 1)."""
    with _open_npz(path) as archive:
        present = [name for name in PHANTOMS if f"{name}_images" in archive and f"{name}_labels" in archive]
        if not present:
            keys = ", ".join(archive.files[:6]) or "nothing"
            raise InputError(f"{path} holds {keys}.", "It needs train_images and train_labels (also val_, test_).")
        if missing := set(request.splits if request.split else ()) - set(present):
            raise InputError(f"{path} has no {missing.pop()} split.", f"It has: {', '.join(present)}.")
        _check_flag(path)
        labels = {name: _labels(path, archive, name) for name in present}
        if len({int(value) for values in labels.values() for value in values} - {-1}) < 2:
            raise InputError(f"{path} holds films of one class only.", "Both labels, 0 and 1, are needed.")
        wanted = [name for name in present if name in request.splits]
        entries = [(name, int(label), i) for name in wanted for i, label in enumerate(labels[name])]
        picked = [entries[i] for i in request.pick([entry[:2] for entry in entries])]
        made = [_npz_split(path, archive, name, picked, request) for name in _bar(wanted, request, path.name)]
    cases = [case for cases in made for case in cases]
    return [replace(case, source=source) for case in cases] if source else cases


@contextmanager
def _open_npz(path: Path) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > MAX_NPZ_BYTES:
            raise InputError(f"{path} unpacks to {unpacked >> 30} GiB.", "Make a smaller one.")
        with np.load(path, allow_pickle=False) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, EOFError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} cannot be read as .npz ({reason}).", "Download or write it again.") from error


def _check_flag(path: Path) -> None:
    """Warn of those sets of MedMNIST that are no chest films, by the name of the file."""
    from medmnist.info import INFO

    flag = path.stem.split("_")[0]
    if flag in INFO and flag not in ("pneumoniamnist", "chestmnist"):
        words = ", ".join(f"{key}: {value}" for key, value in INFO[flag]["label"].items())
        warnings.warn(f"{flag} holds no chest films, and its labels mean something else ({words:.120}).", stacklevel=4)


def _labels(path: Path, archive: Any, split: str) -> np.ndarray:
    """int (N,) of 0 and 1, or -1 for neither in the 14 findings of ChestMNIST."""
    labels = archive[f"{split}_labels"]
    if labels.ndim == 2 and labels.shape[1] == 14 and np.isin(labels, (0, 1)).all():
        return _chest_labels(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "buif" or not np.isin(labels, (0, 1)).all():
        what = f"{split}_labels of {path} are {labels.dtype} {labels.shape}"
        raise InputError(f"{what}, not all 0 or 1.", "One label a film: 0 normal, 1 pneumonia.")
    return labels.astype(int)


def _chest_labels(labels: np.ndarray) -> np.ndarray:
    """(N, 14) of ChestMNIST to int (N,): 0 if nothing was found, 1 for pneumonia and its kind, -1 for the rest."""
    from medmnist.info import INFO

    kinds = [label_of([name]) == 1 for name in INFO["chestmnist"]["label"].values()]
    return np.select([labels[:, kinds].any(axis=1), labels.any(axis=1)], [1, -1], 0)


def _npz_split(path: Path, archive: Any, split: str, picked: Sequence[tuple], request: Request) -> list[Case]:
    images = archive[f"{split}_images"]
    if len(images) != archive[f"{split}_labels"].shape[0]:
        raise InputError(f"{path} has another number of {split}_labels than of {split}_images.", "Write it again.")
    chosen = [(label, index) for name, label, index in picked if name == split]
    if not chosen:
        return []
    grey, meta = _grey_stack(path, split, images, [index for _, index in chosen])
    grey = grey if request.size is None else preprocessing.resize(_squared(grey, request.fit), request.size)
    stem = f"{path.stem}-{split}"
    return [
        Case(
            f"{stem}-{index:05d}",
            image,
            None if label < 0 else label,
            source=str(path),
            split=split,
            meta={**meta, "index": index},
        )
        for image, (label, index) in zip(grey, chosen, strict=True)
    ]


def _squared(stack: np.ndarray, fit: str) -> np.ndarray:
    if fit == "stretch" or stack.shape[1] == stack.shape[2]:
        return stack
    return np.stack([preprocessing.to_square(image, fit) for image in stack])


def _grey_stack(path: Path, split: str, images: np.ndarray, chosen: list[int]) -> tuple[np.ndarray, dict]:
    """float32 (N, H, W) in 0..1 of the chosen images, and their meta."""
    shape, kind = images.shape, images.dtype.kind
    fits = len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3, 4))
    if not fits or min(shape[1:3]) < 16 or shape[1] * shape[2] > MAX_PIXELS or kind not in "buif":
        what = f"{split}_images of {path} are {images.dtype} {shape}"
        raise InputError(f"{what}.", "They must be numbers of shape (N, H, W), 16 pixels or more a side.")
    if kind == "f" and not np.isfinite(images).all():
        raise InputError(f"{split}_images of {path} hold NaN or infinite values.", "Replace them and save it again.")
    if float(images.min()) < 0 or float(images.max()) >= 2**16:
        raise InputError(f"{split}_images of {path} lie outside 0..65535.", "Scale them to 0..255 or 0..1.")
    bits = _stack_bits(images)
    values = images[chosen][..., 0] if len(shape) == 4 and shape[3] == 1 else images[chosen]
    unit = np.clip(values, 0, 1).astype(np.float32) if bits == 1 else preprocessing.to_unit_float(values, bits)
    unit = np.clip(preprocessing.luminance(unit), 0, 1) if unit.ndim == 4 else unit
    return unit, {"file": path.name, "original_size": list(shape[1:3]), "bit_depth": bits, "photometric": "grey"}


def _stack_bits(images: np.ndarray) -> int:
    """One depth for the whole split; 1 for bool and for floats in 0..1."""
    if images.dtype.kind == "b" or (images.dtype.kind == "f" and images.max() <= 1):
        return 1
    return preprocessing.guess_bit_depth(images, 16)


# --- PneumoniaMNIST ------------------------------------------------------------------------------


def load_pneumoniamnist(request: Request) -> list[Case]:
    """PneumoniaMNIST (Yang et al., Scientific Data, 2023) through medmnist, at the stored size next above ``size``.

    ``size`` None means 28. Downloaded once, with the checksum of the medmnist package; a damaged or half-downloaded
    file is fetched again. Raises DataUnavailableError where that fails.
    """
    wanted = request.size or 28
    stored = next((side for side in MEDMNIST_SIZES if side >= wanted), MEDMNIST_SIZES[-1])
    folder = settings.cache_dir()
    path = folder / ("pneumoniamnist.npz" if stored == 28 else f"pneumoniamnist_{stored}.npz")
    _fetch_pneumoniamnist(path, stored)
    return load_npz(path, request, source=f"PneumoniaMNIST {stored}")


def _fetch_pneumoniamnist(path: Path, stored: int) -> None:
    """Leave the verified file at ``path``; medmnist checks its MD5, downloads if need be, and shows a bar."""
    before = socket.getdefaulttimeout()
    try:
        from medmnist import PneumoniaMNIST

        path.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(10)  # a network that swallows packets must not hang the lesson
        PneumoniaMNIST(split="train", root=str(path.parent), size=stored, download=True)
    except (RuntimeError, OSError, ValueError, zipfile.BadZipFile) as error:
        damaged = f" The file {path.name} there is not the official one or is incomplete." if path.exists() else ""
        raise DataUnavailableError(
            f"PneumoniaMNIST cannot be downloaded now, and there is no good copy in {path.parent}.{damaged}",
            f"Put {path.name} there, connect to the internet, or use the built-in source: phantom.",
        ) from error
    finally:
        socket.setdefaulttimeout(before)


# --- folders -------------------------------------------------------------------------------------


def class_roots(folder: Path) -> dict[str | None, Path]:
    """Split -> folder with the classes: {None: folder} without splits, empty if these are no class folders."""
    if _class_names(folder):
        return {None: folder}
    inside = {split_of_word(entry.name): entry for entry in sorted(folder.iterdir()) if _class_names(entry)}
    return {name: inside[name] for name in PHANTOMS if name in inside}


def _class_names(folder: Path) -> list[str]:
    return [name for name in _folder_names(folder) if label_of_folder(name) is not None]


def _folder_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not NO_FILMS.search(entry.name))


def _left_out(roots: Mapping[str | None, Path]) -> str:
    """A sentence on the class folders whose names say neither normal nor pneumonia; "" if there are none."""
    names = {name for root in roots.values() for name in _folder_names(root) if label_of_folder(name) is None}
    return f" Left out, being neither by their names: {', '.join(sorted(names))}." if names else ""


def load_classes(folder: Path, request: Request) -> list[Case]:
    """Class folders (see ``labels.label_of_folder``), with or without split folders, through torchvision's ImageFolder.

    Folders of masks are no films. ``meta["class"]`` is the name of the folder. Warns of folders that say neither.
    """
    roots = class_roots(folder)
    if None not in roots and request.split and request.split not in roots:
        raise InputError(f"{folder} has no {request.split} folder.", f"It has: {', '.join(map(str, roots))}.")
    kept = {split: root for split, root in roots.items() if split is None or split in request.splits}
    datasets = {split: _image_folder(root, request) for split, root in kept.items()}
    labels = {label for dataset in datasets.values() for label in dataset.targets}
    if not labels:
        raise InputError(f"The class folders in {folder} are empty.", "They need PNG, JPEG, TIFF or DICOM files.")
    if len(labels) < 2:
        what = f"{folder} holds films of one class only.{_left_out(kept)}"
        raise InputError(what, f"It needs both {' and '.join(CLASSES)}.")
    if left_out := _left_out(kept):
        warnings.warn(f"{folder}:{left_out} To use them, rename them {' or '.join(CLASSES)}.", stacklevel=3)
    items = [(split, index) for split, dataset in datasets.items() for index in range(len(dataset))]
    assigned = [split or _hashed_split(datasets[split].samples[index][0]) for split, index in items]
    items = [item for item, split in zip(items, assigned, strict=True) if split in request.splits]
    strata = [(split or "", datasets[split].targets[index]) for split, index in items]
    picked = [items[i] for i in request.pick(strata)]
    return _read_all(folder, picked, lambda item: _labelled(datasets[item[0]], *item), request)


def _image_folder(root: Path, request: Request) -> Any:
    """A torchvision ImageFolder whose items are (case at the wanted size, label)."""
    from torchvision.datasets import ImageFolder

    class FilmFolder(ImageFolder):
        """Class folders whose names may be in capitals or not, and whose labels are the same with either missing."""

        def find_classes(self, directory):
            """Class folders of ``directory`` and the label of each: normal 0, pneumonia 1, in capitals or not."""
            names = _class_names(Path(directory))
            return names, {name: label_of_folder(name) for name in names}

    return FilmFolder(
        str(root),
        transform=partial(preprocessing.resize_case, size=request.size, fit=request.fit),
        loader=read_film,
        is_valid_file=lambda name: _is_film_of(root, Path(name)),
        allow_empty=True,
    )


def _is_film_of(root: Path, file: Path) -> bool:
    inner = file.relative_to(root)
    return file.suffix.lower() in SUFFIXES and not any(map(NO_FILMS.search, (*inner.parts[:-1], file.stem)))


def _labelled(dataset: Any, split: str | None, index: int) -> Case:
    case, label = dataset[index]
    inner = Path(dataset.samples[index][0]).relative_to(dataset.root)
    meta = {**case.meta, "class": inner.parts[0]}
    split = split or preprocessing.split_of(case.patient or case.id)
    return replace(case, label=label, split=split, meta=meta)


def _hashed_split(path: str) -> str:
    return preprocessing.split_of(patient_of(path) or Path(path).stem)


def load_films(folder: Path, request: Request) -> list[Case]:
    """A plain folder of films, or folders of them if none lies in it itself: split by patient, labels unknown.

    In Shenzhen and Montgomery names say what is normal.
    """
    try:
        paths = list_films(folder) or list_films_below(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be listed ({error.strerror}).", "Check its permissions.") from error
    if not paths:
        steps = (step for file in sorted(folder.rglob("*")) if (step := step_for(file)))
        step = next(steps, "It needs PNG, JPEG, TIFF or DICOM files.")
        raise InputError(f"There are no films in or below {folder}.", step)
    _warn_of_names(folder, paths)
    paths = [paths[i] for i in request.pick(paths)] if request.split is None else paths
    cases = _read_all(folder, paths, partial(_unlabelled, request=request), request)
    kept = [case for case in cases if request.split in (None, case.split)]
    if not kept:
        raise InputError(f"No film of {folder} falls into {request.split}.", "Leave split out, or add films.")
    return kept[: request.limit]


def _warn_of_names(folder: Path, paths: Sequence[Path]) -> None:
    """Say so where the folders that films lie in look like classes, but of no name that is known."""
    names = sorted({path.parent.name for path in paths})
    if 2 <= len(names) <= 10 and not any(map(patient_of, paths[:1])):
        what = f"The films in {folder} are loaded without labels: {', '.join(names)} say neither normal nor pneumonia."
        warnings.warn(f"{what} To use them as classes, rename them {' and '.join(CLASSES)}.", stacklevel=4)


def _unlabelled(path: Path, request: Request) -> Case:
    case = preprocessing.resize_case(read_film(path), request.size, request.fit)
    return replace(case, label=label_of_file(path.name), split=preprocessing.split_of(case.patient or case.id))


def _read_all(folder: Path, items: Sequence, read: Any, request: Request) -> list[Case]:
    """``read`` on every item; what cannot be read is left out and named in one warning."""
    cases, errors = [], []
    for item in _bar(items, request, f"reading {folder.name}"):
        try:
            cases.append(read(item))
        except InputError as error:
            errors.append(error)
    if errors and not cases:
        raise InputError(
            f"None of the {len(errors)} films in {folder} can be read. {errors[0].what}", "Check the folder."
        )
    if errors:
        named = " ".join(error.what for error in errors[:5])
        warnings.warn(f"{len(errors)} of {len(items)} files left out: {named}", stacklevel=4)
    return _with_own_ids(folder, cases)


def _with_own_ids(folder: Path, cases: list[Case]) -> list[Case]:
    """The cases, with the path below ``folder`` as the id of those whose files share a name."""
    seen = Counter(case.id for case in cases)
    places = [Path(case.source).relative_to(folder).with_suffix("").as_posix() for case in cases]
    return [c if seen[c.id] == 1 else replace(c, id=place) for c, place in zip(cases, places, strict=True)]
