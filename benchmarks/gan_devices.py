"""One process or several: the same training, scored alike.

    python benchmarks/gan_devices.py [--images 20000] [--seeds 2]
    accelerate launch --multi_gpu --num_processes 2 benchmarks/gan_devices.py

Our default at 32x32 on PneumoniaMNIST, so many images seen in all, batches of 32 shared by the processes (on the CPU
where there is no GPU). Scores are those of ``bench_gan.py`` in the film encoder's space; seconds are of the wall clock.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from gan_bench import reference as references
from gan_bench.entries import Entry
from gan_bench.score import score

from medigenx_lib import datasets, settings
from medigenx_lib.cases import Case
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.gan import team, training

SIZE = 32
NETWORKS = Path(__file__).resolve().parent / "results" / "networks_pneumoniamnist_32px"
SHOWN = ("frechet_distance", "kernel_distance", "precision", "recall", "coverage", "pixel_frechet_distance")


def main() -> None:
    """Train once a seed; the first process scores and prints a line of a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    source = settings.real_data_dir() / "pneumoniamnist" / "pneumoniamnist.npz"
    cases = datasets.load(source, SIZE, progress=False)
    for seed in range(options.seeds):
        _one(cases, seed, options.images)


def _one(cases: list[Case], seed: int, shown: int) -> None:
    entry = Entry("ours", "narrow")
    train = [case for case in cases if case.split == "train"]
    with tempfile.TemporaryDirectory() as folder:
        recipe = entry.of(SIZE, seed)
        result = training.train(stack(train), labels_of(train), folder, recipe, images=shown, sample_every=1e9)
        if team.rank() == 0:
            reference = references.build(cases, NETWORKS)
            films, labels = entry.sample(Path(folder), reference.first.labels, seed + 100)
            _print(seed, result, score(reference, films, labels))
        team.wait()


def _print(seed: int, result: training.Result, scores: dict[str, float]) -> None:
    figures = " | ".join(f"{scores[name]:.3f}" for name in SHOWN)
    print("| processes | seed | " + " | ".join(SHOWN) + " | seconds |")
    print(f"| {team.count()} | {seed} | {figures} | {np.round(result.figures['seconds'])} |", flush=True)


if __name__ == "__main__":
    main()
