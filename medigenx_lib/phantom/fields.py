"""Pixel grids, soft edges and smooth random fields that are the same at every size."""

from __future__ import annotations

import functools

import numpy as np

from medigenx_lib.phantom import streams


@functools.lru_cache(16)
def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres u (1, S) to the right and v (S, 1) downwards, float32 in -1..1."""
    centres = ((np.arange(size) + 0.5) / size * 2 - 1).astype(np.float32)
    return centres[None, :], centres[:, None]


def edge(distance: np.ndarray, width: float) -> np.ndarray:
    """Smoothstep from 0 at ``-width`` to 1 at ``+width``: a soft border with compact support."""
    s = distance * (0.5 / width)
    s += 0.5
    np.maximum(s, 0, out=s)
    np.minimum(s, 1, out=s)
    return s * s * (3 - 2 * s)


def chord(squared: np.ndarray) -> np.ndarray:
    """sqrt(1 - q), 0 outside: half the path length through a unit circle at squared distance q."""
    return np.sqrt(np.maximum(1 - squared, 0))


def bell(squared: np.ndarray) -> np.ndarray:
    """exp(-q), stopped before it becomes denormal (which would cost a hundredfold)."""
    return np.exp(-np.minimum(squared, 40))


def power(base: np.ndarray, exponent: float) -> np.ndarray:
    """base ** exponent for base >= 0, by exp and log, which are vectorised where ``pow`` is not."""
    return np.exp(exponent * np.log(np.maximum(base, 1e-6)))


@functools.lru_cache(32)
def _bspline(size: int, knots: int) -> np.ndarray:
    """Cubic B-spline basis (S, K), rows scaled to unit variance for white coefficients."""
    centres = (np.arange(size)[:, None] + 0.5) / size * (knots - 4) + 1.5
    d = np.abs(centres - np.arange(knots)[None])
    basis = np.where(d < 1, 2 / 3 - d**2 + d**3 / 2, np.where(d < 2, (2 - d) ** 3 / 6, 0))
    return (basis / np.sqrt((basis**2).sum(1, keepdims=True))).astype(np.float32)


def smooth(seed: int, name: str, size: int, knots: int) -> np.ndarray:
    """Smooth noise (S, S), mean 0 and variance 1, with about ``knots - 4`` bumps across the film."""
    basis = _bspline(size, knots)
    return basis @ streams.normals(seed, name, (knots, knots)) @ basis.T


@functools.lru_cache(64)
def gaussian_matrix(size: int, sigma: float) -> np.ndarray:
    """Row-normalised Gaussian (S, S): ``G @ image @ G.T`` blurs by ``sigma`` shares of the film's width."""
    position = (np.arange(size) + 0.5) / size
    kernel = np.exp(-((position[:, None] - position[None]) ** 2) / (2 * sigma**2))
    kernel[kernel < 1e-4] = 0  # smaller ones would only become denormal, which costs a hundredfold
    return (kernel / kernel.sum(1, keepdims=True)).astype(np.float32)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of (S, S) by ``sigma`` shares of the film's width."""
    kernel = gaussian_matrix(image.shape[0], sigma)
    return kernel @ image @ kernel.T
