"""The board: ranks with intervals, what was caught, films and reports side by side, and the jury's score sheet."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.blends import BLEND_SIMILARITY
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY
from medigenx_lib.files import check_folder, write_text
from medigenx_lib.pages import ICONS, film_png
from medigenx_lib.project import hidden, tracks
from medigenx_lib.project.score import Result, score_or_refuse, shown
from medigenx_lib.settings import DISCLAIMER, NOTICE
from medigenx_lib.text.claims import check

SHOWN_FILMS, SHOWN_BLENDS, SHOWN_REPORTS = 8, 4, 4


def ranks(results: Sequence[Result]) -> list[tuple[int | None, Result]]:
    """(rank, result), best first; a rank is 1 + how many lie above with their whole interval, so overlaps tie.

    Results that are out of competition, and then those refused, stand last with the rank None.
    """
    running = sorted((r for r in results if r.counts), key=lambda r: -r.score)
    ranked = [(1 + sum(other.low > result.high for other in running), result) for result in running]
    ranked.sort(key=lambda pair: pair[0])
    caught = sorted((r for r in results if r.caught and not r.refused), key=lambda r: -r.score)
    return [*ranked, *((None, r) for r in caught), *((None, r) for r in results if r.refused)]


def board(folders: Sequence[str | Path], cases: str, out: str | Path = "board.html", progress: bool = True) -> Path:
    """Score every folder on the round ``cases`` and write the board; a folder that cannot be scored is named on it.

    Nothing that a team wrote is believed: everything is scored anew. Raises InputError only for an impossible round, or
    if ``out`` cannot be written.
    """
    from tqdm.auto import tqdm

    check_folder(Path(out).parent)
    if Path(out).is_dir():
        raise InputError(f"{out} is a folder.", "Name the page with --out, such as board.html.")
    hidden.cases(cases)
    bar = tqdm(list(map(Path, folders)), "scoring", unit="team", disable=not progress)
    return write_board(out, [score_or_refuse(folder, cases) for folder in bar])


def write_board(path: str | Path, results: Sequence[Result]) -> Path:
    """Render ``results`` to one self-contained page without scripts and return its path."""
    environment = Environment(loader=PackageLoader("medigenx_lib"), autoescape=True, undefined=StrictUndefined)
    groups = [(name, [r for r in results if r.track == name]) for name in (*tracks.TRACKS, "refused")]
    html = environment.get_template("board.html").render(
        notice=NOTICE,
        disclaimer=DISCLAIMER,
        threshold=COPY_SIMILARITY,
        blend_threshold=BLEND_SIMILARITY,
        sections=[_section(name, group) for name, group in groups if group and name != "refused"],
        refused=[r for r in results if r.refused],
        rubric=tracks.RUBRIC,
        points=tracks.POINTS,
        teams=[r.team for r in results if not r.refused],
    )
    return write_text(path, html)


def _section(name: str, results: Sequence[Result]) -> dict:
    ranked = ranks(results)
    places = [rank for rank, _ in ranked]
    return {
        "track": tracks.TRACKS[name],
        "rows": [_row(rank, rank is not None and places.count(rank) > 1, result) for rank, result in ranked],
        "columns": list(dict.fromkeys(key for result in results for key in result.numbers)),
    }


def _row(rank: int | None, tied: bool, result: Result) -> dict:
    return {
        "rank": "out" if rank is None else f"{rank}{' (tied)' if tied else ''}",
        "result": result,
        "bar": f"{result.low:.1f} {max(0.4, result.high - result.low):.1f} {result.score:.1f}".split(),
        "numbers": {key: shown(key, value) for key, value in result.numbers.items()},
        "films": [_mixture(*mixture) for mixture in result.blends[:SHOWN_BLENDS]]
        + [_pair(*pair) for pair in _chosen(result)],
        "reports": [_report(film, report) for film, report in _spoken(result)],
    }


def _chosen(result: Result) -> Sequence[tuple[Case, Case, float]]:
    """The films most like a training film, and as many from the rest: what a jury should see first."""
    pairs, half = list(result.nearest), SHOWN_FILMS // 2
    rest = pairs[half:]
    return [*pairs[:half], *rest[:: max(1, -(-len(rest) // half))]][:SHOWN_FILMS]


def _spoken(result: Result) -> list[tuple[Case, str]]:
    """Two films with findings and two without, with their reports."""
    kinds = [[pair for pair in result.reports if pair[0].label == label] for label in (1, 0)]
    return [pair for kind in kinds for pair in kind[: SHOWN_REPORTS // 2]]


def _pair(film: Case, nearest: Case, similarity: float) -> dict:
    return _shown(film, [nearest], similarity, "a copy" if similarity >= COPY_SIMILARITY else "")


def _mixture(film: Case, one: Case, other: Case, similarity: float) -> dict:
    return _shown(film, [one, other], similarity, "a blend of the two")


def _shown(film: Case, nearest: Sequence[Case], similarity: float, verdict: str) -> dict:
    """A film beside what it is like; ``verdict`` is empty for a film of the team's own."""
    near = [_uri(case) for case in nearest]
    return {"film": _uri(film), "nearest": near, "similarity": f"{similarity:.2f}", "verdict": verdict,
            "label": film.label_name}  # fmt: skip


def _report(film: Case, report: str) -> dict:
    verdicts = check(report, hidden.truth(film)) if report else ()
    lines = [{"text": v.sentence, "verdict": v.verdict, "icon": ICONS[v.verdict]} for v in verdicts]
    return {"film": _uri(film), "label": film.label_name, "lines": lines}


def _uri(case: Case) -> str:
    plain = replace(case, id="film", source="")  # no id, seed or path of an unseen case on the board
    return f"data:image/png;base64,{base64.b64encode(film_png(plain)).decode()}"
