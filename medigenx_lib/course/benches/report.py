"""The report bench: a film, its measurements, a report by the decoding of your choice, and each claim checked."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets

from medigenx_lib import settings
from medigenx_lib.cases import Case, Finding
from medigenx_lib.course import widgets
from medigenx_lib.course.benches import parts
from medigenx_lib.course.look import PALETTE
from medigenx_lib.errors import InputError
from medigenx_lib.text import claims, decoding, models

LOOKS = {"supported": ("✓", PALETTE.green), "contradicted": ("✗", PALETTE.red), "unverifiable": ("?", PALETTE.orange)}
OUTLINES = {"right_lung": PALETTE.sky, "left_lung": PALETTE.sky, "opacity": PALETTE.orange, "effusion": PALETTE.purple}


WRITING = '<p role="status">Writing the report ...</p>'


class ReportBench(ipywidgets.VBox):
    """The widget of :func:`report_bench`; ``text`` holds the report as written or edited."""

    def __init__(self, cases: Sequence[Case]):
        self.cases = list(cases)
        self.writer = models.load("report_writer", settings.device())  # once: loading costs a fifth of an answer
        self.film = parts.choice("Film", parts.named(cases, "A report bench"))
        ways = {name.replace("_", " "): name for name in decoding.STRATEGIES}
        self.strategy = parts.choice("Decoding", ways, "gated")
        self.seed = parts.slider("Seed", 0, 20, 1, 0)
        self.text = ipywidgets.Textarea(
            description="Report (edit it)", style=widgets.LABEL, layout={"width": "min(100%, 46em)", "height": "10em"}
        )
        self.seen, self.verdicts = ipywidgets.HTML(), ipywidgets.HTML()
        super().__init__([ipywidgets.HTML("<b>Report bench</b>"), self.film, self.strategy, self.seed, self.seen,
                          self.text, self.verdicts])  # fmt: skip
        self.write()
        for control in (self.film, self.strategy, self.seed):
            control.observe(self.write, names="value")
        self.strategy.observe(self.grey_out, names="value")
        self.text.observe(self.check, names="value")

    def write(self, _change: Any = None) -> None:
        """Write a report about the chosen film by the chosen decoding, and check it."""
        case = self.cases[self.film.value]
        self.seen.value, self.verdicts.value = film_page(case), WRITING
        how = {"strategy": self.strategy.value, "seed": self.seed.value, "writer": self.writer}
        self.text.value = decoding.write([case], **how, progress=False)[0].report
        self.check()

    def grey_out(self, _change: Any = None) -> None:
        """Disable the seed where nothing is drawn by lot."""
        self.seed.disabled = self.strategy.value in decoding.SEEDLESS

    def check(self, _change: Any = None) -> None:
        """Hold the report in the text field against the measurements of the chosen film."""
        findings = self.cases[self.film.value].findings
        found = claims.check(self.text.value, findings)
        self.verdicts.value = verdict_page(found, claims.omitted(self.text.value, findings))


def report_bench(cases: Sequence[Case]) -> ReportBench:
    """A bench from film to checked report: measurements, decoding, sentences with verdicts, edited sentences checked.

    ``cases``: measured films, as ``radiomics.measure(segmentation.segment(films))`` gives them. Verdicts are against
    the measurements, which can be wrong themselves. Raises InputError if a film was not measured.
    """
    if any(case.findings is None for case in cases):
        raise InputError("A film without measured findings.", "Call segmentation.segment and radiomics.measure first.")
    made = ReportBench(cases)
    page = f"<div>{made.seen.value}<p>{html.escape(made.text.value)}</p>{made.verdicts.value}</div>"
    widgets.display_with_fallback(made, {"text/html": page, "text/plain": made.text.value})
    return made


def film_page(case: Case) -> str:
    """The film with what was found outlined, and its measurements."""
    shown = parts.grey(case.image)
    for name, colour in OUTLINES.items():
        if name in case.masks:
            shown[parts.edge(case.masks[name])] = parts.rgb(colour)
    kind = "Synthetic film" if case.synthetic else "Film"
    rows = [measured(finding) for finding in case.findings]
    return parts.row(
        parts.picture(case.image, f"{kind} {case.id}"),
        parts.picture(shown, "Lungs blue, opacity orange, effusion purple"),
        parts.table(["Finding", "Side", "Presence", "Zones", "Measured"], rows, "What was measured"),
    )


def measured(finding: Finding) -> list[str]:
    """One line of the table of measurements."""
    number = finding.measurement
    value = "" if number is None else number.shown(number.value)
    if number is not None:
        value += " of the lung" if number.is_share else f", {number.name.replace('_', ' ').replace('.', ', ')}"
    if number is not None and number.low is not None:
        value += f" ({number.shown(number.low, number.high)})"
    return [finding.kind, finding.side or "", finding.presence, ", ".join(finding.zones), value]


def verdict_page(verdicts: Sequence[claims.Verdict], left_out: Sequence[Finding]) -> str:
    """Each sentence with its verdict, in words and a sign as well as a colour, and what the report leaves out."""
    lines = []
    for verdict in verdicts:
        sign, colour = LOOKS[verdict.verdict]
        why = f"<small><b>{verdict.verdict}</b>: {html.escape(verdict.reason)}</small>"
        look = f"border-left:5px solid {colour};padding:.1rem .5rem;margin:.2rem 0;list-style:none"
        lines.append(f'<li style="{look}">{sign} {html.escape(verdict.sentence)}<br>{why}</li>')
    if not lines:
        lines = ['<li style="list-style:none">There is no sentence to check.</li>']
    kinds = ", ".join(f"{finding.side or ''} {finding.kind}".strip() for finding in left_out) or "nothing"
    return (
        f'<ol role="status" style="padding:0">{"".join(lines)}</ol><p>Left out of the report: {html.escape(kinds)}.</p>'
    )
