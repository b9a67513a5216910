"""What a classifier's features overlook: principal components of pixels, grain, sharpness and contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medigenx_lib.evaluation.films import Films, stack

SIZE = 64
"""Side of the square on which pixels are compared."""
COMPONENTS = 48
TINY = 1e-8


@dataclass(frozen=True, eq=False)
class PixelBasis:
    """Principal components of films: ``mean`` (S*S,), ``components`` (K, S*S), ``scale`` the largest deviation.

    One ``scale`` for all components, so that a unit is the same number of grey levels along each of them.
    """

    mean: np.ndarray
    components: np.ndarray
    scale: float

    @classmethod
    def fit(cls, films: Films, components: int = COMPONENTS, most: int = 1500) -> PixelBasis:
        """The first ``components`` principal axes of at most ``most`` of ``films``, evenly chosen, at 64x64."""
        from sklearn.decomposition import PCA

        flat = stack(films[:: -(-len(films) // most)], SIZE).reshape(-1, SIZE * SIZE)
        count = max(1, min(components, len(flat) - 1))
        fitted = PCA(count, svd_solver="randomized", random_state=0).fit(flat)
        return cls(fitted.mean_, fitted.components_, max(float(fitted.explained_variance_[0]) ** 0.5, TINY))

    def project(self, films: Films) -> np.ndarray:
        """Coefficients (N, K); over the films that it was fitted on, the first has standard deviation 1."""
        flat = stack(films, SIZE).reshape(len(films), -1)
        return (flat - self.mean) @ self.components.T / self.scale


def grain(films: Films) -> np.ndarray:
    """Log10 mean energy of the diagonal Haar coefficients, (N,): checkerboard and pixel grain, at own size.

    Transposed convolutions of stride 2 leave just this pattern (Odena et al., Distill, 2016). Low: blurred.
    """
    top_left, top_right, bottom_left, bottom_right = _quads(stack(films))
    return _log_energy((top_left - top_right - bottom_left + bottom_right) / 2)


def sharpness(films: Films) -> np.ndarray:
    """Log10 mean energy of the horizontal and vertical Haar coefficients, (N,), at the films' own size."""
    top_left, top_right, bottom_left, bottom_right = _quads(stack(films))
    across = (top_left - top_right + bottom_left - bottom_right) / 2
    down = (top_left + top_right - bottom_left - bottom_right) / 2
    return _log_energy(np.hypot(across, down))


def contrast(films: Films) -> np.ndarray:
    """Standard deviation of the pixels of each film, (N,), in units of the full grey range."""
    return stack(films).std((1, 2))


def shift(real: np.ndarray, generated: np.ndarray) -> float:
    """By how many real standard deviations the generated mean of a per-film number is off; 0 is best."""
    return float((generated.mean() - real.mean()) / max(real.std(), TINY))


def _quads(images: np.ndarray) -> tuple[np.ndarray, ...]:
    even = images[:, : images.shape[1] // 2 * 2, : images.shape[2] // 2 * 2]
    return even[:, ::2, ::2], even[:, ::2, 1::2], even[:, 1::2, ::2], even[:, 1::2, 1::2]


def _log_energy(coefficients: np.ndarray) -> np.ndarray:
    return np.log10((coefficients.astype(np.float64) ** 2).mean((1, 2)) + TINY)
