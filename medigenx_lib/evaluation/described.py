"""A set of films as the scores see it: feature vectors and per-film numbers, computed once, drawn from often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import memorisation, pixels
from medigenx_lib.evaluation.encoder import features, pneumonia_probability
from medigenx_lib.evaluation.films import Films, labels_of, stack

Spaces = Mapping[str, Callable[[Films], np.ndarray]]
"""Further feature spaces, such as ``{"radiomics": function of films giving (N, D)}``."""


@dataclass(frozen=True, eq=False)
class Described:
    """N films. ``spaces``: name -> features (N, D); ``numbers``: name -> (N,); ``labels``: int64 (N,) or None.

    ``size``: side in pixels at which grain and sharpness were measured; they depend on it.
    """

    spaces: Mapping[str, np.ndarray]
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: np.ndarray | None = None
    size: int = 64

    def __len__(self) -> int:
        return len(self.spaces["encoder"])

    def take(self, index: np.ndarray) -> Described:
        """The films at ``index``, in that order; one may come more than once."""
        spaces = {name: values[index] for name, values in self.spaces.items()}
        numbers = {name: values[index] for name, values in self.numbers.items()}
        return replace(self, spaces=spaces, numbers=numbers, labels=None if self.labels is None else self.labels[index])


def describe(films: Films, size: int, spaces: Spaces | None = None) -> Described:
    """Describe ``films`` at ``size`` x ``size`` pixels: encoder features, ``spaces``, grain, sharpness, contrast.

    ``spaces`` are given the films as they are. Raises InputError if one of them gives NaN.
    """
    images = stack(films, size)
    found = {"encoder": features(images), **{name: function(films) for name, function in (spaces or {}).items()}}
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise InputError(f"Some {name} features are NaN or infinite.", "Leave out what cannot be measured.")
    numbers = {name: getattr(pixels, name)(images) for name in ("grain", "sharpness", "contrast")}
    return Described(found, {**numbers, "pneumonia": pneumonia_probability(images)}, labels_of(films), size)


def with_pixels(described: Described, films: Films, basis: pixels.PixelBasis) -> Described:
    """``described`` with the pixel principal components of its ``films`` as a further space."""
    return replace(described, spaces={**described.spaces, "pixel": basis.project(films)})


def with_nearness(described: Described, films: Films, train: np.ndarray, train_features: np.ndarray) -> Described:
    """``described`` with each film's ``similarity`` to the most similar training film, whether it is ``copied``, plain
    or changed (0 or 1), and its feature ``gap``.

    ``train``: all training films (M, 64, 64); ``train_features`` (K, 64): encoder features of some of them.
    """
    from scipy.spatial.distance import cdist

    similarity = memorisation.found_copies(stack(films, memorisation.SIZE), train).similarity
    copied = similarity >= memorisation.copy_limit(memorisation.usual_similarity(train))
    gap = cdist(described.spaces["encoder"], train_features).min(1)
    return replace(described, numbers={**described.numbers, "similarity": similarity, "copied": copied, "gap": gap})
