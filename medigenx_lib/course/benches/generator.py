"""The latent explorer, and films that appear while a generator trains."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets
import numpy as np

from medigenx_lib.course import widgets
from medigenx_lib.course.benches import parts
from medigenx_lib.gan import latent
from medigenx_lib.gan.sampling import SHIPPED

SEEDS = 1000
STEPS = 5


def latent_bench(checkpoint: str = SHIPPED) -> ipywidgets.VBox:
    """A bench for class, truncation and the way between two films of a generator (a shipped name or a file).

    All films are synthetic. Raises WeightsError if the checkpoint cannot be read.
    """
    points = latent.draw(SEEDS, 0, checkpoint)
    controls = {
        "first": parts.slider("First film", 0, SEEDS - 1, 1, 3),
        "second": parts.slider("Second film", 0, SEEDS - 1, 1, 8),
        "share": parts.slider("Way from first to second", 0.0, 1.0, 0.05, 0.5),
        "label": parts.slider("Class: 0 normal to 1 pneumonia", 0.0, 1.0, 0.1, 0.0),
        "truncation": parts.slider("Truncation", 0.1, 1.5, 0.1, 1.0),
    }

    def draw(first: int, second: int, share: float, label: float, truncation: float) -> str:
        shares = [*np.linspace(0, 1, STEPS), share]
        films = latent.films(truncation * latent.slerp(points[first], points[second], shares), label, checkpoint)
        strip = [
            parts.picture(film, f"{100 * part:.0f} % of the way", side=110)
            for film, part in zip(films, shares, strict=False)
        ]
        where = f"Synthetic film at {100 * share:.0f} %, class {label:.1f}, truncation {truncation:.1f}"
        return parts.row(parts.picture(films[-1], where), parts.row(*strip[:STEPS]))

    return parts.bench("Latent explorer: every film here is synthetic", controls, draw)


def live_samples(every: float = 2.0, columns: int = 8) -> Callable[[np.ndarray, dict], None]:
    """A picture that follows a training: pass the result as ``on_sample`` of ``gan.training.train``.

    It is redrawn at most every ``every`` seconds from the films (n, S, S), 0..1, and the figures that the training
    hands over. Without a front end the first films stay.
    """
    page, last = ipywidgets.HTML(), [-np.inf]

    def follow(films: np.ndarray, figures: dict) -> None:
        if time.monotonic() - last[0] < every:
            return
        begun, last[0] = np.isfinite(last[0]), time.monotonic()
        seen = f"Synthetic films after {figures.get('images', 0):,} real ones seen"
        page.value = parts.picture(mosaic(films, columns), seen, side=480, smooth=False)
        if not begun:
            widgets.display_with_fallback(page, {"text/html": page.value, "text/plain": seen})

    return follow


def mosaic(films: np.ndarray, columns: int) -> np.ndarray:
    """Films (n, S, S) as one picture, ``columns`` side by side; what is left of the last row is black."""
    down = -(-len(films) // columns)
    padded = np.concatenate([films, np.zeros((down * columns - len(films), *films.shape[1:]), films.dtype)])
    side = films.shape[1]
    return padded.reshape(down, columns, side, side).swapaxes(1, 2).reshape(down * side, columns * side)
