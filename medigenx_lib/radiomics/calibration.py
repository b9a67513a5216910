"""Calibration on phantoms: where to say present, absent or uncertain, and how wide the intervals must be.

Films are segmented as any other, so that what the segmentation gets wrong is in the figures. To be run anew
whenever the segmentation's weights change: ``python -m medigenx_lib.radiomics.calibration``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from medigenx_lib import phantom, weights
from medigenx_lib.cases import CARDIOMEGALY_CTR, PATTERNS, SIDES, Case
from medigenx_lib.radiomics import summary
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.measurement import LUNG_KINDS, Instruments, LungReading, judged, ratios

FIRST_SEED = 7_000_000
ERROR = 0.04
"""Share of films on which opacity may be missed, and invented; what cannot be held to it is uncertain. Less than the
5 % that are aimed at, for other films than those of the calibration."""
DOUBT = 0.10
"""Share of the films without a finding that may be called uncertain for the sake of those with it, and of the films
with it that may be, for the sake of SIDE_ERROR."""
SIDE_ERROR = 0.010
"""Share of the lungs with a stated opacity that may hold none: an invented film, or an invented second side."""
COVERAGE = 0.90
THINNING = 3
"""Of films without effusion and with a heart of normal size, one in so many is used: the others are rare."""
PATTERN_ERROR = 0.15
"""Share of named patterns that may be wrong."""


def calibrate(name_or_path: str | Path = "measurement", films: int = 4800, first_seed: int = FIRST_SEED,
              progress: bool = True) -> Path:  # fmt: skip
    """Set the thresholds and intervals of trained instruments on ``films`` phantoms, as many of each preset; save them.

    Films with the rarer findings are all used, the others thinned out, which saves most of the work. Returns the
    file's path. About 200 CPU-seconds. Raises WeightsError if weights are missing.
    """
    from medigenx_lib.radiomics.heart import heart_from  # these import torch
    from medigenx_lib.radiomics.judge import judge_from
    from medigenx_lib.radiomics.reader import reader_from

    tensors, config = weights.load(name_or_path)
    cases = samples(films, first_seed, progress)
    readings = judged(cases, Instruments(reader_from(tensors, config), judge_from(tensors), config))
    hearts = ratios(cases, heart_from(tensors))
    config = {"widths": config["widths"], **settings_for(cases, readings, hearts), "vector": summary.constants(cases)}
    path = Path(name_or_path)
    path = path if path.suffix == ".safetensors" else weights.FOLDER / f"{name_or_path}.safetensors"
    return weights.save(path, tensors, config)


def samples(films: int = 4800, first_seed: int = FIRST_SEED, progress: bool = True) -> list[Case]:
    """The segmented, measurable phantoms for calibration, the frequent kinds thinned out."""
    return [case for part in segmented(films, first_seed, progress) for case in part]


def segmented(films: int, first_seed: int, progress: bool, words: str = "calibrating",
              presets: Sequence[str] = phantom.TAUGHT) -> Iterator[list[Case]]:  # fmt: skip
    """As :func:`samples`, in parts, of ``presets`` in turn. ``words`` stand on the progress bar."""
    from medigenx_lib import segmentation

    chunk = 50
    for i, start in enumerate(tqdm(range(0, films, chunk), words, unit=f"{chunk} films", disable=not progress)):
        seeds = range(first_seed + start, first_seed + min(start + chunk, films))
        cases = phantom.cases(seeds, preset=presets[i % len(presets)])
        cases = [case for case in cases if _rare(case) or case.meta["seed"] % THINNING == 0]
        found = segmentation.segment(cases, progress=False)
        yield [case for case in found if not not_measurable(case)]


def _rare(case: Case) -> bool:
    return any(case.truth.findings.presence(kind) == "present" for kind in ("effusion", "cardiomegaly"))


def _weights(cases: Sequence[Case]) -> np.ndarray:
    """How many of the films drawn each film of the thinned sample stands for."""
    return np.array([1 if _rare(case) else THINNING for case in cases])


def settings_for(cases: Sequence[Case], readings: Sequence[Mapping[str, LungReading]], hearts: Sequence[float]) -> dict:
    """Bands, slacks and the heart's error from measurable phantoms with truth, what is decided of their lungs, and the
    measured cardiothoracic ratios ``hearts``."""
    bands = {"effusion": film_band("effusion", cases, readings), "opacity": hardest_band(cases, readings)}
    true_ratios = np.array([_true(case, "cardiomegaly").measurement.value for case in cases])
    bands["cardiomegaly"] = ratio_band(np.asarray(hearts), true_ratios, _weights(cases))
    error = np.quantile(true_ratios - np.asarray(hearts), [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return {
        "bands": bands,
        "slack": {kind: slack(kind, cases, readings, bands[kind]) for kind in LUNG_KINDS},
        "ratio_error": [round(float(value), 4) for value in error],
        "pattern_certainty": pattern_certainty(cases, readings, bands["opacity"]),
    }


def _true(case: Case, kind: str, side: str | None = None):
    return case.truth.findings.of(kind, side)[0]


def _scores(kind: str, readings: Sequence[Mapping[str, LungReading]]) -> np.ndarray:
    """Presence logits (N, 2), right and left."""
    index = LUNG_KINDS.index(kind)
    return np.array([[reading[side].heads["presence"][index] for side in SIDES] for reading in readings])


def _extents(kind: str, cases: Sequence[Case]) -> np.ndarray:
    return np.array([[_true(case, kind, side).extent for side in SIDES] for case in cases], float)


def film_band(kind: str, cases: Sequence[Case], readings: Sequence[Mapping[str, LungReading]]) -> list[float]:
    """The band of scores for one lung within which a finding is uncertain, from films with and without it.

    A film is judged by its higher lung, since one invented side is an invented finding.
    """
    highest, there = _scores(kind, readings).max(1), _extents(kind, cases).max(1) > 0
    return band(highest[~there], highest[there], np.average(there, weights=_weights(cases)))


def hardest_band(cases: Sequence[Case], readings: Sequence[Mapping[str, LungReading]]) -> list[float]:
    """The opacity's band that holds for each preset by itself: pooled, the easy ones would pay for the hardest."""
    presets = [case.meta["preset"] for case in cases]
    bands = []
    for preset in dict.fromkeys(presets):
        chosen = [i for i, other in enumerate(presets) if other == preset]
        part, seen = [cases[i] for i in chosen], [readings[i] for i in chosen]
        bands.append(surer_band(film_band("opacity", part, seen), part, seen))
    return [min(low for low, _ in bands), max(high for _, high in bands)]


def surer_band(limits: Sequence[float], cases: Sequence[Case],
               readings: Sequence[Mapping[str, LungReading]]) -> list[float]:  # fmt: skip
    """The opacity's band [low, high] with high raised until at most SIDE_ERROR of the stated lungs are wrong.

    But not so high that more than ERROR + DOUBT of the films with opacity would lie below it.
    """
    scores, there = _scores("opacity", readings), _extents("opacity", cases) > 0
    weights = np.repeat(_weights(cases), 2)
    high = surest(scores.ravel(), there.ravel(), weights, SIDE_ERROR)
    most = float(np.quantile(scores.max(1)[there.any(1)], ERROR + DOUBT))
    return [limits[0], round(max(limits[1], min(high, most)), 4)]


def surest(scores: np.ndarray, there: np.ndarray, weights: np.ndarray, error: float) -> float:
    """The least score from which on at most ``error`` of the lungs, (N,) each, are wrongly said to hold the finding."""
    order = np.argsort(-scores)
    wrong = np.cumsum((weights * ~there)[order]) / np.cumsum(weights[order])
    good = np.flatnonzero(wrong <= error)
    return float(scores[order][good[-1]]) if len(good) else float("inf")


def ratio_band(measured: np.ndarray, true: np.ndarray, weights: np.ndarray) -> list[float]:
    """The band of measured cardiothoracic ratios, (N,) each, within which cardiomegaly is uncertain.

    Large hearts are few, so each true ratio is combined with every film's error of measurement, as if each heart had
    been measured on each film.
    """
    large, errors = true > CARDIOMEGALY_CTR, measured - true
    without, with_ = ((true[kind][:, None] + errors).ravel() for kind in (~large, large))
    return band(without, with_, np.average(large, weights=weights))


def band(without: np.ndarray, with_: np.ndarray, prevalence: float) -> list[float]:
    """[low, high]: at and above high a finding is present, below low absent, in between uncertain.

    high is the threshold of the best F1, raised until at most ERROR of the films without the finding pass it. low
    is where at most ERROR of those with it fall below, but not so low that more than DOUBT of those without it
    would be uncertain.
    """
    high = max(best_threshold(without, with_, prevalence), float(np.quantile(without, 1 - ERROR)))
    low = max(float(np.quantile(with_, ERROR)), float(np.quantile(without, 1 - ERROR - DOUBT)))
    return [round(min(low, high), 4), round(high, 4)]


def best_threshold(without: np.ndarray, with_: np.ndarray, prevalence: float) -> float:
    """The threshold of the best F1 at that ``prevalence``, in the middle of all that are nearly as good."""
    scores = np.sort(np.concatenate([without, with_]))
    places = (scores[1:] + scores[:-1]) / 2
    hit, alarm = (1 - np.searchsorted(np.sort(kind), places) / len(kind) for kind in (with_, without))
    f1 = 2 * prevalence * hit / (prevalence * hit + (1 - prevalence) * alarm + prevalence)
    return float(np.median(places[f1 >= f1.max() - 0.002]))


def slack(kind: str, cases: Sequence[Case], readings: Sequence[Mapping[str, LungReading]],
          limits: Sequence[float]) -> float:  # fmt: skip
    """By how much predicted intervals of stated extents must be widened to hold COVERAGE of the true ones.

    Source: conformalised quantile regression, Romano et al., NeurIPS 2019, eq. 4 and 5.
    """
    predicted = np.array([[np.sort(reading[side].heads[f"{kind}_extent"]) for side in SIDES] for reading in readings])
    stated, truth = _scores(kind, readings) >= limits[0], _extents(kind, cases)
    outside = np.maximum(predicted[..., 0] - truth, truth - predicted[..., 2])[stated]
    level = min(1.0, COVERAGE * (1 + 1 / max(len(outside), 1)))
    return round(float(np.quantile(outside, level)) if len(outside) else 1.0, 4)


def pattern_certainty(cases: Sequence[Case], readings: Sequence[Mapping[str, LungReading]],
                      limits: Sequence[float]) -> float:  # fmt: skip
    """The least certainty, 0.25..1, from which on at most PATTERN_ERROR of the named patterns are wrong."""
    sure, right = [], []
    for case, reading in zip(cases, readings, strict=True):
        for side in SIDES:
            truth, logits = _true(case, "opacity", side), reading[side].heads["pattern"].astype(float)
            if truth.presence == "present" and reading[side].heads["presence"][0] >= limits[0]:
                sure.append(np.exp(logits.max() - np.logaddexp.reduce(logits)))
                right.append(PATTERNS[int(logits.argmax())] == truth.pattern)
    order = np.argsort(sure)[::-1]
    wrong = 1 - np.cumsum(np.array(right)[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(wrong <= PATTERN_ERROR)
    return round(float(np.array(sure)[order][good[-1]]), 4) if len(good) else 1.0


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    print(calibrate())
