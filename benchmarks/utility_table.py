"""Does synthetic data help? A classifier with few real films: alone, and with films that a GAN or the phantom made.

    python benchmarks/utility_table.py [--source FILE.npz] [--counts 25 50 100 250 500] [--seeds 5] [--gan-seconds 30]

For each number of real films a class and each seed: real films are drawn from the training films; a GAN is trained on
those alone (32x32, ``--gan-seconds`` of CPU) and makes 500 films of each class; "phantoms" are 500 of each class that
no real film has taught; "GAN of all films" is the shipped generator, which has seen all training films, so it shows
what a generator could bring that somebody else trained on many films. Tested on the validation and test films, at
32x32. Every finished record is kept in ``benchmarks/results/utility``, and the command goes on from them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import t

from medigenx_lib import datasets, phantom, settings
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import images, utility
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.files import write_json, write_text
from medigenx_lib.gan import recipes, sampling, training

RECORDS = Path(__file__).resolve().parent / "results" / "utility"
MADE = 1000  # films, half of each class
COUNTS = (25, 50, 100, 250, 500)


def main() -> None:
    """Run what has no record yet, then print and write the tables."""
    options = _options()
    torch.set_num_threads(1)
    train, held_out = images.real_sets(datasets.load(options.source, 64, progress=False))
    ready = {"phantoms": _phantoms(), "GAN of all films": sampling.sample(np.arange(MADE) % 2, seed=5)}
    makers = {
        "GAN": lambda real, seed: _gan_films(real, seed, options.gan_seconds),
        "phantoms": _given(ready["phantoms"]),
    }
    for seed in range(options.seeds):
        for count in options.counts:
            path = RECORDS / f"{count}_{seed}.json"
            if path.is_file():
                continue
            print(f"{time.strftime('%H:%M:%S')} {count} films a class, seed {seed}", flush=True)
            table = utility.learning_curve(train, held_out, makers, count, seed)
            other = {"GAN of all films": _given(ready["GAN of all films"])}
            more = utility.learning_curve(train, held_out, other, count, seed)
            found = pd.concat([table, more[~more["trained on"].isin(table["trained on"])]])
            write_json(path, found.to_dict("records"))
            report(len(held_out))


def report(films: int) -> None:
    """Print and write the tables of all records: AUC, what is gained over "real twice", calibration."""
    rows = pd.DataFrame([row for path in sorted(RECORDS.glob("*.json")) for row in json.loads(path.read_text())])
    twice = rows[rows["trained on"] == "real twice"].set_index(["films", "seed"]).auc
    rows["gained"] = rows.auc - twice.loc[list(zip(rows.films, rows.seed, strict=True))].to_numpy()
    real_tests = rows[~rows["trained on"].str.startswith("real, tested")]
    seeds = rows.groupby("films").seed.nunique()
    parts = [
        f"Tested on {films} real films; seeds: {', '.join(f'{n} with {k} films' for k, n in seeds.items())}. Mean and "
        "90 % interval over seeds.",
        f"**AUC**\n\n{_table(rows, 'auc')}",
        f'**AUC gained over "real twice", seed by seed**\n\n{_table(real_tests, "gained", "{:+.3f}")}',
        f"**Calibration error**\n\n{_table(real_tests, 'calibration_error')}\n",
    ]
    write_text(RECORDS.with_suffix(".md"), "\n\n".join(parts))
    print(*parts, sep="\n\n", flush=True)


def _table(rows: pd.DataFrame, column: str, form: str = "{:.3f}") -> str:
    counts = sorted(rows.films.unique())
    lines = ["| | " + " | ".join(f"{count} a class" for count in counts) + " |", "|" + "---|" * (len(counts) + 1)]
    for name in rows["trained on"].drop_duplicates():
        own = rows[rows["trained on"] == name]
        cells = [_interval(own[own.films == count][column].to_numpy(), form) for count in counts]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _interval(values: np.ndarray, form: str) -> str:
    """The mean and its 90 % interval by Student's t; the mean alone of a single value."""
    if len(values) < 2:
        return form.format(values.mean()) if len(values) else ""
    reach = t.ppf(0.95, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{form.format(values.mean())} [{form.format(values.mean() - reach)}, {form.format(values.mean() + reach)}]"


def _given(films: Sequence[Case]) -> utility.Maker:
    return lambda real, seed: films


def _phantoms() -> list[Case]:
    return phantom.cases(
        range(2_000_000, 2_000_000 + MADE), 64, "paediatric", disease=[i % 2 == 1 for i in range(MADE)]
    )


def _gan_films(real: Sequence[Case], seed: int, seconds: float) -> list[Case]:
    """Films of a GAN that has seen ``real`` alone."""
    chosen = recipes.recipe("strong", size=utility.SIZE, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        films, labels = stack(real, utility.SIZE), labels_of(real)
        training.train(
            films, labels, folder, chosen, cpu_seconds=seconds, sample_every=1e9, device="cpu", progress_bar=False
        )
        return sampling.sample(np.arange(MADE) % 2, folder, seed=seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default=str(settings.real_data_dir() / "cxr_npz" / "chest_xray_64.npz"))
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--gan-seconds", type=float, default=30, help="CPU-seconds a GAN is trained")
    return parser.parse_args()


if __name__ == "__main__":
    main()
