"""Splits as sources give them, by patient elsewhere; and R2Gen's annotations, which bring reports and split."""

import json
import warnings
from collections import Counter

import numpy as np
import pytest
from made_films import film, load
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from medigenx_lib import datasets, preprocessing
from medigenx_lib.datasets.splits import assigned
from medigenx_lib.errors import InputError

RNG = np.random.default_rng(0)


def dicom_film(path, patient):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    made.set_pixel_data(RNG.integers(0, 4096, (24, 32), dtype=np.uint16), "MONOCHROME2", 12)
    made.PatientID = patient
    made.save_as(path, enforce_file_format=True)


def splits(cases):
    return {case.id: case.split for case in cases}


# --- told, and not told --------------------------------------------------------------------------


def test_what_is_not_told_goes_to_the_patients_other_films():
    told = {"a1": "test", "a2": None, "b1": "train_val", "b2": "train_val", "c": None}
    people = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "c": "c"}
    found = assigned(told, people)
    assert found["a2"] == "test" and found["b1"] == found["b2"] in ("train", "val")
    assert found["c"] == preprocessing.split_of("c") and list(found) == list(told)


def test_a_ninth_of_train_and_val_is_val():
    names = [str(number) for number in range(3000)]
    found = Counter(assigned(dict.fromkeys(names, "train_val"), dict(zip(names, names, strict=True))).values())
    assert set(found) == {"train", "val"} and found["val"] == pytest.approx(333, abs=50)


# --- ChestX-ray14 --------------------------------------------------------------------------------


@pytest.fixture
def nih(tmp_path):
    """30 patients with three films each; the last ten patients are for testing."""
    names = [f"{patient:08d}_{film:03d}.png" for patient in range(1, 31) for film in range(3)]
    for index, name in enumerate(names):
        film(tmp_path / f"images_{index % 3 + 1:03d}" / "images" / name)
    rows = [f"{name},{('No Finding', 'Pneumonia')[int(name[9:12]) % 2]},{int(name[:8])},PA" for name in names]
    (tmp_path / "Data_Entry_2017.csv").write_text(
        "Image Index,Finding Labels,Patient ID,View Position\n" + "\n".join(rows)
    )
    (tmp_path / "train_val_list.txt").write_text("\n".join(names[:60]))
    (tmp_path / "test_list.txt").write_text("\r\n".join(names[60:]) + "\r\n")
    (tmp_path / "README_CHESTXRAY.txt").write_text("test")
    return tmp_path


@pytest.mark.parametrize("table", [True, False])
def test_official_lists(nih, table):
    if not table:
        (nih / "Data_Entry_2017.csv").unlink()
    cases = load(nih)
    assert all((case.split == "test") == (int(case.id[:8]) > 20) for case in cases) and len(cases) == 90
    assert Counter(case.split for case in cases)["val"] > 0 and not preprocessing.leaks(cases)
    assert splits(load(nih, split="test")) == {c.id: "test" for c in cases if c.split == "test"}
    assert all(case.label is not None for case in cases) is table


def test_lists_with_paths_labels_and_class_folders(tmp_path):
    for name in ("a b", "c", "d"):
        film(tmp_path / "normal" / f"{name}.png")
        film(tmp_path / "pneumonia" / f"{name}2.png")
    (tmp_path / "train_list.txt").write_text("normal/a b.png\nnormal\\c.png\npneumonia/a b2.png\npneumonia/d2.png\n")
    (tmp_path / "val.txt").write_text("d.png 0 1 0\n")
    (tmp_path / "test_list.txt").write_text("pneumonia/c2.png,1\n")
    assert splits(load(tmp_path)) == {
        "a b": "train", "c": "train", "d": "val", "a b2": "train", "c2": "test", "d2": "train"}  # fmt: skip


def test_folders_of_splits_without_classes(tmp_path):
    for split in ("train", "val", "test"):
        film(tmp_path / split / "images" / f"{split}.png")
    assert splits(load(tmp_path)) == {"train": "train", "val": "val", "test": "test"}
    assert len(load(tmp_path / "train")) == 1


def test_other_lists_of_names_tell_nothing(tmp_path):
    film(tmp_path / "a.png")
    for name in ("notes.txt", "classes.txt", "training notes.txt"):
        (tmp_path / name).write_text("a.png")
    assert splits(load(tmp_path)) == {"a": preprocessing.split_of("a")}


def test_a_source_that_splits_patients_is_named(tmp_path):
    for name in ("a", "b", "c"):
        film(tmp_path / f"{name}.png")
    (tmp_path / "t.csv").write_text("path,label,patient,split\na.png,0,7,train\nb.png,1,7,test\nc.png,1,8,test\n")
    with pytest.warns(UserWarning, match=r"more than one split of .*: 1, such as patient7 \(test, train\)"):
        assert splits(load(tmp_path)) == {"a": "train", "b": "test", "c": "test"}


def test_kaggles_numbers_are_no_people(tmp_path):
    for split in ("train", "test"):
        film(tmp_path / split / "NORMAL" / f"{split}.jpeg")
        film(tmp_path / split / "PNEUMONIA" / "person1_virus_6.jpeg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(tmp_path)) == 4


# --- no patient in two splits --------------------------------------------------------------------


def _classes(root, number):
    dicom_film(root / ("NORMAL", "PNEUMONIA")[number % 2] / f"{number}.dcm", f"p{number // 4}")


def _films(root, number):
    dicom_film(root / f"{number}.dcm", f"p{number // 4}")


def _bare(root, number):
    dicom_film(root / f"film{number}", f"p{number // 4}")


def _named(root, number):
    film(root / f"{number // 4 + 1:08d}_{number % 4:03d}.png")


def _nested(root, number):
    film(root / f"patient{number // 4:05d}" / f"study{number % 4}" / "view1_frontal.png")


def _table(root, number):
    dicom_film(root / "images" / f"{number}.dcm", f"p{number // 4}")
    table = root / "t.csv"
    table.write_text((table.read_text() if number else "path,label\n") + f"{number}.dcm,{number % 2}\n")


def _partly_told(root, number):
    film(root / f"{number}.png")
    told = ("train", "", "test", "")[number // 4 % 4] if number % 4 == 0 else ""
    table = root / "t.csv"
    before = table.read_text() if number else "path,label,patient,split\n"
    table.write_text(before + f"{number}.png,{number % 2},{number // 4},{told}\n")


@pytest.mark.parametrize("lay", [_classes, _films, _bare, _named, _nested, _table, _partly_told])
def test_no_patient_is_in_two_splits(tmp_path, lay):
    for number in range(48):
        lay(tmp_path, number)
    cases = load(tmp_path)
    assert len(cases) == 48 and Counter(Counter(case.patient for case in cases).values()) == {4: 12}
    assert not preprocessing.leaks(cases) and len({case.split for case in cases}) > 1
    parts = {}
    for split in datasets.SPLITS:
        try:
            parts |= splits(load(tmp_path, split=split))
        except InputError:  # so few patients may leave one empty
            continue
    assert parts == splits(cases)


# --- R2Gen ---------------------------------------------------------------------------------------


def r2gen(root, name="annotation.json", **changes):
    made = {
        "train": [{"id": f"CXR{n}_IM-000{n}", "report": f"Clear  lungs {n}.", "split": "train",
                   "image_path": [f"CXR{n}_IM-000{n}/0.png", f"CXR{n}_IM-000{n}/1.png"]} for n in (1, 2)],
        "val": [{"id": "CXR3_IM-0003", "report": "Opacity.", "image_path": ["CXR3_IM-0003/0.png"], "split": "val"}],
        "test": [{"id": "CXR4_IM-0004", "report": "Effusion.", "image_path": ["CXR4_IM-0004/0.png"]}],
    }  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(json.dumps(made | changes))
    for part in made.values():
        for image in (image for entry in part for image in entry["image_path"]):
            film(root / "images" / image)
    return root


@pytest.mark.parametrize("start", [".", "annotation.json", ".."])
def test_r2gen(tmp_path, start):
    root = r2gen(tmp_path / "set" / "iu_xray")
    cases = load(root / start)
    assert [(c.patient, c.split, c.report) for c in cases] == [
        ("CXR1", "train", "Clear lungs 1."), ("CXR2", "train", "Clear lungs 2."), ("CXR3", "val", "Opacity."),
        ("CXR4", "test", "Effusion.")]  # fmt: skip
    assert cases[0].source.endswith("CXR1_IM-0001/0.png") and len({case.id for case in cases}) == 4
    assert cases[0].meta["view"] == "unknown" and cases[0].meta["images_of_study"] == 2 and cases[0].label is None
    assert [case.patient for case in load(root, split="val")] == ["CXR3"]


def test_r2gen_reports_alone(tmp_path):
    root = r2gen(tmp_path)
    reports = datasets.load_reports(root / "annotation.json")
    assert reports == datasets.load_reports(root) and [r.split for r in reports] == ["train", "train", "val", "test"]
    assert reports[0].text == "Clear lungs 1." and reports[0].images == ("CXR1_IM-0001/0.png", "CXR1_IM-0001/1.png")


def test_r2gen_of_mimic(tmp_path):
    entry = {"id": "02aa804e", "study_id": 50414267, "subject_id": 10000032, "report": "Normal.",
             "image_path": ["p10/p10000032/s50414267/02aa804e.jpg"], "split": "train"}  # fmt: skip
    (tmp_path / "annotation.json").write_text(json.dumps({"train": [entry], "val": [], "test": []}))
    film(tmp_path / "files" / "p10" / "p10000032" / "s50414267" / "02aa804e.jpg")
    (case,) = load(tmp_path)
    assert (case.id, case.patient, case.split, case.report) == ("02aa804e", "patient10000032", "train", "Normal.")


BAD = {
    "no json": ("{", "cannot be read"),
    "a list": ("[1]", "cannot be read"),
    "other keys": ('{"images": [], "annotations": []}', "no reports"),
    "no report": ('{"train": [{"id": "1", "image_path": ["a.png"]}]}', "entry without"),
    "numbers": ('{"train": [1]}', "cannot be read"),
    "no images": ('{"train": [{"id": "1", "report": "x", "image_path": ["a.png"]}]}', "No image of these reports"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_annotations_get_one_clear_sentence(tmp_path, kind):
    (tmp_path / "annotation.json").write_text(BAD[kind][0])
    with pytest.raises(InputError, match=BAD[kind][1]) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value) and caught.value.next_step


def test_a_split_that_annotations_lack(tmp_path):
    with pytest.raises(InputError, match="No image of split test"):
        load(r2gen(tmp_path, test=[]), split="test")


def test_real_annotations(real_data):
    (path,) = (real_data / "iu_xray").glob("annotation*.json")
    reports = datasets.load_reports(path)
    assert len(reports) > 2000 and {report.split for report in reports} <= set(datasets.SPLITS)
    where = {}
    for report in reports:
        where.setdefault(report.patient, set()).add(report.split)
    assert None not in where and all(len(found) == 1 for found in where.values())
