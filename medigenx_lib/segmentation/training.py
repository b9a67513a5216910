"""Training the lung U-Net on phantoms alone, within a budget of minutes."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import phantom, weights
from medigenx_lib.errors import InputError, TrainingError
from medigenx_lib.segmentation import augmentation
from medigenx_lib.segmentation.network import CHANNELS, SIZE, LungUNet, load_network

FIRST_SEED = 50_000_000
"""Training phantoms have seeds from here on; lower ones stay free for tests, held-out scores and lessons."""
BATCH = 16
SPOILED = 4
"""Of each batch, so many films are spoiled into what is no frontal chest radiograph."""
LEARNING_RATE = 4e-3
ORGANS = tuple(i for i, name in enumerate(CHANNELS) if name not in ("opacity", "effusion"))


@dataclass(frozen=True)
class Pool:
    """Rendered phantoms, kept small. ``images`` uint8 (N, 1, S, S); ``masks`` bits of CHANNELS, uint8 (N, 1, S, S)."""

    images: Tensor
    masks: Tensor

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """``count`` random phantoms: float images (count, 1, S, S) in 0..1 and masks (count, 6, S, S)."""
        chosen = torch.randint(len(self.images), (count,))
        bits = torch.arange(len(CHANNELS), dtype=torch.uint8).view(1, -1, 1, 1)
        return self.images[chosen].float() / 255, ((self.masks[chosen] >> bits) & 1).float()


def render_pool(count: int, first_seed: int = FIRST_SEED, wide_share: float = 0.7, progress: bool = True) -> Pool:
    """Render ``count`` phantoms, ``wide_share`` of them from the heavily randomised preset, half with disease."""
    wide = round(count * wide_share)
    seeds = range(first_seed, first_seed + count)
    parts = [_render(seeds[:wide], "wide", progress), _render(seeds[wide:], "paediatric", progress)]
    images, masks = (torch.cat(kind) for kind in zip(*(part for part in parts if part), strict=True))
    return Pool(images, masks)


def _render(seeds: range, preset: str, progress: bool) -> tuple[Tensor, Tensor] | None:
    if not seeds:
        return None
    images, masks = [], []
    starts = range(0, len(seeds), 32)
    for start in tqdm(starts, desc=f"{preset} phantoms", unit="batch", disable=not progress):
        batch = phantom.render(seeds[start : start + 32], size=SIZE, preset=preset, facts=False)
        images.append((batch.images * 255).round().to(torch.uint8))
        masks.append(pack(torch.cat([batch.masks, batch.behind_heart[:, None]], 1)))
    return torch.cat(images), torch.cat(masks)


def pack(masks: Tensor) -> Tensor:
    """Bool masks (B, 6, S, S) as the bits of uint8 (B, 1, S, S)."""
    bits = torch.tensor([1 << i for i in range(masks.shape[1])]).view(1, -1, 1, 1)
    return (masks * bits).sum(1, keepdim=True).to(torch.uint8)


def loss(logits: Tensor, frontal: Tensor, masks: Tensor, is_frontal: Tensor) -> Tensor:
    """Cross-entropy of the masks of frontal films, soft Dice of the organs' masks, cross-entropy of the frontal head.

    Shapes: logits and masks (B, 6, S, S), frontal and is_frontal (B,). Soft Dice is taken over each batch and
    channel. Opacity and effusion go without it: it rewards drawing too much where the network cannot be sure, and
    a faint opacity that is not there must not be drawn.
    Source: Milletari et al., "V-Net", 3DV 2016; cross-entropy with Dice after nnU-Net, Nature Methods 2021.
    """
    chosen = is_frontal.bool()
    logits, masks = logits[chosen], masks[chosen]
    p = torch.sigmoid(logits)
    overlap, total = (p * masks).sum((0, 2, 3)), (p + masks).sum((0, 2, 3))
    soft_dice = ((2 * overlap + 50) / (total + 50))[list(ORGANS)]
    fit = F.binary_cross_entropy_with_logits(logits, masks) * 2 + 1 - soft_dice.mean()
    return fit + 0.1 * F.binary_cross_entropy_with_logits(frontal, is_frontal)


def train(
    minutes: float = 25.0,
    out: str | Path = weights.FOLDER / "lung_unet.safetensors",
    seed: int = 0,
    phantoms: int = 8000,
    width: int = 16,
    start: str | Path | None = None,
    progress: bool = True,
) -> Path:
    """Train the lung U-Net for ``minutes`` of processor time and write its weights to ``out``.

    ``start``: weights to go on from (a name or path), at a third of the learning rate; their width is kept.
    A checkpoint (``out`` with ``.part`` in its name) is written every few minutes, atomically. Raises InputError
    for a budget that is not positive, TrainingError if the loss stops being a number.
    """
    if not minutes > 0 or phantoms < 1:
        raise InputError(f"Cannot train for {minutes} minutes on {phantoms} phantoms.", "Both must be positive.")
    torch.manual_seed(seed)
    out = Path(out)
    network = copy.deepcopy(load_network(str(start))).train() if start else LungUNet(width)
    network = network.to(memory_format=torch.channels_last)
    pool = render_pool(phantoms, FIRST_SEED + seed * 1_000_000, progress=progress)
    torch.set_flush_denormal(True)  # tiny gradients are slow to compute with and change nothing
    try:
        averaged = _fit(network, pool, minutes, LEARNING_RATE / 3 if start else LEARNING_RATE, out, progress)
    finally:
        torch.set_flush_denormal(False)
    path = weights.save(out, averaged.state_dict(), {**network.config, "minutes": minutes, "seed": seed})
    _part(out).unlink(missing_ok=True)
    return path


def _part(out: Path) -> Path:
    return out.with_name(f"{out.stem}.part{out.suffix}")


def _fit(network: LungUNet, pool: Pool, minutes: float, rate: float, out: Path, progress: bool) -> torch.nn.Module:
    """The training loop. Returns the exponential moving average of the network."""
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-4)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    begin, saved, done, step = time.process_time(), 0.0, 0.0, 0
    with tqdm(total=100, desc="lung U-Net", unit="%", disable=not progress) as bar:
        while done < 1:
            _set_rate(optimizer, rate, step, done)
            value = _step(network, optimizer, *_examples(pool))
            if not np.isfinite(value):
                raise TrainingError(f"The loss became {value} at step {step}.", f"The last checkpoint is {_part(out)}.")
            averaged.update_parameters(network)
            step, before, done = step + 1, done, min(1, (time.process_time() - begin) / (60 * minutes))
            bar.update(100 * (done - before))
            bar.set_postfix(step=step, loss=f"{value:.3f}", refresh=False)
            if done - saved > 0.2:
                saved = done
                weights.save(_part(out), averaged.module.state_dict(), network.config)
    return averaged.module.eval()


def _set_rate(optimizer: torch.optim.Optimizer, rate: float, step: int, done: float) -> None:
    """Warm up over 100 steps, then a half cosine to one per cent at the end of the budget."""
    for group in optimizer.param_groups:
        group["lr"] = rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)


def _examples(pool: Pool) -> tuple[Tensor, Tensor, Tensor]:
    """One batch: images (B, 1, S, S), masks (B, 6, S, S), is_frontal (B,). The last SPOILED are no chest films."""
    images, masks = augmentation.mirror(*augmentation.geometry(*pool.batch(BATCH)))
    images = torch.cat([images[:-SPOILED], augmentation.spoil(images[-SPOILED:])])
    is_frontal = torch.ones(BATCH)
    is_frontal[-SPOILED:] = 0
    return *augmentation.bars(augmentation.appearance(images), masks), is_frontal


def _step(
    network: LungUNet, optimizer: torch.optim.Optimizer, images: Tensor, masks: Tensor, is_frontal: Tensor
) -> float:
    """One step of the optimiser; the loss."""
    logits, frontal = network(images.contiguous(memory_format=torch.channels_last))
    value = loss(logits, frontal, masks, is_frontal)
    optimizer.zero_grad()
    value.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimizer.step()
    return value.item()
