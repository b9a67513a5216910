"""Films of few greys: what stretching them in training is worth. ``python benchmarks/flat_films.py pneumoniamnist``.

The source's films are squeezed into the middle ``--widths`` of the grey range; a GAN is trained on each for
``--seconds`` of one CPU, as they are and stretched (``gan.recipes.stretched``), and its films are widened again and
scored against the films before they were squeezed, so that all rows can be compared.
"""

import argparse
import tempfile
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from medigenx_lib import datasets, settings
from medigenx_lib.cases import Case, replace
from medigenx_lib.evaluation import images
from medigenx_lib.evaluation.films import stack
from medigenx_lib.gan import recipes, sampling, training

SHOWN = ("frechet_distance", "kernel_distance", "recall", "coverage", "pixel_frechet_distance", "grain")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=80)
    parser.add_argument("--widths", type=float, nargs="+", default=[0.2, 0.38, 0.5, 1.0])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, held_out = images.real_sets(datasets.load(options.source, options.size))
    rows = {}
    for width in tqdm(options.widths, "trainings", unit="width"):
        for name, recipe in ways(train, width, options).items():
            made = generated(train, [case.label for case in held_out], width, recipe, options)
            table = images.scores(train, held_out, made, {}, seed=options.seed)
            found = images.summary(table).set_index("score")
            rows[width, name] = found.loc[list(SHOWN), "generated"]
    print(pd.DataFrame(rows).T.round(3).to_string())


def squeezed(films: np.ndarray, width: float) -> np.ndarray:
    """Films, 0..1, in the middle ``width`` of the grey range."""
    return films * width + (1 - width) / 2


def ways(train: Sequence[Case], width: float, options) -> dict[str, recipes.Recipe]:
    """The recipes to compare: a second one only where the films are flat enough to be stretched."""
    recipe = recipes.fitted(recipes.recipe("narrow", size=options.size, seed=options.seed), settings.device())
    other = recipes.stretched(recipe, squeezed(stack(train), width))
    return {"as they are": recipe} | ({"stretched": other} if other != recipe else {})


def generated(train: Sequence[Case], labels: Sequence[int], width: float, recipe, options) -> list[Case]:
    """Films of a GAN trained on ``train``, squeezed to ``width`` of the greys; one a label, widened again."""
    known = np.array([case.label for case in train])
    with tempfile.TemporaryDirectory() as folder:
        films = squeezed(stack(train), width)
        training.train(films, known, folder, recipe, cpu_seconds=options.seconds, progress_bar=False)
        made = sampling.sample(labels, folder, seed=options.seed)
    return [replace(case, image=np.clip((case.image - (1 - width) / 2) / width, 0, 1)) for case in made]


if __name__ == "__main__":
    main()
