"""Tables beside films, as public sets lay them out and as people write their own; words that are labels."""

import csv
import gzip
import json
from collections import Counter

import numpy as np
import pytest
from made_films import film, labels, load, table
from PIL import Image

from medigenx_lib import datasets, preprocessing
from medigenx_lib.datasets import tables
from medigenx_lib.datasets.labels import label_of, label_of_file, label_of_folder, split_of_word
from medigenx_lib.errors import InputError

RNG = np.random.default_rng(0)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms, label",
    [(["No Finding"], 0), (["normal"], 0), (["0"], 0), (["0.0"], 0), (["['normal']"], 0), (["1"], 1), (["1.0"], 1),
     (["Infiltration|Mass"], 1), (["['pneumonia', 'fracture']"], 1), (["Pneumonia/Viral/COVID-19"], 1),
     (["Pnemonia"], 1), (["Lung_Opacity"], 1), (["Effusion"], None), (["-1.0"], None), (["2"], None), ([""], None),
     ([], None), (["0", "No Lung Opacity / Not Normal"], None), (["1", "Lung Opacity"], 1), (["Non-COVID"], None),
     (["No finding", "Consolidation"], None), (["No finding", "Aortic enlargement"], None), (["NonCOVID"], None)],
)  # fmt: skip
def test_words_that_are_labels(terms, label):
    assert label_of(terms) == label


@pytest.mark.parametrize(
    "name, label",
    [("NORMAL", 0), ("Normal", 0), ("healthy", 0), ("PNEUMONIA", 1), ("Viral Pneumonia", 1), ("COVID", 1),
     ("COVID-19", 1), ("Lung_Opacity", 1), ("pneumonia_bacterial", 1), ("BACTERIA", 1), ("Non-COVID", None),
     ("COVID-19_Radiography_Dataset", None), ("chest_xray_pneumonia", None), ("images_normalized", None), ("0", None)],
)  # fmt: skip
def test_names_of_class_folders(name, label):
    assert label_of_folder(name) == label


def test_names_of_files_and_splits():
    assert label_of_file("CHNCXR_0001_0.png") == 0 and label_of_file("MCUCXR_0104_1.png") is None
    assert label_of_file("a_0.png") is None
    assert [split_of_word(word) for word in ("Train", "valid", "VALIDATE", "test ", "0")] == [
        "train", "val", "val", "test", None]  # fmt: skip


# --- public sets ---------------------------------------------------------------------------------


def test_chestxray14(tmp_path):
    for name in ("00000001_000", "00000001_001", "00000002_000", "00000003_000"):
        film(tmp_path / "images_001" / "images" / f"{name}.png")
    table(tmp_path / "Data_Entry_2017.csv", "Image Index,Finding Labels,Patient ID,View Position | "
          "00000001_000.png,No Finding,1,PA | 00000001_001.png,Infiltration|Mass,1,AP | "
          "00000002_000.png,Effusion,2,PA | 00000009_000.png,No Finding,9,PA | "
          "00000003_000.png,No Finding,3,PA")  # fmt: skip
    table(tmp_path / "BBox_List_2017.csv", "Image Index,Finding Label,Bbox [x,y,w,h],, | 00000001_001.png,Infiltrate,1")
    cases = load(tmp_path)
    assert labels(cases) == {"00000001_000": 0, "00000001_001": 1, "00000002_000": None, "00000003_000": 0}
    assert [case.patient for case in cases].count("patient1") == 2 and not preprocessing.leaks(cases)
    assert {case.id: case.meta["view"] for case in cases}["00000001_001"] == "AP"
    assert datasets.patient_of("00000001_000.png") == "patient1"


def test_chexpert(tmp_path):
    root = tmp_path / "CheXpert-v1.0-small"
    rows = []
    for part, number in (("train", 4), ("valid", 2)):
        for index in range(number):
            for view in ("frontal", "lateral"):
                name = f"{part}/patient{index + 64 * (part == 'valid'):05d}/study1/view1_{view}.jpg"
                film(root / name)
                values = [("1.0", "", "0.0"), ("", "1.0", ""), ("", "-1.0", ""), ("", "", "1.0")][index]
                rows.append((part, [f"CheXpert-v1.0-small/{name}", view.title(), *values]))
    for part in ("train", "valid"):
        with open(root / f"{part}.csv", "w", newline="") as stream:
            csv.writer(stream).writerows(
                [["Path", "Frontal/Lateral", "No Finding", "Pneumonia", "Pleural Effusion"]]
                + [row for place, row in rows if place == part]
            )
    cases = load(tmp_path)
    assert Counter((case.split, case.label) for case in cases) == {
        ("train", 0): 1, ("train", 1): 1, ("train", None): 2, ("val", 0): 1, ("val", 1): 1}  # fmt: skip
    assert len({case.id for case in cases}) == 6 == len({case.patient for case in cases})
    assert {case.meta["view"] for case in cases} == {"Frontal"}
    with pytest.raises(InputError, match="no frontal film of split test"):
        load(tmp_path, split="test")


def test_mimic_joins_its_tables_by_study(tmp_path):
    for number in range(4):
        film(tmp_path / "files" / "p10" / f"p1000003{number}" / "s5" / f"d{number}.jpg")
    parts = {
        "chexpert": "subject_id,study_id,No Finding,Pneumonia | 10000030,50,1.0, | 10000031,51,,1.0 | "
        "10000032,52,,-1.0",
        "metadata": "dicom_id,subject_id,study_id,ViewPosition | d0,10000030,50,PA | d1,10000031,51,AP | "
        "d2,10000032,52,PA | d3,10000030,50,LATERAL",
        "split": "dicom_id,study_id,subject_id,split | d0,50,10000030,train | d1,51,10000031,validate | "
        "d2,52,10000032,test | d3,50,10000030,train",
    }
    for name, text in parts.items():
        (tmp_path / f"mimic-cxr-2.0.0-{name}.csv.gz").write_bytes(gzip.compress(text.replace(" | ", "\n").encode()))
    assert [(c.id, c.label, c.split, c.patient) for c in load(tmp_path)] == [
        ("d0", 0, "train", "patient10000030"), ("d1", 1, "val", "patient10000031"),
        ("d2", None, "test", "patient10000032")]  # fmt: skip


def test_several_rows_a_film_and_two_tables(tmp_path):
    for name in "abcd":
        film(tmp_path / "stage_2_train_images" / f"{name}.png")
    table(tmp_path / "stage_2_train_labels.csv", "patientId,x,y,width,height,Target | a,1,2,3,4,1 | a,5,6,7,8,1 | "
          "b,,,,,0 | c,,,,,0")  # fmt: skip
    table(tmp_path / "stage_2_detailed_class_info.csv", "patientId,class | a,Lung Opacity | a,Lung Opacity | "
          "b,Normal | c,No Lung Opacity / Not Normal")  # fmt: skip
    cases = load(tmp_path)
    assert labels(cases) == {"a": 1, "b": 0, "c": None} and {case.patient for case in cases} == {"a", "b", "c"}


def test_padchest_is_turned_where_the_table_says_so(tmp_path):
    chest = np.full((64, 64), 0.9, np.float32)
    chest[8:44, 8:26] = chest[8:44, 38:56] = 0.2
    (tmp_path / "0").mkdir()
    for name, pixels in (("a.png", 1 - chest), ("b.png", chest)):
        Image.fromarray(np.round(pixels * 4095).astype(np.uint16)).save(tmp_path / "0" / name)
    table(tmp_path / "PADCHEST.csv", "ImageID,PatientID,Projection,PhotometricInterpretation_DICOM,Labels | "
          "a.png,p1,PA,MONOCHROME1,['pneumonia'] | b.png,p2,PA,MONOCHROME2,['normal']")  # fmt: skip
    a, b = datasets.load(tmp_path, size=None, progress=False)
    assert np.abs(a.image - b.image).max() < 1e-3 and a.meta["polarity"] == "corrected" and (a.label, b.label) == (1, 0)


def test_hugging_face_folders(tmp_path):
    for split in ("train", "test"):
        film(tmp_path / split / "0.png")
        film(tmp_path / split / "1.png")
        rows = [{"file_name": "0.png", "label": "normal"}, {"file_name": "1.png", "label": "pneumonia"}]
        (tmp_path / split / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert labels(load(tmp_path / "train")) == {"0": 0, "1": 1}
    cases = load(tmp_path)
    assert labels(cases) == {"train/0": 0, "train/1": 1, "test/0": 0, "test/1": 1}
    assert [case.split for case in cases] == ["test", "test", "train", "train"]


# --- tables of one's own -------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_ones_own(tmp_path, separator):
    for place in ("a/1.png", "b/1.png", "b/2.png"):
        film(tmp_path / "films" / place)
    rows = ["path,label,patient,split", "films/a/1.png,normal,x,train", "/elsewhere/films/b/1.png,pneumonia,y,train",
            "films\\b\\2.png,,y,val"]  # fmt: skip
    path = table(tmp_path / "labels.csv", "\n".join(rows).replace(",", separator))
    cases = load(path)
    assert labels(cases) == {"films/a/1": 0, "films/b/1": 1, "2": None} == labels(load(tmp_path))
    assert [case.patient for case in cases] == ["x", "y", "y"] and [c.split for c in cases] == ["train", "train", "val"]
    assert len(load(path, limit=2)) == 2 and len(load(path, split="val")) == 1


def test_a_name_borne_twice_and_names_outside_the_folder(tmp_path):
    film(tmp_path / "secret.png")
    film(tmp_path / "set" / "a" / "1.png")
    film(tmp_path / "set" / "b" / "1.png")
    film(tmp_path / "set" / "2.dcm.png")
    path = table(tmp_path / "set" / "t.csv", "path,label | 1.png,0 | ../secret.png,1 | 2.dcm,0 | a/1.png,1")
    assert labels(load(path)) == {"1": 1, "2.dcm": 0}


def test_masks_are_no_films(tmp_path):
    for place in ("images/a.png", "masks/a.png", "left_mask/a.png", "__MACOSX/a.png", "images/a_mask.png"):
        film(tmp_path / place)
    path = table(tmp_path / "t.csv", "file,label | a,0")
    assert len(load(path)) == 1 and len(datasets.films.list_films_below(tmp_path)) == 1


BAD = {
    "nothing": ("", "names no films"),
    "no file": ("x,label | 1,0", "names no films"),
    "elsewhere": ("file,label | b.png,0 | c.png,1", "None of the 2 films"),
    "labels": ("file,label | a.png,positive", "No label .*positive"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_tables_get_one_clear_sentence(tmp_path, kind):
    film(tmp_path / "a.png")
    text, words = BAD[kind]
    path = table(tmp_path / "t.csv", text)
    with pytest.raises(InputError, match=words) as caught:
        load(path)
    assert "\n" not in str(caught.value) and caught.value.next_step.endswith(tables.NEXT_STEP)


@pytest.mark.parametrize("data", [b"\0\xff" * 400, b"\x1f\x8b\0", b"PAR1", b'"' * 300_000, b"[1, 2]"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl"])
def test_what_is_no_table(tmp_path, data, suffix):
    film(tmp_path / "a.png")
    (tmp_path / f"t{suffix}").write_bytes(data)
    with pytest.raises(InputError):
        load(tmp_path / f"t{suffix}")
    assert labels(load(tmp_path)) == {"a": None}  # beside films, it is passed over


def test_tables_about_other_things_leave_a_folder_as_it_is(tmp_path):
    film(tmp_path / "a.png")
    table(tmp_path / "prices.csv", "image,label | logo,0")
    with pytest.warns(UserWarning, match="None of the 1 films"):
        assert labels(load(tmp_path)) == {"a": None}


def test_a_table_above_is_named(tmp_path):
    film(tmp_path / "images" / "a.png")
    table(tmp_path / "labels.csv", "file,label | a.png,0")
    with pytest.warns(UserWarning, match="labels.csv"):
        assert labels(load(tmp_path / "images")) == {"a": None}


def test_real_table(real_data):
    cases = datasets.load(real_data / "covid_cxr", limit=6, progress=False)
    assert {case.label for case in cases} == {1} and all(case.patient for case in cases)
    assert {case.meta["view"] for case in cases} <= {"PA", "AP"}


@pytest.mark.parametrize("depth", ["", "inner", "inner/data"])
def test_warnings_point_to_the_line_that_asked(tmp_path, depth):
    film(tmp_path / depth / "a.png")
    table(tmp_path / depth / "prices.csv", "image,label | logo,0")
    with pytest.warns(UserWarning) as caught:
        datasets.load(tmp_path, progress=False)
    assert [warning.filename for warning in caught] == [__file__]
