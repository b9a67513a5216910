"""The lessons as their sources tell them: ``solutions/NN_name.py``, a header and cells in jupytext's percent format."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from medigenx_lib.course.address import ROOT
from medigenx_lib.errors import InputError

NAMES = (
    "01_explore_medical_imaging_data", "02_data_preprocessing", "03_gan_architecture", "04_training_gans",
    "05_hands_on_gan_implementation", "06_applications_in_healthcare", "07_future_prospects",
    "08_radiomics_features_and_analysis", "09_language_model_introduction", "10_text_image_fusion",
    "11_text_generation", "12_evaluation_and_optimization", "13_real_world_applications", "14_group_project",
)  # fmt: skip
SOURCES = ROOT / "solutions"
NOTEBOOKS = ROOT / "notebooks"


@dataclass(frozen=True)
class Header:
    """What a lesson says of itself. Minutes are those in class; ``accelerator`` is ``none`` or ``gpu``."""

    title: str
    key_point: str
    answer: str
    teaching: int
    exercises: int
    prerequisites: tuple[int, ...]
    objectives: tuple[str, ...]
    accelerator: str
    data: tuple[str, ...]

    @classmethod
    def of(cls, values: dict[str, Any], name: str) -> Header:
        """The header written as ``values`` in the source of ``name``. Raises InputError for one that is incomplete."""
        known = {field.name for field in fields(cls)}
        if odd := known ^ set(values):
            raise InputError(f"The header of {name}: {', '.join(sorted(odd))} missing or unknown.", "See lesson 01.")
        lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        header = cls(**{**values, **lists})
        if header.accelerator not in ("none", "gpu"):
            raise InputError(f"The accelerator of {name} is {header.accelerator!r}.", "It is none or gpu.")
        return header


@dataclass(frozen=True)
class Lesson:
    """One lesson: its name such as ``01_explore_medical_imaging_data``, its header, and the cells of its source."""

    name: str
    header: Header
    cells: tuple[Any, ...]

    @property
    def number(self) -> int:
        """1 to 14."""
        return int(self.name[:2])


def read(path: Path) -> Lesson:
    """The lesson in the source file at ``path``. Raises InputError where there is no header of ours."""
    import jupytext

    notebook = jupytext.read(path, fmt="py:percent")
    if "medigenx" not in notebook.metadata:
        raise InputError(f"{path.name} has no header.", "It starts with jupyter: medigenx: title: ...; see lesson 01.")
    return Lesson(path.stem, Header.of(dict(notebook.metadata["medigenx"]), path.stem), tuple(notebook.cells))


def names() -> list[str]:
    """The lessons whose source exists, in order."""
    return [name for name in NAMES if (SOURCES / f"{name}.py").exists()]


def lesson(name: str) -> Lesson:
    """The lesson of that name."""
    return read(SOURCES / f"{name}.py")


def chosen(numbers: list[str]) -> list[str]:
    """Names of the lessons with these numbers (``["01", "5"]``), of all where none is given. Raises InputError."""
    known = {int(name[:2]): name for name in names()}
    unknown = [number for number in numbers if not number.isdigit() or int(number) not in known]
    if unknown:
        raise InputError(f"There is no lesson {unknown[0]}.", f"There are: {', '.join(map(str, known))}.")
    return [known[int(number)] for number in numbers] if numbers else list(known.values())
