"""A report writer for tests: a stand-in radiomics vector made from random findings, and a tiny network."""

import numpy as np
import pytest

from medigenx_lib import radiomics
from medigenx_lib.cases import SIDES, ZONES, Case
from medigenx_lib.text import corpus, training
from medigenx_lib.text.samples import random_findings

NAMES = (
    *(f"{kind}.{side}" for kind in ("opacity", "effusion") for side in SIDES),
    *(f"zone.{side}.{zone}" for side in SIDES for zone in ZONES),
    "heart",
)


def vector(case):
    """What random findings would look like if they were measured on an image; NaN where unknown."""
    values = {}
    for kind in ("opacity", "effusion"):
        for side in SIDES:
            (finding,) = case.findings.of(kind, side)
            amount = finding.extent if finding.extent is not None else float(finding.presence == "present")
            values[f"{kind}.{side}"] = np.nan if finding.presence == "unknown" else amount
            if kind == "opacity":
                values |= {f"zone.{side}.{zone}": zone in finding.zones for zone in ZONES}
    (heart,) = case.findings.of("cardiomegaly")
    values["heart"] = heart.measurement.value if heart.measurement else np.nan
    return np.array([values[name] for name in NAMES], np.float32)


@pytest.fixture(autouse=True)
def _stand_in_vector(monkeypatch):
    monkeypatch.setattr(radiomics, "VECTOR_NAMES", NAMES, raising=False)
    monkeypatch.setattr(radiomics, "vector", vector, raising=False)


def measured_case(seed):
    image = np.random.default_rng(seed).random((64, 64)).astype(np.float32)
    return Case(f"case-{seed}", image, findings=random_findings(seed))


@pytest.fixture
def cases():
    """Six cases with random findings, some of them unknown."""
    return [measured_case(seed) for seed in range(6)]


@pytest.fixture
def small_corpus(cases):
    return corpus.of_cases(cases)


def untrained_writer(small_corpus, **options):
    import torch

    torch.manual_seed(0)
    texts = [text for seed in range(4) for text in small_corpus.reports(seed)]
    return training.build(small_corpus, texts, width=32, layers=2, heads=2, **options).eval()


@pytest.fixture
def untrained(small_corpus):
    """A writer that has learned nothing but its tokenizer and scales."""
    return untrained_writer(small_corpus)


@pytest.fixture
def brief(small_corpus):
    """The same with room for a few words only, because what knows nothing does not stop by itself."""
    return untrained_writer(small_corpus, max_tokens=40)


SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for said in messages %}<|im_start|>{{ said.role }} {{ said.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"
)


def tiny_pretrained(texts):
    """A Llama of two narrow layers in the place of a pretrained model, with a byte-pair tokenizer for ``texts``."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from medigenx_lib.text.pretrained import Pretrained

    words = Tokenizer(models.BPE())
    words.pre_tokenizer, words.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=SPECIAL, initial_alphabet=alphabet)
    words.train_from_iterator(texts, trainer)
    names = dict(zip(("unk_token", "bos_token", "eos_token"), SPECIAL, strict=True))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token=SPECIAL[2], **names)
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), num_key_value_heads=1, tie_word_embeddings=True, **shape)
    return Pretrained(LlamaForCausalLM(config).eval(), tokenizer, "a test")


@pytest.fixture
def tiny():
    """Makes a small stand-in for a pretrained model: ``tiny(texts)``."""
    return tiny_pretrained


@pytest.fixture(scope="session")
def smol():
    """SmolLM2, loaded once; skips the test where it is not installed."""
    from medigenx_lib.errors import WeightsError
    from medigenx_lib.text import pretrained

    try:
        return pretrained.load()
    except WeightsError as missing:
        pytest.skip(str(missing))
