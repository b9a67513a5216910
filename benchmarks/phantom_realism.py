"""How close phantoms come to real films: Frechet distance and coverage in the principal components of pixels.

    python benchmarks/phantom_realism.py [NPZ] [--films 1000] [--preset paediatric]

NPZ holds MedMNIST keys (default: chest_xray_64.npz of the real data folder). For each class, 48 principal components
are fitted to the reference, a random half of the training films. ``raw`` keeps their units (grey values 0..1), so that
the first few decide, and grows with the number of pixels; ``white`` scales each to unit variance. Rows:

- floor: the other half of the training films (it may share patients with the reference, so it flatters);
- held out: validation and test films, other patients, never used to tune the phantom;
- other class: what confusing normal with pneumonia would cost;
- phantom: same class label, same number of films as the floor.

Frechet distance: Dowson and Landau, J. Multivariate Analysis 12 (1982); it grows as the number of films falls, so
compare rows of like size. Coverage: Naeem et al., "Reliable Fidelity and Diversity Metrics", ICML 2020, k = 5.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import linalg
from scipy.spatial import cKDTree

from medigenx_lib import phantom, settings
from medigenx_lib.cases import LABELS

COMPONENTS, NEIGHBOURS = 48, 5


def flat(images: np.ndarray) -> np.ndarray:
    """uint8 or 0..1 images (N, S, S) -> float64 (N, S * S) in 0..1."""
    images = np.asarray(images, np.float64).reshape(len(images), -1)
    return images / 255 if images.max() > 1 else images


def components(reference: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (D,), directions (D, 48) and standard deviations (48,) of the reference's (N, D) principal components."""
    mean = reference.mean(0)
    _, spread, directions = np.linalg.svd(reference - mean, full_matrices=False)
    return mean, directions[:COMPONENTS].T, spread[:COMPONENTS] / np.sqrt(len(reference) - 1)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance (squared 2-Wasserstein distance of two Gaussians) of features (N, K)."""
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = linalg.sqrtm(cov_a @ cov_b).real
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root))


def coverage(real: np.ndarray, other: np.ndarray) -> float:
    """Share of real films with another film nearer than their own fifth real neighbour."""
    radius = cKDTree(real).query(real, NEIGHBOURS + 1)[0][:, -1]
    return float((cKDTree(other).query(real, 1)[0] < radius).mean())


def film_sets(data: dict[str, np.ndarray], label: int, films: int, preset: str) -> dict[str, np.ndarray]:
    """Reference, floor, held out, other class and phantoms of one class, each (N, S * S) in 0..1."""
    split = {name: data[f"{name}_images"] for name in ("train", "val", "test")}
    of = {name: data[f"{name}_labels"].ravel() for name in split}
    train = np.random.default_rng(0).permutation(flat(split["train"][of["train"] == label]))
    half = min(len(train) // 2, films)
    fake = phantom.cases(range(half), size=split["train"].shape[-1], preset=preset, disease=bool(label))
    return {
        "reference": train[:half],
        "floor": train[half : 2 * half],
        "held out": np.concatenate([flat(split[name][of[name] == label]) for name in ("val", "test")]),
        "other class": flat(split["train"][of["train"] != label])[:half],
        f"phantom, {preset}": flat(np.stack([case.image for case in fake])),
    }


def table(sets: dict[str, np.ndarray]) -> list[str]:
    """One line a set: Frechet distance raw and whitened, coverage in raw components, number of films."""
    mean, directions, spread = components(sets["reference"])
    placed = {name: (films - mean) @ directions for name, films in sets.items()}
    real = placed.pop("reference")
    return [
        f"  {name:22}{frechet(real, z):8.2f}{frechet(real / spread, z / spread):8.2f}{coverage(real, z):9.2f}{len(z):7}"
        for name, z in placed.items()
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("npz", nargs="?", default=settings.real_data_dir() / "cxr_npz" / "chest_xray_64.npz")
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--preset", default="paediatric", choices=phantom.PRESETS)
    options = parser.parse_args()
    with np.load(options.npz, allow_pickle=False) as data:
        arrays = dict(data)
    for label, name in enumerate(LABELS):
        print(f"{name:24}{'raw':>8}{'white':>8}{'coverage':>9}{'films':>7}")
        print(*table(film_sets(arrays, label, options.films, options.preset)), sep="\n")


if __name__ == "__main__":
    main()
