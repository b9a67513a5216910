"""Several processes: they average their gradients, hold the same weights, and learn what one learns."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training import TINY

from medigenx_lib.errors import InputError
from medigenx_lib.gan import state as states
from medigenx_lib.gan import team, training

PROCESS = """
import json, sys
from dataclasses import replace
from pathlib import Path
import torch
from medigenx_lib.gan import team, training
sys.path.insert(0, sys.argv[2])
from test_team import LEARNING, bright_and_dark, seen_by

folder, seen, real = Path(sys.argv[1]), [], training.step
training.step = lambda state, *rest: seen.append((state, len(rest[0]))) or real(state, *rest)
for images in (800, 1600):  # stopped and taken up again
    training.train(*bright_and_dark(), folder / "run", LEARNING, images=images, device="cpu", progress_bar=False)
state, share = seen[-1]
alone, together = seen_by(lambda films: films), seen_by(team.own)
facts = {"rank": team.rank(), "count": team.count(), "share": share, "images": state.images, "steps": len(seen),
         "weights": [float(t.double().sum()) for t in state.tensors().values()],
         "gradients": [float((a - b).abs().max()) for a, b in zip(alone, together)]}
(folder / f"process_{team.rank()}.json").write_text(json.dumps(facts))
torch.distributed.destroy_process_group()
"""


LEARNING = training.Recipe.from_dict({**TINY.to_dict(), "ema": 0.9, "lr": 2e-3})


def bright_and_dark():
    """64 films: bright ones are normal, dark ones pneumonia."""
    labels = np.arange(64) % 2
    return np.where(labels[:, None, None], 40, 200).astype(np.uint8).repeat(16, 1).repeat(16, 2), labels


def seen_by(share):
    """A discriminator's gradients for a batch of which each process takes ``share``."""
    films = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    network = states.State.new(TINY, {}).discriminator
    labels = share(torch.arange(8) % 2)
    network(share(films), labels).square().mean().backward()
    team.average_gradients(network)
    return [parameter.grad for parameter in network.parameters()]


def gap(folder):
    """How much brighter the normal films of a finished training are."""
    tensors, _ = states.weights.load(folder / states.CHECKPOINT)
    state = states.State.new(LEARNING, {})
    state.load(tensors)
    films, pneumonia = training.preview(state).numpy(), np.arange(training.SAMPLES) % 8 >= 4
    return films[~pneumonia].mean() - films[pneumonia].mean()


def test_alone_nothing_changes(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    values = torch.arange(5)
    assert team.join("cpu") == "cpu" and team.join() is None
    assert (team.rank(), team.count(), team.agree(0.25)) == (0, 1, 0.25) and torch.equal(team.own(values), values)
    team.check(1)


def test_batches_that_cannot_be_shared_are_refused(monkeypatch):
    monkeypatch.setattr(team, "count", lambda: 3)
    team.check(6)
    for batch in (3, 8):
        with pytest.raises(InputError, match=f"batch of {batch} cannot be shared by 3"):
            team.check(batch)


def test_without_accelerate_it_says_what_is_missing(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(InputError, match="pip install accelerate"):
        team.join("cpu")


def test_two_processes_learn_what_one_learns(tmp_path):
    pytest.importorskip("accelerate")
    script = tmp_path / "process.py"
    script.write_text(PROCESS)
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--main_process_port", "0", str(script), str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(launch, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (json.loads((tmp_path / f"process_{rank}.json").read_text()) for rank in (0, 1))
    assert (first["rank"], second["rank"], first["count"], first["share"]) == (0, 1, 2, 4)
    assert first["images"] == second["images"] == 1600 and first["steps"] == 200
    assert first["weights"] == second["weights"]
    assert max(first["gradients"] + second["gradients"]) < 1e-6
    training.train(*bright_and_dark(), tmp_path / "one", LEARNING, images=1600, device="cpu", progress_bar=False)
    assert gap(tmp_path / "one") > 0.25 and gap(tmp_path / "run") > 0.25
