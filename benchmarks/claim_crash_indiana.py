"""The crash test of the claim check on language that it was not written for: planted errors in real reports.

    python benchmarks/claim_crash_indiana.py [--part held-out|train] [--show EDIT]

Indiana reports, held against what the annotators indexed (MeSH), six kinds of finding. Which reports can be edited,
and which of their words, is decided by the headings and by the short word lists of this file, not by the parser: what
the parser fails to read counts as missed. Of the unedited reports the check flags some, where reader and annotators
differ; edits are made of the others. Borrowed sentences are of the training part. Intervals: 95 %, Wilson.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import parser_indiana
from scipy.stats import binomtest

from medigenx_lib import settings
from medigenx_lib.cases import SIDES, Finding, Findings
from medigenx_lib.text.crashtest import flagged
from medigenx_lib.text.mesh import COMPLETE
from medigenx_lib.text.sentences import split_sentences

WORDS = {
    "opacity": r"opacit|opacification|infiltrate|consolidat|air.?space|pneumonia",
    "effusion": r"effusion|hydropneumothorax|pleural fluid",
    "cardiomegaly": r"cardiomegaly|heart|cardiac silhouette|cardiomediastinal",
    "edema": r"edema|congestion|heart failure|engorge|vascular margin|prominent pulmonary vasc",
    "atelectasis": r"atelecta",
    "pneumothorax": r"pneumothora",
}
"""By which words a sentence is known to speak of a kind."""
SIDED = ("opacity", "effusion", "atelectasis", "pneumothorax")
DENIAL = re.compile(
    r"\b(?:no|not|without|negative|free|clear|resolved|normal|unlikely|absent|neither)\b", re.IGNORECASE
)
DOUBT = re.compile(
    r"\b(?:may|might|could|possibl\w+|probabl\w+|likely|versus|vs|or|suggest\w*|question\w*|represent\w*|xxxx|"
    r"differential|exclude|cannot|correlat\w*|concern\w*|resol\w+|improv\w+|clear\w*)\b",
    re.IGNORECASE,
)
ZONES = {"lower": "upper", "upper": "lower", "base": "apex", "bases": "apices", "basilar": "apical", "basal": "apical",
         "bibasilar": "biapical", "apex": "base", "apical": "basilar", "apices": "bases"}  # fmt: skip
GRADES = {
    "mild": {"small": "large", "mild": "severe", "minimal": "severe", "tiny": "large", "mildly": "severely"},
    "severe": {"large": "small", "severe": "mild", "severely": "mildly", "marked": "mild", "markedly": "mildly"},
}
"""Indexed severity -> words that say it, and what they are exchanged for."""
APART = r"(?:(?!\b(?:with|without|but|and|which|failure)\b)[^,;:.])*?"
"""What may stand between such a word and the finding it grades."""
LISTED = re.compile(r"\b(?:no|without) (?:evidence (?:of|for) )?(?=\S)", re.IGNORECASE)
Report = tuple[str, Findings]
Edit = Callable[[str, Findings, random.Random, Sequence[Report]], str | None]


# --- truth and sentences ---


def truth_of(indexed: Findings) -> Findings:
    """What the headings say of the six kinds; a kind indexed on one side is absent on the other."""
    kept = [f for f in indexed if f.kind in COMPLETE]
    for kind in SIDED:
        sides = {f.side for f in indexed.of(kind) if f.presence == "present"}
        if len(sides) == 1 and None not in sides:
            kept.append(Finding(kind, "absent", next(side for side in SIDES if side not in sides)))
    return Findings(tuple(kept))


def sentences(text: str) -> list[str]:
    return [sentence for _, sentence in split_sentences(text)]


def about(sentence: str, kind: str) -> bool:
    return re.search(WORDS[kind], sentence, re.IGNORECASE) is not None


def asserts(sentence: str, kind: str) -> bool:
    """Speaks of ``kind``, and neither denies nor doubts anything."""
    return about(sentence, kind) and not DENIAL.search(sentence) and not DOUBT.search(sentence)


def turned(text: str, words: dict[str, str]) -> str:
    """``text`` with words exchanged, capitals kept."""
    pattern = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)

    def other(match: re.Match) -> str:
        word = words[match[0].lower()]
        return word.capitalize() if match[0][0].isupper() else word

    return pattern.sub(other, text)


def each(text: str, kind: str, change: Callable[[str], str]) -> str | None:
    """``text`` after ``change`` of all sentences about ``kind``; None if that changes nothing."""
    edited = " ".join(change(s) if about(s, kind) else s for s in sentences(text))
    return edited if edited != " ".join(sentences(text)) else None


def first(rng: random.Random, options: Sequence, change: Callable) -> str | None:
    """The first change that can be made, of ``options`` in random order."""
    shuffled = rng.sample(list(options), len(options))
    return next((edited for option in shuffled if (edited := change(option)) is not None), None)


# --- harmful edits ---


def swap_sides(text, truth, rng, others) -> str | None:
    kinds = [kind for kind in SIDED if {f.presence for f in truth.of(kind)} == {"present", "absent"}]
    return first(rng, kinds, lambda kind: each(text, kind, lambda s: turned(s, {"left": "right", "right": "left"})))


def change_zones(text, truth, rng, others) -> str | None:
    kinds = [k for k in SIDED if (f := truth.of(k)) and all(len(x.zones) == 1 for x in f if x.presence == "present")]
    kinds = [kind for kind in kinds if truth.presence(kind) == "present"]
    return first(rng, kinds, lambda kind: each(text, kind, lambda s: turned(s, ZONES)))


def change_severity(text, truth, rng, others) -> str | None:
    """Where a word of the indexed severity grades the finding: not "borderline heart size, mild scoliosis"."""
    present = {kind: {f.severity for f in truth.of(kind) if f.presence == "present"} for kind in COMPLETE}

    def change(kind: str) -> str | None:
        words = {word: other for grade in present[kind] for word, other in GRADES[grade].items()}
        return each(text, kind, lambda s: turned(s, words) if graded(s, kind, words) else s)

    return first(rng, [kind for kind in COMPLETE if present[kind] and present[kind] <= set(GRADES)], change)


def graded(sentence: str, kind: str, words: Iterable[str]) -> bool:
    """Whether one of ``words`` stands before a word of ``kind``, or after it and a verb."""
    grade, named = rf"\b(?:{'|'.join(words)})\b", f"(?:{WORDS[kind]}|enlarge)"
    said = rf"{grade}{APART}{named}|{named}\w* (?:is|are|appears?|remains?) {grade}"
    return re.search(said, sentence, re.IGNORECASE) is not None


def drop_a_finding(text, truth, rng, others) -> str | None:
    return first(rng, [f.kind for f in truth.present()], lambda kind: each(text, kind, lambda s: "") or None)


def delete_a_negation(text, truth, rng, others) -> str | None:
    """ "No effusion" says "effusion": in one sentence that denies an absent kind first."""
    said = sentences(text)

    def change(i: int) -> str | None:
        spot = LISTED.search(said[i])
        denied = [k for k in COMPLETE if spot and re.match(rf"(?:\w+ ){{0,2}}?(?:{WORDS[k]})", said[i][spot.end() :])]
        if not denied or truth.presence(denied[0]) != "absent" or denied[0] == "cardiomegaly":
            return None
        return " ".join([*said[:i], said[i][: spot.start()] + said[i][spot.end() :], *said[i + 1 :]])

    return first(rng, range(len(said)), change)


def insert_a_negation(text, truth, rng, others) -> str | None:
    """ "There is an effusion" says "there is no effusion", "small effusion" "no small effusion"."""
    said, present = sentences(text), {f.kind for f in truth.present()}

    def change(i: int) -> str | None:
        if not any(asserts(said[i], kind) for kind in present) or " and " in said[i]:
            return None
        if match := re.match(r"(There (?:is|are)) (?:an? )?", said[i]):
            edited = f"{match[1]} no {said[i][match.end() :]}"
        elif re.match(r"(?:Small|Mild|Moderate|Large|Right|Left|Bilateral|Bibasilar|Cardiomegaly|Patchy)\b", said[i]):
            edited = f"No {said[i][0].lower()}{said[i][1:]}"
        else:
            return None
        return " ".join([*said[:i], edited, *said[i + 1 :]])

    return first(rng, range(len(said)), change)


def add_a_finding(text, truth, rng, others) -> str | None:
    """A sentence of another report that asserts what this film has not got."""
    absent = [kind for kind in COMPLETE if truth.presence(kind) == "absent"]
    return first(rng, absent, lambda kind: f"{text.rstrip(' .')}. {rng.choice(borrowed(others, kind))}")


def borrowed(others: Sequence[Report], kind: str) -> list[str]:
    """Sentences that assert ``kind``, of reports that were indexed so."""
    known = [text for text, truth in others if truth.presence(kind) == "present"]
    found = [s for text in known for s in sentences(text) if asserts(s, kind)]
    return [s for s in found if kind != "cardiomegaly" or re.search("cardiomegaly|enlarged", s, re.IGNORECASE)]


def swap_the_kind(text, truth, rng, others) -> str | None:
    if {truth.presence("effusion"), truth.presence("pneumothorax")} != {"present", "absent"}:
        return None
    words = {"effusion": "pneumothorax", "effusions": "pneumothoraces", "pneumothorax": "effusion",
             "pneumothoraces": "effusions"}  # fmt: skip
    edited = turned(re.sub(r"\bpleural (?=effusion)", "", text), words)
    return edited if edited != text else None


def call_it_normal(text, truth, rng, others) -> str | None:
    healthy = [report for report, known in others if not known.present()]
    return rng.choice(healthy) if truth.present() else None


def another_report(text, truth, rng, others) -> str | None:
    """The report of another film with other kinds of finding."""
    own = {f.kind for f in truth.present()}
    return rng.choice([report for report, known in others if {f.kind for f in known.present()} != own])


# --- harmless edits ---


def reorder(text, truth, rng, others) -> str:
    said = sentences(text)
    return " ".join(rng.sample(said, len(said)))


def tokenise(text, truth, rng, others) -> str:
    return re.sub(r"\s*([.,])(?=\s|$)", r" \1", text.lower())


def shout(text, truth, rng, others) -> str:
    return text.upper()


def substitute(text, truth, rng, others) -> str | None:
    """Words for others that mean the same."""
    words = {"seen": "identified", "noted": "demonstrated", "opacities": "opacifications", "opacity": "opacification",
             "identified": "visualized", "effusions": "pleural fluid collections", "basilar": "basal",
             "cardiomegaly": "cardiac enlargement", "lobe": "lung zone", "normal": "unremarkable"}  # fmt: skip
    edited = turned(re.sub(r"\bpleural (?=effusion)", "", text), words)
    return re.sub(r"(?:^|(?<=\. ))No (?=\w)", "There is no ", edited)


def add_remarks(text, truth, rng, others) -> str:
    """Two sentences of other reports that speak of none of the six kinds."""
    said = [s for report, _ in rng.sample(list(others), 20) for s in sentences(report)]
    known = "|".join((*WORDS.values(), "lung", "chest", "pulmon", "cardi", "clear"))
    bones = [s for s in said if re.search("spine|bony|osseous|soft tissue|trachea", s) and not re.search(known, s)]
    return " ".join([text, *bones[:2]])


HARMFUL: dict[str, Edit] = {
    "swap sides": swap_sides, "change the zone": change_zones, "change the severity": change_severity,
    "drop a finding": drop_a_finding, "delete a negation": delete_a_negation, "insert a negation": insert_a_negation,
    "add a finding": add_a_finding, "swap the kind": swap_the_kind, "call it normal": call_it_normal,
    "another film's report": another_report,
}  # fmt: skip
HARMLESS: dict[str, Edit] = {
    "reorder": reorder, "tokenise": tokenise, "upper case": shout, "substitute synonyms": substitute,
    "add remarks": add_remarks,
}  # fmt: skip


def with_interval(hits: int, made: int) -> str:
    """Share and its interval, in per cent."""
    if not made:
        return "–"
    interval = binomtest(hits, made).proportion_ci(method="wilson")
    return f"{100 * hits / made:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def reports(folder: Path, part: str) -> list[Report]:
    """Text and truth of each indexed report of a part."""
    return [(row["text"], truth_of(row["gold"])) for row in parser_indiana.read(folder, part)]


def table(rows: Sequence[Report], others: Sequence[Report], show: str | None) -> None:
    """Print one row an edit, or with ``show`` the texts on which the check errs."""
    passed = [(text, truth) for text, truth in rows if not flagged(text, truth)]
    print("| edit | kind | made | flagged, % |\n|---|---|---|---|")
    print(f"| none | | {len(rows)} | {with_interval(len(rows) - len(passed), len(rows))} |")
    for name, edit in {**HARMFUL, **HARMLESS}.items():
        if show not in (None, name):
            continue
        hits = made = 0
        for i, (text, truth) in enumerate(passed):
            edited = edit(text, truth, random.Random(f"{name}-{i}"), others)
            if edited is not None:
                caught, made = flagged(edited, truth), made + 1
                hits += caught
                if show == name and caught == (name in HARMLESS):
                    print(f"\n{[(f.kind, f.side, f.zones, f.severity) for f in truth.present()]}\n{text}\n-> {edited}")
        kind = "harmful" if name in HARMFUL else "harmless"
        print(f"| {name} | {kind} | {made} | {with_interval(hits, made)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=settings.real_data_dir() / "iu_xray")
    parser.add_argument("--part", choices=("train", "held-out"), default="held-out")
    parser.add_argument("--show", metavar="EDIT", help="print where the check errs on one edit")
    options = parser.parse_args()
    table(reports(options.data, options.part), reports(options.data, "train"), options.show)


if __name__ == "__main__":
    main()
