"""Reports with their images and split in one JSON file, as R2Gen lays them out (Chen et al., EMNLP 2020).

``{"train": [{"id", "report", "image_path": [...]}, ...], "val": [...], "test": [...]}``, ``annotation.json`` beside a
folder ``images``; used by many report generators since, for Open-i and MIMIC-CXR.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets.films import found_below, read_film
from medigenx_lib.datasets.labels import split_of_word
from medigenx_lib.datasets.patients import patient_of
from medigenx_lib.datasets.reports import Report
from medigenx_lib.datasets.request import Request, read_all
from medigenx_lib.errors import InputError

PATTERN = "annotation*.json"
MAX_BYTES = 2 << 30
OPEN_I = re.compile(r"(CXR\d+)(?:_\d+)?_IM-")
LAYOUT = 'It needs {"train": [{"id": ..., "report": ..., "image_path": [...]}], "val": [...], "test": [...]}.'


def find(path: Path) -> list[Path]:
    """The annotation files that ``path`` is or holds, sorted."""
    if path.is_dir():
        return sorted(path.glob(PATTERN))
    return [path] if path.suffix.lower() == ".json" and path.is_file() else []


def load_reports(path: Path) -> list[Report]:
    """The reports of the file, or of all files of the folder, once each, in their order.

    ``images`` are paths as written. Raises InputError for what is laid out otherwise.
    """
    reports = {}
    for file in find(path):
        for entry in _entries(file):
            report = _report(file, *entry)
            reports.setdefault(report.id, report)
    if not reports:
        raise InputError(f"There are no reports in {path}.", LAYOUT)
    return list(reports.values())


def load_cases(path: Path, request: Request) -> list[Case]:
    """Cases of the first image of each report whose file lies below the annotations, with ``report`` filled.

    Of several images of one study the frontal one stands first in R2Gen's files; the view is not told, and ``meta``
    says so. Raises InputError if no image is there.
    """
    folder = path if path.is_dir() else path.parent
    entries = {image: report for report in load_reports(path) if (image := next(iter(report.images), ""))}
    files = found_below(folder, entries, request.progress)
    pairs = [(entries[image], file) for image, file in files.items() if entries[image].split in request.splits]
    if not pairs:
        wanted = f"of split {request.split}" if files and request.split else "of these reports"
        raise InputError(f"No image {wanted} lies below {folder}.", "Put the folder images/ there.")
    picked = [pairs[i] for i in request.pick([(report.split, report.id) for report, _ in pairs])]
    return read_all(folder, picked, lambda pair: _case(*pair), request)


def _case(report: Report, file: Path) -> Case:
    case = read_film(file)
    meta = {**case.meta, "view": "unknown", "images_of_study": len(report.images)}
    patient = report.patient or case.patient or report.id
    return replace(case, report=report.text or None, patient=patient, split=report.split, meta=meta)


def _entries(file: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """(split, entry) of everything in the file."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file} is larger than {MAX_BYTES >> 30} GiB.", "Split it into several.")
        parts = json.loads(file.read_text("utf-8-sig"))
        lists = {split: values for word, values in parts.items() if (split := split_of_word(word))}
        return [(split, dict(entry)) for split, values in lists.items() for entry in values]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{file} cannot be read as annotations ({reason}).", LAYOUT) from error


def _report(file: Path, split: str, entry: Mapping[str, Any]) -> Report:
    paths = entry.get("image_path", [])
    images = [paths] if isinstance(paths, str) else paths
    if not isinstance(images, list) or not isinstance(entry.get("report"), str) or "id" not in entry:
        raise InputError(f"{file} has an entry without id, report or image_path: {entry!r:.80}.", LAYOUT)
    text, names = " ".join(entry["report"].split()), tuple(str(image) for image in images)
    return Report(str(entry["id"]), text, images=names, projections=("unknown",) * len(names), given_split=split,
                  patient=_patient(entry, names))  # fmt: skip


def _patient(entry: Mapping[str, Any], images: tuple[str, ...]) -> str | None:
    """By its number (MIMIC-CXR), or by the names of study and images."""
    if subject := str(entry.get("subject_id") or ""):
        return f"patient{subject}" if subject.isdigit() else subject
    if match := OPEN_I.match(str(entry["id"])):
        return match[1]
    return next((who for image in images if (who := patient_of(image))), None)
