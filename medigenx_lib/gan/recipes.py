"""Recipes: everything that decides a training run, in one frozen record that is saved with each checkpoint.

``narrow`` is the default. ``strong`` is the lessons' recipe, on plainer networks and told less. ``dcgan`` is the
tutorials' recipe, kept as the lesson's starting point. Each field in which it differs from ``strong`` is one rung of
the ladder between them: ``dataclasses.replace(DCGAN, ema=0.999)``. The others are the peers that ``make bench-gan``
trains beside ours, on the DCGAN's networks at the width of ours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from medigenx_lib import settings
from medigenx_lib.errors import InputError

SIZES = (16, 32, 64, 128, 256)
LOSSES = ("relativistic", "standard", "hinge", "wasserstein")
BODIES = ("strong", "dcgan", "r3gan")
PENALTIES = ("zero_centred", "unit_norm")
UPSAMPLINGS = ("bilinear", "transposed")
CHOICES = {"size": SIZES, "loss": LOSSES, "upsampling": UPSAMPLINGS, "body": BODIES, "penalty": PENALTIES}
CLASSES = 2
TOLD_SIZES = SIZES[:2]
"""Where the discriminator of ``narrow`` is told first-order features: measured at 32x32; at 64x64 they did harm."""
TOLD = {"first_order": True, "latent_scale": 1.03}
"""What else ``narrow`` is at these sizes. The scale was chosen on two seeds at 32x32, see ``benchmarks/README.md``."""


def _allow(what: str, value: Any, allowed: tuple) -> None:
    if value not in allowed:
        raise InputError(f"The {what} cannot be {value!r}.", f"Choose one of: {', '.join(map(str, allowed))}.")


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how.

    ``size``: side of the films, pixels. ``width``: channels of the discriminator at half resolution; the
    rest follows. ``body``: whose networks, one of ``BODIES``. ``latent``: length of z. ``loss``: one of ``LOSSES``.
    ``upsampling``: one of ``UPSAMPLINGS``, in the strong body; transposed convolution leaves the pixel grain that
    bilinear upsampling does not. ``batch_norm``, ``spectral_norm``: in the discriminator. ``conditional``: both
    networks are told the label. ``critic_steps``: steps of the discriminator for one of the generator.
    ``penalty``: one of ``PENALTIES`` on the discriminator's gradient, of weight ``gamma``, 0 for none, applied
    every ``penalty_every`` steps to the first ``penalty_share`` of a batch. ``ema``: decay of the averaged
    generator, 0 for none. ``lr_end``, ``gamma_end``: what the cosine schedule ends at, as shares of the start.
    ``augment``: names of ``augment.AUGMENTATIONS``. ``adaptive``: films are augmented as far as the discriminator wins
    more pairs than this, see ``augment.adapted``; 0 augments all, always. ``bf16``: autocast, see :func:`fitted`.
    ``compiled``: through ``torch.compile``, meant for a GPU; what is penalised goes without, for it is derived twice.
    ``grown``: doublings of the side that were added to networks of fewer pixels, in the strong body, as in ``narrow``
    or by :func:`grown`. ``spread``: films in the groups whose spread the strong body's discriminator is told, 0 for
    none. ``first_order``: the strong body's discriminator is told each film's first-order features, and their spread.
    ``latent_scale``: what latents are multiplied by in sampling, not in training: averaged weights vary a little less.
    ``warmup``: steps that the discriminator takes alone before the generator's first, and ``kept_lr``: the share of
    the learning rate for what the generator had before it grew, both for a generator that starts trained.
    ``greys``: what is -1 and 1 to the networks, of films 0..1; see :func:`stretched`.
    """

    name: str = "strong"
    body: str = "strong"
    size: int = 64
    width: int = 32
    latent: int = 64
    batch: int = 32
    loss: str = "relativistic"
    upsampling: str = "bilinear"
    batch_norm: bool = False
    spectral_norm: bool = False
    conditional: bool = True
    critic_steps: int = 1
    lr: float = 5e-4
    lr_end: float = 0.1
    betas: tuple[float, float] = (0.0, 0.99)  # floats: torch's Adam refuses the integer 0
    penalty: str = "zero_centred"
    gamma: float = 0.3
    gamma_end: float = 0.1
    penalty_every: int = 4
    penalty_share: float = 0.5
    ema: float = 0.999
    augment: tuple[str, ...] = ()
    adaptive: float = 0.0
    bf16: bool = False
    compiled: bool = False
    grown: int = 0
    spread: int = 0
    first_order: bool = False
    latent_scale: float = 1.0
    warmup: int = 0
    kept_lr: float = 1.0
    greys: tuple[float, float] = (0.0, 1.0)
    seed: int = 0

    def __post_init__(self):
        for name, value in vars(self).items():
            if isinstance(value, np.generic):  # else no checkpoint could be written
                object.__setattr__(self, name, value.item())
        for name in ("betas", "greys"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
        object.__setattr__(self, "augment", tuple(self.augment))
        for name, allowed in CHOICES.items():
            _allow(name, getattr(self, name), allowed)
        self._check_numbers()
        self._check_body()

    def _check_numbers(self) -> None:
        for name in ("width", "latent", "batch", "penalty_every", "critic_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"The recipe's {name} is {getattr(self, name)}.", "It must be at least 1.")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"The recipe's seed is {self.seed!r}.", "It must be a whole number, 0 or greater.")
        if not self.latent_scale > 0:
            raise InputError(f"The recipe's latent_scale is {self.latent_scale}.", "It must be above 0; 1 is as drawn.")
        if not 0 <= self.greys[0] < self.greys[1] <= 1:
            raise InputError(f"The recipe's greys are {self.greys}.", "Give two of 0..1, the darker one first.")
        if not 0 <= self.adaptive < 1 or (self.adaptive and not self.augment):
            what = f"A recipe with augment {self.augment} cannot adapt it to {self.adaptive}."
            raise InputError(what, "Give a share of won pairs, 0 to 1, and what to augment by; 0 augments always.")

    def _check_body(self) -> None:
        """What only the strong body can."""
        if min(self.warmup, self.grown) < 0 or (self.grown and (self.body != "strong" or self.first_size < SIZES[0])):
            what = f"A {self.body} recipe of {self.size} pixels, grown {self.grown} times, warmup {self.warmup}."
            raise InputError(what, f"Only the strong body grows, from {SIZES[0]} pixels or more; neither is below 0.")
        if self.spread and (self.body != "strong" or self.spread < 2):
            what = f"A {self.body} recipe cannot have the spread of {self.spread} films."
            raise InputError(what, "Only the strong body is told it, of 2 films or more; 0 is none.")
        if self.first_order and self.body != "strong":
            raise InputError(f"A {self.body} recipe cannot have first-order features.", "Only the strong body is told.")

    def scaled(self, films: Tensor) -> Tensor:
        """Films, uint8, as the networks take them: float32 of the same shape, ``greys`` at -1 and 1."""
        low, high = self.greys
        return (films.float() / 127.5 - 2 * low) / (high - low) - 1

    def unscaled(self, films: Tensor) -> Tensor:
        """What a generator gives, as films on the scale 0..1, not cut off there; of the same shape."""
        low, high = self.greys
        return (films + 1) / 2 * (high - low) + low

    @property
    def first_size(self) -> int:
        """Side of the films before the networks grew."""
        return self.size >> self.grown

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """The inverse of :meth:`to_dict`. Raises InputError for unknown fields."""
        try:
            return cls(**values)
        except TypeError as error:
            raise InputError(f"Not a recipe: {error}.", "See medigenx_lib.gan.recipes.Recipe.") from error


STRONG = Recipe()
"""Relativistic pairing loss, R1 + R2, no normalisation in the discriminator, EMA, bilinear upsampling.

Source: Huang et al., "The GAN is dead; long live the GAN! A modern GAN baseline", NeurIPS 2024.
"""

NARROW = dataclasses.replace(STRONG, name="narrow", grown=1, lr=2e-3, gamma=0.1, spread=4)
"""Networks of half the size and one thin stage more, so twice as many films a second; four times the learning rate;
a discriminator that sees whether films are as varied as real ones, and a third of its penalties. For films of
``TOLD_SIZES`` :func:`recipe` adds first-order features to it.

Measured in ``benchmarks/README.md``: at 32x32 and 64x64 nearer to real films than ``strong`` in the same seconds.
"""

DCGAN = Recipe(
    name="dcgan", body="dcgan", latent=100, loss="standard", upsampling="transposed", batch_norm=True,
    conditional=False, lr=2e-4, lr_end=1.0, betas=(0.5, 0.999), gamma=0.0, ema=0.0,
)  # fmt: skip
"""As in Radford et al., "Unsupervised representation learning with deep convolutional GANs", ICLR 2016."""

DCGAN_EMA = dataclasses.replace(DCGAN, name="dcgan_ema", conditional=True, ema=0.999)
"""The same, told the label and averaged over steps: two rungs of the ladder, and nothing else."""

WGAN_GP = dataclasses.replace(
    DCGAN_EMA, name="wgan_gp", loss="wasserstein", batch_norm=False, critic_steps=5, lr=1e-4, betas=(0.0, 0.9),
    penalty="unit_norm", gamma=10.0, gamma_end=1.0, penalty_every=1, penalty_share=1.0,
)  # fmt: skip
"""Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, algorithm 1; told the label, averaged."""

HINGE = dataclasses.replace(
    DCGAN_EMA, name="hinge", loss="hinge", batch_norm=False, spectral_norm=True, betas=(0.0, 0.9)
)
"""Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018; one critic step, averaged."""

HINGE_DIFFAUGMENT = dataclasses.replace(HINGE, name="hinge_diffaugment", augment=("diffaugment",))
"""The same with the colour, translation and cutout of Zhao et al., NeurIPS 2020, at the published strengths."""

R3GAN = Recipe(
    name="r3gan", body="r3gan", lr=2e-4, lr_end=0.25, gamma=1.0, gamma_end=0.1, penalty_every=1, penalty_share=1.0
)
"""Huang et al., as above, with their own block shape: their step and decays, penalties on every film of every step. Of
their schedules only ends are kept, for they are told in millions of films."""

_ALL = (NARROW, STRONG, DCGAN, DCGAN_EMA, WGAN_GP, HINGE, HINGE_DIFFAUGMENT, R3GAN)
RECIPES = {recipe.name: recipe for recipe in _ALL}


FLAT = 0.4
"""Films whose pixels lie within so much of the grey range, but for 1 % at each end, are stretched in training."""


def stretched(chosen: Recipe, films: np.ndarray) -> Recipe:
    """The recipe with the ``greys`` that suit films, float 0..1 of any shape: where the pixels lie if that is under
    ``FLAT`` of the range, else (0, 1).

    The penalties weigh the slope of a logit by grey: on flat films they hold the discriminator back, and what the
    generator then makes is blurred. Measured in ``benchmarks/README.md``.
    """
    low, high = (round(float(grey), 3) for grey in np.percentile(films, (1, 99)))
    return dataclasses.replace(chosen, greys=(low, high) if 0 < high - low < FLAT else (0.0, 1.0))


GROWING = {"warmup": 400, "kept_lr": 0.1, "batch": 16, "lr": 1e-3}
"""How a trained generator goes on with a discriminator that is new. With 150 steps of warm-up and the whole learning
rate the generator ran ahead of it: hearts changed shape and no detail was gained in 8,500 films at 128x128."""


def grown(start: Recipe, size: int, **changes: Any) -> Recipe:
    """The recipe of ``start`` for films of ``size`` or for other films: shapes stay, and stages are added.

    Raises InputError if ``size`` is smaller than that of ``start``, or not allowed.
    """
    _allow("size", size, SIZES)
    if size < start.size:
        raise InputError(f"Networks of {start.size} pixels cannot start those of {size}.", f"Ask for {start.size}.")
    added = (size // start.size).bit_length() - 1
    return Recipe.from_dict({**start.to_dict(), "size": size, "grown": start.grown + added, **GROWING, **changes})


def fitted(chosen: Recipe, device: str) -> Recipe:
    """The recipe in bfloat16 if ``device`` computes in it: a sixth to a third more films a CPU-second, none the worse.

    Parameters, penalties, losses and films stay float32. Measured in ``benchmarks/README.md``.
    """
    return dataclasses.replace(chosen, bf16=settings.computes_bf16(device))


def recipe(name: str = "strong", **changes: Any) -> Recipe:
    """The recipe called ``name`` with some fields changed. Raises InputError for unknown names or values."""
    _allow("recipe", name, tuple(RECIPES))
    if name == NARROW.name:
        size = changes.get("size", NARROW.size)
        fitting = {"grown": 0} if size == SIZES[0] else {}  # the smallest films leave no stage to spare
        told = TOLD if size in TOLD_SIZES else {}
        changes = {**fitting, **told, **changes}
    return Recipe.from_dict({**RECIPES[name].to_dict(), **changes})
