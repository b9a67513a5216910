"""npz, PneumoniaMNIST, class folders, film folders and phantoms, good and bad."""

import hashlib
import os
import zipfile
from collections import Counter

import medmnist
import numpy as np
import pytest
from made_films import film
from medmnist.info import INFO

from medigenx_lib import datasets, preprocessing
from medigenx_lib.datasets.patients import patient_of
from medigenx_lib.errors import DataUnavailableError, InputError

RNG = np.random.default_rng(0)


def arrays(number=8, side=20, splits=("train", "val", "test")):
    made = {}
    for split in splits:
        made[f"{split}_images"] = RNG.integers(0, 256, (number, side, side), dtype=np.uint8)
        made[f"{split}_labels"] = (np.arange(number) % 2).astype(np.uint8)[:, None]
    return made


@pytest.fixture
def npz(tmp_path):
    def write(**values):
        np.savez(tmp_path / "films.npz", **values)
        return tmp_path / "films.npz"

    return write


# --- npz -----------------------------------------------------------------------------------------


def test_npz_native(npz):
    values = arrays()
    cases = datasets.load(npz(**values), size=None, progress=False)
    assert len(cases) == 24 and len({case.id for case in cases}) == 24
    assert Counter(case.split for case in cases) == {"train": 8, "val": 8, "test": 8}
    assert np.array_equal(np.round(cases[3].image * 255), values["train_images"][3]) and cases[3].label == 1
    assert cases[0].meta["original_size"] == [20, 20] and cases[0].meta["bit_depth"] == 8


def test_npz_resized_and_by_split(npz):
    cases = datasets.load(npz(**arrays()), size=32, split="val", progress=False)
    assert {case.image.shape for case in cases} == {(32, 32)} and {case.split for case in cases} == {"val"}


@pytest.mark.parametrize(
    "change",
    [lambda i: i[..., None], lambda i: np.stack([i] * 3, -1), lambda i: i / 255.0, lambda i: i.astype(np.float32),
     lambda i: i.astype(np.uint16) * 257, lambda i: i.astype(np.int64), lambda i: i.astype(np.float16)],
)  # fmt: skip
def test_npz_shapes_and_types(npz, change):
    values = arrays()
    plain = datasets.load(npz(**values), size=None, progress=False)
    values = {key: change(v) if key.endswith("images") else v[:, 0] for key, v in values.items()}
    for a, b in zip(datasets.load(npz(**values), size=None, progress=False), plain, strict=True):
        assert np.abs(a.image - b.image).max() < 1e-3 and a.label == b.label


def test_npz_bool_and_oblong(npz):
    values = arrays()
    values["train_images"] = values["train_images"] > 128
    values["val_images"] = np.pad(values["val_images"], ((0, 0), (0, 0), (5, 5)))
    cases = datasets.load(npz(**values), size=20, fit="crop", progress=False)
    assert set(np.unique(cases[0].image)) == {0, 1}
    assert np.array_equal(np.round(cases[8].image * 255), values["val_images"][0][:, 5:25])


def _with(**changes):
    return {**arrays(), **changes}


BAD = {
    "no keys": (lambda: {}, "nothing"),
    "other keys": (lambda: {"x": np.zeros(3)}, "holds x"),
    "images only": (lambda: {"train_images": np.zeros((3, 20, 20))}, "needs train_images"),
    "nan": (lambda: _with(train_images=np.full((8, 20, 20), np.nan)), "NaN"),
    "negative": (lambda: _with(train_images=np.full((8, 20, 20), -1.0)), "outside"),
    "shape": (lambda: _with(train_images=np.zeros((8, 400), np.uint8)), r"\(8, 400\)"),
    "channels": (lambda: _with(train_images=np.zeros((8, 20, 20, 7), np.uint8)), "7"),
    "tiny": (lambda: _with(train_images=np.zeros((8, 1, 1), np.uint8)), r"\(8, 1, 1\)"),
    "text": (lambda: _with(train_images=np.full((8, 20, 20), "a")), "<U1"),
    "pickle": (lambda: _with(train_images=np.full((8, 20, 20), None)), "cannot be read"),
    "number": (lambda: _with(train_labels=np.array([0, 1])), "another number"),
    "classes": (lambda: _with(train_labels=np.arange(8)), "not all 0 or 1"),
    "several": (lambda: _with(train_labels=np.zeros((8, 5))), "not all 0 or 1"),
    "one class": (lambda: {k: v * 0 if "labels" in k else v for k, v in arrays().items()}, "one class"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_npz_gets_one_clear_sentence(npz, kind):
    make, words = BAD[kind]
    with pytest.raises(InputError, match=words) as caught:
        datasets.load(npz(**make()), progress=False)
    assert "\n" not in str(caught.value) and caught.value.next_step


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.95])
def test_truncated_npz(npz, share):
    path = npz(**arrays())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match="cannot be read"):
        datasets.load(path, progress=False)


def test_a_missing_split_is_named(npz):
    path = npz(**arrays(splits=("train",)))
    assert len(datasets.load(path, progress=False)) == 8
    with pytest.raises(InputError, match="no test split"):
        datasets.load(path, split="test", progress=False)


@pytest.mark.parametrize("limit", [1, 4, 6, 23, 24, 99])
def test_limit_is_spread_over_splits_and_labels(npz, limit):
    cases = datasets.load(npz(**arrays()), size=None, limit=limit, progress=False)
    assert len(cases) == min(limit, 24)
    strata = Counter((case.split, case.label) for case in cases)
    assert limit < 6 or (len(strata) == 6 and max(strata.values()) - min(strata.values()) <= 1)


@pytest.mark.parametrize("options", [{"size": 0}, {"size": 64.0}, {"size": 10**6}, {"limit": 0}, {"limit": True},
                                     {"split": "Train"}, {"fit": "squash"}])  # fmt: skip
def test_impossible_options(options):
    with pytest.raises(InputError):
        datasets.load("phantom", progress=False, **options)


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\0b", "none.npz", "none/films"])
def test_impossible_names(name):
    with pytest.raises(InputError):
        datasets.load(name)


def test_loops_and_archives(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        archive.writestr("a.png", b"x")
    (tmp_path / "films.npz").write_bytes(b"no archive")
    for name, words in (("loop", "ordinary|opened"), ("films.zip", "archive"), ("films.npz", "cannot be read")):
        with pytest.raises(InputError, match=words):
            datasets.load(tmp_path / name)


def test_unknown_names_are_told_what_there_is():
    with pytest.raises(InputError, match=r"phantom, pneumoniamnist"):
        datasets.load("mnist")


# --- PneumoniaMNIST ------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no network, and a made-up file whose checksum passes as the official one."""
    monkeypatch.setenv("MEDIGENX_CACHE", str(tmp_path / "cache"))

    def offline(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    np.savez(tmp_path / "official.npz", **arrays(side=64))
    official = (tmp_path / "official.npz").read_bytes()
    monkeypatch.setitem(INFO["pneumoniamnist"], "MD5_64", hashlib.md5(official).hexdigest())
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "pneumoniamnist_64.npz", official


def test_pneumoniamnist_from_the_cache(cache):
    path, official = cache
    path.write_bytes(official)
    cases = datasets.load("pneumoniamnist", size=64, progress=False)
    assert len(cases) == 24 and cases[0].source == "PneumoniaMNIST 64"
    assert datasets.load("pneumoniamnist", size=48, limit=2, progress=False)[0].image.shape == (48, 48)


def test_offline_names_the_phantom_and_the_cache(cache):
    with pytest.raises(DataUnavailableError, match="phantom") as caught:
        datasets.load("pneumoniamnist", size=64, progress=False)
    assert str(cache[0].parent) in str(caught.value) and caught.value.exit_code == 3


def test_half_a_download_is_noticed(cache):
    path, official = cache
    path.write_bytes(official[:1000])
    with pytest.raises(DataUnavailableError, match="incomplete"):
        datasets.load("pneumoniamnist", size=64, progress=False)


@pytest.mark.parametrize("stored", [28, 64, 128, 224])
def test_medmnist_knows_our_sizes(stored):
    assert stored in medmnist.PneumoniaMNIST.available_sizes


# --- folders -------------------------------------------------------------------------------------


@pytest.fixture
def kaggle(tmp_path):
    for split, first in (("train", 0), ("val", 10), ("test", 20)):
        for i in range(first, first + 4):
            film(tmp_path / split / "NORMAL" / f"IM-{i:04}-0001.jpeg")
            film(tmp_path / split / "PNEUMONIA" / f"person{i}_bacteria_{i}.jpeg")
    (tmp_path / "train" / "NORMAL" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "train" / "__MACOSX").mkdir()
    return tmp_path


def test_kaggle_layout(kaggle):
    cases = datasets.load(kaggle, size=32, progress=False)
    assert Counter((c.split, c.label) for c in cases) == {(s, y): 4 for s in ("train", "val", "test") for y in (0, 1)}
    assert {case.image.shape for case in cases} == {(32, 32)} and not preprocessing.leaks(cases)
    assert all(case.label == ("person" in case.id) and case.meta["original_size"] == [24, 32] for case in cases)
    assert {c.split for c in datasets.load(kaggle, split="test", progress=False)} == {"test"}
    assert Counter(c.label for c in datasets.load(kaggle, split="train", limit=4, progress=False)) == {0: 2, 1: 2}


def test_classes_without_splits_are_split_by_patient(tmp_path):
    for i in range(40):
        film(tmp_path / "normal" / f"IM-{i:04}-0001.png")
        film(tmp_path / "Pneumonia" / f"person{i // 2}_virus_{i}.png")
    cases = datasets.load(tmp_path, size=None, progress=False)
    assert {case.split for case in cases} == {"train", "val", "test"} and not preprocessing.leaks(cases)
    parts = [datasets.load(tmp_path, split=name, progress=False) for name in ("train", "val", "test")]
    assert sorted(c.id for part in parts for c in part) == sorted(c.id for c in cases)


def test_a_damaged_film_is_left_out_and_named(kaggle):
    (kaggle / "train" / "NORMAL" / "IM-0000-0001.jpeg").write_text("<html>")
    with pytest.warns(UserWarning, match="IM-0000-0001.jpeg"):
        assert len(datasets.load(kaggle, progress=False)) == 23


def test_one_class_is_refused(tmp_path):
    film(tmp_path / "NORMAL" / "a.png")
    (tmp_path / "PNEUMONIA").mkdir()
    (tmp_path / "empty" / "NORMAL").mkdir(parents=True)
    with pytest.raises(InputError, match="empty"):
        datasets.load(tmp_path / "empty", progress=False)
    with pytest.raises(InputError, match="one class"):
        datasets.load(tmp_path, progress=False)


def test_folder_of_films_and_single_films(tmp_path):
    film(tmp_path / "a.png")
    film(tmp_path / "b.jpg")
    (tmp_path / "readme.txt").write_text("not a film")
    assert [c.id for c in datasets.load(tmp_path, progress=False)] == ["a", "b"]
    (single,) = datasets.load(tmp_path / "a.png", size=None)
    assert single.image.shape == (24, 32) and single.split is None
    with pytest.raises(InputError, match="no split"):
        datasets.load(tmp_path / "a.png", split="train")


def test_folders_without_films(tmp_path):
    with pytest.raises(InputError, match="no films"):
        datasets.load(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="None of the 1 films"):
        datasets.load(tmp_path, progress=False)


def test_a_table_tells_patients(tmp_path):
    film(tmp_path / "images" / "a.png")
    (tmp_path / "metadata.csv").write_text("patientid,filename\n7,a.png\n")
    assert datasets.load(tmp_path / "images", progress=False)[0].patient == "patient7"


@pytest.mark.parametrize(
    "name, patient",
    [("person1_bacteria_2.jpeg", "person1"), ("person1_virus_3_1.jpeg", "person1"), ("IM-0115-0001.jpeg", "IM-0115"),
     ("IM-0622-0001-0002.jpeg", "IM-0622"), ("NORMAL2-IM-0485-0001.jpeg", "NORMAL2-IM-0485"),
     ("CXR1_1_IM-0001-4001.png", "CXR1"), ("CXR1000_IM-0003-2001.png", "CXR1000"),
     ("1_IM-0001-4001.dcm.png", "CXR1"), ("person.jpeg", None), ("82a78c13.jpg", None)],
)  # fmt: skip
def test_names_tell_patients(name, patient):
    assert patient_of(os.path.join("nowhere", name)) == patient


def test_real_folders_do_not_leak(real_data):
    names = {split: [p.name for p in (real_data / "chest_xray_224" / split).rglob("*.jpeg")]
             for split in ("train", "val", "test")}  # fmt: skip
    people = {split: {patient_of(name) for name in found} for split, found in names.items()}
    assert None not in set().union(*people.values()) and len(people["train"]) > 2000
    assert not people["train"] & people["val"] and not people["train"] & people["test"]
    split = {name: preprocessing.split_of(patient_of(name)) for found in names.values() for name in found}
    held_out = {patient_of(name) for name, where in split.items() if where != "train"}
    assert not held_out & {patient_of(name) for name, where in split.items() if where == "train"}


def test_real_sources(real_data):
    cases = datasets.load(real_data / "chest_xray_224", limit=30, progress=False)
    assert len(cases) == 30 and {case.label for case in cases} == {0, 1} and all(case.patient for case in cases)
    covid = datasets.load(real_data / "covid_cxr" / "images", size=64, limit=8, progress=False)
    assert all(case.label is None for case in covid) and any(case.patient for case in covid)


# --- phantoms ------------------------------------------------------------------------------------


def test_phantoms_are_the_same_every_time_and_never_in_two_splits():
    cases = datasets.load("phantom", size=32, limit=22, progress=False)
    again = datasets.load("phantom", size=32, split="test", limit=2, progress=False)
    assert len(cases) == 22 and Counter(c.split for c in cases) == {"train": 16, "val": 2, "test": 4}
    tests = [case for case in cases if case.split == "test"]
    assert [c.id for c in again] == [c.id for c in tests[:2]] and (again[0].image == tests[0].image).all()
    assert len({case.id for case in cases}) == 22 and all(case.truth and case.synthetic for case in cases)


# --- as other sets lie on a disk -----------------------------------------------------------------


def test_folders_of_masks_and_other_classes(tmp_path):
    for kind in ("Normal", "Viral Pneumonia", "COVID", "Tuberculosis"):
        film(tmp_path / kind / "images" / "1.png")
        film(tmp_path / kind / "masks" / "1.png")
    with pytest.warns(UserWarning, match="Left out, being neither by their names: Tuberculosis"):
        cases = datasets.load(tmp_path, progress=False)
    assert {case.meta["class"]: case.label for case in cases} == {"Normal": 0, "Viral Pneumonia": 1, "COVID": 1}
    assert {case.id for case in cases} == {f"{kind}/images/1" for kind in ("Normal", "Viral Pneumonia", "COVID")}


def test_names_of_split_folders(tmp_path):
    for split in ("Train", "valid", "TEST"):
        for kind in ("normal", "pneumonia"):
            film(tmp_path / split / kind / f"{split}.png")
    cases = datasets.load(tmp_path, progress=False)
    assert Counter(case.split for case in cases) == {"train": 2, "val": 2, "test": 2}


def test_a_folder_in_a_folder_and_what_systems_leave_there(tmp_path):
    for kind in ("NORMAL", "PNEUMONIA"):
        film(tmp_path / "chest_xray" / "chest_xray" / "train" / kind / f"{kind}.jpeg")
        film(tmp_path / "chest_xray" / "__MACOSX" / "train" / kind / f"{kind}.jpeg")
        (tmp_path / "chest_xray" / "chest_xray" / "train" / kind / "Thumbs.db").write_bytes(b"\xd0\xcf")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    assert Counter(case.label for case in datasets.load(tmp_path, progress=False)) == {0: 1, 1: 1}


def test_films_in_folders_below(tmp_path):
    for number in range(3):
        film(tmp_path / f"patient{number:05d}" / "study1" / "film.png")
    cases = datasets.load(tmp_path, progress=False)
    assert [case.id for case in cases] == [f"patient{number:05d}/study1/film" for number in range(3)]
    assert [case.patient for case in cases] == [f"patient{number:05d}" for number in range(3)]
    (tmp_path / "patient00000" / "again").symlink_to(tmp_path)
    assert len(datasets.load(tmp_path, progress=False)) == 3


def test_folders_that_look_like_classes_are_named(tmp_path):
    film(tmp_path / "yes" / "a.png")
    film(tmp_path / "no" / "b.png")
    with pytest.warns(UserWarning, match="no, yes say neither"):
        assert {case.label for case in datasets.load(tmp_path, progress=False)} == {None}


def test_normal_films_that_are_named_so(tmp_path):
    film(tmp_path / "CHNCXR_0001_0.png")
    film(tmp_path / "CHNCXR_0327_1.png")
    cases = datasets.load(tmp_path, progress=False)
    assert [(c.label, c.patient) for c in cases] == [(0, "CHNCXR_0001"), (None, "CHNCXR_0327")]


def test_chestmnist(npz):
    findings = np.zeros((8, 14), np.uint8)
    findings[1, 6] = findings[2, 0] = findings[3, 3] = 1  # pneumonia, atelectasis, infiltration
    cases = datasets.load(npz(**_with(train_labels=findings)), split="train", progress=False)
    assert [case.label for case in cases] == [0, 1, None, 1, 0, 0, 0, 0]


def test_other_sets_of_medmnist_are_told_apart(tmp_path):
    np.savez(tmp_path / "breastmnist_28.npz", **arrays())
    with pytest.warns(UserWarning, match="malignant"):
        datasets.load(tmp_path / "breastmnist_28.npz", progress=False)


def test_folders_of_other_files_say_what_to_do(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"metadata\.csv"):
        datasets.load(tmp_path, progress=False)
