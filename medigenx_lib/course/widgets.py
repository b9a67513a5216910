"""Controls that redraw a figure. Core widgets alone, so that ipywidgets 7.7 (Colab) and 8 show the same."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets
from IPython import get_ipython
from matplotlib.figure import Figure

from medigenx_lib.course import look
from medigenx_lib.errors import InputError

VIEW = "application/vnd.jupyter.widget-view+json"
SCRIPT = "application/javascript"
LABEL = {"description_width": "initial"}
DRAWING = '<small role="status">Drawing anew ...</small>'
NAMING = """(() => {
  const name = () => document.querySelectorAll(".widget-slider").forEach(slider => {
    const label = slider.querySelector("label"), readout = slider.querySelector(".widget-readout");
    const handle = slider.querySelector(".noUi-handle, .ui-slider-handle");
    if (!label || !handle || handle.getAttribute("aria-label") === label.innerText) return;
    handle.setAttribute("aria-label", label.innerText);
    if (readout) {
      readout.setAttribute("role", "textbox");
      readout.setAttribute("aria-label", label.innerText + ", value");
    }
  });
  name();
  if (window.medigenxNames) return;
  window.medigenxNames = new MutationObserver(name);
  window.medigenxNames.observe(document.body, {childList: true, subtree: true});
})();"""
"""Names the handles of sliders for screen readers, which ipywidgets leaves without one."""


def interact(draw: Callable[..., Figure], alt: str = "An interactive figure.", **controls: Any) -> None:
    """Show ``draw(**values)``, redrawn whenever a control is moved; without a front end, the figure alone.

    ``controls``, by name of the argument: ``(low, high, step)`` or ``(low, high, step, start)`` for a slider (whole
    numbers give whole steps), a list for a choice, True or False for a tick box. ``alt``: what the picture shows;
    the values of the controls are added to it.
    """
    made = {name: control(name, setting) for name, setting in controls.items()}
    first = {name: widget.value for name, widget in made.items()}
    static = look.bundle(draw(**first), described(alt, first))
    picture, state = ipywidgets.HTML(static["text/html"]), ipywidgets.HTML(layout={"height": "1.7em"})

    def redraw(_change: Any) -> None:
        values = {name: widget.value for name, widget in made.items()}
        state.value = DRAWING  # a game that is played anew takes seconds
        try:
            picture.value = look.bundle(draw(**values), described(alt, values))["text/html"]
        except Exception as error:  # without this, a front end would go on showing the old picture, silently
            picture.value = f"<pre>{html.escape(f'{type(error).__name__}: {error}')}</pre>"
        state.value = ""

    for widget in made.values():
        widget.observe(redraw, names="value")
    display_with_fallback(ipywidgets.VBox([*made.values(), state, picture]), static)


def described(alt: str, values: dict[str, Any]) -> str:
    """``alt`` and where the controls stand."""
    places = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
    return f"{alt} Controls: {places}." if places else alt


def control(name: str, setting: Any) -> ipywidgets.DOMWidget:
    """The labelled control that ``setting`` asks for; see :func:`interact`. Raises InputError for anything else."""
    label = {"description": name.replace("_", " "), "style": LABEL}
    if isinstance(setting, bool):
        return ipywidgets.Checkbox(value=setting, indent=False, **label)
    if isinstance(setting, list) and setting:
        return ipywidgets.Dropdown(options=setting, value=setting[0], **label)
    if isinstance(setting, tuple) and len(setting) in (3, 4):
        return slider(setting, label)
    raise InputError(f"Control {name}={setting!r}.", "Use (low, high, step, start), a list of choices, or True/False.")


def slider(setting: tuple, label: dict) -> ipywidgets.DOMWidget:
    """A slider over whole numbers or floats, redrawing when it is let go (in Colab each step costs a round trip)."""
    low, high, step = setting[:3]
    whole = all(isinstance(number, int) for number in setting)
    start = setting[3] if len(setting) == 4 else low + step * round((high - low) / step / 2)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    wide = ipywidgets.Layout(width="min(100%, 36em)")
    return kind(value=start, min=low, max=high, step=step, continuous_update=False, layout=wide, **label)


def display_with_fallback(widget: ipywidgets.DOMWidget, static: dict[str, str]) -> None:
    """Display the widget; a viewer that knows no widgets takes the best of ``static`` instead."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    look.present({VIEW: view, **static})
    if get_ipython() is not None and any("Slider" in type(part).__name__ for part in getattr(widget, "children", ())):
        look.present({SCRIPT: NAMING})
