"""Score a generator beside real films: ``python benchmarks/score_gan.py chest_xray_64.npz [--checkpoint gan_64]``.

Prints the table of image scores with floors, controls and phantoms, and what the films are worth for training. Films
are compared at the generator's size. The encoder looks at 64x64 pixels: of larger films it is shown the whole, reduced,
and the four quarters as they are. What more pixels are worth is told by the shipped 64x64 generator's films, enlarged.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from medigenx_lib import datasets, phantom
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import encoder, images, utility
from medigenx_lib.evaluation.films import Films, stack
from medigenx_lib.evaluation.texture import frechet_radiomics_distance, radiomic_features
from medigenx_lib.gan import sampling
from medigenx_lib.preprocessing import resize_case


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    pd.set_option("display.width", 200, "display.max_columns", 20, "display.max_rows", 100)
    size = sampling.load(options.checkpoint).recipe.size
    train, held_out = images.real_sets(datasets.load(options.source, size))
    known = [case.label for case in held_out if case.label is not None] or [0, 1]
    labels = np.resize(known, options.films or len(held_out)).tolist()
    generated = sampling.sample(labels, options.checkpoint, seed=options.seed, progress=True)
    others, spaces = _others(labels, size, options.seed), {"quarters": quarters} if size > encoder.SIZE else None
    started = time.process_time()
    table = images.scores(train, held_out, generated, others, spaces=spaces, seed=options.seed)
    print(f"{options.checkpoint}: {table.n.max()} films a set, {time.process_time() - started:.1f} CPU-seconds\n")
    print(table.pivot(index="score", columns="set", values="value").round(3), "\n")
    print(images.summary(table).drop(columns=["title", "catches", "source"]).round(3).to_string(index=False), "\n")
    if options.radiomics:
        _print_radiomics(train, {"generated": generated, "held-out real": held_out, **others}, options.radiomics)
    if not options.quick:
        useful = utility.usefulness(train, held_out, generated)
        print(
            useful.groupby("trained on")[["films", "balanced_accuracy", "auc"]].agg(["median", "min", "max"]).round(3)
        )


def quarters(films: Films) -> np.ndarray:
    """Encoder features, (N, 64), of the four quarters of films (N, S, S), averaged: detail that reducing would hide."""
    whole = stack(films)
    middle = whole.shape[1] // 2
    parts = [whole[:, rows, columns] for rows in _halves(middle) for columns in _halves(middle)]
    return np.mean([encoder.features(part) for part in parts], 0)


def _halves(middle: int) -> tuple[slice, slice]:
    return slice(0, middle), slice(middle, 2 * middle)


def _others(labels: Sequence[int], size: int, seed: int) -> dict[str, list[Case]]:
    """Phantoms; and for more than 64 pixels the shipped generator's films, enlarged."""
    diseased = [bool(label) for label in labels]
    found = {"phantoms": phantom.cases(range(len(labels)), size, "paediatric", disease=diseased)}
    if size > encoder.SIZE:
        found["gan_64, enlarged"] = [resize_case(case, size) for case in sampling.sample(labels, "gan_64", seed=seed)]
    return found


def _print_radiomics(train: Sequence[Case], sets: dict[str, Sequence[Case]], count: int) -> None:
    """Frechet radiomics distance of each set, at most ``count`` films in the mix of the training films, to those."""
    share = np.mean([case.label for case in train])
    real = radiomic_features(train[:: max(1, len(train) // count)], progress=True)
    for name, films in sets.items():
        kinds = [[case for case in films if case.label == label] for label in (0, 1)]
        total = min(count, len(kinds[0]) / (1 - share), len(kinds[1]) / share)
        chosen = kinds[0][: round(total * (1 - share))] + kinds[1][: round(total * share)]
        distance = frechet_radiomics_distance(real, radiomic_features(chosen, progress=True))
        print(f"Frechet radiomics distance, {name}, {len(chosen)} films: {distance:.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="real films, anything datasets.load takes")
    parser.add_argument("--checkpoint", default="gan_64", help="shipped name, file or training folder")
    parser.add_argument("--films", type=int, help="films to generate, in the held-out films' mix (as many as those)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--radiomics", type=int, metavar="FILMS", help="also Frechet radiomics distances of so many")
    parser.add_argument("--quick", action="store_true", help="leave out training on the films")
    return parser.parse_args()


if __name__ == "__main__":
    main()
