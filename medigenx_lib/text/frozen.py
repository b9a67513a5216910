"""A frozen pretrained model behind a trained prefix: our eyes, somebody else's English (Lessons 09 and 10).

Not one weight of the language model changes. What is trained are the encoders of film and radiomics
(:mod:`.models`), whose tokens become keys and values that every layer of the language model finds before the first
word. The vocabulary is cut down to that of the reports (:mod:`.vocabulary`).
Sources: Li and Liang, "Prefix-tuning", ACL 2021; Tsimpoukelli et al., "Multimodal few-shot learning with frozen
language models", NeurIPS 2021.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import DynamicCache

from medigenx_lib import radiomics, settings
from medigenx_lib.text import corpus as corpora
from medigenx_lib.text import models, training, vocabulary
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.models import IGNORED, ReportWriter, WriterConfig
from medigenx_lib.text.pretrained import Pretrained
from medigenx_lib.text.training import Recipe

RECIPE = Recipe(batch=4, learning_rate=3e-3, warm_up=0.05, wordings=2)
LANGUAGE_MODEL = "language_model."


class FrozenWriter(ReportWriter):
    """P(report | film, radiomics) of a frozen language model; ``width``: that of the tokens before they are lifted."""

    def __init__(self, config: WriterConfig, tokenizer: Tokenizer, pretrained: Pretrained):
        super().__init__(config, tokenizer, frozen(pretrained, tokenizer))
        model = self.language_model.config
        self.heads = (model.num_hidden_layers, 2, model.num_key_value_heads, model.head_dim)
        self.lift = nn.Linear(config.width, torch.Size(self.heads).numel())
        nn.init.normal_(self.lift.weight, std=0.02)

    def memory(self, prefix: Tensor) -> DynamicCache:
        """Keys and values of the tokens ``prefix`` (B, P, width) for every layer, as if they had been read before."""
        lifted = self.lift(prefix).unflatten(2, self.heads)  # (B, P, layers, key or value, heads, size)
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(lifted.permute(2, 3, 0, 4, 1, 5)):
            cache.update(keys, values, layer)
        return cache

    def forward(self, prefix: Tensor, ids: Tensor) -> Tensor:
        """Mean cross-entropy of ``ids`` (B, T), padded with ``IGNORED``, after ``prefix``; in nats a token."""
        known = {models.cache_keyword(type(self.language_model)): self.memory(prefix)}
        logits = self.language_model(input_ids=ids.clamp_min(0), **known).logits
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), ignore_index=IGNORED)

    def opening(self, prefix: Tensor) -> Tensor:
        """``prefix`` itself: it becomes keys and values and is never read as words."""
        return prefix

    def begin(self, opening: Tensor) -> tuple[Tensor, DynamicCache]:
        """Logits (B, V) of the first word, and the cache with which :meth:`step` goes on."""
        cache = self.memory(opening)
        first = torch.full((len(opening),), self.tokenizer.token_to_id(tokenization.BEGIN), device=self.device)
        return self.step(first, cache), cache

    def kept(self) -> dict[str, Tensor]:
        """All weights but the language model's, which whoever loads this has."""
        return {name: value for name, value in self.state_dict().items() if not name.startswith(LANGUAGE_MODEL)}

    def restore(self, kept: dict[str, Tensor]) -> None:
        """The inverse of :meth:`kept`. Raises RuntimeError if these are the weights of another model."""
        own = {name: value for name, value in self.state_dict().items() if name.startswith(LANGUAGE_MODEL)}
        self.load_state_dict({**own, **kept})


def frozen(pretrained: Pretrained, tokenizer: Tokenizer) -> nn.Module:
    """The pretrained model with the vocabulary of ``tokenizer``, frozen; all but the embeddings is shared memory."""
    shared = {id(weight): weight for weight in pretrained.model.parameters()}
    model = copy.deepcopy(pretrained.model, shared)
    vocabulary.trim(model, pretrained.tokenizer.backend_tokenizer, tokenizer)
    return model.requires_grad_(False).eval()


def build(pretrained: Pretrained, corpus: Corpus, texts: Sequence[str], **options) -> FrozenWriter:
    """An untrained writer in front of ``pretrained`` for ``texts``. ``options``: fields of WriterConfig."""
    tokenizer = vocabulary.trimmed_tokenizer(pretrained.tokenizer.backend_tokenizer, texts)
    longest = max(len(tokenization.encode(tokenizer, text)) for text in texts)
    size = {"max_tokens": longest + 16, "image_size": corpora.SIZE, **options}
    config = WriterConfig(tuple(radiomics.VECTOR_NAMES), vocab_size=tokenizer.get_vocab_size(), **size)
    writer = FrozenWriter(config, tokenizer, pretrained)
    writer.radiomics_encoder.fit(torch.from_numpy(corpus.vectors))
    return writer


def train(
    pretrained: Pretrained, corpus: Corpus, minutes: float, out: str | Path, seed: int = 0, progress: bool = True
) -> Path:
    """Train a prefix for ``minutes`` of CPU time (see :func:`.training.train`) and return its file."""
    make = functools.partial(build, pretrained)
    return training.train(minutes, seed, out, corpus=corpus, recipe=RECIPE, progress=progress, make=make)


def load(pretrained: Pretrained, path: str | Path) -> FrozenWriter:
    """The writer whose prefix is saved at ``path``, before ``pretrained``. Raises WeightsError for anything else."""
    make = functools.partial(FrozenWriter, pretrained=pretrained)
    return models.load(path, settings.device(), make)
