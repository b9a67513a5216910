"""The radiomic feature space: films compared by what radiomics would measure on them.

A network's features say what the network cares for; radiomic features are defined by formulas, and are what lesson 08
computes. Frechet distance in this space is the Frechet radiomics distance (Konz et al., 2024). Pitfalls: many of the
features say nearly the same and some have long tails, so a few odd films weigh much, and there is a floor of its own:
read it beside real films against real films, at the same number and size.
"""

from __future__ import annotations

import numpy as np

from medigenx_lib.evaluation.distances import frechet_distance
from medigenx_lib.evaluation.films import Films, stack
from medigenx_lib.radiomics.features import region_features

TINY = 1e-8


def radiomic_features(films: Films, progress: bool = False) -> np.ndarray:
    """First-order and texture features of whole films, float64 (N, 93), each film at its own size, no mask.

    Shape features are left out: the whole film always has the same shape. About 10 ms a film at 32x32.
    """
    from tqdm.auto import tqdm

    images = stack(films)
    whole = np.ones(images.shape[1:], bool)
    measured = [region_features(image, whole) for image in tqdm(images, desc="radiomics", disable=not progress)]
    kept = [key for key in measured[0] if key[0] != "shape2D"]
    return np.array([[values[key] for key in kept] for values in measured])


def frechet_radiomics_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Frechet distance of radiomic features (N, D) and (M, D), standardised over the real ones, clipped at 10 SD.

    0 is best; squared like every :func:`frechet_distance` here. Source: the idea of Konz et al., "Frechet radiomic
    distance", 2024; the clipping is ours, so that single odd films do not decide it.
    """
    mean, spread = real.mean(0), real.std(0)
    spread = np.where(spread > TINY, spread, 1.0)
    first, second = (((features - mean) / spread).clip(-10, 10) for features in (real, generated))
    return frechet_distance(first, second)
