"""The report writer: a small GPT-2 that reads a film as image tokens and radiomics tokens, and then writes.

Both kinds of token are *continuous*: vectors put before the words, in the space where the words live (prefix tuning,
Li and Liang, ACL 2021; ClipCap, Mokady et al., 2021). A convolutional encoder turns the film into a 4x4 grid of image
tokens; a two-layer network turns the radiomics vector into a few radiomics tokens. In training either is now and then
replaced by a learned "not given" prefix, which makes guidance possible (Ho and Salimans, "Classifier-free diffusion
guidance", 2022) and answers what each kind of token contributes (lesson 10).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import DynamicCache, GPT2Config, GPT2LMHeadModel

from medigenx_lib import weights
from medigenx_lib.errors import WeightsError
from medigenx_lib.text import tokenizer as tokenization

IGNORED = -100
"""The label of positions that the loss leaves out (the convention of torch and transformers)."""
TIED = "language_model.lm_head.weight"
"""The head of the language model, which is its table of embeddings once more."""


@functools.cache
def cache_keyword(model: type[nn.Module]) -> str:
    """How this transformers calls the cache of such a model: ``cache`` since 5.24, ``past_key_values`` before."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


@dataclass(frozen=True)
class WriterConfig:
    """All that rebuilds a :class:`ReportWriter`. ``vector_names``: the radiomics vector it was trained on."""

    vector_names: tuple[str, ...]
    vocab_size: int
    width: int = 128
    layers: int = 3
    heads: int = 4
    radiomics_tokens: int = 8
    image_size: int = 64
    max_tokens: int = 192
    quantiles: int = 33

    @property
    def image_tokens(self) -> int:
        """The encoder halves the film four times."""
        return (self.image_size // 16) ** 2

    @property
    def prefix_tokens(self) -> int:
        """Image and radiomics tokens together."""
        return self.image_tokens + self.radiomics_tokens


class ImageEncoder(nn.Module):
    """Film (B, 1, S, S), 0..1, to image tokens (B, (S/16)^2, width): four strided convolutions (Lesson 10)."""

    def __init__(self, width: int):
        super().__init__()
        channels = (1, 16, 32, 64, width)
        stages = []
        for before, after in itertools.pairwise(channels):
            stages += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(8, after), nn.GELU()]
        self.stages = nn.Sequential(*stages)
        self.project = nn.Linear(width, width)

    def forward(self, images: Tensor) -> Tensor:
        """Image tokens (B, (S/16)^2, width), row by row, of films (B, 1, S, S), 0..1."""
        grid = self.stages(2 * images - 1)  # (B, width, S/16, S/16)
        return self.project(grid.flatten(2).transpose(1, 2))


class RadiomicsEncoder(nn.Module):
    """Radiomics vector (B, D), NaN where not measured, to radiomics tokens (B, tokens, width).

    Features differ in scale by orders of magnitude and have long tails, so each enters as its quantile among the
    training films (-1..1) beside its clipped z-score, and with a flag that says whether it was measured at all.
    """

    def __init__(self, config: WriterConfig):
        super().__init__()
        size, self.tokens = len(config.vector_names), config.radiomics_tokens
        self.register_buffer("table", torch.linspace(-1, 1, config.quantiles)[:, None].repeat(1, size))
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.layers = nn.Sequential(
            nn.Linear(3 * size, 2 * config.width), nn.GELU(), nn.Linear(2 * config.width, self.tokens * config.width)
        )

    @torch.no_grad()
    def fit(self, vectors: Tensor) -> None:
        """Learn each feature's quantiles, mean and spread from the training ``vectors`` (N, D)."""
        levels = torch.linspace(0, 1, len(self.table))
        known = torch.where(vectors.isnan().all(0), torch.zeros_like(vectors), vectors)
        self.table.copy_(torch.nanquantile(known, levels, dim=0))
        self.centre.copy_(known.nanmean(0))
        self.scale.copy_(((known - self.centre) ** 2).nanmean(0).sqrt().clamp_min(1e-6))

    def standardise(self, vectors: Tensor) -> Tensor:
        """(B, D) to (B, 3 D): quantile -1..1, z-score -5..5, missing 0 or 1. Missing values count as average."""
        missing = vectors.isnan()
        values = torch.where(missing, self.centre, vectors)
        below = torch.searchsorted(self.table.T.contiguous(), values.T.contiguous())
        above = torch.searchsorted(self.table.T.contiguous(), values.T.contiguous(), right=True)
        quantile = (below + above).T / len(self.table) - 1  # the mean rank, so that ties get the middle one
        score = ((values - self.centre) / self.scale).clamp(-5, 5)
        return torch.cat([quantile.masked_fill(missing, 0), score.masked_fill(missing, 0), missing.float()], 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """Radiomics tokens (B, tokens, width) of vectors (B, D), NaN where not measured."""
        return self.layers(self.standardise(vectors)).unflatten(1, (self.tokens, -1))


class ReportWriter(nn.Module):
    """P(report | film, radiomics) as a causal language model with a continuous prefix."""

    def __init__(self, config: WriterConfig, tokenizer: Tokenizer, language_model: nn.Module | None = None):
        """``language_model``: another than a small GPT-2 of its own."""
        super().__init__()
        self.config, self.tokenizer = config, tokenizer
        self.image_encoder = ImageEncoder(config.width)
        self.radiomics_encoder = RadiomicsEncoder(config)
        self.no_prefix = nn.Parameter(0.02 * torch.randn(config.prefix_tokens, config.width))
        self.language_model = language_model or GPT2LMHeadModel(gpt2_config(config, tokenizer))

    def prefix(self, images: Tensor, vectors: Tensor, image_given: Tensor, radiomics_given: Tensor) -> Tensor:
        """The tokens before the words, (B, image_tokens + radiomics_tokens, width).

        ``images`` (B, 1, S, S) 0..1; ``vectors`` (B, D), NaN where unknown; ``*_given`` (B,) bool.
        """
        given = torch.cat([image_given[:, None].expand(-1, self.config.image_tokens),
                           radiomics_given[:, None].expand(-1, self.config.radiomics_tokens)], 1)  # fmt: skip
        tokens = torch.cat([self.image_encoder(images), self.radiomics_encoder(vectors)], 1)
        return torch.where(given[..., None], tokens, self.no_prefix)

    def forward(self, prefix: Tensor, ids: Tensor) -> Tensor:
        """Mean cross-entropy of ``ids`` (B, T), padded with ``IGNORED``, given ``prefix``; in nats a token."""
        words = self.language_model.get_input_embeddings()(ids.clamp_min(0))
        told = torch.cat([prefix, words], 1)
        logits = self.language_model(inputs_embeds=told, logits_to_keep=ids.shape[1]).logits
        predicted = logits[:, :-1].float()  # position t predicts token t + 1; the first token is given
        return F.cross_entropy(predicted.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=IGNORED)

    def opening(self, prefix: Tensor) -> Tensor:
        """``prefix`` (B, P, width) followed by the begin token, (B, P + 1, width)."""
        first = torch.full((len(prefix), 1), self.tokenizer.token_to_id(tokenization.BEGIN), device=prefix.device)
        return torch.cat([prefix, self.language_model.get_input_embeddings()(first)], 1)

    def begin(self, opening: Tensor) -> tuple[Tensor, DynamicCache]:
        """Logits (B, V) of the first word after ``opening``, and the cache with which :meth:`step` goes on."""
        cache = DynamicCache()
        known = {cache_keyword(type(self.language_model)): cache}
        return self.language_model(inputs_embeds=opening, use_cache=True, **known).logits[:, -1], cache

    def step(self, ids: Tensor, cache: DynamicCache) -> Tensor:
        """Logits (B, V) of the word after ``ids`` (B,); ``cache`` grows by one position."""
        known = {cache_keyword(type(self.language_model)): cache}
        return self.language_model(input_ids=ids[:, None], use_cache=True, **known).logits[:, -1]

    def kept(self) -> dict[str, Tensor]:
        """The weights that :func:`save` writes: all, those that are tied once."""
        return {name: value for name, value in self.state_dict().items() if name != TIED}

    def restore(self, kept: dict[str, Tensor]) -> None:
        """The inverse of :meth:`kept`. Raises RuntimeError or KeyError if these are the weights of another model."""
        self.load_state_dict({**kept, TIED: kept["language_model.transformer.wte.weight"]})

    def select(self, cache: DynamicCache, rows: Tensor) -> DynamicCache:
        """``cache`` for those of its ``rows`` alone, in that order; the one given is spent."""
        cache.batch_select_indices(rows)
        return cache

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.language_model.device


def gpt2_config(config: WriterConfig, tokenizer: Tokenizer) -> GPT2Config:
    """Settings of the language model inside a writer.

    With reports of a hundred words, attention written out learns faster on a CPU than torch's fused one, most of all in
    bfloat16. The activation is GPT-2's own, in one call.
    """
    return GPT2Config(
        vocab_size=config.vocab_size,
        n_positions=config.prefix_tokens + config.max_tokens,
        n_embd=config.width,
        n_layer=config.layers,
        n_head=config.heads,
        resid_pdrop=0.0,  # each report is seen in several wordings, which regularises enough
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        activation_function="gelu_pytorch_tanh",
        attn_implementation="eager",
        bos_token_id=tokenizer.token_to_id(tokenization.BEGIN),
        eos_token_id=tokenizer.token_to_id(tokenization.END),
        pad_token_id=tokenizer.token_to_id(tokenization.PAD),
    )


def save(path: str | Path, writer: ReportWriter, facts: dict | None = None) -> Path:
    """Write weights, settings and tokenizer to one safetensors file; ``facts`` (JSON-able) travel with them."""
    config = {**dataclasses.asdict(writer.config), "tokenizer": writer.tokenizer.to_str(), "facts": facts or {}}
    return weights.save(path, writer.kept(), config)


def load(
    name_or_path: str | Path = "report_writer",
    device: str = "cpu",
    kind: Callable[[WriterConfig, Tokenizer], ReportWriter] = ReportWriter,
) -> ReportWriter:
    """The writer of that ``kind`` saved by :func:`save`, ready to write. Raises WeightsError for anything else."""
    tensors, settings = weights.load(name_or_path)
    try:
        tokenizer = Tokenizer.from_str(settings.pop("tokenizer"))
        settings.pop("facts")
        writer = kind(WriterConfig(**{**settings, "vector_names": tuple(settings["vector_names"])}), tokenizer)
        writer.restore(tensors)
    except Exception as error:  # tokenizers raises nothing more special
        raise WeightsError(f"{name_or_path} holds no report writer ({error}).", "Train one anew.") from error
    return writer.to(device).eval()
