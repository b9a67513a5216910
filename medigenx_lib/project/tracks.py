"""What is asked of the teams: three tracks, roles for three to five people, milestones, and the jury's rubric."""

from __future__ import annotations

from dataclasses import dataclass

from medigenx_lib.errors import InputError


@dataclass(frozen=True)
class Track:
    """``question``: what the team works on. ``files``: what is handed in. ``measure``: what the score is, 0..100."""

    name: str
    question: str
    files: str
    measure: str


FILMS = (
    "`films.npz` with `images` (N, S, S), uint8 or float in 0..1, and `labels` (N,), 0 normal and 1 pneumonia; or PNGs "
    "beside a `films.csv` with the columns `file,label`; or `generator.safetensors`, a generator trained with this "
    "course, from which the scorer draws"
)
TRACKS = {
    track.name: track
    for track in (
        Track(
            "realism",
            "Can films be made that look real without being copies?",
            FILMS,
            "the harmonic mean of precision (share of your films that lie among unseen real ones) and recall (share "
            "of unseen real films that lie among yours), in the features of the course's film encoder, times 100",
        ),
        Track(
            "faithfulness",
            "Can reports be written that say what is on the film, and nothing else?",
            "`reports.csv` with the columns `film,report`, one row a film dealt out; or `writer.json`, the way of "
            "decoding with which the scorer lets the course's report writer write",
            "the F1 of findings claimed for certain (kind, side and exact zones) against what is really there, "
            "over all films, times 100",
        ),
        Track(
            "usefulness",
            "Do made films help a classifier that has few real ones?",
            FILMS,
            "the balanced accuracy on unseen real films of a small network trained on 16 real films a class and your "
            "films, half and half, mean of three trainings, times 100",
        ),
    )
}
ROLES = {
    "lead": "Keeps the plan and the milestones, asks for the score every day, and writes the page for the jury.",
    "data": "Knows the films: where they come from, how they are split, what was left out and why.",
    "model": "Builds and trains what makes the films or the reports; keeps every attempt with its settings.",
    "evaluation": "Scores every attempt against floor and ceiling, and looks at the worst cases, not the best.",
    "red_team": "Tries to win without deserving it, and tells the others how the score gave way.",
}
MERGED = {3: ("lead", "model", "evaluation"), 4: ("lead", "data", "model", "evaluation"), 5: tuple(ROLES)}
"""Who works in a team of 3, 4 or 5. A smaller team shares out the other roles; their notebooks stay."""
MILESTONES = (
    ("In class", "Track chosen, roles taken, the baseline scored, one sentence of what you will try first."),
    ("Day 2", "One change to the baseline, scored on the practice cases, with its interval."),
    ("Day 4", "The best of three attempts; the red team's report on how the score could be fooled."),
    ("Day 6", "Nothing new from here on. `medigenx project check` finds nothing missing; the page is written."),
    ("Day 7", "Board and jury: five minutes a team, then the score sheets."),
)
RUBRIC = (
    ("Question", "States what was asked and what would have counted as a no", "No question, only a product"),
    ("Evidence", "Floor, ceiling, interval; what did not work is shown", "One number, no comparison"),
    ("Honesty", "Copies and failures sought and shown by the team itself", "The jury found them"),
    ("Medicine", "Worst case for a patient named; films marked synthetic", "Sold as fit for use"),
    ("Craft", "Runs again from the notebooks with the same result", "Cannot be run again"),
)
"""(criterion, what earns 4 points, what earns 0)."""
POINTS = 4


def track(name: str) -> Track:
    """The track of that name. Raises InputError for another."""
    if name not in TRACKS:
        raise InputError(f"There is no track {str(name)!r:.60}.", f"Choose from: {', '.join(TRACKS)}.")
    return TRACKS[name]
