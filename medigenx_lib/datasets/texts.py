"""Reports as text files, one a study, named as the folder of its films (MIMIC-CXR: s50414267, s50414267.txt)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from medigenx_lib.cases import Case, replace

MAX_BYTES = 1 << 20
HEADING = re.compile(r"^[ \t]*([A-Z][A-Z /&()-]{2,60}):", re.MULTILINE)
"""What stands before a section, as MIMIC-CXR writes it: FINDINGS, IMPRESSION, and many more."""


class Beside:
    """The reports of the films below ``folder``: where these lie, or in the same place below another folder in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.trees = [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())]

    def add(self, case: Case, study: str) -> Case:
        """``case`` with its report, findings or else impression, and ``meta["impression"]``, if there is a file.

        ``study``: as the tables write it; the folder of the film must bear it, behind letters or not.
        """
        place = Path(case.source).parent
        told = study and re.fullmatch(f"[a-z_-]*{re.escape(study)}", place.name, re.IGNORECASE)
        if not told or not place.is_relative_to(self.folder):
            return case
        inner = f"{place.relative_to(self.folder)}.txt"
        path = next((path for tree in self.trees if (path := tree / inner).is_file()), None)
        found = _read(path) if path else {}
        impression = found.get("impression", "")
        text = found.get("findings") or impression
        return replace(case, report=text, meta={**case.meta, "impression": impression}) if text else case


@lru_cache(maxsize=4)  # the films of a study follow one another
def _read(path: Path) -> dict[str, str]:
    if path.stat().st_size > MAX_BYTES:
        return {}
    return sections(path.read_text("utf-8-sig", errors="replace"))


def sections(text: str) -> dict[str, str]:
    """Heading in small letters -> what stands below it, on one line; a heading that comes twice is one section."""
    parts = HEADING.split(text)[1:]
    found: dict[str, str] = {}
    for heading, words in zip(parts[::2], parts[1::2], strict=True):
        name = heading.strip().lower()
        found[name] = f"{found.get(name, '')} {' '.join(words.split())}".strip()
    return found
