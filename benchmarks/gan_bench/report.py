"""The table, with medians over seeds, ranges and ratios, and the grid of sample films: drawn from the saved records."""

from __future__ import annotations

import json
import platform
import re
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gan_bench.entries import ENTRIES, GPU_PEERS, OURS, PEERS
from medigenx_lib.errors import InputError

CLASSIFIER = {
    "classifier_frechet_distance": ("FD classifier", "{:.2f}"),
    "classifier_kernel_distance": ("KID classifier", "{:.3f}"),
    "classifier_precision": ("precision", "{:.2f}"),
    "classifier_recall": ("recall", "{:.2f}"),
    "classifier_recall_5": ("recall, k 5", "{:.2f}"),
    "classifier_density": ("density", "{:.2f}"),
    "classifier_coverage": ("coverage", "{:.3f}"),
    "held_out_classifier_frechet_distance": ("FD to held-out films", "{:.2f}"),
    "train_on_films_accuracy": ("trained on them", "{:.3f}"),
    "train_on_more_accuracy": ("on four times as many", "{:.3f}"),
    "images_per_cpu_second": ("images/CPU-s", "{:.0f}"),
    "images_per_second": ("images/s", "{:.0f}"),
}
ENCODER = {
    "frechet_distance": ("FD encoder", "{:.2f}"),
    "kernel_distance": ("KID encoder", "{:.3f}"),
    "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"),
    "density": ("density", "{:.2f}"),
    "coverage": ("coverage", "{:.3f}"),
    "held_out_encoder_frechet_distance": ("FD to held-out films", "{:.2f}"),
}
OTHERS = {
    "pixel_frechet_distance": ("FD pixels", "{:.3f}"),
    "radiomics_frechet_distance": ("FD radiomics", "{:.2f}"),
    "grain": ("grain, SD", "{:+.2f}"),
    "sharpness": ("sharpness, SD", "{:+.2f}"),
    "label_agreement": ("label agreement", "{:.3f}"),
    "copies": ("copies", "{:.3f}"),
    "nearer_than_held_out": ("nearer than held out", "{:.2f}"),
}
TABLES = {
    "In the features of a classifier trained on real films": CLASSIFIER,
    "In the features of the film encoder, which also knows anatomy and distortion": ENCODER,
    "In pixels and radiomics, and copies": OTHERS,
}
"""Heading -> name in the records -> heading and format of the column."""
COLUMNS = CLASSIFIER | ENCODER | OTHERS
RATIOS = ("classifier_frechet_distance", "frechet_distance", "kernel_distance", "radiomics_frechet_distance")


def records(folder: Path) -> pd.DataFrame:
    """One row a record in ``folder``. Raises InputError if they were not all scored by the same networks."""
    rows = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    networks = {row["networks"] for row in rows}
    if len(networks) > 1:
        raise InputError(f"The records in {folder} were scored by different networks.", "Remove the older ones.")
    return pd.DataFrame(rows)


def tables(found: pd.DataFrame) -> str:
    """Markdown tables of all scores, one a space."""
    return "\n\n".join(f"**{heading}**\n\n{table(found, columns)}" for heading, columns in TABLES.items())


def table(found: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> str:
    """Markdown: real sets first, then ours, the peers, the others; median and, of several seeds, the range."""
    columns = {key: column for key, column in columns.items() if key in found and found[key].notna().any()}
    order = [*found[found.seed.isna()].name.unique(), *(name for name in ENTRIES if name in set(found.name))]
    lines = ["| | seeds | " + " | ".join(title for title, _ in columns.values()) + " |"]
    lines.append("|" + "---|" * (len(columns) + 2))
    for name in order:
        rows = found[found.name == name]
        title = ENTRIES[name].title if name in ENTRIES else name
        seeds = "" if rows.seed.isna().all() else str(len(rows))
        cells = [_cell(rows[key].dropna(), form) for key, (_, form) in columns.items()]
        if not any(cells):
            continue  # a set that other tables tell of
        lines.append(f"| {f'**{title}**' if name == OURS else title} | {seeds} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: pd.Series, form: str) -> str:
    if not len(values):
        return ""
    middle = form.format(values.median())
    return middle if len(values) == 1 else f"{middle} ({form.format(values.min())}–{form.format(values.max())})"


def ratios(found: pd.DataFrame) -> str:
    """Ours over the best peer, of the medians; below 1 ours is nearer to the real films."""
    medians = found.groupby("name").median(numeric_only=True)
    peers = [name for name in (*PEERS, *GPU_PEERS) if name in medians.index]
    if OURS not in medians.index or not peers:
        return "Ours and the peers have not all been run."
    lines = []
    for key in RATIOS:
        best, own = medians.loc[peers, key].idxmin(), medians.loc[OURS, key]
        lines.append(
            f"- {COLUMNS[key][0]}: ours {own:.3g}, best peer {medians.loc[best, key]:.3g} ({ENTRIES[best].title}), "
            f"ratio {own / medians.loc[best, key]:.2f}"
        )
    return "\n".join(lines)


def device_name(device: str) -> str:
    """What a GPU calls itself; of the CPU its name."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else _processor()


def slug(device: str) -> str:
    """The device's name for a file's: ``nvidia_t4``."""
    return re.sub(r"[^a-z0-9]+", "_", device_name(device).lower()).strip("_")


def machine() -> str:
    """The processor and the versions, in words."""
    return f"{_processor()}, one thread; torch {torch.__version__}, Python {platform.python_version()}"


def _processor() -> str:
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def grid(rows: dict[str, np.ndarray], path: Path) -> Path:
    """A PNG with a row of films for each title; ``rows`` title -> films (n, S, S) 0..1, all of one size."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(rows), 1, figsize=(11, 0.66 * len(rows)), squeeze=False, layout="constrained")
    for axis, (title, films) in zip(axes[:, 0], rows.items(), strict=True):
        axis.imshow(np.concatenate(list(films), 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=8)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
    return path
