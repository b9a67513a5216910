"""No number is written that was not measured."""

import re

import pytest

from medigenx_lib.cases import Finding, Findings, Measurement
from medigenx_lib.text import grammar
from medigenx_lib.text.placeholders import delexicalise, fill
from medigenx_lib.text.samples import random_findings

BOTH = Findings(
    (
        Finding("opacity", side="right", measurement=Measurement("opacity_extent.right", 0.23)),
        Finding("opacity", side="left", measurement=Measurement("opacity_extent.left", 0.23)),
        Finding("cardiomegaly", measurement=Measurement("cardiothoracic_ratio", 0.581)),
    )
)


@pytest.mark.parametrize("seed", range(60))
def test_every_number_of_the_grammar_is_traced_and_comes_back(seed):
    findings = random_findings(seed)
    for sentence in grammar.sentences(findings, seed):
        plain = delexicalise(sentence, findings)
        assert plain is not None
        assert not re.search(r"\d", plain)
        assert fill(plain, findings) == sentence


def test_numbers_that_nobody_measured_have_no_placeholder():
    assert delexicalise("Opacity of 24 % on the right.", BOTH) is None
    assert delexicalise("The 5th rib is broken.", BOTH) is None


def test_the_same_number_on_both_sides_is_told_apart_by_the_words():
    text = "It involves 23 % of the right and 23 % of the left lung."
    right, left = (f"<opacity_extent.{side}|percent>" for side in ("right", "left"))
    assert delexicalise(text, BOTH) == f"It involves {right} % of the right and {left} % of the left lung."


def test_a_ratio_is_not_a_percentage():
    assert (
        delexicalise("Ratio 0.58, or 58 %.", BOTH)
        == "Ratio <cardiothoracic_ratio|ratio>, or <cardiothoracic_ratio|percent> %."
    )


def test_what_was_not_measured_cannot_be_filled():
    assert fill("Ratio <cardiothoracic_ratio|ratio>.", Findings()) is None
    assert fill("Ratio <cardiothoracic_ratio|guess>.", BOTH) is None
    assert fill("No number.", Findings()) == "No number."
