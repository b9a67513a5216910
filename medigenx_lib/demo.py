"""``medigenx demo``: films that a GAN makes, read, checked and scored beside real ones, on one page."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from medigenx_lib import pipeline, settings
from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.files import check_folder, write_bytes, write_text
from medigenx_lib.pages import ICONS, Page, Reading, Table, save_film
from medigenx_lib.pipeline import Outcome
from medigenx_lib.settings import NOTICE, PROFILES
from medigenx_lib.text import grammar
from medigenx_lib.text.claims import summary

SCORED = 256
"""Films generated for the scores; more than are shown, since distances between small sets mean little."""
PHANTOMS_READ = 24
"""Phantoms read for the table that holds reports against the truth."""
GENERATORS = {64: "gan_64", 128: "gan_128"}
"""Side of the films, pixels -> shipped generator. Both were trained on films of which there are fingerprints."""
STARTS = {64: "gan_phantoms_64"}
"""Side of the films, pixels -> networks that a training of the demo starts from: they have seen phantoms alone."""
SMALL = 64
"""Films of so many pixels a side or fewer are shown enlarged."""
TRAINED_ON = "chest_xray_64.npz"
"""The file with the films that trained the shipped generators, looked for in ``settings.real_data_dir()``."""


def run(
    source: str = "phantom",
    out: str | Path = "demo",
    train_minutes: float | None = None,
    count: int = PROFILES["fast"].films,
    seed: int = 0,
    size: int = 64,
    positive: str | None = None,
    negative: str | None = None,
) -> Outcome:
    """Generate ``count`` films, half of them normal, read and score them, and write a page into ``out``.

    ``source``: what to train on (with ``train_minutes``) and to compare with; anything ``datasets.load`` takes.
    Without ``train_minutes`` a shipped checkpoint generates, which was trained on real films. ``size``: side of the
    films, 64 or 128 pixels. ``positive``, ``negative``: which classes of the source count as label 1 and 0. Raises
    InputError or DataUnavailableError for a source that cannot be used.
    """
    from medigenx_lib import datasets
    from medigenx_lib.gan import sampling
    from medigenx_lib.retrain import tell_classes

    out = check_folder(out)
    cases = datasets.load(source, size, masks=False, positive=positive, negative=negative)
    tell_classes(cases)
    checkpoint = _trained(cases, out, train_minutes, seed, size) if train_minutes else GENERATORS[size]
    films = sampling.sample([index % 2 for index in range(max(count, SCORED))], checkpoint, seed=seed)
    readings = _with_nearest(pipeline.read(films[:count], seed), cases, checkpoint)
    phantoms = pipeline.read_phantoms(PHANTOMS_READ, seed=seed)
    tables = [*_image_tables(cases, films, source, checkpoint), text_table(readings, phantoms)]
    page = Page(
        "Generated radiographs, read and checked",
        _intro(checkpoint, source, STARTS.get(size)),
        readings,
        tables,
        grid=grid(films[:count]),
    )
    return Outcome(pipeline.write_results(out, page), readings)


def _intro(checkpoint: str, source: str, start: str | None) -> list[str]:
    before = f", after {start}, which had seen phantoms," if start else ""
    made = f"A generator trained just now on {source}{before}"
    if _shipped(checkpoint):
        made = "The shipped generator, trained on real paediatric films,"
    return [
        f"{made} made these films. Each was then read as a real one would be: lungs found, features measured, a report "
        "written, and every sentence compared with the measurements.",
        _about_nearest(checkpoint),
        f"Scores compare with: {source}.",
    ]


def _about_nearest(checkpoint: str) -> str:
    from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY

    words = (
        "Beside each film stands the nearest of the films that trained the generator. Similarity is the correlation "
        f"of their middle spatial frequencies, aligned; from {COPY_SIMILARITY} on a film counts as a copy, of few "
        "training films from less on."
    )
    if not _shipped(checkpoint):
        return words
    return (
        f"{words} Those are real films, which do not come with the library: fingerprints of them tell which one is "
        "nearest, and where it is not on this machine a film of the source is shown instead, and said to be. To see "
        f"the real ones, set MEDIGENX_REAL_DATA to a folder that holds {TRAINED_ON}, or give them as --source."
    )


def _image_tables(cases: Sequence[Case], films: Sequence[Case], source: str, checkpoint: str) -> list[Table]:
    """Against the source; and where that is a simulation, against real films too.

    A source that cannot be scored against says why: the films are made and read by then, and must not be lost.
    """
    try:
        table = image_table(cases, films, source)
    except InputError as error:
        return [Table(f"How the films compare with {source}", ("Score", "Why not"), [("not computed", str(error))])]
    if not all(case.synthetic for case in cases):
        return [table]
    strange = "The generator has seen no film of this source: the scores tell how far it is from these films."
    notes = [*table.notes, strange] if _shipped(checkpoint) else table.notes
    return [reference_table(films), replace(table, notes=notes)]


def image_table(cases: Sequence[Case], films: Sequence[Case], source: str) -> Table:
    """Image scores of ``films`` against the source's training split, beside the floor and the worst control."""
    from medigenx_lib.evaluation import images

    scored = images.scores(*images.real_sets(cases), films)
    return _score_table(scored, f"How the films compare with {source}", f"films of {source} that trained nothing")


def reference_table(films: Sequence[Case]) -> Table:
    """The same against shipped features of the real films, for machines that do not have those films."""
    from medigenx_lib.evaluation import images, reference

    scored = images.scores(*reference.load(), films)
    return _score_table(scored, "How the films compare with real ones", "real films that trained nothing")


def _score_table(scored, title: str, floor: str) -> Table:
    from medigenx_lib.evaluation import images

    rows = [_score_row(row) for row in images.summary(scored).itertuples()]
    controls = [name for name in images.CONTROLS if name in set(scored["set"])]
    notes = [
        f"{scored.n.max()} generated films; in brackets 90 % intervals for the choice of films. The floor: {floor}, "
        f"as many. The ceiling: the worst of the controls ({', '.join(controls)}).",
        *_cautions(scored.n.max()),
    ]
    return Table(title, ("Score", "Generated", "Floor", "Ceiling", "Better is", "Catches"), rows, notes)


def _cautions(count: int) -> list[str]:
    """What to mind in reading scores of ``count`` films a set."""
    from medigenx_lib.evaluation.draws import FEW

    learnt = (
        "The film encoder has learnt from one hospital's paediatric films: on others, such as adults', its distances "
        "mean something beside the floor only, and its class is a guess."
    )
    few = f"Of fewer than {FEW} films distances are large, real or not: never compare them with those of more films."
    return [learnt, few] if count < FEW else [learnt]


def _score_row(row) -> list[str]:
    better = {"low": "lower", "high": "higher", "zero": "nearer to 0"}[row.better]
    bounds = ["" if np.isnan(value) else f"{value:.3g}" for value in (row.floor, row.ceiling)]
    return [row.title, f"{row.generated:.3g} [{row.low:.3g}, {row.high:.3g}]", *bounds, better, row.catches]


def sample(labels: Sequence[int], checkpoint: str, out: str | Path, seed: int = 0, truncation: float = 1.0) -> Path:
    """Generate one film a label into the folder ``out``: PNGs, ``grid.png`` and ``cases.json``. Returns ``out``.

    Raises InputError if ``out`` cannot be written into.
    """
    from medigenx_lib.gan import sampling

    out, films = check_folder(out), sampling.sample(labels, checkpoint, seed=seed, truncation=truncation)
    if all(film.label is None for film in films):
        print(f"{checkpoint} was told no labels: these films may be of any class.", file=sys.stderr)
    for film in films:
        save_film(film, out)
    write_bytes(out / "grid.png", grid(films))
    write_text(out / "cases.json", "[" + ",\n".join(film.to_json() for film in films) + "]\n")
    return out


def _shipped(checkpoint: str) -> bool:
    return checkpoint in GENERATORS.values()


def _trained(cases: Sequence[Case], out: Path, minutes: float, seed: int, size: int) -> str:
    """The checkpoint of a GAN trained on the training split of ``cases`` for ``minutes``; where there are networks that
    have seen phantoms, it starts from those, for a minute alone makes no chests."""
    from medigenx_lib.gan import recipes, state, training
    from medigenx_lib.retrain import source_arrays

    films, labels = source_arrays(_train(cases))
    folder, start = out / f"training-seed{seed}-{minutes:g}min", STARTS.get(size)
    if start:
        recipe = recipes.fitted(state.start_recipe(start, size, seed=seed), settings.device())
    else:  # in the first minutes `narrow` still draws one face
        recipe = recipes.recipe("strong", size=size, seed=seed)
    recipe = recipes.stretched(recipe, films)
    return str(training.train(films, labels, folder, recipe, minutes, start=start).folder)


def _train(cases: Sequence[Case]) -> list[Case]:
    """The films of a source that may train; the scores' floor is made of the others, also where no split holds any."""
    from medigenx_lib.evaluation.images import real_sets

    return real_sets(cases)[0] or list(cases)


def _with_nearest(readings: Sequence[Reading], cases: Sequence[Case], checkpoint: str) -> list[Reading]:
    """Each reading with the training film that is most like it: that of the source, or of the shipped generator."""
    films = [reading.case for reading in readings]
    of_source = _nearest_of_source(films, _train(cases))
    if not _shipped(checkpoint):
        nearest = [(case, f"Nearest training film, {words}.") for case, words in of_source]
    else:
        nearest = _nearest_of_shipped(films, of_source, _at_hand(cases))
    return [replace(reading, nearest=pair) for reading, pair in zip(readings, nearest, strict=True)]


def _nearest_of_source(films: Sequence[Case], train: Sequence[Case]) -> list[tuple[Case, str]]:
    from medigenx_lib.evaluation.memorisation import nearest_films

    found = nearest_films(films, train)
    names = [f"{train[index].id}: similarity" for index in found.index]
    ways = [
        _copy(copy) + f" ({undone})" * bool(undone) for copy, undone in zip(found.copies, found.undone, strict=True)
    ]
    triples = zip(found.index, names, found.similarity, ways, strict=True)
    return [(train[index], f"{name} {similarity:.2f}, {way}") for index, name, similarity, way in triples]


def _nearest_of_shipped(films: Sequence[Case], instead: Sequence[tuple[Case, str]], at_hand: Sequence[Case]) -> list:
    """(film to show, sentence): the real training film, or the one ``instead`` where that film is not at hand."""
    from medigenx_lib.evaluation import fingerprints

    pairs = []
    for found, (case, words) in zip(fingerprints.load().nearest(films, at_hand), instead, strict=True):
        about = "" if found.film else "about "
        text = f"Nearest real training film, {found.name} ({found.label_name}): similarity {about}"
        text += f"{found.similarity:.2f}, {'perhaps ' * (found.copy and not found.film)}{_copy(found.copy)}."
        text += "" if found.film else f" It is not on this machine. Shown instead: nearest of the source, {words}."
        pairs.append((found.film or case, text))
    return pairs


def _copy(copy: bool) -> str:
    return "a copy" if copy else "not a copy"


def _at_hand(cases: Sequence[Case]) -> list[Case]:
    """Real films on this machine: those of the source, and the generator's training films where they are stored."""
    from medigenx_lib import datasets

    stored = sorted(settings.real_data_dir().rglob(TRAINED_ON))
    films = datasets.load(stored[0], None, "train") if stored else []
    return [*(case for case in cases if not case.synthetic), *films]


def grid(films: Sequence[Case]) -> bytes:
    """PNG of all films side by side, through torchvision's ``make_grid``; its metadata says synthetic."""
    from PIL import Image, PngImagePlugin

    from medigenx_lib.gan import sampling

    info = PngImagePlugin.PngInfo()
    info.add_text("Warning", NOTICE)
    stream = io.BytesIO()
    picture = Image.fromarray((sampling.grid(films) * 255).round().astype(np.uint8))
    if films[0].image.shape[1] <= SMALL:
        picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)
    picture.save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def text_table(readings: Sequence[Reading], phantoms: Sequence[Reading]) -> Table:
    """The share of sentences with each verdict: these films against their measurements, phantoms against the truth."""
    truth = pipeline.against_truth(phantoms)
    rows = [
        _verdict_row("these films, against the measurements", readings),
        _verdict_row("phantoms, against the measurements", phantoms),
        _verdict_row("phantoms, against the truth", truth),
        _verdict_row("floor: another phantom's report, against the truth", _swapped(truth)),
        _verdict_row("ceiling: the grammar on the truth, against the truth", _written_from_truth(truth)),
    ]
    columns = ("Reports of", "Sentences", *(f"{ICONS[verdict]} {verdict}" for verdict in ICONS), "Findings left out")
    notes = [
        "A report that agrees with its own measurements can still be wrong about the film: that shows only where the "
        f"truth is known. So {len(phantoms)} phantoms that no model has seen are read as well, from the image alone. "
        f"Against the truth a number is right within {100 * pipeline.TOLERANCE['extent']:.0f} points of a lung's "
        f"area, or {pipeline.TOLERANCE['ratio']} of a cardiothoracic ratio. In brackets: 90 % intervals over films "
        "(bootstrap).",
    ]
    return Table("How far the reports can be trusted", columns, rows, notes)


def _verdict_row(name: str, readings: Sequence[Reading]) -> list[str]:
    counts = [summary(reading.verdicts) for reading in readings]
    total = sum(sum(count.values()) for count in counts)
    shares = [_share([c[v] for c in counts], [sum(c.values()) for c in counts]) for v in ICONS]
    return [name, str(total), *shares, str(sum(len(reading.omitted) for reading in readings))]


def _share(parts: Sequence[int], wholes: Sequence[int]) -> str:
    """``93 % [90, 96]``: the pooled share, and its bootstrap interval over films."""
    parts, wholes = np.array(parts), np.array(wholes)
    picks = np.random.default_rng(0).integers(len(parts), size=(1000, len(parts)))
    low, high = np.quantile(parts[picks].sum(1) / np.maximum(wholes[picks].sum(1), 1), [0.05, 0.95])
    return f"{100 * parts.sum() / max(wholes.sum(), 1):.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _swapped(readings: Sequence[Reading]) -> list[Reading]:
    """Each film with the report of the next but one (of the same label): a report that did not look."""
    reports = [readings[(index + 2) % len(readings)].case.report for index in range(len(readings))]
    return [_reported(reading, report) for reading, report in zip(readings, reports, strict=True)]


def _written_from_truth(readings: Sequence[Reading]) -> list[Reading]:
    return [_reported(r, grammar.report(r.case.truth.findings, index)) for index, r in enumerate(readings)]


def _reported(reading: Reading, report: str) -> Reading:
    return pipeline.against_truth([replace(reading, case=replace(reading.case, report=report))])[0]
