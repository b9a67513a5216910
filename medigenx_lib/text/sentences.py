"""Reports to sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n\s*|\n\s*(?![a-z_(,\s]|\d+(?![.)]))|(?<=[a-z)])\.(?=[A-Z])")
"""A full stop, an empty line, or a new line that does not go on in the middle of a sentence, as wrapped lines do."""
ENUMERATION = re.compile(r"^\s*(?:\d+[.)]|[-*•?])?\s*$")


def split_sentences(text: str) -> Iterator[tuple[int, str]]:
    """(offset, sentence) pairs. Enumerations ("1.") and decimal points end no sentence."""
    start = 0
    for end, following in [*(m.span() for m in SENTENCE_END.finditer(text)), (len(text), len(text))]:
        sentence = text[start:end]
        if ENUMERATION.match(sentence):
            if end < len(text):
                start = following if sentence.strip() == "" else start
            continue
        lead = len(sentence) - len(sentence.lstrip())
        yield start + lead, sentence.strip()
        start = following
