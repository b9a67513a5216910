"""The score of a submission on unseen cases, with an interval, and what was caught. Twice the same gives the same.

A film that copies a training film (or its mirror image) or blends two of them counts as not handed in, and the score is
lowered by the share of such films beyond what unseen real films show by chance. A report that claims and denies a
finding counts likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from medigenx_lib.cases import Case
from medigenx_lib.errors import MedigenxError
from medigenx_lib.evaluation import text, utility
from medigenx_lib.evaluation.distances import precision_recall
from medigenx_lib.evaluation.encoder import features
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.project import copies, hidden, submission
from medigenx_lib.project.hidden import Round
from medigenx_lib.project.submission import Submission
from medigenx_lib.project.unpack import printable
from medigenx_lib.text.claims import parse

ALLOWED = 0.05
"""Share of copies, or of reports that have it both ways, beyond chance, from which on a team is out of competition."""
TOO_FEW = 16
FEW_REAL = 16
"""Real films of a class that the classifier of the usefulness track has."""
TRAININGS, STEPS = 3, 300
REPEATS, DRAWS = 40, 500
SIDE = (0.025, 0.975)
"""Intervals are of 95 %."""
COUNTS, ON_A_SCALE = ("films", "reports"), ("precision", "recall")
"""Numbers of a result that are no share in per cent."""


@dataclass(frozen=True, eq=False)
class Result:
    """``score``, ``low``, ``high``: 0..100, NaN where refused. ``numbers``: what else was found. ``caught``: reasons
    for being out of competition. ``refused``: why there is no score. ``nearest``: (film, training film, similarity).
    ``blends``: (film, one training film, another, similarity). ``reports``: (film, report)."""

    team: str
    track: str
    title: str = ""
    score: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    numbers: Mapping[str, float] = field(default_factory=dict)
    caught: Sequence[str] = ()
    refused: str = ""
    nearest: Sequence[tuple[Case, Case, float]] = ()
    blends: Sequence[tuple[Case, Case, Case, float]] = ()
    reports: Sequence[tuple[Case, str]] = ()

    @property
    def counts(self) -> bool:
        """Whether the result takes part in the ranking."""
        return not (self.refused or self.caught)


def score(path, cases: str) -> Result:
    """The result of the submission at ``path`` on the round ``cases``. Raises InputError for what cannot be scored."""
    handed_in = submission.read(path)
    return SCORERS[handed_in.track](handed_in, hidden.cases(cases))


def score_or_refuse(path, cases: str) -> Result:
    """:func:`score`, with a reason in place of an error: one team's file never stops the others."""
    name = printable(str(getattr(path, "name", path))[-40:])
    try:
        return score(path, cases)
    except MedigenxError as error:
        return Result(name, "refused", refused=printable(str(error)))
    except Exception as error:  # whatever a decoder raises on hostile data
        return Result(name, "refused", refused=f"It could not be read ({type(error).__name__}).")


def shown(name: str, value: float) -> str:
    """``value`` of :attr:`Result.numbers` as text: a count, a number of 0 to 1, or a share in per cent.

    A share has three significant digits, so that one film of many is not taken for none.
    """
    if name in COUNTS:
        return f"{value:.0f}"
    return f"{value:.3f}" if name in ON_A_SCALE else f"{100 * value:.3g} %"


# --- films -----------------------------------------------------------------------------------------


def realism(handed_in: Submission, found: Round) -> Result:
    """How far films lie among unseen real ones and unseen real ones among them. Source: Kynkaanniemi 2019."""
    kept, result = _without_copies(handed_in, found)
    if len(kept) < TOO_FEW:
        return replace(result, score=0.0, low=0.0, high=0.0)
    count, rng = min(len(kept), len(found.unseen)), np.random.default_rng(0)
    real = features(stack(list(found.unseen), hidden.SIZE))[rng.permutation(len(found.unseen))[:count]]
    made = features(stack(kept, hidden.SIZE))[rng.permutation(len(kept))[:count]]
    precision, recall = precision_recall(real, made)
    halves = [_harmonic(*precision_recall(_half(real, rng), _half(made, rng))) for _ in range(REPEATS)]
    value = _harmonic(precision, recall)
    low, high = value + np.quantile(np.array(halves) - np.median(halves), SIDE)
    return _lowered(result, value, low, high, {"precision": precision, "recall": recall})


def usefulness(handed_in: Submission, found: Round) -> Result:
    """Balanced accuracy on unseen films of a network that has few real films and those made. Source: Ravuri 2019."""
    kept, result = _without_copies(handed_in, found)
    labels = [film.label for film in kept]
    if min(labels.count(0), labels.count(1)) < TOO_FEW // 2:
        return replace(result, score=0.0, low=0.0, high=0.0)
    real = [film for label in (0, 1) for film in [f for f in found.train if f.label == label][:FEW_REAL]]
    alone, *_ = _balanced_accuracy(real, found)
    value, low, high = _balanced_accuracy([*_repeated(real, len(kept)), *kept], found)
    return _lowered(result, value, low, high, {"few real films alone": alone})


def _balanced_accuracy(train: Sequence[Case], found: Round) -> tuple[float, float, float]:
    """(value, low, high) of the mean over trainings; the interval is for the choice of unseen films of each class."""
    truth = labels_of(found.unseen)
    said = [utility.predict(train, found.unseen, seed, 2 * STEPS) > 0 for seed in range(TRAININGS)]
    right, rng = (np.array(said) == (truth == 1)).mean(0), np.random.default_rng(0)
    kinds = [right[truth == label] for label in (0, 1)]
    draws = np.mean([kind[rng.integers(len(kind), size=(DRAWS, len(kind)))].mean(1) for kind in kinds], 0)
    return float(np.mean([kind.mean() for kind in kinds])), *np.quantile(draws, SIDE)


def _repeated(films: Sequence[Case], count: int) -> list[Case]:
    return [films[i % len(films)] for i in range(count)]


def _without_copies(handed_in: Submission, found: Round) -> tuple[list[Case], Result]:
    """The films that are the team's own, and a result without a score: its numbers, what was caught, what is alike."""
    films = list(handed_in.films)
    alike, chance = copies.likeness(films, found), copies.by_chance(found)
    excess = max(0.0, float(alike.taken.mean()) - chance)
    shares = {"copies": float(alike.copied.mean()), "blends": float(alike.blended.mean())}
    result = Result(
        handed_in.team,
        handed_in.track,
        handed_in.title,
        numbers={"films": len(films), **shares, "copies by chance": chance, "lowered by": excess},
        caught=alike.accusations if excess > ALLOWED else [],
        nearest=copies.pairs(films, alike, found),
        blends=copies.mixtures(films, alike, found),
    )
    return [film for film, taken in zip(films, alike.taken, strict=True) if not taken], result


def _lowered(result: Result, value: float, low: float, high: float, numbers: Mapping[str, float]) -> Result:
    """The result with its score, 0..100, lowered by the share that was not the team's own."""
    scale = 100 * (1 - result.numbers["lowered by"])
    value, low, high = (float(np.clip(x, 0, 1) * scale) for x in (value, low, high))
    return replace(result, score=value, low=low, high=high, numbers={**result.numbers, **numbers})


def _harmonic(first: float, second: float) -> float:
    return 2 * first * second / (first + second) if first + second else 0.0


def _half(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return points[rng.permutation(len(points))[: len(points) // 2]]


# --- reports ---------------------------------------------------------------------------------------


def faithfulness(handed_in: Submission, found: Round) -> Result:
    """F1 of what reports claim against what is there; a film without a report counts with an empty one."""
    films = found.to_report
    known = [hidden.truth(film) for film in films]
    reports = _written(films, handed_in.strategy) if handed_in.strategy else _looked_up(films, handed_in.reports)
    value, low, high = text.finding_interval(reports, known)
    both = float(np.mean([has_it_both_ways(report) for report in reports]))
    claims = text.claim_scores(reports, known)
    numbers = {
        "reports": sum(map(bool, reports)),
        "contradicted sentences": claims["contradicted"],
        "different reports": text.distinct(reports),
        "lowered by": both,
    }
    caught = [f"{100 * both:.0f} % of the reports claim and deny the same finding."] if both > ALLOWED else []
    result = Result(handed_in.team, handed_in.track, handed_in.title, caught=caught, numbers=numbers)
    shown = list(zip(films, reports, strict=True))
    return replace(_lowered(result, value, low, high, {}), reports=shown)


def has_it_both_ways(report: str) -> bool:
    """Whether the report claims and denies the same finding on the same side, or gives it more than two places."""
    found = [claim.finding for claim in parse(report)]
    said = {(f.kind, f.side) for f in found if f.presence == "present"}
    denied = {(f.kind, f.side) for f in found if f.presence == "absent"}
    places = {(f.kind, f.side, f.zones) for f in found if f.presence == "present" and f.zones}
    crowded = any(sum((kind, side) == place[:2] for place in places) > 2 for kind, side in said)
    return bool(said & denied) or crowded


def _looked_up(films: Sequence[Case], reports: Mapping[str, str]) -> list[str]:
    return [reports.get(hidden.film_name(film), "") for film in films]


def _written(films: Sequence[Case], strategy: str) -> list[str]:
    """What the course's report writer says of ``films``, which it sees without labels, masks or truth."""
    from medigenx_lib import radiomics, segmentation
    from medigenx_lib.text import decoding

    blind = [replace(f, id=hidden.film_name(f), label=None, masks={}, findings=None, truth=None) for f in films]
    measured = radiomics.measure(segmentation.segment(blind, progress=False), progress=False)
    return [case.report for case in decoding.write(measured, strategy, progress=False)]


SCORERS: dict[str, Callable[[Submission, Round], Result]] = {
    "realism": realism,
    "faithfulness": faithfulness,
    "usefulness": usefulness,
}
