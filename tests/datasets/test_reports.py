"""Open-i reports from XML, tgz and CSV; hostile and damaged files; reports beside their films."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from medigenx_lib import datasets
from medigenx_lib.datasets import reports
from medigenx_lib.datasets.reports import Report
from medigenx_lib.errors import InputError

XML = """<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR{n}"/><MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText><AbstractText Label="INDICATION">Cough</AbstractText>
<AbstractText Label="FINDINGS">Clear  lungs.</AbstractText><AbstractText Label="IMPRESSION">Normal.</AbstractText>
</Abstract></Article></MedlineCitation><MeSH><major>{mesh}</major></MeSH>
<parentImage id="CXR{n}_IM-0001-1001"/><parentImage id="CXR{n}_IM-0001-2001"/></eCitation>"""
BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><eCitation><uId id="CXR9"/>&y;</eCitation>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><eCitation><uId id="CXR9"/>&x;</eCitation>'


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))


@pytest.fixture
def folder(tmp_path):
    for n, mesh in ((2, "normal"), (10, "Opacity/lung/base/left"), (1, "Cardiomegaly/mild")):
        (tmp_path / f"{n}.xml").write_text(XML.format(n=n, mesh=mesh))
    return tmp_path


def test_xml(folder):
    found = datasets.load_reports(folder)
    assert [r.id for r in found] == ["CXR1", "CXR2", "CXR10"] and [r.label for r in found] == [None, 0, 1]
    assert found[0] == Report("CXR1", "Clear lungs.", "Normal.", "Cough", "None.", ("Cardiomegaly/mild",),
                              ("CXR1_IM-0001-1001", "CXR1_IM-0001-2001"), ("unknown", "unknown"))  # fmt: skip
    assert datasets.load_reports(folder / "2.xml") == [found[1]]


def test_tgz_gives_the_same(folder):
    texts = {f"../../evil/{p.name}": p.read_text() for p in folder.glob("*.xml")}
    before = sorted(folder.parent.rglob("*"))
    write_tar(folder / "r.tgz", {**texts, "note.txt": "x", "huge.xml": " " * (reports.MAX_REPORT_BYTES + 1)})
    assert datasets.load_reports(folder / "r.tgz") == datasets.load_reports(folder)
    assert sorted(p for p in folder.parent.rglob("*") if p.name != "r.tgz") == before  # nothing was unpacked


@pytest.mark.parametrize("text", [BOMB, FILE, "", "<eCitation>", "<other/>", "<eCitation><uId/></eCitation>", "\0\1"])
def test_hostile_and_damaged_xml_is_passed_over(folder, text):
    (folder / "9.xml").write_text(text)
    assert len(datasets.load_reports(folder)) == 3
    with pytest.raises(InputError, match="no Open-i reports"):
        datasets.load_reports(folder / "9.xml")


def test_archives_that_are_damaged_or_too_large(folder, monkeypatch):
    write_tar(folder / "r.tgz", {p.name: p.read_text() for p in folder.glob("*.xml")})
    whole = (folder / "r.tgz").read_bytes()
    for data in (b"", b"<html>", whole[: len(whole) // 2]):
        (folder / "bad.tgz").write_bytes(data)
        with pytest.raises(InputError):
            datasets.load_reports(folder / "bad.tgz")
    monkeypatch.setattr(reports, "MAX_ARCHIVE_BYTES", 1000)
    with pytest.raises(InputError, match="unpacks"):
        datasets.load_reports(folder / "r.tgz")


HEAD = "uid,MeSH,Problems,image,indication,comparison,findings,impression\n"


def test_csv_pair(tmp_path):
    (tmp_path / "indiana_reports.csv").write_text(HEAD + '3,normal,normal,PA,"a, b",,Clear.,\n')
    (tmp_path / "indiana_projections.csv").write_text("uid,filename,projection\n3,3_IM-1-1.dcm.png,Frontal\n")
    (report,) = datasets.load_reports(tmp_path)
    assert report == Report("CXR3", "Clear.", "", "a, b", "", ("normal",), ("3_IM-1-1",), ("Frontal",))
    assert datasets.load_reports(tmp_path / "indiana_reports.csv") == [report]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEAD])
def test_bad_csv(tmp_path, text):
    (tmp_path / "indiana_reports.csv").write_text(text)
    with pytest.raises(InputError):
        datasets.load_reports(tmp_path)


def test_missing_and_empty(tmp_path):
    with pytest.raises(InputError, match="no file"):
        datasets.load_reports(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no Open-i"):
        datasets.load_reports(tmp_path)


def test_reports_meet_their_frontal_films(folder):
    (folder / "indiana_projections.csv").write_text(
        "uid,filename,projection\n10,10_IM-0001-1001.dcm.png,Frontal\n10,10_IM-0001-2001.dcm.png,Lateral\n"
    )
    (folder / "images").mkdir()
    for name in ("CXR10_IM-0001-1001.png", "CXR10_IM-0001-2001.png", "CXR77_IM-0001-1001.png"):
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)).save(
            folder / "images" / name
        )
    (case,) = datasets.load(folder, size=32, progress=False)
    assert case.id == "CXR10_IM-0001-1001" and case.report == "Clear lungs." and case.label == 1
    assert case.patient == "CXR10" and case.meta["view"] == "Frontal" and case.image.shape == (32, 32)


def test_reports_without_films_say_so(folder):
    with pytest.raises(InputError, match="load_reports"):
        datasets.load(folder, progress=False)


def test_open_i(real_data):
    table = {r.id: r for r in datasets.load_reports(real_data / "iu_xray")}
    assert len(table) > 3000 and sum(r.label == 0 for r in table.values()) > 1000
    xml = datasets.load_reports(real_data / "iu_xray" / "xml")
    assert len(xml) == 54 and all(r.text == table[r.id].text for r in xml if r.id in table)
    assert all(view != "unknown" for r in xml for view in r.projections if r.id in table)
    splits = {name: [r for r in table.values() if r.split == name] for name in ("train", "val", "test")}
    assert len(splits["train"]) / len(table) == pytest.approx(0.8, abs=0.03)
    cases = datasets.load(real_data / "iu_xray", progress=False)
    assert len(cases) == 4 and all(case.report and case.meta["view"] == "Frontal" for case in cases)
