"""The package ``lightweight-gan`` as a peer: its own networks, losses and augmentation. It asks for an NVIDIA GPU.

Source: Liu, Zhu, Song, Elgammal, "Towards faster and stabilized GAN training for high-fidelity few-shot image
synthesis", ICLR 2021, as the package has it. It is told no labels.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gan_bench.budget import Budget
from medigenx_lib import weights
from medigenx_lib.errors import InputError

BATCH = 32  # as all others; everything else is the package's default
LATENT = 256
SMALLEST = 64
AVERAGED_FROM = 25_000  # steps; until then the package copies its average from the generator every thousand
FILE = "lightweight.safetensors"


@dataclass(frozen=True)
class LightweightEntry:
    """One line of the table, as :class:`.entries.Entry`. An interrupted training starts anew."""

    title: str = "lightweight-gan (no labels)"

    def train(self, films: np.ndarray, labels: np.ndarray, folder: Path, budget: Budget, seed: int) -> dict:
        """Train on films (N, S, S), 0..1, for the budget, and keep the generator; the training's figures.

        Raises InputError without the package or a GPU, or for films of less than 64 pixels.
        """
        size = films.shape[1]
        trainer = _package(size).Trainer("bench", base_dir=folder, image_size=size, latent_dim=LATENT, greyscale=True,
                                         batch_size=BATCH, attn_res_layers=[32], disc_output_size=1, use_aim=False,
                                         save_every=10**9, evaluate_every=10**9)  # fmt: skip
        torch.manual_seed(seed)
        trainer.set_data_src(_pictures(films, folder / "films"))
        wall, cpu, steps = time.monotonic(), time.process_time(), 0
        while time.monotonic() - wall < budget.seconds:
            trainer.train()
            steps += 1
        made = trainer.GAN.GE if steps > AVERAGED_FROM else trainer.GAN.G
        state = {name: value.contiguous().cpu() for name, value in made.state_dict().items()}
        weights.save(folder / FILE, state, {"size": size})
        spent = {"seconds": time.monotonic() - wall, "cpu_seconds": time.process_time() - cpu}
        return {"images": steps * BATCH, **spent}

    def sample(self, folder: Path, labels: Sequence[int], seed: int) -> tuple[np.ndarray, None]:
        """As many films as there are labels, float32 (N, S, S) 0..1; it knows no labels."""
        state, config = weights.load(folder / FILE)
        package = _package(config["size"])
        gan = package.LightweightGAN(latent_dim=LATENT, image_size=config["size"], greyscale=True, attn_res_layers=[32])
        network = gan.G.eval()
        network.load_state_dict(state)
        latent = torch.randn(len(labels), LATENT, generator=torch.Generator().manual_seed(seed))
        device = next(network.parameters()).device
        return np.concatenate(list(_films(network, latent.to(device)))), None


@torch.no_grad()
def _films(network: torch.nn.Module, latent: torch.Tensor) -> Iterator[np.ndarray]:
    for part in latent.split(BATCH):
        yield network(part)[:, 0].clamp(0, 1).float().cpu().numpy()


def _pictures(films: np.ndarray, folder: Path) -> Path:
    """The films as PNG files, which the package reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, film in enumerate(films):
        Image.fromarray(np.rint(film * 255).astype(np.uint8)).save(folder / f"{index:06d}.png")
    return folder


def _package(size: int):
    if size < SMALLEST:
        raise InputError(f"lightweight-gan makes no films of {size} pixels.", f"Ask for {SMALLEST} or more.")
    try:
        from lightweight_gan import lightweight_gan
    except (ImportError, AssertionError) as error:  # without a GPU it asserts that there is one
        advice = "It needs an NVIDIA GPU and pip install 'medigenx[peers]'."
        raise InputError(f"lightweight-gan cannot be used here ({error}).", advice) from error
    return lightweight_gan
