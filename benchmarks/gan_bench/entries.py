"""Who takes part: our default, the peers, our default with one thing changed, and what is no GAN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gan_bench.budget import Budget
from gan_bench.lightweight import LightweightEntry
from medigenx_lib import phantom
from medigenx_lib.evaluation.films import stack
from medigenx_lib.gan import flow, recipes, sampling, training
from medigenx_lib.gan.recipes import Recipe

BATCH = 64  # films generated at a time
QUIET = {"sample_every": 1e9, "progress_bar": False}


@dataclass(frozen=True)
class Entry:
    """One line of the table: a recipe by name, and what is changed in it. ``title`` is what the table shows.

    ``fitted``: in bfloat16 where the device computes in it, as ``medigenx train`` does. ``truncation``:
    what latents are scaled by in sampling. ``started``: from the shipped weights that were trained on phantoms.
    """

    title: str
    recipe: str
    changes: tuple[tuple[str, object], ...] = ()
    fitted: bool = False
    truncation: float = 1.0
    started: bool = False

    def of(self, size: int, seed: int, device: str = "cpu") -> Recipe:
        """The recipe for films of ``size``."""
        chosen = recipes.recipe(self.recipe, size=size, seed=seed, **dict(self.changes))
        return recipes.fitted(chosen, device) if self.fitted else chosen

    def train(self, films: np.ndarray, labels: np.ndarray, folder: Path, budget: Budget, seed: int) -> dict:
        """Train for the budget, or go on where it was interrupted; the training's figures."""
        chosen = self.of(films.shape[1], seed, budget.device)
        start = f"gan_phantoms_{films.shape[1]}" if self.started else None
        return training.train(films, labels, folder, chosen, start=start, **QUIET, **budget.options).figures

    def sample(self, folder: Path, labels: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """One film a label, float32 (N, S, S), and the labels, or None if the generator is not told any."""
        trained = sampling.load(folder)
        latent = sampling.latents(trained.recipe, seed, range(len(labels)), self.truncation)
        asked = torch.as_tensor(np.asarray(labels))
        parts = zip(latent.split(BATCH), asked.split(BATCH), strict=True)
        films = torch.cat([sampling.films(trained.network, *part) for part in parts])[:, 0].numpy()
        return films, np.asarray(labels) if trained.recipe.conditional else None


@dataclass(frozen=True)
class ResampledEntry(Entry):
    """The generators of our default, trained once for both entries, and sampled otherwise."""

    def train(self, films: np.ndarray, labels: np.ndarray, folder: Path, budget: Budget, seed: int) -> dict:
        """Train our default where that has not been done yet; its figures."""
        return super().train(films, labels, _of_ours(folder), budget, seed)

    def sample(self, folder: Path, labels: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """One film a label, float32 (N, S, S), and the labels."""
        return super().sample(_of_ours(folder), labels, seed)


def _of_ours(folder: Path) -> Path:
    return folder.with_name(f"{OURS}_{folder.name.rsplit('_', 1)[1]}")


@dataclass(frozen=True)
class PhantomEntry(Entry):
    """The same from weights trained on phantoms for as long first; that is what shipped weights would save."""

    def train(self, films: np.ndarray, labels: np.ndarray, folder: Path, budget: Budget, seed: int) -> dict:
        """Train on phantoms and then on ``films`` for the budget each; the figures of the second training."""
        size = films.shape[1]
        chosen, prior = self.of(size, seed, budget.device), folder / "phantoms"
        disease = [index % 4 > 0 for index in range(PHANTOMS)]
        cases = phantom.cases(range(PHANTOMS), size, "paediatric", disease=disease)
        options = {**QUIET, **budget.options}
        training.train(stack(cases), np.array(disease, np.int64), prior, chosen, **options)
        return training.train(films, labels, folder, chosen, start=prior, **options).figures


PHANTOMS = 4000  # three in four of them with pneumonia, about as in the real films


@dataclass(frozen=True)
class FlowEntry:
    """Flow matching at the same budget: one network, no game. An interrupted training starts anew."""

    title: str = "flow matching (no GAN)"

    def train(self, films: np.ndarray, labels: np.ndarray, folder: Path, budget: Budget, seed: int) -> dict:
        """Train for the budget and save; the training's figures."""
        chosen = flow.FlowRecipe(size=films.shape[1], seed=seed)
        trained = flow.train_flow(films, labels, recipe=chosen, progress=False, **budget.options)
        flow.save_flow(trained, folder / FLOW_FILE)
        return trained.figures

    def sample(self, folder: Path, labels: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
        """One film a label, float32 (N, S, S), and the labels."""
        trained = flow.load_flow(folder / FLOW_FILE)
        return flow.sample_flow(trained, labels, seed, progress=False), np.asarray(labels)


FLOW_FILE = "flow.safetensors"
OURS = "narrow"
LATENT_SCALE = recipes.TOLD["latent_scale"]  # by which `narrow` multiplies latents in sampling
TOLD_LESS = (("first_order", False), ("latent_scale", 1.0))
PLAIN = (*TOLD_LESS, ("spread", 0), ("gamma", 0.3))  # as `narrow` was before its discriminator was told
MILD = ("translation", "brightness", "contrast")
ADAPTIVE = (("augment", MILD), ("adaptive", 0.6))
GPU_PEERS = ("r3gan", "lightweight")  # run where there is a GPU, unless they are asked for
PEERS = ("dcgan", "dcgan_ema", "wgan_gp", "hinge", "hinge_diffaugment")
ENTRIES = {
    OURS: Entry("ours (default: narrow)", OURS, fitted=True),
    "dcgan": Entry("DCGAN tutorial", "dcgan"),
    "dcgan_ema": Entry("DCGAN + label + EMA", "dcgan_ema"),
    "wgan_gp": Entry("WGAN-GP", "wgan_gp"),
    "hinge": Entry("hinge + spectral norm", "hinge"),
    "hinge_diffaugment": Entry("hinge + SN + DiffAugment", "hinge_diffaugment"),
    "r3gan": Entry("R3GAN's block shape", "r3gan"),
    "lightweight": LightweightEntry(),
    "narrow_as_drawn": ResampledEntry("ours, latents as drawn", OURS, fitted=True, truncation=1 / LATENT_SCALE),
    "flow": FlowEntry(),
    "dcgan_label": Entry("DCGAN + label", "dcgan", (("conditional", True),)),
    "dcgan_bf16": Entry("DCGAN tutorial in bfloat16", "dcgan", (("bf16", True),)),
    "narrow_told_less": Entry("narrow without first-order features", "narrow", TOLD_LESS, fitted=True),
    "narrow_plain": Entry("narrow without spread and first order, gamma 0.3", "narrow", PLAIN, fitted=True),
    "narrow_float32": Entry("the same in float32", "narrow", PLAIN),
    "narrow_transposed": Entry("narrow, transposed convolutions", OURS, (("upsampling", "transposed"),), fitted=True),
    "narrow_no_ema": Entry("narrow without EMA", OURS, (("ema", 0.0),), fitted=True),
    "narrow_batch_64": Entry("narrow, batches of 64, as accumulation gives", OURS, (("batch", 64),), fitted=True),
    "narrow_phantoms": PhantomEntry("narrow, from weights trained on phantoms", OURS, fitted=True),
    "narrow_started": Entry("narrow, from `gan_phantoms`", OURS, fitted=True, started=True),
    "narrow_mild": Entry("narrow, mild augmentation", OURS, (("augment", MILD),), fitted=True),
    "narrow_adaptive": Entry("narrow, adaptive augmentation", OURS, ADAPTIVE, fitted=True),
    "strong": Entry("strong, as in the lessons", "strong"),
    "ours_lr": Entry("strong, learning rate 1e-3", "strong", (("lr", 1e-3),)),
    "ours_no_ema": Entry("strong without EMA", "strong", (("ema", 0.0),)),
    "ours_no_penalty": Entry("strong without penalties", "strong", (("gamma", 0.0),)),
    "ours_standard": Entry("strong, standard loss", "strong", (("loss", "standard"),)),
    "ours_no_label": Entry("strong, unconditional", "strong", (("conditional", False),)),
    "ours_transposed": Entry("strong, transposed convolutions", "strong", (("upsampling", "transposed"),)),
    "ours_narrow": Entry("narrow, learning rate 5e-4", "strong", (("grown", 1),)),
    "ours_narrow_48": Entry("narrow, 5e-4, width 48", "strong", (("grown", 1), ("width", 48))),
    "ours_narrow_lr": Entry("narrow, learning rate 1e-3", "strong", (("grown", 1), ("lr", 1e-3))),
    "ours_narrow_lr_4": Entry("narrow, learning rate 4e-3", "strong", (("grown", 1), ("lr", 4e-3))),
    "ours_narrow_lr_2_16": Entry("narrow, batches of 16", "strong", (("grown", 1), ("lr", 2e-3), ("batch", 16))),
    "ours_narrow_lr_16": Entry("narrow, 1e-3, batches of 16", "strong", (("grown", 1), ("lr", 1e-3), ("batch", 16))),
    "ours_narrow_lr_48": Entry("narrow, 1e-3, width 48", "strong", (("grown", 1), ("lr", 1e-3), ("width", 48))),
    "ours_batch_16": Entry("strong, batches of 16", "strong", (("batch", 16),)),
    "ours_translation": Entry("strong, films shifted", "strong", (("augment", ("translation",)),)),
    "ours_phantoms": PhantomEntry("strong, from weights trained on phantoms", "strong"),
    "ours_dcgan_body": Entry("strong, DCGAN's networks", "strong", (("body", "dcgan"), ("latent", 100))),
}
"""Name on the command line -> entry. The first six are the bench, on a GPU the next two as well; then levers."""
