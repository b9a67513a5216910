"""Flow matching: the small rival of lesson 07, trained on the same films, in the same order and by the same budget.

It is no GAN. It stands in this room because it shares its batches, budgets, clocks and seeds, and so is compared with
nothing else changed. There is one network and no game: on the straight line from noise x0 to a film x1, at time t, it
learns the velocity x1 - x0 from x_t = (1 - t) x0 + t x1; a film is made by following that velocity from noise, in
many small steps, where a generator needs one.
Source: Lipman et al., "Flow matching for generative modeling"; Liu et al., "Flow straight and fast"; both ICLR 2023.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm, trange

from medigenx_lib import settings, weights
from medigenx_lib.errors import InputError, TrainingError, WeightsError
from medigenx_lib.gan.recipes import CLASSES
from medigenx_lib.gan.state import rng
from medigenx_lib.gan.steps import cosine, ema_decay
from medigenx_lib.gan.training import BAR, CHECK_EVERY, Budget, Clock, check_films, drawn, flushing_denormals

UNKNOWN = CLASSES  # the label that stands for "not told": guidance needs a network that knows both
DROPPED = 0.1  # share of labels that are not told in training
GROUPS = 8  # of the group normalisation; widths are multiples of it
STEPS = 24  # of the sampler
WARM_UP = 50  # steps until the learning rate is full
BATCH = 64  # films made at a time


@dataclass(frozen=True)
class FlowRecipe:
    """What is trained: ``size`` of the films, ``width`` of the U-Net, ``batch``, learning rate, average, ``seed``.

    Size, which the U-Net halves three times, and width, which it norms in groups, are multiples of 8.
    """

    size: int = 64
    width: int = 32
    batch: int = 32
    lr: float = 2e-3
    lr_end: float = 0.02
    ema: float = 0.999
    seed: int = 0


class Block(nn.Module):
    """Two 3x3 convolutions around a shift and scale by the condition: (B, C, H, W) and (B, E) to (B, D, H, W)."""

    def __init__(self, inputs: int, outputs: int, condition: int):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.film = nn.Linear(condition, 2 * outputs)
        self.norm = nn.GroupNorm(GROUPS, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.second.weight)  # starts as the identity

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """The sum of the input and what the convolutions add to it."""
        shift, scale = self.film(condition)[:, :, None, None].chunk(2, 1)
        inner = self.norm(self.first(x)) * (1 + scale) + shift
        return self.skip(x) + self.second(F.silu(inner))


class VelocityUNet(nn.Module):
    """Noisy films (B, 1, S, S), times (B,) 0..1 and labels (B,) 0, 1 or ``UNKNOWN`` to velocities (B, 1, S, S).

    Works on 2x2 pixels as four channels, at S/2, S/4 and S/8: full resolution is what costs.
    """

    def __init__(self, width: int):
        super().__init__()
        w, condition = width, 2 * width
        self.time = nn.Sequential(
            nn.Linear(2 * len(_FREQUENCIES), condition), nn.SiLU(), nn.Linear(condition, condition)
        )
        self.label = nn.Embedding(CLASSES + 1, condition)
        self.stem = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, w, 3, padding=1))
        self.down = nn.ModuleList([Block(w, w, condition), Block(w, 2 * w, condition)])
        self.middle = nn.ModuleList([Block(2 * w, 2 * w, condition), Block(2 * w, 2 * w, condition)])
        self.up = nn.ModuleList([Block(4 * w, 2 * w, condition), Block(3 * w, w, condition)])
        self.out = nn.Sequential(nn.GroupNorm(GROUPS, w), nn.SiLU(), nn.Conv2d(w, 4, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, films: Tensor, times: Tensor, labels: Tensor) -> Tensor:
        """The velocity at each pixel."""
        angles = times[:, None] * torch.tensor(_FREQUENCIES, device=times.device)
        condition = self.time(torch.cat([angles.sin(), angles.cos()], 1)) + self.label(labels)
        x, kept = self.stem(films.contiguous(memory_format=torch.channels_last)), []
        for block in self.down:
            x = block(x, condition)
            kept.append(x)
            x = F.avg_pool2d(x, 2)
        for block in self.middle:
            x = block(x, condition)
        for block in self.up:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = block(torch.cat([x, kept.pop()], 1), condition)
        return self.out(x)


_FREQUENCIES = tuple(float(f) for f in np.geomspace(1, 100, 16))


@dataclass(frozen=True, eq=False)
class Flow:
    """A trained flow: the averaged network, its recipe, and the figures of its training."""

    network: nn.Module
    recipe: FlowRecipe
    figures: dict


@dataclass
class _Counters:
    """What ``training.drawn``, ``Budget`` and ``Clock`` count."""

    recipe: FlowRecipe
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def train_flow(
    films: np.ndarray,
    labels: np.ndarray,
    minutes: float | None = None,
    images: int | None = None,
    cpu_seconds: float | None = None,
    recipe: FlowRecipe | None = None,
    device: str | None = None,
    progress: bool = True,
) -> Flow:
    """Train on films (N, S, S), uint8 or float 0..1, and labels (N,), 0 normal, 1 pneumonia, for the given budget.

    The budget is the GAN's: minutes, images seen, or CPU-seconds. Raises InputError for films, labels or budget that do
    not fit, TrainingError if the loss is not finite.
    """
    budget, device = Budget(minutes, images, cpu_seconds), settings.usable(device or settings.device())
    recipe = recipe or FlowRecipe(size=np.shape(films)[-1])
    pixels, targets = (values.to(device) for values in check_films(films, labels, recipe.size))
    network, counters = _build(recipe).to(device), _Counters(recipe)
    average = copy.deepcopy(network).requires_grad_(False)
    with tqdm(total=100.0, unit="%", disable=not progress, bar_format=BAR) as bar, flushing_denormals():
        loss = _fit(network, average, pixels, targets, budget, counters, bar)
        bar.n = bar.total  # else a notebook paints the bar red, as it does after an error
    counted = {name: getattr(counters, name) for name in ("images", "seconds", "cpu_seconds")}
    return Flow(average.eval().cpu(), recipe, {**counted, "loss": loss})


def _fit(network, average, films: Tensor, labels: Tensor, budget: Budget, counters: _Counters, bar: tqdm) -> float:
    """Steps until the budget is spent; the last loss."""
    recipe = counters.recipe
    adam = torch.optim.Adam(network.parameters(), recipe.lr, (0.9, 0.99))
    clock, loss = Clock(counters), torch.tensor(0.0)
    while (spent := budget.progress(counters)) < 1:
        adam.param_groups[0]["lr"] = recipe.lr * cosine(spent, recipe.lr_end) * min(1, (counters.step + 1) / WARM_UP)
        real, targets = drawn(films, labels, counters)
        loss = _step(network, average, adam, real.float() / 127.5 - 1, targets, counters)
        clock.tick(counters)
        if counters.step % CHECK_EVERY == 0:
            bar.n = 100 * budget.progress(counters)
            bar.set_postfix(images=counters.images, loss=f"{_finite(loss, counters):.4f}")
    return _finite(loss, counters)


def _step(network, average, adam, films: Tensor, labels: Tensor, counters: _Counters) -> Tensor:
    """One update of the network and its average; the loss."""
    draw = rng(counters.recipe.seed, "step", counters.step, device=str(films.device))
    loss = flow_matching_loss(network, films, labels, draw)
    adam.zero_grad(set_to_none=True)
    loss.backward()
    adam.step()
    counters.step, counters.images = counters.step + 1, counters.images + len(films)
    share = 1 - ema_decay(counters.recipe.ema, counters.step)
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), share)
    return loss.detach()


def flow_matching_loss(network: nn.Module, films: Tensor, labels: Tensor, draw: torch.Generator) -> Tensor:
    """Mean squared error of the velocity at a random time, labels dropped now and then. Returns a scalar.

    Shapes: films (B, 1, S, S) in -1..1, labels (B,). Times are logit-normal: the middle of the way is the hardest
    (Esser et al., "Scaling rectified flow transformers", ICML 2024).
    """
    noise = torch.randn(films.shape, generator=draw, device=films.device)
    times = torch.sigmoid(torch.randn(len(films), generator=draw, device=films.device))
    dropped = torch.rand(len(films), generator=draw, device=films.device) < DROPPED
    share = times[:, None, None, None]
    found = network((1 - share) * noise + share * films, times, torch.where(dropped, UNKNOWN, labels))
    return F.mse_loss(found, films - noise)


def _finite(loss: Tensor, counters: _Counters) -> float:
    value = float(loss)
    if not np.isfinite(value):
        raise TrainingError(f"Training stopped: the loss is {value} at image {counters.images}.", "Use a lower lr.")
    return value


@torch.no_grad()
def sample_flow(
    flow: Flow, labels: Sequence[int], seed: int = 0, steps: int = STEPS, guidance: float = 1.0, progress: bool = True
) -> np.ndarray:
    """One film a label (0 normal, 1 pneumonia), float32 (n, S, S), 0..1, by ``steps`` midpoint steps from noise.

    ``guidance`` 1 follows the label as learnt; above 1 exaggerates what distinguishes it, at the cost of diversity (Ho
    and Salimans, "Classifier-free diffusion guidance", 2022). Raises InputError for other labels or none, a negative
    seed, or steps below 1.
    """
    asked = torch.as_tensor([int(label) for label in labels])
    if steps < 1 or not set(asked.tolist()) <= set(range(CLASSES)):
        raise InputError(f"Labels {sorted(set(asked.tolist()))}, {steps} steps.", "Use labels 0 and 1, 1 step or more.")
    if not len(asked) or seed < 0:
        raise InputError(f"{len(asked)} labels, seed {seed}.", "Give a label for each film, and a seed of 0 or more.")
    shape = (len(asked), 1, flow.recipe.size, flow.recipe.size)
    films = torch.randn(shape, generator=rng(seed, "sample"))
    made = []
    with settings.one_thread(), trange(0, len(asked), BATCH, desc="flowing", disable=not progress) as bar:
        for start in bar:
            part = slice(start, start + BATCH)
            made.append(_follow(flow.network, films[part], asked[part], steps, guidance))
    return ((torch.cat(made)[:, 0] + 1) / 2).clamp(0, 1).numpy()


def _follow(network: nn.Module, films: Tensor, labels: Tensor, steps: int, guidance: float) -> Tensor:
    """From noise (n, 1, S, S) at time 0 to films at time 1, by the midpoint rule: two evaluations a step."""
    for number in range(steps):
        start, width = number / steps, 1 / steps
        half = films + _velocity(network, films, start, labels, guidance) * width / 2
        films = films + _velocity(network, half, start + width / 2, labels, guidance) * width
    return films


def _velocity(network: nn.Module, films: Tensor, time: float, labels: Tensor, guidance: float) -> Tensor:
    times = torch.full((len(films),), time)
    told = network(films, times, labels)
    if guidance == 1:
        return told
    untold = network(films, times, torch.full_like(labels, UNKNOWN))
    return torch.lerp(untold, told, guidance)


def save_flow(flow: Flow, path: str | Path) -> Path:
    """Write a trained flow as safetensors; the path."""
    config = {"flow": dataclasses.asdict(flow.recipe), "figures": flow.figures}
    return weights.save(path, flow.network.state_dict(), config)


def load_flow(path: str | Path) -> Flow:
    """What :func:`save_flow` wrote. Raises WeightsError if it is something else."""
    tensors, config = weights.load(path)
    try:
        recipe = FlowRecipe(**config["flow"])
        network = _build(recipe)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError, InputError) as error:
        raise WeightsError(f"{path} holds no flow ({error}).", "Train one: gan.flow.train_flow.") from error
    return Flow(network.eval().requires_grad_(False), recipe, config["figures"])


def _build(recipe: FlowRecipe) -> nn.Module:
    if min(recipe.size, recipe.width) < GROUPS or recipe.size % GROUPS or recipe.width % GROUPS:
        what = f"A flow of {recipe.size} pixels and width {recipe.width}."
        raise InputError(what, f"Both must be multiples of {GROUPS}: resize the films to 32 or 64 pixels.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return VelocityUNet(recipe.width).to(memory_format=torch.channels_last)
