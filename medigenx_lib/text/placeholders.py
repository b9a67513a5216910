"""Numbers in reports: the language model writes names of measurements, the case fills in their values.

A language model that may write digits will sooner or later invent some. So the corpus is *delexicalised*:
"involving 23 % of the right lung" becomes "involving <opacity_extent.right|percent> % of the right lung", the
model is trained on that, and :func:`fill` puts the measured value of the case at hand back in. A name that the
case did not measure cannot be filled, and its sentence is not written.
Source: delexicalisation as in Wen et al., "Semantically conditioned LSTM-based natural language generation",
EMNLP 2015.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from medigenx_lib.cases import SIDES, Findings
from medigenx_lib.text.severity import measured_number

NUMBER = re.compile(r"\d+(?:\.\d+)?")
PLACEHOLDER = re.compile(r"<([a-z_]+(?:\.[a-z_]+)*)\|([a-z0-9]+)>")
FORMATS = {
    "percent": lambda value: f"{100 * value:.0f}",
    "ratio": lambda value: f"{value:.2f}",
}
"""The ways in which a measured share or ratio is written in a report."""


class _Written(NamedTuple):
    """One way of writing one measured number: ``"23"``, ``"<opacity_extent.right|percent>"``."""

    text: str
    placeholder: str


def delexicalise(sentence: str, findings: Findings) -> str | None:
    """``sentence`` with every number replaced by the placeholder of the measurement in ``findings`` that it states.

    None if some number is not traceable to a measurement.
    """
    known = list(_written_forms(findings))
    parts, end = [], 0
    for match in NUMBER.finditer(sentence):
        candidates = [form.placeholder for form in known if form.text == match.group()]
        if not candidates:
            return None
        parts += [sentence[end : match.start()], _nearest(candidates, sentence, match)]
        end = match.end()
    return "".join([*parts, sentence[end:]])


def fill(sentence: str, findings: Findings) -> str | None:
    """The inverse of :func:`delexicalise`; None if ``findings`` lack a measurement that the sentence names."""
    values = {form.placeholder: form.text for form in _written_forms(findings)}
    names = {match.group() for match in PLACEHOLDER.finditer(sentence)}
    if not names <= values.keys():
        return None
    return PLACEHOLDER.sub(lambda match: values[match.group()], sentence)


def _written_forms(findings: Findings) -> Iterator[_Written]:
    for finding in findings:
        if (number := measured_number(finding)) is not None:
            for form, write in FORMATS.items():
                yield _Written(write(number.value), f"<{number.name}|{form}>")


def _nearest(candidates: list[str], sentence: str, number: re.Match) -> str:
    """Of the measurements with the same written value, the one whose side is named next ("23 % of the right"), else
    last before the number; in the format that fits: a percentage before a percent sign, a ratio elsewhere."""
    is_percent = sentence[number.end() :].lstrip().startswith(("%", "per cent", "percent"))

    def cost(candidate: str) -> tuple[bool, float]:
        spots = [m.start() for side in SIDES if f".{side}" in candidate for m in re.finditer(side, sentence.lower())]
        ways = (
            spot - number.start() if spot > number.start() else len(sentence) + number.start() - spot for spot in spots
        )
        return ("|percent" in candidate) != is_percent, min(ways, default=3 * len(sentence))

    return min(candidates, key=cost)
