"""Optimising a report writer against the claim check: what to say is rewarded, not how a reference says it.

| way | what is learned from |
|---|---|
| :func:`.search.decoding_search` | nothing: the settings of decoding are tried out on films that were not trained on |
| :func:`expert_iteration` | the writer's own sentences that passed the check, as if they were references |
| :func:`self_training` | the writer's own reports as they come, unchecked: the control |
| :func:`self_critical` | every own report, pushed up or down by how much it beats the writer's own greedy one |

None of them sees a reference report of the films it draws. A reward that is optimised stops being a measure
(Goodhart): judge the result by scores that the reward does not know (``evaluation.judge``).
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

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from medigenx_lib import files
from medigenx_lib.errors import InputError
from medigenx_lib.text import models, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.models import IGNORED, ReportWriter
from medigenx_lib.text.search import Draft, credited, draw, stitch
from medigenx_lib.text.session import nucleus


@dataclass(frozen=True)
class Options:
    """Settings of the trainings. A round draws ``samples`` reports of each of ``films`` films.

    ``best``: how many reports a film the expert iteration remembers; ``least``: the reward that a whole report needs
    (1: each sentence supported, nothing omitted, all zones exact); ``parts``: whether single sentences are learned
    of films that have no such report; ``steps``: gradient steps a round; ``anchor``: the share of a batch that are
    references. The self-critical training takes one step a round.
    """

    films: int = 400
    samples: int = 4
    temperature: float = 1.0
    top_p: float = 0.95
    learning_rate: float = 2e-3
    anchor: float = 0.25
    batch: int = 16
    steps: int = 125
    best: int = 2
    least: float = 0.999
    parts: bool = True


# --- what the trainings share ---


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
    """Draw reports, stitch those of a film together from the sentences that the check lets pass, remember what earns
    ``least`` by :func:`.search.reward`, learn it by cross-entropy, and again.

    ``writer`` is trained in place. ``settings_``: see :func:`optimise`, which also says what comes back.
    """
    return optimise(_expert_round, writer, corpus, rounds, **settings_)


def self_training(writer: ReportWriter, corpus: Corpus, rounds: int, **settings_) -> pd.DataFrame:
    """The control of :func:`expert_iteration`: as many films, reports and steps, but what is drawn is learned
    unchecked. ``writer`` is trained in place. ``settings_``: see :func:`optimise`.
    """
    return optimise(_unchecked_round, writer, corpus, rounds, **settings_)


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


# --- expert iteration, and its control ---

Choice = Callable[[ReportWriter, Sequence[Draft], Corpus, Options], Sequence[Draft]]
"""What to learn of the reports drawn of one film."""


def _passed(writer: ReportWriter, drafts: Sequence[Draft], corpus: Corpus, options: Options) -> list[Draft]:
    """Stitched reports that earn ``least``; each begins with other drafts, so that wordings stay varied. Where no
    report is that good, the sentences that passed in the best drafts."""
    found = corpus.findings[drafts[0].film]
    turns = (drafts[i:] + drafts[:i] for i in range(0, len(drafts), max(len(drafts) // options.best, 1)))
    stitched = {tuple(draft.ids): draft for draft in (stitch(writer, turn, found) for turn in turns)}
    best = [draft for draft in stitched.values() if draft.reward >= options.least]
    if not best and options.parts:
        best = sorted(drafts, key=lambda d: -d.reward)[: options.best]
    return [draft for draft in (credited(writer, draft, found) for draft in best) if any(draft.credit)]


def _unchecked(writer: ReportWriter, drafts: Sequence[Draft], corpus: Corpus, options: Options) -> list[Draft]:
    return [draft._replace(reward=1.0) for draft in drafts]


def _imitate(choose: Choice, state, corpus, options, rng, generator) -> dict:
    """One round: draw, choose, remember, learn. ``kept``: the share of films of which something was kept."""
    films = _picked(corpus, options, rng)
    pick = nucleus(generator, options.top_p, options.temperature)
    drafts = draw(state.writer, corpus, np.repeat(films, options.samples), pick)
    kept = 0
    for start in range(0, len(drafts), options.samples):
        chosen = choose(state.writer, drafts[start : start + options.samples], corpus, options)[: options.best]
        kept += bool(chosen)
        if chosen:
            state.memory[chosen[0].film] = list(chosen)
    for number, batch in enumerate(_batches(state, options, rng)):
        _set_rate(state, options.learning_rate * (1 + math.cos(math.pi * number / options.steps)) / 2)
        _step(state, credited_loss(state.writer, corpus, batch))
    return {"reward": float(np.mean([d.reward for d in drafts])), "kept": kept / len(films)}


def _expert_round(state, corpus, options, rng, generator) -> dict:
    return _imitate(_passed, state, corpus, options, rng, generator)


def _unchecked_round(state, corpus, options, rng, generator) -> dict:
    return _imitate(_unchecked, state, corpus, options, rng, generator)


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


def advantage(rewards: Sequence[float], baseline: float) -> np.ndarray:
    """What each drawn report earned beyond ``baseline``, the reward of the greedy one (Rennie et al., eq. 9)."""
    return np.asarray(rewards, float) - baseline


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
        loss = loss + options.anchor * credited_loss(state.writer, corpus, chosen)
    _step(state, loss)
    return {"reward": float(np.mean([d.reward for d in drafts])), "kept": float(np.mean(gained > 0))}


def self_critical_loss(
    writer: ReportWriter, corpus: Corpus, drafts: Sequence[Draft], gained: Sequence[float]
) -> Tensor:
    """Minus the advantage-weighted log-probability of ``drafts``, in nats a token; a scalar with gradient."""
    likelihoods, _ = _likelihoods(writer, corpus, drafts)
    weight = torch.as_tensor(np.asarray(gained), dtype=torch.float32)[:, None]
    return -(weight * likelihoods).sum() / sum(len(draft.ids) - 1 for draft in drafts)


def credited_loss(writer: ReportWriter, corpus: Corpus, drafts: Sequence[Draft]) -> Tensor:
    """Mean cross-entropy of what ``drafts`` give credit for, in nats a token; a scalar with gradient."""
    likelihoods, ids = _likelihoods(writer, corpus, drafts)
    credit = (ids[:, 1:] != IGNORED).float()
    for row, draft in zip(credit, drafts, strict=True):
        if draft.credit:
            row[: len(draft.credit)] = torch.tensor(draft.credit)
    return -(credit * likelihoods).sum() / credit.sum().clamp_min(1)


def _likelihoods(writer: ReportWriter, corpus: Corpus, drafts: Sequence[Draft]) -> tuple[Tensor, Tensor]:
    batch = training.batch_of(corpus, np.array([d.film for d in drafts]), [d.ids for d in drafts])
    given = torch.ones(len(drafts), dtype=torch.bool)
    told = writer.prefix(batch.images, batch.vectors, given, given)
    return log_likelihoods(writer, told, batch.ids), batch.ids


def log_likelihoods(writer: ReportWriter, prefix: Tensor, ids: Tensor) -> Tensor:
    """log P(token | prefix, tokens before), (B, T - 1), in nats; ``ids`` (B, T) begin with the begin token and are
    padded with ``IGNORED``, where it is 0."""
    words = writer.language_model.get_input_embeddings()(ids.clamp_min(0))
    logits = writer.language_model(inputs_embeds=torch.cat([prefix, words], 1)).logits[:, prefix.shape[1] : -1]
    return -F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], ignore_index=IGNORED, reduction="none")
