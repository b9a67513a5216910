"""Training the heart reader on phantoms, segmented as any film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import geometry, phantom, segmentation, settings, weights
from medigenx_lib.cases import CARDIOMEGALY_CTR, Case
from medigenx_lib.errors import TrainingError
from medigenx_lib.radiomics.augmentation import moved
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.heart import HeartReader, loss, tensors_of, thorax_frame
from medigenx_lib.radiomics.reader import HEART_PREFIX
from medigenx_lib.radiomics.training import BATCH, descend, taken

FIRST_SEED = 23_000_000
"""Phantoms that only the heart reader learns from."""
PRESETS, SIZES = (*phantom.TAUGHT, "matched"), (64, 64, 112)
"""Of those phantoms, in turn."""
FILMS, THINNING = 30_000, 2
"""Phantoms drawn; of those with a heart of normal size one in so many is kept."""
MINUTES = 8.0
"""CPU minutes of training, after about as many for rendering and segmenting."""
RATE = 2e-3

Hearts = tuple[Tensor, Tensor]
"""Frames float16 (N, CHANNELS, SIDE, SIDE), and the drawn and the true ratio of each, float32 (N, 2)."""


def add_heart(path: str | Path, minutes: float = MINUTES, seed: int = 0, progress: bool = True) -> Path:
    """Train a heart reader for ``minutes`` of CPU time and save it in the weights file ``path`` beside the lung reader.

    On FILMS phantoms, fewer in proportion for fewer than MINUTES. Not yet calibrated: see
    :func:`.calibration.calibrate`. Raises TrainingError if the loss is not finite.
    """
    tensors, config = weights.load(path)
    films = min(FILMS, round(FILMS * minutes / MINUTES))
    heart = fit(hearts(films, FIRST_SEED, seed, progress), minutes, seed, progress)
    others = {name: value for name, value in tensors.items() if not name.startswith(HEART_PREFIX)}
    path = Path(path)
    path = path if path.suffix == ".safetensors" else weights.FOLDER / f"{path}.safetensors"
    return weights.save(path, {**others, **tensors_of(heart)}, config)


def hearts(films: int, first_seed: int = FIRST_SEED, seed: int = 0, progress: bool = True) -> Hearts:
    """Frames and ratios of the segmented, measurable ones of ``films`` phantoms, PRESETS in turn. About 15 ms each."""
    rng, chunk, frames, ratios = np.random.default_rng(seed), 50, [], []
    for i, start in enumerate(tqdm(range(0, films, chunk), "hearts", unit=f"{chunk} films", disable=not progress)):
        seeds = range(first_seed + start, first_seed + min(start + chunk, films))
        size = SIZES[i // len(PRESETS) % len(SIZES)]
        cases = [case for case in phantom.cases(seeds, size=size, preset=PRESETS[i % len(PRESETS)]) if _kept(case)]
        found = segmentation.segment([taken(case, rng) for case in cases], progress=False, gammas=(1.0,))
        for case in found:
            if "heart" not in not_measurable(case):
                frames.append(thorax_frame(case).astype(np.float16))
                ratios.append((geometry.cardiothoracic_ratio(case.masks), _truth(case)))
    if not frames:
        raise TrainingError("None of the phantoms' hearts could be measured.", "Draw more phantoms.")
    return torch.from_numpy(np.stack(frames)), torch.tensor(ratios).float()


def _kept(case: Case) -> bool:
    return case.truth.findings.presence("cardiomegaly") == "present" or case.meta["seed"] % THINNING == 0


def _truth(case: Case) -> float:
    return case.truth.findings.of("cardiomegaly", None)[0].measurement.value


def fit(given: Hearts, minutes: float = MINUTES, seed: int = 0, progress: bool = True) -> HeartReader:
    """A heart reader trained on ``given`` for ``minutes`` of CPU time; see :func:`.training.descend`."""
    torch.manual_seed(seed)
    reader, (frames, ratios) = HeartReader(), given

    def value() -> Tensor:
        chosen = torch.randint(len(frames), (BATCH,))
        drawn, true = ratios[chosen].T
        return loss(_glance(reader, _varied(frames[chosen].float())), drawn, true, CARDIOMEGALY_CTR)

    return descend(reader, value, "heart reader", minutes, RATE, progress)


def _glance(reader: HeartReader, pictures: Tensor) -> Tensor:
    """What is read, in float32; worked out in bfloat16 where the processor can, to save time."""
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.computes_bf16("cpu")):
        return reader(pictures.contiguous(memory_format=torch.channels_last)).float()


def _varied(pictures: Tensor) -> Tensor:
    """Frames moved and warped, masks with them, of other contrast and a little noise."""
    pictures = moved(pictures)
    gain, noise = 1 + 0.08 * torch.randn(len(pictures), 1, 1), 0.04 * torch.rand(len(pictures), 1, 1)
    pictures[:, 0] = pictures[:, 0] * gain + noise * torch.randn_like(pictures[:, 0])
    return pictures


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(add_heart("measurement"))
