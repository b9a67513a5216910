"""Floors and ceilings of report scores, on phantoms and, where they are at hand, on the Indiana reports.

    python benchmarks/text_floors.py [--films 150] [--reports FOLDER] [--test 400]

Phantoms: grammar reports on their own findings; retrieval by radiomics; the report writer's gated reports, once on the
phantoms' own findings and once as final reports, on what was segmented and measured from the image alone (the line
above the table: the judge on those, against the measurements). Indiana reports (``indiana_reports.csv`` or XML): the
test split against the training split, retrieval by the annotators' headings, the judge trained on those headings in
the training split. Intervals (95 %) by resampling films.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from medigenx_lib import datasets, phantom, radiomics, segmentation
from medigenx_lib.cases import Case, replace
from medigenx_lib.datasets.reports import Report
from medigenx_lib.evaluation import floors, similarity
from medigenx_lib.evaluation.judge import Judge, grammar_judge
from medigenx_lib.text import corpus, decoding, grammar
from medigenx_lib.text.mesh import mesh_findings

KINDS = ("normal", "opacity", "effusion", "cardiomegaly", "edema", "atelectasis", "nodule", "scar", "hyperinflation")
"""Headings that are frequent enough for the judge to learn them."""


def on_phantoms(films: int) -> pd.DataFrame:
    """The floors on ``films`` held-out phantoms, with a second wording of the truth and the gated reports."""
    test = phantom.cases(range(9_100_000, 9_100_000 + films))
    train = phantom.cases(range(200_000, 200_000 + 5 * films))
    references = [grammar.report(case.findings, i) for i, case in enumerate(test)]
    pool = [grammar.report(case.findings, 9_000 + i) for i, case in enumerate(train)]
    sets = floors.baselines(references, pool, corpus.arrays(test)[1], corpus.arrays(train)[1])
    sets["reworded reference"] = [grammar.report(case.findings, 77_000 + i) for i, case in enumerate(test)]
    sets["gated, true findings"] = gated(test)
    measured = measure(test)
    sets["gated, final report"] = gated(measured)
    judge, known = grammar_judge(), [case.findings for case in test]
    against = floors.counts(sets["gated, final report"], references, [case.findings for case in measured], judge)
    print(f"judge F1 of final reports against the measurements: {cell(floors.interval(*against['judge F1']))}")
    return floors.table(sets, references, known, judge, sentences=similarity.at_hand())


def measure(cases: Sequence[Case]) -> list[Case]:
    """Phantoms segmented and measured from the image alone."""
    blind = [replace(case, masks={}, findings=None) for case in cases]
    return radiomics.measure(segmentation.segment(blind, progress=False), progress=False)


def gated(cases: Sequence[Case]) -> list[str]:
    """The report writer's gated reports on the findings of ``cases``."""
    return [case.report for case in decoding.write(cases, "gated", progress=False)]


def on_reports(folder: str, count: int) -> pd.DataFrame:
    """The floors on up to ``count`` test reports of the Indiana set that were indexed and have findings."""
    usable = [r for r in datasets.load_reports(folder, progress=False) if r.findings and r.mesh]
    train, test = ([r for r in usable if r.split == split] for split in ("train", "test"))
    test = test[:count]
    references, pool = ([r.findings for r in part] for part in (test, train))
    sets = floors.baselines(references, pool, headings(test), headings(train))
    judge = Judge(KINDS).fit(pool, headings(train))
    return floors.table(sets, references, judge=judge, truth=headings(test), sentences=similarity.at_hand())


def headings(reports: Sequence[Report]) -> np.ndarray:
    """bool (N, len(KINDS)): which kinds the annotators indexed."""
    said = [{f.kind for f in mesh_findings(";".join(r.mesh)) if f.presence != "absent"} for r in reports]
    return np.array([[kind in kinds for kind in KINDS] for kinds in said])


def show(title: str, table: pd.DataFrame) -> None:
    """Print ``table`` as Markdown, a row a set."""
    scores = list(dict.fromkeys(table["score"]))
    print(f"\n| {title} | {' | '.join(scores)} |\n|---|{'---|' * len(scores)}")
    for name, rows in table.groupby("set", sort=False):
        rows = rows.set_index("score").loc[scores]
        print(f"| {name} | {' | '.join(cell(row) for _, row in rows.iterrows())} |", flush=True)


def cell(row: Mapping[str, float]) -> str:
    """A score, with its interval where there is one."""
    return f"{row['value']:.3f}" + ("" if np.isnan(row["low"]) else f" [{row['low']:.3f}, {row['high']:.3f}]")


def main() -> None:
    """Print one or two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=150, help="held-out phantoms")
    parser.add_argument("--reports", help="folder of the Indiana reports")
    parser.add_argument("--test", type=int, default=400, help="most test reports")
    options = parser.parse_args()
    show(f"{options.films} phantoms", on_phantoms(options.films))
    if options.reports:
        show("Indiana reports", on_reports(options.reports, options.test))


if __name__ == "__main__":
    main()
