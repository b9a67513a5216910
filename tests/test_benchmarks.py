"""The kept results of the benches belong together: what they were scored by, and what their cards say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from medigenx_lib import weights
from medigenx_lib.errors import InputError
from medigenx_lib.files import sha256

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
NETWORKS = sorted(RESULTS.glob("networks_*"))


@pytest.mark.parametrize("folder", NETWORKS, ids=lambda folder: folder.name)
def test_records_were_scored_by_the_networks_beside_them(folder):
    digests = [weights.digest(weights.load(folder / f"{name}.safetensors")[0]) for name in ("encoder", "classifier")]
    kept = hashlib.sha256("".join(digests).encode()).hexdigest()[:12]
    records = RESULTS.glob(f"gan_{folder.name.removeprefix('networks_')}_*/*.json")
    assert {json.loads(path.read_text())["networks"] for path in records} == {kept}


@pytest.mark.parametrize("folder", NETWORKS, ids=lambda folder: folder.name)
def test_the_card_gives_the_networks_checksums(folder):
    card = (folder / "README.md").read_text()
    for path in folder.glob("*.safetensors"):
        assert f"| `{path.name}` | {sha256(path)} |" in card


@pytest.fixture
def bench(monkeypatch):
    """The modules of the bench, which lie beside its scripts."""
    monkeypatch.syspath_prepend(str(RESULTS.parent))
    import bench_gan

    return bench_gan


def test_on_a_gpu_more_peers_take_part(bench):
    assert bench.entries("cpu", 64) == [bench.OURS, *bench.PEERS]
    assert bench.entries("cuda", 64) == [bench.OURS, *bench.PEERS, "r3gan", "lightweight"]
    assert bench.entries("cuda", 32)[-1] == "r3gan"
    assert set(bench.entries("cuda", 64)) <= set(bench.ENTRIES)


@pytest.mark.skipif(torch.cuda.is_available(), reason="here it could run")
def test_a_peer_that_asks_for_a_gpu_says_so(bench, tmp_path):
    peer, films = bench.ENTRIES["lightweight"], np.zeros((20, 64, 64), np.float32)
    with pytest.raises(InputError, match="NVIDIA GPU"):
        peer.train(films, np.zeros(20), tmp_path, bench.Budget(1, "cuda"), 0)
    with pytest.raises(InputError, match="64 or more"):
        peer.train(films[:, :32, :32], np.zeros(20), tmp_path, bench.Budget(1, "cuda"), 0)


def test_runs_cost_seconds_of_the_cpu_or_of_a_gpus_clock(bench):
    assert bench.Budget(90).options == {"cpu_seconds": 90, "device": "cpu"}
    assert bench.Budget(90, "cuda:1").options == {"minutes": 1.5, "device": "cuda:1"}


def test_minutes_to_a_good_generator(bench, tmp_path, monkeypatch, capsys):
    """Two runs of a second each on phantoms: a record for each, a table, and nothing is run twice."""
    import gan_minutes

    from medigenx_lib import phantom

    cases = phantom.cases(range(100), 32, disease=[number % 2 == 0 for number in range(100)])
    named = {"train": cases[:60], "test": cases[60:]}
    arrays = {
        f"{split}_{kind}": values
        for split, some in named.items()
        for kind, values in (
            ("images", np.stack([np.rint(case.image * 255) for case in some]).astype(np.uint8)),
            ("labels", np.array([case.label for case in some])),
        )
    }
    np.savez(tmp_path / "films.npz", **arrays)
    monkeypatch.setattr(gan_minutes, "RESULTS", tmp_path)
    words = [str(tmp_path / "films.npz"), "--sizes", "32", "--minutes", "0.02", "--device", "cpu"]
    monkeypatch.setattr("sys.argv", ["gan_minutes.py", *words, "--ways", "float32", "bfloat16"])
    gan_minutes.main()
    (path,) = tmp_path.glob("gan_minutes_*.json")
    first = path.read_text()
    rows = json.loads(first)
    assert [row["way"] for row in rows] == ["float32", "bfloat16"] and all(row["FD"] > 0 for row in rows)
    gan_minutes.main()
    assert path.read_text() == first and "times the floor" in capsys.readouterr().out
