"""Training the report writer: next-token prediction on grammar reports, given film and radiomics."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import radiomics, settings, weights
from medigenx_lib.errors import InputError, TrainingError
from medigenx_lib.text import corpus as corpora
from medigenx_lib.text import models
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.models import IGNORED, ReportWriter, WriterConfig

POOL = 16
"""Batches that are drawn together and sorted by length."""


@dataclass(frozen=True)
class Recipe:
    """Settings of the optimisation. ``drop``: how often each kind of prefix token is withheld, and both together."""

    batch: int = 16
    learning_rate: float = 2.5e-3
    warm_up: float = 0.03
    weight_decay: float = 0.01
    drop: float = 0.07
    wordings: int = 8
    checkpoint_every: float = 60.0


def train(
    minutes: float = 5.0,
    seed: int = settings.SEED,
    out: str | Path = weights.FOLDER / "report_writer.safetensors",
    films: int = 4000,
    corpus: Corpus | None = None,
    recipe: Recipe | None = None,
    progress: bool = True,
    make: Callable[[Corpus, list[str]], ReportWriter] | None = None,
) -> Path:
    """Train a report writer for ``minutes`` of CPU time and write its weights to ``out``.

    ``corpus``: what to learn from, else ``films`` phantoms are rendered, segmented and measured first (not counted
    in ``minutes``). ``make``: another builder than :func:`build` (see ``text.fusion``). The learning rate follows a
    cosine over the budget. Raises TrainingError if the loss is not finite (the checkpoint written last is kept),
    InputError for a budget of nothing.
    """
    if not minutes > 0:
        raise InputError(f"A budget of {minutes} minutes.", "Give a positive number.")
    recipe, device = recipe or Recipe(), settings.device()
    corpus = corpora.of_phantoms(films, progress=progress) if corpus is None else corpus
    torch.manual_seed(seed)
    texts = [corpus.reports(seed + k) for k in range(recipe.wordings)]
    writer = (make or build)(corpus, [text for wording in texts for text in wording]).to(device)
    ids = [[tokenization.encode(writer.tokenizer, text) for text in wording] for wording in texts]
    facts = {"films": len(corpus), "seed": seed, "minutes": minutes}
    _optimise(writer, _batches(corpus, ids, recipe.batch, seed, device), minutes, recipe, Path(out), facts, progress)
    return Path(out)


def build(corpus: Corpus, texts: list[str], **options) -> ReportWriter:
    """An untrained writer with a tokenizer for ``texts`` and the scales of the corpus' radiomics.

    ``options``: fields of :class:`WriterConfig`; ``vocab_size`` is the most that the tokenizer may have.
    """
    names = tuple(options.pop("vector_names", radiomics.VECTOR_NAMES))
    tokenizer = tokenization.train(texts, options.pop("vocab_size", tokenization.VOCABULARY))
    longest = max(len(tokenization.encode(tokenizer, text)) for text in texts)
    size = {"max_tokens": max(longest + 16, WriterConfig.max_tokens), "image_size": corpora.SIZE, **options}
    config = WriterConfig(names, vocab_size=tokenizer.get_vocab_size(), **size)
    writer = ReportWriter(config, tokenizer)
    writer.radiomics_encoder.fit(torch.from_numpy(corpus.vectors))
    return writer


@dataclass(frozen=True)
class Batch:
    """``images`` (B, 1, S, S), ``vectors`` (B, D), ``ids`` (B, T) padded with ``IGNORED``."""

    images: Tensor
    vectors: Tensor
    ids: Tensor


def _batches(corpus: Corpus, ids: list, size: int, seed: int, device: str) -> Iterator[Batch]:
    """Endless batches of reports of similar length (less padding); each epoch gives a film another wording."""
    rng, epoch = np.random.default_rng(seed), 0
    while True:
        texts = [ids[(epoch + i) % len(ids)][i] for i in range(len(corpus))]
        order = rng.permutation(len(corpus))
        for start in range(0, len(order), size * POOL):
            pool = sorted(order[start : start + size * POOL], key=lambda i: len(texts[i]))
            groups = [pool[at : at + size] for at in range(0, len(pool), size)]
            for chosen in (groups[i] for i in rng.permutation(len(groups))):
                yield batch_of(corpus, np.array(chosen), [texts[i] for i in chosen], device)
        epoch += 1


def batch_of(corpus: Corpus, chosen: np.ndarray, ids: list[list[int]], device: str = "cpu") -> Batch:
    """The films numbered ``chosen`` with their token ids ``ids``, padded to the longest."""
    padded = torch.full((len(ids), max(map(len, ids))), IGNORED)
    for row, tokens in zip(padded, ids, strict=True):
        row[: len(tokens)] = torch.tensor(tokens)
    images = torch.from_numpy(corpus.images[chosen]).float()[:, None] / 255
    return Batch(images.to(device), torch.from_numpy(corpus.vectors[chosen]).to(device), padded.to(device))


def loss_of(writer: ReportWriter, batch: Batch, drop: float = 0.0) -> Tensor:
    """Mean cross-entropy, nats a token. ``drop``: chance of withholding the image, the radiomics, and both."""
    chance = torch.rand(len(batch.ids), device=batch.ids.device)
    image = ~(chance < 2 * drop)  # withheld alone or with the radiomics
    vector = ~((chance >= drop) & (chance < 3 * drop))
    return writer(writer.prefix(batch.images, batch.vectors, image, vector), batch.ids)


def learning_rate(recipe: Recipe, spent: float) -> float:
    """Linear warm-up, then a cosine to zero; ``spent`` is the share of the budget that is used up, 0..1."""
    if spent < recipe.warm_up:
        return recipe.learning_rate * max(spent / recipe.warm_up, 0.01)
    done = min((spent - recipe.warm_up) / (1 - recipe.warm_up), 1.0)
    return recipe.learning_rate * (1 + math.cos(math.pi * done)) / 2


def _optimise(writer, batches, minutes: float, recipe: Recipe, out: Path, facts: dict, progress: bool) -> None:
    optimiser = torch.optim.AdamW(writer.parameters(), weight_decay=recipe.weight_decay, betas=(0.9, 0.98), fused=True)
    start, steps, saved, spent = time.process_time(), 0, 0.0, 0.0
    with tqdm(total=100, desc="report writer", unit="%", disable=not progress) as bar:
        while spent < 1:
            loss = _step(writer, optimiser, next(batches), learning_rate(recipe, spent), recipe.drop)
            steps, seconds = steps + 1, time.process_time() - start
            spent = min(seconds / (60 * minutes), 1.0)
            bar.update(round(100 * spent) - bar.n)
            bar.set_postfix(loss=f"{loss:.3f}", steps=steps, refresh=False)
            if not math.isfinite(loss):
                raise TrainingError(f"The loss became {loss} after {steps} steps.", f"Kept: {out}. Lower the rate.")
            if seconds - saved > recipe.checkpoint_every or spent >= 1:
                saved = seconds
                models.save(out, writer, {**facts, "steps": steps, "loss": round(loss, 4)})


def _step(writer: ReportWriter, optimiser: torch.optim.Optimizer, batch: Batch, rate: float, drop: float) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    device = batch.ids.device.type
    with torch.autocast(device, torch.bfloat16, enabled=settings.computes_bf16(device)):
        loss = loss_of(writer, batch, drop)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(writer.parameters(), 1.0)
    optimiser.step()
    return loss.item()
