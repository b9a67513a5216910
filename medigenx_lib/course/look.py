"""Figures of the lessons: one look, films in grey, and each picture in words for those who cannot see it."""

from __future__ import annotations

import base64
import html
import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from medigenx_lib.errors import InputError


class Palette(NamedTuple):
    """Colours that stay apart for every kind of colour vision.

    Source: Okabe and Ito, "Color Universal Design", 2008.
    """

    blue: str = "#0072B2"
    orange: str = "#E69F00"
    green: str = "#009E73"
    red: str = "#D55E00"
    purple: str = "#CC79A7"
    sky: str = "#56B4E9"
    yellow: str = "#F0E442"
    black: str = "#000000"


PALETTE = Palette()
"""``PALETTE.blue`` or ``PALETTE[0]``; the colour cycle of all figures after ``course.start``."""
STYLE = {
    "figure.dpi": 100, "figure.constrained_layout.use": True, "font.size": 10, "axes.titlesize": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False, "image.cmap": "gray",
    "image.interpolation": "nearest", "legend.frameon": False, "lines.linewidth": 1.8,
}  # fmt: skip

LABEL_WIDTH = 1.4
"""Inches beside a grid of films for the names of its rows."""


def set_style() -> None:
    """Give all figures from here on the look of the course."""
    plt.rcParams.update(STYLE)
    plt.rcParams["axes.prop_cycle"] = plt.cycler(color=list(PALETTE))


def films(images: Sequence[Any], titles: Sequence[str] | None = None, columns: int | None = None) -> Figure:
    """A grid of films in grey, black 0 and white 1.

    ``images``: cases, arrays or tensors, (H, W) or (1, H, W), in 0..1. ``titles``: one an image; where each row has a
    single one, it stands once, in larger letters, beside its row. ``columns``: at most so many side by side (6). Raises
    InputError if there is no image or not one title an image.
    """
    pictures = [as_picture(image) for image in images]
    titles = [""] * len(pictures) if titles is None else list(titles)
    if not pictures or len(titles) != len(pictures):
        raise InputError(f"{len(pictures)} films and {len(titles)} titles.", "Give at least one film, one title each.")
    across = min(columns or 6, len(pictures))
    down = -(-len(pictures) // across)
    labels = row_labels(titles, across)
    margin, above = (LABEL_WIDTH, 0) if labels else (0, 0.3 * any(titles))
    side = min(2.6, (10.5 - margin) / across)
    size = (margin + side * across, (side + above) * down)
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):
        axis.imshow(picture, vmin=0, vmax=1, cmap="gray")
        _ = axis.set_title("" if labels else title)
    name_rows(axes, labels)
    return figure


def row_labels(titles: Sequence[str], across: int) -> list[str]:
    """The one title of each row of ``across`` films, also where only its first film has one; [] if a row has several.

    Six equal titles over small films cannot be read on a slide. Rows of two keep theirs.
    """
    rows = [list(titles[start : start + across]) for start in range(0, len(titles), across)]
    single = all(row[0] and set(row[1:]) <= {row[0], ""} and len(set(row[1:])) <= 1 for row in rows)
    return [row[0] for row in rows] if across > 2 and single else []


def name_rows(axes: np.ndarray, labels: Sequence[str]) -> None:
    """Write ``labels`` to the left of the rows of ``axes`` (rows, columns)."""
    for axis, label in zip(axes[:, 0], labels, strict=False):
        words = textwrap.fill(label, 12, break_long_words=False)
        axis.text(-0.06, 0.5, words, transform=axis.transAxes, ha="right", va="center", fontsize=13)


def as_picture(image: Any) -> np.ndarray:
    """A case, array or tensor, (H, W) or with axes of length 1, as an array (H, W)."""
    values = getattr(image, "image", image)
    values = values.detach().cpu().float() if hasattr(values, "detach") else values
    picture = np.squeeze(np.asarray(values))
    if picture.ndim != 2:
        raise InputError(f"A film of shape {np.shape(values)}.", "Give one film of shape (H, W) at a time.")
    return picture


def show(figure: Figure, alt: str) -> None:
    """Display ``figure`` as a picture that carries ``alt``, what it shows in words, and close it."""
    present(bundle(figure, alt), metadata={"image/png": {"alt": alt}})


def tell(text: str, hang: int = 0) -> None:
    """Print ``text`` in lines of at most 88 characters, all but the first indented by ``hang``.

    Front ends break long lines anywhere, in the middle of a word too.
    """
    print(textwrap.fill(text, 88, subsequent_indent=" " * hang, break_on_hyphens=False))


def present(forms: Mapping[str, Any], metadata: dict | None = None) -> None:
    """Hand the forms of one output (MIME type to content) to the notebook; outside of one, print its words."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(forms["text/plain"])
    else:
        display(dict(forms), metadata=metadata, raw=True)


def bundle(figure: Figure, alt: str) -> dict[str, str]:
    """The closed figure for a notebook: HTML with alt text, the PNG for viewers without HTML, the words alone.

    Raises InputError where the words are missing.
    """
    if not alt.strip():
        raise InputError("A figure without alt text.", "Say in words what the picture shows: show(fig, alt=...).")
    data = base64.b64encode(to_png(figure)).decode()
    return {"text/html": img(data, alt), "image/png": data, "text/plain": alt}


def img(data: str, alt: str) -> str:
    """HTML of a base64 PNG with its alt text."""
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" style="max-width: 100%">'


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG of at most 256 colours, small enough to be kept in a notebook, and closed."""
    from PIL import Image

    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=figure.dpi, facecolor="white")
    plt.close(figure)
    picture = Image.open(drawn).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(packed, format="PNG", optimize=True)
    return packed.getvalue()
