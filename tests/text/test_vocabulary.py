"""A trimmed vocabulary: the same cuts, the same logits, a fraction of the rows."""

import torch

from medigenx_lib.text import ladder, vocabulary
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.placeholders import PLACEHOLDER

TEXTS = ladder.reports(40)
FEW = TEXTS[:10]


def test_text_is_cut_as_before_and_comes_back(tiny):
    whole = tiny(TEXTS).tokenizer.backend_tokenizer
    small = vocabulary.trimmed_tokenizer(whole, FEW)
    assert small.get_vocab_size() < whole.get_vocab_size()
    for text in FEW:
        assert tokenization.decode(small, tokenization.encode(small, text)) == text
        plain = PLACEHOLDER.sub("so much", text)
        if plain == text:
            assert small.encode(text).tokens == whole.encode(text).tokens
    name = next(PLACEHOLDER.search(text).group() for text in TEXTS if PLACEHOLDER.search(text))
    assert len(vocabulary.trimmed_tokenizer(whole, [name]).encode(name).ids) == 1


def test_logits_of_what_stays_are_those_of_the_whole(tiny):
    pretrained = tiny(TEXTS)
    whole = pretrained.tokenizer.backend_tokenizer
    text = PLACEHOLDER.split(FEW[0])[0]
    with torch.inference_mode():
        before = pretrained.model(input_ids=torch.tensor([whole.encode(text).ids])).logits[0]
    small = vocabulary.trimmed_tokenizer(whole, FEW)
    vocabulary.trim(pretrained.model, whole, small)
    with torch.inference_mode():
        after = pretrained.model(input_ids=torch.tensor([small.encode(text).ids])).logits[0]
    stayed = {name: i for name, i in small.get_vocab().items() if whole.token_to_id(name) is not None}
    torch.testing.assert_close(after[:, list(stayed.values())], before[:, [whole.token_to_id(n) for n in stayed]])
    assert after.shape[1] == small.get_vocab_size()


def test_every_stop_ends_a_sentence(tiny):
    small = vocabulary.trimmed_tokenizer(tiny(TEXTS).tokenizer.backend_tokenizer, TEXTS)
    *full_stops, end = tokenization.stops(small)
    assert full_stops and all(small.id_to_token(i).endswith(".") for i in full_stops)
    assert small.id_to_token(end) == tokenization.END
