"""The network: sanity checks that every language model should pass."""

import math

import pytest
import torch

from medigenx_lib import weights
from medigenx_lib.errors import WeightsError
from medigenx_lib.text import models, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.models import IGNORED


@pytest.fixture
def batch(small_corpus, untrained):
    ids = [tokenization.encode(untrained.tokenizer, text) for text in small_corpus.reports(0)]
    return training.batch_of(small_corpus, range(len(ids)), ids)


def prefix(writer, batch, image=True, radiomics=True):
    rows = len(batch.ids)
    given = torch.tensor([image] * rows), torch.tensor([radiomics] * rows)
    return writer.prefix(batch.images, batch.vectors, *given)


def test_an_untrained_writer_knows_nothing(untrained, batch):
    loss = untrained(prefix(untrained, batch), batch.ids).item()
    assert loss == pytest.approx(math.log(untrained.config.vocab_size), rel=0.05)


def test_padding_does_not_count(untrained, batch):
    row = batch.ids[:1]
    row = row[:, : int((row != IGNORED).sum())]
    longer = torch.cat([row, torch.full((1, 7), IGNORED)], 1)
    before = prefix(untrained, batch)[:1]
    assert untrained(before, row).item() == pytest.approx(untrained(before, longer).item(), abs=1e-5)


def test_a_withheld_prefix_says_nothing_of_the_film(untrained, batch):
    nothing = prefix(untrained, batch, image=False, radiomics=False)
    assert torch.equal(nothing, untrained.no_prefix.expand_as(nothing))
    image_only = prefix(untrained, batch, radiomics=False)
    tokens = untrained.config.image_tokens
    assert not torch.equal(image_only[0, :tokens], image_only[1, :tokens])
    assert torch.equal(image_only[0, tokens:], image_only[1, tokens:])


def test_unmeasured_features_are_flagged_and_bounded(untrained, small_corpus):
    vectors = torch.from_numpy(small_corpus.vectors)
    extreme = torch.cat([vectors, torch.full_like(vectors[:1], torch.nan), torch.full_like(vectors[:1], 1e9)])
    quantile, score, missing = untrained.radiomics_encoder.standardise(extreme).chunk(3, 1)
    assert quantile.abs().max() <= 1
    assert score.abs().max() <= 5
    assert missing[-2].all()
    assert not quantile[-2].any()
    assert untrained.radiomics_encoder(extreme).isfinite().all()


@torch.inference_mode()
def test_the_cache_changes_nothing(untrained, batch):
    opening = untrained.opening(prefix(untrained, batch)[:2])
    words = torch.tensor([[5, 6, 7], [8, 9, 10]])
    logits, cache = untrained.begin(opening)
    for column in words.T:
        logits = untrained.step(column, cache)
    embedded = torch.cat([opening, untrained.language_model.transformer.wte(words)], 1)
    whole = untrained.language_model(inputs_embeds=embedded).logits[:, -1]
    assert torch.allclose(logits, whole, atol=1e-5)


@torch.inference_mode()
def test_saved_and_loaded_it_is_the_same_writer(untrained, batch, tmp_path):
    path = models.save(tmp_path / "writer.safetensors", untrained, {"seed": 0})
    again = models.load(path)
    assert again.config == untrained.config
    assert again.tokenizer.get_vocab() == untrained.tokenizer.get_vocab()
    assert torch.equal(again(prefix(again, batch), batch.ids), untrained(prefix(untrained, batch), batch.ids))


def test_other_weights_are_refused(tmp_path):
    path = weights.save(tmp_path / "other.safetensors", {"w": torch.zeros(2)}, {"kind": "other"})
    with pytest.raises(WeightsError, match="report writer"):
        models.load(path)


@torch.inference_mode()
def test_writing_gives_no_warning(untrained, batch, recwarn):
    logits, cache = untrained.begin(untrained.opening(prefix(untrained, batch)))
    untrained.step(logits.argmax(-1), cache)
    assert not [str(warning.message) for warning in recwarn if issubclass(warning.category, FutureWarning)]


def test_a_tokenizer_that_is_none_is_a_weights_error(tmp_path):
    tensors, config = weights.load("report_writer")
    weights.save(tmp_path / "w.safetensors", tensors, {**config, "tokenizer": "none"})
    with pytest.raises(WeightsError, match="holds no report writer"):
        models.load(tmp_path / "w.safetensors")
