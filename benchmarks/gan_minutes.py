"""How many minutes a good generator takes on this machine's device, a GPU above all.

    python benchmarks/gan_minutes.py path/to/chest_xray_224 [--sizes 64 128 256] [--minutes 0.5 1 2 5 10] [--seeds 1]

Our default is trained from nothing for each budget of minutes, in float32, in bfloat16, and in bfloat16 through
``torch.compile``; each training ends annealed, so every line is what somebody with so much time would get. "FD" is the
Fréchet distance to the training films in the features of the shipped film encoder, "quarters" the same of the four
quarters of larger films, which keep detail that the encoder's 64 pixels hide; the floor is that of held-out real films,
of as many films. Finished runs are kept in ``benchmarks/results/gan_minutes_DEVICE.json`` and not run again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from gan_bench.budget import Budget
from gan_bench.entries import Entry
from gan_bench.report import device_name, slug
from score_gan import quarters
from tqdm.auto import tqdm

from medigenx_lib import datasets, settings
from medigenx_lib.evaluation import encoder, images
from medigenx_lib.evaluation.distances import frechet_distance
from medigenx_lib.evaluation.films import Films, labels_of, stack
from medigenx_lib.files import write_json

RESULTS = Path(__file__).resolve().parent / "results"
WAYS = {
    "float32": Entry("float32", "narrow"),
    "bfloat16": Entry("bfloat16", "narrow", fitted=True),
    "bfloat16, compiled": Entry("bfloat16, compiled", "narrow", (("compiled", True),), fitted=True),
}
ENOUGH = 2.0
"""Times the floor: so near, films count as good."""


@dataclass(frozen=True)
class Scale:
    """Real films of one size: what generators are trained on, and the features that theirs are compared with."""

    films: np.ndarray
    labels: np.ndarray
    asked: np.ndarray
    spaces: dict[str, np.ndarray]
    floors: dict[str, float]


def main() -> None:
    options = _options()
    path = RESULTS / f"gan_minutes_{slug(options.device)}.json"
    kept = json.loads(path.read_text()) if path.is_file() else []
    for size in options.sizes:
        wanted = [(way, minutes, seed) for seed in range(options.seeds) for way in options.ways
                  for minutes in options.minutes]  # fmt: skip
        missing = [run for run in wanted if not any(_is(row, options.source, size, *run) for row in kept)]
        scale = _scale(options.source, size) if missing else None
        for way, minutes, seed in tqdm(missing, f"{size} pixels", unit="run"):
            kept.append(_run(scale, options, size, way, minutes, seed))
            write_json(path, kept)
    print(f"\n{device_name(options.device)}, torch {torch.__version__}\n\n{_table(pd.DataFrame(kept))}")


def _is(row: dict, source: str, size: int, way: str, minutes: float, seed: int) -> bool:
    keys = ("source", "size", "way", "minutes", "seed")
    return [row[key] for key in keys] == [Path(source).name, size, way, minutes, seed]


def _scale(source: str, size: int) -> Scale:
    train, held_out = images.real_sets(datasets.load(source, size))
    spaces = _features(train)
    floors = {name: frechet_distance(spaces[name], values) for name, values in _features(held_out).items()}
    return Scale(stack(train), labels_of(train), labels_of(held_out), spaces, floors)


def _features(films: Films) -> dict[str, np.ndarray]:
    found = {"FD": encoder.features(films)}
    return found | {"quarters": quarters(films)} if stack(films[:1]).shape[1] > encoder.SIZE else found


def _run(scale: Scale, options, size: int, way: str, minutes: float, seed: int) -> dict:
    """One training, its films and their distances: a flat record."""
    entry, begun = WAYS[way], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        budget = Budget(60 * minutes, options.device)
        figures = entry.train(scale.films, scale.labels, Path(folder), budget, seed)
        made, _ = entry.sample(Path(folder), scale.asked, seed + 100)
    found = {name: frechet_distance(scale.spaces[name], values) for name, values in _features(made).items()}
    record = {"source": Path(options.source).name, "size": size, "way": way, "minutes": minutes, "seed": seed}
    record |= {"images": figures["images"], "images_per_second": figures["images"] / figures["seconds"], **found}
    record |= {f"{name} of held-out films": value for name, value in scale.floors.items()}
    return record | {"wall_seconds": time.monotonic() - begun, "device": device_name(options.device)}


def _table(found: pd.DataFrame) -> str:
    """A line for each size, way and budget, medians over seeds; and the least minutes that are enough."""
    lines = []
    for size, rows in found.groupby("size"):
        middle = rows.groupby(["way", "minutes"], sort=False).median(numeric_only=True).drop(columns=["size", "seed"])
        lines.append(f"{size}x{size}\n{middle.dropna(axis=1).round(2).to_string()}")
        good = middle[middle["FD"] <= ENOUGH * middle["FD of held-out films"]].reset_index()
        soon = ", ".join(f"{way} {part.minutes.min():g} minutes" for way, part in good.groupby("way", sort=False))
        lines.append(f"At most {ENOUGH:g} times the floor: {soon or 'none of these'}.\n")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--minutes", type=float, nargs="+", default=[0.5, 1, 2, 5, 10])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--device", default=settings.device(), help="cpu or cuda; minutes of a CPU are CPU-minutes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
