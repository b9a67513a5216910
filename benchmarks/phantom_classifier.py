"""A pneumonia classifier that has seen phantoms alone, on real films, beside the best trivial sign.

    python benchmarks/phantom_classifier.py [--phantoms 2000] [--steps 600] [--seeds 3]

The small classifier of ``evaluation.utility`` at 32x32, trained on the presets paediatric and pneumoniamnist in equal
parts. Trivial signs are single numbers of a film; which is the best, and its direction, is found on the training films.
All AUCs are of validation and test films: median and range over seeds; for the sign, its 90 % bootstrap interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lung_dice import interval
from sklearn.metrics import roc_auc_score

from medigenx_lib import datasets, phantom, settings
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import utility
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.evaluation.images import real_sets

PRESETS = ("paediatric", "pneumoniamnist")
FIRST_SEED = 30_000_000
SOURCES = (Path("pneumoniamnist") / "pneumoniamnist.npz", Path("cxr_npz") / "chest_xray_64.npz")
SIGNS = {
    "mean": lambda films: films.mean((1, 2)),
    "standard deviation": lambda films: films.std((1, 2)),
    "darkest tenth": lambda films: np.quantile(films.reshape(len(films), -1), 0.1, 1),
    "brightest tenth": lambda films: np.quantile(films.reshape(len(films), -1), 0.9, 1),
    "middle against border": lambda films: films[:, 8:24, 8:24].mean((1, 2)) - films.mean((1, 2)),
}


def main() -> None:
    """Print a line for each collection of real films."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phantoms", type=int, default=2000, help="of each preset")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(FIRST_SEED, FIRST_SEED + options.phantoms)
    phantoms = [case for preset in PRESETS for case in phantom.cases(seeds, 64, preset)]
    print("| | phantoms alone | best trivial sign | which |\n|---|---|---|---|")
    for source in SOURCES:
        train, held_out = real_sets(datasets.load(settings.real_data_dir() / source, 64, progress=False))
        found = [utility.trial(phantoms, held_out, seed, options.steps)["auc"] for seed in range(options.seeds)]
        middle = f"{np.median(found):.3f} ({min(found):.3f}–{max(found):.3f})"
        print(f"| {source.stem}, {len(held_out)} films | {middle} | {best_sign(train, held_out)} |", flush=True)


def best_sign(train: Sequence[Case], held_out: Sequence[Case]) -> str:
    """AUC with its interval, and the name, of the sign that tells the classes of the training films best."""
    films, labels = stack(train, utility.SIZE), labels_of(train)
    areas = {name: roc_auc_score(labels, sign(films)) - 0.5 for name, sign in SIGNS.items()}
    name = max(areas, key=lambda sign: abs(areas[sign]))
    values = np.sign(areas[name]) * SIGNS[name](stack(held_out, utility.SIZE))
    rows = np.stack([labels_of(held_out), values], 1)
    area = interval(rows, lambda drawn: roc_auc_score(drawn[:, 0], drawn[:, 1]))
    return f"{area} | {'minus ' if areas[name] < 0 else ''}{name}"


if __name__ == "__main__":
    main()
