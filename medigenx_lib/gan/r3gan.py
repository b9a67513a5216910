"""The networks of R3GAN in their own block shape, as a peer of ours: deep, without normalisation, costly per pixel.

Residual blocks with an inverted bottleneck (1x1, grouped 3x3, 1x1 convolutions), bilinear doubling and halving, a
learnt 4x4 basis at both ends, and an initialisation that lets each block start as nothing. Channels are those of the
other recipes' width, far fewer than published. Films are (B, 1, S, S), about -1..1.
Source: Huang, Gokaslan, Kuleshov, Tompkin, "The GAN is dead; long live the GAN! A modern GAN baseline", NeurIPS 2024,
section 4; the blocks' start: Zhang, Dauphin, Ma, "Fixup initialization", ICLR 2019.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medigenx_lib.gan.networks import SLOPE, START, embedded, levels
from medigenx_lib.gan.recipes import CLASSES, Recipe

BLOCKS = 2
"""Residual blocks at each resolution."""
EXPANSION = 2
"""How much wider a block is inside."""
GROUP = 16
"""Channels in a group of the grouped convolution."""


def channels(recipe: Recipe) -> tuple[int, ...]:
    """Channels at 4x4, 8x8, ..., ``size``: half the width at full resolution, then doubled to at most 8 widths."""
    most = levels(recipe.size)
    return tuple(max(GROUP // EXPANSION, recipe.width * min(16, 2**level) // 2) for level in range(most, -1, -1))


class Block(nn.Module):
    """``x`` plus what three convolutions and two biased leaky ReLUs add to it, at first nothing: (B, C, H, W)."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        inner = width * EXPANSION
        groups = max(1, inner // GROUP)
        self.widen = nn.Conv2d(width, inner, 1, bias=False)
        self.mix = nn.Conv2d(inner, inner, 3, padding=1, groups=groups, bias=False)
        self.narrow = nn.Conv2d(inner, width, 1, bias=False)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(inner, 1, 1)) for _ in range(2))
        gain = math.sqrt(2 / (1 + SLOPE**2)) * blocks**-0.25
        for conv in (self.widen, self.mix):
            nn.init.normal_(conv.weight, 0.0, gain / math.sqrt(conv.weight[0].numel()))
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (B, C, H, W) to the same."""
        inner = F.leaky_relu(self.widen(x) + self.biases[0], SLOPE)
        inner = F.leaky_relu(self.mix(inner) + self.biases[1], SLOPE)
        return x + self.narrow(inner)


class Generator(nn.Module):
    """Latent (B, latent) and labels (B,), see :func:`.networks.embedded`, to films (B, 1, S, S), about -1..1."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.recipe, widths = recipe, channels(recipe)
        self.label = nn.Embedding(CLASSES, recipe.latent // 4) if recipe.conditional else None
        inputs = recipe.latent + (recipe.latent // 4 if recipe.conditional else 0)
        self.basis = nn.Parameter(torch.randn(widths[0], START, START))
        self.start = _linear(inputs, widths[0])
        stages = [_blocks(widths[0], BLOCKS * len(widths))]
        for before, after in pairwise(widths):
            stages += [_resample(2), _one_by_one(before, after), _blocks(after, BLOCKS * len(widths))]
        self.stages = nn.Sequential(*stages)
        self.film = _one_by_one(widths[-1], 1)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Films for a batch of latents and labels; an unconditional generator ignores the labels."""
        inputs = latent if self.label is None else torch.cat([latent, embedded(self.label, labels)], 1)
        start = self.start(inputs)[:, :, None, None] * self.basis
        return self.film(self.stages(start.contiguous(memory_format=torch.channels_last)))


class Discriminator(nn.Module):
    """Films (B, 1, S, S) and labels (B,) to logits (B,), high for real. The label enters by projection."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        widths = channels(recipe)[::-1]
        stages: list[nn.Module] = [_one_by_one(1, widths[0]), _blocks(widths[0], BLOCKS * len(widths))]
        for before, after in pairwise(widths):
            stages += [_resample(0.5), _one_by_one(before, after), _blocks(after, BLOCKS * len(widths))]
        self.stages = nn.Sequential(*stages)
        self.basis = nn.Parameter(torch.randn(widths[-1], START, START) / START)
        self.logit = _linear(widths[-1], 1)
        self.label = nn.Embedding(CLASSES, widths[-1]) if recipe.conditional else None
        if recipe.conditional:
            nn.init.zeros_(self.label.weight)

    def forward(self, films: Tensor, labels: Tensor) -> Tensor:
        """One logit per film; an unconditional discriminator ignores the labels."""
        maps = self.stages(films.contiguous(memory_format=torch.channels_last))
        features = (maps * self.basis).sum((2, 3))
        logits = self.logit(features)[:, 0]
        return logits if self.label is None else logits + (features * self.label(labels)).sum(1)


def _blocks(width: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width, blocks) for _ in range(BLOCKS)))


def _resample(factor: float) -> nn.Upsample:
    """Bilinear, twice or half the side; half of it is then the mean of four pixels."""
    return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)


def _one_by_one(before: int, after: int) -> nn.Module:
    if before == after:
        return nn.Identity()
    conv = nn.Conv2d(before, after, 1, bias=False)
    nn.init.normal_(conv.weight, 0.0, before**-0.5)
    return conv


def _linear(before: int, after: int) -> nn.Linear:
    linear = nn.Linear(before, after, bias=False)
    nn.init.normal_(linear.weight, 0.0, before**-0.5)
    return linear
