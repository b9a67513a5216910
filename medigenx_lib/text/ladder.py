"""A ladder of language models on one loss axis: counting, a small network, attention, a small GPT (Lesson 09).

All of them answer one question, which token comes next, and are scored by one number, the mean cross-entropy in nats
a token on text they have not seen. The steps follow the history: Shannon's counts (1948), the neural model of Bengio
et al. (JMLR 2003), attention (Vaswani et al., 2017), GPT-2 (Radford et al., 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from medigenx_lib.errors import InputError
from medigenx_lib.text import corpus, samples
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.placeholders import PLACEHOLDER

CONTEXT = 64
"""Tokens that the networks with attention look back."""


def reports(count: int, first_seed: int = 0) -> list[str]:
    """``count`` delexicalised grammar reports of random findings; another range of seeds holds other films."""
    seeds = range(first_seed, first_seed + count)
    return [corpus.delexicalised_report(samples.random_findings(seed), seed) for seed in seeds]


def without_numbers(texts: Sequence[str]) -> list[str]:
    """The sentences of each text in which no number stands; texts of which nothing is left are dropped.

    What is left has the same characters for a model that reads names of measurements and for one that reads digits.
    """
    kept = (". ".join(s for s in text.rstrip(".").split(". ") if not PLACEHOLDER.search(s)) for text in texts)
    return [f"{text}." for text in kept if text]


def stream(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """All texts as one row of token ids (N,), each between begin and end."""
    return torch.tensor([i for text in texts for i in tokenization.encode(tokenizer, text)])


def bits_per_character(nats_per_token: float, tokens: int, characters: int) -> float:
    """A loss that does not depend on how text is cut into tokens, so that other tokenizers can be compared."""
    return nats_per_token * tokens / characters / math.log(2)


class NGram:
    """Counts of up to ``order`` tokens; P of each order leans on the one below where counts are thin.

    ``strength``: how many observations the lower order is worth (a Dirichlet prior; MacKay and Peto, 1995).
    """

    def __init__(self, order: int, vocab_size: int, strength: float = 1.0):
        if order < 1:
            raise InputError(f"An n-gram of order {order}.", "Use 1 for single tokens, 2 for pairs, and so on.")
        self.order, self.vocab_size, self.strength = order, vocab_size, strength
        self.counts: list[dict[tuple[int, ...], dict[int, int]]] = [{} for _ in range(order)]

    def fit(self, ids: Sequence[int]) -> NGram:
        """Count ``ids`` (N,) and return the model itself."""
        ids = [int(i) for i in ids]
        for length, table in enumerate(self.counts):
            for at in range(length, len(ids)):
                following = table.setdefault(tuple(ids[at - length : at]), {})
                following[ids[at]] = following.get(ids[at], 0) + 1
        return self

    def probability(self, token: int, before: Sequence[int]) -> float:
        """P(token | the last tokens of ``before``), 0..1."""
        found = 1 / self.vocab_size
        for length, table in enumerate(self.counts[: len(before) + 1]):
            following = table.get(tuple(before[len(before) - length :]))
            if following is None:
                break
            total = sum(following.values())
            found = (following.get(token, 0) + self.strength * found) / (total + self.strength)
        return found

    def loss(self, ids: Sequence[int]) -> float:
        """Mean cross-entropy on ``ids`` (N,), nats a token; the first token is given."""
        ids = [int(i) for i in ids]
        seen = ((ids[at], ids[max(0, at - self.order + 1) : at]) for at in range(1, len(ids)))
        return -float(np.mean([math.log(self.probability(token, before)) for token, before in seen]))


class Windowed(nn.Module):
    """Bengio's model: the embeddings of the last ``window`` tokens, side by side, through one hidden layer."""

    def __init__(self, vocab_size: int, window: int = 4, width: int = 48, hidden: int = 192):
        super().__init__()
        self.window = window
        self.embed = nn.Embedding(vocab_size, width)
        self.layers = nn.Sequential(nn.Linear(window * width, hidden), nn.Tanh(), nn.Linear(hidden, vocab_size))

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) of the token after each of ``ids`` (B, T); before the start counts as token 0."""
        padded = F.pad(ids, (self.window - 1, 0))
        windows = padded.unfold(1, self.window, 1)  # (B, T, window)
        return self.layers(self.embed(windows).flatten(2))


class OneAttention(nn.Module):
    """A single causal attention layer between embedding and output: who looks at whom can be plotted."""

    def __init__(self, vocab_size: int, width: int = 64, context: int = CONTEXT):
        super().__init__()
        self.embed, self.place = nn.Embedding(vocab_size, width), nn.Embedding(context, width)
        self.queries, self.keys, self.values = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.norm, self.out = nn.LayerNorm(2 * width), nn.Linear(2 * width, vocab_size)

    def weights(self, ids: Tensor) -> Tensor:
        """(B, T, T): how much position t looks at position s <= t; rows sum to 1."""
        x = self._embedded(ids)
        scores = self.queries(x) @ self.keys(x).transpose(1, 2) / x.shape[-1] ** 0.5
        later = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1)
        return scores.masked_fill(later, -torch.inf).softmax(-1)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) of the token after each of ``ids`` (B, T)."""
        x = self._embedded(ids)
        return self.out(self.norm(torch.cat([x, self.weights(ids) @ self.values(x)], -1)))

    def _embedded(self, ids: Tensor) -> Tensor:
        return self.embed(ids) + self.place(torch.arange(ids.shape[1]))


class SmallGPT(nn.Module):
    """GPT-2 as transformers builds it, only small."""

    def __init__(self, vocab_size: int, width: int = 96, layers: int = 2, heads: int = 4, context: int = CONTEXT):
        super().__init__()
        from transformers import GPT2Config, GPT2LMHeadModel

        dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        shape = {"n_embd": width, "n_layer": layers, "n_head": heads, "n_positions": context}
        ends = {"bos_token_id": None, "eos_token_id": None}
        self.model = GPT2LMHeadModel(GPT2Config(vocab_size=vocab_size, **shape, **dropout, **ends))

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) of the token after each of ``ids`` (B, T)."""
        return self.model(input_ids=ids).logits


def batch(ids: Tensor, generator: torch.Generator, size: int = 32, context: int = CONTEXT) -> tuple[Tensor, Tensor]:
    """``size`` pieces of the stream ``ids`` (N,): what is given and what follows, both (size, context)."""
    starts = torch.randint(len(ids) - context - 1, (size,), generator=generator)
    pieces = torch.stack([ids[start : start + context + 1] for start in starts.tolist()])
    return pieces[:, :-1], pieces[:, 1:]


def fit(model: nn.Module, ids: Tensor, steps: int, rate: float = 3e-3, seed: int = 0, name: str = "") -> list[float]:
    """Train ``model`` for ``steps`` batches with AdamW and a cosine schedule; the loss of each step, in nats."""
    generator, losses = torch.Generator().manual_seed(seed), []
    optimiser = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in tqdm(range(steps), name or type(model).__name__, unit="step", leave=False):
        given, following = batch(ids, generator)
        loss = F.cross_entropy(model(given).flatten(0, 1), following.flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return losses


@torch.inference_mode()
def loss_of(model: nn.Module, ids: Tensor, context: int = CONTEXT) -> float:
    """Mean cross-entropy of ``model`` on the stream ``ids`` (N,), nats a token, in pieces of ``context``."""
    whole = (len(ids) - 1) // context * context
    given, following = ids[:whole].view(-1, context), ids[1 : whole + 1].view(-1, context)
    losses = [F.cross_entropy(model(g).flatten(0, 1), f.flatten(), reduction="sum").item()
              for g, f in zip(given.split(64), following.split(64), strict=True)]  # fmt: skip
    return sum(losses) / whole


@torch.inference_mode()
def sample(model: nn.Module, start: Sequence[int], tokens: int, seed: int = 0, context: int = CONTEXT) -> list[int]:
    """``start`` continued by up to ``tokens`` draws from ``model``."""
    generator, ids = torch.Generator().manual_seed(seed), list(start)
    for _ in range(tokens):
        logits = model(torch.tensor([ids[-context:]]))[0, -1]
        ids.append(int(torch.multinomial(logits.softmax(-1), 1, generator=generator)))
    return ids
