"""A pretrained tokenizer and model cut down to the words of a corpus.

A pretrained vocabulary holds tens of thousands of tokens; reports need a few hundred. What is left out is never
written, and neither its embeddings nor its share of the softmax is paid for. The text is cut as before: every token of
the corpus stays, with all merges that lead to it.
Source: Abdaoui et al., "Load what you need: smaller versions of multilingual BERT", SustaiNLP 2020.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import torch
from tokenizers import AddedToken, Tokenizer
from torch import Tensor, nn

from medigenx_lib.text.placeholders import PLACEHOLDER
from medigenx_lib.text.tokenizer import BEGIN, END, PAD, SPECIAL, UNKNOWN

TAKEN_FROM = {PAD: "<|im_end|>", BEGIN: "<|im_start|>", END: "<|im_end|>", UNKNOWN: "<|endoftext|>"}
"""The pretrained tokens whose embeddings our special tokens begin with."""


def trimmed_tokenizer(whole: Tokenizer, texts: Iterable[str]) -> Tokenizer:
    """The byte-pair tokenizer ``whole`` with the tokens of ``texts`` alone; placeholders become tokens of their own."""
    texts = list(texts)
    names = sorted({match.group() for text in texts for match in PLACEHOLDER.finditer(text)})
    pieces = [piece for text in texts for piece in PLACEHOLDER.split(text)[::3]]  # between the placeholders
    used = {token for encoding in whole.encode_batch(pieces, add_special_tokens=False) for token in encoding.tokens}
    state = json.loads(whole.to_str())
    kept, merges = _closure(used, state["model"])
    state["model"] |= {"vocab": {token: i for i, token in enumerate(kept)}, "merges": merges}
    small = Tokenizer.from_str(json.dumps({**state, "added_tokens": []}))
    small.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in (*SPECIAL, *names)])
    return small


def _closure(used: set[str], model: dict) -> tuple[list[str], list[list[str]]]:
    """``used`` tokens with all that they are merged from, in the order of the vocabulary, and those merges."""
    parts = {"".join(pair): list(pair) for pair in model["merges"]}
    kept, waiting = set(), list(used)
    while waiting:
        token = waiting.pop()
        if token not in kept:
            kept.add(token)
            waiting += parts.get(token, [])
    merges = [pair for token, pair in parts.items() if token in kept]
    return [token for token in model["vocab"] if token in kept], merges


@torch.no_grad()
def trim(model, whole: Tokenizer, small: Tokenizer) -> None:
    """Give ``model``, a causal language model of transformers for ``whole``, the vocabulary of ``small``, in place.

    A placeholder begins as the mean of the tokens that spell its name.
    """
    names = sorted(small.get_vocab(), key=small.token_to_id)
    sources = [_sources(name, whole) for name in names]
    rows = _means(model.get_input_embeddings().weight, sources)
    head = nn.Linear(rows.shape[1], len(names), bias=False)
    tied = model.config.tie_word_embeddings
    head.weight = rows if tied else _means(model.get_output_embeddings().weight, sources)
    embeddings = nn.Embedding(*rows.shape, _weight=rows)
    embeddings.weight = rows  # the very same parameter, so that what is tied stays so
    model.set_input_embeddings(embeddings)
    model.set_output_embeddings(head)
    ends = {"pad_token_id": PAD, "bos_token_id": BEGIN, "eos_token_id": END}
    ids = {key: small.token_to_id(name) for key, name in ends.items()}
    model.config.update({"vocab_size": len(names), **ids})


def _means(table: Tensor, sources: Iterable[list[int]]) -> nn.Parameter:
    return nn.Parameter(torch.stack([table[ids].mean(0) for ids in sources]))


def _sources(name: str, whole: Tokenizer) -> list[int]:
    """Ids in ``whole`` of the token ``name``, or of what spells it."""
    known = whole.token_to_id(TAKEN_FROM.get(name, name))
    return whole.encode(name.strip("<>").replace("_", " ").replace("|", " ")).ids if known is None else [known]
