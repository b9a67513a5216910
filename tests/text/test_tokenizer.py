"""The tokenizer loses nothing, keeps full stops and placeholders whole, and lets no digit be written."""

import pytest

from medigenx_lib.errors import TrainingError
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import delexicalised_report
from medigenx_lib.text.placeholders import PLACEHOLDER
from medigenx_lib.text.samples import random_findings

TEXTS = [delexicalised_report(random_findings(seed), seed) for seed in range(200)]


@pytest.fixture(scope="module")
def tokenizer():
    return tokenization.train(TEXTS, 500)


def test_decoding_gives_the_text_back(tokenizer):
    for text in TEXTS:
        assert tokenization.decode(tokenizer, tokenization.encode(tokenizer, text)) == text


def test_full_stops_and_placeholders_are_tokens_of_their_own(tokenizer):
    stop, end = tokenization.stops(tokenizer)
    assert tokenizer.id_to_token(stop) == "."
    for text in TEXTS:
        ids = tokenization.encode(tokenizer, text)
        tokens = [tokenizer.id_to_token(i) for i in ids]
        assert ids[-1] == end
        assert ids.count(stop) == text.count(".") - sum(m.group().count(".") for m in PLACEHOLDER.finditer(text))
        assert [t for t in tokens if PLACEHOLDER.fullmatch(t)] == [m.group() for m in PLACEHOLDER.finditer(text)]


def test_digits_are_never_written():
    tokenizer = tokenization.train(["Opacity of 24 % on film 2.", "Ratio <cardiothoracic_ratio|ratio>."])
    banned = {tokenizer.id_to_token(i) for i in tokenization.never_written(tokenizer)}
    assert any("2" in token for token in banned)
    allowed = set(tokenizer.get_vocab()) - banned
    assert not any(char.isdigit() for token in allowed for char in token)
    assert "<cardiothoracic_ratio|ratio>" in allowed


def test_no_text_is_an_error():
    with pytest.raises(TrainingError):
        tokenization.train(["", ""])
