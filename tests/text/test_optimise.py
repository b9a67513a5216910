"""Optimising against the claim check: what the reward rewards, what the losses push, and going on where one stopped."""

import numpy as np
import pandas as pd
import pytest
import torch

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.text import decoding, fusion, grammar, models, optimise, search, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.optimise import Options
from medigenx_lib.text.samples import random_findings
from medigenx_lib.text.search import Draft

SMALL = Options(films=3, samples=2, batch=4, steps=2, least=0.0)
ABSENT = (Finding("effusion", "absent", "right"), Finding("effusion", "absent", "left"))
ILL = Findings((Finding("opacity", "present", "right", ("lower",)), Finding("opacity", "absent", "left"), *ABSENT))


def test_what_the_grammar_says_of_the_findings_earns_nearly_all():
    earned = [
        search.reward(grammar.sentences(random_findings(seed), seed), random_findings(seed)) for seed in range(40)
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
    good = search.reward(
        ["Opacity in the right lower zone.", "No pleural effusion.", "No opacity in the left lung."], ILL
    )
    assert good == 1.0
    assert search.reward(worse, ILL) < 0.95 * good


def test_a_report_without_an_end_earns_nothing(untrained, cases):
    ids = tokenization.encode(untrained.tokenizer, "No pleural effusion.")[1:]
    assert search.reward_of_ids(untrained, ids[:-1], cases[0].findings) == 0.0
    assert search.reward_of_ids(untrained, [], cases[0].findings) == 0.0


def test_likelihoods_agree_with_the_training_loss(untrained, small_corpus):
    drafts = optimise.references(small_corpus, untrained, range(3), wordings=1)
    batch = training.batch_of(small_corpus, np.arange(3), [d.ids for d in drafts])
    given = torch.ones(3, dtype=torch.bool)
    told = untrained.prefix(batch.images, batch.vectors, given, given)
    with torch.no_grad():
        likelihoods = optimise.log_likelihoods(untrained, told, batch.ids)
        mean = untrained(told, batch.ids)
        credited = optimise.credited_loss(untrained, small_corpus, drafts)
    tokens = sum(len(d.ids) - 1 for d in drafts)
    assert torch.isclose(-likelihoods.sum() / tokens, mean, atol=1e-4)
    assert torch.isclose(credited, mean, atol=1e-4)


def test_what_gets_no_credit_is_not_learned(untrained, small_corpus):
    (draft,) = optimise.references(small_corpus, untrained, [0], wordings=1)
    half = len(draft.ids) // 2
    credit = [1.0] * half + [0.0] * (len(draft.ids) - 1 - half)
    part = optimise.credited_loss(untrained, small_corpus, [draft._replace(credit=credit)])
    alone = optimise.credited_loss(untrained, small_corpus, [draft._replace(ids=draft.ids[: half + 1])])
    assert torch.isclose(part, alone, atol=1e-4)


def draft_of(writer, *sentences, end=True):
    """A draft that says ``sentences``."""
    ids = tokenization.encode(writer.tokenizer, " ".join(sentences))
    return Draft(0, ids if end else ids[:-1], 0.0)


RIGHT = ("Opacity in the right lower zone.", "No pleural effusion.", "No opacity in the left lung.")


def said(writer, draft):
    return [text for text in decoding.split_sentences(draft.ids[1:], writer) if text]


def test_what_passed_in_several_reports_makes_one(untrained):
    first = draft_of(untrained, "Opacity in the right upper zone.", RIGHT[1], "Opacity in the left lung.")
    second = draft_of(untrained, "Opacity in the right lung.", "Opacity in the right lower zone.", RIGHT[2])
    stitched = search.stitch(untrained, [first, second], ILL)
    assert sorted(said(untrained, stitched)) == sorted(RIGHT)
    assert stitched.reward == 1.0 and stitched.ids[-1] == untrained.tokenizer.token_to_id(tokenization.END)
    assert search.stitch(untrained, [first], ILL).reward < 1.0


def test_credit_goes_to_the_sentences_that_passed(untrained):
    draft = search.credited(untrained, draft_of(untrained, "Opacity in the right upper zone.", *RIGHT[1:]), ILL)
    pieces = [piece for piece in decoding.split_ids(draft.ids[1:], untrained) if piece]
    starts = np.cumsum([0, *map(len, pieces)])[:-1]
    assert [draft.credit[start] for start in starts] == [0, 1, 1, 0] and len(draft.credit) == len(draft.ids) - 1
    whole = search.credited(untrained, draft_of(untrained, *RIGHT), ILL).credit
    assert [whole[0], whole[-1]] == [search.WEIGHT, 1] and all(whole)


@pytest.mark.parametrize("name", ["prefix", "cross"])
def test_a_finished_report_leaves_the_others_as_they_are(name, small_corpus):
    torch.manual_seed(0)
    writer = fusion.build(name, small_corpus, small_corpus.reports()).eval()
    told = fusion.Shown(small_corpus.images[:4] / 255, small_corpus.vectors[:4]).tell(writer).detach()
    end, steps = writer.tokenizer.token_to_id(tokenization.END), iter(range(1000))

    def pick(logits):
        """The likeliest, but the row before the last ends now and then."""
        ids = logits.argmax(-1)
        if next(steps) % 5 == 3 and len(ids) > 1:
            ids[-2] = end
        return ids

    rows = fusion.write_ids(writer, told, pick)
    alone = fusion.write_ids(writer, told[-1:])
    assert rows[-1] == alone[0] and rows[2][3] == end and len(rows[2]) == 4


def test_the_self_critical_loss_makes_the_better_report_likelier(untrained, small_corpus):
    better, other = (optimise.references(small_corpus, untrained, [0], wordings=2)[i] for i in (0, 1))
    optimiser = torch.optim.SGD(untrained.parameters(), 0.05)

    def gap():
        batch = training.batch_of(small_corpus, np.array([0, 0]), [better.ids, other.ids])
        given = torch.ones(2, dtype=torch.bool)
        with torch.no_grad():
            told = untrained.prefix(batch.images, batch.vectors, given, given)
            first, second = optimise.log_likelihoods(untrained, told, batch.ids).sum(1)
        return float(first - second)

    before = gap()
    for _ in range(3):
        loss = optimise.self_critical_loss(untrained, small_corpus, [better, other], [0.5, -0.5])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert gap() > before


@pytest.mark.parametrize("way", [optimise.expert_iteration, optimise.self_training, optimise.self_critical])
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
    found = search.decoding_search(brief, small_corpus, grid, progress=False)
    assert len(found) == 4 and found["reward"].is_monotonic_decreasing
    assert ((found["low"] <= found["reward"]) & (found["reward"] <= found["high"])).all()


def test_nonsense_is_refused(small_corpus, brief):
    with pytest.raises(InputError):
        optimise.expert_iteration(brief, small_corpus, 0, progress=False)
