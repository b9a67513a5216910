"""One file, one film: pictures of any bit depth and mode through Pillow; DICOM next door in ``dicom``.

What comes from outside is not trusted: the kind of file is told from its content, its size is checked before a
pixel is decoded, and whatever a decoder raises becomes one sentence.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from medigenx_lib import preprocessing
from medigenx_lib.cases import Case
from medigenx_lib.datasets import dicom
from medigenx_lib.datasets.patients import patient_of
from medigenx_lib.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".jp2", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".dcm", ".dicom",
            ".img")  # fmt: skip
FORMATS = ("PNG", "JPEG", "JPEG2000", "BMP", "TIFF", "WEBP", "PPM")
MIN_SIDE = 16
MAX_PIXELS = 60_000_000
"""Three times the largest detector in use (about 4,300 x 5,000); far below what would fill the memory."""
MAX_BYTES = 1 << 30
MASKS = re.compile(r"masks?\d*([ _-].*)?$", re.IGNORECASE)
HIDDEN = re.compile(r"^__MACOSX$|^\.")
NO_FILMS = re.compile(f"{MASKS.pattern}|{HIDDEN.pattern}", re.IGNORECASE)
"""Names of folders, and of files without suffix, that hold masks (see ``masks``) or a system's own notes."""
CONTAINERS = {
    (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"):
        "Save the film as TIFF, upright: SimpleITK.WriteImage(SimpleITK.ReadImage(name), 'film.tif').",
    (".npy",): "Save it as .npz with train_images (N, H, W) and train_labels (N,), or the film as PNG.",
    (".parquet",): "It needs a column image of {bytes, path}; or save its pictures as PNG beside a metadata.csv.",
}  # fmt: skip
"""Files of other libraries -> what to do with them."""
JSRT_SIDE = 2048
"""JSRT's .IMG: so many pixels a side of 12 bits, two bytes each, the greater first, no header; low is dense."""


def read_film(path: str | Path, data: bytes | None = None) -> Case:
    """One PNG, JPEG, JPEG 2000, BMP, TIFF, WebP, PGM, DICOM or JSRT (.IMG) file as a case at its native size.

    Bright is dense whatever the file's photometric interpretation says it stores. ``meta`` holds ``file``,
    ``original_size`` [H, W] as stored, ``bit_depth``, ``photometric``, ``colour`` (share of coloured pixels, see
    :func:`preprocessing.colourfulness`) and ``polarity`` (see :func:`preprocessing.polarity`); an image that appears
    inverted is flagged, not changed. A DICOM file that calls itself synthetic gives a synthetic case. ``data``: the
    picture itself where it lies within another file, and ``path`` only names it. Raises InputError, in one sentence,
    for anything that is not one film.
    """
    path = Path(path)
    image, meta = _read(path, _head(path)) if data is None else _read_picture(path, data[:512], io.BytesIO(data))
    if min(image.shape) < MIN_SIDE:
        height, width = image.shape
        raise InputError(f"{path} is only {width}x{height} pixels.", f"A film needs {MIN_SIDE} on each side.")
    if image.max() == image.min():
        raise InputError(f"{path} is blank: one grey value everywhere.", "Export the film again.")
    patient = meta.pop("patient", None) or patient_of(path)
    synthetic = bool(meta.pop("synthetic", False))
    meta = {"file": path.name, **meta, "polarity": preprocessing.polarity(image)}
    return Case(path.stem, image, source=str(path), patient=patient, synthetic=synthetic, meta=meta)


def read_films(paths: Iterable[str | Path], progress: bool = True) -> tuple[list[Case], list[InputError]]:
    """All films that can be read, at native size, and one error for each that cannot."""
    from tqdm.auto import tqdm

    cases, errors = [], []
    for path in tqdm(list(paths), "reading films", unit="film", disable=not progress, delay=2):
        try:
            cases.append(read_film(path))
        except InputError as error:
            errors.append(error)
    return cases, errors


def list_films(folder: Path) -> list[Path]:
    """Film files directly in ``folder`` by suffix, sorted; a DICOM file may also have none. Masks are no films."""
    return [path for path in sorted(folder.iterdir()) if _may_be_film(folder, path.name)]


def list_films_below(folder: Path, progress: bool = False) -> list[Path]:
    """Film files in ``folder`` and all folders below it, a folder's own first; masks and hidden folders left out.

    Links to folders are not followed, so that no loop is walked. ``progress``: a bar where it takes more than two
    seconds, as it does where each film has a folder of its own.
    """
    from tqdm.auto import tqdm

    films = []
    walk = tqdm(os.walk(folder), "looking for films", unit="folder", disable=not progress, delay=2)
    for place, inside, names in walk:
        inside[:] = sorted(name for name in inside if not NO_FILMS.search(name))
        films += [Path(place, name) for name in sorted(names) if _may_be_film(place, name)]
    return films


def found_below(folder: Path, names: Iterable[str], progress: bool = False) -> dict[str, Path]:
    """Name in a table -> film below ``folder``, never elsewhere: by the end of its path, or by its name alone.

    A name that two files bear names neither; a file has one name, the first. ``progress``: a bar, if it takes long.
    """
    start = os.path.join(folder, "")
    paths = {str(file)[len(start) :].replace("\\", "/"): file for file in list_films_below(folder, progress)}
    ends: dict[str, Path | None] = {}
    for path, file in paths.items():
        for end in {*_ends(path), file.stem}:
            ends[end] = None if end in ends else file  # borne twice, it names neither
    named: dict[Path, str] = {}
    for name in names:
        if file := _lookup(name, paths, ends):
            named.setdefault(file, name)
    return {name: file for file, name in named.items()}


def _ends(path: str) -> list[str]:
    """a/b/c.png -> a/b/c.png, b/c.png, c.png."""
    parts = path.split("/")
    return ["/".join(parts[index:]) for index in range(len(parts))]


def _lookup(name: str, paths: dict[str, Path], ends: dict[str, Path | None]) -> Path | None:
    path = PurePosixPath(name.replace("\\", "/"))
    tails = ["/".join(path.parts[index:]) for index in range(len(path.parts))]
    exact = next((paths[tail] for tail in tails if tail in paths), None)
    return exact or next((file for tail in tails if (file := ends.get(tail))), None) or ends.get(path.stem)


def _may_be_film(place: str | Path, name: str) -> bool:
    stem, suffix = os.path.splitext(name)  # no Path for each of half a million files
    return not NO_FILMS.search(stem) and (suffix.lower() in SUFFIXES or _is_bare_dicom(Path(place, name)))


def patient_in(path: Path) -> str | None:
    """The patient as :func:`read_film` tells them, by the header of a DICOM file or by names; no pixel is decoded."""
    dicom_file = path.suffix.lower() in (".dcm", ".dicom") or (path.suffix.lower() not in SUFFIXES)
    return (dicom.patient(path) if dicom_file else None) or patient_of(path)


def _is_bare_dicom(path: Path) -> bool:
    """A DICOM file named without a suffix, or by its UID; the index of a medium is none."""
    if (path.suffix and not path.suffix[1:].isdigit()) or path.name == "DICOMDIR" or not path.is_file():
        return False
    with open(path, "rb") as stream:
        return stream.read(132)[128:] == b"DICM"


# --- before decoding -----------------------------------------------------------------------------


def _head(path: Path) -> bytes:
    """The first bytes of a file that is fit to be opened."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder.", "Name a film in it, or load it with datasets.load.")
        if not path.exists() and not path.is_symlink():
            raise InputError(f"There is no file {path}.", "Check the name.")
        if not path.is_file():
            raise InputError(f"{path} is not an ordinary file.", "Copy the film to a file first.")
        if not 0 < (size := path.stat().st_size) <= MAX_BYTES:
            what = "is empty" if size == 0 else f"has {size >> 20} MiB"
            raise InputError(f"{path} {what}.", "Download or export the film again.")
        with open(path, "rb") as stream:
            return stream.read(512)
    except PermissionError as error:
        raise InputError(f"{path} may not be read.", "Change its permissions (chmod +r).") from error
    except (OSError, RuntimeError, ValueError) as error:  # symlink loops (RuntimeError before 3.13), NUL, too long
        raise InputError(f"{path!s:.200} cannot be opened ({_first_line(error)}).", "Check the name.") from error


def _not_a_film(path: Path, head: bytes) -> InputError:
    """What the file is instead, told from its first bytes."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return InputError(f"{path} is a web page, not a film.", "The download failed; get the file itself.")
    if step := step_for(path):
        return InputError(f"{path} is a file of arrays, not a film.", step)
    if start.startswith((b"pk\x03\x04", b"\x1f\x8b", b"rar!", b"7z\xbc")):
        return InputError(f"{path} is an archive, not a film.", "Unpack it and name the films in it.")
    if start.startswith(b"%pdf"):
        return InputError(f"{path} is a PDF, not a film.", "Save the film in it as PNG.")
    if start and not any(byte < 9 for byte in head):
        return InputError(f"{path} is text, not a film.", "Give a PNG, JPEG, TIFF or DICOM file.")
    return InputError(f"{path} is not a picture that can be read.", "Give a PNG, JPEG, TIFF or DICOM file.")


def step_for(path: Path) -> str | None:
    """What to do with a file of another library, told from its name; None for any other file."""
    return next((step for suffixes, step in CONTAINERS.items() if path.name.lower().endswith(suffixes)), None)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _read(path: Path, head: bytes) -> tuple[np.ndarray, dict]:
    if dicom.looks_like(head, path):
        return dicom.read(path, MAX_PIXELS)
    raw = path.suffix.lower() == ".img" and path.stat().st_size == 2 * JSRT_SIDE**2
    return _read_jsrt(path) if raw else _read_picture(path, head)


def _read_jsrt(path: Path) -> tuple[np.ndarray, dict]:
    """A film of the Japanese Society of Radiological Technology (Shiraishi et al., AJR, 2000)."""
    pixels = np.fromfile(path, ">u2").reshape(JSRT_SIDE, JSRT_SIDE)
    known = {"bit_depth": 12, "photometric": "MONOCHROME1", "colour": 0.0, "pixel_spacing_mm": [0.175, 0.175]}
    return 1 - preprocessing.to_unit_float(pixels, 12), {"original_size": list(pixels.shape), **known}


# --- pictures ------------------------------------------------------------------------------------


def _read_picture(path: Path, head: bytes, stream: IO[bytes] | None = None) -> tuple[np.ndarray, dict]:
    """(float32 (H, W) in 0..1, meta) of a file, or an open ``stream``, that Pillow reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # size is checked here, and odd metadata is no concern of the reader
        try:
            with Image.open(stream or path, formats=FORMATS) as picture:
                _check_picture(path, picture)
                size, inverted = [picture.height, picture.width], _stores_white_as_zero(picture)
                bits, kind = _declared_bits(picture), "WhiteIsZero" if inverted else picture.mode
                pixels = _pixels(ImageOps.exif_transpose(picture))
        except InputError:
            raise
        except Image.UnidentifiedImageError as error:
            raise _not_a_film(path, head) from error
        except Image.DecompressionBombError as error:
            what = f"{path} has far more than {MAX_PIXELS // 10**6} million pixels."
            raise InputError(what, "Scale it down first.") from error
        except Exception as error:  # decoders raise nearly anything on damaged data
            raise InputError(f"{path} is damaged ({_first_line(error)}).", "Export or download it again.") from error
    image, meta = _to_grey(path, pixels, bits)
    return (1 - image if inverted else image), {"original_size": size, "photometric": kind, **meta}


def _check_picture(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        what = f"{path} has {width}x{height} pixels; the limit is {MAX_PIXELS // 10**6} million."
        raise InputError(what, "Scale it down first.")
    if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":  # MPO: a JPEG with a preview behind it
        raise InputError(f"{path} holds {picture.n_frames} pictures.", "Save the one film as a file of its own.")


def _stores_white_as_zero(picture: Image.Image) -> bool:
    """TIFF's WhiteIsZero, which Pillow turns round for 8 bits only."""
    deep = picture.mode.startswith(("I", "F"))
    return picture.format == "TIFF" and deep and picture.tag_v2.get(262) == 0


def _declared_bits(picture: Image.Image) -> int | None:
    """Bits per sample where the file says so and they are not merely a container's 16 or 32."""
    if picture.mode == "1":
        return 1
    declared = picture.tag_v2.get(258, (None,))[0] if picture.format == "TIFF" else None
    return declared if declared in (10, 12, 14) else None


def _pixels(picture: Image.Image) -> np.ndarray:
    """Grey (H, W) in its own depth, or RGB (H, W, 3) uint8."""
    mode = picture.mode
    if mode in ("1", "L", "F", "I") or mode.startswith("I;"):
        return np.asarray(picture)
    if mode in ("P", "PA"):
        picture = picture.convert("RGBA" if mode == "PA" or "transparency" in picture.info else "RGB")
    if picture.mode in ("RGBA", "LA", "La", "RGBa"):
        picture = _on_black(picture.convert("RGBA"))
    return np.asarray(picture.convert("RGB"))


def _on_black(picture: Image.Image) -> Image.Image:
    """Transparent parts become black, as around a film; an alpha channel that hides everything is ignored."""
    low, high = picture.getextrema()[3]
    if low == high:
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture).convert("RGB")


def _to_grey(path: Path, pixels: np.ndarray, bits: int | None) -> tuple[np.ndarray, dict]:
    """(float32 (H, W) in 0..1, what is known of depth and colour)."""
    if pixels.ndim == 3:
        unit = preprocessing.to_unit_float(pixels, 8)
        colour = round(preprocessing.colourfulness(unit), 4)
        return np.clip(preprocessing.luminance(unit), 0, 1), {"bit_depth": 8, "colour": colour}
    if not np.isfinite(pixels).all():
        raise InputError(f"{path} holds NaN or infinite values.", "Replace them and save it again.")
    if bits is None and pixels.dtype.kind == "f" and pixels.min() >= 0 and pixels.max() <= 1:
        return pixels.astype(np.float32), {"bit_depth": 32, "colour": 0.0}
    if pixels.min() < 0 or pixels.max() >= 2**16:  # no depth can be told: only the range is left
        ramp = np.subtract(pixels, pixels.min(), dtype=np.float64)
        return (ramp / max(ramp.max(), 1e-300)).astype(np.float32), {
            "bit_depth": 32,
            "colour": 0.0,
            "range": "stretched",
        }
    container = 8 if pixels.dtype == np.uint8 else 16
    bits = bits or preprocessing.guess_bit_depth(pixels, container)
    return preprocessing.to_unit_float(pixels, bits), {"bit_depth": bits, "colour": 0.0}
