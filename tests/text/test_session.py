"""Sampling, rejecting and going on leave the same state as writing straight ahead."""

import numpy as np
import pytest
import torch

from medigenx_lib.text import corpus
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.session import Session, greedy, nucleus

pytestmark = pytest.mark.usefixtures("_no_gradients")


@pytest.fixture
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture
def session(brief, cases):
    images, vectors = corpus.arrays(cases[:1])
    return lambda **options: Session(brief, images[0], vectors[0], **options)


def sampler(seed=0):
    return nucleus(torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("guidance", [0.0, 1.0])
def test_accepting_a_sentence_equals_writing_it_directly(session, guidance):
    tried = session(rows=3, guidance=guidance)
    tried.sentences(sampler(1))
    tried.reject()
    said = [4, 7, 9, tokenization.stops(tried.writer.tokenizer)[0]]
    words = iter(said)
    rows = tried.sentences(lambda logits: torch.full((3,), next(words)))
    assert [row.ids for row in rows] == [said] * 3
    tried.accept(2, rows[2].ids)
    direct = session(guidance=guidance)
    for word in said:
        logits = direct._step(torch.tensor([word]))
    assert torch.allclose(tried.logits, logits.expand_as(tried.logits), atol=1e-5)
    assert tried.room == direct.room - len(said)


def test_rows_stop_at_their_own_full_stop(session):
    opened = session(rows=4)
    stops = tokenization.stops(opened.writer.tokenizer)
    for ids, likelihood in opened.sentences(sampler()):
        assert likelihood < 0
        assert not set(ids[:-1]) & set(stops)
        assert ids[-1] in stops or len(ids) == opened.room


def test_the_report_fits_its_room(session):
    opened = session(rows=2)
    assert all(len(row.ids) <= opened.writer.config.max_tokens for row in opened.reports(sampler()))


def test_the_likelihood_is_that_of_the_model(session):
    opened = session()
    (written,) = opened.sentences(sampler())
    direct, total = session(), 0.0
    logits = direct.logits
    for word in written.ids:
        total += torch.log_softmax(logits, -1)[0, word].item()
        logits = direct._step(torch.tensor([word]))
    assert written.likelihood == pytest.approx(total / len(written.ids), abs=1e-4)


def test_forbidden_tokens_have_no_probability(session):
    opened = session(rows=2, guidance=1.0)
    banned = tokenization.never_written(opened.writer.tokenizer)
    assert torch.isneginf(opened.logits[:, banned]).all()


def test_the_nucleus_is_the_smallest_set_that_holds_its_share():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(2000, 1)
    drawn = nucleus(torch.Generator().manual_seed(0), top_p=0.7)(logits)
    assert set(drawn.tolist()) == {0, 1}
    assert greedy(logits)[0] == 0


def test_a_film_that_is_not_given_does_not_matter(brief):
    rng = np.random.default_rng(0)
    vector = np.zeros(len(brief.config.vector_names), np.float32)
    blank = Session(brief, None, vector).logits
    assert torch.equal(blank, Session(brief, None, vector).logits)
    assert not torch.equal(blank, Session(brief, rng.random((64, 64)), vector).logits)
