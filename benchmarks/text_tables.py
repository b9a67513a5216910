"""All tables of the text half, one after the other: ``make bench-text``.

    python benchmarks/text_tables.py [--only parser floors ...] [--minutes 3] [--seeds 2]

Each table is a script of its own in this folder, run in a process of its own on one thread; see there for what it
measures. One that needs the Indiana reports says so where they are absent, and the others still run. The exit code
is the number of scripts that failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medigenx_lib import settings

HERE = Path(__file__).parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Table:
    """``needs``: a folder of real reports without which the script cannot run; ``None`` for none."""

    title: str
    command: Sequence[str]
    needs: Path | None = None


def tables(minutes: float, seeds: int, indiana: Path) -> dict[str, Table]:
    """The tables by their short names, in the order in which they are printed."""
    floors = ["text_floors.py", *(["--reports", str(indiana)] if indiana.is_dir() else [])]
    trained = ["bench_text.py", "--minutes", str(minutes), "--seeds", str(seeds)]
    return {
        "parser": Table("Parser against the annotators of the Indiana reports", ["parser_indiana.py"], indiana),
        "check": Table("Crash test of the claim check", ["claim_crash_test.py"]),
        "check-real": Table("Crash test on real reports", ["claim_crash_indiana.py"], indiana),
        "floors": Table("Floors and ceilings of report scores", floors),
        "measurement": Table("What is measured from the image alone", ["measurement_accuracy.py", "--films", "300"]),
        "writer": Table("Ways of decoding, and the final reports", ["report_writer.py"]),
        "fusion": Table("Fusions of text and image with their controls", trained),
        "pretrained": Table("A pretrained model: as it comes, tuned, and behind a prefix", ["pretrained_models.py"]),
        "real": Table("The report writer on real reports", ["real_reports.py", str(indiana)], indiana),
        "optimisation": Table("Optimisation against the claim check", ["text_optimisation.py", "--critical", "0"]),
    }


def run(table: Table) -> bool:
    """Print one table; whether it could be had. What is missing is said, and is no failure."""
    print(f"\n# {table.title}\n", flush=True)
    if table.needs and not table.needs.is_dir():
        print(f"Left out: there are no reports at {table.needs}. Set MEDIGENX_REAL_DATA to the folder above iu_xray.")
        return True
    begun = time.monotonic()
    command = [sys.executable, str(HERE / table.command[0]), *table.command[1:]]
    code = subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=False).returncode
    print(f"\n{table.command[0]}: {time.monotonic() - begun:.0f} s" + (f", failed with {code}" if code else ""))
    return code == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(tables(1, 1, Path())), help="some of the tables")
    parser.add_argument("--minutes", type=float, default=3, help="CPU-minutes of training for each fusion")
    parser.add_argument("--seeds", type=int, default=2, help="of the fusions")
    asked = parser.parse_args()
    chosen = tables(asked.minutes, asked.seeds, settings.real_data_dir() / "iu_xray")
    return sum(not run(table) for name, table in chosen.items() if name in (asked.only or chosen))


if __name__ == "__main__":
    raise SystemExit(main())
