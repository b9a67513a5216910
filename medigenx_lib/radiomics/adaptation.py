"""Adapting the lung reader to real films, whose labels are weak truth about their lungs.

Phantoms teach where opacity is and how much; but real ribs and vessels are richer than a phantom's, and a reader that
has only seen phantoms calls them reticular. The label of a real film says less, and truly: on a normal film neither
lung holds opacity, on a pneumonia film at least one does. So batches are two thirds phantoms, with everything that they
know, and real films, with that one bit (multiple-instance learning: Dietterich et al., Artificial
Intelligence 89, 1997).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib import segmentation, weights
from medigenx_lib.cases import SIDES, Case
from medigenx_lib.errors import InputError
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.augmentation import disturb, moved
from medigenx_lib.radiomics.calibration import calibrate
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.heart_training import add_heart
from medigenx_lib.radiomics.judging import add_judge
from medigenx_lib.radiomics.reader import HEART_PREFIX, LungReader, Reading, loss, pinball, reader_from
from medigenx_lib.radiomics.training import BATCH, Lungs, descend, glance, taught_lungs

FIRST_SEED = 21_000_000
"""Phantoms that keep the reader from forgetting; no other training or calibration uses them."""
RATE = 8e-4
JUDGED = 400
"""Most real films of each label that the judge learns from."""


@dataclass(frozen=True)
class Films:
    """N real films: ``lungs`` float16 (N, 2, C, H, W), right and left in their frames; ``labels`` (N,) 0 or 1."""

    lungs: Tensor
    labels: Tensor

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """``count`` films, half of each label: (count, 2, C, H, W) float32 and (count,)."""
        picks = [torch.nonzero(self.labels == label)[:, 0] for label in (0, 1)]
        index = torch.cat([pick[torch.randint(len(pick), (count // 2,))] for pick in picks])
        return self.lungs[index].float(), self.labels[index]


def adapt(
    cases: Sequence[Case],
    path: str | Path | None = None,
    minutes: float = 7.0,
    films: int = 1600,
    phantoms: int = 20_000,
    judged: int = 12_000,
    seed: int = 0,
    first_seed: int = FIRST_SEED,
    keep: float = 0.0,
    progress: bool = True,
) -> Path:
    """Train the reader at ``path`` (None: the shipped one) on for ``minutes`` of CPU time, then the judge; calibrate.

    ``cases``: real training films with labels 0 and 1. At most ``films`` of them, as many of each label, teach the
    reader; of the others, ``JUDGED`` of each label at most teach the judge, with ``judged`` phantoms. Half of the
    ``phantoms``, from ``first_seed`` on, are seen as segmented, half with their true masks roughened. ``keep``: share
    of the old weights in the average of old and new ones that is saved, 0..1; for a reader that had been adapted
    before. Raises InputError if a class is missing, TrainingError if a loss is not finite.
    """
    path = Path(path or weights.FOLDER / "measurement.safetensors")
    torch.manual_seed(seed)
    tensors, config = weights.load(path)
    reader, picked = reader_from(tensors, config), chosen(cases, films, seed)
    half = phantoms // 2
    lungs = taught_lungs(half, half, first_seed, seed, progress)
    fit(reader, lungs, film_lungs(picked, progress), minutes, progress)
    heart = {name: value for name, value in tensors.items() if name.startswith(HEART_PREFIX)}
    weights.save(path, {**averaged(tensors, reader.state_dict(), keep), **heart}, {"widths": list(reader.widths)})
    path = add_judge(path, unseen(cases, picked, seed), judged, seed, progress)
    if not heart:
        path = add_heart(path, minutes, seed, progress)
    return calibrate(path, progress=progress)


def averaged(old: Mapping[str, Tensor], new: Mapping[str, Tensor], keep: float) -> dict[str, Tensor]:
    """The mean of two readers' tensors, ``keep`` of it ``old``; counters are the new ones'.

    Two ends of one training err in different places, and their mean in fewer. Source: Wortsman et al., "Robust
    fine-tuning of zero-shot models", CVPR 2022, eq. 1.
    """
    return {
        name: keep * old[name] + (1 - keep) * value if value.is_floating_point() else value
        for name, value in new.items()
    }


def unseen(cases: Sequence[Case], picked: Sequence[Case], seed: int) -> list[Case]:
    """At most JUDGED labelled cases of each label that were not picked; none if one label has run out."""
    rng, taken = np.random.default_rng(seed + 1), {id(case) for case in picked}
    left = [[case for case in cases if case.label == label and id(case) not in taken] for label in (0, 1)]
    if not all(left):
        return []
    return [some[i] for some in left for i in rng.permutation(len(some))[:JUDGED]]


def chosen(cases: Sequence[Case], films: int, seed: int) -> list[Case]:
    """At most ``films`` of the labelled cases, half of each label, at random."""
    rng, picked = np.random.default_rng(seed), []
    for label in (0, 1):
        some = [case for case in cases if case.label == label]
        if not some:
            raise InputError("The reader adapts to normal and pneumonia films; one class is missing.", "Give both.")
        picked += [some[i] for i in rng.permutation(len(some))[: films // 2]]
    return picked


def film_lungs(cases: Sequence[Case], progress: bool = True) -> Films:
    """The lungs of real films in their frames, on segmented masks; what cannot be measured is left out."""
    seen = [case for case in segmentation.segment(cases, progress=progress) if not not_measurable(case)]
    lungs = np.stack([_both_lungs(case) for case in seen]).astype(np.float16)
    return Films(torch.from_numpy(lungs), torch.tensor([case.label for case in seen]))


def _both_lungs(case: Case) -> np.ndarray:
    boxes = {side: frames.lung_box(case.masks[f"{side}_lung"]) for side in SIDES}
    bright = frames.brightness(case.image, case.masks)
    return np.stack([frames.lung_frame(bright, case.masks, boxes, side) for side in SIDES])


def weak_loss(reading: Reading, labels: Tensor) -> Tensor:
    """What the labels (N,) of N films say of the readings of their 2N lungs (right, left, right, ...); a scalar.

    Normal: no lung holds opacity or effusion, anywhere. Pneumonia: opacity in one lung or both,
    p = 1 - (1 - p_right)(1 - p_left).
    """
    presence = reading.heads["presence"].unflatten(0, (-1, 2))  # (N, side, kind)
    healthy = labels == 0
    none = F.softplus(presence[healthy]).mean() + F.softplus(reading.maps.unflatten(0, (-1, 2))[healthy]).mean()
    clear = [
        reading.heads[f"{kind}_extent"].unflatten(0, (-1, 2))[healthy].flatten(0, 1) for kind in ("opacity", "effusion")
    ]
    none = none + 3 * sum(pinball(quantiles, torch.zeros(len(quantiles))) for quantiles in clear)
    log_missed = -F.softplus(presence[~healthy][..., 0]).sum(1)  # log of the chance that neither lung holds any
    return none - torch.log((-torch.expm1(log_missed)).clamp_min(1e-30)).mean()  # expm1: exact for small chances


def fit(reader: LungReader, lungs: Lungs, real: Films, minutes: float, progress: bool) -> None:
    """Train the reader in place on phantoms and films in one batch; see :func:`.training.descend`."""
    descend(reader, lambda: _step(reader, lungs, real), "reader of real films", minutes, RATE, progress, warm_up=1)


def _step(reader: LungReader, lungs: Lungs, real: Films) -> Tensor:
    """The loss of one batch, two thirds phantom lungs and one third lungs of real films."""
    pictures, masks, target = lungs.batch(BATCH)
    films, labels = real.batch(BATCH // 4)
    pictures, masks = moved(torch.cat([pictures, masks], 1)).split([pictures.shape[1], masks.shape[1]], 1)
    seen = disturb(torch.cat([pictures, moved(films.flatten(0, 1))]))
    reading = glance(reader, seen)
    heads = {name: values.split(BATCH) for name, values in reading.heads.items()}
    phantom_maps, film_maps = reading.maps.split(BATCH)
    known = Reading(phantom_maps, {name: parts[0] for name, parts in heads.items()})
    hinted = Reading(film_maps, {name: parts[1] for name, parts in heads.items()})
    return loss(known, target, masks) + weak_loss(hinted, labels)
