"""Which of the films handed in are not a team's own: copies of a training film, and blends of two of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from medigenx_lib.cases import Case
from medigenx_lib.evaluation import fingerprints
from medigenx_lib.evaluation.blends import Blends, blends
from medigenx_lib.evaluation.films import Films, stack
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, most_similar
from medigenx_lib.project import hidden
from medigenx_lib.project.hidden import Round


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of N films: ``nearest`` (N,), index of the training film that each is most like, plain or mirrored, with its
    ``similarity`` (N,); ``mixed``, the two that explain it best together."""

    nearest: np.ndarray
    similarity: np.ndarray
    mixed: Blends

    @property
    def copied(self) -> np.ndarray:
        """Which films are copies, bool (N,)."""
        return self.similarity >= COPY_SIMILARITY

    @property
    def blended(self) -> np.ndarray:
        """Which films are blends and not copies, bool (N,)."""
        return self.mixed.found & ~self.copied

    @property
    def taken(self) -> np.ndarray:
        """Which films are either, bool (N,)."""
        return self.mixed.found | self.copied

    @property
    def accusations(self) -> list[str]:
        """What was found, in sentences."""
        kinds = ((self.copied, "copy a training film"), (self.blended, "are blends of two training films"))
        return [f"{which.sum()} of {len(which)} films {what}." for which, what in kinds if which.any()]


def likeness(films: Films, found: Round) -> Likeness:
    """How like the training films of the round ``films`` are; of real films, also like those known by fingerprint."""
    images, train = stack(films, hidden.SIZE), stack(found.train, hidden.SIZE)
    plain, turned = most_similar(images, train), most_similar(images[:, :, ::-1].copy(), train)
    nearest = np.where(turned[1] > plain[1], turned[0], plain[0])
    similarity = np.maximum(plain[1], turned[1])
    if not found.phantom:
        similarity = np.maximum(similarity, fingerprints.load().similarities(images).max(1))
    return Likeness(nearest, similarity, blends(images, train))


@lru_cache(maxsize=2)
def by_chance(found: Round) -> float:
    """Share of the round's unseen films, which copy nothing, that are taken for copies or blends all the same."""
    return float(likeness(found.unseen, found).taken.mean())


def pairs(films: list[Case], alike: Likeness, found: Round) -> list[tuple[Case, Case, float]]:
    """(film, training film, similarity), the most similar first."""
    order = np.argsort(-alike.similarity)
    return [(films[i], found.train[alike.nearest[i]], float(alike.similarity[i])) for i in order]


def mixtures(films: list[Case], alike: Likeness, found: Round) -> list[tuple[Case, Case, Case, float]]:
    """(film, one training film, another, similarity) of the films that count as blends."""
    return [
        (films[i], *(found.train[j] for j in alike.mixed.parents[i]), float(alike.mixed.similarity[i]))
        for i in np.flatnonzero(alike.blended)
    ]
