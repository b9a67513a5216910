"""The independent judge: it reads findings off words alone, on reports that it never saw."""

import numpy as np
import pytest

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import judge as judges
from medigenx_lib.text import grammar
from medigenx_lib.text.samples import random_findings


@pytest.fixture(scope="module")
def judge():
    return judges.grammar_judge(1500)


def test_it_reads_reports_of_other_films(judge):
    known = [random_findings(seed) for seed in range(150)]
    texts = [grammar.report(findings, seed) for seed, findings in enumerate(known)]
    assert judges.judged(judge, texts, known) > 0.85
    assert judges.judged(judge, texts[1:] + texts[:1], known) < 0.65


def test_labels_are_certain_findings_by_side():
    known = Findings((Finding("opacity", "present", "left"), Finding("effusion", "uncertain", "right"),
                      Finding("cardiomegaly", "present")))  # fmt: skip
    assert [n for n, there in zip(judges.LABELS, judges.labels(known), strict=True) if there] == [
        "left opacity", "cardiomegaly",
    ]  # fmt: skip


def test_it_shares_no_rule_with_the_parser():
    import ast
    import inspect

    names = {node.module or "" for node in ast.walk(ast.parse(inspect.getsource(judges)))
             if isinstance(node, ast.ImportFrom)}  # fmt: skip
    assert not any(word in name for name in names for word in ("parsing", "claims", "lexicon", "gate"))


def test_micro_f1_by_hand():
    read, truth = np.array([[1, 0], [1, 1]], bool), np.array([[1, 1], [0, 1]], bool)
    assert judges.micro_f1(read, truth) == pytest.approx(2 * 2 / 6)
    assert judges.micro_f1(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1.0


def test_a_label_that_never_changes_is_refused():
    with pytest.raises(InputError):
        judges.Judge(["a"]).fit(["x y"] * 4, np.ones((4, 1), bool))
