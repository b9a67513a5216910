"""Writing with a report writer: one film, several continuations at a time, and a way back.

A :class:`Session` reads the prefix once and keeps the keys and values of attention (the KV cache), so that each
word costs one position and a rejected sentence costs nothing but its own words. Each film has a session of its
own with a fixed number of rows: what is written for it cannot depend on the company it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.models import ReportWriter

Pick = Callable[[Tensor], Tensor]
"""Chooses one token a row: logits (rows, V) -> ids (rows,)."""


class Continuation(NamedTuple):
    """``ids`` as far as the stop, and ``likelihood``: their mean log-probability, in nats a token."""

    ids: list[int]
    likelihood: float


def greedy(logits: Tensor) -> Tensor:
    """The likeliest token of each row: logits (rows, V) -> ids (rows,)."""
    return logits.argmax(-1)


def nucleus(generator: torch.Generator, top_p: float = 0.95, temperature: float = 1.0) -> Pick:
    """A :data:`Pick` that samples from the likeliest tokens that together hold ``top_p`` of the probability.

    Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
    """

    def pick(logits: Tensor) -> Tensor:
        shares, order = torch.softmax(logits.float().cpu() / temperature, -1).sort(-1, descending=True)
        shares[shares.cumsum(-1) - shares > top_p] = 0  # the token that crosses top_p stays in
        drawn = torch.multinomial(shares, 1, generator=generator)
        return order.gather(1, drawn)[:, 0].to(logits.device)

    return pick


class Session:
    """One film being written about, in ``rows`` continuations that share all that was accepted so far.

    ``image`` (S, S) 0..1 and ``vector`` (D,), either None for "not given". ``guidance`` w > 0 sharpens what the film
    adds: log p = (1 + w) log p(word | film) - w log p(word), classifier-free guidance (Ho and Salimans, 2022).
    Call inside ``torch.inference_mode()``.
    """

    def __init__(
        self,
        writer: ReportWriter,
        image: np.ndarray | None,
        vector: np.ndarray | None,
        rows: int = 1,
        guidance: float = 0.0,
    ):
        self.writer, self.rows, self.guidance, self.used = writer, rows, guidance, 0
        self.opening = writer.opening(_prefix(writer, image, vector, copies=2 if guidance else 1))
        logits, self.cache = writer.begin(self.opening)
        self.start = self.cache.get_seq_length()
        self.cache.batch_repeat_interleave(rows)
        self.logits = self._guided(logits.repeat_interleave(rows, 0))

    @cached_property
    def stops(self) -> Tensor:
        """Ids at which a sentence ends."""
        return torch.tensor(tokenization.stops(self.writer.tokenizer), device=self.writer.device)

    @cached_property
    def end(self) -> Tensor:
        """The id at which the report ends, (1,)."""
        return self.stops[-1:]

    @property
    def room(self) -> int:
        """How many more tokens fit."""
        return self.writer.config.max_tokens - self.used - 2

    def sentences(self, pick: Pick) -> list[Continuation]:
        """One next sentence a row, each ended by a full stop or by the end of the report."""
        return self._continue(pick, self.stops)

    def reports(self, pick: Pick) -> list[Continuation]:
        """The rest of the report, one a row."""
        return self._continue(pick, self.end)

    def accept(self, row: int, ids: Sequence[int]) -> None:
        """Let all rows go on from the sentence ``ids`` that ``row`` wrote last."""
        self._keep(self.start + self.used + len(ids) - 1)
        copies = 2 if self.guidance else 1
        chosen = [row + copy * self.rows for copy in range(copies) for _ in range(self.rows)]
        self.cache.batch_select_indices(torch.tensor(chosen, device=self.writer.device))
        self.used += len(ids)
        self.logits = self._step(torch.full((self.rows,), ids[-1], device=self.writer.device))

    def reject(self) -> None:
        """Forget what all rows wrote last."""
        self._keep(self.start + self.used)

    def _keep(self, positions: int) -> None:
        """Cut the cache to its first ``positions``."""
        if (surplus := self.cache.get_seq_length() - positions) > 0:
            self.cache.crop(-surplus)  # transformers 5 counts what to remove, as a negative number

    def _continue(self, pick: Pick, stops: Tensor) -> list[Continuation]:
        done = torch.zeros(self.rows, dtype=torch.bool, device=self.logits.device)
        logits, ids, shares = self.logits, [], []
        for _ in range(self.room):
            ids.append(pick(logits))
            shares.append(torch.log_softmax(logits, -1).gather(1, ids[-1][:, None])[:, 0])
            done |= torch.isin(ids[-1], stops)
            if done.all():
                break
            logits = self._step(ids[-1])
        if not ids:
            return [Continuation([], 0.0)] * self.rows
        rows = zip(torch.stack(ids, 1).tolist(), torch.stack(shares, 1).tolist(), strict=True)
        return [_until(row, share, set(stops.tolist())) for row, share in rows]

    def _step(self, ids: Tensor) -> Tensor:
        return self._guided(self.writer.step(ids.repeat(2) if self.guidance else ids, self.cache))

    def _guided(self, logits: Tensor) -> Tensor:
        if self.guidance:
            given, plain = torch.log_softmax(logits, -1).chunk(2)
            logits = (1 + self.guidance) * given - self.guidance * plain
        return logits.index_fill(1, self._banned, -torch.inf)

    @cached_property
    def _banned(self) -> Tensor:
        return torch.tensor(tokenization.never_written(self.writer.tokenizer), device=self.writer.device)


def _prefix(writer: ReportWriter, image: np.ndarray | None, vector: np.ndarray | None, copies: int) -> Tensor:
    """(copies, prefix_tokens, width); a second copy is told nothing."""
    size, width = writer.config.image_size, len(writer.config.vector_names)
    pixels = np.zeros((size, size)) if image is None else image
    values = np.zeros(width) if vector is None else vector
    told = torch.tensor([True] + [False] * (copies - 1), device=writer.device)
    return writer.prefix(
        torch.as_tensor(pixels, dtype=torch.float32, device=writer.device).expand(copies, 1, size, size),
        torch.as_tensor(values, dtype=torch.float32, device=writer.device).expand(copies, width),
        told & (image is not None),
        told & (vector is not None),
    )


def _until(ids: list[int], shares: list[float], stops: set[int]) -> Continuation:
    """What stands before the first stop, and the stop."""
    length = next((i for i, token in enumerate(ids) if token in stops), len(ids) - 1) + 1
    return Continuation(ids[:length], sum(shares[:length]) / length)
