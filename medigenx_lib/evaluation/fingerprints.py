"""Which training film is a generated film most like, on a machine that does not have the training films?

The shipped generator was trained on real films that do not travel with it. What travels is a fingerprint of each:
the signs of 2,048 random projections of its middle band of spatial frequencies, and its file name. The share of
signs on which two films differ is the angle between their bands over pi, so fingerprints give the correlation that
``memorisation`` computes from the films, to about 0.03. Source: Charikar, "Similarity estimation techniques from
rounding algorithms", STOC 2002, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from medigenx_lib import weights
from medigenx_lib.cases import LABELS, Case
from medigenx_lib.evaluation.bands import SHIFT, SIZE, middle_band
from medigenx_lib.evaluation.films import Films, stack
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, most_similar

NAME = "training_films"
GENERATOR = "gan_64"
"""The shipped generator whose training films these are."""
BITS = 2048
INNER = SIZE - 2 * SHIFT
CANDIDATES = 32
"""How many films, nearest by fingerprint, are compared pixel by pixel where they are at hand."""
SAME_PICTURE = 0.03
"""Root mean square difference, in units of the grey range, below which two files hold the same radiograph."""


@dataclass(frozen=True)
class NearestFilm:
    """The nearest training film: its ``name``, label, ``similarity`` (-1..1), and the film itself where at hand."""

    name: str
    label: int
    similarity: float
    film: Case | None = None

    @property
    def copy(self) -> bool:
        """Whether the generated film counts as a copy of it."""
        return self.similarity >= COPY_SIMILARITY

    @property
    def label_name(self) -> str:
        """``"normal"`` or ``"pneumonia"``."""
        return LABELS[self.label]


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Training films by fingerprint: ``signs`` int8 (M, BITS) of -1 and 1, ``labels`` (M,), ``names`` M file names."""

    signs: np.ndarray
    labels: np.ndarray
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.signs)

    def similarities(self, films: Films) -> np.ndarray:
        """Estimated correlation (N, M) of each film's aligned middle band with each training film's, -1..1."""
        targets = torch.from_numpy(self.signs.astype(np.float32)).T
        steps = product(range(-SHIFT, SHIFT + 1), repeat=2)
        best = torch.full((len(films), len(self)), -1.0)
        bands = middle_band(stack(films, SIZE))
        for step in steps:
            best = torch.maximum(best, _signs(bands.roll(step, (1, 2))) @ targets / BITS)
        return torch.sin(torch.pi / 2 * best).numpy()

    def nearest(self, films: Films, at_hand: Sequence[Case] = ()) -> list[NearestFilm]:
        """The training film that each of N ``films`` is most like; shown and measured exactly if it is ``at_hand``.

        ``at_hand``: real films on this machine, of any size and in any order; which of them trained the generator
        is told from their fingerprints.
        """
        images = stack(films, SIZE)
        alike = self.similarities(images)
        stored = _Stored(at_hand)
        return [self._nearest(image, row, stored) for image, row in zip(images, alike, strict=True)]

    def _nearest(self, image: np.ndarray, alike: np.ndarray, stored: _Stored) -> NearestFilm:
        order = np.argsort(-alike, kind="stable")[:CANDIDATES]
        found = [(row, film) for row in order if (film := stored.find(self.signs[row])) is not None]
        if not found or found[0][0] != order[0]:
            return NearestFilm(self.names[order[0]], int(self.labels[order[0]]), float(alike[order[0]]))
        index, similarity = most_similar(image[None], stack([film for _, film in found], SIZE))
        row, film = found[index[0]]
        return NearestFilm(self.names[row], int(self.labels[row]), float(similarity[0]), film)


class _Stored:
    """Films on this machine, to be found again by fingerprint."""

    def __init__(self, cases: Sequence[Case]):
        self.cases = cases
        self.signs = fingerprints(cases) if cases else None

    def find(self, signs: np.ndarray) -> Case | None:
        """The film with (nearly) these ``signs``, int8 (BITS,); None if there is none."""
        if self.signs is None:
            return None
        agreement = self.signs.astype(np.float32) @ signs.astype(np.float32) / BITS
        best = int(agreement.argmax())
        return self.cases[best] if np.sin(np.pi / 2 * agreement[best]) >= COPY_SIMILARITY else None


def fingerprints(films: Films) -> np.ndarray:
    """The signs, int8 (N, BITS) of -1 and 1, of the films' random projections. Films of any size, 0..1."""
    return _signs(middle_band(stack(films, SIZE))).to(torch.int8).numpy()


def _signs(bands: Tensor) -> Tensor:
    """-1 or 1, float (N, BITS), from the inner part of ``bands`` (N, 64, 64): which side of each random plane."""
    inner = bands[:, SHIFT:-SHIFT, SHIFT:-SHIFT].flatten(1)
    return (inner @ _planes() >= 0).float() * 2 - 1


@lru_cache(maxsize=1)
def _planes() -> Tensor:
    """Normals (INNER * INNER, BITS) of -1 and 1. Raw output of PCG64 is the same with every numpy version."""
    words = np.random.PCG64(2002).random_raw(INNER * INNER * BITS // 64)
    bits = np.unpackbits(words.astype("<u8").view(np.uint8)).reshape(INNER * INNER, BITS)
    return torch.from_numpy(bits.astype(np.float32) * 2 - 1)


def save(train: Sequence[Case], path: str | Path = weights.FOLDER / f"{NAME}.safetensors", named: Films = ()) -> Path:
    """Write the fingerprints of the labelled training films ``train``.

    ``named``: cases with the published file names; a training film that is among them is called by that name, any
    other by its id. Run again whenever the generator has been trained on other films.
    """
    signs = fingerprints(train)
    tensors = {
        "signs": torch.from_numpy(np.packbits(signs > 0, axis=1)),
        "labels": torch.tensor([case.label for case in train], dtype=torch.uint8),
    }
    return weights.save(path, tensors, {"names": published_names(train, named), "generator": GENERATOR})


def load(name_or_path: str | Path = NAME) -> Fingerprints:
    """The fingerprints of the films that trained the shipped generator. Raises WeightsError if missing or damaged."""
    tensors, config = weights.load(name_or_path)
    signs = np.unpackbits(tensors["signs"].numpy(), axis=1).astype(np.int8) * 2 - 1
    return Fingerprints(signs, tensors["labels"].numpy(), config["names"])


def published_names(films: Sequence[Case], named: Sequence[Case]) -> list[str]:
    """The file name among ``named`` of each of ``films``, its id where none holds the same radiograph."""
    names = [film.id for film in films]
    if not named:
        return names
    images, others = (stack(group, SIZE).reshape(len(group), -1) for group in (films, named))
    squares = (images**2).sum(1)[:, None] + (others**2).sum(1) - 2 * images @ others.T
    difference = np.sqrt(np.maximum(squares, 0) / SIZE**2)
    best = difference.argmin(1)
    return [
        named[j].meta["file"] if difference[i, j] < SAME_PICTURE else name
        for i, (j, name) in enumerate(zip(best, names, strict=True))
    ]
