"""Ours and the peers, trained on the same real films for the same CPU-seconds, on one thread, and scored alike.

On a GPU for the same seconds of the wall clock, and with two peers more: R3GAN's block shape and, from 64 pixels on,
the package ``lightweight-gan``. ``--device cpu`` runs the bench of the CPU there too.

    python benchmarks/bench_gan.py --source FILE.npz [--size 32] [--seconds 240] [--seeds 3] [--entries narrow ...]
    python benchmarks/bench_gan.py --films 300 ...    # generators see only so many of the training films

Every finished run is a JSON record under ``benchmarks/results``; what has a record is not run again, and a training
that was interrupted goes on. The table, the ratios and the grid of films are drawn from the records after each run. The
networks that describe the films lie beside the records: only what the same networks have described can be compared.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from gan_bench import reference as references
from gan_bench import report
from gan_bench.budget import Budget
from gan_bench.entries import ENTRIES, GPU_PEERS, OURS, PEERS
from gan_bench.lightweight import SMALLEST
from gan_bench.reference import Reference
from gan_bench.score import score, train_on

from medigenx_lib import datasets, phantom, settings
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.files import write_json, write_text

HERE = Path(__file__).resolve().parent
SHOWN = 16  # films of each entry on the grid, half of each class
DRAWS = 8  # random sets of real training films, as large as the reference, that classifiers are trained on
MORE = 4  # times as many films as the reference has: a generator gives as many as one wants to train on


def main() -> None:
    """Read the options; run what has no record yet; print the table."""
    options = _options()
    torch.set_num_threads(1)
    data, budget = f"{Path(options.source).stem}_{options.size}px", Budget(options.seconds, options.device)
    name = f"gan_{data}_{options.seconds:g}s" + (f"_{options.films}films" if options.films else "")
    name += "" if options.device == "cpu" else f"_{report.slug(options.device)}"
    records, runs = HERE / "results" / name, HERE.parent / "runs" / "bench_gan" / name
    if options.table:
        _report(options, records, runs)
        return
    reference = references.build(datasets.load(options.source, options.size), records.with_name(f"networks_{data}"))
    taught = references.limited(reference, options.films) if options.films else reference
    for seed in range(options.seeds):
        for entry in options.entries or entries(options.device, options.size):
            if not (records / f"{entry}_{seed}.json").is_file():
                _run(entry, seed, taught, budget, records, runs / f"{entry}_{seed}")
                _report(options, records, runs, reference)
        _score_real(reference, records)
        _score_draws(reference, taught, records)
        _report(options, records, runs, reference)


def entries(device: str, size: int) -> list[str]:
    """Who takes part unless somebody is named."""
    more = () if device == "cpu" else GPU_PEERS if size >= SMALLEST else GPU_PEERS[:1]
    return [OURS, *PEERS, *more]


def _run(name: str, seed: int, reference: Reference, budget: Budget, records: Path, folder: Path) -> None:
    """Train, sample as many films as the reference has in its mix of classes, score, and keep the record."""
    print(f"{time.strftime('%H:%M:%S')} {name}, seed {seed}", flush=True)
    entry = ENTRIES[name]
    figures = entry.train(reference.train, reference.labels, folder, budget, seed)
    films, labels = entry.sample(folder, reference.first.labels, seed + 100)
    record = {"name": name, "seed": seed, "networks": reference.facts["networks"], "train_films": len(reference.train)}
    record |= {key: figures[key] for key in ("images", "seconds", "cpu_seconds")}
    clock = "cpu_second" if budget.device == "cpu" else "second"
    record[f"images_per_{clock}"] = figures["images"] / figures[f"{clock}s"]
    record |= score(reference, films, labels)
    if labels is not None:
        more = entry.sample(folder, np.tile(reference.first.labels, MORE), seed + 200)
        record["train_on_more_accuracy"] = train_on(*more, reference.test)
    write_json(records / f"{name}_{seed}.json", record)


def _score_real(reference: Reference, records: Path) -> None:
    """The floors and the controls: the other half of the real films as it is, blurred, few of it; copies; phantoms."""
    second, labels = (values[reference.halves[1]] for values in (reference.train, reference.labels))
    size = reference.train.shape[1]
    few = np.resize(np.arange(16), len(second))
    sets = {
        "real, other half": lambda: (second, labels),
        "real, held out": lambda: (stack(reference.mixed), labels_of(reference.mixed)),
        "control: real, blurred": lambda: (references.blurred(second), labels),
        "control: 16 real films repeated": lambda: (second[few], labels[few]),
        "control: copies of training films": lambda: (references.copied(second), labels),
        "control: phantoms": lambda: (_phantoms(labels, size), labels),
    }
    for number, (name, make) in enumerate(sets.items()):
        path = records / f"real_{number}.json"
        if not path.is_file():
            print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
            record = {"name": name, "seed": None, "networks": reference.facts["networks"], "facts": reference.facts}
            write_json(path, record | score(reference, *make()))


def _score_draws(reference: Reference, taught: Reference, records: Path) -> None:
    """How much the classifiers' accuracy depends on which real training films they are trained on, and with how many.

    As many as the reference has, of all training films; where generators were taught fewer, those few.
    """
    few = len(taught.train) < len(reference.train)
    if few and not (path := records / "real_taught.json").is_file():
        record = {"name": "real, those that generators saw", "seed": None, "networks": reference.facts["networks"]}
        accuracy = train_on(taught.train, taught.labels, reference.test)
        write_json(path, record | {"train_on_films_accuracy": accuracy})
    for number in range(1, DRAWS + 1):
        path = records / f"real_draw_{number}.json"
        if not path.is_file():
            print(f"{time.strftime('%H:%M:%S')} real films, draw {number}", flush=True)
            drawn = np.random.default_rng(number).permutation(len(reference.train))[: len(reference.halves[0])]
            accuracy = train_on(reference.train[drawn], reference.labels[drawn], reference.test)
            record = {"name": "real, drawn again", "seed": None, "networks": reference.facts["networks"]}
            write_json(path, record | {"train_on_films_accuracy": accuracy})


def _phantoms(labels: np.ndarray, size: int) -> np.ndarray:
    cases = phantom.cases(range(len(labels)), size, "paediatric", disease=[bool(label) for label in labels])
    return np.stack([case.image for case in cases])


def _report(options: argparse.Namespace, records: Path, runs: Path, reference: Reference | None = None) -> None:
    """Write the table and, where the generators are at hand, the grid of films."""
    found = report.records(records)
    if "facts" not in found:
        return  # the real films have not been scored yet
    clock = "CPU-seconds" if options.device == "cpu" else f"seconds on {report.device_name(options.device)}"
    heading = f"{Path(options.source).stem}, {options.size}x{options.size}, {options.seconds:g} {clock} a run"
    heading += f", {options.films} training films" if options.films else ""
    facts = next(row for row in found.facts if isinstance(row, dict))
    accuracy = {name: facts[name]["balanced_accuracy"] for name in ("encoder", "classifier")}
    text = f"### {heading}\n\n{report.tables(found)}\n\n{report.ratios(found)}\n\n{report.machine()}. "
    text += f"{facts['films']} films a set; balanced accuracy on held-out films: encoder {accuracy['encoder']:.3f}, "
    text += f"classifier {accuracy['classifier']:.3f}.\n"
    write_text(records.with_suffix(".md"), text)
    print(text, flush=True)
    if reference is not None:
        _grid(records, runs, reference)


def _grid(records: Path, runs: Path, reference: Reference) -> None:
    """Draw the grid, unless generators of ours or the peers lie on another machine: it would lose their rows."""
    recorded = [name for name in ENTRIES if (records / f"{name}_0.json").is_file()]
    trained = [name for name in recorded if (runs / f"{name}_0").is_dir()]
    if {OURS, *PEERS} & set(recorded) - set(trained):
        return
    labels = np.arange(SHOWN) % 2
    real = np.concatenate([np.flatnonzero(reference.labels == label)[: SHOWN // 2] for label in (0, 1)])
    rows = {"real": reference.train[real]}
    for name in trained:
        rows[ENTRIES[name].title] = ENTRIES[name].sample(runs / f"{name}_0", np.sort(labels), 7)[0]
    report.grid(rows, records.with_suffix(".png"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default=str(settings.real_data_dir() / "pneumoniamnist" / "pneumoniamnist.npz"))
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=240, help="of training a run: of one CPU; of a GPU's clock")
    parser.add_argument("--device", default=settings.device(), help="cpu or cuda")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--films", type=int, default=0, help="training films that generators see; 0 for all")
    parser.add_argument("--entries", nargs="+", choices=ENTRIES, help="unless said, ours and the peers")
    parser.add_argument("--table", action="store_true", help="draw the table from the records, run nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
