"""Sets of others as they unpack: columns that mislead, reports in text files, run lengths, folders within folders."""

from collections import Counter

import numpy as np
import pytest
from made_films import film, labels, load, table
from PIL import Image

from medigenx_lib import datasets
from medigenx_lib.datasets.texts import sections
from medigenx_lib.errors import InputError

# --- columns -------------------------------------------------------------------------------------


def test_the_curated_view_counts_and_not_the_headers(tmp_path):
    for name in "abcdef":
        film(tmp_path / "0" / f"{name}.png")
    table(tmp_path / "PADCHEST.csv", "ImageID,StudyID,PatientID,ViewPosition_DICOM,Projection,Labels | "
          "a.png,1,p,LATERAL,PA,['normal'] | b.png,1,p,POSTEROANTERIOR,L,['normal'] | c.png,2,q,,AP_horizontal,"
          "['pneumonia'] | d.png,2,q,AP,COSTAL,['pneumonia'] | e.png,3,r,POSTEROANTERIOR,,['pneumonia'] | "
          "f.png,3,r,LATERAL,,['pneumonia']")  # fmt: skip
    assert {case.id: case.meta["view"] for case in load(tmp_path)} == {
        "a": "PA", "c": "AP_horizontal", "e": "POSTEROANTERIOR"}  # fmt: skip


def test_films_named_by_a_column_of_any_name(tmp_path):
    for name in ("h1", "s1", "t1"):
        film(tmp_path / "images" / f"{name}.png")
    table(tmp_path / "data.csv", "mask,fname,height,source,target | m_mask.png,h1.png,512,train,no_tb | "
          "m_mask.png,s1.png,512,val,no_tb | m_mask.png,t1.png,512,val,tb | m_mask.png,t1.png,512,val,tb")  # fmt: skip
    cases = load(tmp_path, positive="tb", negative="no_tb")
    assert [(c.id, c.label, c.split) for c in cases] == [("h1", 0, "train"), ("s1", 0, "val"), ("t1", 1, "val")]
    with pytest.raises(InputError, match=r"No label in data.csv .*no_tb, tb.*--positive"):
        load(tmp_path)


def test_a_source_is_a_split_only_if_it_says_so(tmp_path):
    for name in "ab":
        film(tmp_path / f"{name}.png")
    table(tmp_path / "t.csv", "file,label,source,split | a.png,0,test,train | b.png,1,RSNA,train")
    assert {case.split for case in load(tmp_path)} == {"train"}
    table(tmp_path / "t.csv", "file,label,subset,source | a.png,0,adults,val | b.png,1,adults,val")
    assert {case.split for case in load(tmp_path)} == {"val"}


def test_run_lengths_tell_whether_something_is_outlined(tmp_path):
    names = [f"1.2.276.{number}.85{number}" for number in range(4)]
    for name in (*names, "1.2.276.9.859"):
        film(tmp_path / "dicom-images-train" / name / f"{name}.png")
    rows = [f"{names[0]},6 2 9 1", f"{names[0]},60 2 9 1", f"{names[1]},-1", f"{names[2]},", f"{names[3]},6 2"]
    table(tmp_path / "train-rle.csv", "\n".join(["ImageId, EncodedPixels", *rows]))
    found = labels(load(tmp_path, positive="mask", negative="no mask"))
    assert found == dict(zip(names, (1, 0, 0, 1), strict=True))
    with pytest.raises(InputError, match=r"mask, no mask.*--positive"):
        load(tmp_path)


def test_a_table_that_is_not_understood_is_named(tmp_path):
    film(tmp_path / "a.png")
    table(tmp_path / "t.csv", "xray,what | a,sick")
    with pytest.warns(UserWarning, match=r"No labels .*no column that is known .* t\.csv\. Write a CSV"):
        assert labels(load(tmp_path)) == {"a": None}


# --- MIMIC-CXR -----------------------------------------------------------------------------------

REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___F with cough // r/o pneumonia

 FINDINGS:

 The lungs are clear.
 No effusion: none at all.

 IMPRESSION:

 No acute process.
"""


@pytest.fixture
def mimic(tmp_path):
    """Three studies as wget fetches them, one without a report, one whose views stand in their codes alone."""
    root = tmp_path / "physionet.org" / "files" / "mimic-cxr-jpg" / "2.0.0"
    views = {"d0": "PA,postero-anterior", "d1": "LATERAL,lateral", "d2": ",postero-anterior", "d3": ",lateral",
             "d4": ",antero-posterior", "d5": ","}  # fmt: skip
    meta = ["dicom_id,subject_id,study_id,ViewPosition,ViewCodeSequence_CodeMeaning"]
    for index, (name, view) in enumerate(views.items()):
        patient, study = f"1000003{index // 2}", f"5041426{index // 2}"
        film(root / "files" / "p10" / f"p{patient}" / f"s{study}" / f"{name}.jpg")
        meta.append(f"{name},{patient},{study},{view}")
        if study != "50414262":
            (root / "files" / "p10" / f"p{patient}" / f"s{study}.txt").write_text(REPORT)
    table(root / "mimic-cxr-2.0.0-metadata.csv", "\n".join(meta))
    table(root / "mimic-cxr-2.0.0-split.csv", "dicom_id,study_id,subject_id,split | d0,50414260,10000030,test")
    table(root / "mimic-cxr-2.0.0-chexpert.csv", "subject_id,study_id,No Finding,Pneumonia | 10000030,50414260,1.0, | "
          "10000031,50414261,,1.0 | 10000032,50414262,,-1.0")  # fmt: skip
    (tmp_path / "physionet.org" / "robots.txt").write_text("User-agent: *")
    return root


@pytest.mark.parametrize("moved", [False, True])
def test_mimics_views_and_reports(mimic, tmp_path, moved):
    for report in sorted(mimic.rglob("s*.txt")) if moved else ():
        elsewhere = mimic / "mimic-cxr-reports" / report.relative_to(mimic)
        elsewhere.parent.mkdir(parents=True, exist_ok=True)
        report.rename(elsewhere)
    cases = load(tmp_path / "physionet.org")
    assert labels(cases) == {"d0": 0, "d2": 1, "d4": None, "d5": None}
    assert [case.report for case in cases] == ["The lungs are clear. No effusion: none at all."] * 2 + [None] * 2
    assert cases[0].meta["impression"] == "No acute process." and cases[0].split == "test"


def test_texts_that_are_no_reports(tmp_path):
    film(tmp_path / "train" / "a.png")
    film(tmp_path / "s7" / "b.png")
    (tmp_path / "train.txt").write_text("FINDINGS: a.png\n")
    (tmp_path / "s7.txt").write_bytes(b"\xff\0 no heading")
    table(tmp_path / "t.csv", "file,label,study_id | a.png,0, | b.png,1,7")
    assert [case.report for case in load(tmp_path)] == [None, None]


def test_sections():
    found = sections(REPORT + " FINDINGS: More.\n")
    assert found["findings"] == "The lungs are clear. No effusion: none at all. More."
    assert found["impression"] == "No acute process." and found["examination"] == "CHEST (PA AND LAT)"
    assert sections("no heading: here") == {} and sections("IMPRESSION:") == {"impression": ""}


# --- folders and names ---------------------------------------------------------------------------


@pytest.fixture
def tbx11k(tmp_path):
    """Classes in a folder of their own, beside lists that bear the name of the set."""
    listed = {"TBX11K_train": [], "TBX11K_val": [], "all_test": []}
    for number in range(6):
        name = ("TBX11K_train", "TBX11K_train", "TBX11K_val", "all_test")[number % 4]
        for folder in ("health", "sick", "tb"):
            film(tmp_path / "imgs" / folder / f"{folder[0]}{number:04d}.png")
            listed[name].append(f"{folder}/{folder[0]}{number:04d}.png")
    film(tmp_path / "imgs" / "test" / "test_0001.png")
    listed["all_trainval"] = listed["TBX11K_train"] + listed["TBX11K_val"]
    for name, lines in listed.items():
        table(tmp_path / "lists" / f"{name}.txt", "\n".join(lines))
    (tmp_path / "annotations" / "xml").mkdir(parents=True)
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*Left out, being neither")
def test_classes_in_a_folder_beside_the_lists(tbx11k):
    cases = load(tbx11k, positive="tb")
    assert Counter((case.label, case.split) for case in cases) == {
        (0, "train"): 4, (0, "val"): 1, (0, "test"): 1, (1, "train"): 4, (1, "val"): 1, (1, "test"): 1}  # fmt: skip
    with pytest.raises(InputError, match=r"one class only\. .*sick, tb, test"):
        load(tbx11k)


def test_two_folders_with_classes_are_not_guessed(tmp_path):
    for place in ("a/NORMAL", "a/PNEUMONIA", "b/NORMAL", "b/PNEUMONIA"):
        film(tmp_path / place / f"{place.replace('/', '')}.png")
    assert {case.label for case in load(tmp_path)} == {None}


def test_jsrt_names_tell_nodules_and_people(tmp_path):
    for name in ("JPCLN001", "JPCNN001", "JPCLN002"):
        film(tmp_path / f"{name}.png")
    cases = load(tmp_path)
    assert [(c.label, c.meta["class"], c.patient) for c in cases] == [
        (None, "nodule", "JPCLN001"), (None, "nodule", "JPCLN002"), (None, "no nodule", "JPCNN001")]  # fmt: skip
    assert [case.label for case in load(tmp_path, positive="nodule", negative="no nodule")] == [1, 1, 0]


def test_lists_whose_lines_have_several_words(tmp_path):
    for name in "abc":
        film(tmp_path / "films" / f"{name}.png")
    table(tmp_path / "train.txt", "379 a.png negative cohen | 380 b.png positive rsna")
    table(tmp_path / "test.txt", "a c.png positive rsna")
    assert {case.id: case.split for case in load(tmp_path)} == {"a": "train", "b": "train", "c": "test"}


def test_of_two_columns_that_name_films_the_one_with_pictures(tmp_path):
    for name in ("0_train_1_.png", "1_train_0_.png"):
        film(tmp_path / "png_images" / name)
    table(tmp_path / "stage_1_train_images.csv", "new_filename,ImageId,target | 0_train_1_.png,1.2.3,1 | "
          "1_train_0_.png,1.2.4,0")  # fmt: skip
    assert labels(load(tmp_path)) == {"0_train_1_": 1, "1_train_0_": 0}


def test_mendeleys_names_tell_people():
    names = {"BACTERIA-7422-0001.jpeg": "BACTERIA-7422", "VIRUS-52-0002.jpeg": "VIRUS-52",
             "NORMAL-28501-0001.jpeg": "NORMAL-28501", "NORMAL-1.png": None}  # fmt: skip
    assert {name: datasets.patient_of(name) for name in names} == names


@pytest.mark.parametrize("root, taken", [("siim-acr-pneumothorax", False), ("lung nodules", False), ("a set", True)])
def test_masks_of_a_set_that_is_named_for_something_else(tmp_path, root, taken):
    lungs = np.zeros((24, 32), np.uint8)
    lungs[4:20, 3:12] = lungs[4:20, 20:29] = 255
    for place, named in (("png_masks", taken), ("lung_masks", True)):
        folder = tmp_path / place / root
        film(folder / "png_images" / "a.png")
        (folder / place).mkdir()
        Image.fromarray(lungs).save(folder / place / "a.png")
        (case,) = load(folder)
        assert bool(case.masks) is named


def test_tables_in_two_folders_tell_of_the_same_films(tmp_path):
    for name in "ab":
        film(tmp_path / "train" / f"{name}.png")
        film(tmp_path / "test" / f"{name}{name}.png")
    table(tmp_path / "labels" / "l.csv", "image_id,label | a,0 | b,1 | aa,0 | bb,1")
    table(tmp_path / "views" / "v.csv", "image_id,view,patient | a,PA,1 | b,PA,2 | aa,PA,3 | bb,L,4")
    assert [(c.id, c.label, c.patient, c.split) for c in load(tmp_path)] == [
        ("a", 0, "patient1", "train"), ("b", 1, "patient2", "train"), ("aa", 0, "patient3", "test")]  # fmt: skip
