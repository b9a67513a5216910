"""The crash test of the claim check: which share of planted errors, and of harmless rewordings, it flags.

    python benchmarks/claim_crash_test.py [--films 2000] [--phantoms 300]

On reports of random findings, and on reports of phantoms' true findings. BLEU-4, ROUGE-L and, where a sentence model
is installed, the embedding similarity of the edited report and the unedited one stand beside it: they rate swapped
sides and flipped negations ("swap side words", "delete a negation", "insert a negation") far above a harmless
rewording. Edits of findings are reworded as well, so that their BLEU compares with that of "reword" alone.
"""

from __future__ import annotations

import argparse
import logging
import random

from medigenx_lib.cases import Findings
from medigenx_lib.evaluation import similarity
from medigenx_lib.evaluation.similarity import SentenceModel
from medigenx_lib.text import crashtest, grammar
from medigenx_lib.text.samples import random_findings

SCORED = 200
"""Films on which BLEU and ROUGE are computed; they cost more than the check."""
EMBEDDED = 40
"""Films of those on which the embedding similarity is computed, which costs more still."""


def phantom_findings(count: int) -> list[Findings]:
    """The true findings of ``count`` phantoms, unseen in any training here."""
    from medigenx_lib import phantom

    return [case.findings for case in phantom.cases(range(9_500_000, 9_500_000 + count))]


def overlap(films: list[Findings], edit, sentences: SentenceModel | None) -> tuple[float, float, float]:
    """(BLEU-4, ROUGE-L, embedding similarity) of edited reports against the unedited ones, 0..1, NaN where missing."""
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu import corpus_bleu

    logging.getLogger("sacrebleu").setLevel(logging.ERROR)  # "tokenise" is meant to look tokenised

    pairs = []
    for seed, findings in enumerate(films[:SCORED]):
        edited = edit(findings, random.Random(seed))
        first = random.Random(seed).randrange(2**32)  # the wording seed that an edit draws first
        if edited is not None:
            pairs.append((grammar.report(findings, first), edited))
    if not pairs:
        return (float("nan"),) * 3
    references, texts = zip(*pairs, strict=True)
    scorer = RougeScorer(["rougeL"])
    rouge = sum(scorer.score(r, t)["rougeL"].fmeasure for r, t in pairs) / len(pairs)
    few = texts[:EMBEDDED], references[:EMBEDDED]
    alike = sentences.similarity(*few).mean() if sentences else float("nan")
    return corpus_bleu(list(texts), [list(references)]).score / 100, rouge, alike


def table(title: str, films: list[Findings], sentences: SentenceModel | None) -> None:
    """Print one row an edit."""
    print(f"\n{title}\n{'edit':24s} {'made':>6s} {'flagged':>8s}   BLEU-4  ROUGE-L  embedding")
    counts = crashtest.run(films)
    for name, (flagged, made) in counts.items():
        kind = "harmful" if name in crashtest.HARMFUL else "harmless"
        share = f"{flagged / made:7.1%}" if made else "      -"
        bleu, rouge, alike = overlap(films, crashtest.EDITS[name], sentences)
        print(f"{name:24s} {made:6d} {share:>8s}   {bleu:6.2f}   {rouge:6.2f}     {alike:6.2f}   {kind}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=2000, help="random findings")
    parser.add_argument("--phantoms", type=int, default=300)
    options = parser.parse_args()
    sentences = similarity.at_hand()
    table(f"{options.films} random findings", [random_findings(seed) for seed in range(options.films)], sentences)
    if options.phantoms:
        table(f"{options.phantoms} phantoms", phantom_findings(options.phantoms), sentences)


if __name__ == "__main__":
    main()
