"""Training the judge: on phantoms segmented as any film, whose truth is known, and on real films by their label.

The reader must not have been trained on these films: the judge is to learn how far the reader can be trusted on films
that are new to it (stacked generalisation: Wolpert, Neural Networks 5, 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import phantom, segmentation, weights
from medigenx_lib.cases import SIDES, Case
from medigenx_lib.errors import TrainingError
from medigenx_lib.radiomics.calibration import segmented
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.judge import CLIP, INPUT_NAMES, Judge, compared, observe, tensors_of
from medigenx_lib.radiomics.measurement import read
from medigenx_lib.radiomics.reader import JUDGE_PREFIX, KINDS, LungReader, reader_from

FIRST_SEED = 22_000_000
"""Phantoms that only the judge learns from."""
PRESETS = (*phantom.TAUGHT, "matched")
"""Of those phantoms, in turn."""
STEPS, BATCH, FILMS, RATE, DECAY = 1500, 512, 64, 5e-3, 0.5
RARE = (1.5, 3.0)
"""How much heavier a lung with opacity, and one with effusion, weighs in the loss than one without."""
WEAK = 0.25
"""Weight of the real films' loss."""
MEMBERS = 5
"""So many judges, fitted from different random starts, decide together."""


@dataclass(frozen=True)
class Lessons:
    """``told`` float32 (N, 2, columns) of N phantoms with ``extents`` (N, 2, 2) of KINDS; ``films`` (M, 2, columns)
    of M real films, M may be 0, with ``labels`` (M,)."""

    told: Tensor
    extents: Tensor
    films: Tensor
    labels: Tensor


def add_judge(
    path: str | Path, real: Sequence[Case] = (), films: int = 12_000, seed: int = 0, progress: bool = True
) -> Path:
    """Train a judge for the reader in the weights file ``path`` and save it beside it; not yet calibrated.

    ``films`` phantoms are drawn, of which about 2 in 5 are kept, those with the rarer findings among them (see
    :func:`.calibration.samples`); ``real``: labelled films that the reader was not trained on. Each film that is kept
    takes about 0.1 CPU-seconds, each of the MEMBERS about 12. Raises TrainingError if the loss is not finite.
    """
    tensors, config = weights.load(path)
    given = lessons(reader_from(tensors, config), real, films, progress)
    judge = together([fit(given, seed + member) for member in range(MEMBERS)])
    readers = {name: value for name, value in tensors.items() if not name.startswith(JUDGE_PREFIX)}
    return weights.save(path, {**readers, **tensors_of(judge)}, config)


def lessons(reader: LungReader, real: Sequence[Case] = (), films: int = 12_000, progress: bool = True) -> Lessons:
    """What the judge learns from: ``films`` phantoms from FIRST_SEED on, and the labelled ``real`` films."""
    told, extents = [], []
    for cases in segmented(films, FIRST_SEED, progress, "judging phantoms", PRESETS):
        told.append(observe(cases, read(cases, reader)))
        truths = [case.truth.findings for case in cases]
        extents += [[[truth.of(kind, side)[0].extent for kind in KINDS] for side in SIDES] for truth in truths]
    seen, labels = film_lessons(reader, real, progress)
    return Lessons(torch.from_numpy(np.concatenate(told)), torch.tensor(extents).float(), seen, labels)


def film_lessons(reader: LungReader, real: Sequence[Case], progress: bool = True) -> tuple[Tensor, Tensor]:
    """(M, 2, columns) and labels (M,) of the labelled films that can be measured."""
    cases = segmentation.segment([case for case in real if case.label is not None], progress=progress) if real else []
    cases, told = [case for case in cases if not not_measurable(case)], []
    for start in tqdm(range(0, len(cases), 50), "features", unit="50 films", disable=not progress):
        part = cases[start : start + 50]
        told.append(observe(part, read(part, reader)))
    empty = np.zeros((0, 2, 0), np.float32)
    return torch.from_numpy(np.concatenate(told) if told else empty), torch.tensor([case.label for case in cases])


def fit(given: Lessons, seed: int = 0, used: Sequence[str] = INPUT_NAMES, steps: int = STEPS) -> Judge:
    """A judge fitted to the lessons; inputs whose names are not in ``used`` it never sees (for ablations).

    AdamW, the rate falling to zero over ``steps``. Raises TrainingError if the loss is not finite.
    """
    torch.manual_seed(seed)
    judge, told, extents = prepared(given, used), given.told.flatten(0, 1), given.extents.flatten(0, 1)
    optimiser = torch.optim.AdamW(judge.parameters(), RATE, weight_decay=DECAY)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * max(0.02, 1 - step / steps)
        index = torch.randint(len(told), (BATCH,))
        value = told_loss(judge.decide(told[index]), extents[index])
        if len(given.films):
            value = value + WEAK * _film_loss(judge, given.films, given.labels)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    if not torch.isfinite(value):
        raise TrainingError(f"The judge's loss became {value.item()}.", "Train the reader anew first.")
    return judge.eval()


def together(judges: Sequence[Judge]) -> Judge:
    """One judge that decides as the mean of several fitted to the same lessons: exactly, for its linear part is the
    mean of theirs and its hidden units are all of theirs. Source: Breiman, "Bagging predictors", Machine Learning 24,
    1996.
    """
    states = [judge.state_dict() for judge in judges]
    whole = Judge(sum(len(state["hidden.bias"]) for state in states))
    mean = {name: sum(state[name] for state in states) / len(states) for name in ("linear.weight", "linear.bias")}
    beside = {name: torch.cat([state[name] for state in states]) for name in ("hidden.weight", "hidden.bias")}
    last = torch.cat([state["out.1.weight"] for state in states], 1) / len(states)
    whole.load_state_dict({**states[0], **mean, **beside, "out.1.weight": last})
    return whole.eval()


def prepared(given: Lessons, used: Sequence[str]) -> Judge:
    """A new judge with its scales, and the ranges of clear lungs, of phantoms and of normal films alike."""
    judge = Judge()
    told = given.told.flatten(0, 1)
    scaled = compared(told, torch.sign(told) * torch.log1p(told.abs())).numpy()
    judge.mean = torch.from_numpy(np.nanmean(scaled, 0))
    judge.spread = torch.from_numpy(np.maximum(np.nanstd(scaled, 0), 1e-6))
    judge.used = torch.tensor([float(name in set(used)) for name in INPUT_NAMES])
    clear = told[given.extents.flatten(0, 1).sum(1) == 0]
    if (given.labels == 0).any():
        clear = torch.cat([clear, given.films[given.labels == 0].flatten(0, 1)])
    judge.clear = judge.standard(clear).clamp(-CLIP, CLIP).mean(0)
    judge.low, judge.high = torch.from_numpy(np.nanquantile(compared(clear).numpy(), (0.05, 0.95), axis=0)).float()
    return judge.train()


def told_loss(decided: Tensor, extents: Tensor) -> Tensor:
    """Scalar for B lungs of known ``extents`` (B, 2): cross-entropy of the presences ``decided`` (B, 2)."""
    return F.binary_cross_entropy_with_logits(decided, (extents > 0).float(), pos_weight=torch.tensor(RARE))


def _film_loss(judge: Judge, films: Tensor, labels: Tensor) -> Tensor:
    """One batch of real films, half of each label: normal lungs hold nothing, of a pneumonia's one or both do."""
    picks = [torch.nonzero(labels == label)[:, 0] for label in (0, 1)]
    normal, ill = (films[pick[torch.randint(len(pick), (FILMS,))]].flatten(0, 1) for pick in picks)
    opacity = judge.decide(ill).unflatten(0, (-1, 2))[..., 0]
    missed = -F.softplus(opacity).sum(1)  # log of the chance that neither lung holds any
    return F.softplus(judge.decide(normal)).mean() - torch.log((-torch.expm1(missed)).clamp_min(1e-30)).mean()
