"""Films from a trained generator. Each is determined by (checkpoint, seed, index) and its label alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from medigenx_lib import settings, weights
from medigenx_lib.cases import LABELS, Case
from medigenx_lib.errors import InputError, WeightsError
from medigenx_lib.files import sha256
from medigenx_lib.gan.networks import build_generator
from medigenx_lib.gan.recipes import Recipe
from medigenx_lib.gan.state import CHECKPOINT, derived_seed

SHIPPED = "gan_64"


@dataclass(frozen=True, eq=False)
class Trained:
    """A generator ready to sample on the CPU: its name, network, recipe and the checksum of its file."""

    name: str
    network: nn.Module
    recipe: Recipe
    sha256: str
    config: dict


def load(checkpoint: str | Path = SHIPPED) -> Trained:
    """The averaged generator of a shipped name, a weights file, or a training folder.

    Raises WeightsError if there is none, or it is of another kind.
    """
    path = Path(checkpoint)
    path = path / CHECKPOINT if path.is_dir() else path
    path = path if path.suffix == ".safetensors" else weights.FOLDER / f"{checkpoint}.safetensors"
    if not path.is_file():
        path = weights.FOLDER / f"{checkpoint}.safetensors"  # a folder here may be called as a shipped one is
    if not path.is_file():
        what = f"{str(checkpoint)!r} is no training folder with a {CHECKPOINT}, no weights file and no shipped name."
        shipped = sorted(file.stem for file in weights.FOLDER.glob("gan_*.safetensors"))
        raise WeightsError(what, f"Check it; shipped: {', '.join(shipped)}.")
    name = path.parent.name if path.name == CHECKPOINT else path.stem
    return _load(name, str(path), sha256(path))


@lru_cache(maxsize=4)
def _load(name: str, path: str, digest: str) -> Trained:
    """``digest`` is part of the key, so that a file that changes is read anew."""
    tensors, config = weights.load(path)
    averaged = {key.removeprefix("average."): t for key, t in tensors.items() if key.startswith("average.")}
    try:
        recipe = Recipe.from_dict(config["recipe"])
        network = build_generator(recipe)
        network.load_state_dict(averaged or tensors)
    except (KeyError, TypeError, ValueError, InputError, RuntimeError) as error:
        raise WeightsError(f"{path} holds no generator ({error}).", "Train one: medigenx train --what gan.") from error
    return Trained(name, network.eval().requires_grad_(False), recipe, digest, config)


def latents(recipe: Recipe, seed: int, indices: Sequence[int], truncation: float = 1.0) -> Tensor:
    """One standard normal latent per index, (n, latent), from (seed, index) alone, times ``truncation`` and the
    recipe's ``latent_scale``."""
    draws = [np.random.default_rng(derived_seed(seed, "sample", i)).standard_normal(recipe.latent) for i in indices]
    return torch.from_numpy(np.stack(draws).astype(np.float32)) * (truncation * recipe.latent_scale)


@torch.no_grad()
def films(network: nn.Module, latent: Tensor, labels: Tensor) -> Tensor:
    """Films (n, 1, S, S) float32 0..1 from latents (n, latent) and labels (n,), in one batch."""
    return network.recipe.unscaled(network(latent, labels).float()).clamp(0, 1)


def sample(
    labels: Sequence[int],
    checkpoint: str | Path = SHIPPED,
    seed: int = 0,
    truncation: float = 1.0,
    progress: bool = False,
) -> list[Case]:
    """One film per label (0 normal, 1 pneumonia), as synthetic cases; film ``index`` depends on its place alone.

    ``truncation`` scales the latent: below 1 films are more typical and less varied (Brock et al., "BigGAN",
    ICLR 2019). Films go through the network one at a time, on the CPU: batched convolutions differ in the last
    bits with the size of the batch. A generator that was not told labels gives cases without one. Raises
    InputError for other labels or a truncation that is not above 0, WeightsError if there is no generator.
    """
    labels = _numbers(labels)
    if not 0 < truncation < float("inf") or seed < 0:
        raise InputError(f"Truncation {truncation}, seed {seed}.", "Truncation must be above 0, the seed at least 0.")
    trained = load(checkpoint)
    shown = tqdm(enumerate(labels), total=len(labels), desc="generating", unit="film", disable=not progress)
    with settings.one_thread():
        return [_case(trained, seed, index, label, truncation) for index, label in shown]


def _numbers(labels: Sequence[int]) -> list[int]:
    try:
        numbers = [int(label) for label in labels]
    except (TypeError, ValueError):  # a name, or None
        numbers = [-1]
    if not set(numbers) <= set(range(len(LABELS))):
        raise InputError(f"Labels {labels!r:.80} were asked for.", "Use 0 (normal) and 1 (pneumonia).")
    return numbers


def _case(trained: Trained, seed: int, index: int, label: int, truncation: float) -> Case:
    latent = latents(trained.recipe, seed, [index], truncation)
    image = films(trained.network, latent, torch.tensor([label]))[0, 0].numpy()
    meta = {"checkpoint": trained.name, "sha256": trained.sha256, "seed": seed, "index": index}
    return Case(
        id=f"{trained.name}-{seed}-{index}",
        image=image,
        label=label if trained.recipe.conditional else None,
        source=f"GAN {trained.name}",
        synthetic=True,
        meta={**meta, "truncation": truncation, "recipe": trained.recipe.name},
    )


def grid(cases: Sequence[Case], columns: int = 8) -> np.ndarray:
    """All films of one size side by side with torchvision's ``make_grid``: float32 (H, W), 0..1.

    Raises InputError if there are none or their sizes differ.
    """
    from torchvision.utils import make_grid  # torchvision costs seconds

    sizes = {case.image.shape for case in cases}
    if len(sizes) != 1:
        raise InputError(f"A grid of films of sizes {sorted(sizes)}.", "Give films of one size.")
    stacked = torch.from_numpy(np.stack([case.image for case in cases]))[:, None]
    return make_grid(stacked, nrow=columns)[0].numpy()


def export(folder: str | Path, path: str | Path, discriminator: bool = False, **facts) -> Path:
    """Write the averaged generator of the training in ``folder`` to a weights file that :func:`load` takes.

    ``discriminator``: write it too, for trainings that are to start from both. ``facts``: JSON-able extras for its
    config, such as the data's licence. Returns the path. Raises WeightsError if there is no training in ``folder``.
    """
    tensors, config = weights.load(Path(folder) / CHECKPOINT)
    if discriminator:
        kept = {key: t for key, t in tensors.items() if key.startswith(("average.", "discriminator."))}
    else:
        kept = {key.removeprefix("average."): t for key, t in tensors.items() if key.startswith("average.")}
    return weights.save(path, kept, {**config, **facts})
