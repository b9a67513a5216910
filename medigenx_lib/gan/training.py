"""Training on any films: a budget in minutes or images, live figures and samples, checkpoint and resume."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import settings
from medigenx_lib.cases import LABELS
from medigenx_lib.errors import InputError
from medigenx_lib.files import replacing, write_text
from medigenx_lib.gan import state as states
from medigenx_lib.gan import team
from medigenx_lib.gan.recipes import NARROW, Recipe
from medigenx_lib.gan.state import State
from medigenx_lib.gan.steps import step

MIN_FILMS = 16  # per class: below this a GAN can only copy
CHECK_EVERY = 16  # steps between looks at the losses; each look waits for a GPU
SAMPLES = 32  # films on a sample grid, half of each class
LOG = "log.jsonl"
UNTOLD = "tell the networks no labels (conditional=False in the recipe; medigenx train --no-labels)"

OnSample = Callable[[np.ndarray, dict], None]


@dataclass(frozen=True)
class Budget:
    """How long to train: ``minutes`` of wall clock, ``images`` seen by the discriminator, or ``cpu_seconds`` of this
    process; whichever ends first.

    With ``images`` alone a run on CPU is reproducible bit for bit; a clock is not. On a shared machine CPU-seconds
    compare recipes fairly, where minutes do not.
    """

    minutes: float | None = None
    images: int | None = None
    cpu_seconds: float | None = None

    def __post_init__(self):
        given = [value for value in (self.minutes, self.images, self.cpu_seconds) if value is not None]
        if not given or not all(value > 0 for value in given):  # NaN is not, and would never be spent
            what = f"The budget is {self.minutes} minutes, {self.images} images, {self.cpu_seconds} CPU-seconds."
            raise InputError(what, "Give one of them, above 0.")

    def progress(self, state: State) -> float:
        """The share of the budget that is spent, 0..1; drives the schedules, so that every run ends annealed."""
        spent = [
            state.seconds / (60 * self.minutes) if self.minutes else 0.0,
            state.images / self.images if self.images else 0.0,
            state.cpu_seconds / self.cpu_seconds if self.cpu_seconds else 0.0,
        ]
        return min(1.0, max(spent))


@dataclass(frozen=True)
class Result:
    """Where a finished training is, and its last figures (losses, images, seconds, cpu_seconds)."""

    folder: Path
    checkpoint: Path
    figures: dict


def train(
    films: np.ndarray,
    labels: np.ndarray | None,
    folder: str | Path,
    recipe: Recipe = NARROW,
    minutes: float | None = None,
    images: int | None = None,
    resume: bool = True,
    on_sample: OnSample | None = None,
    checkpoint_every: float = 30.0,
    sample_every: float = 30.0,
    device: str | None = None,
    progress_bar: bool = True,
    cpu_seconds: float | None = None,
    start: str | Path | None = None,
) -> Result:
    """Train a GAN on films (N, S, S), uint8 or float 0..1, and labels (N,), 0 normal, 1 pneumonia.

    A recipe with ``conditional=False`` is told no labels: they may be None, and all films of one class.
    Writes into ``folder``: ``checkpoint.safetensors`` every ``checkpoint_every`` seconds, ``samples/*.png``
    every ``sample_every`` seconds (fixed latents: left half normal, right half pneumonia), ``log.jsonl``.
    ``on_sample`` gets those samples, float32 (n, S, S) 0..1, and the figures. With ``resume`` a checkpoint in
    ``folder`` is taken up again; on CPU, under a budget of images, the end is then bit-for-bit the same.
    ``start``: a shipped name, weights file or training folder whose networks a new training goes on from; ``recipe`` is
    then what :func:`.state.start_recipe` makes of theirs. Under ``accelerate launch`` the processes share each batch
    (:mod:`.team`), and the first writes the files.
    Raises InputError for films, labels, folder, device or recipe that do not fit, TrainingError (which names the last
    good checkpoint) when the loss is NaN, memory or disk runs out, or a person stops it.
    """
    budget, device = Budget(minutes, images, cpu_seconds), settings.usable(team.join(device) or settings.device())
    team.check(recipe.batch)
    pixels, targets = check_films(films, labels, recipe.size, recipe.conditional)
    data = _fingerprint(pixels, None if labels is None else targets, start)
    state = _open(Path(folder), recipe, data, resume, device, start)
    run = _Run(state, Path(folder), budget, on_sample, checkpoint_every, sample_every, progress_bar)
    with run.bar, _stopping_well(run.folder), flushing_denormals():
        return run(pixels.to(device), targets.to(device))


class _Run:
    """One call of :func:`train`: the loop and what happens now and then."""

    def __init__(self, state, folder, budget, on_sample, checkpoint_every, sample_every, progress_bar):
        self.state, self.folder, self.budget, self.on_sample = state, folder, budget, on_sample
        self.checkpoint_every, self.sample_every = checkpoint_every, sample_every
        self.figures: dict = {}
        self.bar = tqdm(total=100.0, unit="%", disable=team.rank() > 0 or not progress_bar, bar_format=BAR)

    def __call__(self, films: Tensor, labels: Tensor) -> Result:
        state, begun = self.state, self.state.images
        clock = Clock(state)
        saving, sampling = _Every(self.checkpoint_every, state), _Every(self.sample_every, state)
        while (progress := team.agree(self.budget.progress(state))) < 1:
            real, targets = batch(films, labels, state)
            self.figures |= step(state, team.own(real), team.own(targets), progress)
            clock.tick(state)
            if state.step % CHECK_EVERY == 0:
                self.look((state.images - begun) / max(clock.elapsed, 1e-9))
            if saving.due(state):
                self.checkpoint()
            if sampling.due(state):
                self.sample()
        return self.finish()

    def look(self, images_per_second: float = 0.0) -> None:
        """Read the figures, show them, and stop if one is not finite."""
        self.figures = {name: float(value) for name, value in self.figures.items()}
        if not all(np.isfinite(value) for value in self.figures.values()):
            why = f"the loss is NaN or infinite at image {self.state.images}"
            raise states.stopped(why, self.folder, states.UNSTABLE)
        if images_per_second:
            self.figures["images_per_second"] = images_per_second
        self.bar.n = 100 * self.budget.progress(self.state)
        shown = {short: f"{self.figures[name]:.3g}" for name, short in SHOWN.items() if name in self.figures}
        self.bar.set_postfix({"images": f"{self.state.images:,}", **shown}, refresh=False)
        self.bar.update(0)

    def checkpoint(self) -> None:
        """Save everything, and append a line to the log."""
        self.look()
        if team.rank():
            return
        states.save(self.state, self.folder)
        with open(self.folder / LOG, "a") as stream:
            stream.write(json.dumps({**self.state.counters, **self.figures}) + "\n")

    def sample(self) -> None:
        """Write the sample grid, and hand the films to ``on_sample``."""
        if team.rank():
            return
        films = preview(self.state)
        write_grid(films, self.folder / "samples" / f"{self.state.images:09d}.png")
        if self.on_sample:
            self.on_sample(films[:, 0].numpy(), {**self.state.counters, **self.figures})

    def finish(self) -> Result:
        """The last checkpoint and the last samples."""
        self.checkpoint()
        self.sample()
        team.wait()
        path = self.folder / states.CHECKPOINT
        return Result(self.folder, path, {**self.state.counters, **self.figures})


BAR = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
SHOWN = {"discriminator_loss": "D", "generator_loss": "G"}
"""Losses beside the bar, which more of them would push out of a notebook's line; the log has all figures."""


def check_films(films: np.ndarray, labels: np.ndarray | None, size: int, told: bool = True) -> tuple[Tensor, Tensor]:
    """(films (N, 1, S, S) uint8, labels (N,) int64), checked. Floats are rounded to 256 grey levels.

    ``told``: whether the networks are told the labels. If not, labels may be None, which gives zeros, and one class is
    enough. Raises InputError, which says what is wrong and what to do.
    """
    films = _stacked(films)
    if films.ndim != 3 or films.shape[1:] != (size, size):
        raise InputError(f"The films are {films.shape}.", f"They must be (N, {size}, {size}): load with size={size}.")
    if labels is None and told:
        raise InputError("There are no labels.", f"Give one per film, or {UNTOLD}.")
    targets = np.zeros(len(films), np.int64) if labels is None else _checked_labels(labels, len(films), told)
    if len(films) < MIN_FILMS:
        raise InputError(f"Too few films: {len(films)}.", f"A GAN needs at least {MIN_FILMS}.")
    return torch.from_numpy(_to_uint8(films))[:, None], torch.from_numpy(targets)


def _stacked(films: np.ndarray) -> np.ndarray:
    try:
        return np.ascontiguousarray(films)  # torch takes no view that runs backwards, such as a mirrored film's
    except ValueError as error:
        raise InputError("The films differ in size.", "Bring them to one: preprocessing.resize.") from error


def _checked_labels(labels: np.ndarray, count: int, told: bool) -> np.ndarray:
    labels = np.asarray(labels).reshape(-1)
    if count != len(labels):
        raise InputError(f"{count} films but {len(labels)} labels.", "Give one label per film.")
    counts = {name: int((labels == value).sum()) for value, name in enumerate(LABELS)}
    if sum(counts.values()) != len(labels):
        what = "Some labels are neither 0 (normal) nor 1 (pneumonia)."
        raise InputError(what, f"Leave those films out, or give labels=None and {UNTOLD}.")
    if told and min(counts.values()) < MIN_FILMS:
        found = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise InputError(f"Too few films: {found}.", f"A GAN needs at least {MIN_FILMS} of each class, or {UNTOLD}.")
    return labels.astype(np.int64)


def _to_uint8(films: np.ndarray) -> np.ndarray:
    if films.dtype == np.uint8:
        return films
    if not np.issubdtype(films.dtype, np.floating):
        raise InputError(f"The films are {films.dtype}.", "Give uint8, or floats in 0..1.")
    if not (films.min() >= 0 and films.max() <= 1):  # NaN fails both comparisons
        raise InputError("The films hold NaN or values outside 0..1.", "Scale them: preprocessing.to_unit_float.")
    return np.rint(films * 255).astype(np.uint8)


def batch(films: Tensor, labels: Tensor, state: State) -> tuple[Tensor, Tensor]:
    """The next batch as the networks take it, (B, 1, S, S) about -1..1 and (B,), from films (N, 1, S, S) uint8."""
    chosen, targets = drawn(films, labels, state)
    return state.recipe.scaled(chosen), targets


def drawn(films: Tensor, labels: Tensor, state: State) -> tuple[Tensor, Tensor]:
    """The next batch as it is, of (N, ...) and (N,): films in a new order each epoch, none left out at its end."""
    first, count = state.step * state.recipe.batch, len(films)
    epochs = range(first // count, (first + state.recipe.batch - 1) // count + 1)
    order = torch.cat([_order(state.recipe.seed, epoch, count) for epoch in epochs])
    start = first - epochs[0] * count
    chosen = order[start : start + state.recipe.batch].to(films.device)
    return films[chosen], labels[chosen]


def _order(seed: int, epoch: int, count: int) -> Tensor:
    return torch.randperm(count, generator=states.rng(seed, "order", epoch))


@torch.no_grad()
def preview(state: State) -> Tensor:
    """``SAMPLES`` films of the averaged generator from fixed latents, (n, 1, S, S) 0..1, on the CPU.

    Rows of eight, left half normal, right half pneumonia.
    """
    device = next(state.average.parameters()).device
    latent = torch.randn(SAMPLES, state.recipe.latent, generator=states.rng(state.recipe.seed, "preview"))
    labels = (torch.arange(SAMPLES) % 8 >= 4).long()
    films = state.average(latent.to(device), labels.to(device))
    return state.recipe.unscaled(films.float()).clamp(0, 1).cpu()


def write_grid(films: Tensor, path: Path, columns: int = 8) -> Path:
    """Write films (n, 1, S, S) 0..1 as one PNG, atomically."""
    from torchvision.utils import save_image  # torchvision costs seconds

    with replacing(path) as temporary:
        save_image(films, temporary, nrow=columns)
    return path


def _open(folder: Path, recipe: Recipe, data: dict, resume: bool, device: str, start: str | Path | None) -> State:
    """The state to go on from. A training that is there is resumed or refused, never overwritten."""
    found = (folder / states.CHECKPOINT).is_file()
    if found and not resume:
        raise InputError(f"There is a training in {folder}.", "Resume it (--resume), or choose another folder.")
    state = states.resume(folder, recipe, data, device) if found else State.new(recipe, data, device)
    if start and not found:
        state.start(start)
    if not team.rank():
        _make(folder)
        _trim_log(folder / LOG, state.images if found else -1)
    team.wait()
    return state


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made ({error.strerror}).", "Choose another.") from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"Nothing can be written into {folder}.", "Check its permissions, or choose another.")


def _trim_log(path: Path, images: int) -> None:
    """Drop what was logged after the checkpoint: those steps are taken again."""
    if not path.is_file():
        return
    lines = path.read_text("utf-8", errors="replace").splitlines(keepends=True)
    write_text(path, "".join(line for line in lines if _logged_by(line, images)))


def _logged_by(line: str, images: int) -> bool:
    try:
        return json.loads(line)["images"] <= images
    except (ValueError, TypeError, KeyError):  # cut off: the disk was full, or the machine went down
        return False


def _fingerprint(films: Tensor, labels: Tensor | None, start: str | Path | None) -> dict:
    """What a training that is resumed must have been given again."""
    digest, counts = hashlib.sha256(films.numpy().tobytes()), {"films": len(films)}
    if labels is not None:
        digest.update(labels.numpy().tobytes())
        counts |= {"normal": int((labels == 0).sum()), "pneumonia": int(labels.sum())}
    return {**counts, "sha256": digest.hexdigest(), **({"start": str(start)} if start else {})}


class _Every:
    """True once in ``seconds`` of the state's wall clock."""

    def __init__(self, seconds: float, state: State):
        self.seconds, self.last = seconds, state.seconds

    def due(self, state: State) -> bool:
        """Whether ``seconds`` have gone by since it was last due (or made); if so, count from now."""
        due = state.seconds - self.last >= self.seconds
        self.last = state.seconds if due else self.last
        return due


class Clock:
    """Adds the time since the last tick to the state's two clocks."""

    def __init__(self, state: State):
        self.wall, self.cpu, self.elapsed = time.monotonic(), time.process_time(), 0.0

    def tick(self, state: State) -> None:
        """Add the seconds gone by, of the wall and of the processor, to those of ``state``."""
        wall, cpu = time.monotonic(), time.process_time()
        self.elapsed += wall - self.wall
        state.seconds, state.cpu_seconds = state.seconds + wall - self.wall, state.cpu_seconds + cpu - self.cpu
        self.wall, self.cpu = wall, cpu


@contextmanager
def _stopping_well(folder: Path) -> Iterator[None]:
    """Turn what can interrupt a training into a TrainingError that names the last good checkpoint."""
    try:
        yield
    except KeyboardInterrupt:
        raise states.stopped("you interrupted it", folder) from None
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise states.stopped("memory ran out", folder, "Use a smaller batch or size.") from error
    except OSError as error:
        raise states.stopped(f"a file could not be written ({error})", folder, states.ROOM) from error


@contextmanager
def flushing_denormals() -> Iterator[None]:
    """Numbers below 1e-38 count as zero while training: they are slow, and mean nothing here."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
