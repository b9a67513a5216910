"""Score a generator beside real films: ``python benchmarks/score_gan.py chest_xray_64.npz [--checkpoint gan_64]``.

Prints the table of image scores with floors, controls and phantoms, and what the films are worth for training.
"""

import argparse
import time

import pandas as pd
import torch

from medigenx_lib import datasets, phantom
from medigenx_lib.evaluation import images, utility
from medigenx_lib.gan import sampling


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    pd.set_option("display.width", 200, "display.max_columns", 20, "display.max_rows", 100)
    train, held_out = images.real_sets(datasets.load(options.source, 64))
    labels = [index % 2 for index in range(options.films)]
    generated = sampling.sample(labels, options.checkpoint, seed=options.seed)
    phantoms = phantom.cases(range(options.films), 64, "paediatric", disease=[bool(label) for label in labels])
    started = time.process_time()
    table = images.scores(train, held_out, generated, {"phantoms": phantoms}, seed=options.seed)
    print(f"{options.checkpoint}: {table.n.max()} films a set, {time.process_time() - started:.1f} CPU-seconds\n")
    print(table.pivot(index="score", columns="set", values="value").loc[list(images.SCORES)].round(3), "\n")
    print(images.summary(table).drop(columns=["title", "catches", "source"]).round(3).to_string(index=False), "\n")
    if not options.quick:
        useful = utility.usefulness(train, held_out, generated)
        print(
            useful.groupby("trained on")[["films", "balanced_accuracy", "auc"]].agg(["median", "min", "max"]).round(3)
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="real films, anything datasets.load takes")
    parser.add_argument("--checkpoint", default="gan_64", help="shipped name, file or training folder")
    parser.add_argument("--films", type=int, default=512, help="films to generate (default 512)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="leave out training on the films")
    return parser.parse_args()


if __name__ == "__main__":
    main()
