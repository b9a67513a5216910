"""Distances between two sets of films, each set given as feature vectors (N, D) of any feature space.

All of them compare a sample with a sample. The Frechet distance is biased upwards by about 1/N (Chong and
Forsyth, CVPR 2020), and the four neighbour scores drift with N as well: compare only numbers of equal N.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from medigenx_lib.errors import InputError


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Squared Frechet (Wasserstein-2) distance between Gaussians fitted to the two sets. 0 is best.

    Shapes: (N, D) and (M, D). Unit: the features' own, squared. With Inception features this is the FID.
    Sees the mean and the covariance only; biased upwards in small samples, so read it beside the distance
    of real from real at the same N. Raises InputError for fewer than two films, other shapes, or NaN.
    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, eq. 6;
    Dowson and Landau, J. Multivariate Analysis, 1982.
    """
    real, generated = _checked(real, generated, 2)
    shift = real.mean(0) - generated.mean(0)
    first, second = np.atleast_2d(np.cov(real, rowvar=False)), np.atleast_2d(np.cov(generated, rowvar=False))
    # tr sqrt(AB) = tr sqrt(sqrt(A) B sqrt(A)): symmetric, so no complex square root of a singular product.
    root = _matrix_root(first)
    overlap = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return float(max(shift @ shift + np.trace(first) + np.trace(second) - 2 * overlap, 0.0))


def _matrix_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def kernel_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Squared maximum mean discrepancy with the kernel (x.y / D + 1)^3: the KID in any feature space. 0 is best.

    Shapes: (N, D) and (M, D), N and M at least 2. The unbiased estimator, so equal sets give 0 on average and
    half of the time a little less than 0; no Gaussian is assumed. Not scaled by 1000, as some papers do.
    Source: Binkowski et al., "Demystifying MMD GANs", ICLR 2018, section 4.
    """
    real, generated = _checked(real, generated, 2)
    within_real = _polynomial(real, real)
    within_generated = _polynomial(generated, generated)
    across = _polynomial(real, generated).mean()
    return float(_mean_off_diagonal(within_real) + _mean_off_diagonal(within_generated) - 2 * across)


def _polynomial(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def _mean_off_diagonal(square: np.ndarray) -> float:
    count = len(square)
    return (square.sum() - np.trace(square)) / (count * (count - 1))


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall, each 0..1, 1 is best.

    Precision: share of generated films inside the real manifold, the union of balls around real films that
    reach to their ``k``-th real neighbour. Recall: the same with the roles exchanged. One odd real film makes
    a huge ball, so precision is easily too kind (see ``density``); recall falls when modes are missing.
    Source: Kynkaanniemi et al., "Improved Precision and Recall Metric", NeurIPS 2019; k = 3 as there.
    """
    real, generated = _checked(real, generated, k + 1)
    across = cdist(real, generated)
    precision = (across <= _reach(real, k)[:, None]).any(0).mean()
    recall = (across <= _reach(generated, k)[None]).any(1).mean()
    return float(precision), float(recall)


def density_coverage(real: np.ndarray, generated: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Density, 0 upwards with 1 expected of real films, and coverage, 0..1 with 1 best.

    Density: in how many real balls (reaching to the ``k``-th real neighbour) a generated film lies, over
    ``k``; odd real films count little. Coverage: share of real films whose ball holds a generated film. For
    two equal sets coverage is expected at 1 - (N-1)...(N-k) / ((2N-1)...(2N-k)), about 0.97 for k = 5.
    Source: Naeem et al., "Reliable Fidelity and Diversity Metrics", ICML 2020; k = 5 as there.
    """
    real, generated = _checked(real, generated, k + 1)
    inside = cdist(real, generated) <= _reach(real, k)[:, None]
    return float(inside.sum(0).mean() / k), float(inside.any(1).mean())


def _reach(points: np.ndarray, k: int) -> np.ndarray:
    """Distance of each point to its k-th neighbour among the others."""
    return np.partition(cdist(points, points), k, axis=1)[:, k]  # position 0 is the point itself


def _checked(real: np.ndarray, generated: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    real, generated = np.asarray(real, np.float64), np.asarray(generated, np.float64)
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1:] != generated.shape[1:]:
        raise InputError(f"Features of shapes {real.shape} and {generated.shape}.", "They must be (N, D) and (M, D).")
    if min(len(real), len(generated)) < least:
        raise InputError(f"{len(real)} and {len(generated)} films.", f"This score needs at least {least} of each.")
    if not (np.isfinite(real).all() and np.isfinite(generated).all()):
        raise InputError("Some features are NaN or infinite.", "Check the films with numpy.isfinite first.")
    return real, generated
