"""A pneumonia classifier that has seen phantoms alone, on real films, beside the best trivial sign.

    python benchmarks/phantom_classifier.py [--weights lung_unet] [--seeds 3]

``evaluation.transfer``: the opaque share of the chest that the lung U-Net sees on coarse films; the same with one part
changed at a time; and the plain classifier of ``evaluation.utility`` trained on 3,000 phantoms of all presets
(mean logit of the seeds' networks). Reported are validation and test films; the sides were chosen on 400 training films
of each collection, and no network has seen a real film or label. Trivial signs are single numbers of a film; which is
the best, and its direction, is found on the training films. AUC with 90 % bootstrap intervals over films.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lung_dice import interval
from sklearn.metrics import roc_auc_score

from medigenx_lib import datasets, phantom, settings
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import transfer, utility
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.evaluation.images import real_sets
from medigenx_lib.segmentation import LungUNet, load_network

LESSONS = range(transfer.FIRST_SEED + 10_000, transfer.FIRST_SEED + 11_000)
"""Seeds of the plain classifier's training phantoms, in each preset."""
SOURCES = (Path("pneumoniamnist") / "pneumoniamnist.npz", Path("cxr_npz") / "chest_xray_64.npz")
ADULTS = "covid_cxr"  # all of them ill
SIGNS = {
    "mean": lambda films: films.mean((1, 2)),
    "standard deviation": lambda films: films.std((1, 2)),
    "darkest tenth": lambda films: np.quantile(films.reshape(len(films), -1), 0.1, 1),
    "brightest tenth": lambda films: np.quantile(films.reshape(len(films), -1), 0.9, 1),
    "middle against border": lambda films: films[:, 8:24, 8:24].mean((1, 2)) - films.mean((1, 2)),
}
SIDES = (*transfer.SIDES, 96)  # 96: as the network sees films otherwise

Films = dict[str, list[Case]]


def main() -> None:
    """Print the table, a row for each way, and how the threshold that phantoms set does on real films."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="lung_unet")
    parser.add_argument("--seeds", type=int, default=3, help="of the plain classifier")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sets = {source.stem: real_sets(datasets.load(settings.real_data_dir() / source, 64)) for source in SOURCES}
    films = {name: held_out for name, (_, held_out) in sets.items()}
    print(f"| AUC | {' | '.join(f'{name}, {len(some)} films' for name, some in films.items())} |")
    print("|---" * (1 + len(films)) + "|")
    network = load_network(options.weights)
    shares = _shares([case for some in films.values() for case in some], films, network)
    _row("plain classifier trained on phantoms", films, _plain(films, options.seeds))
    print(f"| best trivial sign | {' | '.join(best_sign(*both) for both in sets.values())} |")
    _threshold(films, shares, network)


def _shares(cases: list[Case], films: Films, network: LungUNet) -> np.ndarray:
    """The rows of the opaque share: at all sides, at each, and on films that are not cut. Returns the first's (N,)."""
    chests = transfer.chests(cases, network=network)
    found = {side: transfer.opaque_share(chests, (side,), network) for side in SIDES}
    shares = np.mean([found[side] for side in transfer.SIDES], 0)
    _row("phantoms alone", films, shares)
    for side in SIDES:
        _row(f"{side} pixels", films, found[side])
    whole = transfer.chests(cases, lung_box=False, network=network)
    _row("whole films instead of the lungs' box", films, transfer.opaque_share(whole, network=network))
    return shares


def _plain(films: Films, seeds: int) -> np.ndarray:
    """Mean logits (N,) of the classifier of ``evaluation.utility`` over seeds."""
    lessons = [case for preset in phantom.TAUGHT for case in phantom.cases(LESSONS, 64, preset)]
    together = [case for some in films.values() for case in some]
    return np.mean([utility.predict(lessons, together, seed, 900) for seed in range(seeds)], 0)


def _row(name: str, films: Films, values: np.ndarray) -> None:
    """A line of the table: AUC in each collection of ``values``, one for each film, in order."""
    parts = np.split(values, np.cumsum([len(some) for some in films.values()])[:-1])
    cells = [_area(labels_of(some), part) for some, part in zip(films.values(), parts, strict=True)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _threshold(films: Films, shares: np.ndarray, network: LungUNet) -> None:
    """Print which share of ill and of healthy films is called right at a probability of .5, which phantoms set."""
    classifier = transfer.fit(network=network)
    folder = settings.real_data_dir() / ADULTS / "images"
    films_of_adults = transfer.chests([datasets.read_film(path) for path in sorted(folder.iterdir())], network=network)
    adults = classifier.probability(transfer.opaque_share(films_of_adults, network=network))
    print(f"{ADULTS}: of {len(adults)} ill films called ill {np.mean(adults > 0.5):.3f}")
    parts = np.split(classifier.probability(shares) > 0.5, np.cumsum([len(some) for some in films.values()])[:-1])
    for (name, some), called in zip(films.items(), parts, strict=True):
        ill = labels_of(some) == 1
        print(f"{name}: of {ill.sum()} ill films called ill {np.mean(called[ill]):.3f}, "
              f"of {np.sum(~ill)} healthy ones healthy {np.mean(~called[~ill]):.3f}")  # fmt: skip


def best_sign(train: Sequence[Case], held_out: Sequence[Case]) -> str:
    """AUC with its interval, and the name, of the sign that tells the classes of the training films best."""
    films, labels = stack(train, utility.SIZE), labels_of(train)
    areas = {name: roc_auc_score(labels, sign(films)) - 0.5 for name, sign in SIGNS.items()}
    name = max(areas, key=lambda sign: abs(areas[sign]))
    values = np.sign(areas[name]) * SIGNS[name](stack(held_out, utility.SIZE))
    return f"{_area(labels_of(held_out), values)} {'minus ' if areas[name] < 0 else ''}{name}"


def _area(labels: np.ndarray, values: np.ndarray) -> str:
    return interval(np.stack([labels, values], 1), lambda drawn: roc_auc_score(drawn[:, 0], drawn[:, 1]))


if __name__ == "__main__":
    main()
