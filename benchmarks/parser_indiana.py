"""The rule parser against the annotators' MeSH headings of the Indiana reports.

    python benchmarks/parser_indiana.py [--part held-out|train] [--errors KIND]

Reports are split by a hash of their study number: six of ten to tune on (``train``), the others held out. A kind is
predicted when a report claims it as present or probable; ``normal``, when no abnormality is claimed. Sides and zones
are scored where a kind is both indexed and predicted and the annotators name at least one. Intervals: 95 %, bootstrap
over reports.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from medigenx_lib import settings
from medigenx_lib.cases import Finding, Findings
from medigenx_lib.text.mesh import mesh_findings
from medigenx_lib.text.parsing import parse

KINDS = ("opacity", "effusion", "cardiomegaly", "edema", "atelectasis", "pneumothorax", "normal")
SAID = ("present", "uncertain")
INDEXED_HEDGES = (None, "probable")
"""The annotators index what is there or probable, not what is possible or offered as an explanation (seen on train)."""
TRAIN_SHARE = 0.6
RESAMPLES = 1000


def read(folder: Path, part: str) -> list[dict]:
    """The reports of one part that were indexed and have a text."""
    with open(folder / "indiana_reports.csv", newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if part_of(row["uid"]) == part]
    for row in rows:
        row["text"] = " ".join(filter(None, (row["findings"], row["impression"])))
        row["gold"] = mesh_findings(row["MeSH"])
    return [row for row in rows if row["text"] and len(row["gold"])]


def parsed(rows: list[dict]) -> list[dict]:
    """``rows``, each with what the parser reads as indexable in ``row["parsed"]``."""
    for row in rows:
        row["parsed"] = Findings(tuple(c.finding for c in parse(row["text"]) if c.hedge in INDEXED_HEDGES))
    return rows


def part_of(study: str) -> str:
    """``train`` or ``held-out``, by a hash of the study number alone."""
    digest = hashlib.sha256(f"indiana-{study}".encode()).digest()
    return "train" if digest[0] < 256 * TRAIN_SHARE else "held-out"


def kinds_of(findings: Findings) -> set[str]:
    """The kinds said to be there, ``normal`` if none is."""
    said = {f.kind for f in findings if f.presence in SAID and f.kind != "normal"}
    return said or {"normal"}


def labels(row: dict, kinds: Iterable[str]) -> list[tuple[bool, bool]]:
    """(gold, predicted) for each kind."""
    gold, predicted = kinds_of(row["gold"]), kinds_of(row["parsed"])
    return [(kind in gold, kind in predicted) for kind in kinds]


def places(row: dict, of: Callable, every: bool = False) -> list[tuple[bool, bool]]:
    """(gold, predicted) for each side or zone of each kind that is both indexed and predicted."""
    pairs = []
    for kind in KINDS[:-1]:
        gold = {place for f in row["gold"].of(kind) if f.presence in SAID for place in of(f)}
        said = [f for f in row["parsed"].of(kind) if f.presence in SAID]
        if said and (gold or (every and row["gold"].presence(kind) == "present")):
            predicted = {place for f in said for place in of(f)}
            pairs += [(place in gold, place in predicted) for place in gold | predicted]
    return pairs


def sides_of(finding: Finding) -> tuple[str, ...]:
    """The side of a finding, if any."""
    return (finding.side,) if finding.side else ()


def zones_of(finding: Finding) -> tuple[str, ...]:
    """The zones of a finding."""
    return finding.zones


def score(per_report: list[list[tuple[bool, bool]]]) -> float:
    """F1 over all reports."""
    pairs = [pair for report in per_report for pair in report]
    return 2 * sum(gold and said for gold, said in pairs) / sum(gold + said for gold, said in pairs)


def with_interval(per_report: list[list[tuple[bool, bool]]]) -> tuple[float, float, float]:
    """F1 over all reports, and its 95 % bootstrap interval over reports."""
    counts = np.array([[sum(g and p for g, p in pairs), sum(g + p for g, p in pairs)] for pairs in per_report])
    rng = np.random.default_rng(0)
    draws = [counts[rng.integers(len(counts), size=len(counts))].sum(0) for _ in range(RESAMPLES)]
    scores = [2 * hits / total for hits, total in draws if total]
    low, high = np.percentile(scores, (2.5, 97.5))
    return score(per_report), low, high


def table(rows: list[dict]) -> None:
    """Print the scores."""
    scored = {kind: [labels(row, [kind]) for row in rows] for kind in KINDS}
    scored["micro of these"] = [labels(row, KINDS) for row in rows]
    for name, of in (("side", sides_of), ("zone", zones_of)):
        scored[name] = [places(row, of) for row in rows]
        scored[f"{name}, also where MeSH has none"] = [places(row, of, every=True) for row in rows]
    print(f"{'':32s}   n    F1   95 % interval")
    for name, pairs in scored.items():
        count = sum(gold for report in pairs for gold, _ in report)
        print(f"{name:32s}{count:5d}  {'{:.3f}  [{:.3f}, {:.3f}]'.format(*with_interval(pairs))}")


def errors(rows: list[dict], kind: str, limit: int) -> None:
    """Print reports where the parser and the annotators differ on ``kind``."""
    wrong = [row for row in rows if len(set(labels(row, [kind])[0])) == 2]
    for row in wrong[:limit]:
        missed = labels(row, [kind])[0][0]
        print(f"\n{row['uid']} {'MISSED' if missed else 'INVENTED'} {kind} | {row['MeSH']}\n   {row['text']}")
        if not missed:
            print("   ", [c.sentence[:60] for c in parse(row["text"]) if c.finding.kind == kind or kind == "normal"])
    print(len(wrong), "differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=settings.real_data_dir() / "iu_xray")
    parser.add_argument("--part", choices=("train", "held-out"), default="held-out")
    parser.add_argument("--errors", metavar="KIND", help="show where parser and annotators differ, and nothing else")
    parser.add_argument("--limit", type=int, default=30)
    options = parser.parse_args()
    rows = read(options.data, options.part)
    start = time.process_time()
    rows = parsed(rows)
    seconds = time.process_time() - start
    if options.errors:
        return errors(rows, options.errors, options.limit)
    print(f"{len(rows)} reports ({options.part}), {1000 * seconds / len(rows):.2f} CPU-ms a report\n")
    table(rows)


if __name__ == "__main__":
    main()
