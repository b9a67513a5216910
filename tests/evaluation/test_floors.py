"""Floors of report scores: the hand-written BLEU is the field's, intervals are as wide as theory says."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import floors
from medigenx_lib.text import grammar
from medigenx_lib.text.samples import random_findings

KNOWN = [random_findings(seed) for seed in range(30)]
REFERENCES = [grammar.report(findings, seed) for seed, findings in enumerate(KNOWN)]
POOL = [grammar.report(findings, 1000 + seed) for seed, findings in enumerate(KNOWN)]


@pytest.mark.parametrize("reports, references", [
    (POOL, REFERENCES),
    (REFERENCES, REFERENCES),
    ([POOL[0]] * 30, REFERENCES),
    (["The heart is large (0.61)."], ["Heart: enlarged, ratio 0.61, the heart."]),
    (["No effusion is seen there"], ["There is no opacity of any kind here"]),
    (["The heart"], ["The heart is normal"]),
    (["a b c d"], ["e f g h"]),
])  # fmt: skip
def test_bleu_is_sacrebleus(reports, references):
    ours = floors.bleu(floors.bleu_counts(reports, references).sum(0))
    assert ours == pytest.approx(BLEU(lowercase=True).corpus_score(reports, [references]).score / 100, abs=1e-9)


def test_meteor_knows_stems_and_needs_no_download():
    assert floors.meteor("the lungs are clear", "the lungs are clear") > 0.95
    assert floors.meteor("clear lung", "clear lungs") > floors.meteor("clear heart", "clear lungs")


def test_the_interval_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.default_rng(0).random(300)
    found = floors.interval(np.stack([values, np.ones(300)], 1), lambda sums: sums[0] / sums[1], draws=800)
    assert found["value"] == pytest.approx(values.mean())
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * values.std() / 300**0.5, rel=0.15)


def test_nearest_scales_columns_and_ignores_constant_ones():
    pool = np.array([[0.0, 0, 5], [1, 1000, 5], [0, 1000, 5]])
    assert floors.nearest(np.array([[0.9, 990, 7], [0.1, 100, 7]]), pool).tolist() == [1, 0]


def test_the_table_puts_a_reworded_truth_between_floor_and_ceiling():
    keys = np.arange(30.0)[:, None]
    sets = floors.baselines(REFERENCES, POOL, keys, keys)
    assert sets["retrieved report"] == POOL
    table = floors.table(sets, REFERENCES, KNOWN)
    value = table.pivot(index="set", columns="score", values="value")
    assert (value.loc["reference", ["BLEU-4", "ROUGE-L", "finding F1", "claim precision"]] > 0.999).all()
    assert value["BLEU-4"]["retrieved report"] < 0.5 and value["claim precision"]["retrieved report"] == 1
    assert value["finding F1"]["random report"] < value["finding F1"]["retrieved report"]
    assert value["distinct"]["constant report"] == pytest.approx(1 / 30)
    known = table.dropna(subset="low")
    assert ((known["low"] <= known["value"] + 1e-9) & (known["value"] <= known["high"] + 1e-9)).all()


def test_sets_of_another_length_are_refused():
    with pytest.raises(InputError):
        floors.table({"short": POOL[:3]}, REFERENCES)


def test_nothing_to_choose_from_or_to_score_is_refused():
    with pytest.raises(InputError, match="no reports to choose"):
        floors.baselines(["a"], [], np.zeros((1, 1)), np.zeros((0, 1)))
    with pytest.raises(InputError, match="no reports to score"):
        floors.table({"a": []}, [])
