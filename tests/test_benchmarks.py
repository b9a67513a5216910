"""The kept results of the benches belong together: what they were scored by, and what their cards say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from medigenx_lib import weights
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
