"""The plainest feature space: the last layer of a small classifier that tells real normal from real pneumonia."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import trange

from medigenx_lib import weights
from medigenx_lib.cases import Case
from medigenx_lib.evaluation.films import Films, labels_of, stack

SIZE = 32
DIMENSIONS = 64
STEPS = 800
BATCH = 64


@dataclass(frozen=True, eq=False)
class Classifier:
    """The network, the mean and deviation of its features over real training films, its scores, its file's checksum."""

    network: nn.Sequential
    mean: Tensor
    std: Tensor
    scores: dict
    sha256: str

    def features(self, films: Films) -> np.ndarray:
        """(N, 64): what the logit is read from, each with mean 0 and deviation 1 over the real training films."""
        return ((_hidden(self.network, films) - self.mean) / self.std).numpy()


def train_classifier(train: Sequence[Case], test: Sequence[Case], path: Path) -> Classifier:
    """Train on real films, or read what was trained before from ``path``."""
    if not path.is_file():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = _fit(torch.from_numpy(stack(train, SIZE))[:, None], torch.from_numpy(labels_of(train)).float())
        hidden = _hidden(network, train)
        extra = {"mean": hidden.mean(0), "std": hidden.std(0).clamp_min(1e-6)}
        weights.save(path, {**network.state_dict(), **extra}, {"scores": _scores(network, test)})
    tensors, config = weights.load(path)
    digest = weights.digest(tensors)
    mean, std = tensors.pop("mean"), tensors.pop("std")
    network = _network()
    network.load_state_dict(tensors)
    print(f"classifier of real films: {config['scores']}", flush=True)
    return Classifier(network.eval(), mean, std, config["scores"], digest)


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs, stride in ((1, 24, 2), (24, 48, 2), (48, 64, 1), (64, DIMENSIONS, 2)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(DIMENSIONS, 1))


def _fit(films: Tensor, labels: Tensor) -> nn.Sequential:
    network = _network()
    weight = (1 - labels.mean()) / labels.mean()
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=STEPS)
    for _ in trange(STEPS, desc="classifier"):
        chosen = torch.randint(len(films), (BATCH,))
        shown = F.pad(films[chosen], (2, 2, 2, 2), mode="replicate")
        down, across = torch.randint(5, (2,)).tolist()
        logits = network((shown[:, :, down : down + SIZE, across : across + SIZE] - 0.5) / 0.25)[:, 0]
        optimiser.zero_grad()
        F.binary_cross_entropy_with_logits(logits, labels[chosen], pos_weight=weight).backward()
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def _hidden(network: nn.Sequential, films: Films) -> Tensor:
    images = torch.from_numpy((stack(films, SIZE) - 0.5) / 0.25)[:, None]
    return torch.cat([network[:-1](part) for part in images.split(256)])


def _scores(network: nn.Sequential, test: Sequence[Case]) -> dict:
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    logits, truth = network[-1](_hidden(network, test)).detach().numpy()[:, 0], labels_of(test)
    accuracy, auc = balanced_accuracy_score(truth, logits > 0), roc_auc_score(truth, logits)
    return {"balanced_accuracy": round(float(accuracy), 4), "auc": round(float(auc), 4)}
