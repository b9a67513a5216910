"""Three ways of telling a language model what is on the film, on equal terms (Lesson 10).

| fusion | how the film reaches the words |
|---|---|
| ``prompt`` | the measured findings as text before the report; no pixel |
| ``prefix`` | image tokens and radiomics tokens before the report (:class:`.models.ReportWriter`) |
| ``cross`` | the same tokens beside the report: every layer looks at them through cross-attention |

All three have the same language model, tokenizer, corpus and budget, and share one interface, so that the same
controls (features shuffled, withheld, one kind alone) can be put to each.
Sources: prefix, Li and Liang, "Prefix-tuning", ACL 2021; cross-attention, Vaswani et al., "Attention is all you need",
NeurIPS 2017, and Alayrac et al., "Flamingo", NeurIPS 2022.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import DynamicCache, EncoderDecoderCache, GPT2LMHeadModel

from medigenx_lib import radiomics, settings
from medigenx_lib.cases import DENSITIES, PATTERNS, SIDES, ZONES, Case, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.text import corpus as corpora
from medigenx_lib.text import decoding, models, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.models import IGNORED, ReportWriter, WriterConfig
from medigenx_lib.text.session import Pick, greedy

NOTHING_GIVEN = "nothing given"
"""The prompt of a film about which the model is told nothing."""
SMALL = {"width": 96, "layers": 2, "heads": 4}
"""Size of the three writers that are compared: small enough to train each in ten CPU-minutes."""
PRESENCE_WORDS = {1.0: "present", 0.5: "possible", 0.0: "absent"}


# --- findings as text in the prompt ---


def prompt(vector: Sequence[float]) -> str:
    """The findings in a radiomics vector (``radiomics.VECTOR_NAMES``) as terse text, in a fixed order.

    ``"right opacity present lower 23 % dense lobar effusion absent ... heart large 0.58"``.
    """
    values = dict(zip(radiomics.VECTOR_NAMES, map(float, vector), strict=True))
    heart = "unknown" if not values["known_heart"] else PRESENCE_WORDS[values["cardiomegaly"]]
    ratio = f" {values['cardiothoracic_ratio']:.2f}" if values["known_heart"] else ""
    return " ".join([*(_side_prompt(values, side) for side in SIDES), f"large heart {heart}{ratio}"])


def _side_prompt(values: dict[str, float], side: str) -> str:
    if not values[f"known_{side}"]:
        return f"{side} lung unknown"
    opacity = PRESENCE_WORDS[values[f"opacity_{side}"]]
    zones = [zone for zone in ZONES if values[f"opacity_{zone}_{side}"]]
    density = DENSITIES[round(3 * values[f"opacity_density_{side}"]) - 1] if values[f"opacity_density_{side}"] else ""
    pattern = next((name for name in PATTERNS if values[f"opacity_{name}_{side}"]), "")
    effusion = PRESENCE_WORDS[values[f"effusion_{side}"]]
    words = [side, "opacity", opacity, *zones, _percent(values[f"opacity_extent_{side}"]), density, pattern,
             "effusion", effusion, _percent(values[f"effusion_extent_{side}"])]  # fmt: skip
    return " ".join(filter(None, words))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share > 0 else ""


class PromptWriter(ReportWriter):
    """P(report | findings as text). The prompt is embedded like any other words; ``radiomics_tokens`` is its length."""

    def __init__(self, config: WriterConfig, tokenizer: Tokenizer):
        nn.Module.__init__(self)  # without the encoders of the continuous tokens
        self.config, self.tokenizer = config, tokenizer
        self.language_model = GPT2LMHeadModel(models.gpt2_config(config, tokenizer))

    def prefix(self, images: Tensor, vectors: Tensor, image_given: Tensor, radiomics_given: Tensor) -> Tensor:
        """The embedded prompt, (B, radiomics_tokens, width); ``images`` cannot be put into words and are not used."""
        told = zip(vectors.tolist(), radiomics_given.tolist(), strict=True)
        ids = [self.prompt_ids(prompt(vector) if given else NOTHING_GIVEN) for vector, given in told]
        return self.language_model.get_input_embeddings()(torch.tensor(ids, device=self.device))

    def prompt_ids(self, text: str) -> list[int]:
        """Token ids of a prompt, padded in front to ``radiomics_tokens``."""
        room = self.config.radiomics_tokens
        ids = self.tokenizer.encode(text).ids[:room]
        return [self.tokenizer.token_to_id(tokenization.PAD)] * (room - len(ids)) + ids


# --- tokens beside the words ---


class Beside(NamedTuple):
    """What cross-attention needs at each step: its cache, and the tokens (B, P, width) that it looks at."""

    cache: EncoderDecoderCache
    tokens: Tensor


class CrossAttentionWriter(ReportWriter):
    """P(report | film, radiomics), the continuous tokens of :class:`ReportWriter` read through cross-attention."""

    def __init__(self, config: WriterConfig, tokenizer: Tokenizer):
        super().__init__(config, tokenizer)
        wider = models.gpt2_config(config, tokenizer)
        wider.add_cross_attention = True
        self.language_model = GPT2LMHeadModel(wider)

    def forward(self, prefix: Tensor, ids: Tensor) -> Tensor:
        """Mean cross-entropy of ``ids`` (B, T), padded with ``IGNORED``, beside ``prefix``; in nats a token."""
        words = self.language_model.get_input_embeddings()(ids.clamp_min(0))
        logits = self.language_model(inputs_embeds=words, encoder_hidden_states=prefix).logits
        predicted = logits[:, :-1].float()
        return F.cross_entropy(predicted.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=IGNORED)

    def opening(self, prefix: Tensor) -> Tensor:
        """``prefix`` itself: it stays beside the words and takes no position among them."""
        return prefix

    def begin(self, opening: Tensor) -> tuple[Tensor, Beside]:
        """Logits (B, V) of the first word, and what :meth:`step` goes on with."""
        first = torch.full((len(opening),), self.tokenizer.token_to_id(tokenization.BEGIN), device=self.device)
        beside = Beside(EncoderDecoderCache(DynamicCache(), DynamicCache()), opening)
        return self.step(first, beside), beside

    def step(self, ids: Tensor, cache: Beside) -> Tensor:
        """Logits (B, V) of the word after ``ids`` (B,)."""
        known = {models.cache_keyword(type(self.language_model)): cache.cache}
        output = self.language_model(
            input_ids=ids[:, None], encoder_hidden_states=cache.tokens, use_cache=True, **known
        )
        return output.logits[:, -1]

    def select(self, cache: Beside, rows: Tensor) -> Beside:
        """``cache`` for those of its ``rows`` alone, in that order; the one given is spent."""
        for part in (cache.cache.self_attention_cache, cache.cache.cross_attention_cache):
            part.batch_select_indices(rows)
        return Beside(cache.cache, cache.tokens[rows])


FUSIONS: dict[str, type[ReportWriter]] = {"prompt": PromptWriter, "prefix": ReportWriter, "cross": CrossAttentionWriter}


# --- training and loading ---


def build(fusion: str, corpus: Corpus, texts: Sequence[str], **options) -> ReportWriter:
    """An untrained writer of ``fusion`` for ``texts``. ``options``: fields of WriterConfig; by default ``SMALL``.

    Raises InputError for an unknown fusion.
    """
    if fusion not in FUSIONS:
        raise InputError(f"There is no fusion {fusion!r}.", f"Use one of: {', '.join(FUSIONS)}.")
    prompts = [*map(prompt, corpus.vectors), NOTHING_GIVEN] if fusion == "prompt" else []
    tokenizer = tokenization.train([*texts, *prompts])
    longest = max(len(tokenization.encode(tokenizer, text)) for text in texts)
    length = {"radiomics_tokens": max(len(tokenizer.encode(text).ids) for text in prompts) + 4} if prompts else {}
    settings_ = {"max_tokens": longest + 16, "image_size": corpora.SIZE, **SMALL, **length, **options}
    config = WriterConfig(tuple(radiomics.VECTOR_NAMES), vocab_size=tokenizer.get_vocab_size(), **settings_)
    writer = FUSIONS[fusion](config, tokenizer)
    if not prompts:
        writer.radiomics_encoder.fit(torch.from_numpy(corpus.vectors))
    return writer


def train(fusion: str, corpus: Corpus, minutes: float, out: str | Path, seed: int = 0, progress: bool = True) -> Path:
    """Train a writer of ``fusion`` for ``minutes`` of CPU time (see :func:`.training.train`) and return its file."""
    make = functools.partial(build, fusion)
    return training.train(minutes, seed, out, corpus=corpus, progress=progress, make=make)


def load(fusion: str, name_or_path: str | Path | None = None) -> ReportWriter:
    """A trained writer of ``fusion``; the shipped ``fusion_<name>`` unless a file is named."""
    return models.load(name_or_path or f"fusion_{fusion}", settings.device(), FUSIONS[fusion])


# --- writing, many films at a time ---


class Shown(NamedTuple):
    """What a writer is shown of N films: ``images`` (N, S, S) 0..1 and ``vectors`` (N, D), and whether each kind is
    given at all."""

    images: np.ndarray
    vectors: np.ndarray
    image: bool = True
    radiomics: bool = True

    def tell(self, writer: ReportWriter) -> Tensor:
        """The tokens that ``writer`` is given, (N, P, width)."""
        images = torch.as_tensor(self.images, dtype=torch.float32, device=writer.device)[:, None]
        vectors = torch.as_tensor(self.vectors, dtype=torch.float32, device=writer.device)
        given = (torch.full((len(vectors),), flag, device=writer.device) for flag in (self.image, self.radiomics))
        return writer.prefix(images, vectors, *given)


def controls(cases: Sequence[Case], seed: int = 0) -> dict[str, Shown]:
    """The five conditions of a fusion experiment: true features, another film's, one kind alone, none."""
    images, vectors = corpora.arrays(cases)
    other = derangement(len(cases), seed)
    return {
        "true": Shown(images, vectors),
        "shuffled": Shown(images[other], vectors[other]),
        "radiomics only": Shown(images, vectors, image=False),
        "image only": Shown(images, vectors, radiomics=False),
        "none": Shown(images, vectors, image=False, radiomics=False),
    }


def derangement(count: int, seed: int = 0) -> np.ndarray:
    """A permutation of ``count`` films that leaves no film in its place. Raises InputError for fewer than two."""
    if count < 2:
        raise InputError("One film cannot be shuffled.", "Give at least two.")
    order = np.random.default_rng(seed).permutation(count)
    moved = np.empty(count, int)
    moved[order] = np.roll(order, 1)
    return moved


@torch.inference_mode()
def write(writer: ReportWriter, shown: Shown, findings: Sequence[Findings], pick: Pick = greedy) -> list[str]:
    """One ungated report a film, numbers filled in from ``findings``; a film's report depends on its row alone with
    ``greedy``, on the whole batch with a sampling ``pick``."""
    with settings.one_thread():
        rows = write_ids(writer, shown.tell(writer), pick)
    return [" ".join(decoding.sentences_of(ids, writer, known)[0]) for ids, known in zip(rows, findings, strict=True)]


@torch.inference_mode()
def write_ids(writer: ReportWriter, told: Tensor, pick: Pick = greedy) -> list[list[int]]:
    """Token ids of one report a row of ``told`` (B, P, width), ended by the end token where it came."""
    banned = torch.tensor(tokenization.never_written(writer.tokenizer), device=told.device)
    end, rows = writer.tokenizer.token_to_id(tokenization.END), [[] for _ in told]
    logits, cache = writer.begin(writer.opening(told))
    open_ = list(range(len(rows)))
    for _ in range(writer.config.max_tokens - 2):
        chosen = pick(logits.index_fill(1, banned, -torch.inf))
        for row, token in zip(open_, chosen.tolist(), strict=True):
            rows[row].append(token)
        going = torch.nonzero(chosen != end)[:, 0]
        if len(going) < len(open_):  # a finished report costs no further step
            open_ = [open_[i] for i in going.tolist()]
            if not open_:
                break
            cache, chosen = writer.select(cache, going), chosen[going]
        logits = writer.step(chosen, cache)
    return rows
