"""Who is on the film, as far as file names and tables tell."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

PATTERNS = (
    re.compile(r"^(person\d+)_(?:bacteria|virus)_"),  # Kaggle chest_xray, pneumonia
    re.compile(r"^((?:NORMAL2-)?IM-\d+)-\d"),  # Kaggle chest_xray, normal: IM-patient-film[-copy]
    re.compile(r"^(CXR\d+)(?:_\d+)?_IM-"),  # Open-i as distributed
    re.compile(r"^(\d+)_IM-\d+-\d+\.dcm"),  # Open-i in the CSV pair
)


def patient_of(path: str | Path) -> str | None:
    """The patient's id that a film's name tells, or ``metadata.csv`` beside or above it; None if neither does.

    ``person12_bacteria_3`` and ``person12_virus_4`` count as one patient: a split may then be too careful,
    never too careless.
    """
    path = Path(path)
    for pattern in PATTERNS:
        if match := pattern.match(path.name):
            return f"CXR{match[1]}" if match[1].isdigit() else match[1]
    for folder in (path.parent, path.parent.parent):
        if patient := _table(folder / "metadata.csv").get(path.name):
            return f"patient{patient}"
    return None


@lru_cache(maxsize=8)
def _table(path: Path) -> dict[str, str]:
    """File name -> patient id, of a table with columns ``filename`` and ``patientid`` (COVID-19 collection)."""
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, csv.Error):
        return {}
    return {row["filename"]: row["patientid"] for row in rows if row.get("filename") and row.get("patientid")}
