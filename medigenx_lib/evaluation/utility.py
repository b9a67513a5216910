"""Is a generated film good for anything? Train on it, test on real films.

The one score that needs no feature space of ours: a classifier trained on generated films alone must tell real
normal from real pneumonia. Source: Ravuri and Vinyals, "Classification Accuracy Score", NeurIPS 2019. Always beside
as many real films, and beside real films simply shown twice, the control that often wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import labels_of, stack

SIZE = 32
"""Side of the films that the classifier sees, in pixels."""
BATCH = 32


def usefulness(
    real_train: Sequence[Case],
    real_test: Sequence[Case],
    generated: Sequence[Case],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = 300,
) -> pd.DataFrame:
    """Balanced accuracy and area under the ROC curve on real films, for each kind of training set.

    All cases labelled, all sets of both classes. Rows (one for each set and seed): ``real`` (as many as generated,
    same mix), ``generated``, ``real + generated``, ``real twice``. Every film is shown equally often: a set of twice
    as many films gets twice the ``steps``, or showing the real films twice would change nothing.
    """
    rows = []
    for seed in seeds:
        real = _as_many(real_train, labels_of(generated), np.random.default_rng(seed))
        sets = {"real": real, "generated": generated, "real + generated": [*real, *generated], "real twice": real * 2}
        for name, films in sets.items():
            shown = round(steps * len(films) / len(generated))
            rows.append({"trained on": name, "seed": seed, "films": len(films), **trial(films, real_test, seed, shown)})
    return pd.DataFrame(rows)


def trial(train: Sequence[Case], test: Sequence[Case], seed: int = 0, steps: int = 300) -> Mapping[str, float]:
    """Train a small network on ``train`` and score it on ``test``: balanced accuracy and AUC, each 0..1.

    Raises InputError unless both hold labelled films of both classes.
    """
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    for name, films in (("training", train), ("test", test)):
        if len(films) == 0 or labels_of(films) is None or len(set(labels_of(films))) < 2:
            raise InputError(f"The {name} films are not labelled with both classes.", "Give films of both.")
    network = _fit(_as_tensor(train), torch.from_numpy(labels_of(train)).float(), seed, steps)
    with torch.no_grad():
        logits = network(_as_tensor(test))[:, 0].numpy()
    accuracy = balanced_accuracy_score(labels_of(test), logits > 0)
    return {"balanced_accuracy": float(accuracy), "auc": float(roc_auc_score(labels_of(test), logits))}


def _as_many(films: Sequence[Case], like: np.ndarray | None, rng: np.random.Generator) -> list[Case]:
    """As many of each class, drawn without replacement, as ``like`` has labels (fewer if there are fewer)."""
    if like is None:
        raise InputError("The generated films have no labels.", "Generate them class by class.")
    kinds = [[film for film in films if film.label == label] for label in (0, 1)]
    return [
        kind[i] for label, kind in enumerate(kinds) for i in rng.permutation(len(kind))[: int((like == label).sum())]
    ]


def _as_tensor(films: Sequence[Case]) -> torch.Tensor:
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
