"""Real films described, shipped without any image: the scores can be computed with no data on disk.

Only encoder features and a few numbers of each film travel, in half precision, and never a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medigenx_lib import weights
from medigenx_lib.cases import Case
from medigenx_lib.evaluation.described import Described, describe
from medigenx_lib.evaluation.images import real_sets

SIZE = 64
TRAIN_FILMS = 1200
NAME = "film_reference"


def save(cases: Sequence[Case], path: str | Path = weights.FOLDER / f"{NAME}.safetensors", seed: int = 0) -> Path:
    """Describe 1,200 training films (drawn at random, so in the class mix of the data) and all held-out films.

    ``cases``: labelled real films with splits. Run again whenever the encoder has been trained anew.
    """
    train, held_out = real_sets(cases)
    drawn = np.random.default_rng(seed).permutation(len(train))[:TRAIN_FILMS]
    parts = {"train": describe([train[i] for i in sorted(drawn)], SIZE), "held_out": describe(held_out, SIZE)}
    tensors = {f"{part}.{key}": value for part, known in parts.items() for key, value in _tensors(known).items()}
    return weights.save(path, tensors, {"size": SIZE, "seed": seed, "source": cases[0].source})


def load(name_or_path: str | Path = NAME) -> tuple[Described, Described]:
    """(training, held-out) real films described at 64x64: the first two arguments of ``images.scores``.

    Raises WeightsError if the file is missing or damaged.
    """
    tensors, _ = weights.load(name_or_path)
    return _described(tensors, "train."), _described(tensors, "held_out.")


def _tensors(described: Described) -> dict[str, torch.Tensor]:
    numbers = {f"numbers.{name}": torch.from_numpy(values).half() for name, values in described.numbers.items()}
    features = torch.from_numpy(described.spaces["encoder"]).half()
    return {"encoder": features, "labels": torch.from_numpy(described.labels).to(torch.uint8), **numbers}


def _described(tensors: dict[str, torch.Tensor], part: str) -> Described:
    found = {key.removeprefix(part): value.float().numpy() for key, value in tensors.items() if key.startswith(part)}
    numbers = {key.removeprefix("numbers."): value for key, value in found.items() if key.startswith("numbers.")}
    return Described({"encoder": found["encoder"]}, numbers, found["labels"].astype(np.int64), SIZE)
