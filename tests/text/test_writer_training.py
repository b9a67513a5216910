"""Training: it can overfit, keeps its promises about files, and refuses nonsense."""

import numpy as np
import pytest
import torch

from medigenx_lib import phantom
from medigenx_lib.errors import InputError, TrainingError
from medigenx_lib.text import claims, corpus, decoding, models, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.training import Recipe


def test_it_overfits_a_few_reports_and_then_says_what_each_film_shows(small_corpus, cases):
    torch.manual_seed(0)
    texts = small_corpus.reports(0)
    writer = training.build(small_corpus, texts, width=64, layers=2, heads=2)
    ids = [tokenization.encode(writer.tokenizer, text) for text in texts]
    batch = training.batch_of(small_corpus, range(len(ids)), ids)
    optimiser = torch.optim.AdamW(writer.parameters())
    losses = [training._step(writer, optimiser, batch, 3e-3, drop=0.0) for _ in range(150)]
    assert losses[-1] < 0.1 < losses[0]
    written = decoding.write(cases, "greedy", progress=False, writer=writer.eval())
    right = [not claims.omitted(case.report, case.findings) for case in written]
    assert np.mean(right) > 0.85
    gated = decoding.write(cases, "gated", progress=False, writer=writer)
    assert np.mean([source == "model" for case in gated for source in case.meta["report_sources"]]) > 0.7


def test_a_short_training_leaves_weights_that_write(small_corpus, cases, tmp_path):
    path = training.train(0.02, 1, tmp_path / "w.safetensors", corpus=small_corpus, recipe=Recipe(batch=4, wordings=2))
    writer = models.load(path)
    assert writer.config.vocab_size == writer.tokenizer.get_vocab_size()
    assert path.stat().st_size < 6e6
    assert decoding.write(cases[:1], writer=writer)[0].report


def test_a_corpus_survives_its_file(small_corpus, tmp_path):
    again = Corpus.load(small_corpus.save(tmp_path / "corpus.npz"))
    assert np.array_equal(again.images, small_corpus.images)
    assert np.array_equal(again.vectors, small_corpus.vectors, equal_nan=True)
    assert again.findings == small_corpus.findings
    assert again.reports(1) == small_corpus.reports(1) != small_corpus.reports(2)


def test_a_phantom_corpus_holds_measured_and_own_findings_and_some_unknown(monkeypatch):
    seen = []
    monkeypatch.setattr(corpus, "_measured", lambda cases: seen.append(cases[0].meta["preset"]) or corpus._own(cases))
    made = list(corpus._phantom_batches(8, 0, size=2))
    assert len(made) == 4
    films = [case for batch in made for case in batch()]
    assert [case.meta["seed"] for case in films] == list(range(8))
    assert seen == list(phantom.TAUGHT)
    assert any(finding.presence == "unknown" for case in films for finding in case.findings)
    assert any(finding.presence != "unknown" for case in films for finding in case.findings)


def test_batches_hold_each_film_once_an_epoch_with_its_own_text(small_corpus):
    ids = [[[film] * (film + 1) for film in range(len(small_corpus))]]
    batches = training._batches(small_corpus, ids, 3, 0, "cpu")
    epoch = [next(batches) for _ in range(2)]
    films = [int(row[0]) for batch in epoch for row in batch.ids]
    assert sorted(films) == list(range(len(small_corpus)))
    vectors = torch.cat([batch.vectors for batch in epoch])
    assert torch.equal(vectors.nan_to_num(), torch.from_numpy(small_corpus.vectors[films]).nan_to_num())


def test_the_learning_rate_warms_up_and_ends_at_zero():
    recipe = Recipe()
    rates = [training.learning_rate(recipe, spent) for spent in (0, recipe.warm_up, 0.5, 1)]
    assert rates[0] < rates[1] == recipe.learning_rate > rates[2] > rates[3] == pytest.approx(0, abs=1e-9)


def test_nonsense_is_refused(small_corpus, tmp_path):
    with pytest.raises(InputError, match="budget"):
        training.train(0, out=tmp_path / "w.safetensors", corpus=small_corpus)
    with pytest.raises(InputError, match="corpus"):
        corpus.join([])
    (tmp_path / "c.npz").write_text("<html>")
    with pytest.raises(InputError, match="corpus"):
        Corpus.load(tmp_path / "c.npz")
    (tmp_path / "d.npz").write_bytes(b"PK\3\4 cut off")
    np.save(tmp_path / "e.npy", np.zeros(3))
    for name in ("d.npz", "e.npy"):
        with pytest.raises(InputError, match="not a report corpus"):
            Corpus.load(tmp_path / name)
    broken = Corpus(small_corpus.images, np.full_like(small_corpus.vectors, np.inf), small_corpus.findings)
    with pytest.raises(TrainingError, match="loss"):
        training.train(
            0.05, 0, tmp_path / "w.safetensors", corpus=broken, recipe=Recipe(batch=4, wordings=1), progress=False
        )
