"""Optimising a poor report writer against the claim check, and what an independent judge says of the result.

    python benchmarks/text_optimisation.py [--rounds 5] [--seeds 1] [--critical 0] [--out FOLDER]

The start: a writer trained for 40 CPU-seconds on 40 reported films. The others have findings but no report. Finding
F1 is strict (kind, side and exact zones) and micro-averaged over ungated reports of held-out phantoms, against the
phantoms' own findings, which the writer is told; 95 % intervals by resampling films. The judge has never seen the
parser (``evaluation.judge``). "Best of 8" writes eight reports of each film and keeps the one that the claim check
likes best; nothing is learned. Two controls: self-training learns as many films and takes as many steps, but of
reports that nobody checked; the other goes on with the 40 reports for as many CPU-seconds as the expert iteration took.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medigenx_lib import phantom
from medigenx_lib.cases import Findings
from medigenx_lib.evaluation.judge import Judge, grammar_judge, judged
from medigenx_lib.evaluation.text import distinct, finding_interval, overlap_bleu
from medigenx_lib.text import corpus as corpora
from medigenx_lib.text import decoding, grammar, models, optimise, search, training
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.models import ReportWriter
from medigenx_lib.text.optimise import Draft, Options
from medigenx_lib.text.session import nucleus

TRAIN, HELD_OUT = 200_000, 9_100_000
REPORTED, SECONDS, SAMPLES = 40, 40, 8
COLUMNS = ("finding F1 [95 %]", "kind and side", "judge F1", "mean reward", "distinct", "BLEU-4", "CPU-s")


def films(first_seed: int, count: int) -> Corpus:
    """``count`` phantoms of each preset with their own findings."""
    seeds = [range(first_seed + i * count, first_seed + (i + 1) * count) for i in range(len(phantom.TAUGHT))]
    return corpora.join([
        corpora.of_cases(phantom.cases(part, corpora.SIZE, preset))
        for part, preset in zip(seeds, phantom.TAUGHT, strict=True)
    ])  # fmt: skip


def part(corpus: Corpus, chosen: Sequence[int]) -> Corpus:
    """The films numbered ``chosen``."""
    chosen = np.asarray(chosen)
    return Corpus(corpus.images[chosen], corpus.vectors[chosen], tuple(corpus.findings[i] for i in chosen))


def row(name: str, writer: ReportWriter, drafts: Sequence[Draft], test: Corpus, judge: Judge, seconds: float) -> None:
    """Print the scores of one set of reports on the films of ``test``."""
    texts = [texts_of(writer, draft, test.findings[draft.film]) for draft in drafts]
    references = [grammar.report(findings, i) for i, findings in enumerate(test.findings)]
    f1, low, high = finding_interval(texts, test.findings)
    loose = finding_interval(texts, test.findings, zones=False)[0]
    scores = (loose, judged(judge, texts, test.findings), np.mean([draft.reward for draft in drafts]),
              distinct(texts), overlap_bleu(texts, references))  # fmt: skip
    cells = [f"{f1:.3f} [{low:.3f}, {high:.3f}]", *(f"{score:.3f}" for score in scores), f"{seconds:.0f}"]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def texts_of(writer: ReportWriter, draft: Draft, findings: Findings) -> str:
    """The report of a draft, numbers filled in."""
    return " ".join(decoding.sentences_of(draft.ids[1:], writer, findings)[0])


def best_of(writer: ReportWriter, test: Corpus, samples: int = SAMPLES) -> list[Draft]:
    """Of ``samples`` nucleus samples of each film the one with the highest reward."""
    pick = nucleus(torch.Generator().manual_seed(0), 0.95, 0.9)
    drafts = search.draw(writer, test, np.repeat(np.arange(len(test)), samples), pick)
    return [max(drafts[i : i + samples], key=lambda d: d.reward) for i in range(0, len(drafts), samples)]


def greedy_row(name: str, writer: ReportWriter, test: Corpus, judge: Judge, seconds: float) -> None:
    """Print the scores of the greedy reports of ``writer``."""
    row(name, writer, search.draw(writer, test, np.arange(len(test))), test, judge, seconds)


def trained(way, start: Path, corpus: Corpus, reported: np.ndarray, rounds: int, path: Path, seed: int, **options):
    """(writer, CPU-seconds, rounds) after ``rounds`` rounds of one way of ``text.optimise``, from ``start``, or after
    more if an interrupted run went further."""
    writer = models.load(start).train()
    told = optimise.references(corpus, writer, reported)
    history = way(writer, corpus, rounds, references=told, out=path, seed=seed, progress=False, **options)
    return writer, history["CPU-s"].iloc[-1], len(history)


def one_seed(seed: int, corpus: Corpus, test: Corpus, judge: Judge, asked: argparse.Namespace) -> None:
    """All rows of one seed: the start, each way from there, and the controls."""
    folder, reported = Path(asked.out) / str(seed), np.arange(seed, len(corpus), len(corpus) // REPORTED)[:REPORTED]
    start, few = folder / "start.safetensors", part(corpus, reported)
    if not start.exists():
        training.train(SECONDS / 60, seed, start, corpus=few, progress=False)
    greedy_row("start, greedy", models.load(start), test, judge, 0)
    began = time.process_time()
    best = best_of(models.load(start), test)
    row(f"start, best of {SAMPLES}", models.load(start), best, test, judge, time.process_time() - began)
    spent = 0.0
    for number in range(1, asked.rounds + 1):
        writer, spent, done = trained(optimise.expert_iteration, start, corpus, reported, number,
                                      folder / "expert.safetensors", seed)  # fmt: skip
        if done == number:  # else the run that was interrupted has printed this round
            greedy_row(f"expert iteration, round {number}", writer, test, judge, spent)
    row(f"the same, best of {SAMPLES}", writer, best_of(writer, test), test, judge, spent)
    if asked.critical:
        gentle = Options(films=24, samples=4, learning_rate=1e-4)
        expert, path = folder / "expert.safetensors", folder / "critical.safetensors"
        writer, more, _ = trained(optimise.self_critical, expert, corpus, reported, asked.critical, path, seed,
                                  options=gentle)  # fmt: skip
        greedy_row("then self-critical", writer, test, judge, spent + more)
    learned = Options(samples=Options.best)  # nothing is chosen from, so no more are drawn than are learned
    writer, seconds, _ = trained(optimise.self_training, start, corpus, reported, asked.rounds,
                                 folder / "unchecked.safetensors", seed, options=learned)  # fmt: skip
    greedy_row("control: self-training, unchecked", writer, test, judge, seconds)
    longer = folder / "control.safetensors"
    if not longer.exists():
        training.train((SECONDS + spent) / 60, seed, longer, corpus=few, progress=False)
    greedy_row(f"control: the {REPORTED} reports for as long", models.load(longer), test, judge, spent)


def main() -> None:
    """Print one table a seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of expert iteration, about 25 CPU-seconds each")
    parser.add_argument("--seeds", type=int, default=1, help="of everything but the test films")
    parser.add_argument("--critical", type=int, default=0, help="self-critical steps after that, about 2 CPU-s each")
    parser.add_argument(
        "--out", default="runs/text_optimisation", help="weights and states; an interrupted run goes on"
    )
    asked = parser.parse_args()
    torch.set_num_threads(1)
    corpus, test, judge = films(TRAIN, 700), films(HELD_OUT, 50), grammar_judge()
    for seed in range(asked.seeds):
        print(f"\nSeed {seed}\n\n| | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
        one_seed(seed, corpus, test, judge, asked)


if __name__ == "__main__":
    main()
