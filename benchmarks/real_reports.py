"""The report writer trained on the Indiana reports, beside the floors, without verbatim leaks.

    python benchmarks/real_reports.py FOLDER [--minutes 4] [--test 200]

Studies are split by their number; training reports that stand word for word in validation or test are left out, of
training and of what the floors choose from. The writer is told the annotators' labels in place of radiomics, and
writes greedily and ungated; "another film's labels" is its control. References are the published findings as they
are, with the numbers and the comparisons that no label supports. Intervals (95 %) by resampling reports. The weights
are made in a temporary folder and thrown away.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from text_floors import KINDS, headings, show

from medigenx_lib.datasets.reports import load_reports, without_leaks
from medigenx_lib.evaluation import floors, similarity
from medigenx_lib.evaluation.judge import Judge
from medigenx_lib.text import fusion, models, real_reports


def main() -> None:
    """Train, write, print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of the Indiana reports")
    parser.add_argument("--minutes", type=float, default=4.0, help="CPU-minutes of training")
    parser.add_argument("--test", type=int, default=200, help="most test reports")
    options = parser.parse_args()
    torch.set_num_threads(1)
    everything = load_reports(options.folder, progress=False)
    clean = without_leaks(everything)
    train, whole = (real_reports.usable(reports, "train") for reports in (clean, everything))
    test = real_reports.usable(clean, "test")[: options.test]
    print(f"{len(test)} test reports; {len(train)} training reports, {len(whole) - len(train)} left out as leaks.")
    with tempfile.TemporaryDirectory() as folder:
        path = real_reports.train(options.folder, options.minutes, Path(folder) / "w.safetensors", progress=False)
        writer = models.load(path)
    corpus, pool = real_reports.corpus_of(test), real_reports.corpus_of(train)
    references, texts = ([report.findings for report in part] for part in (test, train))
    sets = floors.baselines(references, texts, corpus.vectors, pool.vectors)
    images, other = corpus.images / np.float32(255), fusion.derangement(len(test))
    sets["generated"] = fusion.write(writer, fusion.Shown(images, corpus.vectors), corpus.findings)
    shuffled = fusion.Shown(images, corpus.vectors[other])
    sets["generated, another film's labels"] = fusion.write(writer, shuffled, corpus.findings)
    judge = Judge(KINDS).fit(texts, headings(train))
    scores = floors.table(sets, references, judge=judge, truth=headings(test), sentences=similarity.at_hand())
    show(f"Indiana reports, no leaks, {options.minutes:g} CPU-minutes", scores)
    copied = np.mean([text in set(texts) for text in sets["generated"]])
    print(f"\nGenerated reports that stand word for word in training: {copied:.2f}. An example: {sets['generated'][0]}")


if __name__ == "__main__":
    main()
