"""Teaching a pretrained model our language with LoRA: a few trained numbers beside many frozen ones (Lesson 09).

Each matrix W of attention stays as it is and gets a low-rank companion, W + (alpha / rank) B A, of which B begins at
zero: training starts exactly from the pretrained model. Saved are A and B alone, under one per cent of the weights,
in the files that ``peft`` and the Hugging Face Hub use. Source: Hu et al., "LoRA", ICLR 2022.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import math
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib.errors import InputError, TrainingError, WeightsError
from medigenx_lib.files import replacing
from medigenx_lib.text.models import IGNORED
from medigenx_lib.text.pretrained import Pretrained

STATE = "training_state.pt"
MATRICES = ["q_proj", "k_proj", "v_proj", "o_proj"]
"""The matrices of attention in Llama-like models, SmolLM2 among them."""


class Pair(NamedTuple):
    """A request, "" for a bare text, and the text that the model is to write."""

    request: str
    text: str


@dataclass(frozen=True)
class LoraRecipe:
    """``rank`` and ``alpha`` of the companions; Adam's ``learning_rate``, reached after ``warm_up`` steps; ``tokens``:
    most of a request and its text together; ``checkpoint_every``: steps."""

    rank: int = 8
    alpha: int = 16
    batch: int = 4
    learning_rate: float = 1e-3
    warm_up: int = 5
    tokens: int = 256
    checkpoint_every: int = 20


class Tuning:
    """A LoRA training run in the folder ``out``, which goes on where it was interrupted.

    Raises InputError if what lies there had another recipe, seed or number of ``texts``.
    """

    def __init__(self, pretrained: Pretrained, out: Path, recipe: LoraRecipe, seed: int, texts: int):
        self.out, self.recipe, self.seed, self.losses = out, recipe, seed, []
        self.facts = {**dataclasses.asdict(recipe), "seed": seed, "texts": texts}
        self.tuned = attach(pretrained, recipe, seed)
        self.weights = [weight for weight in self.tuned.model.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(self.weights, recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
        if (out / STATE).is_file():
            self._resume(torch.load(out / STATE, weights_only=True))

    def _resume(self, state: dict) -> None:
        if state["facts"] != self.facts:
            release(self.tuned)
            raise InputError(f"{self.out} is of a tuning with other settings.", "Choose another folder.")
        self.losses = state["losses"]
        self.optimiser.load_state_dict(state["optimiser"])
        with torch.no_grad():
            for weight, kept in zip(self.weights, state["weights"], strict=True):
                weight.copy_(kept)

    def step(self, rows: Sequence[tuple[list[int], int]]) -> float:
        """One step on a random batch of encoded ``rows``, the same for the same seed and number; its loss in nats."""
        number = len(self.losses)
        chosen = np.random.default_rng((self.seed, number)).choice(len(rows), min(self.recipe.batch, len(rows)), False)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate * min(1.0, (number + 1) / self.recipe.warm_up)
        loss = loss_of(self.tuned, [rows[i] for i in chosen])
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.optimiser.param_groups[0]["params"], 1.0)
        self.optimiser.step()
        self.losses.append(loss.item())
        return self.losses[-1]

    def save(self) -> None:
        """Write the adapter, and beside it what going on needs, each file in one step."""
        save(self.tuned, self.out)
        kept = {"facts": self.facts, "losses": self.losses, "optimiser": self.optimiser.state_dict(),
                "weights": [weight.detach() for weight in self.weights]}  # fmt: skip
        with replacing(self.out / STATE) as temporary:
            torch.save(kept, temporary)


def tune(
    pretrained: Pretrained,
    pairs: Sequence[Pair | str],
    out: str | Path,
    steps: int | None = None,
    seconds: float | None = None,
    recipe: LoraRecipe | None = None,
    seed: int = 0,
    progress: bool = True,
) -> tuple[Pretrained, list[float]]:
    """Tune ``pretrained`` on ``pairs`` up to ``steps`` in all, or for ``seconds`` of CPU time from now.

    Returns the tuned model and the loss of every step, nats a token of the texts (requests are given). The pretrained
    weights do not change, and :func:`release` takes the companions off again. The folder ``out`` gets the adapter; an
    interrupted run goes on from there to the same end. Raises InputError without texts or budget, WeightsError
    without peft, TrainingError if the loss is not finite (what was saved stays).
    """
    if not pairs or (steps is None) == (seconds is None):
        raise InputError(f"{len(pairs)} texts, steps {steps}, seconds {seconds}.", "Give texts, and steps or seconds.")
    recipe, pairs = recipe or LoraRecipe(), [Pair("", pair) if isinstance(pair, str) else pair for pair in pairs]
    run = Tuning(pretrained, Path(out), recipe, seed, len(pairs))
    rows, begun = [encode(run.tuned, pair, recipe.tokens) for pair in pairs], time.process_time()
    run.tuned.model.train()
    with tqdm(total=100, desc="LoRA", unit="%", disable=not progress) as bar:
        while _share(run, steps, seconds, begun) < 1:
            loss = run.step(rows)
            bar.set_postfix(loss=f"{loss:.2f}", step=len(run.losses), refresh=False)
            bar.update(round(100 * min(_share(run, steps, seconds, begun), 1)) - bar.n)
            if not math.isfinite(loss):
                raise TrainingError(f"The loss became {loss}.", f"Lower the learning rate. Saved so far: {out}.")
            if len(run.losses) % recipe.checkpoint_every == 0:
                run.save()
    run.save()
    run.tuned.model.eval()
    return run.tuned, run.losses


def _share(run: Tuning, steps: int | None, seconds: float | None, begun: float) -> float:
    """How much of the budget is used up, 0..1 and a little above."""
    return len(run.losses) / steps if steps else (time.process_time() - begun) / seconds


def encode(pretrained: Pretrained, pair: Pair, most: int) -> tuple[list[int], int]:
    """Token ids of a request as the instruct model expects it and its text, and how many of them are given.

    A bare text stands between begin and end tokens. What is longer than ``most`` is cut.
    """
    words = pretrained.tokenizer
    if pair.request:
        asked = [{"role": "user", "content": pair.request}]
        opening = words.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    else:
        opening = words.bos_token
    given = words(opening, add_special_tokens=False)["input_ids"]
    ids = [*given, *words(pair.text, add_special_tokens=False)["input_ids"], words.eos_token_id]
    return ids[:most], len(given)


def loss_of(pretrained: Pretrained, rows: Sequence[tuple[list[int], int]]) -> Tensor:
    """Mean cross-entropy of the texts in ``rows`` (see :func:`encode`), nats a token; the given tokens do not count."""
    model, longest = pretrained.model, max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), pretrained.tokenizer.eos_token_id)
    labels = torch.full((len(rows), longest), IGNORED)
    for row, (tokens, given) in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, given : len(tokens)] = torch.tensor(tokens[given:])
    # what pads stands after the text, where causal attention does not look
    return model(input_ids=ids.to(model.device), labels=labels.to(model.device)).loss


def attach(pretrained: Pretrained, recipe: LoraRecipe, seed: int = 0) -> Pretrained:
    """``pretrained`` with untrained companions, which change nothing yet. Raises WeightsError without peft."""
    peft = _peft()
    torch.manual_seed(seed)
    config = peft.LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules=MATRICES, task_type="CAUSAL_LM", lora_dropout=0.0
    )
    with _quiet():
        return pretrained._replace(model=peft.get_peft_model(pretrained.model, config))


def save(tuned: Pretrained, out: str | Path) -> Path:
    """Write the adapter to the folder ``out``: ``adapter_model.safetensors`` and ``adapter_config.json``."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as temporary:
        tuned.model.save_pretrained(temporary, save_embedding_layers=False)
        for file in Path(temporary).glob("adapter_*"):
            os.replace(file, out / file.name)
    return out


def load(pretrained: Pretrained, folder: str | Path) -> Pretrained:
    """``pretrained`` with the adapter in ``folder``. Raises WeightsError where there is none for this model."""
    peft = _peft()
    try:
        with _quiet():
            model = peft.PeftModel.from_pretrained(pretrained.model, str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{folder} holds no adapter for this model ({error}).", "Tune one: lora.tune.") from error
    return pretrained._replace(model=model.eval())


def release(tuned: Pretrained) -> Pretrained:
    """The pretrained model as it was before, its companions taken off."""
    return tuned._replace(model=tuned.model.unload())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without peft's warnings that transformers renames things; both still understand each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def at_hand() -> bool:
    """True where the package peft is installed."""
    return importlib.util.find_spec("peft") is not None


def _peft():
    if not at_hand():
        raise WeightsError("LoRA needs the package peft.", "pip install peft")
    import peft

    return peft
