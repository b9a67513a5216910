"""Optimising a report writer against the claim check: what to say is rewarded, not how a reference says it.

| way | what is learned from |
|---|---|
| :func:`decoding_search` | nothing: the settings of decoding are tried out on films that were not trained on |
| :func:`expert_iteration` | the writer's own reports that the claim check likes best, as if they were references |
| :func:`self_critical` | every own report, pushed up or down by how much it beats the writer's own greedy one |

Neither of the two trainings sees a reference report. A reward that is optimised stops being a measure (Goodhart):
judge the result by scores that the reward does not know (``evaluation.judge``).
Sources: Anthony et al., "Thinking fast and slow with deep learning and tree search", NeurIPS 2017; Zelikman et al.,
"STaR", NeurIPS 2022; Rennie et al., "Self-critical sequence training for image captioning", CVPR 2017. Lesson 12.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from medigenx_lib import files, settings
from medigenx_lib.cases import Findings
from medigenx_lib.errors import InputError
from medigenx_lib.text import decoding, fusion, models, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.gate import MODEL, Gate
from medigenx_lib.text.models import IGNORED, ReportWriter
from medigenx_lib.text.parsing import parse
from medigenx_lib.text.placeholders import fill
from medigenx_lib.text.session import Session, greedy, nucleus

WEIGHT = 4
"""What a present finding counts in the reward; an absent or an unknown one counts 1."""


class Draft(NamedTuple):
    """One report that the writer drew for film number ``film`` of a corpus; ``ids`` begin with the begin token."""

    film: int
    ids: list[int]
    reward: float


@dataclass(frozen=True)
class Options:
    """Settings of both trainings. A round draws ``samples`` reports of each of ``films`` films.

    ``best``: how many reports a film the expert iteration remembers; ``least``: the reward they need; ``steps``: its
    gradient steps a round. The self-critical training takes one step a round.
    """

    films: int = 150
    samples: int = 8
    temperature: float = 1.0
    top_p: float = 0.95
    learning_rate: float = 1e-3
    anchor: float = 0.25
    batch: int = 16
    steps: int = 100
    best: int = 2
    least: float = 0.8


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


def advantage(rewards: Sequence[float], baseline: float) -> np.ndarray:
    """What each drawn report earned beyond ``baseline``, the reward of the greedy one (Rennie et al., eq. 9)."""
    return np.asarray(rewards, float) - baseline


def draw(writer: ReportWriter, corpus: Corpus, films: Sequence[int], pick=greedy) -> list[Draft]:
    """One report for each of ``films`` (numbers in ``corpus``, repeated for several), with its reward."""
    chosen = np.asarray(films, int)
    told = fusion.Shown(corpus.images[chosen] / 255, corpus.vectors[chosen])
    begin = writer.tokenizer.token_to_id(tokenization.BEGIN)
    with settings.one_thread(), torch.inference_mode():
        rows = fusion.write_ids(writer, told.tell(writer), pick)
    earned = (reward_of_ids(writer, ids, corpus.findings[film]) for film, ids in zip(chosen, rows, strict=True))
    return [Draft(int(f), [begin, *ids], r) for f, ids, r in zip(chosen, rows, earned, strict=True)]


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


# --- what both trainings share ---


@dataclass
class State:
    """A training under way: all that is needed to go on as if it had never been interrupted."""

    writer: ReportWriter
    optimiser: torch.optim.Optimizer
    references: Sequence[Draft] = ()
    history: list[dict] = field(default_factory=list)
    memory: dict[int, list[Draft]] = field(default_factory=dict)

    def save(self, path: Path, facts: dict) -> None:
        """Write the weights to ``path`` and the rest beside it, each atomically."""
        memory = [list(draft) for drafts in self.memory.values() for draft in drafts]
        kept = {"writer": self.writer.state_dict(), "optimiser": self.optimiser.state_dict(),
                "history": self.history, "memory": memory, "facts": facts}  # fmt: skip
        stream = io.BytesIO()
        torch.save(kept, stream)
        files.write_bytes(_beside(path), stream.getvalue())
        models.save(path, self.writer, {**facts, "history": self.history})

    def load(self, path: Path, facts: dict) -> None:
        """Go on from what lies beside ``path``, if anything does. Raises InputError if that had other settings."""
        if not _beside(path).exists():
            return
        kept = torch.load(_beside(path), map_location=self.writer.device, weights_only=True)
        if kept["facts"] != facts:
            raise InputError(f"{_beside(path)} is of a training with other settings.", "Choose another file.")
        self.writer.load_state_dict(kept["writer"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.history = kept["history"]
        for draft in kept["memory"]:
            self.memory.setdefault(draft[0], []).append(Draft(*draft))


def _beside(path: Path) -> Path:
    return path.with_suffix(".state")


Round = Callable[[State, Corpus, Options, np.random.Generator, torch.Generator], dict]
"""One round of training on a corpus; returns what is worth noting."""


def expert_iteration(writer: ReportWriter, corpus: Corpus, rounds: int, **settings_) -> pd.DataFrame:
    """Draw reports, remember each film's best by :func:`reward`, learn those by cross-entropy, and again.

    ``writer`` is trained in place. ``settings_``: see :func:`optimise`, which also says what comes back.
    """
    return optimise(_expert_round, writer, corpus, rounds, **settings_)


def self_critical(writer: ReportWriter, corpus: Corpus, rounds: int, **settings_) -> pd.DataFrame:
    """REINFORCE on :func:`reward`, with the writer's own greedy report of the film as the baseline.

    ``writer`` is trained in place. ``settings_``: see :func:`optimise`, which also says what comes back.
    """
    return optimise(_critical_round, writer, corpus, rounds, **settings_)


def optimise(
    one_round: Round,
    writer: ReportWriter,
    corpus: Corpus,
    rounds: int,
    references: Sequence[Draft] = (),
    out: str | Path | None = None,
    options: Options | None = None,
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """Train ``writer`` in place for ``rounds`` rounds; a row of notes a round: ``reward`` (mean of what was drawn
    before learning), ``kept`` (share learned from), ``CPU-s`` so far.

    With ``out`` the weights are written there after each round and the state beside it (``.state``), from which the
    same call goes on to the same end. Raises InputError if that state had other settings or for no films.
    """
    if not len(corpus) or rounds < 1:
        raise InputError(f"{len(corpus)} films and {rounds} rounds.", "Give at least one of each.")
    options = options or Options()
    facts = {"way": one_round.__name__, "options": asdict(options), "seed": seed, "films": len(corpus)}
    state = State(writer, torch.optim.AdamW(writer.parameters(), options.learning_rate, betas=(0.9, 0.98)), references)
    if out is not None:
        state.load(Path(out), facts)
    done = len(state.history)
    for number in tqdm(range(done, rounds), "rounds", initial=done, total=rounds, disable=not progress):
        start, before = time.process_time(), state.history[-1]["CPU-s"] if state.history else 0.0
        generator = torch.Generator().manual_seed(1_000_003 * seed + number)
        notes = one_round(state, corpus, options, np.random.default_rng((seed, number)), generator)
        state.history.append({"round": number, **notes, "CPU-s": before + time.process_time() - start})
        if out is not None:
            state.save(Path(out), facts)
    writer.eval()
    return pd.DataFrame(state.history)


def _set_rate(state: State, rate: float) -> None:
    for group in state.optimiser.param_groups:
        group["lr"] = rate


def _step(state: State, loss: Tensor) -> None:
    state.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.writer.parameters(), 1.0)
    state.optimiser.step()


def _picked(corpus: Corpus, options: Options, rng: np.random.Generator) -> np.ndarray:
    """Numbers of films for one round, those with more findings more often: there is more to learn from them."""
    odds = np.array([1.0 + 2 * len(findings.present()) for findings in corpus.findings])
    return rng.choice(len(corpus), min(options.films, len(corpus)), replace=False, p=odds / odds.sum())


def references(corpus: Corpus, writer: ReportWriter, films: Sequence[int], wordings: int = 8) -> list[Draft]:
    """Reports that the grammar wrote on ``films`` of ``corpus``, in the writer's tokens: what experts have reported."""
    texts = [corpus.reports(seed) for seed in range(wordings)]
    return [Draft(int(i), tokenization.encode(writer.tokenizer, text[i]), 1.0) for text in texts for i in films]


def _batch(corpus: Corpus, drafts: Sequence[Draft]) -> training.Batch:
    return training.batch_of(corpus, np.array([d.film for d in drafts]), [d.ids for d in drafts])


# --- expert iteration ---


def _expert_round(state, corpus, options, rng, generator) -> dict:
    films = np.repeat(_picked(corpus, options, rng), options.samples)
    drafts = draw(state.writer, corpus, films, nucleus(generator, options.top_p, options.temperature))
    for draft in drafts:
        _remember(state.memory, draft, options)
    for number, chosen in enumerate(_batches(state, options, rng)):
        _set_rate(state, options.learning_rate * (1 + math.cos(math.pi * number / options.steps)) / 2)
        _step(state, training.loss_of(state.writer, _batch(corpus, chosen)))
    kept = sum(draft in state.memory.get(draft.film, ()) for draft in drafts) / len(drafts)
    return {"reward": float(np.mean([d.reward for d in drafts])), "kept": kept}


def _remember(memory: dict[int, list[Draft]], draft: Draft, options: Options) -> None:
    """Keep ``draft`` if it is among the best different reports of its film."""
    others = memory.get(draft.film, [])
    if draft.reward < options.least or any(draft.ids == other.ids for other in others):
        return
    memory[draft.film] = sorted([*others, draft], key=lambda d: -d.reward)[: options.best]


def _batches(state: State, options: Options, rng: np.random.Generator) -> Iterator[list[Draft]]:
    """``steps`` batches of remembered reports, a share of them references; better ones more often (reward squared)."""
    own = [draft for best in state.memory.values() for draft in best]
    pools = [(own, np.array([draft.reward**2 for draft in own])), (state.references, np.ones(len(state.references)))]
    counts = _shares(options, *(odds.sum() > 0 for _, odds in pools))
    for _ in range(options.steps if sum(counts) else 0):
        yield [
            pool[i]
            for (pool, odds), count in zip(pools, counts, strict=True)
            for i in (rng.choice(len(pool), count, p=odds / odds.sum()) if count else ())
        ]


def _shares(options: Options, any_own: bool, any_references: bool) -> tuple[int, int]:
    """How many reports of its own and how many references a batch holds."""
    if not (any_own and any_references):
        return options.batch * any_own, options.batch * any_references
    references_ = round(options.batch * options.anchor)
    return options.batch - references_, references_


# --- self-critical sequence training ---


def _critical_round(state, corpus, options, rng, generator) -> dict:
    films = _picked(corpus, options, rng)
    baseline = {draft.film: draft.reward for draft in draw(state.writer, corpus, films)}
    drafts = draw(
        state.writer, corpus, np.repeat(films, options.samples),
        nucleus(generator, options.top_p, options.temperature),
    )  # fmt: skip
    gained = np.array([advantage([d.reward], baseline[d.film])[0] for d in drafts])
    loss = self_critical_loss(state.writer, corpus, drafts, gained)
    if options.anchor and state.references:
        chosen = [state.references[i] for i in rng.integers(len(state.references), size=options.batch)]
        loss = loss + options.anchor * training.loss_of(state.writer, _batch(corpus, chosen))
    _step(state, loss)
    return {"reward": float(np.mean([d.reward for d in drafts])), "kept": float(np.mean(gained > 0))}


def self_critical_loss(
    writer: ReportWriter, corpus: Corpus, drafts: Sequence[Draft], gained: Sequence[float]
) -> Tensor:
    """Minus the advantage-weighted log-probability of ``drafts``, in nats a token; a scalar with gradient."""
    batch = _batch(corpus, drafts)
    given = torch.ones(len(drafts), dtype=torch.bool)
    told = writer.prefix(batch.images, batch.vectors, given, given)
    likelihood = log_likelihoods(writer, told, batch.ids)
    weight = torch.as_tensor(np.asarray(gained), dtype=torch.float32)
    return -(weight * likelihood).sum() / (batch.ids[:, 1:] != IGNORED).sum()


def log_likelihoods(writer: ReportWriter, prefix: Tensor, ids: Tensor) -> Tensor:
    """log P(report | prefix), (B,), in nats; ``ids`` (B, T) begin with the begin token, padded with ``IGNORED``."""
    words = writer.language_model.get_input_embeddings()(ids.clamp_min(0))
    logits = writer.language_model(inputs_embeds=torch.cat([prefix, words], 1)).logits[:, prefix.shape[1] : -1]
    return -F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], ignore_index=IGNORED, reduction="none").sum(1)
