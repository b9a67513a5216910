"""DICOM films: stored values to 0..1 by way of modality, window and photometric interpretation (PS3.3 C.11).

pydicom reads the file; Pillow and GDCM decode what is compressed (JPEG baseline, extended and lossless, JPEG-LS,
JPEG 2000, RLE). Names and numbers of patients stay out of the case: the id is a hash.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medigenx_lib import preprocessing
from medigenx_lib.errors import InputError
from medigenx_lib.settings import NOTICE

if TYPE_CHECKING:
    from pydicom import Dataset

NEXT_STEP = "Export one frontal film as DICOM or PNG."
KEPT = {"Modality": "modality", "ViewPosition": "view", "BodyPartExamined": "body_part"}


def looks_like(head: bytes, path: Path) -> bool:
    """True for a DICOM file by its preamble, or by its name where old software left the preamble out."""
    bare = head[:2] in (b"\x02\x00", b"\x08\x00") and path.suffix.lower() in (".dcm", ".dicom", ".ima", "")
    return head[128:132] == b"DICM" or bare


def read(path: Path, max_pixels: int) -> tuple[np.ndarray, dict]:
    """(float32 (H, W) in 0..1, bright = dense; meta) of a DICOM file with one frame. Raises InputError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # real files break small rules of the standard all the time
        logging.getLogger("pydicom").setLevel(logging.ERROR)
        try:
            _check_deflated(path, 4 * max_pixels)
            import pydicom

            dataset = pydicom.dcmread(path, force=True)
            _check(path, dataset, max_pixels)
            image, meta = _to_film(dataset)
        except InputError:
            raise
        except Exception as error:  # decoders raise nearly anything on damaged data
            raise InputError(f"{path} cannot be decoded ({_reason(error)}).", NEXT_STEP) from error
    return image, {"original_size": [dataset.Rows, dataset.Columns], **meta, **_description(dataset)}


def patient(path: Path) -> str | None:
    """The hash that stands for the patient in the header; None without one, and for a file that is not DICOM."""
    from pydicom import dcmread

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = dcmread(path, force=True, stop_before_pixels=True, specific_tags=["PatientID"])
        return _hashed(header)
    except Exception:  # what is wrong with the file is said when it is read
        return None


def _hashed(dataset: Dataset) -> str | None:
    number = str(dataset.get("PatientID") or "")
    return "dicom-" + hashlib.sha256(number.encode()).hexdigest()[:12] if number else None


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(":.")


def _check_deflated(path: Path, limit: int) -> None:
    """Refuse a deflated file that would unpack to more than ``limit`` bytes, before pydicom unpacks it."""
    from pydicom.filereader import read_file_meta_info
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    with open(path, "rb") as stream:
        if stream.read(132)[128:] != b"DICM":
            return
        meta = read_file_meta_info(path)
        if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            stream.seek(128 + 4 + 12 + meta.FileMetaInformationGroupLength)
            if len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream.read(), limit)) >= limit:
                raise InputError(f"{path} unpacks to more than {limit >> 20} MiB.", NEXT_STEP)


def _check(path: Path, dataset: Dataset, max_pixels: int) -> None:
    if "PixelData" not in dataset:
        raise InputError(f"{path} is a DICOM file without a picture.", NEXT_STEP)
    if (frames := int(dataset.get("NumberOfFrames") or 1)) > 1:
        raise InputError(f"{path} holds {frames} frames; a film is one.", NEXT_STEP)
    rows, columns = dataset.Rows, dataset.Columns
    if rows * columns > max_pixels:
        what = f"{path} has {columns}x{rows} pixels; the limit is {max_pixels // 10**6} million."
        raise InputError(what, "Scale it down first.")
    if "TransferSyntaxUID" not in dataset.file_meta:
        from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

        implicit = dataset.original_encoding[0]
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _description(dataset: Dataset) -> dict:
    """What a reader may know: modality, view, body part, the size of a pixel in mm, and that a film is synthetic."""
    meta = {name: str(dataset.get(tag)) for tag, name in KEPT.items() if dataset.get(tag)}
    if marked_synthetic(dataset):
        meta["synthetic"] = True
    if who := _hashed(dataset):
        meta["patient"] = who
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    return {**meta, "pixel_spacing_mm": [float(side) for side in spacing]} if spacing else meta


def marked_synthetic(dataset: Dataset) -> bool:
    """True if the header says that a program made the film: in ImageType, or by our notice (``settings.NOTICE``)."""
    kinds = dataset.get("ImageType") or []
    kinds = [kinds] if isinstance(kinds, str) else kinds
    texts = [str(dataset.get(name) or "") for name in ("ImageComments", "DerivationDescription")]
    noticed = any(text.upper().startswith(NOTICE) for text in texts)
    return noticed or any(str(kind).strip().upper() == "SYNTHETIC" for kind in kinds)


# --- grey levels ---------------------------------------------------------------------------------


def _to_film(dataset: Dataset) -> tuple[np.ndarray, dict]:
    """Decode, then modality, window, photometric interpretation and orientation, in the order of the standard."""
    stored, kind = _decode(dataset), str(dataset.PhotometricInterpretation)
    meta = {"bit_depth": int(dataset.BitsStored), "photometric": kind, "colour": 0.0}
    if kind.startswith("MONOCHROME"):
        image = _windowed(stored, dataset)
        image = 1 - image if kind == "MONOCHROME1" else image
        image[_padding(stored, dataset)] = 0  # background is black, whatever the polarity
    else:
        colours = _colours(stored, dataset)
        meta["colour"] = round(preprocessing.colourfulness(colours), 4)
        image = np.clip(preprocessing.luminance(colours), 0, 1)
    image, turned = _orient(image, dataset)
    return np.ascontiguousarray(image, np.float32), {**meta, **({"turned": turned} if turned else {})}


def _decode(dataset: Dataset) -> np.ndarray:
    """Stored values (H, W), or (H, W, 3) in RGB."""
    from pydicom.pixels import pixel_array
    from pydicom.uid import JPEGExtended12Bit

    if dataset.file_meta.TransferSyntaxUID == JPEGExtended12Bit and dataset.BitsStored > 8:
        return _decode_with_gdcm(dataset)
    return pixel_array(dataset)


def _decode_with_gdcm(dataset: Dataset) -> np.ndarray:
    """JPEG extended of 12 bits, which pydicom's plugins leave to one under the GPL; GDCM itself can."""
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(dataset.filename))
    if not reader.Read():
        raise ValueError("GDCM cannot decode it")
    raw = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    signed = "i" if dataset.PixelRepresentation else "u"
    return np.frombuffer(raw, f"<{signed}2").reshape(dataset.Rows, dataset.Columns)


def _windowed(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Stored values to 0..1: rescale or modality LUT, then VOI LUT, window, or the whole range, in that order."""
    from pydicom.pixels import apply_rescale

    tables = dataset.get("ModalityLUTSequence")
    values = _look_up(stored, tables[0]) if tables else apply_rescale(stored, dataset)
    if tables := dataset.get("VOILUTSequence"):
        return preprocessing.to_unit_float(_look_up(values, tables[0]), int(tables[0].LUTDescriptor[2]))
    if window := _window(dataset):
        return _apply_window(values, *window, str(dataset.get("VOILUTFunction") or "LINEAR"))
    low, high = _range(dataset, stored)
    return np.clip((values - low) / (high - low), 0, 1).astype(np.float32)


def _look_up(values: np.ndarray, table: Dataset) -> np.ndarray:
    """Values through a table of PS3.3 C.11.1; beyond its ends the first and the last entry hold.

    Not by pydicom, whose index wraps where a table of 8-bit values has more than 256 entries.
    """
    entries, first, _ = (int(value) for value in table.LUTDescriptor)
    data = table.LUTData
    if isinstance(data, bytes):
        data = np.frombuffer(data, np.uint8 if len(data) == entries else "<u2")
    data = np.atleast_1d(np.asarray(data))[: entries or 2**16]  # 0 stands for 65536
    return data[np.clip(np.round(values).astype(np.int64) - first, 0, len(data) - 1)]


def _window(dataset: Dataset) -> tuple[float, float] | None:
    """The first window's (centre, width); None if there is none that makes sense."""
    pair = [dataset.get(tag) for tag in ("WindowCenter", "WindowWidth")]
    if any(value in (None, "") for value in pair):
        return None
    centre, width = (float(v if isinstance(v, (str, float, int)) else v[0]) for v in pair)
    return (centre, width) if width >= 1 else None


def _apply_window(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    if function == "SIGMOID":
        return (1 / (1 + np.exp(-4 * (values - centre) / width))).astype(np.float32)
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1).astype(np.float32)
    return preprocessing.window_level(values, centre, width)


def _range(dataset: Dataset, stored: np.ndarray) -> tuple[float, float]:
    """Least and greatest value that the file can hold, after the modality's rescale or table.

    Where 16 bits are said to be used, as converters write for any detector, fewer may be; see ``guess_bit_depth``.
    """
    bits = int(dataset.BitsStored)
    if bits == 16 and not dataset.PixelRepresentation:
        bits = preprocessing.guess_bit_depth(stored, bits)
    if dataset.get("ModalityLUTSequence"):
        return 0.0, 2.0 ** int(dataset.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if dataset.PixelRepresentation else [0, 2**bits - 1])
    ends = ends * float(dataset.get("RescaleSlope") or 1) + float(dataset.get("RescaleIntercept") or 0)
    return float(ends.min()), float(ends.max())


def _padding(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Where the film was filled up outside the exposed field (PixelPaddingValue, with its range if given)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    return (stored >= low) & (stored <= high)


def _colours(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """RGB (H, W, 3) in 0..1, with palettes looked up."""
    from pydicom.pixels import apply_color_lut

    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        bits = int(dataset.RedPaletteColorLookupTableDescriptor[2])
        return preprocessing.to_unit_float(apply_color_lut(stored, dataset), bits)
    return preprocessing.to_unit_float(stored, int(dataset.BitsStored))


def _orient(image: np.ndarray, dataset: Dataset) -> tuple[np.ndarray, str]:
    """The patient's right on the left of the picture, head up, where PatientOrientation says that it is not."""
    across, down = (str(word)[:1] for word in [*(dataset.get("PatientOrientation") or ()), "", ""][:2])
    turned = []
    if across == "R":  # columns run towards the patient's right
        image, turned = image[:, ::-1], [*turned, "left-right"]
    if down == "H":  # rows run towards the head
        image, turned = image[::-1], [*turned, "up-down"]
    return image, ", ".join(turned)
