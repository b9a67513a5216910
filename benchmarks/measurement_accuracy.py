"""How well findings are measured from the image alone, on phantoms that nothing was trained or calibrated on.

    python benchmarks/measurement_accuracy.py [--films 1000] [--first-seed 9000000] [--real DIR] [--weights measurement]

Prints, for each preset, every figure with a 95 % bootstrap interval over films; and, where there are real films, how
well the measured opacity extent separates normal from pneumonia, beside the best trivial number.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from medigenx_lib import phantom, segmentation, settings
from medigenx_lib.cases import MEASURED_KINDS, SIDES, ZONES, Case
from medigenx_lib.radiomics import measure
from medigenx_lib.radiomics.measurement import Instruments, load_instruments

FIRST_SEED = 9_000_000
BOOTSTRAPS = 1000


def pairs(cases: list[Case], kind: str, side: str | None = None) -> list[tuple]:
    """(true, measured) finding of each case."""
    return [(case.truth.findings.of(kind, side)[0], case.findings.of(kind, side)[0]) for case in cases]


def film_presence(case: Case, kind: str, truth: bool) -> str:
    """The strongest word on ``kind`` on either side."""
    return (case.truth.findings if truth else case.findings).presence(kind)


def missed(kind: str) -> Callable:
    """1 where the finding is there and the film is said to be free of it, 0 where not; other films are left out."""
    return lambda cases: [
        film_presence(case, kind, False) == "absent" for case in cases if film_presence(case, kind, True) == "present"
    ]


def invented(kind: str) -> Callable:
    """1 where the finding is said to be there and is not; films that have it are left out."""
    return lambda cases: [
        film_presence(case, kind, False) == "present" for case in cases if film_presence(case, kind, True) == "absent"
    ]


def uncertain(kind: str) -> Callable:
    """1 where the film is said to hold perhaps such a finding and none for certain."""
    return lambda cases: [film_presence(case, kind, False) == "uncertain" for case in cases]


def f1(kind: str) -> Callable:
    """F1 over sides (over films for the heart), as (2 TP, FP + FN) sums; uncertain counts as absent."""

    def count(cases: list[Case]) -> list[tuple[int, int]]:
        sides = (None,) if kind == "cardiomegaly" else SIDES
        found = [pair for side in sides for pair in pairs(cases, kind, side)]
        both = [(true.presence == "present", said.presence == "present") for true, said in found]
        return [(2 * (a and b), 2 * (a and b) + (a != b)) for a, b in both]

    return count


def stated(cases: list[Case], kind: str = "opacity") -> list[tuple]:
    """(true, measured) for each side on which the finding both is and is said to be."""
    found = [pair for side in SIDES for pair in pairs(cases, kind, side)]
    return [(true, said) for true, said in found if true.presence == said.presence == "present"]


def side_right(cases: list[Case]) -> list[bool]:
    """Of the sides on which opacity is stated: is it there?"""
    found = [pair for side in SIDES for pair in pairs(cases, "opacity", side)]
    return [true.presence == "present" for true, said in found if said.presence == "present"]


def one_sided(cases: list[Case]) -> list[tuple]:
    """(said where it is, said where it is not) of the films with opacity in one lung alone, both lungs measured."""
    films = []
    for case in cases:
        true, said = (
            [findings.of("opacity", side)[0].presence for side in SIDES]
            for findings in (case.truth.findings, case.findings)
        )
        if sorted(true) == ["absent", "present"] and "unknown" not in said:
            films.append((said[true.index("present")], said[true.index("absent")]))
    return films


def swapped(cases: list[Case]) -> list[bool]:
    """Of the films with opacity in one lung: is it stated in the other one alone?"""
    return [there != "present" and beside == "present" for there, beside in one_sided(cases)]


def second_side(cases: list[Case]) -> list[bool]:
    """Of the films with opacity in one lung: is it stated in both?"""
    return [there == beside == "present" for there, beside in one_sided(cases)]


def unknown(kind: str) -> Callable:
    """1 where the finding could not be measured, on films that were measured otherwise."""
    return lambda cases: [case.findings.presence(kind) == "unknown" for case in cases]


def zone_right(cases: list[Case]) -> list[bool]:
    """Of the three decisions on zones of each opacity that is found: are they right?"""
    return [(zone in true.zones) == (zone in said.zones) for true, said in stated(cases) for zone in ZONES]


def stated_zone_right(cases: list[Case]) -> list[bool]:
    """Of the zones that are stated: are they true?"""
    return [zone in true.zones for true, said in stated(cases) for zone in said.zones]


def zones_all_right(cases: list[Case]) -> list[bool]:
    """Of the opacities that are found: is the list of zones exactly right?"""
    return [true.zones == said.zones for true, said in stated(cases)]


def extent_close(points: float) -> Callable:
    """Of all lungs of known opacity, is the extent within ``points`` percentage points?"""
    return lambda cases: [
        abs(true.extent - said.extent) <= points / 100
        for side in SIDES for true, said in pairs(cases, "opacity", side) if said.extent is not None
    ]  # fmt: skip


def found_extent_close(points: float, kind: str = "opacity") -> Callable:
    """Of the findings that are found, is the extent within ``points`` percentage points?"""
    return lambda cases: [abs(true.extent - said.extent) <= points / 100 for true, said in stated(cases, kind)]


def covered(kind: str) -> Callable:
    """Of the stated intervals, does the true number lie within?"""

    def hold(cases: list[Case]) -> list[bool]:
        sides = (None,) if kind == "cardiomegaly" else SIDES
        found = [pair for side in sides for pair in pairs(cases, kind, side)]
        if kind != "cardiomegaly":
            found = [(true, said) for true, said in found if said.presence in ("present", "uncertain")]
        both = [(true.measurement, said.measurement) for true, said in found if said.measurement]
        return [said.low <= true.value <= said.high for true, said in both]

    return hold


def word_right(name: str) -> Callable:
    """Of the opacities that are found and whose density or pattern is named: is the word right?"""
    return lambda cases: [
        getattr(true, name) == getattr(said, name) for true, said in stated(cases) if getattr(said, name)
    ]


FIGURES: dict[str, Callable] = {
    "opacity missed (films)": missed("opacity"), "opacity invented (films)": invented("opacity"),
    "opacity uncertain (films)": uncertain("opacity"), "opacity F1 (sides)": f1("opacity"),
    "opacity side right": side_right, "one side taken for the other": swapped,
    "one side taken for both": second_side, "zone decisions right": zone_right, "stated zones right": stated_zone_right,
    "zone lists exact": zones_all_right,
    "extent within 5 points, all lungs": extent_close(5), "extent within 5 points, found": found_extent_close(5),
    "extent within 10 points, found": found_extent_close(10), "extent interval holds (90 %)": covered("opacity"),
    "density word right": word_right("density"), "pattern word right where named": word_right("pattern"),
    "effusion missed (films)": missed("effusion"), "effusion invented (films)": invented("effusion"),
    "effusion F1 (sides)": f1("effusion"), "effusion extent within 5 points": found_extent_close(5, "effusion"),
    "effusion interval holds (90 %)": covered("effusion"), "cardiomegaly F1": f1("cardiomegaly"),
    "cardiomegaly uncertain": uncertain("cardiomegaly"), "cardiomegaly unknown": unknown("cardiomegaly"),
    "ratio interval holds (90 %)": covered("cardiomegaly"),
}  # fmt: skip


def tally(values: list) -> tuple[float, float]:
    """(numerator, denominator) of a share, or of F1 where the values are (2 TP, 2 TP + FP + FN)."""
    array = np.asarray(values, float)
    if array.ndim == 2:
        return float(array[:, 0].sum()), float(array[:, 1].sum())
    return float(array.sum()), float(array.size)


def interval(cases: list[Case], figure: Callable, rng: np.random.Generator) -> tuple[float, float, float]:
    """The figure and its 95 % bootstrap interval over films."""
    tallies = np.array([tally(figure([case])) for case in cases])
    over, under = tallies[rng.integers(0, len(cases), (BOOTSTRAPS, len(cases)))].sum(1).T
    with np.errstate(invalid="ignore"):
        low, high = np.nanquantile(over / under, (0.025, 0.975))
        return float(np.divide(*tallies.sum(0))), low, high


def phantoms(preset: str, seeds: Sequence[int], instruments: Instruments) -> tuple[list[Case], float]:
    """Measured phantoms of one preset, and the CPU-seconds that measuring one film took, masks excluded."""
    found = segmentation.segment(phantom.cases(seeds, preset=preset), progress=False)
    start = time.process_time()
    cases = measure(found, progress=False, instruments=instruments)
    return cases, (time.process_time() - start) / len(seeds)


def measurable(case: Case) -> bool:
    """Whether anything could be measured on the film."""
    return any(case.findings.presence(kind) != "unknown" for kind in MEASURED_KINDS)


def report_phantoms(seeds: Sequence[int], instruments: Instruments) -> None:
    films = len(seeds)
    for preset in phantom.PRESETS:
        cases, seconds = phantoms(preset, seeds, instruments)
        known = [case for case in cases if measurable(case)]
        rng = np.random.default_rng(0)
        print(f"\n## {preset}: {films} phantoms, {len(known) / films:.1%} measurable, {1000 * seconds:.1f} ms a film\n")
        print("| figure | value | 95 % interval | of |\n|---|---|---|---|")
        for name, figure in FIGURES.items():
            value, low, high = interval(known, figure, rng)
            print(f"| {name} | {value:.3f} | {low:.3f} to {high:.3f} | {len(figure(known))} |")


def report_real(folder, instruments: Instruments) -> None:
    """AUC of the measured opacity extent on real films, beside that of minus the pixels' standard deviation."""
    with np.load(folder / "cxr_npz" / "chest_xray_64.npz", allow_pickle=False) as data:
        images = np.concatenate([data["val_images"], data["test_images"]]).astype(np.float32) / 255
        labels = np.concatenate([data["val_labels"], data["test_labels"]]).ravel().astype(int)
    cases = [Case(f"film-{i}", image) for i, image in enumerate(images)]
    cases = measure(segmentation.segment(cases, progress=False), progress=False, instruments=instruments)
    known = np.array([measurable(case) for case in cases])
    extents = np.array([opacity_score(case) for case in cases])
    scores = np.array([evidence_score(case) for case in cases])
    trivial = -images.std((1, 2))
    print(f"\n## real films: {len(cases)} of chest_xray_64 val and test, {known.mean():.1%} measurable\n")
    ranked = {
        "measured opacity extent": extents,
        "opacity score": scores,
        "minus the pixels' standard deviation": trivial,
    }
    for name, values in ranked.items():
        for which, keep in (("measurable films", known), ("all films, unmeasurable as average", known | True)):
            filled = np.where(known | (values is trivial), values, np.median(values[known]))[keep]
            print(f"- AUC of {name}, {which}: {auc_text(labels[keep], filled)}")
    said = np.array([film_presence(case, "opacity", False) for case in cases])
    for label, name in enumerate(("normal", "pneumonia")):
        shares = ", ".join(f"{word} {np.mean(said[labels == label] == word):.3f}" for word in np.unique(said))
        print(f"- opacity on {name} films: {shares}")


def opacity_score(case: Case) -> float:
    """Mean of both lungs' measured extents; what is unknown counts as 0."""
    return float(np.mean([f.measurement.value if f.measurement else 0.0 for f in case.findings.of("opacity")]))


def evidence_score(case: Case) -> float:
    """The higher of both lungs' opacity scores; what is unknown counts as 0."""
    return max((reason["score"] for reason in case.meta["evidence"] if reason["kind"] == "opacity"), default=0.0)


def auc_text(labels: np.ndarray, values: np.ndarray) -> str:
    rng, scores = np.random.default_rng(0), []
    for _ in range(BOOTSTRAPS):
        draw = rng.integers(0, len(labels), len(labels))
        scores.append(roc_auc_score(labels[draw], values[draw]))
    low, high = np.quantile(scores, (0.025, 0.975))
    return f"{roc_auc_score(labels, values):.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=1000, help="phantoms of each preset")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the phantoms")
    parser.add_argument("--real", default=settings.real_data_dir(), type=type(settings.real_data_dir()))
    parser.add_argument("--weights", default="measurement", help="a safetensors file, or the name of shipped weights")
    options = parser.parse_args()
    torch.set_num_threads(1)
    instruments = load_instruments(options.weights)
    report_phantoms(range(options.first_seed, options.first_seed + options.films), instruments)
    if options.real.is_dir():
        report_real(options.real, instruments)


if __name__ == "__main__":
    main()
