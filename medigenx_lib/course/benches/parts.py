"""What the benches are made of: films with words, histograms, tables, and controls that redraw them at once.

Pictures are packed by Pillow instead of drawn by matplotlib: 3 ms instead of 80, so that a slider feels like one.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np
from matplotlib import colormaps
from PIL import Image

from medigenx_lib.course import widgets
from medigenx_lib.course.look import PALETTE
from medigenx_lib.errors import InputError

SIDE = 280
FIGURE = "margin:0 .8rem .4rem 0;max-width:100%"
WIDE = {"width": "min(100%, 34em)"}


def picture(image: np.ndarray, caption: str, alt: str = "", smooth: bool = True, side: int = SIDE) -> str:
    """HTML of one film: (H, W) grey or (H, W, 3) colours, 0..1, ``side`` pixels wide, the caption below.

    ``smooth`` False shows each pixel as a square.
    """
    levels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    size = (side, max(1, round(side * image.shape[0] / image.shape[1])))
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    stream = io.BytesIO()
    Image.fromarray(levels).resize(size, how).save(stream, "PNG", compress_level=1)
    data = base64.b64encode(stream.getvalue()).decode()
    words = html.escape(alt or caption, quote=True)
    return (
        f'<figure style="{FIGURE}"><img alt="{words}" width="{size[0]}" style="max-width:100%;height:auto" '
        f'src="data:image/png;base64,{data}"><figcaption style="max-width:{side}px;font-size:90%">'
        f"{html.escape(caption)}</figcaption></figure>"
    )


def row(*parts: str) -> str:
    """HTML parts side by side, wrapped on narrow screens."""
    return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start">{"".join(parts)}</div>'


def histogram(values: np.ndarray, caption: str, marks: Sequence[float] = (), side: int = SIDE) -> str:
    """SVG of how many pixels have which grey level, 0 black to 1 white; ``marks`` are lines across it."""
    counts, _ = np.histogram(values, 64, (0, 1))
    heights = 90 * np.sqrt(counts / max(1, counts.max()))  # the root keeps rare levels in sight
    bars = "".join(
        f'<rect x="{i * side / 64:.1f}" y="{100 - height:.1f}" width="{side / 64:.1f}" height="{height:.1f}"/>'
        for i, height in enumerate(heights)
    )
    lines = "".join(f'<path d="M{side * mark:.1f} 0V100" stroke="{PALETTE.red}" stroke-width="2"/>' for mark in marks)
    words = html.escape(caption, quote=True)
    drawn = f'<g fill="{PALETTE.blue}">{bars}</g>{lines}'
    return (
        f'<figure style="{FIGURE}"><svg role="img" aria-label="{words}" width="{side}" height="100" '
        f'viewBox="0 0 {side} 100" style="max-width:100%">{drawn}</svg>'
        f'<figcaption style="max-width:{side}px;font-size:90%">{words}</figcaption></figure>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """HTML table of escaped cells; the first cell of each row heads it."""
    top = "".join(
        f'<th scope="col" style="text-align:left;padding-right:.6rem">{html.escape(cell)}</th>' for cell in head
    )
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal;padding-right:.6rem">{html.escape(first)}</th>'
        + "".join(f'<td style="text-align:left;padding-right:.6rem">{html.escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    title = f'<caption style="text-align:left">{html.escape(caption)}</caption>'
    cells = f'<table style="font-size:90%">{title}<tr>{top}</tr>{body}</table>'
    return f'<div style="flex:1 1 24em;width:0;max-width:100%;overflow-x:auto">{cells}</div>'


def edge(mask: np.ndarray) -> np.ndarray:
    """The border pixels of ``mask``, bool (H, W)."""
    from scipy.ndimage import binary_erosion

    return mask & ~binary_erosion(mask)


def grey(image: np.ndarray) -> np.ndarray:
    """The film (H, W) as colours (H, W, 3)."""
    return np.repeat(image[..., None], 3, 2).astype(np.float32)


def heated(image: np.ndarray, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The film (H, W) as colours with ``values`` (H, W) in viridis over the pixels of ``mask``."""
    colours = grey(image)
    if mask.any():
        low, high = np.quantile(values[mask], (0.02, 0.98))
        scaled = np.clip((values[mask] - low) / max(high - low, 1e-9), 0, 1)
        colours[mask] = 0.3 * colours[mask] + 0.7 * colormaps["viridis"](scaled)[:, :3]
    return colours


def rgb(colour: str) -> tuple[float, ...]:
    """``#RRGGBB`` as three numbers 0..1."""
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def choice(label: str, options: Sequence | Mapping, value: Any = None) -> ipywidgets.Dropdown:
    """A labelled list; the first option unless ``value`` is given."""
    chosen = value if value is not None else next(iter(options.values() if isinstance(options, Mapping) else options))
    listed = list(options.items()) if isinstance(options, Mapping) else list(options)
    return ipywidgets.Dropdown(options=listed, value=chosen, description=label, style=widgets.LABEL, layout=WIDE)


def slider(label: str, low: float, high: float, step: float, value: float) -> ipywidgets.DOMWidget:
    """A labelled slider that acts while it is dragged; in Colab, where each step is a round trip, when let go."""
    from medigenx_lib import settings

    kind = ipywidgets.IntSlider if all(isinstance(n, int) for n in (low, high, step)) else ipywidgets.FloatSlider
    live = not settings.in_colab()
    return kind(
        value=value, min=low, max=high, step=step, description=label, continuous_update=live, style=widgets.LABEL,
        layout=WIDE,
    )  # fmt: skip


def bench(
    title: str,
    controls: Mapping[str, ipywidgets.DOMWidget],
    render: Callable[..., str],
    idle: Mapping[str, Callable[[Mapping[str, Any]], bool]] | None = None,
) -> ipywidgets.VBox:
    """Show ``render(**values of the controls)``, HTML, below its controls, anew at each move; returns the widget.

    ``idle``: name of a control to whether it does nothing where the controls stand; it is greyed out then. Without a
    front end, the page of the first values is shown. An error while drawing is shown in its place.
    """
    page = ipywidgets.HTML(render(**values(controls)))
    grey_out(controls, idle or {})

    def redraw(_change: Any) -> None:
        grey_out(controls, idle or {})
        try:
            page.value = render(**values(controls))
        except Exception as error:  # without this, a front end would go on showing the old picture, silently
            page.value = f'<pre role="alert">{html.escape(f"{type(error).__name__}: {error}")}</pre>'

    for widget in controls.values():
        widget.observe(redraw, names="value")
    heading = f"<b>{html.escape(title)}</b>"
    whole = ipywidgets.VBox([ipywidgets.HTML(heading), *controls.values(), page])
    whole.redraw = redraw
    widgets.display_with_fallback(whole, {"text/html": f"<div>{heading}{page.value}</div>", "text/plain": title})
    return whole


def grey_out(controls: Mapping[str, ipywidgets.DOMWidget], idle: Mapping[str, Callable[[Mapping], bool]]) -> None:
    """Disable each control that does nothing where the controls stand: see :func:`bench`."""
    for name, does_nothing in idle.items():
        controls[name].disabled = does_nothing(values(controls))


def values(controls: Mapping[str, ipywidgets.DOMWidget]) -> dict[str, Any]:
    """Where the controls stand, by name."""
    return {name: widget.value for name, widget in controls.items()}


def named(cases: Sequence, what: str) -> dict[str, int]:
    """``{"1: phantom-7, pneumonia": 0, ...}``: what a list of films shows. Raises InputError if there are none."""
    if not cases:
        raise InputError(f"{what} without films.", "Give at least one case.")
    return {f"{i + 1}: {case.id}, {case.label_name}": i for i, case in enumerate(cases)}
