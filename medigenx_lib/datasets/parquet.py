"""Films in parquet files as the Hugging Face Hub keeps them: a column image {bytes, path}, and a row a film.

The other columns tell label, patient, view and split as those of any table do (``columns``); names of classes come
from the files' own notes. The split is else told by the names of files and folders (``train-00000-of-00002.parquet``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets import columns, tables
from medigenx_lib.datasets.films import MASKS, read_film
from medigenx_lib.datasets.labels import split_of_word
from medigenx_lib.datasets.request import Request, bar, read_all
from medigenx_lib.datasets.splits import assigned, of_folders
from medigenx_lib.errors import InputError

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

PLACES = ("*.parquet", "*/*.parquet", "*/*/*.parquet")
PICTURES = re.compile(r"(struct<.*\bbytes: )?(large_)?binary")
REPAIR = "Download it again, or save its pictures as PNG beside a metadata.csv with columns file_name,label."


class Row(NamedTuple):
    """Where a film lies: the row ``index`` of ``group`` in ``file``; ``number`` counts the rows of the file."""

    file: Path
    group: int
    index: int
    number: int


def find(folder: Path) -> list[Path]:
    """The parquet files with pictures in ``folder`` or up to two folders below, the highest that there are; sorted.

    Where pyarrow is missing, or a file is damaged, it counts as one with pictures, so that :func:`load` says so.
    """
    places = (sorted(folder.glob(place)) for place in PLACES)
    return next((found for place in places if (found := [path for path in place if _may_hold_pictures(path)])), [])


def _may_hold_pictures(path: Path) -> bool:
    try:
        return bool(_pictured(_open(path)))
    except InputError:
        return True


def load(paths: list[Path], folder: Path, request: Request) -> list[Case]:
    """Cases of the frontal films in ``paths``, which lie below ``folder``.

    Raises InputError for files that are damaged or hold no pictures, for labels that say neither normal nor
    pneumonia, and where pyarrow, which reads them, is not there.
    """
    facts = {}
    for path in bar(paths, request, "reading tables"):
        facts |= dict(_facts(path, request.meaning.names))
    labels = {row: request.meaning.label_of(told.said) for row, told in facts.items()}
    tables.check_labels(facts, labels, paths, request.meaning)
    splits = _splits(facts, folder)
    kept = [row for row, told in facts.items() if told.frontal and splits[row] in request.splits]
    if not kept:
        raise tables.nothing(paths, folder, request, len(facts), sorted(set(splits.values())))
    picked = [kept[i] for i in request.pick([(splits[row], str(labels[row])) for row in kept])]
    known = {row: {"label": labels[row], "split": splits[row]} for row in picked}
    return read_all(folder, picked, lambda row: _case(row, facts[row], known[row]), request)


def _facts(path: Path, names: tuple[str, ...]) -> Iterator[tuple[Row, tables.Facts]]:
    """What the columns beside the pictures tell of each row."""
    file, number, known = _open(path), 0, None
    _image_column(path, file)
    others, classes = [name for name in file.schema_arrow.names if name not in _pictured(file)], _classes(file)
    for group in range(file.num_row_groups):
        told = _read(path, file, group, others)
        for index in range(file.metadata.row_group(group).num_rows):
            row = _worded(told[index] if others else {}, classes)
            known = known or columns.roles(row)
            facts = tables.Facts(columns.said(row, known, names), columns.told(row, known))
            yield Row(path, group, index, number), facts
            number += 1


def _worded(row: dict[str, Any], classes: dict[str, list[str]]) -> dict[str, str]:
    """Values as text; numbers of classes by their names."""
    return {name: "|".join(map(partial(_word, classes.get(name)), _listed(value))) for name, value in row.items()}


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def _word(names: list[str] | None, value: Any) -> str:
    known = names and isinstance(value, int) and 0 <= value < len(names)
    return names[value] if known else str(value).strip()


def _classes(file: ParquetFile) -> dict[str, list[str]]:
    """Column -> names of its numbered classes, as ``datasets`` notes them in the file."""
    try:
        notes = json.loads((file.schema_arrow.metadata or {}).get(b"huggingface", b"{}"))
        features = notes.get("info", {}).get("features", {})
        kinds = {name: kind.get("feature", kind) for name, kind in features.items() if isinstance(kind, dict)}
        return {name: list(map(str, kind["names"])) for name, kind in kinds.items() if "names" in kind}
    except (ValueError, AttributeError, TypeError):
        return {}


def _splits(facts: dict[Row, tables.Facts], folder: Path) -> dict[Row, str]:
    """By the table, the names of files, or folders; else by patient, or the row."""
    told = {row: split_of_word(facts[row].known.get("split", "")) or _named(row.file, folder) for row in facts}
    if len(set(told.values()) - {None}) < 2:  # a repository that names all it has train has no splits
        told = dict.fromkeys(told)
    return assigned(told, {row: facts[row].patient or f"{row.file.name}/{row.number}" for row in facts})


def _named(file: Path, folder: Path) -> str | None:
    words = re.split(r"[-_.]", file.stem)
    return split_of_word(words[0]) or of_folders(file.relative_to(folder))


def _case(row: Row, facts: tables.Facts, known: dict) -> Case:
    picture = _pictures(row.file, row.group)[row.index]
    data, name = (picture.get("bytes"), picture.get("path")) if isinstance(picture, dict) else (picture, None)
    file = row.file / str(row.number) / PurePosixPath(str(name or row.number)).name
    if not data:
        raise InputError(f"{file} has no picture in it.", REPAIR)
    case = read_film(file, data)
    return replace(case, patient=facts.patient or case.patient, meta={**case.meta, **facts.meta}, **known)


@lru_cache(maxsize=1)  # films are read in the order of the file
def _pictures(path: Path, group: int) -> list:
    file = _open(path)
    image = _image_column(path, file)
    return [row[image] for row in _read(path, file, group, [image])]


def _read(path: Path, file: ParquetFile, group: int, names: list[str]) -> list[dict[str, Any]]:
    try:
        return file.read_row_group(group, columns=names).to_pylist()
    except (OSError, ValueError) as error:  # pyarrow's own errors are one or the other
        raise InputError(f"{path} is damaged ({_reason(error)}).", REPAIR) from error


def _open(path: Path) -> ParquetFile:
    try:
        from pyarrow.parquet import ParquetFile

        return ParquetFile(path)
    except ImportError as error:
        raise InputError(f"{path} needs pyarrow to be read.", "Install it: pip install pyarrow.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged, or not parquet ({_reason(error)}).", REPAIR) from error


def _image_column(path: Path, file: ParquetFile) -> str:
    """The first column that holds pictures, masks aside. Raises InputError if there is none."""
    if found := _pictured(file):
        return next((name for name in found if not MASKS.search(name)), found[0])
    names = ", ".join(file.schema_arrow.names)
    raise InputError(f"{path} holds no pictures, only {names:.80}.", "It needs a column image of {bytes, path}.")


def _pictured(file: ParquetFile) -> list[str]:
    """Columns of structs with bytes, or of bytes alone."""
    return [field.name for field in file.schema_arrow if PICTURES.match(str(field.type))]


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(":.")
