"""``python -m medigenx_lib.course``: build the notebooks, or the README's table, from the lessons' sources."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from medigenx_lib import settings
from medigenx_lib.course import build, instructor, lessons, readme, schedule, slides, timing
from medigenx_lib.errors import MedigenxError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if all went well."""
    parser = argparse.ArgumentParser(prog="python -m medigenx_lib.course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="derive notebooks/ and execute solutions/")
    command.add_argument("numbers", nargs="*", metavar="NN", help="lessons to build (all)")
    only = command.add_mutually_exclusive_group()
    only.add_argument("--notebooks", action="store_true", help="the students' notebooks alone")
    only.add_argument("--solutions", action="store_true", help="the executed solutions alone")
    for word, what in (
        ("instructor", "derive the instructor's edition"),
        ("slides", "derive a deck of slides a lesson"),
    ):
        commands.add_parser(word, help=what).add_argument("numbers", nargs="*", metavar="NN", help="lessons (all)")
    commands.add_parser("readme", help="bring the README's table of lessons and SCHEDULE.md up to date")
    command = commands.add_parser("measure", help="run the solutions and note how long they take")
    command.add_argument("numbers", nargs="*", metavar="NN", help="lessons to measure (all)")
    command.add_argument("--profile", choices=settings.PROFILES, default="fast")
    options = parser.parse_args(arguments)
    try:
        run(options)
    except MedigenxError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def run(options: argparse.Namespace) -> None:
    """Do what was asked, naming each file written."""
    if options.command == "readme":
        print(readme.write().name, schedule.write().name)
    elif options.command == "measure":
        measure(options)
    elif options.command in ("instructor", "slides"):
        room = {"instructor": instructor, "slides": slides}[options.command]
        for path in room.build_all(lessons.chosen(options.numbers)):
            print(path.relative_to(lessons.ROOT))
    else:
        make(options)


def measure(options: argparse.Namespace) -> None:
    """Time the lessons chosen, in a folder of its own."""
    for name in lessons.chosen(options.numbers):
        with tempfile.TemporaryDirectory() as folder:
            took = timing.measure(lessons.lesson(name), options.profile, Path(folder))
        timing.record(name, options.profile, took)
        print(f"{name}: {took['seconds']} s ({took['hardware']}, profile {options.profile})", flush=True)


def make(options: argparse.Namespace) -> None:
    """Build the notebooks chosen."""
    for name in lessons.chosen(options.numbers):
        lesson = lessons.lesson(name)
        if not options.solutions:
            print(build.build_notebook(lesson).relative_to(lessons.ROOT))
        if not options.notebooks:
            print(build.build_solution(lesson).relative_to(lessons.ROOT), flush=True)


if __name__ == "__main__":
    sys.exit(main())
