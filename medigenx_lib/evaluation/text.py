"""Scores of reports, always beside a report that did not look.

Word overlap rewards the usual phrases: one constant normal report beats many published models on BLEU (Indiana
reports: .153 against .088 for a random one). So every score stands beside the best constant report and a random
report, and what a report *claims* is scored apart from how it is worded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.text.claims import check, omitted, parse

SAID = ("present", "uncertain")
UNCOUNTED = ("normal", "other")
"""Kinds that are no finding of their own."""


def scores(
    reports: Sequence[str],
    references: Sequence[str],
    findings: Sequence[Findings] | None = None,
    pool: Sequence[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Score ``reports`` against ``references``, one row a set: generated, constant report, random report, reference.

    ``findings``: what is really on each film (a phantom's truth); then also the claim scores. ``pool``: reports
    that the constant and the random one are taken from, such as training reports; ``references`` if None. Columns:
    those of ``overlap``, ``finding_scores``, ``claim_scores``, and ``distinct``. Raises InputError for unequal lengths.
    """
    _require_equal(reports, references)
    pool = list(pool or references)
    picked = np.random.default_rng(seed).integers(len(pool), size=len(reports))
    sets = {
        "generated": list(reports),
        "constant report": [best_constant(pool, references)] * len(reports),
        "random report": [pool[i] for i in picked],
        "reference": list(references),
    }
    return pd.DataFrame({name: _row(texts, references, findings) for name, texts in sets.items()}).T


def _row(texts: Sequence[str], references: Sequence[str], findings: Sequence[Findings] | None) -> dict[str, float]:
    claims = claim_scores(texts, findings) if findings is not None else {}
    return {**overlap(texts, references), **finding_scores(texts, references), **claims, "distinct": distinct(texts)}


def overlap(reports: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Corpus BLEU-1 and BLEU-4 and mean ROUGE-L F1, each 0..1, lower-cased.

    Sources: Papineni et al., "BLEU", ACL 2002, as sacrebleu (Post, WMT 2018); Lin, "ROUGE", 2004. Pitfall: a
    swapped side hardly lowers them (BLEU-4 .93), a harmless paraphrase does (.78).
    """
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import BLEU

    _require_equal(reports, references)
    scorer = RougeScorer(["rougeL"])
    rouge = [scorer.score(right, text)["rougeL"].fmeasure for text, right in zip(reports, references, strict=True)]
    bleu = {f"bleu_{n}": BLEU(lowercase=True, max_ngram_order=n) for n in (1, 4)}
    found = {name: metric.corpus_score(list(reports), [list(references)]).score / 100 for name, metric in bleu.items()}
    return {**found, "rouge_l": float(np.mean(rouge))}


def finding_scores(reports: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Micro precision, recall and F1 of the kinds of finding that reports name, as the parser reads both.

    Hedged findings count as named. Without any finding on one side the score is 0, without any on both 1.
    In the manner of CheXpert F1 (Irvin et al., AAAI 2019), with our parser in place of theirs.
    """
    _require_equal(reports, references)
    pairs = [(kinds(text), kinds(right)) for text, right in zip(reports, references, strict=True)]
    both = sum(len(said & right) for said, right in pairs)
    said, right = (sum(len(pair[i]) for pair in pairs) for i in (0, 1))
    if said == right == 0:
        return {"finding_precision": 1.0, "finding_recall": 1.0, "finding_f1": 1.0}
    f1 = 2 * both / (said + right)
    return {"finding_precision": both / max(said, 1), "finding_recall": both / max(right, 1), "finding_f1": f1}


def kinds(report: str) -> set[str]:
    """The kinds of finding that ``report`` says are or may be there."""
    found = (claim.finding for claim in parse(report))
    return {finding.kind for finding in found if finding.presence in SAID and finding.kind not in UNCOUNTED}


def finding_interval(
    reports: Sequence[str], findings: Sequence[Findings], zones: bool = True, draws: int = 500, seed: int = 0
) -> tuple[float, float, float]:
    """(F1, low, high): micro F1 of kind, side and exact ``zones``, with a 95 % interval by resampling films.

    Counted is what a report says is there for certain. Without ``zones`` the report of another film already scores
    above 0.2, because many films share kind and side. ``findings`` must not be what a gate held the text against.
    Source of the interval: Efron and Tibshirani, "An introduction to the bootstrap", 1993.
    """
    _require_equal(reports, findings)
    stated = ((claim.finding for claim in parse(text)) for text in reports)
    pairs = [(_keys(said, zones), _keys(known, zones)) for said, known in zip(stated, findings, strict=True)]
    counts = np.array([(len(said & there), len(said) + len(there)) for said, there in pairs], float)
    films = np.random.default_rng(seed).integers(len(counts), size=(draws, len(counts)))
    both, total = counts[films].sum(1).T
    low, high = np.quantile(2 * both / np.maximum(total, 1), (0.025, 0.975))
    return float(2 * counts[:, 0].sum() / max(counts[:, 1].sum(), 1)), float(low), float(high)


def _keys(findings: Iterable[Finding], zones: bool) -> set[tuple]:
    there = (f for f in findings if f.presence == "present" and f.kind not in UNCOUNTED)
    return {(f.kind, f.side, f.zones if zones else ()) for f in there}


def claim_scores(reports: Sequence[str], findings: Sequence[Findings]) -> dict[str, float]:
    """Shares of supported, contradicted and unverifiable sentences; claim precision and recall; each 0..1.

    Precision: supported of those that could be decided. Recall: present findings that some sentence speaks of.
    ``findings`` must not be what the text was written from, else the scores are perfect by construction. NaN where
    there is nothing to count.
    """
    _require_equal(reports, findings)
    verdicts = [v.verdict for text, known in zip(reports, findings, strict=True) for v in check(text, known)]
    shares = {
        name: _share(verdicts.count(name), len(verdicts)) for name in ("supported", "contradicted", "unverifiable")
    }
    supported, contradicted = verdicts.count("supported"), verdicts.count("contradicted")
    present = sum(len([f for f in known.present() if f.kind not in UNCOUNTED]) for known in findings)
    left_out = sum(len(omitted(text, known)) for text, known in zip(reports, findings, strict=True))
    precision, recall = _share(supported, supported + contradicted), _share(present - left_out, present)
    return {**shares, "claim_precision": precision, "claim_recall": recall}


def distinct(reports: Sequence[str]) -> float:
    """Share of reports that differ from all others, spacing and case aside: a collapsed writer scores low."""
    plain = [" ".join(text.lower().split()) for text in reports]
    return _share(sum(plain.count(text) == 1 for text in plain), len(plain))


def best_constant(pool: Sequence[str], references: Sequence[str], most: int = 25) -> str:
    """The one report of ``pool`` that, said of every film, has the highest BLEU-4; ``most`` candidates are tried.

    Candidates are the most frequent reports, and where all differ an even choice of them. Raises InputError if there
    are none.
    """
    if not len(pool):
        raise InputError("There are no reports to choose from.", "Give some, such as those of the training films.")
    counts = pd.Series(list(pool)).value_counts()
    candidates = list(counts.index[counts > 1][:most]) or list(pool)[:: -(-len(pool) // most)]
    return max(candidates, key=lambda text: overlap_bleu([text] * len(references), references))


def overlap_bleu(reports: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU-4, 0..1, lower-cased."""
    from sacrebleu.metrics import BLEU

    return BLEU(lowercase=True).corpus_score(list(reports), [list(references)]).score / 100


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _require_equal(first: Sequence, second: Sequence) -> None:
    if len(first) != len(second) or len(first) == 0:
        raise InputError(
            f"{len(first)} reports and {len(second)} to hold them against.", "Give one for each, in order."
        )
