"""Films in parquet files, as the Hugging Face Hub keeps them."""

import io
import json
import sys
from collections import Counter

import numpy as np
import pytest
from made_films import labels, load
from PIL import Image

from medigenx_lib import preprocessing
from medigenx_lib.errors import InputError

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

RNG = np.random.default_rng(0)
CLASSES = {"label": {"names": ["NORMAL", "PNEUMONIA", "TUBERCULOSIS"], "_type": "ClassLabel"}}


def picture(kind="JPEG", top=256):
    stream = io.BytesIO()
    Image.fromarray(RNG.integers(0, top, (24, 32), dtype=np.uint8)).save(stream, kind)
    return stream.getvalue()


def parquet(path, features=None, group=2, **columns):
    """Columns of equal length as the ``datasets`` package writes them, ``group`` rows a row group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = {"huggingface": json.dumps({"info": {"features": features or {}}})}
    pq.write_table(pa.table(columns).replace_schema_metadata(notes), path, row_group_size=group)
    return path


def images(number, name="{}.jpeg"):
    return [{"bytes": picture(), "path": name.format(i)} for i in range(number)]


def test_a_repository_with_splits_and_classes(tmp_path):
    for split, values in (("train", [0, 1, 2, 0, 1]), ("validation", [0, 1]), ("test", [1, 0])):
        parquet(tmp_path / "data" / f"{split}-00000-of-00001-ab12.parquet", CLASSES, image=images(len(values)),
                label=values)  # fmt: skip
    cases = load(tmp_path)
    assert Counter((case.split, case.label) for case in cases) == {
        ("train", 0): 2, ("train", 1): 2, ("train", None): 1, ("val", 0): 1, ("val", 1): 1, ("test", 0): 1,
        ("test", 1): 1}  # fmt: skip
    assert {case.meta["class"] for case in cases} == {"NORMAL", "PNEUMONIA", "TUBERCULOSIS"}
    assert len({case.id for case in cases}) == 9 and len(load(tmp_path, split="test")) == 2
    assert len(load(tmp_path, limit=4)) == 4 and len(load(tmp_path / "data", positive="tuberculosis")) == 9


def test_rows_keep_their_own_picture(tmp_path):
    films = images(5)
    path = parquet(tmp_path / "films.parquet", image=films, label=["normal", "pneumonia", "normal", "x", "normal"])
    cases = load(path, size=None)
    assert labels(cases) == {"0": 0, "1": 1, "2": 0, "3": None, "4": 0}
    for film, case in zip(films, cases, strict=True):
        assert np.abs(np.asarray(Image.open(io.BytesIO(film["bytes"]))) / 255 - case.image).max() < 1e-6


def test_lists_of_findings_patients_views_and_masks(tmp_path):
    features = {"labels": {"feature": {"names": ["No Finding", "Pneumonia", "Mass"]}}}
    parquet(tmp_path / "train.parquet", features, mask=[picture("PNG", 1)] * 40, image=[picture() for _ in range(40)],
            labels=[[0], [1, 2], [2], []] * 10, patient_id=[i // 4 for i in range(40)],
            view=["PA", "AP", "L", "PA"] * 10)  # fmt: skip
    cases = load(tmp_path)
    assert Counter(case.label for case in cases) == {0: 10, 1: 10, None: 10} and len(cases) == 30
    assert len({case.patient for case in cases}) == 10 and not preprocessing.leaks(cases)
    assert {case.split for case in cases} > {"train"} and {case.meta["view"] for case in cases} == {"PA", "AP"}


def test_one_damaged_picture_is_left_out(tmp_path):
    films = [*images(2), {"bytes": b"no picture", "path": "2.jpeg"}, {"bytes": None, "path": "3.jpeg"}]
    parquet(tmp_path / "a.parquet", image=films, label=[0, 1, 0, 1])
    with pytest.warns(UserWarning, match="2 of 4 files left out"):
        assert labels(load(tmp_path)) == {"0": 0, "1": 1}


def _cut(path):
    parquet(path, image=images(4), label=[0, 1, 0, 1])
    data = path.read_bytes()
    path.write_bytes(data[:8] + bytes(len(data) // 2) + data[8 + len(data) // 2 :])


def _without_pictures(path):
    parquet(path, feature=[1.0], label=[0])


def _other_words(path):
    parquet(path, image=images(2), label=["a", "b"])


BAD = {
    "empty": (lambda path: path.write_bytes(b""), "damaged, or not parquet"),
    "text": (lambda path: path.write_text("PAR1 and then"), "damaged, or not parquet"),
    "cut": (_cut, "damaged|can be read"),
    "without pictures": (_without_pictures, "holds no pictures, only feature, label"),
    "other words": (_other_words, r"No label in x.parquet says .*a, b.*--positive"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_get_one_clear_sentence(tmp_path, kind):
    write, words = BAD[kind]
    write(tmp_path / "x.parquet")
    with pytest.raises(InputError, match=words) as caught:
        load(tmp_path / "x.parquet")
    assert "\n" not in str(caught.value) and caught.value.next_step


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    path = parquet(tmp_path / "x.parquet", image=images(2), label=[0, 1])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for source in (path, tmp_path):
        with pytest.raises(InputError, match="pip install pyarrow"):
            load(source)
