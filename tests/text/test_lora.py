"""LoRA: it learns, the pretrained weights stay, and a tuning goes on where it was interrupted."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from medigenx_lib.errors import InputError, TrainingError, WeightsError
from medigenx_lib.text import ladder, lora, pretrained
from medigenx_lib.text.lora import LoraRecipe, Pair

TEXTS = ladder.reports(6)
PAIRS = [Pair("Describe the film.", text) for text in TEXTS]
QUICK = LoraRecipe(batch=2, learning_rate=2e-2, warm_up=1, checkpoint_every=2)
pytest.importorskip("peft", reason="LoRA needs peft: pip install peft")


@pytest.fixture
def model(tiny):
    return tiny(TEXTS)


def weights_of(found):
    return {name: value.clone() for name, value in found.model.state_dict().items()}


def logits_of(found):
    with torch.inference_mode():
        return found.model(input_ids=torch.tensor([found.tokenizer(TEXTS[0])["input_ids"]])).logits


def test_it_learns_a_batch_and_leaves_the_pretrained_weights_alone(model, tmp_path):
    before, said = weights_of(model), logits_of(model)
    tuned, losses = lora.tune(model, TEXTS[:2], tmp_path, steps=30, recipe=QUICK, progress=False)
    assert len(losses) == 30 and losses[-1] < losses[0] - 0.1
    assert not torch.allclose(logits_of(tuned), said)
    after = lora.release(tuned)
    assert all(torch.equal(before[name], value) for name, value in weights_of(after).items())
    torch.testing.assert_close(logits_of(after), said)


def test_saved_and_loaded_it_says_the_same(model, tmp_path):
    tuned, _ = lora.tune(model, PAIRS, tmp_path, steps=3, recipe=QUICK, progress=False)
    said, kept = logits_of(tuned), load_file(tmp_path / "adapter_model.safetensors")
    assert {name.split(".")[-2] for name in kept} == {"lora_A", "lora_B"}
    torch.testing.assert_close(logits_of(lora.load(lora.release(tuned), tmp_path)), said)


def test_an_interrupted_tuning_ends_like_one_that_was_not(model, tmp_path):
    whole, losses = lora.tune(model, PAIRS, tmp_path / "whole", steps=5, recipe=QUICK, progress=False)
    said = logits_of(whole)
    started, _ = lora.tune(lora.release(whole), PAIRS, tmp_path / "parts", steps=2, recipe=QUICK, progress=False)
    again, rest = lora.tune(lora.release(started), PAIRS, tmp_path / "parts", steps=5, recipe=QUICK, progress=False)
    assert rest == losses
    torch.testing.assert_close(logits_of(again), said)


def test_requests_are_given_and_do_not_count(model):
    ids, given = lora.encode(model, PAIRS[0], 256)
    assert "Describe the film." in model.tokenizer.decode(ids[:given]) and ids[-1] == model.tokenizer.eos_token_id
    with torch.inference_mode():
        logits = model.model(input_ids=torch.tensor([ids])).logits[0, given - 1 : -1].log_softmax(-1)
        by_hand = -logits[torch.arange(len(ids) - given), ids[given:]].mean()
        longer = lora.encode(model, PAIRS[1], 256)
        other = lora.loss_of(model, [longer])
        both = lora.loss_of(model, [(ids, given), longer])
        torch.testing.assert_close(lora.loss_of(model, [(ids, given)]), by_hand)
    counts = np.array([len(ids) - given, len(longer[0]) - longer[1]])
    assert both.item() == pytest.approx(np.average([by_hand.item(), other.item()], weights=counts), abs=1e-4)


def test_what_cannot_be_tuned_is_refused(model, tiny, tmp_path, monkeypatch):
    with pytest.raises(InputError):
        lora.tune(model, [], tmp_path, steps=1)
    with pytest.raises(InputError):
        lora.tune(model, TEXTS, tmp_path)
    with pytest.raises(WeightsError):
        lora.load(model, tmp_path / "nothing")
    lora.tune(model, TEXTS, tmp_path, steps=1, recipe=QUICK, progress=False)
    with pytest.raises(InputError, match="other settings"):
        lora.tune(tiny(TEXTS), TEXTS, tmp_path, steps=1, recipe=QUICK, seed=1, progress=False)
    monkeypatch.setattr(lora, "loss_of", lambda *_: torch.tensor(float("nan"), requires_grad=True))
    with pytest.raises(TrainingError):
        lora.tune(tiny(TEXTS), TEXTS, tmp_path / "bad", steps=1, recipe=QUICK, progress=False)
    monkeypatch.setattr(lora.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="peft"):
        lora.tune(tiny(TEXTS), TEXTS, tmp_path / "none", steps=1, progress=False)


def test_smollm2_learns_a_batch_of_reports(smol, tmp_path):
    table = smol.model.get_input_embeddings().weight.clone()
    before = pretrained.bits_per_character(smol, TEXTS[:1])
    recipe = LoraRecipe(batch=1, learning_rate=3e-3, warm_up=1)
    tuned, losses = lora.tune(smol, [TEXTS[0][:160]], tmp_path, steps=4, recipe=recipe, progress=False)
    assert losses[-1] < losses[0] - 0.2
    assert torch.equal(table, smol.model.get_input_embeddings().weight)
    said = logits_of(tuned)
    plain = lora.release(tuned)
    assert pretrained.bits_per_character(plain, TEXTS[:1]) == pytest.approx(before, abs=1e-4)
    again = lora.load(plain, tmp_path)
    torch.testing.assert_close(logits_of(again), said)
    lora.release(again)
