"""Optimising against the claim check: what the reward rewards, what the losses push, and going on where one stopped."""

import numpy as np
import pandas as pd
import pytest
import torch

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.text import grammar, models, optimise, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.optimise import Draft, Options
from medigenx_lib.text.samples import random_findings

SMALL = Options(films=3, samples=2, batch=4, steps=2, least=0.0)
ABSENT = (Finding("effusion", "absent", "right"), Finding("effusion", "absent", "left"))
ILL = Findings((Finding("opacity", "present", "right", ("lower",)), Finding("opacity", "absent", "left"), *ABSENT))


def test_what_the_grammar_says_of_the_findings_earns_nearly_all():
    earned = [
        optimise.reward(grammar.sentences(random_findings(seed), seed), random_findings(seed)) for seed in range(40)
    ]
    assert np.mean(earned) > 0.95


@pytest.mark.parametrize("worse", [
    ["No pleural effusion."],
    ["Opacity in the right lung.", "No pleural effusion.", "No opacity in the left lung."],
    ["Opacity in the left lower zone.", "No pleural effusion.", "No opacity in the right lung."],
    ["Opacity in the right lower zone.", "No pleural effusion.", "No opacity in the left lung.", None],
    ["Opacity in the right lower zone.", *2 * ["No pleural effusion."], "No opacity in the left lung."],
    [],
])  # fmt: skip
def test_silence_vagueness_errors_and_repetition_earn_less(worse):
    good = optimise.reward(
        ["Opacity in the right lower zone.", "No pleural effusion.", "No opacity in the left lung."], ILL
    )
    assert good == 1.0
    assert optimise.reward(worse, ILL) < 0.95 * good


def test_a_report_without_an_end_earns_nothing(untrained, cases):
    ids = tokenization.encode(untrained.tokenizer, "No pleural effusion.")[1:]
    assert optimise.reward_of_ids(untrained, ids[:-1], cases[0].findings) == 0.0
    assert optimise.reward_of_ids(untrained, [], cases[0].findings) == 0.0


def test_likelihoods_agree_with_the_training_loss(untrained, small_corpus):
    drafts = optimise.references(small_corpus, untrained, range(3), wordings=1)
    batch = training.batch_of(small_corpus, np.arange(3), [d.ids for d in drafts])
    given = torch.ones(3, dtype=torch.bool)
    told = untrained.prefix(batch.images, batch.vectors, given, given)
    with torch.no_grad():
        likelihoods = optimise.log_likelihoods(untrained, told, batch.ids)
        mean = untrained(told, batch.ids)
    tokens = sum(len(d.ids) - 1 for d in drafts)
    assert torch.isclose(-likelihoods.sum() / tokens, mean, atol=1e-4)


def test_the_self_critical_loss_makes_the_better_report_likelier(untrained, small_corpus):
    better, other = (optimise.references(small_corpus, untrained, [0], wordings=2)[i] for i in (0, 1))
    optimiser = torch.optim.SGD(untrained.parameters(), 0.05)

    def gap():
        batch = training.batch_of(small_corpus, np.array([0, 0]), [better.ids, other.ids])
        given = torch.ones(2, dtype=torch.bool)
        with torch.no_grad():
            told = untrained.prefix(batch.images, batch.vectors, given, given)
            first, second = optimise.log_likelihoods(untrained, told, batch.ids)
        return float(first - second)

    before = gap()
    for _ in range(3):
        loss = optimise.self_critical_loss(untrained, small_corpus, [better, other], [0.5, -0.5])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert gap() > before


def test_the_memory_keeps_the_best_different_reports():
    memory, options = {}, Options(best=2, least=0.5)
    for ids, earned in (([1], 0.6), ([2], 0.9), ([2], 0.9), ([3], 0.7), ([4], 0.1)):
        optimise._remember(memory, Draft(0, ids, earned), options)
    assert [(d.ids, d.reward) for d in memory[0]] == [([2], 0.9), ([3], 0.7)]


@pytest.mark.parametrize("way", [optimise.expert_iteration, optimise.self_critical])
def test_an_interrupted_training_goes_on_to_the_same_end(way, small_corpus, brief, tmp_path):
    path = tmp_path / "start.safetensors"
    models.save(path, brief)
    told = [draft._replace(ids=draft.ids[:12]) for draft in optimise.references(small_corpus, brief, range(2), 1)]

    def run(out, *rounds):
        for upto in rounds:
            writer = models.load(path).train()
            history = way(writer, small_corpus, upto, references=told, out=out, options=SMALL, progress=False)
        return writer, history.drop(columns="CPU-s")

    whole, straight = run(tmp_path / "a.safetensors", 3)
    parts, resumed = run(tmp_path / "b.safetensors", 1, 3)
    pd.testing.assert_frame_equal(straight, resumed)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name
    start = models.load(path).state_dict()
    assert any(not torch.equal(value, start[name]) for name, value in whole.state_dict().items())
    saved = models.load(tmp_path / "b.safetensors").state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in parts.state_dict().items())
    with pytest.raises(InputError, match="other settings"):
        way(whole, small_corpus, 4, out=tmp_path / "b.safetensors", options=SMALL, seed=9, progress=False)


def test_expert_iteration_makes_the_remembered_reports_likelier(small_corpus, brief):
    told = [d._replace(ids=d.ids[:12]) for d in optimise.references(small_corpus, brief, range(6), wordings=1)]
    batch = training.batch_of(small_corpus, np.arange(6), [d.ids for d in told])
    with torch.no_grad():
        before = float(training.loss_of(brief, batch))
    options = Options(films=2, samples=1, batch=6, steps=30, learning_rate=3e-3)
    optimise.expert_iteration(brief, small_corpus, 1, references=told, options=options, progress=False)
    with torch.no_grad():
        assert float(training.loss_of(brief, batch)) < before - 0.5


def test_the_decoding_search_ranks_settings_with_intervals(small_corpus, brief):
    grid = [{"temperature": 0.0}, {"samples": 3}, {"beams": 2}, {"temperature": 0.0, "guidance": 0.5}]
    found = optimise.decoding_search(brief, small_corpus, grid, progress=False)
    assert len(found) == 4 and found["reward"].is_monotonic_decreasing
    assert ((found["low"] <= found["reward"]) & (found["reward"] <= found["high"])).all()


def test_nonsense_is_refused(small_corpus, brief):
    with pytest.raises(InputError):
        optimise.expert_iteration(brief, small_corpus, 0, progress=False)
