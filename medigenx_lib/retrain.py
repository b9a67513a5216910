"""``medigenx train``: each shipped network from its data, by one command."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from medigenx_lib import settings, weights
from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError
from medigenx_lib.files import check_folder

DEFAULT_MINUTES = 5.0
FEW = 100
"""Of fewer films, or of fewer of one class, ``medigenx train`` says what to expect. 30 films came back blurred."""
DRAWN = 128
"""Films drawn after a training on few films, to look for copies among them."""
LABELLED = "Sort them into folders NORMAL and PNEUMONIA, or name classes with --positive and --negative."


def run(what: str, **options) -> Path:
    """Train ``what`` (gan, lungs, encoder, measurement, writer) with the command line's options; what was written.

    Raises InputError for weights to start from where the network is always trained from the beginning.
    """
    if (options.get("positive") or options.get("negative")) and what in ("lungs", "writer"):
        raise InputError(f"--positive and --negative do not go with --what {what}.", "It learns no labels.")
    if options.get("start") and what not in ("lungs", "gan"):
        raise InputError(f"--start does not go with --what {what}.", "It is for gan and lungs.")
    trainers = {"gan": _gan, "lungs": _lungs, "encoder": _encoder, "measurement": _measurement, "writer": _writer}
    return trainers[what](options)


def tell_classes(cases: list[Case]) -> None:
    """Say on stderr which classes of a source count as label 1 and 0, where it has any."""
    from medigenx_lib import datasets

    if words := datasets.counted(cases):
        print(words, file=sys.stderr)


def source_arrays(cases: list[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, S, S) float32 0..1 and labels (N,) int64 of the labelled cases; a warning counts the others.

    Raises InputError if no case has a label.
    """
    labelled = [case for case in cases if case.label is not None]
    if not labelled:
        raise InputError(f"None of the {len(cases)} films has a label.", LABELLED)
    if len(labelled) < len(cases):
        warnings.warn(f"{len(cases) - len(labelled)} films without a label are left out.", stacklevel=2)
    return np.stack([case.image for case in labelled]), np.array([case.label for case in labelled], np.int64)


def _gan(options: dict) -> Path:
    from medigenx_lib.gan import recipes, state, training

    minutes, images, start = options["minutes"], options["images"], options["start"]
    recipe = recipes.recipe(options["recipe"], size=options["size"], seed=options["seed"])
    if start:
        recipe = state.start_recipe(start, options["size"], seed=options["seed"])
    wanted = options.get("bf16")
    recipe = recipes.fitted(recipe, settings.device()) if wanted is None else replace(recipe, bf16=wanted)
    recipe = replace(recipe, compiled=bool(options.get("compile")))
    cases = _films(options, options["size"], "train")
    recipe, films, labels = _told(recipe, cases, options.get("labels"), start)
    _mind_few(len(films) if labels is None else int(np.bincount(labels, minlength=2).min()))
    recipe = recipes.stretched(recipe, films)
    _say_stretched(recipe.greys)
    folder = options["out"] or Path("runs") / f"{recipe.name}_{recipe.size}"
    minutes = DEFAULT_MINUTES if minutes is None and images is None else minutes
    resume = options["resume"]
    checkpoint = training.train(films, labels, folder, recipe, minutes, images, resume=resume, start=start).checkpoint
    _mind_memory(checkpoint, films)
    return checkpoint


def _films(options: dict, size: int, split: str | None = None) -> list[Case]:
    """The films of the source, and on stderr which of its classes count as label 1 and 0."""
    from medigenx_lib import datasets

    meaning = {name: options.get(name) for name in ("positive", "negative")}
    cases = datasets.load(options["source"], size, split, masks=False, **meaning)
    tell_classes(cases)
    return cases


def _told(recipe, cases: list[Case], asked: bool | None, start: str | None) -> tuple:
    """The recipe, images and labels; without labels where that is ``asked`` for, or where no film has one.

    Raises InputError if ``start`` has been told labels and these are not to be.
    """
    told = any(case.label is not None for case in cases) if asked is None else asked
    if told or not cases:
        return recipe, *source_arrays(cases)
    if start and recipe.conditional:
        raise InputError(f"{start} has been told labels; here are none.", f"Train from nothing. {LABELLED}")
    print(f"{len(cases)} films; the networks are told no labels.", file=sys.stderr)
    return replace(recipe, conditional=False), np.stack([case.image for case in cases]), None


def _mind_few(count: int) -> None:
    """Say what to expect of ``count`` films, or so many of the rarer class."""
    if count < FEW:
        what = (
            f"{count} films, or of a class: so few may be drawn from memory, blurred, and not every such film is found."
        )
        advice = "Look at the nearest of them: evaluation.memorisation.nearest_films, medigenx demo."
        print(f"{what} {advice}", file=sys.stderr)


def _say_stretched(greys: tuple[float, float]) -> None:
    if greys != (0.0, 1.0):
        what = "The films use the greys {:.2f} to {:.2f} only; the networks see them stretched.".format(*greys)
        print(what, file=sys.stderr)


def _mind_memory(checkpoint: Path, films: np.ndarray) -> None:
    """Say how many of ``DRAWN`` films copy the few ``films`` (N, S, S), and whether all lie too near to them."""
    from medigenx_lib.evaluation.memorisation import FEW as KNOWN
    from medigenx_lib.evaluation.memorisation import nearest_films
    from medigenx_lib.gan import sampling, team

    if len(films) > KNOWN or team.rank():
        return
    found = nearest_films(sampling.sample([index % 2 for index in range(DRAWN)], str(checkpoint)), films)
    if found.copies.any() or found.from_memory:
        what = f"Of {DRAWN} films drawn, {found.copies.sum()} copy a training film."
        near = f" All together are nearer to them than they are to each other ({found.nearer:.2f}; 0.5 expected)."
        print(f"{what}{near * found.from_memory} Do not pass them on as anonymous.", file=sys.stderr)


def _lungs(options: dict) -> Path:
    from medigenx_lib import segmentation

    minutes = options["minutes"] or DEFAULT_MINUTES
    out = _weights_file(options, "lung_unet")
    return segmentation.train(minutes, out, options["seed"], start=options["start"])


def _encoder(options: dict) -> Path:
    from medigenx_lib.evaluation import encoder, reference

    path, cases = _weights_file(options, "film_encoder"), _films(options, 64)
    encoder.train_encoder(cases, path, seed=options["seed"])
    if not options["out"]:  # the shipped features of real films are those of the shipped encoder
        reference.save(cases)
    return path


def _measurement(options: dict) -> Path:
    """On phantoms first; then, if the source is another, a sixth as long on its labelled training films too."""
    from medigenx_lib.radiomics import adaptation, training

    minutes, path, seed = options["minutes"] or DEFAULT_MINUTES, _weights_file(options, "measurement"), options["seed"]
    if options["source"] == "phantom":
        return training.train(path, minutes=minutes, seed=seed)
    training.train_reader(path, minutes=minutes, seed=seed)
    return adaptation.adapt(_films(options, 64, "train"), path, minutes / 6, seed=seed)


def _writer(options: dict) -> Path:
    """On phantoms; if the source holds real reports, on those, and the weights stay out of the package."""
    from medigenx_lib.text import real_reports, training

    minutes = options["minutes"] or DEFAULT_MINUTES
    if options["source"] != "phantom":
        path = _weights_file({**options, "out": options["out"] or real_reports.OUT}, "")
        return real_reports.train(options["source"], minutes, path, options["seed"])
    return training.train(minutes, options["seed"], _weights_file(options, "report_writer"))


def _weights_file(options: dict, name: str) -> Path:
    """Where the weights go. Raises InputError, before hours of training, if they could not be written or read there."""
    path = Path(options["out"] or weights.FOLDER / f"{name}.safetensors")
    if path.suffix != ".safetensors" or path.is_dir():
        raise InputError(f"{path} cannot be a weights file.", "Name a file that ends in .safetensors with --out.")
    check_folder(path.parent)
    return path
