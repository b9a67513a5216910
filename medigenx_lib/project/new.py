"""A team's folder: the plan, the roles with a notebook each, the rubric, and a baseline that already scores."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.files import write_bytes, write_json, write_text
from medigenx_lib.project import hidden, submission, tracks
from medigenx_lib.project.tracks import Track

COMPONENTS = 24
BASELINE_FILMS = 128
START = {
    "lead": "Which change do we try first, and what result would make us drop it?",
    "data": "Look at 16 training films of each class. What would a careless generator get wrong?",
    "model": "Change one thing in the baseline, write the submission, score it on the practice cases.",
    "evaluation": "Score the baseline twice. Is the result the same? How wide is the interval?",
    "red_team": "Hand in something that deserves nothing. Which check stops it, and which does not?",
}


def create(team: str, track: str, folder: str | Path | None = None) -> Path:
    """Make the folder of ``team`` (named after it unless ``folder`` is given) and return it. Raises InputError."""
    chosen = tracks.track(track)
    if not submission.NAME.fullmatch(team) or ".." in team:
        raise InputError(f"{team!r:.60} cannot be a team's name.", "Letters, digits, spaces, . _ -; at most 40.")
    folder = Path(folder or team)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already.", "Choose another name; nothing is overwritten.")
    write_text(folder / "README.md", readme(team, chosen))
    write_text(folder / "RUBRIC.md", rubric())
    write_text(folder / "SUBMISSION.md", template(chosen))
    for role in tracks.ROLES:
        write_text(folder / "notebooks" / f"{role}.ipynb", notebook(team, chosen, role))
    baseline(folder / submission.FOLDER, team, chosen)
    write_json(folder / submission.PROJECT, {"team": team, "track": chosen.name, "practice": hidden.PRACTICE})
    return folder


def readme(team: str, track: Track) -> str:
    """The team's plan in Markdown: question, roles, milestones, commands."""
    roles = "\n".join(f"| {name} | | {words} | `notebooks/{name}.ipynb` |" for name, words in tracks.ROLES.items())
    sizes = "\n".join(f"- {size} people: {', '.join(names)}" for size, names in tracks.MERGED.items())
    days = "\n".join(f"- [ ] **{when}**: {what}" for when, what in tracks.MILESTONES)
    return f"""# {team}: {track.name}

{track.question}

**The score** is {track.measure}. It is taken on cases that you have not seen.

## Roles

Each role has a notebook of its own, so that edits never collide. Write your names into the second column.

| role | who | does | works in |
|---|---|---|---|
{roles}

{sizes}

In a small team somebody takes two roles; red team and model should not be the same person.

## Milestones

{days}

## Commands

    medigenx project check .                            # what is missing
    medigenx project score . --cases {hidden.PRACTICE}   # practice: phantoms, seeds known to all
    medigenx project board . ../OTHERS --cases {hidden.PRACTICE}

What to hand in stands in SUBMISSION.md, how the jury judges in RUBRIC.md. `submission/` holds a baseline that already
scores: beat it. You may learn from the phantoms of seeds {hidden.TRAIN_SEEDS.start} to {hidden.TRAIN_SEEDS.stop - 1}
or from the training films of the data set that your instructor names. Copies of training films and blends of two of
them are found and put a team out of competition. Rendering phantoms of other seeds and handing
them in as generated is not allowed, and no score can see it: the jury asks for the notebook that made your films.
"""


def rubric() -> str:
    """The jury's rubric in Markdown."""
    rows = "\n".join(f"| {name} | {full} | {nothing} |" for name, full, nothing in tracks.RUBRIC)
    return f"""# How the jury judges

0 to {tracks.POINTS} points a criterion, {tracks.POINTS * len(tracks.RUBRIC)} in all, in whole points. The score on
unseen cases is shown beside them and not added: a good question honestly answered with "no" can win.

| criterion | {tracks.POINTS} points | 0 points |
|---|---|---|
{rows}

A team that is out of competition for copies can still be judged, for what it says about them.

**Ask every team for the notebook that made its films or reports, and run its first cells.** Films that the phantom
itself rendered from other seeds cannot be told from made ones by any score: only the notebook shows it.
"""


def template(track: Track) -> str:
    """What a submission holds, in Markdown."""
    return f"""# What to hand in

A folder `submission/` (or a zip file of it, files at its top) with

- `submission.json`: `{{"team": "...", "track": "{track.name}", "title": "what you did, in a sentence"}}`
- {track.files}

Films: at least {submission.LEAST} of each class, at most {submission.MOST} in all, square. In all at most 64 MiB and
600 files of data. Nothing in it is run: scripts, notebooks, pickles, links and markup in texts are refused.
""" + (_DEALT if track.name == "faithfulness" else "")


_DEALT = """
`medigenx project deal . --cases CASES` writes the films of a round, nameless, into `dealt/`, with an empty
`reports.csv`: fill it and hand it in.
"""


def notebook(team: str, track: Track, role: str) -> str:
    """The notebook of one role as JSON text; it runs from the team's folder or from its own."""
    import nbformat

    new = nbformat.v4
    cells = [
        new.new_markdown_cell(
            f"# {team}: {role.replace('_', ' ')}\n\n{tracks.ROLES[role]}\n\n**Start here.** {START[role]}"
        ),
        new.new_code_cell(_SETUP),
        new.new_code_cell(_SCORE),
        new.new_markdown_cell(
            "## What I tried\n\n| when | what | score | interval | what it taught |\n|---|---|---|---|---|"
        ),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"{role.replace('_', '-')}-{number}"
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.writes(new.new_notebook(cells=cells, metadata=metadata)) + "\n"


_SETUP = """from pathlib import Path

from medigenx_lib.project import hidden, score

team = next(place for place in (Path.cwd(), *Path.cwd().parents) if (place / "project.json").exists())
practice = hidden.cases(hidden.PRACTICE)
print(len(practice.train), "films to learn from,", len(practice.unseen), "to practise on")"""
_SCORE = """result = score.score(team, hidden.PRACTICE)
print(f"{result.score:.1f} ({result.low:.1f} to {result.high:.1f})", *result.caught)
for name, value in result.numbers.items():
    print(f"  {name}: {score.shown(name, value)}")"""


# --- baseline --------------------------------------------------------------------------------------


def baseline(folder: Path, team: str, track: Track) -> Path:
    """Write a submission that scores without any training: ``folder`` with its files."""
    if track.name == "faithfulness":
        title = "Baseline: the shipped report writer, every sentence checked before it is said"
        write_json(folder / "writer.json", {"strategy": "gated"})
    else:
        title = f"Baseline: {COMPONENTS} principal components of each class, drawn from a Gaussian"
        films = component_films(hidden.cases(hidden.PRACTICE).train, BASELINE_FILMS)
        write_films(folder / "films.npz", *films)
    write_json(folder / submission.CARD, {"team": team, "track": track.name, "title": title})
    return folder


def component_films(train: Sequence[Case], count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``count`` films (N, 64, 64), 0..1, with labels (N,): mean film and Gaussian principal components of each class.

    Source: Turk and Pentland, "Eigenfaces for recognition", Journal of Cognitive Neuroscience, 1991.
    """
    from sklearn.decomposition import PCA

    images, truth, rng = stack(train, hidden.SIZE), labels_of(train), np.random.default_rng(seed)
    made = []
    for label in (0, 1):
        space = PCA(COMPONENTS, svd_solver="full").fit(images[truth == label].reshape((truth == label).sum(), -1))
        codes = rng.standard_normal((count // 2, COMPONENTS)) * np.sqrt(space.explained_variance_)
        made.append(space.inverse_transform(codes).reshape(-1, hidden.SIZE, hidden.SIZE))
    return np.clip(np.concatenate(made), 0, 1).astype(np.float32), np.repeat([0, 1], count // 2)


def write_films(path: str | Path, images: np.ndarray, labels: np.ndarray) -> Path:
    """Write ``films.npz`` as a submission holds it: images (N, S, S) in 0..1 as uint8, labels (N,) of 0 and 1."""
    stream = io.BytesIO()
    grey = np.round(np.asarray(images) * 255).astype(np.uint8)
    np.savez_compressed(stream, images=grey, labels=np.asarray(labels, np.uint8))
    return write_bytes(path, stream.getvalue())
