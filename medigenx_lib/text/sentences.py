"""Reports to sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bvs\.)\s+|\n\s*\n\s*|\n\s*(?![a-z_(,\s]|\d+(?![.)]))|(?<=[a-z)])\.(?=[A-Z])")
"""A full stop, an empty line, or a new line that does not go on in the middle of a sentence, as wrapped lines do."""
ENUMERATION = re.compile(r"^\s*(?:\d+[.)]|[-*•?])?\s*$")
HEADING = re.compile(r"(?:^|(?<=[.\n]))[ \t]*([A-Z][A-Za-z /]{2,40}):")
ASKED = re.compile(
    r"(?:indications?|(?:clinical |brief )?history|clinical (?:information|info|indications?|data|details|question)"
    r"|reason for .*|technique|comparisons?|exam(?:ination)?|procedure|(?:type of )?study)\s*",
    re.IGNORECASE,
)
"""Headings of what was asked for, compared or done: no sentence under them speaks of this film."""


def asked_for(text: str) -> list[tuple[int, int]]:
    """(start, end) of the sections of a report that say why and how it was made.

    Such a section lasts to the next heading that begins a line; where none follows, it is one sentence.
    """
    headings = list(HEADING.finditer(text)) if ":" in text else []
    ends = [*(heading.start() for heading in headings[1:]), len(text) + 1]
    return [
        (heading.start(), end if text[end - 1 : end] == "\n" else _stop(text, heading.end()))
        for heading, end in zip(headings, ends, strict=False)
        if ASKED.fullmatch(heading[1])
    ]


def _stop(text: str, start: int) -> int:
    """The end of the sentence from ``start`` on."""
    stop = SENTENCE_END.search(text, start)
    return stop.start() if stop else len(text)


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
