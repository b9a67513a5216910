"""Which copies the detector finds, changed and blurred ones too, and how often held-out films are taken for copies.

    python benchmarks/copies.py [--real chest_xray_64.npz] [--planted 150]

Without ``--real``: 500 phantoms of each preset as training films, 400 others held out. Times are of this machine.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from scipy import ndimage

from medigenx_lib import datasets, phantom
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.images import real_sets
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, SIZE, most_similar, nearest_films
from medigenx_lib.phantom.parameters import PRESETS

SIZES = (30, 100, 300)
SETS = 5  # random training sets of each of these sizes


def laid(film: np.ndarray, degrees: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """The film (64, 64) turned about its centre and scaled, its edge continued."""
    angle, centre = np.deg2rad(degrees), np.full(2, (SIZE - 1) / 2)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    return ndimage.affine_transform(film, matrix, centre - matrix @ centre, order=1, mode="nearest")


def bordered(film: np.ndarray, grey: float) -> np.ndarray:
    """The film with 5 pixels of ``grey`` on all sides, shrunk to its old size."""
    return stack(np.pad(film, 5, constant_values=grey)[None].astype(np.float32), SIZE)[0]


def noisy(film: np.ndarray) -> np.ndarray:
    """The film darker, and with noise of 0.03 of the grey range."""
    return 0.9 * film + np.random.default_rng(0).normal(0, 0.03, film.shape)


EDITS = {
    "mirrored": lambda film: film[:, ::-1],
    "inverted": lambda film: 1 - film,
    "both, shifted, noisy": lambda film: noisy(np.roll(1 - film[:, ::-1], (2, -1), (0, 1))),
    "turned 4 degrees": lambda film: laid(film, 4),
    "turned 6 degrees": lambda film: laid(film, 6),
    "turned 3 degrees, noisy": lambda film: noisy(laid(film, 3)),
    "5 % larger": lambda film: laid(film, scale=1.05),
    "5 % smaller": lambda film: laid(film, scale=0.95),
    "10 % smaller": lambda film: laid(film, scale=0.9),
    "3 degrees, 4 % larger, mirrored": lambda film: laid(film[:, ::-1], 3, 1.04),
    "black border": lambda film: bordered(film, 0.0),
    "grey border": lambda film: bordered(film, 0.5),
    "blurred by 2.5 pixels": lambda film: ndimage.gaussian_filter(film, 2.5),
}


def planted(train: np.ndarray, count: int) -> None:
    """Print the share of planted copies that are found, as plain copies alone and by all means."""
    films = train[np.random.default_rng(0).integers(0, len(train), count)]
    for name, edit in EDITS.items():
        copies = np.stack([edit(film) for film in films]).clip(0, 1).astype(np.float32)
        plain, found = most_similar(copies, train)[1] >= COPY_SIMILARITY, nearest_films(copies, train)
        print(f"| {name} | {plain.mean():.3f} | {found.copies.mean():.3f} |", flush=True)


def held_out(name: str, train: np.ndarray, others: np.ndarray) -> None:
    """Print the share of held-out films taken for copies, as plain ones and by all means, for each size of set."""
    for size in sorted({*(size for size in SIZES if size < len(train)), len(train)}):
        rng, rows, nearer = np.random.default_rng(size), [], []
        for _ in range(SETS if size < len(train) else 1):
            few = train[rng.permutation(len(train))[:size]]
            found = nearest_films(others, few)
            plain = most_similar(others, few)[1] >= COPY_SIMILARITY
            rows.append((plain.mean(), found.copies.mean(), (found.undone != "").mean(), found.limit))
            nearer.append(found.from_memory)
        shares = " | ".join(f"{value:.4f}" for value in np.mean(rows, 0))
        print(f"| {name} | {size} | {len(others)} | {shares} | {sum(nearer)} of {len(nearer)} |", flush=True)


def seconds(train: np.ndarray, others: np.ndarray, count: int = 2000) -> None:
    """Print the CPU-seconds for ``count`` films, as plain copies alone and by all means."""
    films = np.resize(others, (count, SIZE, SIZE))
    for name, search in (("plain", most_similar), ("all", nearest_films)):
        started = time.process_time()
        search(films, train)
        print(f"{name}: {time.process_time() - started:.1f} CPU-seconds, {count} films against {len(train)}")


def main() -> None:
    """Read the command line, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", help="anything datasets.load takes")
    parser.add_argument("--planted", type=int, default=150, help="planted copies of each kind")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.real:
        sets = {options.real: [stack(part, SIZE) for part in real_sets(datasets.load(options.real, SIZE))]}
    else:
        films = {preset: stack(phantom.cases(range(910_000, 910_900), SIZE, preset)) for preset in PRESETS}
        sets = {preset: (part[:500], part[500:]) for preset, part in films.items()}
    for name, (train, others) in sets.items():
        held_out(name, train, others)
    for name, (train, others) in list(sets.items())[:1]:
        print(f"planted in {len(train)} films of {name}, then in 30")
        planted(train, options.planted)
        planted(train[:: len(train) // 30][:30], options.planted)
        seconds(train, others)


if __name__ == "__main__":
    main()
