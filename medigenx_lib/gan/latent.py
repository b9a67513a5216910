"""Walking in the latent space of a trained generator: between films, between classes, towards a film, along a finding.

A latent is a point z of D independent standard normal numbers. Nearly all such points lie near a sphere of radius
sqrt(D), so paths between them follow the sphere (Shoemake, SIGGRAPH 1985; White, "Sampling generative networks", 2016).
Lessons 05 and 07. Every film made here is synthetic, also one that was fitted to a real film.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import trange

from medigenx_lib import settings
from medigenx_lib.errors import InputError
from medigenx_lib.gan import sampling
from medigenx_lib.gan.sampling import SHIPPED, Trained

STARTS = 8  # latents that a projection tries side by side: one alone gets stuck
PRIOR = 1e-4  # weight of staying where latents usually are, against the squared pixel error
RATE = 0.1
FOLDS = 5


def draw(count: int, seed: int = 0, checkpoint: str | Path = SHIPPED) -> np.ndarray:
    """``count`` latents, float32 (count, D), standard normal times the recipe's scale: those of ``sampling.sample``."""
    return sampling.latents(sampling.load(checkpoint).recipe, seed, range(count)).numpy()


def films(latents: np.ndarray, labels: float | Sequence[float], checkpoint: str | Path = SHIPPED) -> np.ndarray:
    """Films float32 (n, S, S) 0..1 of latents (n, D). ``labels``: one or n numbers, 0 normal to 1 pneumonia.

    Between 0 and 1 the two class embeddings are mixed. Raises InputError for latents of another length, or labels of
    another number.
    """
    trained = sampling.load(checkpoint)
    latent = torch.from_numpy(np.array(latents, np.float32, ndmin=2))
    if latent.shape[1] != trained.recipe.latent:
        raise InputError(f"Latents of length {latent.shape[1]}.", f"{trained.name} takes {trained.recipe.latent}.")
    shares = np.asarray(labels, np.float32)
    if shares.shape not in ((), (1,), (len(latent),)):
        raise InputError(f"Labels of shape {shares.shape} for {len(latent)} latents.", "Give one number, or one each.")
    shares = torch.as_tensor(np.broadcast_to(shares, len(latent)).copy())
    with settings.one_thread():
        return sampling.films(trained.network, latent, shares)[:, 0].numpy()


def slerp(first: np.ndarray, second: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Points (n, D) on the great circle from ``first`` (D,) at share 0 to ``second`` (D,) at 1; norms go over evenly.

    On the straight line the norm would dip to 0.7 of its length half way, where a generator has seen no latents.
    Source: Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
    """
    share = np.asarray(shares, np.float64)[:, None]
    if not (np.any(first) and np.any(second)):
        return ((1 - share) * first + share * second).astype(np.float32)  # the origin lies in no direction
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    angle = np.arccos(np.clip(first @ second / (lengths[0] * lengths[1]), -1, 1))
    if np.sin(angle) < 1e-6:  # the same direction, or opposite ones, between which no circle is the shortest
        return ((1 - share) * first + share * second).astype(np.float32)
    points = (np.sin((1 - share) * angle) * first / lengths[0] + np.sin(share * angle) * second / lengths[1]) / np.sin(
        angle
    )
    return (points * ((1 - share) * lengths[0] + share * lengths[1])).astype(np.float32)


def interpolate(
    first: np.ndarray, second: np.ndarray, steps: int = 8, label: float = 0, checkpoint: str | Path = SHIPPED
) -> np.ndarray:
    """Films (steps, S, S) from latent ``first`` (D,) to ``second`` (D,) along the sphere, at one label."""
    return films(slerp(first, second, np.linspace(0, 1, steps)), label, checkpoint)


def class_traversal(latent: np.ndarray, steps: int = 8, checkpoint: str | Path = SHIPPED) -> np.ndarray:
    """Films (steps, S, S) of one latent (D,) from normal to pneumonia: one anatomy, as far as z holds it."""
    return films(np.repeat(latent[None], steps, 0), np.linspace(0, 1, steps), checkpoint)


@dataclass(frozen=True, eq=False)
class Projection:
    """The nearest film of a generator that was found for a target.

    ``latent`` (D,); ``label`` 0..1; ``film`` (S, S) 0..1; ``error``: root mean squared difference of the pixels in
    units of the full grey range; ``history`` (steps,): the best error at each step.
    """

    latent: np.ndarray
    label: float
    film: np.ndarray
    error: float
    history: np.ndarray


def project(
    film: np.ndarray,
    label: float | None = None,
    steps: int = 300,
    checkpoint: str | Path = SHIPPED,
    seed: int = 0,
    progress: bool = True,
) -> Projection:
    """Search the latent (and, with ``label`` None, the mixture of classes) whose film is nearest to ``film`` (S, S).

    Gradient descent from ``STARTS`` random latents; a weak prior keeps them near the sphere. What remains as error is
    what the generator cannot show: rare anatomy, devices, letters. About 15 CPU-seconds at 64x64 and 300 steps. Raises
    InputError unless the film is (S, S), 0..1, and there is a step. Source: Zhu et al., "Generative visual
    manipulation", ECCV 2016.
    """
    if steps < 1:
        raise InputError(f"A search of {steps} steps.", "Give at least one.")
    trained = sampling.load(checkpoint)
    target = _target(film, trained)
    latents = sampling.latents(trained.recipe, seed, range(STARTS))
    with settings.one_thread(), trange(steps, desc="projecting", disable=not progress) as bar:
        found, share, history = _descend(trained, target, latents, label, bar)
    nearest = films(found[None], share, checkpoint)[0]
    error = float(np.sqrt(np.mean((nearest - np.asarray(film, np.float32)) ** 2)))
    return Projection(found, share, nearest, error, np.array(history))


def _descend(trained: Trained, target: Tensor, latent: Tensor, label: float | None, bar) -> tuple:
    """The best latent (D,), its label, and the error of the best so far at each step of ``bar``."""
    latent.requires_grad_()
    logit = torch.zeros(len(latent), requires_grad=True)
    adam = torch.optim.Adam([latent, logit], RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(1, bar.total))
    history, best = [], (np.inf, latent[0], logit[0])
    for _ in bar:
        shares = torch.sigmoid(logit) if label is None else torch.full((len(latent),), float(label))
        errors = _squared_errors(trained, latent, shares, target)
        lowest = int(errors.argmin())
        if errors[lowest] < best[0]:
            best = errors[lowest].item(), latent[lowest].detach().clone(), shares[lowest].detach().clone()
        history.append(best[0] ** 0.5)
        bar.set_postfix(error=f"{history[-1]:.4f}", refresh=False)
        adam.zero_grad()
        (errors.sum() + PRIOR * (latent.square().mean(1) - 1).square().sum()).backward()
        adam.step()
        schedule.step()
    return best[1].numpy(), float(best[2]), history


def _target(film: np.ndarray, trained: Trained) -> Tensor:
    side = trained.recipe.size
    film = np.asarray(film, np.float32)
    if film.shape != (side, side) or not (film.min() >= 0 and film.max() <= 1):
        what = f"The film is {film.shape}, or has values outside 0..1."
        raise InputError(what, f"{trained.name} makes {side}x{side}: resize it with preprocessing.resize.")
    return torch.from_numpy(film)


def _squared_errors(trained: Trained, latent: Tensor, shares: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (n,) of the films and the target, both 0..1."""
    made = trained.recipe.unscaled(trained.network(latent, shares)[:, 0])
    return F.mse_loss(made, target.expand_as(made), reduction="none").mean((1, 2))


@dataclass(frozen=True, eq=False)
class Direction:
    """A unit vector (D,) along which a measured number grows, and how well it does.

    ``slope``: growth of the number for one unit of the way; ``correlation``: of the number with the place along the
    vector, for latents that the vector was not fitted on. Near 0: there is no such direction, or too few films.
    """

    vector: np.ndarray
    slope: float
    correlation: float

    def move(self, latents: np.ndarray, distance: float | np.ndarray) -> np.ndarray:
        """Latents (n, D) moved by ``distance`` (one number or (n,)) along the vector, at their old norms."""
        latents = np.atleast_2d(latents)
        moved = latents + np.broadcast_to(distance, len(latents))[:, None] * self.vector
        norms = np.linalg.norm(latents, axis=1, keepdims=True) / np.linalg.norm(moved, axis=1, keepdims=True)
        return (moved * norms).astype(np.float32)


def direction(latents: np.ndarray, values: Sequence[float]) -> Direction:
    """The direction in which ``values`` (n,), measured on the films of ``latents`` (n, D), grow.

    Ridge regression; its strength is chosen, and its correlation measured, by cross-validation. Use films of one label,
    or the direction will be that of the class. Raises InputError for fewer than 4 D films or values that do not vary.
    Source: linear directions as in Shen et al., "InterFaceGAN", TPAMI 2020, for a number instead of a class.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict

    latents, values = np.asarray(latents, np.float64), np.asarray(values, np.float64)
    if latents.ndim != 2 or len(latents) != len(values) or len(latents) < 4 * latents.shape[1]:
        raise InputError(f"{len(values)} values for latents {latents.shape}.", "Measure at least 4 films a dimension.")
    if not (np.isfinite(values).all() and values.std() > 0):
        raise InputError("The values are not finite, or all the same.", "Leave out films that were not measured.")
    ridge = RidgeCV(np.logspace(-1, 4, 11))
    predicted = cross_val_predict(ridge, latents, values, cv=KFold(FOLDS, shuffle=True, random_state=0))
    weights = ridge.fit(latents, values).coef_
    length = float(np.linalg.norm(weights))
    return Direction(weights / max(length, 1e-12), length, float(np.corrcoef(predicted, values)[0, 1]))
