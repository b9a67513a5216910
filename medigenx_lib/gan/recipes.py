"""Recipes: everything that decides a training run, in one frozen record that is saved with each checkpoint.

``strong`` is the default. ``dcgan`` is the tutorials' recipe, kept as the lesson's starting point. Each field
in which they differ is one rung of the ladder between them: ``dataclasses.replace(DCGAN, ema=0.999)``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medigenx_lib.errors import InputError

SIZES = (16, 32, 64, 128, 256)
LOSSES = ("relativistic", "standard")
UPSAMPLINGS = ("bilinear", "transposed")
CLASSES = 2


def _allow(what: str, value: Any, allowed: tuple) -> None:
    if value not in allowed:
        raise InputError(f"The {what} cannot be {value!r}.", f"Choose one of: {', '.join(map(str, allowed))}.")


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how.

    ``size``: side of the films, pixels. ``width``: channels of the discriminator at half resolution; the
    rest follows. ``latent``: length of z. ``loss``: one of ``LOSSES``. ``upsampling``: one of
    ``UPSAMPLINGS``; transposed convolution leaves the pixel grain that bilinear upsampling does not.
    ``batch_norm``: in the discriminator. ``conditional``: both networks are told the label.
    ``gamma``: weight of the zero-centred gradient penalties, 0 for none, applied every ``penalty_every``
    steps to the first ``penalty_share`` of a batch. ``ema``: decay of the averaged generator, 0 for none.
    ``lr_end``, ``gamma_end``: what the cosine schedule ends at, as shares of the start.
    ``augment``: names of ``augment.AUGMENTATIONS``. ``bf16``: autocast, for GPUs.
    """

    name: str = "strong"
    size: int = 64
    width: int = 32
    latent: int = 64
    batch: int = 32
    loss: str = "relativistic"
    upsampling: str = "bilinear"
    batch_norm: bool = False
    conditional: bool = True
    lr: float = 5e-4
    lr_end: float = 0.1
    betas: tuple[float, float] = (0.0, 0.99)  # floats: torch's Adam refuses the integer 0
    gamma: float = 0.3
    gamma_end: float = 0.1
    penalty_every: int = 4
    penalty_share: float = 0.5
    ema: float = 0.999
    augment: tuple[str, ...] = ()
    bf16: bool = False
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "betas", tuple(float(beta) for beta in self.betas))
        object.__setattr__(self, "augment", tuple(self.augment))
        _allow("size", self.size, SIZES)
        _allow("loss", self.loss, LOSSES)
        _allow("upsampling", self.upsampling, UPSAMPLINGS)
        for name in ("width", "latent", "batch", "penalty_every"):
            if getattr(self, name) < 1:
                raise InputError(f"The recipe's {name} is {getattr(self, name)}.", "It must be at least 1.")

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

DCGAN = Recipe(
    name="dcgan", latent=100, loss="standard", upsampling="transposed", batch_norm=True, conditional=False,
    lr=2e-4, lr_end=1.0, betas=(0.5, 0.999), gamma=0.0, ema=0.0,
)  # fmt: skip
"""As in Radford et al., "Unsupervised representation learning with deep convolutional GANs", ICLR 2016."""

RECIPES = {"strong": STRONG, "dcgan": DCGAN}


def recipe(name: str = "strong", **changes: Any) -> Recipe:
    """The recipe called ``name`` with some fields changed. Raises InputError for unknown names or values."""
    _allow("recipe", name, tuple(RECIPES))
    return Recipe.from_dict({**RECIPES[name].to_dict(), **changes})
