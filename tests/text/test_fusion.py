"""The three fusions: what each is told reaches it, what it is not told does not, and the controls control."""

import numpy as np
import pytest
import torch

from medigenx_lib import radiomics
from medigenx_lib.cases import Finding, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.text import finding_interval
from medigenx_lib.text import fusion, models
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.samples import random_findings
from medigenx_lib.text.training import batch_of, loss_of

EVERY = pytest.mark.parametrize("name", fusion.FUSIONS)
TINY = {"width": 32, "layers": 1, "heads": 2}


@pytest.fixture(autouse=True)
def _stand_in_vector():
    """The prompt reads the real vector's names, so nothing stands in for it here."""


@pytest.fixture
def small_corpus():
    rng = np.random.default_rng(0)
    vectors = rng.integers(0, 2, (6, len(radiomics.VECTOR_NAMES))).astype(np.float32)
    images = rng.integers(0, 256, (6, 64, 64), np.uint8)
    return Corpus(images, vectors, tuple(map(random_findings, range(6))))


@pytest.fixture
def writer_of(small_corpus):
    def make(name):
        torch.manual_seed(0)
        return fusion.build(name, small_corpus, small_corpus.reports(), **TINY).eval()

    return make


def shown(corpus, **given):
    return fusion.Shown(corpus.images / 255.0, corpus.vectors, **given)


def loss(writer, corpus, told):
    texts = [tokenization.encode(writer.tokenizer, text) for text in corpus.reports()]
    ids = batch_of(corpus, np.arange(len(corpus)), texts).ids
    with torch.inference_mode():
        return writer(told.tell(writer), ids).item()


@EVERY
def test_an_untrained_writer_knows_nothing(name, writer_of, small_corpus):
    writer = writer_of(name)
    expected = np.log(writer.config.vocab_size)
    assert loss(writer, small_corpus, shown(small_corpus)) == pytest.approx(expected, abs=0.5)


@EVERY
def test_what_is_withheld_cannot_be_seen(name, writer_of, small_corpus):
    writer = writer_of(name)
    told = shown(small_corpus, image=False, radiomics=False).tell(writer)
    torch.testing.assert_close(told[0], told[-1])


def test_the_prompt_holds_no_pixel_and_the_others_do(writer_of, small_corpus):
    plain = shown(small_corpus)
    darker = plain._replace(images=plain.images / 2)
    for name, moves in {"prompt": False, "prefix": True, "cross": True}.items():
        writer = writer_of(name)
        assert torch.equal(plain.tell(writer), darker.tell(writer)) != moves


@EVERY
def test_step_by_step_is_the_same_as_at_once(name, writer_of, small_corpus):
    writer = writer_of(name)
    told = shown(small_corpus).tell(writer)[:2]
    ids = torch.tensor([[7, 9, 11], [8, 8, 10]])
    with torch.inference_mode():
        logits, cache = writer.begin(writer.opening(told))
        total = 0.0
        for step in range(3):
            total += torch.log_softmax(logits, -1).gather(1, ids[:, step, None]).mean()
            logits = writer.step(ids[:, step], cache)
        first = torch.full((2, 1), writer.tokenizer.token_to_id(tokenization.BEGIN))
        at_once = writer(told, torch.cat([first, ids], 1))
    assert at_once.item() == pytest.approx(-total.item() / 3, abs=1e-4)


@EVERY
def test_a_step_of_training_lowers_the_loss(name, writer_of, small_corpus):
    writer = writer_of(name).train()
    texts = [tokenization.encode(writer.tokenizer, text) for text in small_corpus.reports()]
    batch = batch_of(small_corpus, np.arange(len(small_corpus)), texts)
    optimiser = torch.optim.AdamW(writer.parameters(), 5e-3)
    losses = []
    for _ in range(6):
        losses.append(loss_of(writer, batch))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < losses[0] - 0.3


@EVERY
def test_saved_and_loaded_it_writes_the_same(name, writer_of, small_corpus, tmp_path):
    writer = writer_of(name)
    path = models.save(tmp_path / "writer.safetensors", writer)
    again = fusion.load(name, path)
    told = shown(small_corpus)
    assert fusion.write(again, told, small_corpus.findings) == fusion.write(writer, told, small_corpus.findings)


def test_the_prompt_says_what_the_vector_holds():
    vector = dict.fromkeys(radiomics.VECTOR_NAMES, 0.0)
    vector |= {"known_right": 1, "opacity_right": 1, "opacity_lower_right": 1, "opacity_extent_right": 0.23,
               "opacity_density_right": 1, "opacity_lobar_right": 1, "known_heart": 1, "cardiomegaly": 0.5,
               "cardiothoracic_ratio": 0.55}  # fmt: skip
    said = fusion.prompt(list(vector.values()))
    assert said == (
        "right opacity present lower 23 % dense lobar effusion absent left lung unknown large heart possible 0.55"
    )


def test_shuffled_features_are_never_a_films_own():
    for count in (2, 3, 50):
        order = fusion.derangement(count, seed=count)
        assert sorted(order) == list(range(count))
        assert not (order == np.arange(count)).any()
    with pytest.raises(InputError):
        fusion.derangement(1)


def test_an_unknown_fusion_is_named(small_corpus):
    with pytest.raises(InputError, match="telepathy"):
        fusion.build("telepathy", small_corpus, small_corpus.reports())


def test_finding_f1_with_its_interval():
    left = Findings((Finding("opacity", "present", "left", ("lower",)), Finding("cardiomegaly", "absent")))
    right, wrong = "There is opacity in the left lower zone.", "There is opacity in the left upper zone."
    assert finding_interval([right] * 5, [left] * 5) == (1, 1, 1)
    assert finding_interval([wrong] * 5, [left] * 5) == (0, 0, 0)
    assert finding_interval([wrong] * 5, [left] * 5, zones=False)[0] == 1
    f1, low, high = finding_interval([right] * 10 + [wrong] * 10, [left] * 20)
    assert f1 == pytest.approx(0.5) and 0 < low < f1 < high < 1
