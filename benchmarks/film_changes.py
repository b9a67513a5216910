"""How far the lung masks and the measured opacity hold on films that were taken or saved otherwise.

    python benchmarks/film_changes.py [--films 200]

The same real films with bars at their edges, turned, cut, of other brightness and contrast, blurred, grainy, equalised.
Lungs: Dice with the manual masks of covid_cxr, with ``behind_heart``, as in lung_dice.py. Opacity: ``--films`` of the
val and test films of chest_xray_64, which nothing was trained on: the AUC of the measured extent, and how many normal
films are called free of opacity and pneumonia films are said to hold some. Intervals: 95 %, bootstrap over films.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage, stats
from sklearn.metrics import roc_auc_score

from medigenx_lib import datasets, settings
from medigenx_lib.cases import Case, replace
from medigenx_lib.preprocessing import resize
from medigenx_lib.radiomics.measurement import measure
from medigenx_lib.segmentation import dice, load_network, segment

SIDE = 512
RESAMPLES = 1000
Change = Callable[[np.ndarray], np.ndarray]


def bars(film: np.ndarray, value: float = 0.0) -> np.ndarray:
    """Bars of an eighth of the width at both sides; masks get bars of zeros."""
    return np.pad(film, ((0, 0), (film.shape[1] // 8,) * 2), constant_values=value)


def cropped(film: np.ndarray) -> np.ndarray:
    """A twentieth less at every edge."""
    rows, columns = (max(1, side // 20) for side in film.shape)
    return film[rows:-rows, columns:-columns]


def turned(degrees: float) -> Change:
    """Turned about its middle; what comes in from outside is black."""
    return lambda film: ndimage.rotate(film, degrees, reshape=False, order=1)


def grainy(film: np.ndarray) -> np.ndarray:
    """Normal noise of .05."""
    return film + np.random.default_rng(0).normal(0, 0.05, film.shape)


def equalised(film: np.ndarray) -> np.ndarray:
    """All brightnesses equally frequent."""
    return stats.rankdata(film).reshape(film.shape) / film.size


def locally_equalised(film: np.ndarray) -> np.ndarray:
    """Contrast evened out within windows of a quarter of the side, as some departments' software does; at 128 pixels
    at most, for it takes long."""
    film = resize(film, min(128, len(film)))
    window = [len(film) // 8] * 2
    return sitk.GetArrayFromImage(sitk.AdaptiveHistogramEqualization(sitk.GetImageFromArray(film), window, 0.3, 0.3))


MOVES: dict[str, Change] = {
    "as it is": lambda film: film,
    "black bars at the sides": bars,
    "black bars all round": lambda film: bars(bars(film).T).T,
    "turned by 5 degrees": turned(5),
    "turned by -10 degrees": turned(-10),
    "cut by a twentieth": cropped,
}
"""What moves the film, and its mask alike."""
TONES: dict[str, Change] = {
    "white bars at the sides": lambda film: bars(film, 1.0),
    "gamma 0.6": lambda film: film**0.6,
    "gamma 1.7": lambda film: film**1.7,
    "half the contrast": lambda film: 0.25 + 0.5 * film,
    "dark": lambda film: 0.4 * film,
    "saturated at both ends": lambda film: (film - 0.15) / 0.6,
    "blurred (1 pixel of 64)": lambda film: ndimage.gaussian_filter(film, len(film) / 64),
    "grainy": grainy,
    "equalised": equalised,
    "equalised in windows": locally_equalised,
}
"""What changes brightness alone, but for the white bars."""


def changed(film: np.ndarray, change: Change) -> np.ndarray:
    """The changed film, float32 in 0..1."""
    return np.ascontiguousarray(np.clip(change(film.astype(np.float32)), 0, 1), np.float32)


def interval(values: np.ndarray, statistic: Callable[[np.ndarray], float] = np.mean) -> str:
    """``statistic`` of the rows with its 95 % bootstrap interval, as text."""
    rng = np.random.default_rng(0)
    drawn = [statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return f"{statistic(values):.3f} [{low:.3f}, {high:.3f}]"


def lung_rows(folder: Path) -> Iterator[tuple[str, str]]:
    """(name of the change, its row) of Dice with manual masks."""
    network = load_network("lung_unet")
    films = [(datasets.read_film(path).image, folder / "lung_masks" / path.name)
             for path in sorted((folder / "images").iterdir())]  # fmt: skip
    pairs = [(resize(film, SIDE), (resize(datasets.read_film(mask).image, SIDE) > 0.5).astype(np.float32))
             for film, mask in films]  # fmt: skip
    for name, change in (MOVES | TONES).items():
        moves = change if name in MOVES else bars if "bars" in name else MOVES["as it is"]
        cases = [Case(str(i), resize(changed(film, change), SIDE)) for i, (film, _) in enumerate(pairs)]
        truth = [resize(changed(mask, moves), SIDE) > 0.5 for _, mask in pairs]
        seen = segment(cases, behind_heart=True, network=network, progress=False)
        score = np.array([dice(case.masks["right_lung"] | case.masks["left_lung"], mask)
                          for case, mask in zip(seen, truth, strict=True)])  # fmt: skip
        yield name, f"{interval(score)} | {score.min():.2f}"


def opacity_rows(npz: Path, count: int) -> Iterator[tuple[str, str]]:
    """(name of the change, its row) of what is measured on real films."""
    cases = [case for case in datasets.load(npz, 64) if case.split in ("val", "test")]
    cases = [cases[i] for i in np.random.default_rng(0).permutation(len(cases))[:count]]
    labels = np.array([case.label for case in cases])
    for name, change in (MOVES | TONES).items():
        films = [replace(case, image=changed(case.image, change)) for case in cases]
        found = measure(segment(films, progress=False), progress=False)
        extents = np.array([extent_of(case) for case in found])
        said = np.array([presence_of(case) for case in found])
        rows = np.stack([labels, extents], 1)[np.isfinite(extents)]
        auc = interval(rows, lambda drawn: roc_auc_score(drawn[:, 0], drawn[:, 1]))
        clear, there = np.mean(said[labels == 0] == "absent"), np.mean(said[labels == 1] == "present")
        yield name, f"{auc} | {clear:.2f} | {there:.2f} | {np.mean(said == 'unknown'):.2f}"


def extent_of(case: Case) -> float:
    """The larger opacity extent of the two lungs; NaN where neither could be measured."""
    extents = [finding.extent for finding in case.findings.of("opacity") if finding.extent is not None]
    return max(extents, default=np.nan)


def presence_of(case: Case) -> str:
    """What is said of opacity on the whole film."""
    said = {finding.presence for finding in case.findings.of("opacity")}
    return next(name for name in ("present", "uncertain", "unknown", "absent") if name in said)


def main() -> None:
    """Read the options, print the two tables."""
    data = settings.real_data_dir()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| 30 films of adults | Dice | least |\n|---|---|---|")
    for name, row in lung_rows(data / "covid_cxr"):
        print(f"| {name} | {row} |", flush=True)
    print("\n| children | AUC of the extent | normal: clear | pneumonia: found | unknown |\n|---|---|---|---|---|")
    for name, row in opacity_rows(data / "cxr_npz" / "chest_xray_64.npz", options.films):
        print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
