"""All that a training run is at one moment, and how it is saved and found again.

Randomness is not carried along but derived: each step draws from a generator seeded by (seed, step), each
epoch's order by (seed, epoch). So counters, weights and optimiser moments are the whole state, and a run that
is killed and resumed takes the very steps it would have taken.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.errors import InputError, TrainingError, WeightsError
from medigenx_lib.gan import recipes
from medigenx_lib.gan.networks import build
from medigenx_lib.gan.recipes import Recipe

CHECKPOINT = "checkpoint.safetensors"
ROOM = "Free some space or check the folder's permissions, then resume from there."
UNSTABLE = "Resume from there; if it happens again, start in a new folder with a lower lr."
COMPILER = "inductor"
COUNTERS = ("step", "images", "seconds", "cpu_seconds", "augmented")
STREAMS = {"step": 0, "order": 1, "preview": 2, "sample": 3}


def derived_seed(seed: int, stream: str, *numbers: int) -> int:
    """A 64-bit seed from a seed, a stream's name and counters; independent for different arguments."""
    return int(np.random.SeedSequence([seed, STREAMS[stream], *numbers]).generate_state(1, np.uint64)[0] >> 1)


def rng(seed: int, stream: str, *numbers: int, device: str = "cpu") -> torch.Generator:
    """A torch generator at the start of the stream named by the arguments."""
    return torch.Generator(device).manual_seed(derived_seed(seed, stream, *numbers))


@dataclass
class State:
    """Networks, their optimisers, the averaged generator, and the counters.

    ``seconds``: wall clock; ``cpu_seconds``: of this process, all threads; both summed over resumed runs.
    ``augmented``: the share of films that is augmented now, where that adapts.
    """

    recipe: Recipe
    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    generator_adam: torch.optim.Adam
    discriminator_adam: torch.optim.Adam
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    augmented: float = 0.0
    data: dict = field(default_factory=dict)

    @classmethod
    def new(cls, recipe: Recipe, data: dict, device: str = "cpu") -> State:
        """The state before the first step: everything follows from ``recipe.seed``."""
        generator, discriminator = (network.to(device) for network in build(recipe))
        average = copy.deepcopy(generator).eval().requires_grad_(False)
        if recipe.compiled:
            for network in (generator, discriminator):
                network.compile(backend=COMPILER)  # in place: names and checkpoints stay the same
        shares = (recipe.kept_lr, 1.0), (1.0, 1.0)
        adams = [_adam(*pair, recipe) for pair in zip((generator, discriminator), shares, strict=True)]
        return cls(recipe, generator, discriminator, average, *adams, data=data)

    @property
    def counters(self) -> dict:
        """The numbers that change from step to step, JSON-able."""
        return {name: getattr(self, name) for name in COUNTERS}

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the run under a unique name, such as ``average.film.weight``."""
        found = {}
        for part in ("generator", "discriminator", "average"):
            found |= {f"{part}.{name}": tensor for name, tensor in getattr(self, part).state_dict().items()}
        for part in ("generator", "discriminator"):
            names = [name for name, _ in getattr(self, part).named_parameters()]
            for index, moments in getattr(self, f"{part}_adam").state_dict()["state"].items():
                found |= {f"{part}_adam.{names[index]}.{key}": torch.as_tensor(v) for key, v in moments.items()}
        return found

    def start(self, name_or_path: str | Path) -> None:
        """Take over the weights of a training folder or a generator's file, also with fewer pixels, in place.

        The generator goes on from its average. What the file does not hold stays as it was: the discriminator of a
        shipped generator, and stages added in growing. Raises InputError if the networks' shapes differ.
        """
        tensors, _ = _of_start(name_or_path)
        averaged = _under(tensors, "average") or tensors
        parts = {"generator": averaged, "average": averaged, "discriminator": _under(tensors, "discriminator")}
        for part, found in parts.items():
            own = getattr(self, part).state_dict()
            lacking = {name: tensor for name, tensor in own.items() if name.startswith("added.") or not found}
            try:
                getattr(self, part).load_state_dict({**lacking, **found})
            except RuntimeError as error:
                what = f"{name_or_path} has another {part} ({error})."
                raise InputError(what, "Make the recipe from its own: state.start_recipe.") from error

    def load(self, tensors: dict[str, Tensor]) -> None:
        """The inverse of :meth:`tensors`, in place."""
        for part in ("generator", "discriminator", "average"):
            getattr(self, part).load_state_dict(_under(tensors, part))
        for part in ("generator", "discriminator"):
            adam, moments = getattr(self, f"{part}_adam"), _under(tensors, f"{part}_adam")
            names = [name for name, _ in getattr(self, part).named_parameters()]
            groups = adam.state_dict()["param_groups"]
            state = {i: _under(moments, name) for i, name in enumerate(names) if _under(moments, name)}
            adam.load_state_dict({"state": state, "param_groups": groups})


def _adam(network: nn.Module, shares: tuple[float, float], recipe: Recipe) -> torch.optim.Adam:
    """Adam over all parameters in their order; ``shares`` of the learning rate: what was there, and what grew."""
    named = list(network.named_parameters())
    parts = [[p for name, p in named if name.startswith("added.") == added] for added in (False, True)]
    groups = [{"params": part, "share": share} for part, share in zip(parts, shares, strict=True) if part]
    return torch.optim.Adam(groups, recipe.lr, recipe.betas)


def save(state: State, folder: Path) -> Path:
    """Write the checkpoint atomically. Raises TrainingError if a weight is not finite or the disk is full."""
    path = folder / CHECKPOINT
    tensors = state.tensors()
    if not all(bool(torch.isfinite(t).all()) for t in tensors.values() if t.is_floating_point()):
        raise stopped("a weight became NaN or infinite", folder, UNSTABLE)
    config = {"recipe": state.recipe.to_dict(), "counters": state.counters, "data": state.data}
    try:
        return weights.save(path, tensors, config)
    except OSError as error:
        raise stopped(f"the checkpoint could not be written ({error})", folder, ROOM) from error


def start_recipe(name_or_path: str | Path, size: int, **changes) -> Recipe:
    """The recipe of a training that goes on from a shipped name, a weights file or a training folder.

    Where both networks are there, of ``size`` pixels, it is their own. Otherwise :func:`recipes.grown` makes it: a
    discriminator that is new needs a head start. ``changes``: other fields. Raises WeightsError if no GAN is there.
    """
    tensors, config = _of_start(name_or_path)
    if "recipe" not in config:
        raise WeightsError(f"{name_or_path} holds no generator.", "Train one: medigenx train --what gan.")
    recipe = Recipe.from_dict(config["recipe"])
    if recipe.size == size and _under(tensors, "discriminator"):
        return dataclasses.replace(recipe, **changes)
    return recipes.grown(recipe, size, **changes)


def _of_start(name_or_path: str | Path) -> tuple[dict, dict]:
    folder = Path(name_or_path)
    return weights.load(folder / CHECKPOINT if folder.is_dir() else name_or_path)


def resume(folder: Path, recipe: Recipe, data: dict, device: str = "cpu") -> State:
    """The state of the last checkpoint in ``folder``.

    Raises InputError if it was made by another recipe or from other films, WeightsError if it is of no training. Only
    ``bf16`` and ``compiled`` may differ: a training goes on as suits the machine that it is on now.
    """
    tensors, config = weights.load(folder / CHECKPOINT)
    if not {"recipe", "data", "counters"} <= config.keys():
        raise WeightsError(f"{folder / CHECKPOINT} is of no training.", "Choose another folder.")
    saved = Recipe.from_dict(config["recipe"]).to_dict()  # fields that are newer than the file have their defaults
    _same("settings", {**saved, "bf16": recipe.bf16, "compiled": recipe.compiled}, recipe.to_dict(), folder)
    _same("films", config["data"], data, folder)
    state = State.new(recipe, data, device)
    state.load(tensors)
    for name, value in config["counters"].items():
        setattr(state, name, value)
    return state


def stopped(why: str, folder: Path, advice: str = "") -> TrainingError:
    """The TrainingError that names the last good checkpoint, or says that there is none."""
    path = folder / CHECKPOINT
    kept = f"Last good checkpoint: {path}." if path.is_file() else "There was no checkpoint yet."
    return TrainingError(f"Training stopped: {why}.", f"{kept} {advice or 'Resume from there.'}")


def _under(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}."): t for name, t in tensors.items() if name.startswith(f"{part}.")}


def _same(what: str, saved: dict, given: dict, folder: Path) -> None:
    differing = sorted(key for key in saved | given if _plain(saved.get(key)) != _plain(given.get(key)))
    if differing:
        told = (f"{key} was {saved.get(key)!r}, is {given.get(key)!r}" for key in differing if key != "sha256")
        found = ", ".join(told) or "as many, but not the same or not in the same order"
        raise InputError(
            f"The training in {folder} had other {what} ({found}).", "Give the same, or use another folder."
        )


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
