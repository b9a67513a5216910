"""The real films that generated ones are scored against, described once, and the networks that describe them.

The training films are cut into two random halves: the first is what everybody is compared with, the second is the
floor. Validation and test films, in the mix of classes of the training films, show overfitting.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from gan_bench.classifier import Classifier, train_classifier
from medigenx_lib import weights
from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import encoder as encoders
from medigenx_lib.evaluation import memorisation, pixels
from medigenx_lib.evaluation.described import Described
from medigenx_lib.evaluation.encoder import FilmEncoder
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.pixels import PixelBasis
from medigenx_lib.evaluation.texture import radiomic_features

MOST = 2000  # films a set, at most
RADIOMICS = MOST  # of which radiomics is computed: the distance has a bias that falls with their number


@dataclass(frozen=True, eq=False)
class Reference:
    """Training films (N, S, S) and labels (N,); held-out films, all and in the mix of classes of the training films;
    the descriptions of the two halves and of the latter; the networks.
    """

    train: np.ndarray
    labels: np.ndarray
    test: list[Case]
    mixed: list[Case]
    first: Described
    second: Described
    held_out: Described
    halves: tuple[np.ndarray, np.ndarray]
    encoder: FilmEncoder
    classifier: Classifier
    basis: PixelBasis
    facts: dict

    def describe(self, films: np.ndarray, labels: np.ndarray | None) -> Described:
        """Films (N, S, S) as everybody is described: three feature spaces, and numbers for each film."""
        return describe(films, labels, self.encoder, self.classifier, self.basis)

    def nearness(self, films: np.ndarray, described: Described) -> dict[str, np.ndarray]:
        """Each film's similarity to the most similar of all training films, and its feature gap to the first half."""
        from scipy.spatial.distance import cdist

        _, similarity = memorisation.most_similar(stack(films, memorisation.SIZE), stack(self.train, memorisation.SIZE))
        gap = cdist(described.spaces["encoder"], self.first.spaces["encoder"]).min(1)
        return {"similarity": similarity, "gap": gap}


def describe(films, labels, encoder: FilmEncoder, classifier: Classifier, basis: PixelBasis) -> Described:
    """Encoder, classifier and pixel features, radiomics of the first ``RADIOMICS``, and grain, sharpness, contrast."""
    spaces = {
        "encoder": encoders.features(films, encoder),
        "classifier": classifier.features(films),
        "pixel": basis.project(films),
        "radiomics": radiomic_features(films[:RADIOMICS]),
    }
    numbers = {name: getattr(pixels, name)(films) for name in ("grain", "sharpness", "contrast")}
    return Described(spaces, {**numbers, "pneumonia": encoders.pneumonia_probability(films, encoder)}, labels)


def build(cases: Sequence[Case], folder: Path) -> Reference:
    """Train the describing networks on the real training films, or take them from ``folder``, and describe."""
    train = [case for case in cases if case.split == "train"]
    test = [case for case in cases if case.split in ("val", "test")]
    encoder, facts = _encoder(cases, folder / "encoder.safetensors")
    classifier = train_classifier(train, test, folder / "classifier.safetensors")
    films, labels = stack(train), np.array([case.label for case in train])
    basis = PixelBasis.fit(films)
    order = np.random.default_rng(0).permutation(len(films))
    count = min(MOST, len(films) // 2)
    halves = order[:count], order[count : 2 * count]
    mixed = _in_the_mix_of(labels, test)
    facts |= {"classifier": classifier.scores, "films": count, "held_out_films": len(mixed)}
    facts["networks"] = hashlib.sha256((facts["encoder_sha256"] + classifier.sha256).encode()).hexdigest()[:12]
    described = [describe(films[half], labels[half], encoder, classifier, basis) for half in halves]
    held_out = describe(stack(mixed), np.array([case.label for case in mixed]), encoder, classifier, basis)
    reference = Reference(films, labels, test, mixed, *described, held_out, halves, encoder, classifier, basis, facts)
    held_out.numbers.update(reference.nearness(stack(mixed), held_out))
    return reference


def limited(reference: Reference, films: int) -> Reference:
    """The same, with only so many random training films for generators to see, and for copies to be copies of.

    What describes films is still trained on all of them. Raises InputError if there are not so many.
    """
    if films > len(reference.train):
        raise InputError(f"There are {len(reference.train)} training films, not {films}.", "Ask for fewer.")
    few = np.sort(np.random.default_rng(1).permutation(len(reference.train))[:films])
    held_out = replace(reference.held_out, numbers=dict(reference.held_out.numbers))
    found = replace(reference, train=reference.train[few], labels=reference.labels[few], held_out=held_out)
    held_out.numbers.update(found.nearness(stack(found.mixed), held_out))
    return found


def _encoder(cases: Sequence[Case], path: Path) -> tuple[FilmEncoder, dict]:
    started = time.process_time()
    scores = None if path.is_file() else encoders.train_encoder(cases, path, progress=False)
    tensors, config = weights.load(path)
    scores = scores or config["scores"]
    print(f"encoder of real films: {scores} ({time.process_time() - started:.0f} CPU-seconds)", flush=True)
    return encoders.load_encoder(path), {"encoder": scores, "encoder_sha256": weights.digest(tensors)}


def _in_the_mix_of(labels: np.ndarray, test: Sequence[Case]) -> list[Case]:
    """As many held-out films as there are in the mix of classes of ``labels``, first come first taken."""
    share = labels.mean()
    kinds = [[case for case in test if case.label == label] for label in (0, 1)]
    total = min(len(kinds[0]) / (1 - share), len(kinds[1]) / share)
    return kinds[0][: round(total * (1 - share))] + kinds[1][: round(total * share)]


def blurred(films: np.ndarray) -> np.ndarray:
    """The films after a Gaussian blur of half a pixel at 32x32, 1 at 64x64."""
    return encoders.blurred(torch.from_numpy(films), films.shape[-1] / 64).clamp(0, 1).numpy()


def copied(films: np.ndarray) -> np.ndarray:
    """The films shifted by a pixel, 5 % brighter, and with a little noise: copies that a detector has to find."""
    shifted = F.pad(torch.from_numpy(films)[:, None], (1, 0, 1, 0), mode="replicate")[:, 0, :-1, :-1].numpy()
    noise = np.random.default_rng(0).normal(0, 0.01, films.shape).astype(np.float32)
    return (1.05 * shifted + noise).clip(0, 1)
