"""A small network trained on real films, whose inner features are the space in which films are compared.

Inception features, the usual choice, come from colour photographs of dogs and cars. Ours come from chest
radiographs: the network tells normal from pneumonia. A diagnosis alone is one number, and blind to blur and to
anatomy, so it also has to recall the film's principal components and to say how much blur, grain and noise was
planted in it; a penalty on correlations keeps the 64 features from saying all the same. Pitfall: distances
depend on the weights, so compare only those computed with the same ones, beside their real-to-real floor.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import Films, labels_of, stack

SIZE = 64
"""Side of the square that the encoder looks at, in pixels."""
DIMENSIONS = 64
ANATOMY = 32
"""Principal components of the film that the encoder must be able to recall."""
DISTORTIONS = ("blur", "grain", "noise")


class FilmEncoder(nn.Module):
    """Six convolutions to a 64-number description, from which diagnosis, anatomy and distortion are read.

    Input (B, 1, 64, 64) in 0..1. ``describe`` gives (B, 64), standardised over real training films;
    ``forward`` gives the logit of pneumonia (B,).
    """

    def __init__(self, width: int = 24):
        super().__init__()
        stages = [(1, width, 2), (width, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2),
                  (4 * width, 4 * width, 1), (4 * width, 5 * width, 2)]  # fmt: skip
        self.body = nn.Sequential(*[_stage(*stage) for stage in stages])
        self.describe_raw = nn.Linear(5 * width, DIMENSIONS)
        self.diagnosis = nn.Linear(DIMENSIONS, 1)
        self.distortion = nn.Linear(DIMENSIONS, len(DISTORTIONS))
        self.anatomy = nn.Linear(DIMENSIONS, ANATOMY)
        self.register_buffer("mean", torch.zeros(DIMENSIONS))
        self.register_buffer("std", torch.ones(DIMENSIONS))

    def raw(self, films: Tensor) -> Tensor:
        """The feature vectors (B, 64) before standardising."""
        return self.describe_raw(self.body((films - 0.5) / 0.25).mean((2, 3)))

    def describe(self, films: Tensor) -> Tensor:
        """(B, 64): the features, with mean 0 and standard deviation 1 over the real training films."""
        return (self.raw(films) - self.mean) / self.std

    def forward(self, films: Tensor) -> Tensor:
        """The logit of pneumonia (B,)."""
        return self.diagnosis(F.relu(self.raw(films)))[:, 0]


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def features(films: Films, encoder: FilmEncoder | None = None) -> np.ndarray:
    """Encoder features, float32 (N, 64), of films of any size (resized to 64 with antialiasing).

    ``encoder`` None: the shipped one. Each column has mean 0 and standard deviation 1 over real training films.
    """
    return _in_batches((encoder or load_encoder()).describe, films)


def pneumonia_probability(films: Films, encoder: FilmEncoder | None = None) -> np.ndarray:
    """The encoder's probability of pneumonia, float32 (N,), with both classes weighted alike in training."""
    network = encoder or load_encoder()
    return _in_batches(lambda batch: torch.sigmoid(network(batch)), films)


def _in_batches(function, films: Films, batch: int = 256) -> np.ndarray:
    images = torch.from_numpy(stack(films, SIZE))[:, None]
    with torch.no_grad():
        return torch.cat([function(part) for part in images.split(batch)]).numpy()


@lru_cache(maxsize=4)
def load_encoder(name_or_path: str | Path = "film_encoder") -> FilmEncoder:
    """The encoder of these weights, ready to use. Raises WeightsError if they are missing or damaged."""
    tensors, config = weights.load(name_or_path)
    with torch.device("meta"):  # no random start: reading weights must not move anybody's random numbers
        encoder = FilmEncoder(config["width"])
    encoder.load_state_dict(tensors, assign=True)
    return encoder.eval()


def train_encoder(
    cases: Sequence[Case],
    path: str | Path = weights.FOLDER / "film_encoder.safetensors",
    *,
    epochs: int = 16,
    width: int = 24,
    seed: int = 0,
    progress: bool = True,
) -> dict:
    """Train on the real, labelled ``cases`` of split "train", save to ``path``, return the scores.

    Scores (also saved in the file): balanced accuracy and area under the ROC curve on the cases of split
    "test", and the CPU-seconds of training. Raises InputError unless both splits have both classes, and at least
    64 films train.
    """
    train, test = ([case for case in cases if case.split == split] for split in ("train", "test"))
    for name, part in (("train", train), ("test", test)):
        if not part or labels_of(part) is None or len(set(labels_of(part))) < 2:
            raise InputError(f"The {name} split lacks labelled films of both classes.", "Use chest_xray_64.npz.")
    if len(train) < 2 * ANATOMY:
        raise InputError(f"{len(train)} films to train the encoder on.", f"It needs at least {2 * ANATOMY}.")
    started = time.process_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = _fit(FilmEncoder(width), stack(train, SIZE), labels_of(train), epochs, progress)
    scores = {"cpu_seconds": round(time.process_time() - started), **diagnose(encoder, test)}
    state = {key: value for key, value in encoder.state_dict().items() if not key.endswith("num_batches_tracked")}
    weights.save(path, state, {"width": width, "seed": seed, "epochs": epochs, "films": len(train), "scores": scores})
    load_encoder.cache_clear()
    return scores


def diagnose(encoder: FilmEncoder, cases: Sequence[Case]) -> dict:
    """Balanced accuracy and area under the ROC curve of ``encoder`` on labelled ``cases``."""
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    truth, probability = labels_of(cases), pneumonia_probability(cases, encoder)
    accuracy = balanced_accuracy_score(truth, probability > 0.5)
    return {"balanced_accuracy": round(float(accuracy), 4), "auc": round(float(roc_auc_score(truth, probability)), 4)}


def _fit(encoder: FilmEncoder, images: np.ndarray, labels: np.ndarray, epochs: int, progress: bool) -> FilmEncoder:
    from tqdm.auto import trange

    films, truth = torch.from_numpy(images)[:, None], torch.from_numpy(labels).float()
    positive = (1 - truth.mean()) / truth.mean()  # pneumonia is three times as frequent: count both classes alike
    batch = min(64, len(films))
    steps = epochs * (len(films) // batch)
    optimiser = torch.optim.AdamW(encoder.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    axes = _principal_axes(films)
    encoder.train()
    for _ in trange(steps, desc="film encoder", disable=not progress):
        chosen = torch.randint(len(films), (batch,))
        loss = _loss(encoder, moved(films[chosen]), truth[chosen], positive, axes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return _standardise(encoder.eval(), images)


def _loss(encoder: FilmEncoder, films: Tensor, truth: Tensor, positive: Tensor, axes: tuple[Tensor, ...]) -> Tensor:
    """Diagnosis, planted distortion and anatomy, each to be read from the features of a distorted film."""
    shown, strengths = distorted(films)
    raw = encoder.raw(shown)
    hidden = F.relu(raw)
    mean, directions, spread = axes
    recalled = (films.flatten(1) - mean) @ directions.T / spread
    return (
        F.binary_cross_entropy_with_logits(encoder.diagnosis(hidden)[:, 0], truth, pos_weight=positive)
        + F.mse_loss(encoder.distortion(hidden), strengths)
        + F.mse_loss(encoder.anatomy(raw), recalled)
        + decorrelation_loss(raw)
    )


def decorrelation_loss(raw: Tensor) -> Tensor:
    """Penalty on features (B, D) that copy one another or die: covariances squared, and deviations below 1.

    Source: Bardes, Ponce, LeCun, "VICReg", ICLR 2022, eq. 1 to 4, with a covariance weight of 0.05.
    """
    centred = raw - raw.mean(0)
    covariance = centred.T @ centred / len(raw)
    variance = covariance.diag()
    off_diagonal = (covariance - torch.diag(variance)).square().sum() / raw.shape[1]
    return 0.05 * (off_diagonal + F.relu(1 - (variance + 1e-4).sqrt()).sum() * 20 / raw.shape[1])


def _principal_axes(films: Tensor, most: int = 2000) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (P,), directions (32, P) and standard deviations (32,) of the flattened films."""
    flat = films[:: max(1, len(films) // most)].flatten(1)
    _, singular, directions = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    return flat.mean(0), directions[:ANATOMY], (singular[:ANATOMY] / len(flat) ** 0.5).clamp_min(1e-6)


def _standardise(encoder: FilmEncoder, images: np.ndarray) -> FilmEncoder:
    raw = torch.from_numpy(_in_batches(encoder.raw, images))
    encoder.mean.copy_(raw.mean(0))
    encoder.std.copy_(raw.std(0).clamp_min(1e-6))
    return encoder


def moved(films: Tensor, most: float = 0.06) -> Tensor:
    """``films`` (B, 1, S, S), half of them shifted, scaled and tilted at random by up to ``most``; never flipped.

    Moving interpolates, which blurs a little: the other half stays, so that sharp films are known as sharp.
    """
    jitter = (torch.rand(len(films), 2, 3) * 2 - 1) * most * (torch.rand(len(films), 1, 1) < 0.5)
    identity = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    grid = F.affine_grid(identity + jitter, list(films.shape), align_corners=False)
    return F.grid_sample(films, grid, padding_mode="border", align_corners=False)


def distorted(films: Tensor) -> tuple[Tensor, Tensor]:
    """``films`` (B, 1, S, S) with random blur, grain and noise, and the strengths (B, 3) planted.

    Each distortion is absent in two films of three; strength 1 is a Gaussian blur of 1.5 pixels, a checkerboard
    of +-0.05, white noise of standard deviation 0.05.
    """
    batch, side = len(films), films.shape[-1]
    strengths = torch.rand(batch, 3) * (torch.rand(batch, 3) < 1 / 3)
    blur, grain, noise = (strengths[:, i, None, None, None] for i in range(3))
    films = films + blur * (blurred(films, 1.5) - films)
    ticks = torch.arange(side)
    board = ((ticks[:, None] + ticks) % 2 * 2 - 1).float()
    films = films + 0.05 * (grain * board + noise * torch.randn_like(films))
    return films.clamp(0, 1), strengths


def blurred(films: Tensor, sigma: float) -> Tensor:
    """``films`` (..., H, W) after a Gaussian blur of ``sigma`` pixels, borders mirrored.

    As two matrix products, which for small films are ten times faster than convolutions on a CPU.
    """
    down, across = (_blur_matrix(side, sigma) for side in films.shape[-2:])
    return down @ films @ across.T


@lru_cache(maxsize=32)
def _blur_matrix(side: int, sigma: float) -> Tensor:
    from scipy.ndimage import gaussian_filter1d

    return torch.from_numpy(gaussian_filter1d(np.eye(side, dtype=np.float32), sigma, axis=0))
