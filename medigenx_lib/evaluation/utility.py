"""Is a generated film good for anything? Train on it, test on real films.

The one score that needs no feature space of ours: a classifier trained on generated films alone must tell real
normal from real pneumonia. Source: Ravuri and Vinyals, "Classification Accuracy Score", NeurIPS 2019. Always beside
as many real films, and beside real films simply shown twice, the control that often wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import Films, labels_of, stack

SIZE = 32
"""Side of the films that the classifier sees, in pixels."""
BATCH = 32
BINS = 10  # of predicted probability, for the calibration error

Maker = Callable[[list[Case], int], Sequence[Case]]
"""(real films, seed) -> labelled films to add to them, of both classes; a generator that learns from those films
alone, or one that needs none."""


def usefulness(
    real_train: Sequence[Case],
    real_test: Sequence[Case],
    generated: Sequence[Case],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = 300,
    progress: bool = True,
) -> pd.DataFrame:
    """Balanced accuracy and area under the ROC curve on real films, for each kind of training set.

    All cases labelled, all sets of both classes. Rows (one for each set and seed): ``real`` (of each class as many as
    generated, or all there are: see the column films), ``generated``, ``real + generated``, ``real twice``. Every film
    is shown equally often: a set of twice as many films gets twice the ``steps``, or showing the real films twice would
    change nothing.
    """
    rows = []
    for seed in tqdm(seeds, "training classifiers", unit="seed", delay=2, disable=not progress):
        real = _as_many(real_train, labels_of(generated), np.random.default_rng(seed))
        sets = {"real": real, "generated": generated, "real + generated": [*real, *generated], "real twice": real * 2}
        for name, films in sets.items():
            shown = round(steps * len(films) / len(generated))
            rows.append({"trained on": name, "seed": seed, "films": len(films), **trial(films, real_test, seed, shown)})
    return pd.DataFrame(rows)


def learning_curve(
    real_train: Sequence[Case],
    real_test: Sequence[Case],
    makers: Mapping[str, Maker],
    count: int,
    seed: int = 0,
    *,
    steps: int = 300,
) -> pd.DataFrame:
    """What adding films does to a classifier that has ``count`` real films a class: scores on ``real_test``.

    Rows: ``real``; ``real twice``; for each maker ``real + NAME``, ``NAME alone``, and ``real, tested on NAME``; and
    ``real + NAME + NAME`` where there are two makers or more. In each sum half of what is shown is real, so that
    all but the films alone show the real ones equally often: a sum takes twice the ``steps`` of ``real``, and so does
    ``real twice``, the control that shows what the further steps do by themselves. The columns are those of
    :func:`trial` and trained on, films, seed.
    Raises InputError if there are fewer than ``count`` real films of a class, or a maker makes none.
    """
    real = _some(real_train, count, np.random.default_rng([seed, count]))
    made = {name: list(maker(real, seed)) for name, maker in makers.items()}
    if idle := [name for name, films in made.items() if not films]:
        raise InputError(f"No films were made by: {', '.join(idle)}.", "A maker must give films of both classes.")
    sets = {"real": (real, steps), "real twice": (real, 2 * steps)}
    for name, films in made.items():
        sets |= {f"real + {name}": (_balanced(real, films), 2 * steps), f"{name} alone": (films, 2 * steps)}
    if len(made) > 1:
        sets["real + " + " + ".join(made)] = _balanced(real, *made.values()), 2 * steps
    found = {name: trial(films, real_test, seed, shown) for name, (films, shown) in sets.items()}
    found |= {f"real, tested on {name}": trial(real, films, seed, steps) for name, films in made.items()}
    return pd.DataFrame([{"trained on": name, "films": count, "seed": seed, **row} for name, row in found.items()])


def _some(films: Sequence[Case], count: int, rng: np.random.Generator) -> list[Case]:
    """``count`` films of each class, without replacement, normal and pneumonia in turn."""
    kinds = [[film for film in films if film.label == label] for label in (0, 1)]
    if min(map(len, kinds)) < count:
        counts = " and ".join(str(len(kind)) for kind in kinds)
        raise InputError(f"{count} films of each class were asked for; there are {counts}.", "Ask for fewer.")
    orders = [rng.permutation(len(kind))[:count] for kind in kinds]
    return [kind[i] for pair in zip(*orders, strict=True) for kind, i in zip(kinds, pair, strict=True)]


def _balanced(real: list[Case], *made: list[Case]) -> list[Case]:
    """Half real, half made in equal parts from each list; whatever is short is repeated, nothing is left out."""
    half = max(len(real), len(made) * max(map(len, made)))
    return [
        *(real[i % len(real)] for i in range(half)),
        *(films[i % len(films)] for films in made for i in range(half // len(made))),
    ]


def trial(train: Sequence[Case], test: Sequence[Case], seed: int = 0, steps: int = 300) -> Mapping[str, float]:
    """Train a small network on ``train`` and score it on ``test``: balanced accuracy and AUC, each 0..1.

    ``calibration_error`` and ``brier`` (both 0 at best) say whether its probabilities can be believed, each class
    weighing a half, as in training. Raises InputError unless both hold labelled films of both classes.
    """
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    for name, films in (("training", train), ("test", test)):
        if len(films) == 0 or labels_of(films) is None or len(set(labels_of(films))) < 2:
            raise InputError(f"The {name} films are not labelled with both classes.", "Give films of both.")
    logits = predict(train, test, seed, steps)
    truth, probability = labels_of(test), 1 / (1 + np.exp(-logits.astype(np.float64)))
    found = {
        "balanced_accuracy": balanced_accuracy_score(truth, logits > 0),
        "auc": roc_auc_score(truth, logits),
        "calibration_error": calibration_error(truth, probability),
        "brier": np.average((probability - truth) ** 2, weights=_class_weights(truth)),
    }
    return {name: float(value) for name, value in found.items()}


def predict(train: Sequence[Case], films: Films, seed: int = 0, steps: int = 300) -> np.ndarray:
    """Logits (N,) of pneumonia that a small network trained on the labelled ``train`` gives ``films``."""
    network = _fit(_as_tensor(train), torch.from_numpy(labels_of(train)).float(), seed, steps)
    with torch.no_grad():
        return network(_as_tensor(films))[:, 0].numpy()


def calibration_error(truth: np.ndarray, probability: np.ndarray) -> float:
    """Expected calibration error, 0 at best: how far the predicted probabilities (N,) lie from what was the case.

    The mean over bins of probability of |mean prediction - share of pneumonia|; each class of ``truth`` (N,), 0 or 1,
    weighs a half. Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    weights = _class_weights(truth)
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights * (probability - truth), BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def _class_weights(truth: np.ndarray) -> np.ndarray:
    return np.where(truth == 1, 1 / max(1, (truth == 1).sum()), 1 / max(1, (truth == 0).sum()))


def _as_many(films: Sequence[Case], like: np.ndarray | None, rng: np.random.Generator) -> list[Case]:
    """As many of each class, drawn without replacement, as ``like`` has labels (fewer if there are fewer)."""
    if like is None:
        raise InputError("The generated films have no labels.", "Generate them class by class.")
    kinds = [[film for film in films if film.label == label] for label in (0, 1)]
    return [
        kind[i] for label, kind in enumerate(kinds) for i in rng.permutation(len(kind))[: int((like == label).sum())]
    ]


def _as_tensor(films: Films) -> torch.Tensor:
    return torch.from_numpy((stack(films, SIZE) - 0.5) / 0.25)[:, None]


def _fit(images: torch.Tensor, labels: torch.Tensor, seed: int, steps: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network()
        weight = (1 - labels.mean()) / labels.mean()
        optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
        for _ in range(steps):
            chosen = torch.randint(len(images), (min(BATCH, len(images)),))
            shown = F.pad(images[chosen], (2, 2, 2, 2), mode="replicate")
            down, across = torch.randint(5, (2,)).tolist()
            logits = network(shown[:, :, down : down + SIZE, across : across + SIZE])[:, 0]
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(logits, labels[chosen], pos_weight=weight).backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def _network(width: int = 16) -> nn.Module:
    """Three convolutions of stride 2, mean over the film, one logit."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 1))
