"""The report writer on real reports: the Indiana set of a user, with its annotators' labels in place of radiomics.

The writer is the one of :mod:`.models`; what it is told of a film is the vector of MeSH labels
(:func:`.mesh.mesh_findings`), for the films themselves seldom come along. Sentences with a number or with something cut
out ("XXXX") are not learned: no label supports them. The set is CC BY-NC-ND: no weights made from it are shipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medigenx_lib.cases import SEVERITIES, SIDES, ZONES, Findings
from medigenx_lib.datasets.reports import Report, load_reports, without_leaks
from medigenx_lib.errors import InputError
from medigenx_lib.text import training
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.mesh import HEADINGS, mesh_findings
from medigenx_lib.text.models import ReportWriter
from medigenx_lib.text.sentences import split_sentences
from medigenx_lib.text.training import Recipe

KINDS = (*HEADINGS, "low_volume", "other")
LABELS = tuple(
    f"{kind}{what}" for kind in KINDS for what in ("", *(f".{place}" for place in (*SIDES, *ZONES)), ".severity")
)
"""What a vector of labels holds, 0 or 1 each but the severity: 0, 1/3, 2/3, 1."""
OUT = Path("runs") / "real_reports.safetensors"
BLANK = 16
"""Side of the blank film that stands where none is shown, in pixels."""
VOCABULARY = 2000
RECIPE = Recipe(wordings=1)
UNSUPPORTED = re.compile(r"\d|x{3,}", re.IGNORECASE)


@dataclass(frozen=True)
class RealCorpus(Corpus):
    """A corpus whose ``texts`` were written by people: one a film, in one wording."""

    texts: tuple[str, ...] = ()

    def reports(self, seed: int = 0) -> list[str]:
        """The texts; there are no others, whatever ``seed``."""
        return list(self.texts)


def usable(reports: Sequence[Report], split: str) -> list[Report]:
    """The reports of ``split`` that were indexed and have findings to learn or to be scored against."""
    return [
        r for r in reports if r.split == split and r.mesh and len(mesh_findings(_mesh(r))) and supported(r.findings)
    ]


def supported(text: str) -> str:
    """``text`` without the sentences that state a number or from which something was cut out."""
    sentences = (" ".join(sentence.split()) for _, sentence in split_sentences(text))
    return " ".join(sentence for sentence in sentences if sentence and not UNSUPPORTED.search(sentence))


def label_vector(findings: Findings) -> np.ndarray:
    """float32 (len(LABELS),) of the findings that annotators indexed."""
    values = dict.fromkeys(LABELS, 0.0)
    for finding in (f for f in findings if f.presence != "absent"):
        places = [f".{place}" for place in (finding.side, *finding.zones) if place]
        values |= {f"{finding.kind}{place}": 1.0 for place in ("", *places)}
        if finding.severity:
            values[f"{finding.kind}.severity"] = (1 + SEVERITIES.index(finding.severity)) / len(SEVERITIES)
    return np.array(list(values.values()), np.float32)


def corpus_of(reports: Sequence[Report]) -> RealCorpus:
    """What the writer learns from: label vectors, blank films, and the supported sentences of the findings.

    Raises InputError if no report is left.
    """
    if not reports:
        raise InputError("There is no report with findings and labels.", "Give the whole set, see datasets.reports.")
    known = tuple(mesh_findings(_mesh(report)) for report in reports)
    vectors = np.stack([label_vector(findings) for findings in known])
    images = np.zeros((len(known), BLANK, BLANK), np.uint8)
    return RealCorpus(images, vectors, known, tuple(supported(report.findings) for report in reports))


def train(
    source: str | Path, minutes: float = 5.0, out: str | Path = OUT, seed: int = 0, progress: bool = True
) -> Path:
    """Train a writer on the training reports at ``source`` (see ``datasets.load_reports``); the file of its weights.

    Reports that stand word for word among the others are left out of training. Load with :func:`.models.load`.
    """
    reports = without_leaks(load_reports(source, progress))
    corpus = corpus_of(usable(reports, "train"))
    return training.train(minutes, seed, out, corpus=corpus, recipe=RECIPE, progress=progress, make=build)


def build(corpus: Corpus, texts: list[str], **options) -> ReportWriter:
    """An untrained writer of real reports; see :func:`.training.build`."""
    real = {"vector_names": LABELS, "vocab_size": VOCABULARY, "image_size": BLANK}
    return training.build(corpus, texts, **{**real, **options})


def _mesh(report: Report) -> str:
    return ";".join(report.mesh)
