"""The report writer on phantoms it never saw: with and without the gate, with its features, shuffled, and without.

    python benchmarks/report_writer.py [--films 200] [--weights report_writer] [--out FILE.json]

Finding F1 is micro-averaged over the findings that a report states as present, counted strictly (kind, side and the
exact zones), by kind and side, and by kind alone, against the measured findings (what the writer was told) and
against the phantoms' truth. "Shuffled" gives each film the image and radiomics of another. Chance agreement of
coarse findings is high because many films share them: the row "report of another film" is that floor. Against the
truth, a number counts as right within 5 points (extent) or 0.03 (ratio), since phantoms know no interval of theirs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from medigenx_lib import phantom, radiomics, segmentation
from medigenx_lib.cases import Case, Finding, Findings, Measurement, replace
from medigenx_lib.text import claims, corpus, decoding, grammar, models
from medigenx_lib.text.session import Pick, Session, greedy, nucleus

FIRST_SEED = 9_000_000
LEVELS: dict[str, Callable[[Finding], tuple]] = {
    "strict": lambda f: (f.kind, f.side, f.zones),
    "side": lambda f: (f.kind, f.side),
    "kind": lambda f: (f.kind,),
}
MARGINS = {"extent": 0.05, "ratio": 0.03}


def held_out(films: int, first_seed: int = FIRST_SEED) -> list[Case]:
    """Half as many phantoms of each preset, segmented and measured from the image alone; their truth stays beside."""
    half = films // 2
    seen = [
        case
        for preset in phantom.TAUGHT
        for case in phantom.cases(range(first_seed, first_seed + half), size=corpus.SIZE, preset=preset)
    ]
    blind = [replace(case, masks={}, findings=None) for case in seen]
    return radiomics.measure(segmentation.segment(blind, progress=False))


# --- scores ---


def stated(report: str) -> list[Finding]:
    """What a report says is there."""
    said = [claim.finding for claim in claims.parse(report)]
    return [f for f in said if f.presence == "present" and f.kind != "normal"]


def finding_f1(reports: Sequence[str], findings: Sequence[Findings], level: str) -> float:
    """Micro-averaged F1 over the films of the findings present."""
    key, hits, said, there = LEVELS[level], 0, 0, 0
    for report, known in zip(reports, findings, strict=True):
        predicted, expected = {key(f) for f in stated(report)}, {key(f) for f in known.present()}
        hits, said, there = hits + len(predicted & expected), said + len(predicted), there + len(expected)
    return 2 * hits / max(said + there, 1)


def verdicts(reports: Sequence[str], findings: Sequence[Findings]) -> dict[str, float]:
    """Shares of sentences by verdict, and findings omitted of those present."""
    counts = claims.summary(v for r, f in zip(reports, findings, strict=True) for v in claims.check(r, f))
    there = sum(len(item.present()) for item in findings)
    omitted = sum(len(claims.omitted(r, f)) for r, f in zip(reports, findings, strict=True))
    total = max(sum(counts.values()), 1)
    return {name: count / total for name, count in counts.items()} | {"omitted": omitted / max(there, 1)}


def truth_of(case: Case) -> Findings:
    """The phantom's truth, each number with the margin within which a written one counts as right."""
    return Findings(tuple(replace_margin(finding) for finding in case.truth.findings))


def replace_margin(finding: Finding) -> Finding:
    """``finding`` whose measurement has an interval of its margin."""
    if (number := finding.measurement) is None:
        return finding
    margin = MARGINS["extent" if "extent" in number.name else "ratio"]
    wide = Measurement(number.name, number.value, number.value - margin, number.value + margin, number.unit)
    return replace(finding, measurement=wide)


# --- ungated writing with other features ---


@dataclass(frozen=True)
class Features:
    """What the writer is shown of each film (None stands for "not given"), and where its numbers come from."""

    images: Sequence[np.ndarray | None]
    vectors: Sequence[np.ndarray | None]
    findings: Sequence[Findings]


def conditions(cases: Sequence[Case]) -> dict[str, Features]:
    """The controls: true features, another film's, one kind of token only, none."""
    images, vectors = corpus.arrays(cases)
    other = np.random.default_rng(0).permutation(len(cases))
    nothing, own = [None] * len(cases), [case.findings for case in cases]
    return {
        "true": Features(images, vectors, own),
        "shuffled": Features(images[other], vectors[other], [own[i] for i in other]),
        "radiomics only": Features(nothing, vectors, own),
        "image only": Features(images, nothing, own),
        "none": Features(nothing, nothing, own),
    }


def ungated(writer: models.ReportWriter, shown: Features, pick: Pick, **options) -> list[str]:
    """Reports written straight through."""
    reports = []
    with torch.inference_mode():
        for image, vector, findings in zip(shown.images, shown.vectors, shown.findings, strict=True):
            ids = Session(writer, image, vector, **options).reports(pick)[0].ids
            reports.append(" ".join(decoding.sentences_of(ids, writer, findings)[0]))
    return reports


# --- the tables ---


def ungated_table(writer: models.ReportWriter, cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Finding F1 of each condition and way of decoding, beside the floors."""
    shown = conditions(cases)
    rows = {f"greedy, {name}": ungated(writer, features, greedy) for name, features in shown.items()}
    rows["guided (w=1), true"] = ungated(writer, shown["true"], greedy, guidance=1.0)
    rows["guided (w=1), shuffled"] = ungated(writer, shown["shuffled"], greedy, guidance=1.0)
    rows["nucleus, true"] = ungated(writer, shown["true"], nucleus(torch.Generator().manual_seed(0)))
    rows["floor: report of another film"] = list(np.roll(rows["greedy, true"], len(cases) // 2 + 1))
    rows["floor: a constant normal report"] = [_normal_report()] * len(cases)
    rows["grammar"] = [grammar.report(case.findings, i) for i, case in enumerate(cases)]
    return {name: _scores(reports, cases) for name, reports in rows.items()}


def _normal_report() -> str:
    sides = [Finding(kind, "absent", side) for kind in ("opacity", "effusion") for side in ("right", "left")]
    return grammar.report(Findings((*sides, Finding("cardiomegaly", "absent"))))


def _scores(reports: Sequence[str], cases: Sequence[Case]) -> dict[str, float]:
    measured, truth = [case.findings for case in cases], [case.truth.findings for case in cases]
    scores = {f"{level} F1": finding_f1(reports, measured, level) for level in LEVELS}
    scores["strict F1, truth"] = finding_f1(reports, truth, "strict")
    scores["side F1, truth"] = finding_f1(reports, truth, "side")
    return scores | {"distinct": len(set(reports)) / len(reports)}


def strategy_table(writer: models.ReportWriter, cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Verdicts, sources, variety and cost of each decoding strategy, against measurement and truth."""
    return {name: _strategy(name, writer, cases) for name in decoding.STRATEGIES}


def _strategy(name: str, writer: models.ReportWriter, cases: Sequence[Case]) -> dict[str, float]:
    start = time.process_time()
    written = decoding.write(cases, name, writer=writer, progress=False)
    seconds = (time.process_time() - start) / len(cases)
    reports = [case.report for case in written]
    by_measurement = verdicts(reports, [case.findings for case in cases])
    by_truth = verdicts(reports, [truth_of(case) for case in cases])
    sources = [source for case in written for source in case.meta["report_sources"]]
    return {
        **by_measurement,
        **{f"{key}, truth": value for key, value in by_truth.items()},
        "by the model": sources.count("model") / max(len(sources), 1),
        "distinct": len(set(reports)) / len(reports),
        "CPU-s": seconds,
    }


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    """Print ``table`` as Markdown."""
    columns = list(next(iter(table.values())))
    print(f"\n| {title} | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, row in table.items():
        print(f"| {name} | {' | '.join(f'{row[column]:.3f}' for column in columns)} |")


def main() -> None:
    """Print both tables, and write them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--weights", default="report_writer")
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases, writer = held_out(options.films), models.load(options.weights)
    tables = {"ungated": ungated_table(writer, cases), "strategies": strategy_table(writer, cases)}
    for title, table in tables.items():
        show(title, table)
    if options.out:
        with open(options.out, "w") as stream:
            json.dump(tables, stream, indent=1)


if __name__ == "__main__":
    main()
