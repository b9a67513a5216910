"""The crash test of the scores: defects planted in real held-out films, and which score notices which.

    python benchmarks/score_crash_test.py [--source FILE.npz] [--seeds 3] [--repeats 20]

Half of the held-out films get the defect, the other half is the floor; caught means that the score's 90 % interval lies
wholly on the bad side of the floor's. The cell counts in how many of the seeds (of the films drawn, and of the planted
defects) that was so. The row "nothing" holds false alarms.
"""

from __future__ import annotations

import argparse

import pandas as pd
import torch
from tqdm.auto import tqdm

from medigenx_lib import datasets, settings
from medigenx_lib.evaluation.crashtest import crash_test
from medigenx_lib.evaluation.images import SCORES, real_sets


def main() -> None:
    """Print the table, scores down and defects across."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default=str(settings.real_data_dir() / "cxr_npz" / "chest_xray_64.npz"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, held_out = real_sets(datasets.load(options.source, 64, progress=False))
    seeds = tqdm(range(options.seeds), desc="seeds")
    counts = sum(crash_test(train, held_out, seed, options.repeats).astype(int) for seed in seeds)
    print(f"{len(held_out)} held-out films, {options.seeds} seeds\n\n{table(counts, options.seeds)}")


def table(counts: pd.DataFrame, seeds: int) -> str:
    """Markdown: how often each score (rows) caught each defect (columns), and in words where it was never."""
    lines = ["| | " + " | ".join(counts.index) + " |", "|" + "---|" * (len(counts) + 1)]
    for score in counts.columns:
        title = SCORES[score].title if score in SCORES else score
        cells = [f"**{n}/{seeds}**" if n == seeds else f"{n}/{seeds}" if n else "" for n in counts[score]]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
