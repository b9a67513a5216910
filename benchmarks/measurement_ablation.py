"""What the radiomic features are worth: judges that see features alone, the reader's numbers alone, or both.

    python benchmarks/measurement_ablation.py [--films 300] [--lessons 12000] [--source chest_xray_64.npz]

Each judge is fitted anew on the same films (about 7 CPU-minutes for all); the shipped reader is the same for all.
Scored on phantoms with seeds from 9,000,000 on and on the source's films for validation and test: figures with 95 %
bootstrap intervals over films. The shipped reader's training films are left out of the judges' by the same rule
(``--reader-films``).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from medigenx_lib import datasets, phantom, segmentation
from medigenx_lib.cases import SIDES, Case
from medigenx_lib.geometry import PRESENT_EXTENT
from medigenx_lib.radiomics import adaptation, judging
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.judge import INPUT_NAMES, RADIOMIC_NAMES, Judge, observe
from medigenx_lib.radiomics.measurement import read
from medigenx_lib.radiomics.reader import KINDS, LungReader, load_reader

FIRST_SEED, BOOTSTRAPS = 9_000_000, 300
INVENTED = {"opacity": 0.05, "effusion": 0.02}
"""Share of clear lungs above the threshold at which lungs with the finding are counted as found."""
USED = {
    "features alone": RADIOMIC_NAMES,
    "reader's numbers alone": INPUT_NAMES[len(RADIOMIC_NAMES) :],
    "both": INPUT_NAMES,
}

Decided = dict[str, np.ndarray]


def held_out(films: int) -> list[Case]:
    """Segmented, measurable phantoms that nothing was trained or calibrated on."""
    share = films // len(phantom.TAUGHT)
    seeds = [range(FIRST_SEED + i * share, FIRST_SEED + (i + 1) * share) for i in range(len(phantom.TAUGHT))]
    cases = [
        case for preset, part in zip(phantom.TAUGHT, seeds, strict=True) for case in phantom.cases(part, preset=preset)
    ]
    return [case for case in segmentation.segment(cases) if not not_measurable(case)]


def by_reader(cases: list[Case], reader: LungReader) -> Decided:
    """The reader's own presences (N, 2, 2) and extents (N, 2, kind)."""
    readings = [[film[side].heads for side in SIDES] for film in read(cases, reader)]
    extents = [[[np.median(lung[f"{kind}_extent"]) for kind in KINDS] for lung in film] for film in readings]
    return {
        "presence": np.array([[lung["presence"] for lung in film] for film in readings]),
        "extent": np.array(extents),
    }


def by_judge(judge: Judge, told: np.ndarray, reader: Decided) -> Decided:
    """As :func:`by_reader`, the presences decided by a judge."""
    with torch.no_grad():
        return {**reader, "presence": judge.decide(torch.from_numpy(told)).numpy()}


def truths(cases: list[Case]) -> np.ndarray:
    """True extents (N, 2, kind)."""
    return np.array([[[case.truth.findings.of(k, side)[0].extent for k in KINDS] for side in SIDES] for case in cases])


def phantom_figures(kind: int, decided: Decided, truth: np.ndarray) -> dict[str, float]:
    """AUC over lungs, share found, and of those the share whose extent is within 5 and 10 points."""
    score, true = decided["presence"][..., kind].ravel(), truth[..., kind].ravel()
    there, extent = true > 0, np.clip(decided["extent"][..., kind].ravel(), PRESENT_EXTENT, 1)
    found = there & (score >= np.quantile(score[~there], 1 - INVENTED[KINDS[kind]]))
    error = np.abs(extent - true)[found]
    return {
        "AUC": roc_auc_score(there, score), "found": found.sum() / there.sum(),
        "within 5 points": np.mean(error <= 0.05), "within 10": np.mean(error <= 0.10), "mean error": error.mean(),
    }  # fmt: skip


def film_figures(decided: Decided, labels: np.ndarray) -> dict[str, float]:
    """AUC of the higher lung's opacity score for pneumonia against normal."""
    return {"AUC": roc_auc_score(labels, decided["presence"][..., 0].max(1))}


def row(name: str, figures: Callable, decided: Decided, target: np.ndarray) -> str:
    """One line of the table: each figure with its interval."""
    rng, whole = np.random.default_rng(0), figures(decided, target)
    draws = [rng.integers(0, len(target), len(target)) for _ in range(BOOTSTRAPS)]
    parts = [figures({key: values[draw] for key, values in decided.items()}, target[draw]) for draw in draws]
    cells = []
    for key, value in whole.items():
        low, high = np.nanquantile([part[key] for part in parts], (0.025, 0.975))
        cells.append(f"{key} {value:.3f} [{low:.3f}, {high:.3f}]")
    return f"| {name} | {' | '.join(cells)} |"


def report(reader: LungReader, given: judging.Lessons, cases: list[Case], films: list[Case]) -> None:
    """Fit each judge and print its figures on the held-out phantoms and films."""
    sets = {"phantoms": cases, "films": films}
    told = {name: observe(some, read(some, reader)) for name, some in sets.items() if some}
    judges = {name: judging.fit(given, used=used) for name, used in USED.items()}
    own = {name: by_reader(some, reader) for name, some in sets.items() if some}
    deciders = {"the reader itself": own.__getitem__}
    deciders |= {
        name: lambda which, judge=judge: by_judge(judge, told[which], own[which]) for name, judge in judges.items()
    }
    for index, kind in enumerate(KINDS):
        print(f"\n## {kind}, {len(cases)} held-out phantoms\n")
        for name, decide in deciders.items():
            print(row(name, lambda d, t, i=index: phantom_figures(i, d, t), decide("phantoms"), truths(cases)))
    if films:
        print(f"\n## pneumonia against normal, {len(films)} held-out films\n")
        labels = np.array([case.label for case in films])
        for name, decide in deciders.items():
            print(row(name, film_figures, decide("films"), labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=900, help="held-out phantoms")
    parser.add_argument("--lessons", type=int, default=12_000, help="phantoms drawn for the judges to learn from")
    parser.add_argument("--source", default=None, help="films with labels and splits")
    parser.add_argument("--reader-films", type=int, default=1600, help="films that the shipped reader was adapted to")
    options = parser.parse_args()
    torch.set_num_threads(1)
    reader, real, films = load_reader()[0], [], []
    if options.source:
        train = datasets.load(options.source, 64, "train")
        real = adaptation.unseen(train, adaptation.chosen(train, options.reader_films, seed=0), seed=0)
        rest = [case for split in ("val", "test") for case in datasets.load(options.source, 64, split)]
        films = [case for case in segmentation.segment(rest) if not not_measurable(case)]
    report(reader, judging.lessons(reader, real, options.lessons), held_out(options.films), films)


if __name__ == "__main__":
    main()
