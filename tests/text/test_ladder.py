"""The ladder of language models: each rung is a distribution, none sees the future, and they learn."""

import math

import pytest
import torch

from medigenx_lib.errors import InputError, WeightsError
from medigenx_lib.text import ladder, pretrained
from medigenx_lib.text import tokenizer as tokenization

VOCABULARY = 23
NETWORKS = [ladder.Windowed, ladder.OneAttention, ladder.SmallGPT]


@pytest.fixture
def ids():
    return torch.randint(VOCABULARY, (400,), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("order", [1, 2, 4])
def test_counts_give_a_distribution_after_any_text(order, ids):
    model = ladder.NGram(order, VOCABULARY).fit(ids)
    for before in ([], [3], [3, 4, 5], ids[:7].tolist()):
        assert sum(model.probability(token, before) for token in range(VOCABULARY)) == pytest.approx(1)


def test_counting_nothing_knows_nothing():
    assert ladder.NGram(3, VOCABULARY).loss([1, 2, 3, 4]) == pytest.approx(math.log(VOCABULARY))
    with pytest.raises(InputError):
        ladder.NGram(0, VOCABULARY)


def test_pairs_learn_a_rule_that_single_tokens_cannot():
    alternating = [0, 1] * 200
    assert ladder.NGram(2, VOCABULARY).fit(alternating).loss(alternating) < 0.05
    assert ladder.NGram(1, VOCABULARY).fit(alternating).loss(alternating) > 0.6


@pytest.mark.parametrize("kind", NETWORKS)
def test_no_network_sees_the_future(kind, ids):
    torch.manual_seed(0)
    model = kind(VOCABULARY).eval()
    given, changed = ids[None, :20], ids[None, :20].clone()
    changed[0, 12:] = (changed[0, 12:] + 1) % VOCABULARY
    with torch.inference_mode():
        before, after = model(given), model(changed)
    assert before.shape == (1, 20, VOCABULARY)
    torch.testing.assert_close(before[:, :12], after[:, :12])
    assert not torch.allclose(before[:, 12:], after[:, 12:])


@pytest.mark.parametrize("kind", [ladder.Windowed, ladder.OneAttention])
def test_networks_learn_from_the_same_start_to_the_same_end(kind):
    text = torch.tensor([0, 1, 2, 3] * 60)
    losses = []
    for _ in range(2):
        torch.manual_seed(0)
        losses.append(ladder.fit(kind(VOCABULARY), text, steps=8, rate=1e-2, seed=1))
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0] - 0.5


def test_attention_weights_are_a_lower_triangle_of_shares(ids):
    weights = ladder.OneAttention(VOCABULARY).weights(ids[None, :9])
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 9))
    assert not weights.triu(1).any()


def test_bits_a_character():
    assert ladder.bits_per_character(math.log(2), tokens=10, characters=40) == pytest.approx(0.25)


def test_reports_of_other_seeds_are_other_reports():
    first, second = ladder.reports(20), ladder.reports(20, first_seed=20)
    assert first == ladder.reports(20)
    assert not set(first) & set(second)
    tokenizer = tokenization.train(first, 200)
    assert (ladder.stream(tokenizer, first) == tokenizer.token_to_id(tokenization.BEGIN)).sum() == 20


def test_sentences_with_numbers_are_left_out():
    texts = ["Clear. It covers <opacity_extent.left|percent> % of the lung. No effusion.", "<a|ratio>."]
    assert ladder.without_numbers(texts) == ["Clear. No effusion."]
    assert not any("<" in text for text in ladder.without_numbers(ladder.reports(50)))


def test_a_missing_pretrained_model_is_named(monkeypatch):
    def nowhere():
        raise OSError("not cached")

    monkeypatch.setattr(pretrained, "_cached", nowhere)
    monkeypatch.setattr(pretrained, "_unpacked", nowhere)
    monkeypatch.setattr(pretrained, "packaged", lambda: None)
    with pytest.raises(WeightsError, match="SmolLM2"):
        pretrained.load()


def test_the_packages_weights_are_kept_unpacked(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MEDIGENX_CACHE", str(tmp_path))
    model = tiny(ladder.reports(5))
    pretrained.unpack(model, pretrained.unpacked_dir())
    again = pretrained._unpacked()
    ids = torch.tensor([model.tokenizer("The lungs are clear.")["input_ids"]])
    with torch.inference_mode():
        torch.testing.assert_close(again.model(input_ids=ids).logits, model.model(input_ids=ids).logits)
    assert again.tokenizer("The lungs are clear.")["input_ids"] == ids[0].tolist()
    assert list(tmp_path.iterdir()) == [pretrained.unpacked_dir()]


def test_smollm2_prefers_sense_and_answers(smol):
    sense, nonsense = "The lungs are clear and the heart is not enlarged.", "Heart the clear not are enlarged lungs."
    bits = [pretrained.bits_per_character(smol, [text]) for text in (sense, nonsense)]
    assert bits[0] < bits[1] - 0.5
    alone = pretrained.answer(smol, "Say hello.", tokens=5)
    together = pretrained.answers(smol, ["Say hello.", "What is a chest radiograph? Answer in one sentence."], 5)
    assert alone and together[0] == alone and len(together) == 2
