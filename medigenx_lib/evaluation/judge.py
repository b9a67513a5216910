"""An independent judge of reports: it reads which findings a text states, and shares no rule with the parser.

Whoever optimises a score ends up with text that the score likes. So reports that were optimised or filtered by the
claim check are also read by a classifier that has only ever seen words and labels: n-grams of one to four words,
weighted by rarity, and one logistic regression a finding. It learns from reports that the grammar wrote on random
findings, or from any others with labels. It can be wrong, but not in the parser's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from medigenx_lib.cases import SIDES, Findings
from medigenx_lib.errors import InputError

LABELS = (*(f"{side} {kind}" for kind in ("opacity", "effusion") for side in SIDES), "cardiomegaly")
"""What the judge looks for by default: certain presence, by side where there is one."""


def labels(findings: Findings) -> np.ndarray:
    """bool (5,), in the order of ``LABELS``: what is present for certain."""
    there = {" ".join(filter(None, (f.side, f.kind))) for f in findings.present()}
    return np.array([name in there for name in LABELS])


class Judge:
    """A bag-of-n-grams classifier of reports: ``Judge().fit(texts, truth)``, ``judge.read(texts)``.

    ``names``: what the columns of ``truth`` (N, L), bool, stand for.
    """

    def __init__(self, names: Sequence[str] = LABELS, longest: int = 4):
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.names = tuple(names)
        self.words = TfidfVectorizer(ngram_range=(1, longest), min_df=3, binary=True, sublinear_tf=True)
        self.models: list = []

    def fit(self, texts: Sequence[str], truth: np.ndarray) -> Judge:
        """Learn from ``texts`` (N) and ``truth`` (N, L). Raises InputError where a label is never or always true."""
        from sklearn.linear_model import LogisticRegression

        truth = np.asarray(truth, bool)
        share = truth.mean(0)
        if truth.shape != (len(texts), len(self.names)) or not ((share > 0) & (share < 1)).all():
            raise InputError(f"{len(texts)} reports with labels {truth.shape}.", "Each label needs both answers.")
        seen = self.words.fit_transform(texts)
        self.models = [LogisticRegression(C=30.0, max_iter=300, random_state=0).fit(seen, column) for column in truth.T]
        return self

    def read(self, texts: Iterable[str]) -> np.ndarray:
        """bool (N, L): what each report states, as the judge reads it."""
        seen = self.words.transform(texts)
        return np.stack([model.predict(seen) for model in self.models], 1)


def grammar_judge(reports: int = 4000, first_seed: int = 5_000_000) -> Judge:
    """A judge trained on grammar reports of random findings; six CPU-seconds for 4,000."""
    from medigenx_lib.text import grammar
    from medigenx_lib.text.samples import random_findings

    known = [random_findings(first_seed + i) for i in range(reports)]
    texts = [grammar.report(findings, first_seed + i) for i, findings in enumerate(known)]
    return Judge().fit(texts, np.stack([labels(findings) for findings in known]))


def micro_f1(read: np.ndarray, truth: np.ndarray) -> float:
    """F1 over all films and labels, bool (N, L) both; 1 where neither holds anything."""
    total = read.sum() + truth.sum()
    return 2 * float((read & truth).sum()) / total if total else 1.0


def judged(judge: Judge, reports: Sequence[str], findings: Sequence[Findings]) -> float:
    """Micro F1, 0..1, of what ``judge`` reads in ``reports`` against what ``findings`` say is there."""
    return micro_f1(judge.read(reports), np.stack([labels(known) for known in findings]))
