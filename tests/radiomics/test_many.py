"""Radiomics of many films: written as they come, resumed, and the same on a cluster."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from medigenx_lib import phantom, radiomics
from medigenx_lib.errors import InputError
from medigenx_lib.radiomics import many

pytest.importorskip("pyarrow")
REGION = ("lungs",)
QUIET = {"progress": False, "workers": 1}


@pytest.fixture(scope="module")
def films():
    """Five phantoms, one of which has no lungs to measure."""
    cases = phantom.cases(range(5), 48)
    return [*cases[:4], replace(cases[4], masks={name: np.zeros_like(m) for name, m in cases[4].masks.items()})]


@pytest.fixture(scope="module")
def whole(films):
    return radiomics.extract(films, REGION, **QUIET)


def same(first, second):
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert radiomics.left_out(first) == radiomics.left_out(second) != []
    return True


def test_the_parts_make_the_table(tmp_path, films, whole):
    assert same(many.extract_to(tmp_path, films, REGION, part=2, **QUIET), whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"part-0000{i}.parquet" for i in range(3)]
    assert same(many.read(tmp_path), whole)


def test_an_interrupted_run_goes_on(tmp_path, films, whole):
    asked = []

    def prepare(part):
        asked.append([case.id for case in part])
        if len(asked) == 2:
            raise KeyboardInterrupt
        return part

    with pytest.raises(KeyboardInterrupt):
        many.extract_to(tmp_path, films, REGION, prepare, part=2, **QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["part-00000.parquet"]  # and no half a file
    assert same(many.extract_to(tmp_path, films, REGION, prepare, part=2, **QUIET), whole)
    ids = [case.id for case in films]
    assert asked == [ids[:2], ids[2:4], ids[2:4], ids[4:]]


def test_a_disk_that_is_full_leaves_no_half_a_part(tmp_path, films, whole, monkeypatch):
    def full(table, path, **_):
        path.write_bytes(b"PAR1 and then")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_parquet", full)
        with pytest.raises(OSError, match="No space"):
            many.extract_to(tmp_path, films, REGION, **QUIET)
    assert list(tmp_path.iterdir()) == []
    assert same(many.extract_to(tmp_path, films, REGION, **QUIET), whole)


@pytest.mark.parametrize("change", ["image", "mask", "regions", "order"])
def test_parts_of_other_films_are_refused(tmp_path, films, change):
    many.extract_to(tmp_path, films[:2], REGION, **QUIET)
    other = {
        "image": [films[0], replace(films[1], image=1 - films[1].image)],
        "mask": [films[0], replace(films[1], masks={**films[1].masks, "right_lung": films[1].masks["left_lung"]})],
        "order": films[1::-1],
    }.get(change, films[:2])
    with pytest.raises(InputError, match="other films or regions"):
        many.extract_to(tmp_path, other, ("right_lung",) if change == "regions" else REGION, **QUIET)


def test_what_is_missing_is_said(tmp_path, films, monkeypatch):
    with pytest.raises(InputError, match="no table"):
        many.read(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"PAR1 and then")
    with pytest.raises(InputError, match="damaged"):
        many.extract_to(tmp_path, films, REGION, **QUIET)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="pip install pyarrow"):
        many.read(tmp_path)


@pytest.mark.filterwarnings("ignore")  # dask warns of ports and of its own future
def test_a_dask_cluster_of_two_workers_gives_the_same_table(tmp_path, films, whole):
    distributed = pytest.importorskip("distributed")
    from joblib import parallel_config

    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client, parallel_config(backend="dask"):
        table = many.extract_to(tmp_path, films, REGION, part=3, progress=False)
        done = client.run(lambda: "medigenx_lib.radiomics.features" in __import__("sys").modules)
    assert len(done) == 2 and any(done.values())  # the workers measured, not this process
    assert same(table, whole)


def test_what_cannot_be_written_or_read_is_said_before_anything_is_measured(tmp_path, films, monkeypatch):
    monkeypatch.setattr(many, "extract", None)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        many.extract_to(tmp_path / "file", films, REGION, **QUIET)
    with pytest.raises(InputError, match="at least one"):
        many.extract_to(tmp_path / "new", films, REGION, part=0, **QUIET)
    (tmp_path / "part-00000.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(InputError, match="damaged"):
        many.read(tmp_path)
