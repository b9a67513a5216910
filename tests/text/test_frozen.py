"""A frozen language model behind a trained prefix: only the prefix learns, and what it writes can be kept."""

import pytest
import torch
from safetensors.torch import load_file

from medigenx_lib.errors import WeightsError
from medigenx_lib.text import frozen, fusion, models, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.session import Session, greedy

SMALL = {"width": 32, "radiomics_tokens": 2}


@pytest.fixture
def model(tiny, small_corpus):
    return tiny(small_corpus.reports())


def writer_of(pretrained, corpus, **options):
    torch.manual_seed(0)
    return frozen.build(pretrained, corpus, corpus.reports(), **{**SMALL, **options}).eval()


def batch_of(writer, corpus, films):
    ids = [tokenization.encode(writer.tokenizer, text) for text in corpus.reports()[: len(films)]]
    return training.batch_of(corpus, films, ids)


def learn(writer, batch, steps, rate=1e-2):
    optimiser = torch.optim.AdamW(writer.parameters())
    return [training._step(writer, optimiser, batch, rate, 0.0) for _ in range(steps)]


def test_the_prefix_learns_and_the_language_model_does_not(model, small_corpus):
    writer = writer_of(model, small_corpus)
    before = {name: value.clone() for name, value in writer.state_dict().items()}
    losses = learn(writer, batch_of(writer, small_corpus, [0, 1]), 12)
    assert losses[-1] < losses[0] - 0.05
    changed = {name for name, value in writer.state_dict().items() if not torch.equal(before[name], value)}
    assert changed and not any(name.startswith("language_model.") for name in changed)
    assert {"lift.weight", "radiomics_encoder.layers.0.weight", "image_encoder.project.weight"} <= changed


def test_the_pretrained_model_keeps_its_own_vocabulary(model, small_corpus):
    rows = len(model.model.get_input_embeddings().weight)
    writer = writer_of(model, small_corpus)
    assert len(model.model.get_input_embeddings().weight) == rows
    assert len(writer.language_model.get_input_embeddings().weight) == writer.tokenizer.get_vocab_size() < rows
    inner = (found.model.layers[0].mlp.up_proj.weight for found in (model.model, writer.language_model))
    assert len({weight.data_ptr() for weight in inner}) == 1  # shared, not copied


def test_step_by_step_is_the_same_as_at_once(model, small_corpus):
    writer = writer_of(model, small_corpus)
    batch, given = batch_of(writer, small_corpus, [0]), torch.tensor([True])
    with torch.inference_mode():
        told = writer.prefix(batch.images, batch.vectors, given, given)
        logits, cache = writer.begin(writer.opening(told))
        losses = []
        for token in batch.ids[0, 1:]:
            losses.append(torch.nn.functional.cross_entropy(logits, token[None]))
            logits = writer.step(token[None], cache)
        assert torch.stack(losses).mean() == pytest.approx(writer(told, batch.ids).item(), abs=1e-4)


def test_saved_and_loaded_it_writes_the_same(model, small_corpus, cases, tmp_path):
    writer = writer_of(model, small_corpus, max_tokens=24)
    learn(writer, batch_of(writer, small_corpus, [0, 1]), 3)
    path = models.save(tmp_path / "prefix.safetensors", writer)
    again = frozen.load(model, path)
    shown = fusion.controls(cases)["true"]
    with torch.inference_mode():
        told = shown.tell(writer)
        assert fusion.write_ids(again, shown.tell(again)) == fusion.write_ids(writer, told)
    assert not any(name.startswith("language_model.") for name in load_file(path))
    with pytest.raises(WeightsError):
        models.load(path)  # a writer with a language model of its own


def test_a_session_can_write_with_it(model, small_corpus, cases):
    writer = writer_of(model, small_corpus, max_tokens=12)
    with torch.inference_mode():
        session = Session(writer, small_corpus.images[0] / 255.0, small_corpus.vectors[0], rows=2)
        first = session.reports(greedy)
        session.reject()
        assert [found.ids for found in session.reports(greedy)] == [found.ids for found in first]


def test_smollm2_behind_a_prefix_learns_a_batch(smol, small_corpus, cases, tmp_path):
    writer = writer_of(smol, small_corpus, max_tokens=10)
    table = writer.language_model.get_input_embeddings().weight.clone()
    batch = batch_of(writer, small_corpus, [0])
    losses = learn(writer, batch, 8, rate=3e-3)  # the first few go up and down
    assert losses[-1] < losses[0] - 0.5
    assert torch.equal(table, writer.language_model.get_input_embeddings().weight)
    again = frozen.load(smol, models.save(tmp_path / "prefix.safetensors", writer))
    with torch.inference_mode():
        shown = fusion.controls(cases[:2])["true"]
        assert fusion.write_ids(again, shown.tell(again)) == fusion.write_ids(writer.eval(), shown.tell(writer))
