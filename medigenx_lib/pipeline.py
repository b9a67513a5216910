"""The whole way: films in; masks, measurements, a report, and a verdict on each of its sentences out.

``read`` is that way for any list of cases. ``describe`` walks it for files of real films, ``demo`` for films
that a GAN makes, and both leave a page, ``cases.json``, ``radiomics.csv`` and PNGs in a folder.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from pathlib import Path

import numpy as np

from medigenx_lib.cases import Case, Finding, Findings
from medigenx_lib.datasets.masks import GivenMasks
from medigenx_lib.errors import InputError, MedigenxError, NotAChestRadiographError
from medigenx_lib.files import check_folder, replacing, whole_letters, write_json
from medigenx_lib.pages import Page, Reading, save_film, write_page
from medigenx_lib.preprocessing import correct_polarity, resize_case
from medigenx_lib.settings import DISCLAIMER, NOTICE
from medigenx_lib.text.claims import check, omitted

MEASURED_SIZE = 64
"""Side of the square, in pixels, on which real and generated films alike are measured and reported."""
SHOWN_SIZE = 384
"""Longest side of a real film on the page, in pixels."""
OTHER_MODALITIES = ("CT", "MR", "US", "MG", "NM", "PT", "XA", "ECG", "SR", "SEG")
"""DICOM's Modality of what is never a radiograph of the chest."""
LATERAL_VIEWS = ("LL", "RL", "LATERAL", "LAT")
"""DICOM's ViewPosition of films from the side."""
MOST_COLOUR = 0.15
"""A picture with a larger share of coloured pixels gets a warning; labels and stamps are smaller."""
TOLERANCE = {"extent": 0.10, "ratio": 0.03}
"""How far a number may be from a phantom's true one: 10 points of a lung's area, 0.03 of a cardiothoracic ratio."""
PHANTOM_SEED = 9_500_000
"""First seed of the phantoms that test the reader; no training or calibration uses seeds from 9,000,000 on."""


@dataclass(frozen=True)
class Outcome:
    """What a command did: ``folder`` with ``page`` in it, the readings, and (file name, sentence) of each failure."""

    page: Path
    readings: Sequence[Reading]
    failures: Sequence[tuple[str, str]] = ()


def read(cases: Sequence[Case], seed: int = 0, features: bool = True, progress: bool = True) -> list[Reading]:
    """Segment, measure and report ``cases``, and check each sentence against the measurements, in the given order.

    Films of any size; they are measured on copies of ``MEASURED_SIZE`` pixels, as the models were trained.
    ``features``: also all radiomics of both lungs. Raises InputError if there are no cases.
    """
    from medigenx_lib import segmentation

    return read_segmented(segmentation.segment(cases, progress=progress), seed, features, progress)


def read_segmented(
    segmented: Sequence[Case], seed: int = 0, features: bool = True, progress: bool = True
) -> list[Reading]:
    """:func:`read` for cases that ``segmentation.segment`` has already seen."""
    if not segmented:
        raise InputError("There are no films to read.", "Give at least one.")
    from medigenx_lib import radiomics
    from medigenx_lib.text import decoding

    small = [resize_case(case, MEASURED_SIZE) for case in segmented]
    written = decoding.write(radiomics.measure(small), seed=seed, progress=progress)
    tables = _features(written, progress) if features else [None] * len(written)
    return [_reading(*each) for each in zip(segmented, written, tables, strict=True)]


def _features(cases: Sequence[Case], progress: bool) -> list:
    """The radiomics table of each case's lungs; told apart by their place, for ids may be shared."""
    from medigenx_lib import radiomics

    numbered = [replace(case, id=str(place)) for place, case in enumerate(cases)]
    table = radiomics.extract(numbered, ("right_lung", "left_lung"), progress=progress)
    return [table[table.case == str(place)].assign(case=whole_letters(case.id)) for place, case in enumerate(cases)]


def _reading(film: Case, case: Case, rows) -> Reading:
    """What was found on the small ``case``, with the image and lungs of the ``film`` it was made from; ``rows``: its
    features."""
    found = {name: _enlarged(case.masks[name], film.image.shape) for name in ("opacity", "effusion")}
    whole = replace(_with_agreement(case), image=film.image, masks={**film.masks, **found}, truth=film.truth)
    return Reading(whole, check(case.report, case.findings), omitted(case.report, case.findings), features=rows)


def _with_agreement(case: Case) -> Case:
    """The case; if masks came with its film, with a fact for the page: how they agree with those measured."""
    found = case.meta.get("agreement_with_given")
    if not found:
        return case
    each = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in found.items())
    fact = f"Masks came with this film. Measured were the network's own; overlap of both (Dice): {each}."
    return replace(case, meta={**case.meta, "facts": [*case.meta.get("facts", ()), fact]})


def _enlarged(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The mask, bool (h, w), at ``shape`` (H, W), with smooth borders; also a smaller one."""
    from PIL import Image

    soft = Image.fromarray(mask.astype(np.uint8) * 255).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(soft) > 127


def against_truth(readings: Sequence[Reading], extent: float = TOLERANCE["extent"]) -> list[Reading]:
    """The readings of phantoms with each verdict held against the phantom's truth instead of the measurement.

    A number counts as right within ``TOLERANCE``; of extents, shares of a lung's area, within ``extent``.
    """
    return [_held_against(reading, tolerant(reading.case.truth.findings, extent)) for reading in readings]


def tolerant(findings: Findings, extent: float = TOLERANCE["extent"]) -> Findings:
    """The findings with every measured number as an interval of ``TOLERANCE``, or ``extent``, on both sides."""
    return Findings(tuple(_tolerant(finding, extent) for finding in findings))


def _tolerant(finding: Finding, extent: float) -> Finding:
    number = finding.measurement
    if number is None:
        return finding
    slack = TOLERANCE["ratio"] if "ratio" in number.name else extent
    wide = replace(number, low=max(0.0, number.value - slack), high=min(1.0, number.value + slack))
    return replace(finding, measurement=wide)


def _held_against(reading: Reading, findings: Findings) -> Reading:
    report = reading.case.report
    return replace(reading, verdicts=check(report, findings), omitted=omitted(report, findings))


def read_phantoms(count: int, preset: str = "paediatric", seed: int = 0, progress: bool = True) -> list[Reading]:
    """``count`` phantoms that no model has seen, half of them diseased, read from the image alone."""
    from medigenx_lib import phantom

    seeds = range(PHANTOM_SEED, PHANTOM_SEED + count)
    disease = [index % 2 == 1 for index in range(count)]
    cases = phantom.cases(seeds, MEASURED_SIZE, preset, disease)
    blind = [replace(case, masks={}, findings=None) for case in cases]  # the truth stays where only the check looks
    return read(blind, seed, features=False, progress=progress)


def describe(
    paths: Iterable[str | Path], out: str | Path = "described", seed: int = 0, progress: bool = True
) -> Outcome:
    """Read real films: a page, ``cases.json`` and PNGs in ``out``. What cannot be used is named, the rest is done.

    Raises InputError if not one of the files is a frontal chest radiograph.
    """
    from medigenx_lib import segmentation

    paths, out = list(paths), check_folder(out)
    given = cache(partial(GivenMasks, deep=False))
    films, unread = _each(_files(paths, out), lambda path: _read_film(path, given(path.parent)), progress)
    segmented = segmentation.segment(_with_own_ids(films), progress=progress)
    frontal, refused = _each(segmented, _frontal, progress=False)
    failures = [*unread, *refused]
    if not frontal:
        reasons = " ".join(f"{name}: {why}" for name, why in failures)
        named = f"No PNG, JPEG, TIFF or DICOM films are in {', '.join(map(str, paths))}." if paths else ""
        step = "" if failures else f"{named} Name at least one film.".strip()
        raise InputError(f"Nothing to describe. {reasons}".strip(), step)
    readings = read_segmented(frontal, seed, progress=progress)
    page = Page("Radiographs described", _words(len(readings)), readings, failures=failures, synthetic=False)
    return Outcome(write_results(out, page), readings, failures)


def _words(count: int) -> list[str]:
    return [
        f"{count} radiograph{'s' * (count > 1)}: lung masks, measurements, and a report of what was measured.",
        "A verdict says whether a sentence agrees with the measurements made on the same film, not whether it is "
        "true of the patient: no radiologist has read these films here.",
    ]


def _each(items: Sequence, use: Callable, progress: bool) -> tuple[list[Case], list[tuple[str, str]]]:
    """``use`` on every item: the cases made, and (name, sentence) of each item that could not be used."""
    from tqdm.auto import tqdm

    cases, failures = [], []
    for item in tqdm(items, desc="reading films", unit="film", disable=not progress or len(items) < 3):
        try:
            cases.append(use(item))
        except MedigenxError as error:
            failures.append((item.name if isinstance(item, Path) else item.meta["file"], str(error)))
    return cases, failures


def _files(paths: Iterable[str | Path], out: Path) -> list[Path]:
    """The files named, and the films in the folders named and below, in order; what lies in ``out`` was written there.

    A folder ``out`` that is named itself is read all the same.
    """
    from medigenx_lib.datasets.films import list_films_below

    files = []
    for path in map(Path, paths):
        own = path.resolve() != out.resolve() and out.resolve()
        below = list_films_below(path) if path.is_dir() else [path]
        files += [file for file in below if file == path or own not in file.resolve().parents]
    return files


def _read_film(path: Path, given: GivenMasks | None = None) -> Case:
    """The film at ``path`` with ``given`` masks, at most ``SHOWN_SIZE`` pixels, turned back if it appears inverted."""
    from medigenx_lib import datasets

    film = datasets.read_film(path)
    _check_header(film)
    film, small = given.add(film) if given else film, _shrunk(film.image)
    masks = {name: _enlarged(mask, small.shape) for name, mask in film.masks.items()}
    case = correct_polarity(replace(film, image=small, masks=masks))
    return replace(case, meta={**case.meta, "facts": _facts(case, film), "warnings": _warnings(film)})


def _check_header(film: Case) -> None:
    """Raises NotAChestRadiographError if the file itself says that it is no frontal radiograph."""
    modality, view = (str(film.meta.get(name, "")).upper() for name in ("modality", "view"))
    if modality in OTHER_MODALITIES or view in LATERAL_VIEWS:
        said = f"modality {modality}" if modality in OTHER_MODALITIES else f"a lateral view ({view})"
        raise NotAChestRadiographError(f"{film.source} calls itself {said}.", "Give a frontal chest film.")


def _with_own_ids(cases: Sequence[Case]) -> list[Case]:
    """The cases with a number behind each id that has been there before: files in different folders share names."""
    cases = [replace(case, id=whole_letters(case.id)) for case in cases]
    seen: Counter[str] = Counter()
    taken, named = {case.id for case in cases}, []
    for case in cases:
        seen[case.id] += 1
        numbers = (f"{case.id} ({number})" for number in count(seen[case.id]))
        name = case.id if seen[case.id] == 1 else next(name for name in numbers if name not in taken)
        taken.add(name)
        named.append(replace(case, id=name))
    return named


def _frontal(case: Case) -> Case:
    """The segmented case. Raises NotAChestRadiographError if it is none, with the reasons."""
    quality = case.meta["quality"]
    if quality["frontal_chest"]:
        return case
    what = f"Not read as a frontal chest radiograph: {'; '.join(quality['reasons'])}."
    raise NotAChestRadiographError(what, "Give a frontal chest film.")


def _facts(case: Case, film: Case) -> list[str]:
    """What the page says of a film beside its measurements."""
    height, width = film.image.shape
    facts = [f"Read at {width} × {height} pixels, measured at {MEASURED_SIZE} × {MEASURED_SIZE}."]
    if case.meta.get("polarity") == "corrected":
        facts.append("The file shows this film inverted (lungs bright); it is shown and measured turned back.")
    return facts


def _warnings(film: Case) -> list[str]:
    colour, least = film.meta.get("colour", 0), min(film.image.shape)
    warnings = []
    if colour > MOST_COLOUR:
        warnings.append(f"{100 * colour:.0f} % of this picture is coloured; radiographs are grey.")
    if least < MEASURED_SIZE:
        warnings.append(f"Only {least} pixels on its shorter side: enlarged to be measured, it shows no fine findings.")
    return warnings


def _shrunk(image: np.ndarray) -> np.ndarray:
    """The image with its longest side at most ``SHOWN_SIZE`` pixels, its shape kept."""
    import torch
    from torchvision.transforms.v2 import functional

    height, width = image.shape
    scale = min(1.0, SHOWN_SIZE / max(height, width))
    size = [max(1, round(height * scale)), max(1, round(width * scale))]
    small = functional.resize(torch.from_numpy(image)[None], size, antialias=True)
    return small[0].clamp(0, 1).numpy()


def write_results(folder: str | Path, page: Page) -> Path:
    """``index.html``, ``cases.json``, ``radiomics.csv`` and one PNG a film in ``folder``; returns the page's path."""
    folder = check_folder(folder)
    for reading in page.readings:
        save_film(reading.case, folder / "films")
    write_json(folder / "cases.json", _record(page))
    _write_features(folder / "radiomics.csv", page.readings)
    return write_page(folder / "index.html", page)


def _record(page: Page) -> dict:
    """Everything on the page in JSON: each case (``Case.from_json`` reads ``case``), its verdicts, and the failures."""
    return {
        "notice": NOTICE if page.synthetic else DISCLAIMER,
        "cases": [_case_record(reading) for reading in page.readings],
        "tables": [
            {"title": t.title, "columns": list(t.columns), "rows": [list(r) for r in t.rows]} for t in page.tables
        ],
        "failures": [{"file": name, "reason": reason} for name, reason in page.failures],
    }


def _case_record(reading: Reading) -> dict:
    verdicts = [{"sentence": v.sentence, "verdict": v.verdict, "reason": v.reason} for v in reading.verdicts]
    unsaid = Findings(tuple(reading.omitted)).to_list()
    return {"case": json.loads(reading.case.to_json()), "verdicts": verdicts, "omitted": unsaid}


def _write_features(path: Path, readings: Sequence[Reading]) -> None:
    import pandas as pd

    tables = [reading.features for reading in readings if reading.features is not None]
    if tables:
        with replacing(path) as temporary:
            pd.concat(tables).to_csv(temporary, index=False)
