"""Every score of one set of films, generated or real, as one flat record."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from gan_bench.reference import Reference
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import images, utility
from medigenx_lib.evaluation.described import Described
from medigenx_lib.evaluation.distances import (
    density_coverage,
    frechet_distance,
    kernel_distance,
    precision_recall,
)
from medigenx_lib.evaluation.texture import frechet_radiomics_distance

NEAREST = 1000  # films whose nearest training film is sought
TRIALS = range(6)  # seeds of the classifiers trained on the films; one alone has a deviation of .006
STEPS = 400  # of each of them


def score(reference: Reference, films: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """Name -> value for films (N, S, S) 0..1. Without labels there is no training on them, nor label agreement."""
    started = time.process_time()
    described = reference.describe(films, labels)
    found = {"films": len(films), **_distances(reference.first, described)}
    found |= _against_held_out(reference, described)
    found |= _memorised(reference, films[:NEAREST], described)
    if labels is not None and len(set(labels.tolist())) == 2:
        found["train_on_films_accuracy"] = train_on(films, labels, reference.test)
    found["scoring_cpu_seconds"] = time.process_time() - started
    return {name: float(value) for name, value in found.items()}


def _distances(real: Described, other: Described) -> dict[str, float]:
    """The library's scores in the encoder's, the classifier's and the pixels' space, and radiomics."""
    first, second = _without_radiomics(real), _without_radiomics(other)
    radiomics = frechet_radiomics_distance(real.spaces["radiomics"], other.spaces["radiomics"])
    found = {**images.compare(first, second), "radiomics_frechet_distance": radiomics}
    return found | _in_classifier_space(real.spaces["classifier"], other.spaces["classifier"])


def _in_classifier_space(real: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """The kernel distance and the four neighbour scores once more, in the plainest features."""
    found = {"kernel_distance": kernel_distance(real, other)}
    found["precision"], found["recall"] = precision_recall(real, other)
    found["recall_5"] = precision_recall(real, other, k=5)[1]  # with as many neighbours as density and coverage
    found["density"], found["coverage"] = density_coverage(real, other)
    return {f"classifier_{name}": value for name, value in found.items()}


def _without_radiomics(described: Described) -> Described:
    spaces = {name: values for name, values in described.spaces.items() if name != "radiomics"}
    return replace(described, spaces=spaces)


def _against_held_out(reference: Reference, other: Described) -> dict[str, float]:
    """Frechet distances to films that no network was trained on, at their number."""
    held_out, found = reference.held_out, {}
    for name in ("encoder", "classifier"):
        features = other.spaces[name][: len(held_out)]
        found[f"held_out_{name}_frechet_distance"] = frechet_distance(held_out.spaces[name], features)
    return found


def _memorised(reference: Reference, films: np.ndarray, described: Described) -> dict[str, float]:
    """Copies of training films, and whether films lie nearer to them than held-out films do."""
    few = described.spaces["encoder"][: len(films)]
    numbers = reference.nearness(films, Described({"encoder": few}))
    return images.memorisation_scores(Described({"encoder": few}, numbers), reference.held_out)


def train_on(films: np.ndarray, labels: np.ndarray, test: list[Case]) -> float:
    """Mean balanced accuracy on real held-out films of classifiers trained on ``films`` (N, S, S) alone."""
    cases = [Case(str(i), film, label=int(label)) for i, (film, label) in enumerate(zip(films, labels, strict=True))]
    return float(np.mean([utility.trial(cases, test, seed, STEPS)["balanced_accuracy"] for seed in TRIALS]))
