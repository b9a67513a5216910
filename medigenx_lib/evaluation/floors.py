"""Reports beside the floors they must beat and the ceiling they cannot pass, with intervals.

A score of its own says little: on the Indiana reports one constant normal report, said of every film, has a BLEU-4
of .137 [.118, .157] (``benchmarks/text_floors.py``), where trained networks were published with .12 to .17. So a table
of scores always holds the best constant report, a random report, the report of the most similar film (retrieval), and
the reference itself. Lesson 12.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from medigenx_lib.cases import Findings
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.judge import Judge, labels
from medigenx_lib.evaluation.similarity import SentenceModel
from medigenx_lib.evaluation.text import best_constant, kinds
from medigenx_lib.text.claims import check

LONGEST = 4
"""BLEU-4 counts n-grams of one to four words."""
DRAWS = 500

Counted = tuple[np.ndarray, Callable[[np.ndarray], float]]
"""What one score counts on each film, (N, K), and how the sums over films (K,) become the score."""


def baselines(
    references: Sequence[str], pool: Sequence[str], keys: np.ndarray, pool_keys: np.ndarray, seed: int = 0
) -> dict[str, list[str]]:
    """The reports to beat, one a film: constant, random and nearest reports of ``pool``, and the reference.

    ``keys`` (N, D) and ``pool_keys`` (M, D) describe the films (labels, or radiomics); the nearest report is that of
    the pool's film with the least squared distance after each column is scaled by its spread in the pool. Raises
    InputError if the pool is empty.
    """
    constant = best_constant(pool, references)
    picked = np.random.default_rng(seed).integers(len(pool), size=len(references))
    return {
        "constant report": [constant] * len(references),
        "random report": [pool[i] for i in picked],
        "retrieved report": [pool[i] for i in nearest(keys, pool_keys)],
        "reference": list(references),
    }


def nearest(keys: np.ndarray, pool_keys: np.ndarray) -> np.ndarray:
    """For each row of ``keys`` the number of the nearest row of ``pool_keys``, the first of equals; ints (N,)."""
    keys, pool_keys = np.asarray(keys, float), np.asarray(pool_keys, float)
    spread = pool_keys.std(0)
    keys, pool_keys = (np.nan_to_num(table / np.where(spread > 0, spread, 1)) for table in (keys, pool_keys))
    return np.array([((pool_keys - key) ** 2).sum(1).argmin() for key in keys])


def table(
    sets: Mapping[str, Sequence[str]],
    references: Sequence[str],
    findings: Sequence[Findings] | None = None,
    judge: Judge | None = None,
    truth: np.ndarray | None = None,
    seed: int = 0,
    sentences: SentenceModel | None = None,
) -> pd.DataFrame:
    """Scores of each set of reports, long: set, score, value, low, high (95 %, resampling films; Efron, 1979).

    ``findings``: what is on each film, for the claim scores. ``judge``: adds its F1 against ``truth`` (N, L), by
    default the labels of ``findings``. ``sentences``: adds the embedding similarity. Raises InputError where a set
    has not one report a film, or there is no film.
    """
    if not len(references):
        raise InputError("There are no reports to score.", "Give at least one.")
    rows = []
    for name, reports in sets.items():
        if len(reports) != len(references):
            raise InputError(f"{len(reports)} reports of {name!r} for {len(references)} films.", "Give one each.")
        for score, counted in counts(reports, references, findings, judge, truth, sentences).items():
            rows.append({"set": name, "score": score, **interval(*counted, seed=seed)})
        rows.append({"set": name, "score": "distinct", "value": len(set(reports)) / len(reports)})
    return pd.DataFrame(rows)


def counts(reports, references, findings=None, judge=None, truth=None, sentences=None) -> dict[str, Counted]:
    """Score -> what it counts on each film and how that adds up; arguments as those of :func:`table`."""
    found = {
        "BLEU-4": (bleu_counts(reports, references), bleu),
        "ROUGE-L": (_each(_rouge, reports, references), _mean),
        "METEOR": (_each(meteor, reports, references), _mean),
        "finding F1": (_kind_counts(reports, references), f1),
    }
    if sentences is not None:
        alike = sentences.similarity(reports, references)
        found["embedding"] = (np.stack([alike, np.ones_like(alike)], 1), _mean)
    if findings is not None:
        decided = np.array([_decided(text, known) for text, known in zip(reports, findings, strict=True)], float)
        found["claim precision"] = (decided, lambda sums: sums[0] / sums[1] if sums[1] else float("nan"))
    if judge is not None:
        told = np.stack([labels(known) for known in findings]) if truth is None else np.asarray(truth, bool)
        read = judge.read(reports)
        pairs = np.stack([(read & told).sum(1), read.sum(1) + told.sum(1)], 1)
        found["judge F1"] = (pairs.astype(float), f1)
    return found


def interval(each: np.ndarray, score: Callable, draws: int = DRAWS, seed: int = 0) -> dict[str, float]:
    """``value`` of a score with ``low`` and ``high``: its 95 % interval over resampled films."""
    films = np.random.default_rng(seed).integers(len(each), size=(draws, len(each)))
    drawn = [score(each[chosen].sum(0)) for chosen in films]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return {"value": float(score(each.sum(0))), "low": float(low), "high": float(high)}


def f1(sums: np.ndarray) -> float:
    """2 * hits / (said + there), from (hits, said + there); 1 where nothing was there to say."""
    return float(2 * sums[0] / sums[1]) if sums[1] else 1.0


# --- word overlap ---


def words(text: str) -> list[str]:
    """Lower-case tokens as sacrebleu's default (13a) cuts them."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    return _tokenizer(Tokenizer13a)(text.lower()).split()


@functools.lru_cache(maxsize=1)
def _tokenizer(kind):
    return kind()


def ngrams(tokens: Sequence[str], n: int) -> Counter:
    """How often each run of ``n`` tokens occurs."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def bleu_counts(reports: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """float (N, 10): clipped matches and totals of 1- to 4-grams, then the lengths of report and reference."""
    rows = []
    for text, right in zip(reports, references, strict=True):
        said, there = words(text), words(right)
        pairs = [(ngrams(said, n), ngrams(there, n)) for n in range(1, LONGEST + 1)]
        rows.append([*((a & b).total() for a, b in pairs), *(a.total() for a, _ in pairs), len(said), len(there)])
    return np.array(rows, float)


def bleu(sums: np.ndarray) -> float:
    """Corpus BLEU-4, 0..1, from the sums of :func:`bleu_counts`, equal to sacrebleu's.

    The geometric mean of the clipped precisions times exp(1 - reference length / report length) for short reports;
    the k-th precision of zero counts as half, a quarter, ... of a match. Source: Papineni et al., ACL 2002.
    """
    matches, totals, (said, there) = sums[:LONGEST], sums[LONGEST : 2 * LONGEST], sums[-2:]
    if not matches.any() or not totals.all():
        return 0.0
    halvings = np.cumsum(matches == 0)
    shares = np.where(matches == 0, 0.5**halvings, matches) / totals
    return float(np.exp(np.log(shares).mean()) * min(1.0, np.exp(1 - there / said)))


def meteor(report: str, reference: str) -> float:
    """METEOR, 0..1, matching words and stems. Without WordNet's synonyms, which would have to be downloaded.

    Source: Banerjee and Lavie, ACL workshop 2005, through nltk.
    """
    from nltk.translate.meteor_score import meteor_score

    return float(meteor_score([words(reference)], words(report), wordnet=_NoSynonyms()))


class _NoSynonyms:
    def synsets(self, word: str) -> list:
        """No synonyms of any word: what stands in for WordNet."""
        return []


def _rouge(report: str, reference: str) -> float:
    return _rouge_scorer().score(reference, report)["rougeL"].fmeasure


@functools.lru_cache(maxsize=1)
def _rouge_scorer():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"])


def _each(score: Callable[[str, str], float], reports: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """(N, 2): the score of each report, and 1 to count it."""
    cached = functools.lru_cache(maxsize=None)(score)
    return np.array([(cached(text, right), 1.0) for text, right in zip(reports, references, strict=True)])


def _mean(sums: np.ndarray) -> float:
    return float(sums[0] / sums[1])


# --- claims ---


def _kind_counts(reports: Sequence[str], references: Sequence[str]) -> np.ndarray:
    pairs = [(kinds(text), kinds(right)) for text, right in zip(reports, references, strict=True)]
    return np.array([(len(said & there), len(said) + len(there)) for said, there in pairs], float)


def _decided(report: str, findings: Findings) -> tuple[int, int]:
    """(supported, supported or contradicted) sentences."""
    verdicts = [verdict.verdict for verdict in check(report, findings)]
    return verdicts.count("supported"), verdicts.count("supported") + verdicts.count("contradicted")
