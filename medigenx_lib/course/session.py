"""How a lesson starts, and where its films come from: the same notebook on phantoms, a folder, or PneumoniaMNIST.

``MEDIGENX_PROFILE`` (fast, class, full) sets how long things take, ``MEDIGENX_SOURCE`` the films (phantom, a path,
pneumoniamnist), ``MEDIGENX_OFFLINE=1`` refuses every connection beyond this machine.
"""

from __future__ import annotations

import functools
import os
import random
import socket
from pathlib import Path
from typing import TypeVar

import numpy as np

from medigenx_lib import settings
from medigenx_lib.cases import LABELS, Case
from medigenx_lib.course import errors, look, skipping
from medigenx_lib.errors import InputError

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
NO_GPU = (
    "This lesson trains a network, and there is no GPU here: it goes on more slowly, with smaller numbers of steps.\n"
    "In Colab, choose Runtime, Change runtime type, T4 GPU, Save; then run the notebook from the top again."
)


def start(lesson: int, accelerator: str = "none") -> None:
    """Begin a lesson: style, seeds, one CPU thread; print what it runs on, and what to click where a GPU is missing."""
    import torch

    os.environ.setdefault("MEDIGENX_PROFILE", "class")
    if os.environ.get("MEDIGENX_OFFLINE") == "1":
        stay_offline()
    look.set_style()
    skipping.register()
    errors.shorten_open_exercises()
    random.seed(settings.SEED)
    np.random.seed(settings.SEED)  # noqa: NPY002 - libraries that students try may still draw from it
    torch.manual_seed(settings.SEED)
    torch.set_num_threads(1)
    device = settings.device()
    print(f"Lesson {lesson:02d} · profile {profile().name} · device {device} · films from {Path(source()).name}")
    if accelerator == "gpu" and device == "cpu" and profile().name != "fast":
        print(NO_GPU)


def profile() -> settings.Profile:
    """The profile in use: ``.name``, ``.train_minutes``, ``.films``. A student's default is ``class``."""
    return settings.profile()


def by_profile(fast: T, class_: T, full: T | None = None) -> T:
    """The value for the profile in use; ``full`` is ``class_`` unless given."""
    return {"fast": fast, "class": class_, "full": class_ if full is None else full}[profile().name]


def source() -> str:
    """Name or path of the films in use. A relative path is looked up here, then in the repository."""
    name = os.environ.get("MEDIGENX_SOURCE", "phantom")
    beside = ROOT / name
    return str(beside) if not Path(name).expanduser().exists() and beside.exists() else name


def cases(n: int, size: int = 64, split: str = "train", label: int | None = None) -> list[Case]:
    """``n`` films of the source in use, ``size`` x ``size``; with ``label``, only those of that class.

    Fewer only if the source has fewer. Raises InputError where the source has no film with that label.
    """
    if label is None:
        return list(_load(source(), size, split, n))[:n]
    wanted = 3 * n + 8
    while True:
        found = _load(source(), size, split, wanted)
        kept = [case for case in found if case.label == label]
        if len(kept) >= n or len(found) < wanted or wanted > 100_000:
            break
        wanted *= 2
    if not kept:
        raise InputError(f"{source()} has no film labelled {LABELS[label]}.", "Choose another MEDIGENX_SOURCE.")
    return kept[:n]


@functools.lru_cache(maxsize=8)
def _load(name: str, size: int, split: str, limit: int) -> tuple[Case, ...]:
    from medigenx_lib import datasets

    return tuple(datasets.load(name, size=size, split=split, limit=limit))


def stay_offline() -> None:
    """Refuse connections beyond this machine from here on: how we prove that a lesson needs no network."""
    if getattr(socket.socket.connect, "refuses", False):
        return
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def checked_connect(self: socket.socket, address):
        _refuse(address[0] if isinstance(address, tuple) else None)
        return connect(self, address)

    def checked_lookup(host, *rest, **named):
        _refuse(host)
        return lookup(host, *rest, **named)

    checked_connect.refuses = True
    socket.socket.connect, socket.getaddrinfo = checked_connect, checked_lookup


def _refuse(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "localhost", "::1", "0.0.0.0") and not name.startswith("127."):
        raise ConnectionRefusedError(f"MEDIGENX_OFFLINE=1 refuses a connection to {name}.")
