"""Is a generated film a training film over again? The nearest training film, and a detector of copies.

Distances between whole films mislead: a smooth film is near to everything, a copy with grain is near to
nothing. So films are compared in the middle band of spatial frequencies, where one person's ribs, vessels and
heart border differ from the next one's, at the best of a few shifts, by correlation, which ignores brightness
and contrast. Films that are no copies so are sought once more mirrored, inverted, turned, scaled and without borders
(``changed``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medigenx_lib.evaluation.bands import SHIFT, SIZE, aligned, best_shifts, coarse_likeness, middle_band
from medigenx_lib.evaluation.changed import BORDERED, Match, changed_copies, merged, without_borders
from medigenx_lib.evaluation.encoder import FilmEncoder, features
from medigenx_lib.evaluation.films import Films, stack

__all__ = ["SHIFT", "SIZE", "best_shifts", "middle_band"]  # of ``bands``, also known by this module's name

CANDIDATES = 16
"""How many training films, alike at coarse resolution, are compared in detail."""
COPY_SIMILARITY = 0.85
"""From this similarity on, a film counts as a copy."""
AT_ONCE = 1000
"""Films compared at a time: each needs memory for its likeness to every training film, four times."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of N films, the nearest training film.

    ``index`` (N,) into the training films; ``similarity`` (N,), -1..1, the correlation of the aligned middle
    band, by which it was chosen; ``pixel_distance`` (N,), root mean square difference of the two films at
    64x64 in units of the full grey range, not aligned; ``feature_distance`` (N,), Euclidean in encoder features;
    ``undone`` (N,), str: what was undone before the film was found a copy, such as ``"mirrored"``, else ``""``.
    """

    index: np.ndarray
    similarity: np.ndarray
    pixel_distance: np.ndarray
    feature_distance: np.ndarray
    undone: np.ndarray

    @property
    def copies(self) -> np.ndarray:
        """Which films count as copies, bool (N,): similarity of at least ``COPY_SIMILARITY``."""
        return self.similarity >= COPY_SIMILARITY


def nearest_films(generated: Films, train: Films, encoder: FilmEncoder | None = None) -> Nearest:
    """The nearest film of ``train`` to each of ``generated``, by the similarity of the aligned middle band.

    ``train`` must hold all films the generator was trained on. A film that is in ``train`` itself finds itself. Other
    brightness, contrast and shifts of up to ``SHIFT`` are seen through, and what ``found_copies`` undoes. Raises
    InputError if either set is empty.
    """
    films, references = stack(generated, SIZE), stack(train, SIZE)
    found = found_copies(films, references)
    chosen = references[found.index]
    pixel_distance = np.sqrt(((films - chosen) ** 2).mean((1, 2)))
    feature_distance = np.linalg.norm(features(films, encoder) - features(chosen, encoder), axis=1)
    return Nearest(found.index, found.similarity, pixel_distance, feature_distance, found.undone)


def found_copies(films: np.ndarray, references: np.ndarray) -> Match:
    """The most similar of ``references`` (M, 64, 64) to each of ``films`` (N, 64, 64), plain or changed.

    Where a film is no plain copy but one that was mirrored, inverted, turned by up to about 5 degrees, scaled by up to
    about 5 % or given flat borders, that copy is named; elsewhere index and similarity are those of ``most_similar``.
    """
    parts = [_found(films[start : start + AT_ONCE], references) for start in range(0, len(films), AT_ONCE)]
    return Match(*(np.concatenate([getattr(part, of) for part in parts]) for of in ("index", "similarity", "undone")))


def _found(films: np.ndarray, references: np.ndarray) -> Match:
    plain = _plain_or_changed(films, references)
    which, cut = without_borders(films)
    todo = plain.similarity[which] < COPY_SIMILARITY
    which, cut = which[todo], cut[todo]
    if not len(which):
        return plain
    inner = _plain_or_changed(cut, references)
    better = np.zeros(len(films), bool)
    better[which] = inner.similarity >= COPY_SIMILARITY
    words = [", ".join(filter(None, (BORDERED, word))) for word in inner.undone]
    wide = Match(*(_spread(of, which, len(films)) for of in (inner.index, inner.similarity, np.array(words))))
    return merged(plain, wide, better)


def _spread(values: np.ndarray, which: np.ndarray, count: int) -> np.ndarray:
    """``values`` (K,) at the places ``which`` of an array (count,)."""
    whole = np.zeros(count, values.dtype)
    whole[which] = values
    return whole


def _plain_or_changed(films: np.ndarray, references: np.ndarray) -> Match:
    straight = coarse_likeness(films, references)
    plain = Match(*_most_similar(films, references, straight[0]), np.full(len(films), ""))
    todo = plain.similarity < COPY_SIMILARITY
    if not todo.any():
        return plain
    other = changed_copies(films[todo], references, tuple(alike[todo] for alike in straight))
    places = np.flatnonzero(todo)
    wide = Match(*(_spread(of, places, len(films)) for of in (other.index, other.similarity, other.undone)))
    return merged(plain, wide, wide.similarity >= COPY_SIMILARITY)


def most_similar(films: np.ndarray, references: np.ndarray, skip_self: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Index (N,) of the most similar of ``references`` (M, 64, 64) to each of ``films`` (N, 64, 64), and how similar.

    Plain copies alone. ``skip_self``: ``films`` are ``references``; each film's own place is left out.
    """
    alike, _ = coarse_likeness(films, references)
    if skip_self:
        np.fill_diagonal(alike, -np.inf)
    return _most_similar(films, references, alike, skip_self)


def _most_similar(films: np.ndarray, references: np.ndarray, alike: np.ndarray, less: int = 0) -> tuple:
    """The same, from the coarse likeness (N, M); ``less``: how many of its columns are never candidates."""
    count = min(CANDIDATES, alike.shape[1] - less)
    candidates = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    similar = aligned(middle_band(films), middle_band(references), candidates)
    best = similar.argmax(1)
    rows = np.arange(len(films))
    return candidates[rows, best], similar[rows, best]
