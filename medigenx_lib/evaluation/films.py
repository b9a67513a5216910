"""Many films as one array, whatever they come as, and at one size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError

Films = Sequence[Case] | np.ndarray | torch.Tensor
"""A list of cases, or an array or tensor (N, H, W) or (N, 1, H, W) in 0..1."""


def stack(films: Films, size: int | None = None) -> np.ndarray:
    """``films`` as float32 (N, S, S) in 0..1, S = ``size``, or their own common size if None.

    Resizing is bilinear with antialiasing: without it, shrinking folds grain into false detail, and scores
    then depend on the resizer (Parmar, Zhang, Zhu, "On Aliased Resizing and Surprising Subtleties in GAN
    Evaluation", CVPR 2022). Raises InputError if there are no films, or values are not finite or outside 0..1.
    """
    if len(films) == 0:
        raise InputError("There are no films to score.", "Generate or load some first.")
    if isinstance(films[0], Case):
        images = _stack_cases(films, size)
    else:
        images = torch.as_tensor(_array(films), dtype=torch.float32)
    images = images[:, 0] if images.ndim == 4 and images.shape[1] == 1 else images
    if images.ndim != 3 or not (images.min() >= 0 and images.max() <= 1):  # NaN fails both comparisons
        raise InputError(f"Films of shape {tuple(images.shape)}.", "They must be (N, H, W), finite and in 0..1.")
    return _resized(images, size).numpy()


def _array(films: Films) -> np.ndarray:
    try:
        return np.asarray(films)
    except ValueError as error:
        raise InputError("The films differ in size.", "Bring them to one: preprocessing.resize.") from error


def labels_of(films: Films) -> np.ndarray | None:
    """The labels of a list of cases as int64 (N,); None if any is missing, or for bare arrays."""
    if len(films) == 0 or not isinstance(films[0], Case) or any(film.label is None for film in films):
        return None
    return np.array([film.label for film in films], np.int64)


def _stack_cases(cases: Sequence[Case], size: int | None) -> torch.Tensor:
    sizes = {case.image.shape for case in cases}
    if size is None and len(sizes) > 1:
        raise InputError(f"Films of {len(sizes)} different sizes.", "Say at which size to compare them.")
    if len(sizes) == 1:
        return torch.from_numpy(np.stack([case.image for case in cases]))
    return torch.cat([_resized(torch.from_numpy(case.image)[None], size) for case in cases])


def _resized(images: torch.Tensor, size: int | None) -> torch.Tensor:
    if size is None or images.shape[1:] == (size, size):
        return images
    small = F.interpolate(images[:, None], (size, size), mode="bilinear", antialias=True)
    return small[:, 0].clamp(0, 1)
