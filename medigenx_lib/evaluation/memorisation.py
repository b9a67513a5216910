"""Is a generated film a training film over again? The nearest training film, and a detector of copies.

Distances between whole films mislead: a smooth film is near to everything, a copy with grain is near to
nothing. So films are compared in the middle band of spatial frequencies, where one person's ribs, vessels and
heart border differ from the next one's, at the best of a few shifts, by correlation, which ignores brightness
and contrast. Films that are no copies so are sought once more mirrored, inverted, turned, scaled and without borders
(``changed``).

A generator that has seen few films draws them blurred, and a blurred film is less like its original. Among few films,
though, little is alike by chance. So where they are few, how like the training films are to each other says from which
similarity a film is a copy, and whether all the films together lie too near: this needs no film to be a clear copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medigenx_lib.evaluation.bands import SIZE, Known, aligned, coarse_likeness, middle_band
from medigenx_lib.evaluation.changed import BORDERED, Match, changed_copies, merged, without_borders
from medigenx_lib.evaluation.encoder import FilmEncoder, features
from medigenx_lib.evaluation.films import Films, stack

CANDIDATES = 16
"""How many training films, alike at coarse resolution, are compared in detail."""
COPY_SIMILARITY = 0.85
"""From this similarity on, a film counts as a copy."""
FEW = 300
"""Up to so many training films, how alike they are among themselves decides what counts as a copy."""
LEAST_KNOWN = 16
"""Of fewer training films, that cannot be told."""
LOWEST_SIMILARITY = 0.80
"""Below this similarity no film counts as a copy, however few the training films: real films of others reach .78."""
DEVIATIONS, LEAST_DEVIATION = 3.0, 0.13
"""A copy lies so many standard deviations above the usual; and what these are at least, in Fisher's z. Chosen on
phantoms and real films: of held-out films, .0 to .3 % are taken for copies so."""
AT_ONCE = 1000
"""Films compared at a time: each needs memory for its likeness to every training film, four times."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of N films, the nearest training film.

    ``index`` (N,) into the training films; ``similarity`` (N,), -1..1, the correlation of the aligned middle
    band, by which it was chosen; ``pixel_distance`` (N,), root mean square difference of the two films at
    64x64 in units of the full grey range, not aligned; ``feature_distance`` (N,), Euclidean in encoder features;
    ``undone`` (N,), str: what was undone before the film was found a copy, such as ``"mirrored"``, else ``""``;
    ``usual`` (M,): the similarity of each training film to the nearest other one, where there are 16 to ``FEW``, else
    empty.
    """

    index: np.ndarray
    similarity: np.ndarray
    pixel_distance: np.ndarray
    feature_distance: np.ndarray
    undone: np.ndarray
    usual: np.ndarray

    @property
    def limit(self) -> float:
        """From this similarity on, a film counts as a copy: ``COPY_SIMILARITY``, less for few training films."""
        return copy_limit(self.usual)

    @property
    def copies(self) -> np.ndarray:
        """Which films count as copies, bool (N,): similarity of at least ``limit``."""
        return self.similarity >= self.limit

    @property
    def nearer(self) -> float:
        """How often a film is nearer to the training films than one of these to the others, 0..1; 0.5 is expected of
        films that copy nothing. NaN where ``usual`` is not known."""
        return nearer_than_usual(self.similarity, self.usual)

    @property
    def from_memory(self) -> bool:
        """Whether the films, taken together, lie too near to the training films: ``nearer`` by three standard errors.

        Then the generator draws on its training films, though no film need be a clear copy. Of honest films, about 2
        sets in 100 are told so (``benchmarks/copies_few.py``): the test takes the training films' similarities for
        independent, which they are not. Source: Mann and Whitney, "On a test of whether one of two random variables is
        stochastically larger than the other", 1947.
        """
        n, m = len(self.similarity), len(self.usual)
        return bool(m) and self.nearer - 0.5 > 3 * ((n + m + 1) / (12 * n * m)) ** 0.5


def nearest_films(generated: Films, train: Films, encoder: FilmEncoder | None = None) -> Nearest:
    """The nearest film of ``train`` to each of ``generated``, by the similarity of the aligned middle band.

    ``train`` must hold all films the generator was trained on. A film that is in ``train`` itself finds itself. Other
    brightness, contrast and shifts of up to 4 pixels of 64 are seen through, and what ``found_copies`` undoes. Raises
    InputError if either set is empty.
    """
    films, references = stack(generated, SIZE), stack(train, SIZE)
    found = found_copies(films, references)
    chosen = references[found.index]
    pixel_distance = np.sqrt(((films - chosen) ** 2).mean((1, 2)))
    feature_distance = np.linalg.norm(features(films, encoder) - features(chosen, encoder), axis=1)
    usual = usual_similarity(references)
    return Nearest(found.index, found.similarity, pixel_distance, feature_distance, found.undone, usual)


def usual_similarity(references: np.ndarray) -> np.ndarray:
    """Similarity (M,) of each of ``references`` (M, 64, 64) to the nearest other; empty unless M is 16 to ``FEW``."""
    known = LEAST_KNOWN <= len(references) <= FEW
    return most_similar(references, references, skip_self=True)[1] if known else np.zeros(0, np.float32)


def copy_limit(usual: np.ndarray) -> float:
    """The similarity from which a film counts as a copy of training films whose ``usual_similarity`` is ``usual`` (M,).

    Three deviations above their median in Fisher's z, from quartiles, which a few true duplicates do not move; never
    outside ``LOWEST_SIMILARITY``..``COPY_SIMILARITY``, and the latter where nothing is known.
    """
    if not len(usual):
        return COPY_SIMILARITY
    low, median, high = np.quantile(np.arctanh(usual.clip(-0.999, 0.999)), [0.25, 0.5, 0.75])
    deviation = max((high - low) / 1.349, LEAST_DEVIATION)
    return float(np.clip(np.tanh(median + DEVIATIONS * deviation), LOWEST_SIMILARITY, COPY_SIMILARITY))


def nearer_than_usual(similarity: np.ndarray, usual: np.ndarray) -> float:
    """Share of pairs, one of ``similarity`` (N,) and one of ``usual`` (M,), of which the first is higher; ties half."""
    if not len(usual):
        return float("nan")
    order = np.sort(usual)
    places = np.searchsorted(order, similarity, "left") + np.searchsorted(order, similarity, "right")
    return float(places.mean() / (2 * len(usual)))


def found_copies(films: np.ndarray, references: np.ndarray) -> Match:
    """The most similar of ``references`` (M, 64, 64) to each of ``films`` (N, 64, 64), plain or changed.

    Where a film is no plain copy but one that was mirrored, inverted, turned by up to about 5 degrees, scaled by up to
    about 5 % or given flat borders, that copy is named; elsewhere index and similarity are those of ``most_similar``.
    """
    known = Known(references)
    parts = [_found(films[start : start + AT_ONCE], known) for start in range(0, len(films), AT_ONCE)]
    return Match(*(np.concatenate([getattr(part, of) for part in parts]) for of in ("index", "similarity", "undone")))


def _found(films: np.ndarray, references: Known) -> Match:
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


def _plain_or_changed(films: np.ndarray, references: Known) -> Match:
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
    known = Known(references)
    alike, _ = coarse_likeness(films, known)
    if skip_self:
        np.fill_diagonal(alike, -np.inf)
    return _most_similar(films, known, alike, skip_self)


def _most_similar(films: np.ndarray, references: Known, alike: np.ndarray, less: int = 0) -> tuple:
    """The same, from the coarse likeness (N, M); ``less``: how many of its columns are never candidates."""
    count = min(CANDIDATES, alike.shape[1] - less)
    candidates = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    similar = aligned(middle_band(films), references.band, candidates)
    best = similar.argmax(1)
    rows = np.arange(len(films))
    return candidates[rows, best], similar[rows, best]
