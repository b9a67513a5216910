"""Random numbers that depend on a seed and a name alone: one stream per (seed, name).

A counter-based hash replaces a sequential generator, so that adding, dropping or reordering parameters moves no
other number. The hash is splitmix64 (Steele, Lea and Flood, OOPSLA 2014), the design that counter-based generators
such as Philox share (Salmon et al., SC 2011). Everything is integer arithmetic and table look-up: bit-equal on
every machine, in any batch and on any number of threads.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@functools.cache
def _key(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def _mixed(z: np.ndarray) -> np.ndarray:
    """splitmix64's output function, uint64 -> uint64; wraps on purpose."""
    z = (z ^ (z >> np.uint64(30))) * _MIX[0]
    z = (z ^ (z >> np.uint64(27))) * _MIX[1]
    return z ^ (z >> np.uint64(31))


def uniforms(seeds: Sequence[int], names: Sequence[str]) -> np.ndarray:
    """Float64 (B, N) in [0, 1): one number per seed and name, with 24 random bits."""
    state = _mixed(np.asarray(seeds, np.uint64)[:, None] + _GOLDEN)
    keys = np.array([_key(name) for name in names], np.uint64)
    return (_mixed(state ^ keys[None]) >> np.uint64(40)).astype(np.float64) * 2.0**-24


def normals(seed: int, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Float32 standard normal deviates of ``shape``, clipped at +-4.3 by their 16-bit resolution."""
    count = int(np.prod(shape))
    start = _mixed(_mixed(np.array([seed], np.uint64) + _GOLDEN) ^ _key(name))
    words = _mixed(start + _GOLDEN * np.arange(1, -(-count // 4) + 1, dtype=np.uint64))
    return _quantiles()[words.astype("<u8").view("<u2")[:count]].reshape(shape)


@functools.cache
def _quantiles() -> np.ndarray:
    """Standard normal quantiles at 65,536 equal steps of probability."""
    from scipy.special import ndtri

    return ndtri((np.arange(65536) + 0.5) / 65536).astype(np.float32)
