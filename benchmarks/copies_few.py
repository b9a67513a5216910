"""What is told of few training films: blurred copies found, and honest films said to be drawn from memory.

    python benchmarks/copies_few.py [--real chest_xray_64.npz pneumoniamnist] [--sets 20]

Sources are 700 phantoms of each preset (300 to draw training sets from, 400 held out) and, with ``--real``, the splits
of real sets. Of each source ``--sets`` random training sets of each size are held against 128 random held-out films, as
many as ``medigenx train`` draws, and 40 training films against copies of them that are blurred more and more.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from medigenx_lib import datasets, phantom
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.images import real_sets
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, SIZE, nearest_films
from medigenx_lib.phantom.parameters import PRESETS
from medigenx_lib.retrain import DRAWN

FIRST_SEED = 910_000
SIZES = (16, 30, 40, 100, 200, 300)
BLURRED, BLURS = 40, (1.5, 2.0, 2.4, 3.0)  # training films copied; Gaussian blurs in pixels of 64
DRAWS = 5  # of those films


def drawn(films: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` of the films (N, 64, 64), or all there are, at random."""
    return films[rng.permutation(len(films))[:count]]


def blurred(name: str, train: np.ndarray) -> None:
    """Print the share of blurred copies found at .85 and at the limit, the limit, and what is said of all together."""
    for blur in BLURS:
        rng, rows = np.random.default_rng(0), []
        for _ in range(DRAWS):
            few = drawn(train, BLURRED, rng)
            copies = np.stack([ndimage.gaussian_filter(film, blur) for film in few])
            found = nearest_films(copies, few)
            plain = (found.similarity >= COPY_SIMILARITY).mean()
            rows.append((plain, found.copies.mean(), found.limit, found.nearer, found.from_memory))
        shown = " | ".join(f"{value:.3f}" for value in np.mean(rows, 0)[:-1])
        print(f"| {name} | {blur} | {shown} | {sum(row[-1] for row in rows)} of {DRAWS} |", flush=True)


def honest(name: str, train: np.ndarray, others: np.ndarray, sets: int) -> tuple[int, int]:
    """Print in how many training sets of each size held-out films are told to be from memory; that, and of how many."""
    rng, told, counts = np.random.default_rng(0), [], []
    sizes = [size for size in SIZES if size <= len(train)]
    for size in sizes:
        found = [nearest_films(drawn(others, DRAWN, rng), drawn(train, size, rng)) for _ in range(sets)]
        told.append(sum(one.from_memory for one in found))
        counts.append(f"{size}: {told[-1]} ({np.mean([one.nearer for one in found]):.2f} nearer)")
    print(f"{name}, of {sets} training sets of each size: {', '.join(counts)}", flush=True)
    return sum(told), sets * len(sizes)


def sources(real: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> (films to draw training sets from, held-out films), each (N, 64, 64)."""
    seeds = range(FIRST_SEED, FIRST_SEED + 700)
    films = {f"{preset} phantoms": stack(phantom.cases(seeds, SIZE, preset)) for preset in PRESETS}
    made = {preset: (part[:300], part[300:]) for preset, part in films.items()}
    loaded = {name: real_sets(datasets.load(name, SIZE, masks=False)) for name in real}
    return made | {Path(name).stem: tuple(stack(part, SIZE) for part in parts) for name, parts in loaded.items()}


def main() -> None:
    """Read the command line, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", nargs="*", default=[], help="anything datasets.load takes")
    parser.add_argument("--sets", type=int, default=20, help="random training sets of each size")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = sources(options.real)
    print(f"copies of {BLURRED} films: blur | at {COPY_SIMILARITY} | at the limit | the limit | nearer | from memory")
    for name, (train, _) in found.items():
        blurred(name, train)
    counts = np.sum([honest(name, *parts, options.sets) for name, parts in found.items()], 0)
    print(f"told to be from memory: {counts[0]} of {counts[1]} training sets")


if __name__ == "__main__":
    main()
