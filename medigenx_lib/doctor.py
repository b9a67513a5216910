"""``medigenx doctor``: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medigenx_lib import settings, weights

OK, WARN, FAIL = "ok", "warn", "FAIL"
DISK_NEEDED_GB = 2.0
MEMORY_NEEDED_GB = 4.0


@dataclass(frozen=True)
class Check:
    """One line of the examination: ``state`` is ok, warn or FAIL; ``remedy`` says what to do unless ok."""

    name: str
    state: str
    found: str
    remedy: str = ""


def examine() -> list[Check]:
    """All checks, in order. None of them changes anything or needs a network."""
    return [check for part in (_python, _packages, _graphics, _memory, _disk, _cache, _weights) for check in part()]


def report(checks: list[Check], write: Callable[[str], None] = print) -> int:
    """Write one line a check; returns the exit code: 1 if anything failed, else 0."""
    for check in checks:
        write(f"[{check.state:>4}] {check.name}: {check.found}")
        if check.state != OK:
            write(f"       -> {check.remedy}")
    return int(any(check.state == FAIL for check in checks))


def _python() -> Iterator[Check]:
    good = (3, 11) <= sys.version_info < (3, 14)
    where = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Check("Python", OK if good else FAIL, where, "Use Python 3.11, 3.12 or 3.13.")


def _packages() -> Iterator[Check]:
    """Every requirement of the installed package, its version against the range."""
    from packaging.requirements import Requirement

    try:
        required = importlib.metadata.requires("medigenx") or []
    except importlib.metadata.PackageNotFoundError:
        yield Check("packages", WARN, "medigenx itself is not installed", "Run `make install` or `pip install -e .`.")
        return
    wanted = [Requirement(re.sub(r";.*", "", line)) for line in required if "extra ==" not in line]
    problems = [problem for need in wanted if (problem := _problem(need))]
    yield from (Check("package", FAIL, problem, "Run `make install`, or pip install that one.") for problem in problems)
    if not problems:
        yield Check("packages", OK, f"all {len(wanted)} there, torch {importlib.metadata.version('torch')}")


def _problem(need) -> str | None:
    try:
        version = importlib.metadata.version(need.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{need.name} is missing"
    fits = need.specifier.contains(version, prereleases=True)  # containers of NVIDIA's carry such a torch
    return None if fits else f"{need.name} is {version}, needed is {need.specifier}"


def _graphics() -> Iterator[Check]:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        yield Check("GPU", OK, f"{torch.cuda.get_device_name(0)}, {memory:.0f} GB")
        return
    colab = "In Colab: Runtime, Change runtime type, T4 GPU. "
    remedy = f"{colab if settings.in_colab() else ''}All lessons run without one; training is slower."
    yield Check("GPU", WARN, f"none, {torch.get_num_threads()} CPU threads", remedy)


def _memory() -> Iterator[Check]:
    """Total memory where the system tells (Linux), in GB."""
    try:
        kilobytes = int(re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    except (OSError, TypeError):
        return
    gigabytes = kilobytes / 2**20
    state = OK if gigabytes >= MEMORY_NEEDED_GB else WARN
    yield Check("memory", state, f"{gigabytes:.1f} GB free", f"Close programs: {MEMORY_NEEDED_GB:.0f} GB are needed.")


def _disk() -> Iterator[Check]:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    state = OK if free >= DISK_NEEDED_GB else FAIL
    yield Check("disk", state, f"{free:.1f} GB free here", f"Free some space: {DISK_NEEDED_GB:.0f} GB are needed.")


def _cache() -> Iterator[Check]:
    folder = settings.cache_dir()
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    if files:
        yield Check("cached data", OK, f"{', '.join(file.name for file in files)} in {folder}")
        return
    remedy = "Nothing needs it; with a network, `medigenx demo --source pneumoniamnist` fills it."
    yield Check("cached data", WARN, f"none in {folder}", remedy)


def _weights() -> Iterator[Check]:
    """Every shipped weights file against its checksum."""
    names = sorted(path.stem for path in weights.FOLDER.glob("*.safetensors"))
    for name in names:
        try:
            weights.load(name)
        except weights.WeightsError as error:
            yield Check("weights", FAIL, error.what, error.next_step)
            return
    state = OK if names else FAIL
    yield Check("weights", state, ", ".join(names) or "none shipped", "Reinstall the package.")
