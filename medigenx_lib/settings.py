"""What differs from machine to machine: profile, seed, device, cache folder, and whether this is Colab."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from medigenx_lib.errors import InputError

SEED = 0
NOTICE = "SYNTHETIC, NOT FOR CLINICAL USE"
DISCLAIMER = "Teaching material, not for clinical use"


@dataclass(frozen=True)
class Profile:
    """How long a lesson may take: ``train_minutes`` of GAN training, ``films`` to generate and score."""

    name: str
    train_minutes: float
    films: int


PROFILES = {
    "fast": Profile("fast", train_minutes=0.5, films=16),
    "class": Profile("class", train_minutes=5.0, films=64),
    "full": Profile("full", train_minutes=60.0, films=1000),
}


def profile() -> Profile:
    """The profile named by ``MEDIGENX_PROFILE`` (``fast`` unless set). Raises InputError if unknown."""
    name = os.environ.get("MEDIGENX_PROFILE", "fast")
    if name not in PROFILES:
        raise InputError(f"MEDIGENX_PROFILE is {name!r}.", f"Set it to one of: {', '.join(PROFILES)}.")
    return PROFILES[name]


def device() -> str:
    """``"cuda"`` where a GPU is present, else ``"cpu"``. ``MEDIGENX_DEVICE`` overrides."""
    if chosen := os.environ.get("MEDIGENX_DEVICE"):
        return chosen
    import torch  # costs seconds; only those who ask pay

    return "cuda" if torch.cuda.is_available() else "cpu"


def usable(device: str) -> str:
    """``device`` itself. Raises InputError where torch knows no such device or this machine has none."""
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts
        here = "cuda or cpu" if torch.cuda.is_available() else "cpu"
        what = f"The device {device!r} cannot be used ({str(error).splitlines()[0]})."
        raise InputError(what, f"Here it is {here}: see MEDIGENX_DEVICE.") from error
    return device


def computes_bf16(device: str) -> bool:
    """Whether ``device`` (``"cpu"``, ``"cuda"``) computes in bfloat16 itself; emulated it is slower than float32."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    known = getattr(torch.cpu, "get_capabilities", dict)()
    return any(known.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def cache_dir() -> Path:
    """Folder for downloads, ``MEDIGENX_CACHE`` or ``~/.cache/medigenx``. Not created here."""
    return Path(os.environ.get("MEDIGENX_CACHE", Path.home() / ".cache" / "medigenx")).expanduser()


def real_data_dir() -> Path:
    """Folder of real radiographs for tests and benchmarks, ``MEDIGENX_REAL_DATA`` or ``../shared/data``."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("MEDIGENX_REAL_DATA", default)).expanduser()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one CPU thread inside: for small networks, threads cost more in waiting than they bring."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_colab() -> bool:
    """True in a Google Colab runtime."""
    return importlib.util.find_spec("google") is not None and "COLAB_RELEASE_TAG" in os.environ
