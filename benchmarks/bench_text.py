"""The fusions of text and image, each trained anew on equal terms and put to the same controls.

    python benchmarks/bench_text.py [--minutes 3] [--seeds 2] [--films 150] [--corpus FILE.npz] [--keep FOLDER]
    python benchmarks/bench_text.py --shipped --films 600

Finding F1 is micro-averaged over the findings that an ungated, greedy report states as present (kind, side and exact
zones), against the findings that were measured on held-out phantoms; intervals (95 %) by resampling films. "Image
alone, trained so" is the prefix model whose radiomics were withheld during training too: what the pixels can tell a
model of this size and budget when nothing else is on offer. "Another film's grammar report" is the floor of
"shuffled": no writer, the reports of the same other films as the grammar words them. Films share normal and common
findings, so it is not zero. "Shuffled, 60 ways" is the mean over so many shuffles with their 95 % range: one by itself
says little. With ``--shipped`` nothing is trained: the weights that travel with the library.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from report_writer import FIRST_SEED, held_out

from medigenx_lib.cases import Case, Findings, replace
from medigenx_lib.evaluation.text import finding_interval
from medigenx_lib.text import corpus as corpora
from medigenx_lib.text import fusion, grammar
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.decoding import sentences_of

IMAGE_ALONE = "image alone, trained so"
SHUFFLES = 60
"""Ways to show each film's writer another film."""
MANY = f"shuffled, {SHUFFLES} ways"


def trained(name: str, corpus: Corpus, minutes: float, seed: int, folder: Path):
    """A writer trained for this benchmark. The control sees a corpus whose radiomics are all zero."""
    kind = "prefix" if name == IMAGE_ALONE else name
    if name == IMAGE_ALONE:
        corpus = replace(corpus, vectors=np.zeros_like(corpus.vectors))
    path = folder / f"fusion_{name.replace(' ', '_').replace(',', '')}_{seed}.safetensors"
    return fusion.load(kind, fusion.train(kind, corpus, minutes, path, seed, progress=False))


def rows(name: str, writer, cases: Sequence[Case]) -> dict[str, tuple[float, ...]]:
    """Condition -> (F1, low, high, F1 without zones) of one trained writer."""
    measured = [case.findings for case in cases]
    shown = fusion.controls(cases)
    if name == IMAGE_ALONE:
        shown = {"true": shown["true"]._replace(vectors=np.zeros_like(shown["true"].vectors))}
    texts = {condition: fusion.write(writer, told, measured) for condition, told in shown.items()}
    return {
        condition: (*finding_interval(text, measured), finding_interval(text, measured, zones=False)[0])
        for condition, text in texts.items()
    }


def many_shuffles(writer, cases: Sequence[Case]) -> tuple[float, ...]:
    """(mean F1, 2.5th and 97.5th percentile over SHUFFLES shuffles, mean F1 without zones).

    Each film is told once: what a greedy writer makes of it depends on that film alone. Numbers are then filled in
    from the film that the report is held against, as in "shuffled"; sentences whose number it lacks are left out.
    """
    measured, told = [case.findings for case in cases], fusion.controls(cases)["true"]
    with torch.inference_mode():
        ids = fusion.write_ids(writer, told.tell(writer), fusion.greedy)

    def texts_of(other: np.ndarray) -> list[str]:
        return [" ".join(sentences_of(ids[j], writer, known)[0]) for j, known in zip(other, measured, strict=True)]

    return over_shuffles(texts_of, measured)


def over_shuffles(texts_of: Callable[[np.ndarray], list[str]], measured: Sequence[Findings]) -> tuple[float, ...]:
    """(mean F1, 2.5th and 97.5th percentile over SHUFFLES shuffles, mean F1 without zones) of ``texts_of`` each."""
    scores = []
    for seed in range(SHUFFLES):
        texts = texts_of(fusion.derangement(len(measured), seed))
        scores.append([finding_interval(texts, measured, zones, draws=1)[0] for zones in (True, False)])
    exact, loose = np.array(scores).T
    return float(exact.mean()), *np.quantile(exact, (0.025, 0.975)), float(loose.mean())


def floor(cases: Sequence[Case]) -> dict[str, tuple[float, ...]]:
    """Condition -> (F1, low, high, F1 without zones) of the grammar's reports of the films that "shuffled" shows."""
    measured = [case.findings for case in cases]
    reports = [grammar.report(findings, i) for i, findings in enumerate(measured)]
    texts = [reports[i] for i in fusion.derangement(len(cases))]
    once = (*finding_interval(texts, measured), finding_interval(texts, measured, zones=False)[0])
    return {"shuffled": once, MANY: over_shuffles(lambda other: [reports[j] for j in other], measured)}


def print_row(name: str, seed: int | str, condition: str, found: tuple[float, ...], cost: float) -> None:
    """One line of the table."""
    f1, low, high, loose = found
    print(
        f"| {name} | {seed} | {condition} | {f1:.3f} [{low:.3f}, {high:.3f}] | {loose:.3f} | {cost:.4f} |", flush=True
    )


def main() -> None:
    """Train, test and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="CPU-minutes of training for each writer")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--films", type=int, default=150, help="held-out phantoms")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the phantoms of each preset")
    parser.add_argument("--corpus", help="a corpus saved with Corpus.save, made anew otherwise")
    parser.add_argument("--keep", help="folder for the weights")
    parser.add_argument("--shipped", action="store_true", help="the shipped weights instead of training")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases = held_out(2 * options.films // 3, options.first_seed)
    print(
        "| fusion | seed | features | finding F1 [95 %] | kind and side | CPU-s a report |\n|---|---|---|---|---|---|",
        flush=True,
    )
    for condition, scores in floor(cases).items():
        print_row("another film's grammar report", "", condition, scores, 0.0)
    corpus = None if options.shipped else _corpus(options.corpus)
    folder = Path(options.keep or tempfile.mkdtemp())
    for seed in ["shipped"] if options.shipped else range(options.seeds):
        for name in fusion.FUSIONS if options.shipped else (*fusion.FUSIONS, IMAGE_ALONE):
            writer = fusion.load(name) if options.shipped else trained(name, corpus, options.minutes, seed, folder)
            start = time.process_time()
            found = rows(name, writer, cases)
            cost = (time.process_time() - start) / (len(cases) * len(found))
            if name != IMAGE_ALONE:
                found[MANY] = many_shuffles(writer, cases)
            for condition, scores in found.items():
                print_row(name, seed, condition, scores, cost)


def _corpus(file: str | None) -> Corpus:
    return Corpus.load(file) if file else corpora.of_phantoms(4000)


if __name__ == "__main__":
    main()
