"""Searching for better reports with the claim check: a reward, and ways of writing that look at it. Nothing is learned.

:func:`reward` marks a report by its claims; :func:`draw` writes and marks; :func:`stitch` makes one report of the
sentences of several that the check lets pass; :func:`decoding_search` tries settings of decoding out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from medigenx_lib import settings
from medigenx_lib.cases import Findings
from medigenx_lib.text import decoding, fusion
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.gate import MODEL, Gate, is_impression
from medigenx_lib.text.models import ReportWriter
from medigenx_lib.text.parsing import parse
from medigenx_lib.text.placeholders import fill
from medigenx_lib.text.session import Session, greedy, nucleus

WEIGHT = 4
"""What a present finding counts in the reward; an absent or an unknown one counts 1."""


TOGETHER = 256
"""Reports that are drawn at the same time: more are no faster and need more memory."""


class Draft(NamedTuple):
    """One report that the writer drew for film number ``film`` of a corpus; ``ids`` begin with the begin token.

    ``credit``: the weight with which each of ``ids`` after the first is to be learned, 0 or more; 1 where empty.
    """

    film: int
    ids: list[int]
    reward: float
    credit: list[float] = []  # noqa: RUF012, never changed


# --- the reward ---


def reward(sentences: Sequence[str | None], findings: Findings) -> float:
    """How good a report is by its claims alone, 0..1; None stands for a sentence with a number nobody measured.

    The harmonic mean of precision (share of sentences that are supported and say something new) and recall (share of
    the measured findings that are spoken of). A finding that is present counts ``WEIGHT`` times in the recall, or "no
    opacity, no effusion" would do for nearly every film, and half of that is for its exact zones, or "opacity on the
    right" would always be the safer thing to say. Wording, order and fluency do not count.
    """
    gate = Gate(findings)
    passed = sum(gate.offer(sentence, MODEL) for sentence in sentences)
    if not passed:
        return 0.0
    weights, covered = _coverage(gate)
    precision, recall = passed / len(sentences), covered / weights
    return 2 * precision * recall / (precision + recall) if recall else 0.0


def _coverage(gate: Gate) -> tuple[float, float]:
    """(weight of all findings, weight of those that the sentences in ``gate`` speak of)."""
    said = [claim.finding for sentence in gate.sentences for claim in parse(sentence)]
    zones = {(f.kind, f.side, f.zones) for f in said if f.presence == "present"}
    open_, total, covered = set(gate.unsaid()), 0.0, 0.0
    for finding in gate.findings:
        present = finding.presence == "present"
        weight = WEIGHT if present else 1
        exact = not present or (finding.kind, finding.side, finding.zones) in zones
        total, covered = total + weight, covered + weight * (finding not in open_) * (1 if exact else 0.5)
    return total, covered


def reward_of_ids(writer: ReportWriter, ids: Sequence[int], findings: Findings) -> float:
    """:func:`reward` of a report in token ids. One that was never brought to its end earns nothing."""
    if not len(ids) or ids[-1] != writer.tokenizer.token_to_id(tokenization.END):
        return 0.0
    sentences = [fill(text, findings) for text in decoding.split_sentences(ids, writer) if text]
    return reward(sentences, findings)


def draw(writer: ReportWriter, corpus: Corpus, films: Sequence[int], pick=greedy) -> list[Draft]:
    """One report for each of ``films`` (numbers in ``corpus``, repeated for several), with its reward."""
    chosen = np.asarray(films, int)
    begin, drafts = writer.tokenizer.token_to_id(tokenization.BEGIN), []
    for part in (chosen[start : start + TOGETHER] for start in range(0, len(chosen), TOGETHER)):
        told = fusion.Shown(corpus.images[part] / 255, corpus.vectors[part])
        with settings.one_thread(), torch.inference_mode():
            rows = fusion.write_ids(writer, told.tell(writer), pick)
        earned = (reward_of_ids(writer, ids, corpus.findings[film]) for film, ids in zip(part, rows, strict=True))
        drafts += [Draft(int(f), [begin, *ids], r) for f, ids, r in zip(part, rows, earned, strict=True)]
    return drafts


# --- one report out of several ---


class _Sentence(NamedTuple):
    """A drawn sentence: ``place`` is where it stood in its report, 0..1; ``text`` is None for an unmeasured number."""

    place: float
    ids: list[int]
    text: str | None


def stitch(writer: ReportWriter, drafts: Sequence[Draft], findings: Findings) -> Draft:
    """One report of those sentences of ``drafts``, all of one film, that the claim check lets pass.

    A whole report is right only if every sentence is, which is rare early on; each sentence is often right in one of
    several reports. Of two that say the same the one with the exact zones is taken, then that of the earlier draft.
    """
    gate, taken = Gate(findings), []
    sentences = [sentence for draft in drafts for sentence in _sentences(writer, draft, findings)]
    for sentence in sorted(sentences, key=lambda s: _preference(s, findings)):
        if gate.offer(sentence.text, MODEL):
            taken.append(sentence)
    taken.sort(key=lambda s: (is_impression(s.text), s.place))
    begin, end = (writer.tokenizer.token_to_id(token) for token in (tokenization.BEGIN, tokenization.END))
    ids = [begin, *(token for sentence in taken for token in sentence.ids), end]
    return Draft(drafts[0].film, ids, reward([sentence.text for sentence in taken], findings))


def _sentences(writer: ReportWriter, draft: Draft, findings: Findings) -> Iterator[_Sentence]:
    pieces = decoding.split_ids(draft.ids[1:], writer)
    for number, ids in enumerate(pieces):
        if text := tokenization.decode(writer.tokenizer, ids):
            yield _Sentence(number / len(pieces), ids, fill(text, findings))


def _preference(sentence: _Sentence, findings: Findings) -> tuple[bool, bool]:
    """Sorts what sums up to the end, and before it whatever is vaguer about a place than ``findings``."""
    if not sentence.text:
        return True, True
    return is_impression(sentence.text), not _is_exact(sentence.text, findings)


def _is_exact(sentence: str, findings: Findings) -> bool:
    """True if all that ``sentence`` says is there is there, in just these zones."""
    there = {(f.kind, f.side, f.zones) for f in findings.present()}
    said = [claim.finding for claim in parse(sentence) if claim.finding.presence == "present"]
    return all((f.kind, f.side, f.zones) in there for f in said)


def credited(writer: ReportWriter, draft: Draft, findings: Findings) -> Draft:
    """``draft`` with credit for the sentences that the claim check lets pass and that have the exact zones: ``WEIGHT``
    for one that says that something is there, 1 for any other.

    The rest stays, so that each sentence is learned after what was written before it, but is not learned itself; nor
    is the end, if something was left out.
    """
    gate, credit = Gate(findings), []
    for ids in decoding.split_ids(draft.ids[1:], writer):
        text = tokenization.decode(writer.tokenizer, ids)
        said = fill(text, findings) if text else None
        passed = bool(said) and _is_exact(said, findings) and gate.offer(said, MODEL)
        passed = passed if text else not gate.unsaid()
        positive = passed and text and any(claim.finding.presence == "present" for claim in parse(said))
        credit += [float(WEIGHT if positive else passed)] * len(ids)
    return draft._replace(credit=credit)


# --- decoding search: nothing is learned ---

GRID = (
    {"temperature": 0.0}, {"temperature": 0.5}, {"temperature": 1.0}, {"temperature": 1.0, "top_p": 0.8},
    {"temperature": 0.0, "guidance": 0.5}, {"temperature": 0.0, "guidance": 1.0}, {"beams": 4},
    {"temperature": 1.0, "samples": 4}, {"temperature": 1.0, "samples": 16}, {"temperature": 0.5, "samples": 16},
)  # fmt: skip
"""Settings of decoding: ``temperature`` 0 is greedy, ``samples`` > 1 keeps the best of so many by the claim check."""


def decoding_search(
    writer: ReportWriter, corpus: Corpus, grid: Sequence[dict] = GRID, seed: int = 0, progress: bool = True
) -> pd.DataFrame:
    """Mean reward and cost of each setting on the films of ``corpus``, best first.

    Columns: ``setting``, ``reward`` (mean, 0..1), ``low`` and ``high`` (its 95 % interval over films), ``CPU-s`` a
    report. The best of many settings looks better than it is: report it on films that the search did not see.
    """
    rows = []
    for setting in tqdm(grid, "decoding search", unit="setting", disable=not progress):
        start = time.process_time()
        earned = np.array(_decoded(writer, corpus, seed=seed, **setting))
        films = np.random.default_rng(seed).integers(len(earned), size=(500, len(earned)))
        low, high = np.quantile(earned[films].mean(1), (0.025, 0.975))
        name = ", ".join(f"{key} {value}" for key, value in setting.items())
        cost = (time.process_time() - start) / len(earned)
        rows.append({"setting": name, "reward": earned.mean(), "low": low, "high": high, "CPU-s": cost})
    return pd.DataFrame(rows).sort_values("reward", ascending=False, ignore_index=True)


def _decoded(writer, corpus, seed, temperature=1.0, top_p=0.95, guidance=0.0, beams=1, samples=1) -> list[float]:
    """The reward of each film's report."""
    generator = torch.Generator().manual_seed(seed)
    pick = nucleus(generator, top_p, temperature) if temperature else greedy
    best = []
    with settings.one_thread(), torch.inference_mode():
        for image, vector, findings in zip(corpus.images / 255, corpus.vectors, corpus.findings, strict=True):
            session = Session(writer, image, vector, rows=samples, guidance=guidance)
            found = [decoding.beam_ids(session, beams)] if beams > 1 else [c.ids for c in session.reports(pick)]
            best.append(max(reward_of_ids(writer, ids, findings) for ids in found))
    return best
