"""Training the lung reader on phantoms, within a budget of CPU minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import geometry, phantom, segmentation, settings, weights
from medigenx_lib.cases import DENSITIES, PATTERNS, SIDES, ZONES, Case, replace
from medigenx_lib.errors import TrainingError
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.augmentation import GRAIN, POOR, disturb, moved
from medigenx_lib.radiomics.calibration import calibrate
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.judging import add_judge
from medigenx_lib.radiomics.reader import KINDS, LungReader, Reading, load_reader, loss

FIRST_SEED = 26_000_000
"""Training phantoms have seeds from here on; calibration and held-out scores use lower ones."""
PRESETS = (*phantom.TAUGHT, "wide", "matched")
"""Presets of the training phantoms in turn: the hardest twice, and the one nearest to real films."""
SIZES = (64, 64, 64, 112)
"""Sides of the training phantoms in turn, so that the reader knows sharp frames and coarse ones."""
LOOKS = 2
"""Frames of each segmented phantom's lung: segmenting costs far more than cutting."""
BATCH, LEARNING_RATE, WEIGHT_DECAY, WARM_UP, JITTER = 64, 3e-3, 2e-2, 50, 0.03
BLUR, FLAT = 1.2, 0.6
"""The worst of the poor films: the spread of the Gaussian blur in pixels, and the contrast left."""
MINUTES = 40.0
"""CPU minutes that the shipped reader was trained for, before it met real films."""
SEGMENTED, ROUGH = 80_000, 60_000
"""Phantoms for so many minutes: as segmented, and with their true masks slightly wrong. Of fewer, it learns each by
heart: after 15 minutes on 40,000 its loss was .56 on them and .69 on new ones."""
Network = TypeVar("Network", bound=torch.nn.Module)
TARGETS = ("extents", "zones", "shares", "density", "pattern")
"""What is known of each training lung, as :func:`_truth` gives it."""


@dataclass(frozen=True)
class Lungs:
    """N lungs in their frames: ``frames`` float16 (N, C, H, W), ``masks`` float16 (N, 2, H, W), ``target`` by name."""

    frames: Tensor
    masks: Tensor
    target: dict[str, Tensor]

    def batch(self, count: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """``count`` random lungs as float32."""
        i = torch.randint(len(self.frames), (count,))
        return self.frames[i].float(), self.masks[i].float(), {name: values[i] for name, values in self.target.items()}


class Pool:
    """Room for ``capacity`` lungs that are added in parts: a copy of all at the end would need the memory twice."""

    def __init__(self, capacity: int):
        self.capacity, self.count, self.columns = capacity, 0, []

    def add(self, rows: Sequence[tuple]) -> None:
        """Add lungs, each as :func:`_framed` gives it."""
        parts = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
        self.columns = self.columns or [part.new_empty((self.capacity, *part.shape[1:])) for part in parts]
        for column, part in zip(self.columns, parts, strict=bool(parts)):
            column[self.count : self.count + len(part)] = part
        self.count += len(rows)

    def lungs(self) -> Lungs:
        """What has been added. Raises TrainingError if that is nothing."""
        if not self.count:
            raise TrainingError("None of the phantoms' lungs could be measured.", "Draw more phantoms.")
        pictures, masks, *target = (column[: self.count] for column in self.columns)
        return Lungs(pictures, masks, dict(zip(TARGETS, target, strict=True)))


def train(path: str | Path | None = None, minutes: float = MINUTES, seed: int = 0, judged: int = 12_000,
          progress: bool = True) -> Path:  # fmt: skip
    """Train the lung reader on phantoms, then the judge on ``judged`` others and the heart reader, calibrate, save.

    ``path``: a safetensors file; None for the shipped ``measurement``. ``minutes`` of CPU time go to the reader; its
    phantoms take two thirds as many, the heart two fifths, the rest about eight more. Needs the lung segmentation's
    weights. Raises TrainingError if a loss is not finite.
    """
    from medigenx_lib.radiomics.heart_training import add_heart  # it imports this module

    path = add_judge(train_reader(path, minutes, seed, progress=progress), films=judged, seed=seed, progress=progress)
    return calibrate(add_heart(path, minutes / 5, seed, progress), progress=progress)


def train_reader(path: str | Path | None = None, minutes: float = MINUTES, seed: int = 0,
                 first_seed: int = FIRST_SEED, start: str | Path | None = None,
                 progress: bool = True) -> Path:  # fmt: skip
    """Train the lung reader alone for ``minutes`` of CPU time, and save it without a judge.

    On SEGMENTED and ROUGH phantoms, fewer in proportion for fewer than MINUTES, whose rendering and segmenting take two
    thirds as long again. ``start``: weights to go on from, best with another ``first_seed``, for new films teach more
    than new rounds. Raises TrainingError if the loss is not finite.
    """
    torch.manual_seed(seed)
    reader = LungReader() if start is None else load_reader(start)[0]
    seen, rough = (round(films * minutes / MINUTES) for films in (SEGMENTED, ROUGH))
    lungs = taught_lungs(seen, rough, first_seed, seed, progress)
    fit(reader, lungs, minutes, LEARNING_RATE if start is None else LEARNING_RATE / 2, progress)
    path = Path(path or weights.FOLDER / "measurement.safetensors")
    return weights.save(path, reader.state_dict(), {"widths": list(reader.widths)})


def fit(reader: LungReader, lungs: Lungs, minutes: float, fastest: float, progress: bool = True) -> LungReader:
    """Train the reader in place on new views of the lungs; see :func:`descend`."""

    def value() -> Tensor:
        pictures, masks, target = lungs.batch(BATCH)
        pictures, masks = moved(torch.cat([pictures, masks], 1)).split([pictures.shape[1], masks.shape[1]], 1)
        return loss(glance(reader, disturb(pictures)), target, masks)

    return descend(reader, value, "lung reader", minutes, fastest, progress)


def descend(network: Network, value: Callable[[], Tensor], name: str, minutes: float, fastest: float,
            progress: bool = True, warm_up: int = WARM_UP) -> Network:  # fmt: skip
    """Train ``network`` in place for ``minutes`` of CPU time, and return it in evaluation mode.

    AdamW on the scalar loss that ``value()`` works out anew for each step; the rate rises to ``fastest`` in ``warm_up``
    steps and falls over the budget. ``name`` stands on the progress bar. Raises TrainingError if a loss is not finite.
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    network.to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(network.parameters(), fastest, weight_decay=WEIGHT_DECAY)
    start, step, done = time.process_time(), 0, 0.0
    with tqdm(total=100, desc=name, unit="%", disable=not progress, mininterval=5) as bar:
        while done < 1:
            optimiser.param_groups[0]["lr"] = fastest * min(1, (step + 1) / warm_up) * max(0.02, 1 - done)
            lost = value()
            if not torch.isfinite(lost):
                raise TrainingError(f"The {name}'s loss became {lost.item()} at step {step}.", "Train it anew.")
            optimiser.zero_grad()
            lost.backward()
            optimiser.step()
            step, before, done = step + 1, done, (time.process_time() - start) / (60 * minutes)
            bar.update(100 * (min(done, 1) - before))
    return network.eval()


def glance(reader: LungReader, pictures: Tensor) -> Reading:
    """What is read in frames (B, C, H, W), in float32; worked out in bfloat16 where the processor can, to save time."""
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.computes_bf16("cpu")):
        seen = reader(pictures.contiguous(memory_format=torch.channels_last))
    return Reading(seen.maps.float(), {name: values.float() for name, values in seen.heads.items()})


def phantom_lungs(films: int, first_seed: int = FIRST_SEED, seed: int = 0, progress: bool = True) -> Lungs:
    """The lungs of ``films`` phantoms, PRESETS in turn, with slightly wrong masks."""
    return taught_lungs(0, films, first_seed, seed, progress)


def taught_lungs(seen: int, rough: int, first_seed: int = FIRST_SEED, seed: int = 0, progress: bool = True) -> Lungs:
    """The lungs of ``seen`` phantoms on the masks that the shipped segmentation finds, with its own errors, LOOKS
    frames of each, and of the next ``rough`` with slightly wrong masks.

    About 20 ms of CPU time a film as segmented, three times as much as one with roughened masks.
    """
    pool, rng = Pool(len(SIDES) * (LOOKS * seen + rough)), np.random.default_rng(seed)
    for part in _phantoms(seen, first_seed, progress, SIZES[:1]):
        found = segmentation.segment([taken(case, rng) for case in part], progress=False, gammas=(1.0,))
        found = [case for case in found if not not_measurable(case)]
        pool.add([row for case in found for _ in range(LOOKS) for row in _framed(case, case.masks, rng)])
    for part in _phantoms(rough, first_seed + seen, progress):
        pool.add([row for case in part for row in _roughly_framed(taken(case, rng), rng)])
    return pool.lungs()


def _phantoms(films: int, first_seed: int, progress: bool, sizes: Sequence[int] = SIZES) -> Iterator[list[Case]]:
    chunk = 50
    starts = range(0, films, chunk)
    for i, start in enumerate(tqdm(starts, desc="phantoms", unit=f"{chunk} films", disable=not progress)):
        seeds = range(first_seed + start, first_seed + min(start + chunk, films))
        preset, size = PRESETS[i % len(PRESETS)], sizes[i // len(PRESETS) % len(sizes)]
        yield phantom.cases(seeds, size=size, preset=preset)


def taken(case: Case, rng: np.random.Generator) -> Case:
    """The film as another department might have taken it: of another tone, POOR of them blurred, flat and grainy."""
    image = case.image ** np.exp(rng.normal(0, 0.15))
    if rng.random() < POOR:
        blur, grain, contrast = BLUR * rng.random(), GRAIN * rng.random(), rng.uniform(FLAT, 1)
        image = 0.5 + contrast * (ndimage.gaussian_filter(image, blur * len(image) / SIZES[0]) - 0.5)
        image = image + grain * rng.standard_normal(image.shape)
    return replace(case, image=np.clip(image, 0, 1).astype(np.float32))


def _roughly_framed(case: Case, rng: np.random.Generator) -> Iterator[tuple]:
    seen = {name: _roughened(mask, rng) for name, mask in case.masks.items()}
    if min(seen[f"{side}_lung"].mean() for side in SIDES) >= 0.01:
        yield from _framed(case, seen, rng)


def _framed(case: Case, seen: Mapping[str, np.ndarray], rng: np.random.Generator) -> Iterator[tuple]:
    """Both lungs of a phantom in slightly shifted frames, as cut out by the masks that were ``seen``."""
    bright = frames.brightness(case.image, seen)
    boxes = {side: _shaken(frames.lung_box(seen[f"{side}_lung"]), rng) for side in SIDES}
    for side in SIDES:
        masks = [frames.cut(case.truth.masks[kind], boxes[side], side == "left") for kind in KINDS]
        picture = frames.lung_frame(bright, seen, boxes, side)
        yield picture.astype(np.float16), np.stack(masks).astype(np.float16), *_truth(case, side)


def _truth(case: Case, side: str) -> tuple:
    """Extents float32 (2,), zones bool (3,), their shares float32 (3,), density and pattern int64, -1 for none."""
    opacity, effusion = (case.truth.findings.of(kind, side)[0] for kind in KINDS)
    zones = np.array([zone in opacity.zones for zone in ZONES])
    density = DENSITIES.index(opacity.density) if opacity.density else -1
    pattern = PATTERNS.index(opacity.pattern) if opacity.pattern else -1
    extents = np.array([opacity.extent, effusion.extent], np.float32)
    shares = geometry.zone_shares(case.truth.masks["opacity"], case.truth.masks[f"{side}_lung"]).astype(np.float32)
    return extents, zones, shares, np.int64(density), np.int64(pattern)


def _roughened(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    change = rng.integers(-1, 2)
    if change == 0:
        return mask
    return ndimage.binary_dilation(mask) if change > 0 else ndimage.binary_erosion(mask)


def _shaken(box: frames.Box, rng: np.random.Generator) -> frames.Box:
    left, top, right, bottom = box
    shift = rng.normal(0, JITTER, 4) * np.array([right - left, bottom - top, right - left, bottom - top])
    return tuple(np.array(box) + shift)
