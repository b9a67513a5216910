"""Radiomics of many films: the table is written as it comes, and an interrupted run goes on where it stopped.

On one machine all cores work. A cluster that is there already takes the work over, through joblib::

    from dask.distributed import Client
    from joblib import parallel_config

    with Client("tcp://scheduler:8786"), parallel_config(backend="dask"):
        table = extract_to("features", cases, prepare=segment)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from medigenx_lib.cases import SIDES, Case
from medigenx_lib.errors import InputError
from medigenx_lib.files import check_folder, replacing
from medigenx_lib.radiomics.features import REGIONS, extract

PART = 64
"""Films in one file: what an interruption costs at most."""

Prepare = Callable[[Sequence[Case]], Sequence[Case]]


def extract_to(
    folder: str | Path,
    cases: Sequence[Case],
    regions: Sequence[str] = REGIONS,
    prepare: Prepare | None = None,
    workers: int | None = None,
    progress: bool = True,
    part: int = PART,
) -> pd.DataFrame:
    """:func:`.features.extract` of ``cases``, written to ``folder`` as ``part-00000.parquet`` and so on.

    Parts that are there are not computed again, so the same call goes on after an interruption; each file is whole
    or absent. ``prepare`` gives the films of a part their masks just before (``segmentation.segment``). The table,
    and ``left_out`` of it, are those of ``extract``. Needs pyarrow. Raises InputError if a part was made from other
    films or regions, if ``folder`` cannot be written into, or if pyarrow is not there.
    """
    if part < 1:
        raise InputError(f"Parts of {part} films.", "Put at least one film in a file.")
    folder, steps = check_folder(folder), range(0, len(cases), part)
    _need_parquet()
    for number, first in enumerate(_shown(steps, progress)):
        chosen, path = cases[first : first + part], folder / f"part-{number:05}.parquet"
        origin = _origin(chosen, regions)
        if path.is_file():
            _check(path, origin)
            continue
        table = extract(chosen if prepare is None else prepare(chosen), regions, workers, progress=False)
        table.attrs["origin"] = origin
        with replacing(path) as temporary:
            table.to_parquet(temporary, index=False)
    return read(folder, len(steps))


def read(folder: str | Path, parts: int | None = None) -> pd.DataFrame:
    """The table of the first ``parts`` files in ``folder``, None for all that are there, as ``extract`` gives it.

    Raises InputError if there is none, or one is damaged.
    """
    _need_parquet()
    paths = sorted(Path(folder).glob("part-*.parquet"))[:parts]
    if not paths:
        raise InputError(f"There is no table in {folder}.", "Make one with radiomics.many.extract_to.")
    tables = [_table(path) for path in paths]
    missed = [tuple(item) for table in tables for item in table.attrs["left_out"]]
    for table in tables:
        table.attrs = {}  # pandas compares them, at length, before it joins tables
    whole = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    whole.attrs["left_out"] = missed
    return whole


def _table(path: Path) -> pd.DataFrame:
    from pyarrow import ArrowInvalid

    try:
        return pd.read_parquet(path)
    except ArrowInvalid as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} is damaged ({error}).", "Remove it; it will be made again.")


def _shown(steps: range, progress: bool) -> Iterator[int]:
    from tqdm.auto import tqdm

    return tqdm(steps, desc="radiomics", unit="part", disable=not progress)


def _origin(cases: Sequence[Case], regions: Sequence[str]) -> str:
    """What a part is made from, as a checksum: names, grey values and lung masks of its films, and the regions."""
    digest = hashlib.sha256(repr((tuple(regions), [case.id for case in cases])).encode())
    for case in cases:
        arrays = (case.image, *(case.masks.get(f"{side}_lung") for side in SIDES))
        for array in arrays:
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _check(path: Path, origin: str) -> None:
    import pyarrow.parquet
    from pyarrow import ArrowInvalid

    try:
        stored = (pyarrow.parquet.read_schema(path).metadata or {}).get(b"PANDAS_ATTRS", b"")
    except ArrowInvalid as error:
        raise _damaged(path, error) from error
    if origin.encode() not in stored:
        raise InputError(f"{path} was made from other films or regions.", "Use another folder, or remove this one.")


def _need_parquet() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise InputError("Parquet files need pyarrow.", "Install it: pip install pyarrow.") from error
