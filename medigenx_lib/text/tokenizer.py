"""A byte-pair tokenizer trained on the report corpus: a few hundred tokens, most of them whole words.

Source: Sennrich et al., "Neural machine translation of rare words with subword units", ACL 2016, through the
``tokenizers`` library. Full stops are always tokens of their own, so that decoding can stop after a sentence, and
each placeholder of a measured number (``placeholders.PLACEHOLDER``) is one token.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from medigenx_lib.errors import TrainingError
from medigenx_lib.text.placeholders import NUMBER, PLACEHOLDER

PAD, BEGIN, END, UNKNOWN = "<pad>", "<begin>", "<end>", "<unknown>"
SPECIAL = (PAD, BEGIN, END, UNKNOWN)
VOCABULARY = 800


def train(texts: Iterable[str], vocab_size: int = VOCABULARY) -> Tokenizer:
    """A tokenizer of at most ``vocab_size`` tokens for delexicalised ``texts``. Raises TrainingError without text."""
    texts = list(texts)
    if not any(texts):
        raise TrainingError("There is no text to train a tokenizer on.", "Give at least one report.")
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Punctuation()]
    )
    tokenizer.decoder = decoders.Metaspace()
    names = sorted({match.group() for text in texts for match in PLACEHOLDER.finditer(text)})
    special = [AddedToken(name, special=True, normalized=False) for name in (*SPECIAL, *names)]
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Token ids of ``text`` between begin and end."""
    ids = tokenizer.encode(text).ids
    return [tokenizer.token_to_id(BEGIN), *ids, tokenizer.token_to_id(END)]


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of ``ids``, placeholders kept, begin, end and padding left out."""
    drop = {tokenizer.token_to_id(name) for name in SPECIAL}
    return tokenizer.decode([int(i) for i in ids if int(i) not in drop], skip_special_tokens=False).strip()


def stops(tokenizer: Tokenizer) -> list[int]:
    """Ids of the tokens that end a sentence: the full stop, alone or after a bracket, and last the report's end."""
    full_stops = sorted(i for token, i in tokenizer.get_vocab().items() if token.endswith("."))
    return [*full_stops, tokenizer.token_to_id(END)]


def never_written(tokenizer: Tokenizer) -> list[int]:
    """Ids that decoding must not sample: padding, begin, unknown, and everything with a digit in it."""
    outside = (PAD, BEGIN, UNKNOWN)
    return [
        i
        for token, i in tokenizer.get_vocab().items()
        if token in outside or (NUMBER.search(token) and not PLACEHOLDER.fullmatch(token))
    ]
