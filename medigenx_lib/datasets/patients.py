"""Who is on the film, as far as file names and tables tell."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

PATTERNS = (
    re.compile(r"^(person\d+)_(?:bacteria|virus)_"),  # Kaggle chest_xray, pneumonia
    re.compile(r"^((?:NORMAL|BACTERIA|VIRUS)-\d+)-\d"),  # the same films in Mendeley Data v3
    re.compile(r"^((?:NORMAL2-)?IM-\d+)-\d"),  # Kaggle chest_xray, normal: IM-patient-film[-copy]
    re.compile(r"^(CXR\d+)(?:_\d+)?_IM-"),  # Open-i as distributed
    re.compile(r"^(\d+)_IM-\d+-\d+\.dcm"),  # Open-i in the CSV pair
    re.compile(r"^((?:CHNCXR|MCUCXR)_\d+)_\d"),  # Shenzhen and Montgomery County
    re.compile(r"^(JPC[LN]N\d{3})\b"),  # JSRT, a film a patient
    re.compile(r"^(0\d{7})_\d{3}\.png"),  # ChestX-ray14: patient_follow-up
)
FOLDERS = re.compile(r"patient\d+|p1\d{7}")
"""CheXpert: patient00001/study1/view1_frontal.jpg; MIMIC-CXR: p10/p10000032/s50414267/....jpg."""


def patient_of(path: str | Path) -> str | None:
    """The patient's id that a film's name tells, or its folder's, or ``metadata.csv`` beside or above; else None.

    ``person12_bacteria_3`` and ``person12_virus_4`` count as one patient: a split may then be too careful,
    never too careless.
    """
    path = Path(path)
    for pattern in PATTERNS:
        if match := pattern.match(path.name):
            return _spelt_out(match[1])
    for folder in (path.parent, path.parent.parent):
        if patient := _table(folder / "metadata.csv").get(path.name):
            return f"patient{patient}"
    return next((part for part in path.parts[-4:-1] if FOLDERS.fullmatch(part)), None)


def _spelt_out(name: str) -> str:
    """Numbers alone with what they number: ``patient`` in ChestX-ray14 (as its table has them), ``CXR`` in Open-i."""
    if not name.isdigit():
        return name
    return f"patient{int(name)}" if name.startswith("0") else f"CXR{name}"


@lru_cache(maxsize=8)
def _table(path: Path) -> dict[str, str]:
    """File name -> patient id, of a table with columns ``filename`` and ``patientid`` (COVID-19 collection)."""
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, csv.Error):
        return {}
    return {row["filename"]: row["patientid"] for row in rows if row.get("filename") and row.get("patientid")}
