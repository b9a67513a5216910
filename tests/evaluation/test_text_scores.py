"""Scores of reports: right on made-up cases, and beside reports that did not look."""

import math

import pytest

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import text

NORMAL = "The lungs are clear. No pleural effusion. Heart size is normal."
SICK = "There is an opacity in the right lower zone. No pleural effusion."
WET = "There is a left pleural effusion. The heart is enlarged."


def test_a_perfect_report_scores_one_and_a_foreign_one_near_zero():
    same = text.overlap([SICK, WET], [SICK, WET])
    assert same == pytest.approx({"bleu_1": 1, "bleu_4": 1, "rouge_l": 1})
    assert text.overlap(["zebra"], [SICK])["rouge_l"] == 0


def test_rouge_is_the_longest_common_subsequence():
    # common: "the heart is": 3 of 4 and 3 of 3 words
    assert text.overlap(["the heart is"], ["the heart is large"])["rouge_l"] == pytest.approx(2 * 0.75 / 1.75)


def test_findings_are_counted_by_what_is_said_to_be_there():
    assert text.kinds(NORMAL) == set()
    assert text.kinds(SICK) == {"opacity"} and text.kinds(WET) == {"effusion", "cardiomegaly"}
    found = text.finding_scores([SICK, SICK], [SICK, WET])  # said 2, right 3, both 1
    assert found == pytest.approx({"finding_precision": 1 / 2, "finding_recall": 1 / 3, "finding_f1": 2 / 5})
    assert text.finding_scores([NORMAL], [NORMAL])["finding_f1"] == 1
    assert text.finding_scores([NORMAL], [SICK])["finding_f1"] == 0


def test_claims_are_held_against_the_truth():
    truth = Findings((
        Finding("opacity", side="right", zones=("lower",)), Finding("opacity", "absent", side="left"),
        Finding("effusion", "absent", side="right"), Finding("effusion", "absent", side="left"),
    ))  # fmt: skip
    right = text.claim_scores([SICK], [truth])
    assert right["supported"] == 1 and right["claim_precision"] == 1 and right["claim_recall"] == 1
    wrong = text.claim_scores(["There is a left pleural effusion."], [truth])
    assert wrong["contradicted"] == 1 and wrong["claim_precision"] == 0 and wrong["claim_recall"] == 0


def test_nothing_to_count_is_not_a_score():
    assert math.isnan(text.claim_scores([NORMAL], [Findings()])["claim_recall"])


def test_distinct_sees_a_writer_that_repeats_itself():
    assert text.distinct([SICK, WET, NORMAL]) == 1
    assert text.distinct([SICK, SICK.upper(), NORMAL]) == pytest.approx(1 / 3)


def test_the_constant_report_is_the_best_of_the_pool():
    references = [NORMAL] * 5 + [SICK]
    assert text.best_constant([WET, SICK, NORMAL], references) == NORMAL


def test_the_table_shows_what_a_report_that_did_not_look_gets():
    references = [NORMAL, SICK, WET, NORMAL, SICK, NORMAL]
    table = text.scores(references[::-1], references)
    assert list(table.index) == ["generated", "constant report", "random report", "reference"]
    assert table.bleu_4["reference"] == pytest.approx(1) and table.finding_f1["reference"] == 1
    assert table.finding_f1["constant report"] == 0  # the constant normal report names no finding
    assert table.distinct["constant report"] == 0
    assert text.scores(references, references, seed=3).equals(text.scores(references, references, seed=3))


@pytest.mark.parametrize("reports", [[], [NORMAL]])
def test_unequal_lengths_are_refused(reports):
    with pytest.raises(InputError):
        text.scores(reports, [NORMAL, SICK])
