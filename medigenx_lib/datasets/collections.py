"""Many films from one source: phantoms, .npz archives and PneumoniaMNIST."""

from __future__ import annotations

import socket
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from medigenx_lib import preprocessing, settings
from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets import notices
from medigenx_lib.datasets.films import MAX_PIXELS
from medigenx_lib.datasets.labels import Meaning
from medigenx_lib.datasets.request import Request, bar
from medigenx_lib.errors import DataUnavailableError, InputError

PHANTOMS = {"train": (0, 512), "val": (10_000_000, 64), "test": (20_000_000, 128)}
"""First seed and usual number of each split; seeds of two splits never meet."""
MEDMNIST_SIZES = (28, 64, 128, 224)
MAX_NPZ_BYTES = 8 << 30


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
        for start in bar(range(0, share, 32), request, f"phantoms, {name}"):
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
        labels = {name: _labels(path, archive, name, request.meaning) for name in present}
        if len({int(value) for values in labels.values() for value in values} - {-1}) < 2:
            raise InputError(f"{path} holds films of one class only.", "Both labels, 0 and 1, are needed.")
        wanted = [name for name in present if name in request.splits]
        entries = [(name, int(label), i) for name in wanted for i, label in enumerate(labels[name])]
        picked = [entries[i] for i in request.pick([entry[:2] for entry in entries])]
        made = [_npz_split(path, archive, name, picked, request) for name in bar(wanted, request, path.name)]
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
        notices.warn(f"{flag} holds no chest films, and its labels mean something else ({words:.120}).")


def _labels(path: Path, archive: Any, split: str, meaning: Meaning) -> np.ndarray:
    """int (N,) of 0 and 1, or -1 for neither: in the 14 findings of ChestMNIST, and where ``meaning`` names numbers."""
    labels = archive[f"{split}_labels"]
    if labels.ndim == 2 and labels.shape[1] == 14 and np.isin(labels, (0, 1)).all():
        return _chest_labels(labels, meaning)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 1 and labels.dtype.kind in "bui" and meaning.names:
        return _numbered(labels.astype(int), meaning)
    if labels.ndim != 1 or labels.dtype.kind not in "buif" or not np.isin(labels, (0, 1)).all():
        what = f"{split}_labels of {path} are {labels.dtype} {labels.shape}"
        step = "One label a film: 0 normal, 1 pneumonia. Of other whole numbers say what counts: --positive 2,3."
        raise InputError(f"{what}, not all 0 or 1.", step)
    return labels.astype(int)


def _numbered(labels: np.ndarray, meaning: Meaning) -> np.ndarray:
    """(N,) of the numbers of classes to int (N,): 1 and 0 as ``meaning`` names them, -1 for the rest."""
    kinds = {int(number): meaning.label_of([str(number)]) for number in np.unique(labels)}
    meaning.check(map(str, kinds), kinds.values())
    return np.array([-1 if kinds[number] is None else kinds[number] for number in labels], int)


def _chest_labels(labels: np.ndarray, meaning: Meaning) -> np.ndarray:
    """(N, 14) of ChestMNIST to int (N,): 0 if nothing was found, 1 for pneumonia and its kind, -1 for the rest."""
    from medmnist.info import INFO

    names = list(INFO["chestmnist"]["label"].values())
    meaning.check(names, (0, 1))
    kinds = [meaning.label_of([name]) == 1 for name in names]
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
