"""Reports to sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

ASKED_FOR = (
    r"(?:indications?(?: for [a-z /]{1,40})?|(?:clinical |brief |patient )?history|reason(?: for [a-z /]{1,40})?"
    r"|clinical (?:information|info|indications?|data|details|question)|technique|comparisons?|exam(?:ination)?"
    r"|procedure|(?:type of )?study)"
)
ANSWERED = r"(?:findings?|impressions?|conclusions?|interpretation|opinion|results?|report|summary|recommendations?)"
KNOWN = rf"(?i:{ASKED_FOR}(?:\s*(?:/|and|&)\s*{ASKED_FOR})*|{ANSWERED}(?:\s*(?:/|and|&)\s*{ANSWERED})*)"
SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\bvs\.)\s+|\n\s*\n\s*|\n\s*(?![a-z_(,\s]|\d+(?![.)]))|(?<=[a-z)])\.(?=[A-Z])"
    rf"|\n\s*(?={KNOWN}[ \t]*:)"
)
"""A full stop, an empty line, or a new line that does not go on in the middle of a sentence, as wrapped lines do."""
ENUMERATION = re.compile(r"^\s*(?:\d+[.)]|[-*•?])?\s*$")
LINE_ENDS = "\n\r\u2028\u2029"
HEADING = re.compile(
    rf"(?:^|(?<=[.{LINE_ENDS}]))[ \t\ufeff]*(?:[*_#>]+[ \t]*)?(?:([A-Z][A-Za-z /]{{2,40}}|{KNOWN})[ \t]*[*_]*:[*_]*"
    rf"|({KNOWN})[*_]*[ \t]*(?:[-\u2013\u2014][ \t]|(?=[{LINE_ENDS}])))"
)
"""Some words before a colon; those that are known also in lower case, before a dash, or alone on a line, and in the
marks of Markdown."""
ASKED = re.compile(rf"{ASKED_FOR}(?:\s*(?:/|and|&)\s*{ASKED_FOR})*\s*", re.IGNORECASE)
"""Headings of what was asked for, compared or done: no sentence under them speaks of this film."""
BLANK = re.compile(r"\s*")


def asked_for(text: str) -> list[tuple[int, int]]:
    """(start, end) of the sections of a report that say why and how it was made.

    Such a section lasts to the next heading that begins a line; where none follows, it is one sentence.
    """
    headings = list(HEADING.finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), len(text) + 1]
    return [
        (heading.start(), end if end <= len(text) and text[end - 1] in LINE_ENDS else _stop(text, heading.end()))
        for heading, end in zip(headings, ends, strict=False)
        if ASKED.fullmatch(heading[1] or heading[2])
    ]


def _stop(text: str, start: int) -> int:
    """The end of the sentence from ``start`` on, which may begin on the next line."""
    stop = SENTENCE_END.search(text, BLANK.match(text, start).end())
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
