"""Open-i reports of Indiana University (Demner-Fushman et al., JAMIA, 2016): XML in a folder or tgz, or CSV.

XML from outside is parsed by defusedxml, an archive is read in memory and never unpacked to disk.
"""

from __future__ import annotations

import csv
import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from medigenx_lib import preprocessing
from medigenx_lib.cases import Case, replace
from medigenx_lib.errors import InputError

if TYPE_CHECKING:
    from medigenx_lib.datasets.request import Request

REPORTS, PROJECTIONS = "indiana_reports.csv", "indiana_projections.csv"
ARCHIVES = (".tgz", ".tar.gz", ".tar")
MAX_REPORT_BYTES = 1 << 20
MAX_ARCHIVE_BYTES = 1 << 30
IMAGE_NAME = re.compile(r"^(?:CXR)?(\d+)_(?:\d+_)?(IM-[\d-]+)")
OPACITY_TERMS = ("opacity", "consolidation", "pneumonia", "infiltrate", "airspace disease")
"""MeSH headings that mean label 1, airspace opacity."""


@dataclass(frozen=True)
class Report:
    """One study's report. Texts are as published (names cut out as XXXX), "" where the section is empty.

    ``mesh``: headings such as ``"Opacity/lung/base/left"``. ``images``: names without folder or suffix, and
    ``projections``: Frontal, Lateral or unknown, one an image. ``split``: as given, or by a hash of the study.
    ``patient``: where the source tells more than the study.
    """

    id: str
    findings: str = ""
    impression: str = ""
    indication: str = ""
    comparison: str = ""
    mesh: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()
    given_split: str | None = None
    patient: str | None = None

    @property
    def split(self) -> str:
        """train, val or test: the given one, or 8 : 1 : 1, all of a study together."""
        return self.given_split or preprocessing.split_of(self.id)

    @property
    def text(self) -> str:
        """Findings, or the impression where there are none."""
        return self.findings or self.impression

    @property
    def label(self) -> int | None:
        """0 if the headings say normal, 1 if they name an airspace opacity, else None."""
        if [term.lower() for term in self.mesh] == ["normal"]:
            return 0
        heads = [term.lower().split("/")[0] for term in self.mesh]
        return 1 if any(word in head for head in heads for word in OPACITY_TERMS) else None


def are_reports(path: Path) -> bool:
    """True if ``path`` looks like Open-i reports: the CSV pair, XML files, or an archive."""
    if path.is_file():
        return path.name == REPORTS or path.name.lower().endswith(ARCHIVES) or path.suffix.lower() == ".xml"
    return (path / REPORTS).is_file() or any(_xml_files(path))


def _xml_files(folder: Path) -> list[Path]:
    """XML in ``folder``, its xml/, or ecgen-radiology/, as the collection unpacks."""
    return sorted(file for place in ("", "xml/", "ecgen-radiology/") for file in folder.glob(f"{place}*.xml"))


def load_reports(path: str | Path, progress: bool = True) -> list[Report]:
    """Reports in a folder (CSV pair or XML), a tgz of XML, one XML, or ``indiana_reports.csv``, sorted by study.

    Or those of R2Gen's ``annotation.json``, or a folder with it, in its order and splits; see ``r2gen``.
    Projections come from ``indiana_projections.csv`` where it lies beside or above. Raises InputError if nothing can be
    read; a damaged XML among others is passed over.
    """
    from medigenx_lib.datasets import r2gen  # which builds on this module

    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"There is no file or folder {path}.", "Check the name.")
    if not are_reports(path) and r2gen.find(path):
        return r2gen.load_reports(path)
    table = path / REPORTS if path.is_dir() else path
    if table.name == REPORTS and table.is_file():
        found = _from_csv(table)
    else:
        views = _views(path.parent if path.is_file() else path)
        found = [report for text in _xml_texts(path, progress) if (report := _from_xml(text, views))]
    if not found:
        step = "It needs XML files or indiana_reports.csv; an archive of films must be unpacked first."
        raise InputError(f"There are no Open-i reports in {path}.", step)
    return sorted(found, key=lambda report: (len(report.id), report.id))


def without_leaks(reports: Iterable[Report]) -> list[Report]:
    """``reports`` without those of train whose findings stand word for word in val or test, and those of val in test.

    Studies are split by their number, and still 28 % of the findings in test stand verbatim in train, because normal
    films are described alike. A writer that learned them by heart would be scored on its memory. Case, spaces and
    punctuation do not count; what has no findings stays.
    """
    reports = list(reports)
    words = [_words(report.findings) for report in reports]
    later = {"train": ("val", "test"), "val": ("test",), "test": ()}
    said = {split: {text for text, r in zip(words, reports, strict=True) if r.split == split} for split in later}
    return [
        report
        for report, text in zip(reports, words, strict=True)
        if not text or not any(text in said[split] for split in later[report.split])
    ]


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", text.lower()))


def load_cases(path: Path, request: Request) -> list[Case]:
    """Cases of the frontal films whose image files lie at, under or beside the reports, with ``report`` filled."""
    from medigenx_lib.datasets.films import list_films_below
    from medigenx_lib.datasets.request import read_all

    folder = path if path.is_dir() else path.parent
    files = {image_key(file.name): file for file in list_films_below(folder, request.progress)}
    pairs = [
        (report, files[key])
        for report in load_reports(path, request.progress)
        for key in _frontal(report)
        if key in files
    ]
    pairs = [pair for pair in pairs if pair[0].split in request.splits]
    if not pairs:
        what = f"No frontal film of these reports lies in {folder}."
        raise InputError(what, "Put the PNG files into a folder images/ there, or use datasets.load_reports.")
    picked = [pairs[i] for i in request.pick([(report.split, report.id) for report, _ in pairs])]
    return read_all(folder, picked, lambda pair: _case(*pair), request)


def image_key(name: str) -> tuple[str, str] | None:
    """(study, film) of an image name in either spelling: ``CXR1_1_IM-0001-4001`` or ``1_IM-0001-4001.dcm.png``."""
    match = IMAGE_NAME.match(name)
    return (f"CXR{match[1]}", match[2]) if match else None


def _frontal(report: Report) -> list[tuple[str, str]]:
    shown = zip(report.images, report.projections, strict=True)
    return [key for name, view in shown if view != "Lateral" and (key := image_key(name))]


def _case(report: Report, file: Path) -> Case:
    from medigenx_lib.datasets.films import read_film

    case = read_film(file)
    view = dict(zip(map(image_key, report.images), report.projections, strict=True))[image_key(file.name)]
    meta = {**case.meta, "view": view, "impression": report.impression, "mesh": list(report.mesh)}
    return replace(
        case, label=report.label, report=report.text or None, patient=report.id, split=report.split, meta=meta
    )


# --- the CSV pair --------------------------------------------------------------------------------


def _rows(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8-sig", errors="replace") as stream:
            rows = [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(stream)]
    except (OSError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV ({error}).", "Download it again.") from error
    if not rows or not set(needed) <= set(rows[0]):
        raise InputError(f"{path} lacks one of the columns {', '.join(needed)}.", "Download it again.")
    return rows


def _views(folder: Path) -> dict[tuple[str, str] | None, str]:
    """Film -> Frontal or Lateral, from the projections' table in ``folder`` or above; empty without it."""
    for place in (folder, folder.parent):
        if (table := place / PROJECTIONS).is_file():
            return {image_key(row["filename"]): row["projection"] for row in _rows(table, ("filename", "projection"))}
    return {}


def _from_csv(table: Path) -> list[Report]:
    films: dict[str, list[tuple[str, str]]] = {}
    if (beside := table.parent / PROJECTIONS).is_file():
        for row in _rows(beside, ("uid", "filename", "projection")):
            films.setdefault(row["uid"], []).append((row["filename"].split(".")[0], row["projection"]))
    needed = ("uid", "MeSH", "indication", "comparison", "findings", "impression")
    return [_from_row(row, films.get(row["uid"], [])) for row in _rows(table, needed)]


def _from_row(row: dict[str, str], films: list[tuple[str, str]]) -> Report:
    sections = {name: row[name].strip() for name in ("findings", "impression", "indication", "comparison")}
    mesh = tuple(term.strip() for term in row["MeSH"].split(";") if term.strip())
    return Report(
        f"CXR{row['uid']}",
        **sections,
        mesh=mesh,
        images=tuple(n for n, _ in films),
        projections=tuple(v for _, v in films),
    )


# --- XML -----------------------------------------------------------------------------------------


def _xml_texts(path: Path, progress: bool) -> Iterator[bytes]:
    from tqdm.auto import tqdm

    if path.is_file() and path.name.lower().endswith(ARCHIVES):
        yield from tqdm(_tar_texts(path), "reading reports", unit="report", disable=not progress, delay=2)
        return
    files = [path] if path.is_file() else _xml_files(path)
    for file in tqdm(files, "reading reports", unit="report", disable=not progress, delay=2):
        if file.is_file() and file.stat().st_size <= MAX_REPORT_BYTES:
            yield file.read_bytes()


def _tar_texts(path: Path) -> Iterator[bytes]:
    """The XML members one after another, in memory. What is too large to be a report is not read."""
    total = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                total += member.size
                if total > MAX_ARCHIVE_BYTES:
                    raise InputError(
                        f"{path} unpacks to more than {MAX_ARCHIVE_BYTES >> 20} MiB.", "Give the reports alone."
                    )
                wanted = member.isfile() and member.name.lower().endswith(".xml")
                if wanted and member.size <= MAX_REPORT_BYTES and (stream := archive.extractfile(member)):
                    yield stream.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{path} is not a complete tar archive ({error}).", "Download it again.") from error


def _from_xml(text: bytes, views: dict) -> Report | None:
    """The report in one XML text; None if it is damaged, hostile, or no Open-i citation."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        root = parse(io.BytesIO(text), forbid_dtd=True).getroot()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    study = root.find("uId")
    if root.tag != "eCitation" or study is None or not study.get("id"):
        return None
    sections = {node.get("Label", "").lower(): _text(node) for node in root.iter("AbstractText")}
    known = {name: sections.get(name, "") for name in ("findings", "impression", "indication", "comparison")}
    images = tuple(node.get("id", "") for node in root.iter("parentImage"))
    shown = tuple(views.get(image_key(name), "unknown") for name in images)
    mesh = tuple(_text(node) for node in root.findall("MeSH/major") if _text(node))
    return Report(study.get("id"), **known, mesh=mesh, images=images, projections=shown)


def _text(node: Element) -> str:
    return " ".join("".join(node.itertext()).split())
