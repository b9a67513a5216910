"""What a section says, as points for a slide or a speaker: sentences that mean something without what is around them.

The first sentence of a paragraph often points at the figure above it ("Same task, same steps"), asks, or only leads on
to the next. So of each paragraph the sentence with its bold words is taken, else the first that stands alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

EXERCISE = "### Exercise"
MOST, FEWEST = 6, 2
SHORT, JOINED = 6, 12
"""Up to so many words a sentence says too little; one that does not stand alone is joined to the next below so many."""
END = re.compile(r"(?<=[.?!])(?<!\bal\.)(?<!\be\.g\.)(?<!\bi\.e\.)([*\"')]*)\s+(?=[A-Z0-9\"'*`$(])")
LEANING = re.compile(
    r"""(?:And|But|So|Or|Now|Then|First|Again|Even|Also|Yet|Still|Only|Before|After|Because|Otherwise|Here|There|Below|Above
    |This|That|These|Those|It|Its|They|Their|Them|He|She|His|Her|Both|Neither|None|Each|Same|Such|Others?|Ours?|We|You|Let
    |What|How|Which|Why|Did|Was|Would|All|Some|One|Two|Three|Four|Five|Six|Seven|Twice|About|Usually|Source|Everything
    |No\ other|A\ toy|On\ the\ (?:left|right)|From\ here\ on|In\ (?:plain\ )?words|In\ Colab|In\ our\ (?:own\ )?run
    |The\ (?:same|others?|first|second|third|fourth|last|latter|rest|two|three|library's|bench|loop|result|full
        |sliders?|dotted|grey\ band|next\ cell|limit\ of\ it)
    |Without\ a\ network|Of\ (?:it|them|these|those)
    |(?:If|Whether|When|Where|As|For|With|By)\ (?:it|they|this|that|these|those|we|you|now|each|the\ room)
    |Look|Read|Mind|See|Try|Write|Guess|Predict|Choose|Move|Take|Ask|Suppose|Say|Imagine|Count|Set|Keep|Put|Turn|Save|Pick
    |Think|Correct|Draw)\b""",
    re.VERBOSE,
)
"""How a sentence begins that leans on what was said or shown before it."""
POINTING = re.compile(r"\b(?:above|below|here|this (?:table|picture|section|lesson|is|says|was|means|decides))\b")
WHOLE = re.compile(r"\*\*[^*]+\*\*[.!]?")
LINK = re.compile(r"^(?:So|And|But) ")
LIST, ITEM = re.compile(r"(?:-|\d\.) "), re.compile(r"\n(?=- |\d\. )")
LONG = 150
"""From so many words on, a list is shown with one sentence an item."""


def of(texts: Iterable[str]) -> list[str]:
    """At most ``MOST`` points of the Markdown ``texts`` of a section, in order; exercises and tables left out.

    Those with bold words come before others; sentences that do not stand alone, only where fewer than ``FEWEST`` do.
    """
    found = [point(paragraph) for paragraph in paragraphs(texts)]
    alone = [words for words, stands in found if stands]
    spare = [words for words, stands in found if not (stands or (alone and words.endswith(":")))]
    spare = spare[: max(0, FEWEST - len(alone))]
    stressed = sorted(alone, key=lambda words: "**" not in words)[:MOST]
    return [words for words, _ in found if words in (*stressed, *spare)]


def lists(texts: Iterable[str]) -> Iterator[str]:
    """Each list that a sentence with a colon announces, with that sentence, as Markdown."""
    for text in texts:
        blocks = taught(text).split("\n\n")
        for before, block in itertools.pairwise(blocks):
            if before.rstrip().endswith(":") and LIST.match(block):
                yield f"{announced(before)}\n\n{shorter(block) if len(block.split()) > LONG else block}"


def announced(paragraph: str) -> str:
    """The sentence that announces a list; with the one before it where it is as short as "So:"."""
    said = sentences(paragraph)
    return " ".join(said[-1:] if len(said[-1].split()) > 2 else said[-2:])


def shorter(block: str) -> str:
    """A Markdown list with what each item says in one sentence or two."""
    parts = [item.partition(" ") for item in ITEM.split(block)]
    return "\n".join(f"{mark} {point(text)[0]}" for mark, _, text in parts)


def taught(text: str) -> str:
    """The text of a cell before its exercise, if it holds one."""
    return text.partition(EXERCISE)[0]


def paragraphs(texts: Iterable[str]) -> Iterator[str]:
    """The paragraphs of running text, each in one line; what only announces a formula or a list is none."""
    for text in texts:
        for block in taught(text).split("\n\n"):
            if (block[:1].isupper() or block[:2] == "**") and len(block.split()) > SHORT:
                yield " ".join(block.split())


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph; "et al." ends none."""
    words = " ".join(paragraph.split())
    cuts = [0, *(place for found in END.finditer(words) for place in (found.end(1), found.end())), len(words)]
    return [words[start:end] for start, end in zip(cuts[::2], cuts[1::2], strict=True)]


def point(paragraph: str) -> tuple[str, bool]:
    """What a paragraph says, and whether that stands alone; where nothing does, its first sentences."""
    said = [unlinked(sentence) if "**" in sentence else sentence for sentence in sentences(paragraph)]
    alone = [sentence for sentence in said if stands_alone(sentence)]
    if alone:
        return next((sentence for sentence in alone if "**" in sentence), alone[0]), True
    count = 1
    while count < len(said) and (len(" ".join(said[:count]).split()) < JOINED or said[count - 1].endswith("?")):
        count += 1
    return " ".join(said[:count]), False


def unlinked(sentence: str) -> str:
    """The sentence without "So", "And" or "But" before it."""
    rest = LINK.sub("", sentence)
    return rest if rest == sentence else re.sub(r"[a-z]", lambda first: first[0].upper(), rest, count=1)


def stands_alone(sentence: str) -> bool:
    """True for a whole statement that neither begins with a word that leans on others nor points at the page.

    A short sentence that is bold from end to end is meant to stand alone.
    """
    if WHOLE.fullmatch(sentence) and not sentence.endswith(("?**", ":**")):
        return len(sentence.split()) > 3
    begins = sentence.lstrip("*\"'")
    leans = begins[:1] == "(" or LEANING.match(begins) or POINTING.search(sentence)
    if sentence.count("**") % 2 or sentence.rstrip("*\"')")[-1:] not in (".", "!"):
        return False
    return len(sentence.split()) > SHORT and not leans
