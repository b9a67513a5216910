"""The sentence gate: the language model proposes sentences, the claim check disposes.

Several continuations are sampled to the full stop. Each is filled with the measured numbers, read back by the parser
and held against the measurements. The first that is supported and says something new is written; what is
contradicted, unverifiable or a repetition is not, nor what the model itself finds unlikely (a parser reads sense
into gibberish). What the model never says, the grammar says in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from medigenx_lib.cases import MEASURED_KINDS, Finding, Findings
from medigenx_lib.text import claims, grammar, phrases
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.placeholders import fill
from medigenx_lib.text.session import Continuation, Pick, Session

MODEL, GRAMMAR = "model", "grammar"
MOST_SENTENCES = 16
PATIENCE = 2
"""Rounds of sampling without an acceptable sentence before the grammar takes over."""
LEAST_LIKELIHOOD = -2.0
"""Mean log-probability, in nats a token, below which a sentence counts as a slip. Usual ones lie about -0.8."""
GRAMMAR_TRIES = 32
"""The grammar leaves out some facts by chance, so it is asked with several seeds."""

Topic = tuple[str, str | None]
"""What a statement is about: a kind and a side, such as ``("effusion", "left")``."""


@dataclass
class Gate:
    """What may still be said about a film with measured ``findings``, and what was said: sentence by sentence."""

    findings: Findings
    sentences: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)

    def __post_init__(self):
        self.open: set[Topic] = {_topic(finding) for finding in self.findings}
        self.closed = False
        """True once the impression, the last sentence, is written."""

    def offer(self, sentence: str | None, source: str) -> bool:
        """Write ``sentence`` if it passes, and say whether it did. None stands for a number nobody measured."""
        if reason := self._objection(sentence):
            return self.refuse(reason)
        if is_impression(sentence):
            self.closed = True
            at = len(self.sentences)
        else:
            self.open -= self._topics(sentence)
            at = len(self.sentences) - self.closed  # an impression stays last
        self.sentences.insert(at, sentence)
        self.sources.insert(at, source)
        return True

    def refuse(self, reason: str) -> bool:
        """Count a sentence that is not written, and why; always False."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        return False

    def _objection(self, sentence: str | None) -> str:
        """Why ``sentence`` may not be written, ``""`` if it may."""
        if not sentence:
            return "number not measured" if sentence is None else "empty"
        verdicts = claims.check(sentence, self.findings)
        if len(verdicts) != 1:
            return "not one sentence"
        if verdicts[0].verdict != "supported":
            return verdicts[0].verdict
        if any(_leaves_out(claim.finding, known) for claim in claims.parse(sentence) for known in self.findings):
            return "not all zones"
        if is_impression(sentence):
            return "too early" if self.closed or self.unsaid() else ""
        return "" if self._topics(sentence) & self.open else "repeated"

    def unsaid(self) -> Findings:
        """The findings that no sentence speaks of yet."""
        return Findings(tuple(finding for finding in self.findings if _topic(finding) in self.open))

    def _topics(self, sentence: str) -> set[Topic]:
        """The topics that ``sentence`` covers; an absence without a side covers both, a normal film all absences."""
        said = [claim.finding for claim in claims.parse(sentence)]
        return {_topic(known) for known in self.findings for claim in said if _covers(claim, known)}


def _topic(finding: Finding) -> Topic:
    return finding.kind, finding.side


def _covers(claim: Finding, known: Finding) -> bool:
    """True if ``claim`` says of ``known`` that it is there, is not, or cannot be told. That a lung has no dense
    opacity does not say that it has a faint one, and an effusion without a side says nothing of either side."""
    if claim.kind == "normal":
        return known.presence == "absent" and known.kind in MEASURED_KINDS and claim.presence == "present"
    if claim.kind != known.kind:
        return False
    if known.presence in claims.SAID:
        return claim.presence in claims.SAID and claim.side == known.side
    return claim.presence == known.presence and (claim.side in (None, known.side) or known.side is None)


def _leaves_out(claim: Finding, known: Finding) -> bool:
    """True if ``claim`` names some zones of ``known`` and not all: two such sentences would contradict each other."""
    return bool(claim.zones) and _covers(claim, known) and set(claim.zones) < set(known.zones)


def is_impression(sentence: str) -> bool:
    """True for the closing sentence that sums up: it repeats by its nature."""
    return sentence.lower().startswith(tuple(opening.strip().lower() for opening in phrases.IMPRESSION))


def write_gated(session: Session, gate: Gate, pick: Pick, seed: int) -> None:
    """Fill ``gate`` with sentences of ``session``, and with the grammar's for what the model does not say."""
    patience = PATIENCE
    while patience and len(gate.sentences) < MOST_SENTENCES and session.room > 0 and not gate.closed:
        candidates = session.sentences(pick)
        row = _first_accepted(session, gate, candidates)
        if row is None:
            session.reject()
            patience -= 1
        elif _ends(session, candidates[row]):
            break
        else:
            session.accept(row, candidates[row].ids)
            patience = PATIENCE
    say_the_rest(gate, seed)


def _ends(session: Session, candidate: Continuation) -> bool:
    return candidate.ids == session.end.tolist()


def _first_accepted(session: Session, gate: Gate, candidates: Iterable[Continuation]) -> int | None:
    """The number of the first row whose sentence passed (it is written then), or that ends a complete report."""
    for row, candidate in enumerate(candidates):
        if _ends(session, candidate):
            if not gate.open:
                return row
        elif candidate.likelihood < LEAST_LIKELIHOOD:
            gate.refuse("unlikely")
        elif gate.offer(_text(session, candidate, gate.findings), MODEL):
            return row
    return None


def _text(session: Session, candidate: Continuation, findings: Findings) -> str | None:
    return fill(tokenization.decode(session.writer.tokenizer, candidate.ids), findings)


def say_the_rest(gate: Gate, seed: int) -> None:
    """Let the grammar say whatever the ``gate`` still lacks; each of its sentences must pass as well."""
    for attempt in range(GRAMMAR_TRIES):
        if not gate.open:
            return
        for sentence in grammar.sentences(gate.unsaid(), seed + attempt):
            if not is_impression(sentence):
                gate.offer(sentence, GRAMMAR)
