"""Findings to sentences, in radiology's own reporting style, with many wordings for each fact.

All that the findings state is said, or said to be not assessable; nothing else is. Numbers come from
``Finding.extent`` and ``Finding.measurement`` alone. The wordings are drawn by the seed, so the same findings and
seed give the same report. What :func:`report` writes, ``text.claims.parse`` reads back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from medigenx_lib.cases import MEASURED_KINDS, SIDES, Finding, Findings
from medigenx_lib.text import phrases
from medigenx_lib.text.severity import measured_number, severity_of

ORDERS = (("heart", "lungs", "pleura"), ("lungs", "pleura", "heart"), ("heart", "pleura", "lungs"))
IMPRESSION_RATE = 0.35
UNKNOWN_RATE = 0.5
NUMBER_RATE = 0.6
TOGETHER_RATE = 0.35


def report(findings: Findings, seed: int = 0) -> str:
    """One paragraph: :func:`sentences`, joined. What it says is exactly what ``findings`` state."""
    return " ".join(sentences(findings, seed))


def sentences(findings: Findings, seed: int = 0) -> list[str]:
    """The sentences of a report on ``findings``, in one of radiology's usual orders, wordings drawn by ``seed``.

    Findings measured as unknown are called not assessable or left out, never absent. About one report in three
    ends with an impression.
    """
    rng = random.Random(seed)
    groups = _groups(findings)
    together = _clear(findings, "opacity", "effusion") and rng.random() < TOGETHER_RATE
    rooms = {room: [] for room in ORDERS[0]}
    for group in groups:
        if not (together and group.kind in ("opacity", "effusion")):
            rooms[phrases.ROOMS.get(group.kind, "lungs")].append(group)
    said = [s for room in rng.choice(ORDERS) for s in _room(rooms[room], rng)]
    if together:
        said.insert(rng.randint(0, len(said)), _absent_together(rng))
    if rng.random() < IMPRESSION_RATE or not said:
        said += _impression(findings, groups, rng)
    return said or [rng.choice(phrases.NOTHING_MEASURED)]


@dataclass(frozen=True)
class _Group:
    """Findings that one sentence states: the same but for their side and their numbers."""

    kind: str
    presence: str
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """One of the findings, to ask for what they have in common."""
        return self.findings[0]

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides on which the findings lie, right before left; empty for one without a side."""
        return tuple(side for side in SIDES if side in {f.side for f in self.findings})


def _groups(findings: Iterable[Finding]) -> list[_Group]:
    """Findings merged over the two sides wherever all but side and numbers agree."""
    merged: dict[tuple, list[Finding]] = {}
    for finding in findings:
        key = replace(finding, side=None, extent=None, measurement=None)
        if finding.presence in ("absent", "unknown"):
            key = Finding(finding.kind, finding.presence, zones=finding.zones if finding.presence == "absent" else ())
        merged.setdefault((key, finding.side is None), []).append(finding)
    return [_Group(key.kind, key.presence, tuple(items)) for (key, _), items in merged.items()]


def _room(groups: Sequence[_Group], rng: random.Random) -> list[str]:
    """The sentences on one room of the chest: what is there before what is not."""
    order = {"present": 0, "uncertain": 1, "absent": 2, "unknown": 3}
    return [s for group in sorted(groups, key=lambda g: order[g.presence]) for s in _sentence(group, rng)]


def _sentence(group: _Group, rng: random.Random) -> list[str]:
    if group.kind == "normal":
        return _normal(group, rng)
    if group.presence == "unknown":
        return [_unknown(group, rng)] if rng.random() < UNKNOWN_RATE else []
    if group.kind == "cardiomegaly":
        return [_heart(group, rng)]
    if group.presence == "absent":
        return [_absent(group, rng)]
    return [_present(group, rng)]


# --- the heart ---


def _heart(group: _Group, rng: random.Random) -> str:
    finding = group.first
    wording = rng.choice(phrases.HEART[finding.presence])
    severity = _severity(group, rng) if finding.presence != "absent" else None
    words = phrases.HEART_SEVERITY[severity]
    text = wording.format(adverb=words[0], adjective=words[1])
    return _full_stop(text + _ratio(finding, rng))


def _ratio(finding: Finding, rng: random.Random) -> str:
    measured = finding.measurement
    if measured is None or not measured.name.startswith("cardiothoracic") or rng.random() > NUMBER_RATE:
        return ""
    return rng.choice(phrases.RATIOS).format(ratio=f"{measured.value:.2f}", percent=f"{100 * measured.value:.0f}")


# --- what is there, or may be ---


def _present(group: _Group, rng: random.Random) -> str:
    """One sentence for a finding (or the same on both sides): kind, severity, density, pattern, place, number."""
    noun = rng.choice([n for n in phrases.NOUNS[group.kind] if n.suits(group.first)])
    plural = len(group.sides) == 2 and bool(noun.plural)
    adjectives, tail = _attributes(group, rng)
    words = {
        "adjectives": adjectives, "noun": noun.plural if plural else noun.singular, "tail": tail,
        "pre": _place_before(group, rng), "place": _place_after(group, rng), "number": _number(group, rng),
    }  # fmt: skip
    words["be"] = "are" if plural or noun.always_plural else "is"
    words["place_s"] = "" if words["place"].startswith(("both", "all")) or "s " in words["place"] + " " else "s"
    words["s"] = "" if plural or noun.always_plural else "s"
    words["article"] = "" if plural or not noun.countable else "a"
    placed = bool(group.sides or group.first.zones)
    wording = rng.choice([w for w in phrases.STATEMENTS[group.presence] if placed or "{place}" not in w])
    return _full_stop(_tidy(wording.format(**words)))


def _attributes(group: _Group, rng: random.Random) -> tuple[str, str]:
    """(adjectives before the noun, phrases after it) that say severity, density and pattern."""
    finding, before, after = group.first, [], []
    if severity := _severity(group, rng):
        before.append(rng.choice(phrases.severity_words(finding.kind, severity)))
    for value, adjectives, tails in (
        (finding.density, phrases.DENSITY, phrases.DENSITY_AFTER),
        (finding.pattern, phrases.PATTERN, phrases.PATTERN_AFTER),
    ):
        if value and rng.random() < 0.75 and value != finding.severity:  # not "moderate moderately dense"
            before.append(rng.choice(adjectives[value]))
        elif value:
            after.append(rng.choice(tails[value]))
    return " ".join(before), "".join(f", {tail}" for tail in after)


def _severity(group: _Group, rng: random.Random) -> str | None:
    """The severity to say: the stated one always, else now and then the one that the numbers stand for."""
    if group.first.severity or rng.random() < 0.5:
        return group.first.severity
    numbers = [measured_number(finding) for finding in group.findings]
    grades = {number and severity_of(group.kind, number.value) for number in numbers}
    return grades.pop() if len(grades) == 1 else None


def _place_before(group: _Group, rng: random.Random) -> str:
    """The place as an adjective: "right lower zone", "bilateral", ""."""
    side = {0: "", 1: "".join(group.sides), 2: "bilateral"}[len(group.sides)]
    zones = group.first.zones
    if zones == ("lower",) and rng.random() < 0.25:
        return f"{side} {rng.choice(phrases.BASAL)}"
    if zones:
        return f"{side} {_zone_list(zones, rng)} {rng.choice(('zone', 'lung', 'lung zone'))}"
    return rng.choice(phrases.SIDED[side])


def _place_after(group: _Group, rng: random.Random) -> str:
    """The place as a phrase after a preposition: "the right lower zone", "both lungs"."""
    number = min(len(group.sides), 2)
    zones = group.first.zones
    words = {"side": "".join(group.sides[:1]), "zones": _zone_list(zones, rng), "s": "s" if len(zones) > 1 else ""}
    if zones == ("lower",) and rng.random() < 0.25:
        return rng.choice(phrases.BASES[number]).format(**words)
    if len(zones) == 3 and rng.random() < 0.4:
        return rng.choice(phrases.ALL_ZONES[number]).format(**words)
    table = phrases.PLACES if zones else phrases.PLACES_WITHOUT_ZONE
    return rng.choice(table[number]).format(**words)


def _zone_list(zones: Sequence[str], rng: random.Random) -> str:
    """ "mid and lower", "upper, mid and lower"."""
    middle = rng.choice(("mid", "mid", "middle"))
    words = [middle if zone == "middle" else zone for zone in zones]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _number(group: _Group, rng: random.Random) -> str:
    """ ", involving about 21 % of the right lung", or nothing where no share was measured, or now and then."""
    shares = [(f.side, _percent(f)) for f in group.findings if _percent(f)]
    if not shares or rng.random() > NUMBER_RATE:
        return ""
    verb, about = rng.choice(phrases.INVOLVING), rng.choice(phrases.ABOUT)
    places = [f"{percent} % of the {side + ' lung' if side else 'lung'}" for side, percent in shares]
    if len(places) == 2:
        places[0] = places[0].removesuffix(" lung")
    return f", {verb} {about} {' and '.join(places)}".replace("  ", " ")


def _percent(finding: Finding) -> int:
    """The share of the lung in whole per cent, 0 where none was measured."""
    number = measured_number(finding)
    if number is None or "extent" not in number.name:
        return 0
    return round(100 * number.value)


# --- what is not there, or cannot be told ---


def _absent(group: _Group, rng: random.Random) -> str:
    """A negative statement for one side, or for both."""
    one_side = group.sides[0] if len(group.sides) == 1 else ""
    if group.first.zones:
        noun = rng.choice(phrases.ABSENT_NOUNS[group.kind])
        return _full_stop(f"No {noun} in {_place_after(group, rng)}")
    table = {0: phrases.ABSENT, 1: phrases.ABSENT_ONE_SIDE, 2: phrases.ABSENT_BOTH_SIDES}[len(group.sides)]
    special = phrases.CLEAR.get(group.kind, {"one": (), "both": ()})["one" if one_side else "both"]
    wording = rng.choice((*table, *special))
    return _full_stop(_tidy(wording.format(noun=rng.choice(phrases.ABSENT_NOUNS[group.kind]), side=one_side)))


def _unknown(group: _Group, rng: random.Random) -> str:
    one_side = group.sides[0] if len(group.sides) == 1 else ""
    subject = rng.choice(phrases.UNKNOWN_SUBJECTS[group.kind]["one" if one_side else "both"])
    wording = rng.choice(phrases.UNKNOWN)
    plural = subject.endswith("s") and group.kind != "cardiomegaly" and not subject.endswith("sis")
    return _full_stop(wording.format(subject=subject.format(side=one_side), be="are" if plural else "is"))


def _normal(group: _Group, rng: random.Random) -> list[str]:
    """The film as a whole: said only where it is normal, or certainly is not."""
    wordings = phrases.NORMAL.get(group.presence)
    return [_full_stop(rng.choice(wordings))] if wordings else []


# --- several facts in one sentence ---


def _clear(findings: Findings, *kinds: str) -> bool:
    """True if each kind is stated as absent, as a whole or on both sides, and nowhere said to be anything else."""
    return all(_absent_everywhere(findings.of(kind)) for kind in kinds)


def _absent_everywhere(items: Sequence[Finding]) -> bool:
    sides = {f.side for f in items}
    whole = None in sides or set(SIDES) <= sides
    return bool(items) and whole and all(f.presence == "absent" and not f.zones for f in items)


def _absent_together(rng: random.Random) -> str:
    """Absent opacity and effusion in one sentence."""
    words = {kind: rng.choice(phrases.ABSENT_NOUNS[kind]) for kind in ("opacity", "effusion")}
    return _full_stop(rng.choice(phrases.ABSENT_TOGETHER).format(**words))


def _impression(findings: Findings, groups: Sequence[_Group], rng: random.Random) -> list[str]:
    """ "Impression: ..." repeats what is there; of a film without any of it, that it shows none."""
    there = [g for g in groups if g.presence == "present" and g.kind not in ("normal", "other")]
    if there:
        items = [_short(g, rng) for g in sorted(there, key=lambda g: bool(g.sides))]  # "left" must not run on
        return [
            _full_stop(rng.choice(phrases.IMPRESSION) + " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))))
        ]
    if any(g.presence == "uncertain" or (g.kind == "other" and g.presence != "absent") for g in groups):
        return []
    if _clear(findings, *MEASURED_KINDS):
        return [_full_stop(rng.choice(phrases.IMPRESSION) + rng.choice(phrases.IMPRESSION_NORMAL))]
    if _clear(findings, "opacity", "effusion"):
        return [_full_stop(rng.choice(phrases.IMPRESSION) + rng.choice(phrases.IMPRESSION_NO_ACUTE))]
    return []


def _short(group: _Group, rng: random.Random) -> str:
    """A finding as a bare phrase, for the impression: "right lower zone opacity"."""
    noun = rng.choice([n for n in phrases.NOUNS[group.kind] if n.suits(group.first)])
    word = noun.plural if len(group.sides) == 2 and noun.plural else noun.singular
    return _tidy(f"{_place_before(group, rng)} {word}").lower()


def _tidy(text: str) -> str:
    """One space between words, none before a comma, and "an" before a vowel."""
    words = " ".join(text.replace(" ,", ",").split()).replace(" ,", ",").split(" ")
    after = [*words[1:], ""]
    return " ".join("an" if w == "a" and n[:1] in "aeiou" else w for w, n in zip(words, after, strict=True))


def _full_stop(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
