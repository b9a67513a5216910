"""The command line: one thin function a command. ``medigenx COMMAND --help`` says what each takes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from medigenx_lib import __version__, settings
from medigenx_lib.errors import MedigenxError

WEIGHTS = ("gan", "lungs", "encoder", "measurement", "writer")
FILES_FAILED = 1


def demo(arguments: argparse.Namespace) -> int:
    """Generate films, read them, score them, and write a page."""
    from medigenx_lib import demo

    options = (arguments.source, arguments.out, arguments.train_minutes, arguments.films, arguments.seed)
    meaning = {"positive": arguments.positive, "negative": arguments.negative}
    return _tell(demo.run(*options, size=arguments.size, **meaning))


def describe(arguments: argparse.Namespace) -> int:
    """Read real films and write a page."""
    from medigenx_lib import pipeline

    return _tell(pipeline.describe(arguments.files, arguments.out, arguments.seed))


def train(arguments: argparse.Namespace) -> int:
    """Train the GAN on films, or any of the other networks that the course ships."""
    from medigenx_lib import retrain

    print(f"Written: {retrain.run(**vars(arguments))}")
    return 0


def sample(arguments: argparse.Namespace) -> int:
    """Generate films into a folder: PNGs, a grid and cases.json."""
    from medigenx_lib import demo

    labels = {"normal": [0], "pneumonia": [1], "both": [0, 1]}[arguments.label]
    chosen = [labels[index % len(labels)] for index in range(arguments.n)]
    print(f"Written: {demo.sample(chosen, arguments.checkpoint, arguments.out, arguments.seed, arguments.truncation)}")
    return 0


def app(arguments: argparse.Namespace) -> int:
    """Serve the report bench as a page in the browser."""
    from medigenx_lib import app

    return app.serve(arguments.source, arguments.films, arguments.port)


def cache(arguments: argparse.Namespace) -> int:
    """Collect packages, data, models and lessons in a folder, for a room without a network."""
    from medigenx_lib import cache

    missing = cache.collect(arguments.folder)
    for name, reason in missing.items():
        print(f"{name}: {reason}", file=sys.stderr)
    print(f"Read {arguments.folder / 'START.md'}")
    return FILES_FAILED if missing else 0


def doctor(arguments: argparse.Namespace) -> int:
    """Say what this machine has and lacks."""
    from medigenx_lib import doctor, room

    return doctor.report(room.rehearse() if arguments.room else doctor.examine())


def project_new(arguments: argparse.Namespace) -> int:
    """Make a team's folder: roles, milestones, notebooks, a baseline that scores."""
    from medigenx_lib.project import new

    print(f"Read {new.create(arguments.team, arguments.track, arguments.out) / 'README.md'}")
    return 0


def project_check(arguments: argparse.Namespace) -> int:
    """Say what is missing in a team's folder."""
    from medigenx_lib.project import submission

    found = submission.check(arguments.folder)
    print("\n".join(found) or "Nothing is missing.")
    return FILES_FAILED if found else 0


def project_deal(arguments: argparse.Namespace) -> int:
    """Deal out the films of a round, nameless, that reports are asked for."""
    from medigenx_lib.project import hidden

    print(f"Written: {hidden.deal(arguments.folder, arguments.cases)}")
    return 0


def project_score(arguments: argparse.Namespace) -> int:
    """Score a submission on unseen cases, with an interval."""
    from medigenx_lib.project import score

    result = score.score(arguments.folder, arguments.cases)
    print(f"{result.team}, {result.track}: {result.score:.1f} ({result.low:.1f} to {result.high:.1f}) of 100")
    for name, value in result.numbers.items():
        print(f"  {name}: {score.shown(name, value)}")
    for reason in result.caught:
        print(f"  Out of competition: {reason}")
    return 0


def project_board(arguments: argparse.Namespace) -> int:
    """Score teams on the same unseen cases and write a page with ranks, films, reports and a score sheet."""
    from medigenx_lib.project import board

    print(f"Open {board.board(arguments.folders, arguments.cases, arguments.out)}")
    return 0


def _tell(outcome) -> int:
    """Name what failed and where the page is. The exit code says whether every file was used."""
    for name, reason in outcome.failures:
        print(f"{name}: {reason}", file=sys.stderr)
    print(f"Open {outcome.page}")
    return FILES_FAILED if outcome.failures else 0


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each stores its function in ``run``."""
    main = argparse.ArgumentParser("medigenx", description=f"MediGenX {__version__}. {settings.DISCLAIMER}.")
    main.add_argument("--version", action="version", version=f"medigenx {__version__}")
    commands = main.add_subparsers(required=True, metavar="COMMAND")
    _demo_options(_command(commands, demo))
    _describe_options(_command(commands, describe))
    _train_options(_command(commands, train))
    _sample_options(_command(commands, sample))
    _app_options(_command(commands, app))
    _command(commands, cache).add_argument("folder", type=Path, metavar="DIR", help="a folder or stick with 5 GB")
    _project_options(commands)
    words = "before a class: also train for a minute, read a film, write a report"
    _command(commands, doctor).add_argument("--room", action="store_true", help=words)
    return main


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Defaults beside each option, but no "default: None" and no "default: False"."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None or action.default is False else super()._get_help_string(action)


def _command(commands, function) -> argparse.ArgumentParser:
    words = function.__doc__.splitlines()[0]
    command = commands.add_parser(function.__name__, help=words, description=words, formatter_class=_Help)
    command.set_defaults(run=function)
    if function not in (doctor, app, cache):
        command.add_argument("--seed", type=int, default=settings.SEED, help="the same seed gives the same result")
    return command


def _demo_options(command: argparse.ArgumentParser) -> None:
    _source(command)
    command.add_argument("--train-minutes", type=_positive, help="train a GAN on the source first, for so long")
    command.add_argument("--films", type=_count, default=settings.profile().films, help="films to generate and read")
    command.add_argument("--size", type=int, choices=(64, 128), default=64, help="side of the films in pixels")
    command.add_argument("--out", type=Path, default=Path("demo"), help="folder for the page, JSON and PNGs")


def _describe_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG or DICOM films, or folders of them")
    command.add_argument("--out", type=Path, default=Path("described"), help="folder for the page, JSON and PNGs")


def _train_options(command: argparse.ArgumentParser) -> None:
    _source(command)
    command.add_argument("--what", choices=WEIGHTS, default="gan", help="which network to train")
    command.add_argument("--minutes", type=_positive, help="budget in minutes (5 if no budget is given)")
    command.add_argument("--images", type=_count, help="budget in films seen (GAN); exactly repeatable on a CPU")
    command.add_argument("--size", type=int, default=64, help="side of the films in pixels (GAN)")
    command.add_argument("--recipe", default="narrow", help="a name in gan.recipes.RECIPES (GAN)")
    words = "compute in bfloat16 or not; unless said, where the processor itself does (GAN)"
    command.add_argument("--bf16", action=argparse.BooleanOptionalAction, help=words)
    words = "tell the networks the labels or not; unless said, where the films have any (GAN)"
    command.add_argument("--labels", action=argparse.BooleanOptionalAction, help=words)
    command.add_argument("--compile", action="store_true", help="through torch.compile, on a GPU (GAN)")
    command.add_argument("--out", type=Path, help="training folder (GAN) or weights file (others)")
    command.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out (GAN)")
    words = "shipped name or file to go on from (GAN, also to more pixels; lungs); gan_phantoms_64, _32 save much time"
    command.add_argument("--start", metavar="WEIGHTS", help=words)


def _sample_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--checkpoint", default="gan_64", help="a shipped name, a weights file or a training folder")
    command.add_argument("--label", choices=("normal", "pneumonia", "both"), default="both", help="which films")
    command.add_argument("-n", type=_count, default=16, help="how many")
    command.add_argument("--truncation", type=_positive, default=1.0, help="below 1: more typical, less varied")
    command.add_argument("--out", type=Path, default=Path("samples"), help="folder for PNGs, grid and JSON")


def _app_options(command: argparse.ArgumentParser) -> None:
    words = "generated, phantom, pneumoniamnist, an npz file or a class folder"
    command.add_argument("--source", default="generated", help=words)
    command.add_argument("--films", type=_count, default=8, help="how many to choose from")
    command.add_argument("--port", type=_count, default=8866, help="of the page, on this machine alone")


def _project_options(commands) -> None:
    words = "The group project: a folder for a team, its score on unseen cases, the board."
    steps = commands.add_parser("project", help=words, description=words).add_subparsers(required=True, metavar="STEP")
    command = _step(steps, "new", project_new)
    command.add_argument("team", metavar="TEAM", help="the team's name, also of its folder")
    command.add_argument(
        "--track", required=True, choices=("realism", "faithfulness", "usefulness"), help="the question"
    )
    command.add_argument("--out", type=Path, help="another folder than one of the team's name")
    _step(steps, "check", project_check).add_argument("folder", type=Path, metavar="DIR", help="a team's folder")
    for name, function in (("deal", project_deal), ("score", project_score)):
        command = _step(steps, name, function)
        command.add_argument("folder", type=Path, metavar="DIR", help="a team's folder")
        _round(command)
    command = _step(steps, "board", project_board)
    command.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="teams' folders, or zip files handed in")
    command.add_argument("--out", type=Path, default=Path("board.html"), help="the page")
    _round(command)


def _step(steps, name: str, function) -> argparse.ArgumentParser:
    words = function.__doc__.splitlines()[0]
    command = steps.add_parser(name, help=words, description=words)
    command.set_defaults(run=function)
    return command


def _round(command: argparse.ArgumentParser) -> None:
    words = "unseen cases: seeds of phantoms such as 6000000-6000127 (practice), or a folder or npz of real films"
    command.add_argument("--cases", required=True, metavar="SEEDS|FOLDER", help=words)


def _source(command: argparse.ArgumentParser) -> None:
    words = "phantom, pneumoniamnist, an npz file, a class folder, or a CSV with path,label,patient beside its films"
    command.add_argument("--source", default="phantom", help=words)
    words = "classes of the source that count as label 1; unless said, kinds of pneumonia. The output says what counted"
    command.add_argument("--positive", metavar="NAME[,NAME]", help=words)
    words = "classes that count as label 0; unless said, what is called normal or healthy"
    command.add_argument("--negative", metavar="NAME[,NAME]", help=words)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; errors made on purpose become one sentence on stderr."""
    try:
        arguments = parser().parse_args(argv)
        if os.environ.get("MEDIGENX_DEVICE"):  # better said now than when films have been read
            settings.usable(settings.device())
        return arguments.run(arguments)
    except MedigenxError as error:
        print(f"medigenx: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("medigenx: stopped by you.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        if error.filename is None and error.errno is None:  # no word of the system's: a fault of ours
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"medigenx: {where}{error.strerror}. Check the path, its permissions and the space.", file=sys.stderr)
        return FILES_FAILED


if __name__ == "__main__":
    sys.exit(main())
