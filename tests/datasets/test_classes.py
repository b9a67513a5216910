"""Sets of several classes: what counts as label 1 and 0, and how one says so."""

import warnings
from collections import Counter

import numpy as np
import pytest
from made_films import film

from medigenx_lib import datasets
from medigenx_lib.__main__ import main
from medigenx_lib.cases import replace
from medigenx_lib.datasets.labels import Meaning
from medigenx_lib.errors import InputError

RNG = np.random.default_rng(0)
RADIOGRAPHY = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")


def folders(root, names, number=4):
    for name in names:
        for i in range(number):
            film(root / name / f"{name}-{i}.png")
    return root


def load(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return datasets.load(path, size=32, progress=False, **options)


def meant(cases):
    return {case.meta["class"]: case.label for case in cases}


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "positive, negative, terms, label",
    [("Tuberculosis", None, ["tuberculosis"], 1), ("Tuberculosis", None, ["Normal"], 0),
     ("Tuberculosis", None, ["Pneumonia"], None), ("covid-19", None, ["Pneumonia/Viral/COVID-19"], 1),
     ("Effusion,Mass", None, ["Infiltration|Mass"], 1), ("Effusion", None, ["Infiltration"], None),
     ("Effusion", None, ["No Finding"], 0), (None, "No Lung Opacity / Not Normal", ["Pneumonia"], 1),
     (None, "No Lung Opacity / Not Normal", ["No Lung Opacity / Not Normal"], 0), (None, "control", ["Normal"], None),
     (["sick"], ["well"], ["sick", "well"], None), ("LUNG_opacity", None, ["Lung Opacity"], 1), ("2,3", "0", ["3"], 1),
     ("2", None, ["1"], None)],
)  # fmt: skip
def test_names_count_instead_of_the_usual_words(positive, negative, terms, label):
    assert Meaning.of(positive, negative).label_of(terms) == label


def test_no_name_on_both_sides():
    with pytest.raises(InputError, match="covid 19 cannot be positive and negative"):
        Meaning.of("COVID-19", ["covid_19"])


# --- folders -------------------------------------------------------------------------------------


def test_several_classes(tmp_path):
    folders(tmp_path, RADIOGRAPHY)
    assert meant(load(tmp_path)) == {"COVID": 1, "Lung_Opacity": 1, "Normal": 0, "Viral Pneumonia": 1}
    assert meant(load(tmp_path, positive="covid")) == {"COVID": 1, "Normal": 0}
    cases = load(tmp_path, positive="COVID", negative=["Viral Pneumonia", "Lung_Opacity"])
    assert meant(cases) == {"COVID": 1, "Viral Pneumonia": 0, "Lung_Opacity": 0}
    assert datasets.counted(cases) == (
        "Label 1, pneumonia: COVID (4). Label 0, normal: Lung_Opacity (4), Viral Pneumonia (4)."
    )


def test_tuberculosis_says_how_to_use_it(tmp_path):
    folders(tmp_path, ("Normal", "Tuberculosis"))
    with pytest.raises(InputError, match=r"Tuberculosis.*--positive"):
        load(tmp_path)
    assert meant(load(tmp_path, positive="Tuberculosis")) == {"Normal": 0, "Tuberculosis": 1}


def test_classes_of_any_name_with_splits(tmp_path):
    for split in ("train", "test"):
        folders(tmp_path / split, ("yes", "no"), 2)
    cases = load(tmp_path, positive="yes", negative="no")
    assert Counter((c.split, c.label) for c in cases) == {(s, y): 2 for s in ("train", "test") for y in (0, 1)}


@pytest.mark.parametrize(
    "options, words",
    [({"positive": "COVD"}, "No film is of a class named COVD.*COVID, Lung_Opacity, Normal, Viral Pneumonia"),
     ({"positive": "Normal"}, "No film counts as normal.*--negative"),
     ({"negative": "COVID,Normal,Lung_Opacity,Viral Pneumonia"}, "No film counts as pneumonia.*--positive")],
)  # fmt: skip
def test_names_that_leave_a_label_without_films(tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        load(folders(tmp_path, RADIOGRAPHY, 1), **options)


def test_a_misspelt_name_where_no_folder_is_known(tmp_path):
    with pytest.raises(InputError, match=r"named yess.*no, yes"):
        load(folders(tmp_path, ("yes", "no")), positive="yess", negative="noo")


def test_films_that_are_named_by_their_class(tmp_path):
    for name in ("CHNCXR_0001_0", "CHNCXR_0327_1"):
        film(tmp_path / f"{name}.png")
    assert meant(load(tmp_path)) == {"normal": 0, "tuberculosis": None}
    assert meant(load(tmp_path, positive="tuberculosis")) == {"normal": 0, "tuberculosis": 1}


def test_sources_without_classes_say_so(tmp_path):
    with pytest.raises(InputError, match="phantom has no classes"):
        load("phantom", positive="COVID")


# --- tables and archives -------------------------------------------------------------------------


def test_findings_in_a_table(tmp_path):
    for name in "abcd":
        film(tmp_path / "images" / f"{name}.png")
    rows = ["a.png,No Finding", "b.png,Effusion|Mass", "c.png,Infiltration", "d.png,Mass"]
    (tmp_path / "t.csv").write_text("Image Index,Finding Labels\n" + "\n".join(rows))
    found = {case.id: case.label for case in load(tmp_path, positive="Effusion,Mass")}
    assert found == {"a": 0, "b": 1, "c": None, "d": 1}
    with pytest.raises(InputError, match=r"named Hernia.*Effusion, "):
        load(tmp_path, positive="Hernia")


def test_a_column_of_its_own(tmp_path):
    for name in "abc":
        film(tmp_path / f"{name}.png")
    (tmp_path / "t.csv").write_text("Path,No Finding,Pleural Effusion,Pneumonia\na.png,1.0,,\nb.png,,1.0,\nc.png,,,1.0")
    assert {c.id: c.label for c in load(tmp_path)} == {"a": 0, "b": None, "c": 1}
    assert {c.id: c.label for c in load(tmp_path, positive="Pleural Effusion")} == {"a": 0, "b": 1, "c": None}


def test_words_that_are_not_known_in_a_table(tmp_path):
    film(tmp_path / "a.png")
    film(tmp_path / "b.png")
    (tmp_path / "t.csv").write_text("path,label\na.png,sick\nb.png,well")
    with pytest.raises(InputError, match=r"sick, well.*--positive"):
        load(tmp_path)
    assert {c.id: c.label for c in load(tmp_path, positive="sick", negative="well")} == {"a": 1, "b": 0}


def test_numbers_in_an_npz(tmp_path):
    arrays = {"train_images": RNG.integers(0, 256, (8, 20, 20), dtype=np.uint8), "train_labels": np.arange(8) % 4}
    np.savez(tmp_path / "films.npz", **arrays)
    with pytest.raises(InputError, match="--positive 2,3"):
        load(tmp_path / "films.npz")
    assert [case.label for case in load(tmp_path / "films.npz", positive="2,3")] == [0, None, 1, 1] * 2


def test_many_kinds_are_counted_not_listed():
    made = load("phantom", limit=30)
    cases = [replace(case, label=None, meta={"class": f"kind {i % 12}"})
             for i, case in enumerate(made)]  # fmt: skip
    assert "Neither: kind 0 (3), " in datasets.counted(cases) and "4 other kinds (8)." in datasets.counted(cases)


# --- the command line ----------------------------------------------------------------------------


def test_training_says_what_counts_as_what(tmp_path, capsys):
    folders(tmp_path / "set", ("Normal", "Tuberculosis"), 40)
    words = ["train", "--source", str(tmp_path / "set"), "--size", "32", "--images", "64", "--out",
             str(tmp_path / "run")]  # fmt: skip
    assert main(words) == 2 and "--positive" in capsys.readouterr().err
    assert main([*words, "--positive", "tuberculosis"]) == 0
    said = capsys.readouterr().err
    assert "Label 1, pneumonia: Tuberculosis (" in said and "Label 0, normal: Normal (" in said


def test_what_learns_no_labels_takes_no_names(capsys):
    assert main(["train", "--what", "lungs", "--positive", "COVID"]) == 2
    assert "do not go with --what lungs" in capsys.readouterr().err
