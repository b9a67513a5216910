"""Questions in a lesson: one to think about with its answer folded away, and a quiz that answers at once."""

from __future__ import annotations

import html
import string
from collections.abc import Mapping

import ipywidgets

from medigenx_lib.course import look
from medigenx_lib.course.widgets import LABEL, display_with_fallback
from medigenx_lib.errors import InputError


def think(question: str, answer: str) -> None:
    """Show a question to think about, and what we would answer, folded away. Blank lines part paragraphs."""
    folded = f"<details><summary>What we would answer</summary>{paragraphs(answer)}</details>"
    static = {
        "text/html": f"<div><b>Think:</b> {paragraphs(question)}{folded}</div>",
        "text/plain": f"Think: {question}\n\nWhat we would answer: {answer}",
    }
    look.present(static)


def paragraphs(text: str) -> str:
    """Text as escaped HTML paragraphs, with `code` between backticks."""
    parts = (html.escape(part.strip()) for part in text.split("\n\n"))
    return "".join(f"<p>{marked(part)}</p>" for part in parts)


def marked(escaped: str) -> str:
    """Backticks of escaped text as ``<code>``; an odd one out stays as it is."""
    pieces = escaped.split("`")
    if len(pieces) % 2 == 0:
        return escaped
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def quiz(question: str, options: Mapping[str, str], answer: str) -> None:
    """Ask ``question``; each of ``options`` says why it is right or wrong as soon as it is chosen.

    Without a front end, options and folded reasons are shown as text. Raises InputError if ``answer`` is no option.
    """
    if answer not in options or not 2 <= len(options) <= 6:
        raise InputError(f"The answer {answer!r} is not among {len(options)} options.", "Give 2 to 6, one of them it.")
    letters = string.ascii_uppercase[: len(options)]
    # Letters as text: a list numbers itself 1, 2, 3 where a front end strips attributes from a page it does not trust.
    pairs = zip(letters, options, strict=True)
    listed = "<br>".join(f"{letter}: {marked(html.escape(option))}" for letter, option in pairs)
    asked = f"<p><b>{marked(html.escape(question))}</b></p><p>{listed}</p>"
    said = {
        letter: verdict(letter, option, why, answer)
        for letter, (option, why) in zip(letters, options.items(), strict=True)
    }
    chooser = ipywidgets.ToggleButtons(
        options=list(letters), value=None, description="Your answer:", tooltips=list(options), style=LABEL
    )
    chooser.style.button_width = "3em"
    feedback = ipywidgets.HTML()
    chooser.observe(lambda change: setattr(feedback, "value", said.get(change["new"], "")), names="value")
    display_with_fallback(ipywidgets.VBox([ipywidgets.HTML(asked), chooser, feedback]), static(question, asked, said))


def verdict(letter: str, option: str, why: str, answer: str) -> str:
    """What is said about one option, in words and not by colour alone."""
    word = "Right." if option == answer else "Not quite."
    return f'<p role="status">{letter}: <b>{word}</b> {marked(html.escape(why[:1].upper() + why[1:]))}</p>'


def static(question: str, asked: str, said: Mapping[str, str]) -> dict[str, str]:
    """The same question for a page without widgets, reasons folded away."""
    folded = f"<details><summary>Answers</summary>{''.join(said.values())}</details>"
    return {"text/html": f"<div>{asked}{folded}</div>", "text/plain": f"Quiz: {question}"}
