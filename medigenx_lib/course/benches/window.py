"""The window and preprocessing bench: what each step of preparing a film does to what can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
import numpy as np

from medigenx_lib import preprocessing
from medigenx_lib.cases import Case
from medigenx_lib.course.benches import parts

METHODS = {"nothing": "", "histogram equalisation (global)": "global", "CLAHE (local, clipped)": "clahe"}
SAMPLINGS = {"averaged (antialiased)": "averaged", "every n-th pixel (aliased)": "picked"}


def window_bench(cases: Sequence[Case]) -> ipywidgets.VBox:
    """A bench for window centre and width, equalisation, and size, on any of ``cases``; films (H, W), 0..1.

    Shown are the film, the film prepared, and the histogram with the window's edges. Raises InputError without cases.
    """
    side = min(min(case.image.shape) for case in cases) if cases else 0
    controls = {
        "film": parts.choice("Film", parts.named(cases, "A window bench")),
        "centre": parts.slider("Window centre", 0.0, 1.0, 0.01, 0.5),
        "width": parts.slider("Window width", 0.02, 1.0, 0.02, 1.0),
        "method": parts.choice("Contrast", METHODS),
        "clip": parts.slider("CLAHE clip limit", 1.0, 8.0, 0.5, 2.0),
        "size": parts.choice("Size in pixels", [n for n in (16, 28, 32, 64, 128, 224, 512) if n < side] + [side], side),
        "sampling": parts.choice("Made smaller by", SAMPLINGS),
    }
    idle = {
        "clip": lambda at: at["method"] != "clahe",
        "sampling": lambda at: cases[at["film"]].image.shape == (at["size"], at["size"]),
    }
    return parts.bench(
        "Window and preprocessing bench", controls, lambda film, **how: draw(cases[film].image, **how), idle
    )


def draw(image: np.ndarray, centre: float, width: float, method: str, clip: float, size: int, sampling: str) -> str:
    """The page of one setting."""
    prepared = contrast(preprocessing.window_level(255 * image, 255 * centre, 255 * width), method, clip)
    small = shrunk(prepared, size, sampling)
    low, high = max(0.0, centre - width / 2), min(1.0, centre + width / 2)
    lost = float(np.mean((image < low) | (image > high)))
    words = f"Grey levels as read; {100 * lost:.0f} % of the pixels lie outside the window"
    return parts.row(
        parts.picture(image, f"As read, {image.shape[1]} by {image.shape[0]} pixels"),
        parts.picture(small, f"Prepared, {size} by {size} pixels", smooth=False),
        f"<div>{parts.histogram(image, words, (low, high))}{parts.histogram(small, 'Grey levels as prepared')}</div>",
    )


def contrast(image: np.ndarray, method: str, clip: float) -> np.ndarray:
    """The film (H, W) as it is, equalised as a whole, or by CLAHE."""
    if method == "global":
        return preprocessing.clahe(image, tiles=1, clip=1e6)
    return preprocessing.clahe(image, clip=clip) if method == "clahe" else image


def shrunk(image: np.ndarray, size: int, sampling: str) -> np.ndarray:
    """The film (H, W) at ``size`` x ``size``, averaged or with pixels left out."""
    if sampling == "averaged":
        return preprocessing.resize(image, size)
    rows, columns = (np.arange(size) * side // size for side in image.shape)
    return image[rows][:, columns]
