"""Self-contained HTML pages: films with masks on and off, measurements, and reports with a verdict a sentence.

Text is escaped by Jinja's autoescape; pictures are embedded; nothing is loaded from outside.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, PngImagePlugin

from medigenx_lib.cases import Case, Finding
from medigenx_lib.files import replacing, whole_letters, write_text
from medigenx_lib.settings import DISCLAIMER, NOTICE
from medigenx_lib.text.claims import Verdict

# Okabe and Ito's palette, told apart with any colour vision. Source: jfly.uni-koeln.de/color, 2008.
MASK_COLOURS = {
    "right_lung": (86, 180, 233),
    "left_lung": (240, 228, 66),
    "heart": (204, 121, 167),
    "opacity": (213, 94, 0),
    "effusion": (0, 158, 115),
}
ICONS = {"supported": "✓", "contradicted": "✗", "unverifiable": "?"}
PAGE_FEATURES = (
    "firstorder Mean",
    "firstorder Variance",
    "firstorder Entropy",
    "glcm Contrast",
    "glcm Correlation",
    "glrlm RunEntropy",
    "glszm ZoneEntropy",
    "gldm DependenceEntropy",
    "ngtdm Coarseness",
    "shape2D PixelSurface",
)
OVERLAY_WIDTH = 512
LONGEST_NAME = 200
"""Bytes of a film's file name without suffix; most file systems take 255."""


@dataclass(frozen=True)
class Reading:
    """One film as read: the measured and reported case, the verdict of each sentence, and what was left out.

    ``nearest``: the nearest film of the training data and the distance in words; ``features``: its rows of the
    radiomics table (DataFrame) or None.
    """

    case: Case
    verdicts: Sequence[Verdict] = ()
    omitted: Sequence[Finding] = ()
    nearest: tuple[Case, str] | None = None
    features: object = None


@dataclass(frozen=True)
class Table:
    """A table for the page: ``rows`` of strings, the first cell of each is its heading."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """What a page says. ``failures``: (file name, sentence). ``grid``: PNG bytes of all films, or None."""

    title: str
    intro: Sequence[str]
    readings: Sequence[Reading]
    tables: Sequence[Table] = ()
    failures: Sequence[tuple[str, str]] = ()
    grid: bytes | None = None
    synthetic: bool = True
    footer: Sequence[str] = field(default_factory=tuple)


def write_page(path: str | Path, page: Page) -> Path:
    """Render ``page`` to one HTML file, written atomically, and return its path."""
    environment = Environment(loader=PackageLoader("medigenx_lib"), autoescape=True, undefined=StrictUndefined)
    html = environment.get_template("page.html").render(
        title=page.title,
        banner=NOTICE if page.synthetic else DISCLAIMER.upper(),
        notice=NOTICE,
        intro=page.intro,
        tables=page.tables,
        failures=[{"name": name, "message": message} for name, message in page.failures],
        grid=page.grid and _data_uri(page.grid),
        grid_alt=f"Grid of {len(page.readings)} films",
        films=[_film(reading) for reading in page.readings],
        footer=[*page.footer, f"{DISCLAIMER}. Not a medical device; no one has checked it for use on patients."],
    )
    return write_text(path, html)


def film_png(case: Case) -> bytes:
    """8-bit grey PNG of the film at its own size; a synthetic one says so in its text metadata."""
    info = PngImagePlugin.PngInfo()
    if case.synthetic:
        info.add_text("Synthetic", "true")
        info.add_text("Warning", NOTICE)
    for name, value in (("Title", case.id), ("Source", case.source)):
        info.add_text(name, whole_letters(value))
    return _png(Image.fromarray(np.round(case.image * 255).astype(np.uint8)), info)


def save_film(case: Case, folder: str | Path) -> Path:
    """Write :func:`film_png` into ``folder``; the name of a synthetic film begins with ``synthetic_``.

    Ids that differ give names that differ: where letters of the id had to be replaced, a checksum of it follows.
    """
    stem = "".join(c if c.isalnum() or c in "-._" else "_" for c in case.id)
    if stem != case.id or len(stem.encode()) > LONGEST_NAME:
        stem = f"{stem[:40]}-{hashlib.sha256(whole_letters(case.id).encode()).hexdigest()[:12]}"
    name = stem if not case.synthetic or stem.startswith("synthetic") else f"synthetic_{stem}"
    path = Path(folder) / f"{name}.png"
    with replacing(path) as temporary:
        temporary.write_bytes(film_png(case))
    return path


def overlay_png(masks: Mapping[str, np.ndarray]) -> bytes:
    """RGBA PNG of mask outlines over a light fill, ``OVERLAY_WIDTH`` wide. Masks: bool (H, W) by name."""
    height, width = next(iter(masks.values())).shape
    size = (OVERLAY_WIDTH, max(1, round(height * OVERLAY_WIDTH / width)))
    canvas = np.zeros((size[1], size[0], 4), np.uint8)
    for name, colour in MASK_COLOURS.items():
        if name in masks and masks[name].any():
            _paint(canvas, masks[name], colour, size)
    return _png(Image.fromarray(canvas, "RGBA"))


def _paint(canvas: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], size: tuple[int, int]) -> None:
    from scipy.ndimage import binary_erosion

    smooth = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BICUBIC)
    inside = np.asarray(smooth) > 127
    edge = inside & ~binary_erosion(inside, iterations=3)
    fill = inside & (canvas[..., 3] == 0)
    canvas[fill] = (*colour, 26)
    canvas[edge] = (*colour, 235)


def _png(image: Image.Image, info: PngImagePlugin.PngInfo | None = None) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=info, optimize=True)
    return stream.getvalue()


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _film(reading: Reading) -> dict:
    case, quality = reading.case, reading.case.meta.get("quality", {})
    masks = {name: mask for name, mask in case.masks.items() if mask.any()}
    kind = "Synthetic film" if case.synthetic else "Film"
    return {
        "title": f"{case.id}" + ("" if case.label is None else f" · {case.label_name}"),
        "alt": f"{kind} {case.id}, frontal chest radiograph, {case.label_name}",
        "image": _data_uri(film_png(case)),
        "overlay": _data_uri(overlay_png(masks)) if masks else "",
        "legend": [{"name": n.replace("_", " "), "colour": f"rgb{MASK_COLOURS[n]}"} for n in masks],
        "synthetic": case.synthetic,
        "nearest": _nearest(reading.nearest),
        "facts": case.meta.get("facts", ()),
        "warnings": [*case.meta.get("warnings", ()), *(() if quality.get("trusted", True) else quality["reasons"])],
        "sentences": [_sentence(verdict) for verdict in reading.verdicts],
        "omitted": "; ".join(_words(finding) for finding in reading.omitted),
        "measurements": [_measurement(finding) for finding in case.findings or ()],
        "evidence": [row for reason in case.meta.get("evidence", ()) for row in _reason(reason)],
        "features": _features(reading.features),
    }


def _nearest(nearest: tuple[Case, str] | None) -> dict | None:
    if nearest is None:
        return None
    case, text = nearest
    return {"image": _data_uri(film_png(case)), "alt": f"Nearest film {case.id}", "text": text}


def _sentence(verdict: Verdict) -> dict:
    icon = ICONS[verdict.verdict]
    return {"text": verdict.sentence, "verdict": verdict.verdict, "icon": icon, "reason": verdict.reason}


def _words(finding: Finding) -> str:
    zones = "/".join(finding.zones) + " zone" if finding.zones else ""
    return " ".join(word for word in (finding.side, zones, finding.kind) if word)


def _measurement(finding: Finding) -> list[str]:
    number = finding.measurement
    if number is None:
        value, interval = "not measured", ""
    else:
        value = number.shown(number.value) + " of the lung" * number.is_share
        interval = number.shown(number.low, number.high) if number.low is not None else ""
    return [finding.kind, finding.side or "", finding.presence, ", ".join(finding.zones), value, interval]


def _reason(reason: Mapping) -> list[list[str]]:
    """Rows of the evidence table: the finding with its score once, then each feature that spoke."""
    head = f"{reason['kind']} {reason['side'] or ''}".strip()
    limits = f"{_plain(reason['score'])} (present from {_plain(reason['present_from'])})"
    digits = 1 if reason["side"] else 3  # a ratio has no whole digits
    sums = [f"{reason[part]:+.{digits}f}" for part in ("radiomics", "reader") if reason[part] is not None]
    rows = []
    for feature in reason["features"]:
        clear = "" if feature["low"] is None else f"{_plain(feature['low'])} to {_plain(feature['high'])}"
        adds = "" if feature["adds"] is None else f"{feature['adds']:+.2f}"
        rows.append([*((head, limits, " / ".join(sums)) if not rows else ("", "", "")),
                     feature["name"], _plain(feature["shown"]), clear, adds])  # fmt: skip
    return rows


def _plain(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _features(table) -> list[list[str]]:
    """The chosen features of both lungs side by side."""
    if table is None or table.empty:
        return []
    named = table.assign(name=table.feature_class + " " + table.feature)
    wide = named.pivot_table(index=["name", "unit"], columns="region", values="value")
    rows = ((name, unit, wide.loc[(name, unit)]) for name, unit in wide.index if name in PAGE_FEATURES)
    return [[name, *(_cell(row.get(side)) for side in ("right_lung", "left_lung")), unit] for name, unit, row in rows]


def _cell(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.4g}"
