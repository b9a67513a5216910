"""From measured cases to reports, by several ways of decoding the language model (Lesson 11).

| strategy | what is written |
|---|---|
| ``gated`` | sentence by sentence, only what the measurements support (``text.gate``); the default |
| ``greedy`` | the likeliest word each time |
| ``nucleus`` | words drawn from the likeliest 95 % |
| ``guided`` | greedy with contrastive guidance: what the film adds, sharpened |
| ``beam`` | the likeliest of four reports followed in parallel |
| ``best_of_n`` | of eight nucleus samples, the one that the claim check likes best |
| ``grammar`` | no language model: the grammar alone |
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from tqdm.auto import tqdm

from medigenx_lib import radiomics, settings
from medigenx_lib.cases import Case, Findings, replace
from medigenx_lib.errors import InputError, WeightsError
from medigenx_lib.text import claims, corpus, grammar, models
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.gate import GRAMMAR, MODEL, Gate, write_gated
from medigenx_lib.text.models import ReportWriter
from medigenx_lib.text.placeholders import fill
from medigenx_lib.text.session import Session, greedy, nucleus

ROWS = 6
"""Continuations that the gate samples at a time."""
SAMPLES = 8
BEAMS = 4
GUIDANCE = 1.0

Written = tuple[list[str], list[str]]
"""The sentences of a report, and for each whether the model or the grammar wrote it."""


def write(
    cases: Sequence[Case],
    strategy: str = "gated",
    seed: int = settings.SEED,
    progress: bool = True,
    writer: ReportWriter | str = "report_writer",
) -> list[Case]:
    """The ``cases`` with ``report`` filled: plain sentences separated by spaces.

    The same case id, findings and ``seed`` give the same report, alone or in any company. ``meta`` gains
    ``report_sources`` (``"model"`` or ``"grammar"`` for each sentence), ``report_strategy`` and ``report_seed``.
    With ``gated`` and ``grammar``, what could not be measured is called not assessable, never absent.
    Raises InputError for an unknown strategy or a case without measured findings, WeightsError without weights.
    """
    if strategy not in STRATEGIES:
        raise InputError(f"There is no decoding strategy {strategy!r}.", f"Use one of: {', '.join(STRATEGIES)}.")
    if strategy != "grammar":
        writer = models.load(writer, settings.device()) if isinstance(writer, str) else writer
        _check_vector(writer)
    bar = tqdm(cases, "writing reports", unit="report", disable=not progress or len(cases) < 8)
    return [_write_one(case, strategy, seed, writer) for case in bar]


def _check_vector(writer: ReportWriter) -> None:
    if writer.config.vector_names != tuple(radiomics.VECTOR_NAMES):
        raise WeightsError("The report writer was trained on another radiomics vector.", "Run `medigenx train` anew.")


def _write_one(case: Case, strategy: str, seed: int, writer: ReportWriter) -> Case:
    if case.findings is None:
        raise InputError(f"Case {case.id} has no findings.", "Call segmentation.segment and radiomics.measure first.")
    own_seed = case_seed(case.id, seed)
    with torch.inference_mode(), settings.one_thread():
        sentences, sources = STRATEGIES[strategy](case, writer, own_seed)
    facts = {"report_sources": sources, "report_strategy": strategy, "report_seed": seed}
    return replace(case, report=" ".join(sentences), meta={**case.meta, **facts})


def case_seed(case: str, seed: int) -> int:
    """A seed of its own for each case id, 0..2^31."""
    return int.from_bytes(hashlib.sha256(f"{case}|{seed}".encode(errors="surrogatepass")).digest()[:4], "big") >> 1


def _session(case: Case, writer: ReportWriter, **options) -> Session:
    images, vectors = corpus.arrays([case])
    return Session(writer, images[0], vectors[0], **options)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _gated(case: Case, writer: ReportWriter, seed: int) -> Written:
    gate = Gate(case.findings)
    write_gated(_session(case, writer, rows=ROWS), gate, nucleus(_generator(seed)), seed)
    return gate.sentences, gate.sources


def _greedy(case: Case, writer: ReportWriter, seed: int) -> Written:
    return sentences_of(_session(case, writer).reports(greedy)[0].ids, writer, case.findings)


def _nucleus(case: Case, writer: ReportWriter, seed: int) -> Written:
    return sentences_of(_session(case, writer).reports(nucleus(_generator(seed)))[0].ids, writer, case.findings)


def _guided(case: Case, writer: ReportWriter, seed: int) -> Written:
    return sentences_of(_session(case, writer, guidance=GUIDANCE).reports(greedy)[0].ids, writer, case.findings)


def _best_of_n(case: Case, writer: ReportWriter, seed: int) -> Written:
    samples = _session(case, writer, rows=SAMPLES).reports(nucleus(_generator(seed)))
    return max(
        (sentences_of(sample.ids, writer, case.findings) for sample in samples),
        key=lambda w: _liking(w[0], case.findings),
    )


def _liking(sentences: Iterable[str], findings: Findings) -> float:
    """How well a report agrees with the measurements: errors cost 2, what nobody can check costs 1."""
    report = " ".join(sentences)
    counts = claims.summary(claims.check(report, findings))
    errors = counts["contradicted"] + len(claims.omitted(report, findings))
    return 0.1 * counts["supported"] - counts["unverifiable"] - 2 * errors


def _beam(case: Case, writer: ReportWriter, seed: int) -> Written:
    return sentences_of(beam_ids(_session(case, writer), BEAMS), writer, case.findings)


def beam_ids(session: Session, beams: int) -> list[int]:
    """Token ids of a whole report by beam search, with transformers' own ``generate``; ``session`` is at its start."""
    banned = [[i] for i in tokenization.never_written(session.writer.tokenizer)]
    ids = session.writer.language_model.generate(
        inputs_embeds=session.opening, num_beams=beams, do_sample=False, bad_words_ids=banned,
        max_new_tokens=session.room, attention_mask=torch.ones(session.opening.shape[:2]),
    )  # fmt: skip
    return ids[0].tolist()


def sentences_of(ids: list[int], writer: ReportWriter, findings: Findings) -> Written:
    """The sentences in token ids of a whole report, and their sources; without those that name a number that
    ``findings`` lack."""
    sentences = [fill(text, findings) for text in split_sentences(ids, writer) if text]
    kept = [sentence for sentence in sentences if sentence]
    return kept, [MODEL] * len(kept)


def split_sentences(ids: Sequence[int], writer: ReportWriter) -> list[str]:
    """The text of ``ids`` cut after each full stop, placeholders kept."""
    return [tokenization.decode(writer.tokenizer, piece) for piece in split_ids(ids, writer)]


def split_ids(ids: Sequence[int], writer: ReportWriter) -> list[list[int]]:
    """``ids`` cut after each full stop, and after the end token."""
    stops = np.isin(ids, tokenization.stops(writer.tokenizer))
    cuts = [0, *(np.flatnonzero(stops) + 1), len(ids)]
    return [list(ids[a:b]) for a, b in itertools.pairwise(cuts)]


def _grammar(case: Case, writer: ReportWriter, seed: int) -> Written:
    sentences = grammar.sentences(case.findings, seed)
    return sentences, [GRAMMAR] * len(sentences)


STRATEGIES: dict[str, Callable[[Case, ReportWriter, int], Written]] = {
    "gated": _gated,
    "greedy": _greedy,
    "nucleus": _nucleus,
    "guided": _guided,
    "beam": _beam,
    "best_of_n": _best_of_n,
    "grammar": _grammar,
}
SEEDLESS = ("greedy", "guided", "beam")
"""Strategies that draw nothing by lot: every seed gives the same report."""
