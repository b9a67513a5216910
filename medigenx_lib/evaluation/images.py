"""The table of image scores: generated films against real ones, with a floor, controls and intervals.

No single score sees everything. Precision stays high when a generator collapses, classifier features overlook
grain, pixel components overlook sharpness, and none of them sees a copy. So they stand side by side, each
beside its *floor* (real films that the generator has not seen, scored the same way at the same number of films)
and its *ceiling* (the worst of the planted controls). ``SCORES`` says what each one is and where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import pixels
from medigenx_lib.evaluation.described import Described, Spaces, describe, with_nearness, with_pixels
from medigenx_lib.evaluation.distances import density_coverage, frechet_distance, kernel_distance, precision_recall
from medigenx_lib.evaluation.draws import REPEATED_REAL, draw_all, half
from medigenx_lib.evaluation.encoder import blurred
from medigenx_lib.evaluation.films import Films, labels_of, stack
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY

GENERATED, FLOOR, BLURRED_REAL = "generated", "held-out real", "blurred real"
CONTROLS = (BLURRED_REAL, REPEATED_REAL)
REFERENCES = 2000
"""Most training films described for the distances; copies are sought among all of them."""


@dataclass(frozen=True)
class Score:
    """``better``: ``"low"``, ``"high"``, or ``"zero"`` (nearer to zero). ``catches``: the defects it is here for."""

    title: str
    better: str
    catches: str
    source: str


SCORES = {
    "frechet_distance": Score("Fréchet distance, encoder features", "low", "most defects", "Heusel 2017"),
    "kernel_distance": Score("Kernel distance (KID), encoder features", "low", "most defects", "Binkowski 2018"),
    "precision": Score("Precision", "high", "films unlike any real one", "Kynkäänniemi 2019"),
    "recall": Score("Recall", "high", "collapse, missing kinds of film", "Kynkäänniemi 2019"),
    "density": Score("Density", "high", "films unlike most real ones", "Naeem 2020"),
    "coverage": Score("Coverage", "high", "collapse, missing kinds of film", "Naeem 2020"),
    "pixel_frechet_distance": Score("Fréchet distance, pixel components", "low", "contrast, pose", "Heusel 2017"),
    "grain": Score("Grain (diagonal Haar energy), real SD", "zero", "grain, blur", "Mallat 1989"),
    "sharpness": Score("Sharpness (Haar edge energy), real SD", "zero", "blur", "Mallat 1989"),
    "contrast": Score("Contrast (SD of pixels), real SD", "zero", "a contrast shift", "first-order statistics"),
    "label_agreement": Score("Class as asked for, balanced accuracy", "high", "swapped labels", "Ravuri 2019"),
    "copies": Score("Share of copies of training films", "low", "memorised films", "Somepalli 2023"),
    "nearer_than_held_out": Score("Nearer to training than held-out films, 0.5 expected", "low", "memorised films",
                                  "Meehan 2020"),
    "neighbour_ratio": Score("Nearest-training distance over that of held-out films, 1 expected", "high",
                             "memorised films", "Lopez-Paz 2017"),
}  # fmt: skip
"""Name in the table -> what it is. A further space X adds ``X_frechet_distance``."""
SHARES = ("precision", "recall", "coverage", "label_agreement", "copies", "nearer_than_held_out")


def scores(
    real_train: Films | Described,
    real_test: Films | Described,
    generated: Films,
    others: Mapping[str, Films] | None = None,
    *,
    spaces: Spaces | None = None,
    repeats: int = 20,
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """Score ``generated`` and the floor and control sets against ``real_train``: one row a set and score.

    Columns: set, score, value, low, high, n. Sets: ``generated``; ``held-out real``, the floor; ``training real``,
    training films against other training films; ``blurred real`` (1 pixel) and ``repeated real`` (16 training films
    over and over), the controls; and ``others``. Every set is scored at the same number of films n and in the same
    mix of classes as ``generated`` (where all are labelled cases), because the scores depend on both; all films are
    brought to the smallest size among them. ``low``..``high`` is a 90 % interval for the choice of films, not for
    another training run: value + the spread of ``repeats`` random halves, whose variance is that of the whole
    (Politis and Romano, Annals of Statistics, 1994). Read each value beside the floor: distances between few films are
    large, and the encoder has learnt from one hospital's paediatric films, so that on others its unit is another. Real
    films may come described (``reference.load``): then there is no pixel distance and no search for copies. Raises
    InputError for fewer than 16 films of a kind.
    """
    sets = _describe_all(real_train, real_test, generated, dict(others or {}), spaces, progress)
    drawn_sets = draw_all(sets, GENERATED, np.random.default_rng(seed))
    real = drawn_sets.pop("reference")
    held_out = drawn_sets[FLOOR]
    rows = []
    for name, drawn in _shown(drawn_sets, "scoring", progress):
        for score, (value, low, high) in _with_interval(real, drawn, held_out, repeats, seed).items():
            rows.append({"set": name, "score": score, "value": value, "low": low, "high": high, "n": len(drawn)})
    return pd.DataFrame(rows)


def real_sets(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """(training, held-out) films: by split, or every fifth held out where the source has no splits."""
    train = [case for case in cases if case.split == "train"]
    held_out = [case for case in cases if case.split in ("val", "test")]
    if train and held_out:
        return train, held_out
    return [case for i, case in enumerate(cases) if i % 5], list(cases[::5])


def compare(real: Described, other: Described, held_out: Described | None = None) -> dict[str, float]:
    """Every score of ``other`` against ``real``; those for memorisation need ``held_out`` with nearness."""
    first, second = real.spaces["encoder"], other.spaces["encoder"]
    found = {"frechet_distance": frechet_distance(first, second), "kernel_distance": kernel_distance(first, second)}
    found["precision"], found["recall"] = precision_recall(first, second)
    found["density"], found["coverage"] = density_coverage(first, second)
    for name in other.spaces.keys() & real.spaces.keys() - {"encoder"}:
        found[f"{name}_frechet_distance"] = frechet_distance(real.spaces[name], other.spaces[name])
    for name in ("grain", "sharpness", "contrast"):
        found[name] = pixels.shift(real.numbers[name], other.numbers[name])
    return found | _label_agreement(other) | memorisation_scores(other, held_out)


def _label_agreement(other: Described) -> dict[str, float]:
    """Balanced accuracy of the encoder's diagnosis against the labels the films should have."""
    if other.labels is None or len(set(other.labels.tolist())) < 2:
        return {}
    right = (other.numbers["pneumonia"] > 0.5) == (other.labels == 1)
    return {"label_agreement": float(np.mean([right[other.labels == label].mean() for label in (0, 1)]))}


def memorisation_scores(other: Described, held_out: Described | None) -> dict[str, float]:
    """Copies, nearer_than_held_out and neighbour_ratio of ``other``; nothing unless both sets have nearness."""
    if held_out is None or "similarity" not in held_out.numbers or "similarity" not in other.numbers:
        return {}
    similarity, usual = other.numbers["similarity"], held_out.numbers["similarity"]
    nearer = np.searchsorted(np.sort(usual), similarity, "left") + np.searchsorted(np.sort(usual), similarity, "right")
    return {
        "copies": float(other.numbers.get("copied", similarity >= COPY_SIMILARITY).mean()),
        "nearer_than_held_out": float(nearer.mean() / (2 * len(usual))),
        "neighbour_ratio": float(np.median(other.numbers["gap"]) / max(np.median(held_out.numbers["gap"]), 1e-9)),
    }


def _with_interval(real: Described, other: Described, held_out: Described, repeats: int, seed: int) -> dict:
    """Score -> (value, low, high)."""
    rng = np.random.default_rng(seed)
    values = compare(real, other, held_out)
    halves = pd.DataFrame([compare(half(real, rng), half(other, rng), held_out) for _ in range(repeats)])
    spread = (halves - halves.median()).quantile([0.05, 0.95])
    return {name: (value, *_within_range(name, value + spread[name])) for name, value in values.items()}


def _within_range(name: str, bounds: pd.Series) -> pd.Series:
    return bounds.clip(0, 1) if name in SHARES else bounds


def _describe_all(
    train, test, generated: Films, others: dict[str, Films], spaces: Spaces | None, progress: bool
) -> dict:
    given = {GENERATED: generated, **others}
    if isinstance(train, Described) != isinstance(test, Described):
        raise InputError("Only one of the two real sets is described.", "Give films, or what reference.load gives.")
    if isinstance(train, Described):
        size = min(train.size, *(side(films) for films in given.values()))
        return {"reference": train, FLOOR: test, **{name: describe(films, size) for name, films in given.items()}}
    size = min(side(films) for films in (train, test, *given.values()))
    softened = _softened(test, size)
    given = {GENERATED: generated, FLOOR: test, BLURRED_REAL: softened, **others}
    some = train[:: -(-len(train) // REFERENCES)]
    reference = describe(some, size, spaces)
    basis, references = pixels.PixelBasis.fit(some), stack(train, 64)
    described = {}
    for name, films in _shown(given, "describing films", progress):
        known = with_pixels(describe(films, size, spaces), films, basis)
        described[name] = with_nearness(known, films, references, reference.spaces["encoder"])
    copies = {
        "similarity": np.ones(len(some)),
        "copied": np.ones(len(some), bool),
        "gap": np.zeros(len(some)),
    }  # a training film is its own copy
    reference = with_pixels(replace(reference, numbers={**reference.numbers, **copies}), some, basis)
    return {"reference": reference, **described}


def _shown(sets: Mapping, what: str, progress: bool) -> Iterable:
    """The items of ``sets``, with a bar where they take longer than two seconds."""
    return tqdm(sets.items(), what, unit="set", delay=2, disable=not progress)


def side(films: Films) -> int:
    """The shorter side of the smallest film, in pixels. Raises InputError if there are none."""
    if len(films) == 0:
        raise InputError("There are no films to score.", "Generate or load some first.")
    return min(min(film.image.shape if isinstance(film, Case) else film.shape[-2:]) for film in films)


def _softened(films: Films, size: int) -> Films:
    """The films after a Gaussian blur of 1 pixel; cases stay cases, so that they keep their labels."""
    images = blurred(torch.from_numpy(stack(films, size)), 1.0).clamp(0, 1).numpy()
    if labels_of(films) is None:
        return images
    return [replace(case, image=image, masks={}, truth=None) for case, image in zip(films, images, strict=True)]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a score: score, title, generated, low, high, floor, ceiling, better, catches, source.

    ``floor``: held-out real films; ``ceiling``: the worst control. Input: what ``scores`` returns.
    """
    values = table.pivot(index="score", columns="set", values="value")
    own = table[table["set"] == GENERATED].set_index("score")
    rows = []
    for name in own.index:
        score = SCORES.get(name, Score(name.replace("_", " ").capitalize(), "low", "", "Heusel 2017"))
        controls = values.loc[name].reindex(CONTROLS).dropna()
        worst = controls.iloc[badness(controls.to_numpy(), score.better).argmax()] if len(controls) else np.nan
        rows.append({"score": name, "title": score.title, "generated": own.value[name], "low": own.low[name],
                     "high": own.high[name], "floor": values.loc[name].get(FLOOR, np.nan), "ceiling": worst,
                     "better": score.better, "catches": score.catches, "source": score.source})  # fmt: skip
    return pd.DataFrame(rows)


def badness(values: np.ndarray, better: str) -> np.ndarray:
    """``values`` turned so that larger is worse, whatever ``better`` says."""
    return {"low": values, "high": -values, "zero": np.abs(values)}[better]
