"""What makes lung masks learnt from phantoms carry over to real films: the training with one thing left out at a time.

    python benchmarks/lung_ablation.py [--minutes 1] [--phantoms 1500] [--seeds 1] [--films FOLDER]

Every network has the same processor time, a fourteenth of what the shipped one had, so compare rows, not with its card.
Dice is that of both lungs with the lung behind the heart, on real films with manual masks (FOLDER holds ``images/``
and ``lung_masks/``), each film's mean over the seeds; 90 % bootstrap interval over films, and the difference to the
first row, film by film. Finished networks' scores are kept in ``results/lung_ablation.json``, and the command goes on
from them: move that file away before running with other minutes or phantoms.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from lung_dice import SIDE, interval, lungs

from medigenx_lib import datasets, settings
from medigenx_lib.cases import Case
from medigenx_lib.files import write_json
from medigenx_lib.preprocessing import resize
from medigenx_lib.segmentation import augmentation, dice, load_network, segment, training

RECORDS = Path(__file__).resolve().parent / "results" / "lung_ablation.json"
COARSE = 48  # pixels a side
APPEARANCE, RENDER_POOL = augmentation.appearance, training.render_pool  # as they are before a variant replaces them


def _as_is(images: torch.Tensor) -> torch.Tensor:
    return images


def _still(images: torch.Tensor, masks: torch.Tensor) -> augmentation.Batch:
    return images, masks


def _coarse(images: torch.Tensor) -> torch.Tensor:
    small = F.interpolate(APPEARANCE(images), (COARSE, COARSE), mode="bilinear", antialias=True)
    return F.interpolate(small, images.shape[-2:], mode="bilinear")


VARIANTS: dict[str, tuple[object, str, Callable] | None] = {
    "all of it": None,
    "paediatric phantoms alone": (training, "render_pool", partial(RENDER_POOL, wide_share=0.0)),
    "wide phantoms alone": (training, "render_pool", partial(RENDER_POOL, wide_share=1.0)),
    "appearance not randomised": (augmentation, "appearance", _as_is),
    "geometry not randomised": (augmentation, "geometry", _still),
    f"films of {COARSE} instead of 96 pixels": (augmentation, "appearance", _coarse),
}
"""Name -> what is replaced by what while training; None for nothing."""


def main() -> None:
    """Train and score what has no record yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--phantoms", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--films", type=Path, default=settings.real_data_dir() / "covid_cxr")
    options = parser.parse_args()
    torch.set_num_threads(1)
    films = list(_films(options.films))
    found = json.loads(RECORDS.read_text()) if RECORDS.is_file() else {}
    for seed, (name, change) in itertools.product(range(options.seeds), VARIANTS.items()):
        known = found.setdefault(name, [])
        if len(known) <= seed:
            known.append(_dice(name, change, films, options.minutes, options.phantoms, seed))
            write_json(RECORDS, found)
    print("| | Dice | of each seed | films below .8 | against all of it |\n|---|---|---|---|---|")
    for name in VARIANTS:
        print(_row(name, np.array(found[name]), np.array(found["all of it"])))


def _films(folder: Path) -> Iterator[tuple[Case, np.ndarray]]:
    for path in sorted((folder / "images").iterdir()):
        manual = resize(datasets.read_film(folder / "lung_masks" / path.name).image, SIDE) > 0.5
        yield Case(path.stem, resize(datasets.read_film(path).image, SIDE)), manual


def _dice(name: str, change: tuple | None, films: list, minutes: float, phantoms: int, seed: int) -> list[float]:
    """Dice of each film with the mask of a network trained with ``change``."""
    with tempfile.TemporaryDirectory() as folder, _changed(change):
        path = training.train(minutes, Path(folder) / "lungs.safetensors", seed, phantoms)
        network = load_network(str(path))
    cases = [case if str(COARSE) not in name else _reduced(case) for case, _ in films]
    seen = segment(cases, progress=False, behind_heart=True, network=network)
    return [float(dice(lungs(case), manual)) for case, (_, manual) in zip(seen, films, strict=True)]


@contextmanager
def _changed(change: tuple | None) -> Iterator[None]:
    if change is None:
        yield
        return
    with mock.patch.object(*change):
        yield


def _reduced(case: Case) -> Case:
    return Case(case.id, resize(resize(case.image, COARSE), SIDE))


def _row(name: str, values: np.ndarray, whole: np.ndarray) -> str:
    """A line of the Markdown table. ``values``, ``whole``: (seeds, films)."""
    seeds = ", ".join(f"{value:.3f}" for value in values.mean(1))
    change = "" if name == "all of it" else interval((values - whole).mean(0))
    return f"| {name} | {interval(values.mean(0))} | {seeds} | {np.mean(values < 0.8):.2f} | {change} |"


if __name__ == "__main__":
    main()
