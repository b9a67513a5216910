"""Procedural, physics-based frontal chest radiographs with full ground truth: the course's embedded data source.

A case is made by its seed alone: the same seed gives the same case, alone or in any batch, on any number of threads,
and a parameter added later moves no old case (:mod:`.streams`). The same seed with and without disease is a
counterfactual pair: outside the diseased lung the two films differ by scatter, its noise and local contrast
processing alone. Lungs, ribs, heart, view, inspiration, exposure and window do not depend on the label.

Left out, and why: lateral views (the course is about frontal films), real three-dimensional anatomy (two and a half
dimensions give the radiograph's look at a thousandth of the cost), automatic exposure (see physics.window_of).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

from medigenx_lib.cases import MASKS, Case, Findings, Truth
from medigenx_lib.errors import InputError
from medigenx_lib.phantom import anatomy, disease, overlays, parameters, physics, skeleton, tissue, truth
from medigenx_lib.phantom.parameters import PRESETS, TAUGHT

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PRESETS", "TAUGHT", "VERSION", "PhantomBatch", "cases", "counterfactual", "render"]

VERSION = 2
"""Raised whenever any seed's case changes; stored in each case's ``meta``."""


@dataclass
class PhantomBatch:
    """``images`` float32 (B, 1, S, S) in 0..1; ``masks`` bool (B, 5, S, S) in the order of ``cases.MASKS``;
    ``behind_heart`` bool (B, S, S), lung hidden by the heart; ``labels`` int64 (B,); ``findings`` one per case,
    or None."""

    images: Tensor
    masks: Tensor
    behind_heart: Tensor
    labels: Tensor
    findings: list[Findings] | None
    seeds: list[int]


@dataclass
class Phantom:
    """One rendered case in numpy: image float32 (S, S), masks bool (5, S, S), behind_heart bool (S, S)."""

    seed: int
    image: np.ndarray
    masks: np.ndarray
    behind_heart: np.ndarray
    label: int
    findings: Findings | None


def render(seeds, size: int = 64, preset: str = "paediatric", disease=None, facts: bool = True) -> PhantomBatch:
    """Render one case per seed as torch tensors, ready for training.

    ``seeds``: non-negative integers. ``size``: side in pixels, at least 8. ``disease``: True, False, one of them per
    seed, or None (drawn, half of the cases). ``facts=False`` skips the findings. Raises InputError for anything else.
    """
    import torch  # costs seconds; cases() works without it

    made = list(phantoms(seeds, size, preset, disease, facts))
    return PhantomBatch(
        images=torch.from_numpy(_stack([one.image for one in made], (size, size), np.float32))[:, None],
        masks=torch.from_numpy(_stack([one.masks for one in made], (len(MASKS), size, size), bool)),
        behind_heart=torch.from_numpy(_stack([one.behind_heart for one in made], (size, size), bool)),
        labels=torch.tensor([one.label for one in made], dtype=torch.int64),
        findings=[one.findings for one in made] if facts else None,
        seeds=[one.seed for one in made],
    )


def cases(seeds, size: int = 64, preset: str = "paediatric", disease=None) -> list[Case]:
    """Render one :class:`Case` per seed, with masks, findings and truth filled. Arguments as in :func:`render`."""
    return [_case(one, preset) for one in phantoms(seeds, size, preset, disease, True)]


def counterfactual(seed: int, size: int = 64, preset: str = "paediatric") -> tuple[Case, Case]:
    """The same patient on the same day without and with pneumonia: (healthy, diseased)."""
    healthy, diseased = cases([seed, seed], size, preset, disease=[False, True])
    return healthy, diseased


def phantoms(seeds, size: int, preset: str, disease, facts: bool) -> Iterator[Phantom]:
    """Render one by one, so that a case cannot depend on its batch. Arguments as in :func:`render`."""
    seeds = _checked_seeds(seeds)
    if not isinstance(size, Integral) or not 8 <= size <= 2048:
        raise InputError(f"A phantom of size {size!r}.", "Use a whole number of pixels from 8 to 2048, such as 64.")
    if preset not in PRESETS:
        raise InputError(f"No phantom preset {preset!r}.", f"Use one of: {', '.join(PRESETS)}.")
    wanted = _checked_disease(disease, len(seeds))
    return _rendered(seeds, int(size), preset, wanted, facts)


def _rendered(seeds, size, preset, wanted, facts) -> Iterator[Phantom]:
    for p, sick in zip(parameters.draw(seeds, preset), wanted, strict=True):
        sick = p.chance_disease < parameters.PREVALENCE if sick is None else sick
        with _blas().limit(limits=1, user_api="blas"):  # more threads would round sums differently
            made = _render(p, size, bool(sick), facts)
        yield made


@functools.cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _render(p, size: int, sick: bool, facts: bool) -> Phantom:
    view = anatomy.make_view(p, size)
    thorax = anatomy.make_thorax(p, view)
    ill = disease.sick(p, view, thorax) if sick else disease.healthy(view)
    exponent, gained = _exponents(p, view, thorax, ill)
    signal = physics.detect(p, exponent)
    window = physics.window_of(p, physics.density(signal))
    if sick:
        signal = physics.detect(p, exponent + gained)
    film = physics.density(physics.noisy(p, signal))
    image = overlays.annotate(p, physics.display(p, view, film, window)).astype(np.float32)
    masks = np.stack((thorax.lung & view.right, thorax.lung & ~view.right, thorax.heart, ill.opacity, ill.effusion))
    named = dict(zip(MASKS, masks, strict=True))
    findings = truth.measure(named, thorax.air, ill.filling, ill.pattern) if facts else None
    return Phantom(p.seed, image, masks, thorax.behind_heart, int(sick), findings)


def _exponents(p, view, thorax, ill) -> tuple[np.ndarray, np.ndarray]:
    """Attenuation of the healthy patient, and what disease adds where fluid replaces air."""
    gas = tissue.airways(p, view) + tissue.abdominal_gas(p, view, thorax)
    soft = tissue.body(p, view) + tissue.overlying(p, view) + tissue.vessels(p, view, thorax)
    soft = soft - gas - p.air * (thorax.air + thorax.air_hidden)
    healthy = physics.attenuation(p, soft, skeleton.bone(p, view, thorax)) + overlays.metal(p, view)
    return healthy, physics.attenuation(p, p.air * thorax.air * ill.replaced, np.float32(0))


def _case(one: Phantom, preset: str) -> Case:
    masks = dict(zip(MASKS, one.masks, strict=True))
    return Case(
        id=f"phantom-{preset}-{one.seed}", image=one.image, label=one.label, masks=masks, findings=one.findings,
        truth=Truth(masks, one.findings), source="phantom", synthetic=True,
        meta={"seed": one.seed, "version": VERSION, "preset": preset},
    )  # fmt: skip


def _stack(arrays: list[np.ndarray], shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.stack(arrays) if arrays else np.zeros((0, *shape), dtype)


def _checked_seeds(seeds: Sequence[int]) -> list[int]:
    try:
        seeds = list(seeds)
        whole = all(isinstance(seed, Integral) and 0 <= seed < 2**63 for seed in seeds)
    except TypeError:
        whole = False
    if not whole:
        raise InputError(f"Phantom seeds {seeds!r:.80}.", "Give a list of whole numbers, 0 or greater.")
    return [int(seed) for seed in seeds]


def _checked_disease(disease, count: int) -> list[bool | None]:
    if disease is None or isinstance(disease, (bool, np.bool_)):
        return [disease] * count
    try:
        wanted = [bool(value) for value in disease]
    except (TypeError, ValueError, RuntimeError):
        wanted = []
    if len(wanted) != count or isinstance(disease, str):
        raise InputError(f"disease is {disease!r:.60} for {count} seeds.", "Use None, True, False or one per seed.")
    return wanted
