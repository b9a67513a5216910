"""Films for the scores: real ones where there are any, and blobs that stand in for them elsewhere."""

import numpy as np
import pytest

from medigenx_lib.cases import Case


def blob_cases(count, split="train", seed=0, size=64):
    """Smooth random pictures, brighter on one side for label 1: cheap, distinct, and told apart by a network."""
    rng = np.random.default_rng(seed)
    ticks = np.linspace(-1, 1, size)
    cases = []
    for number in range(count):
        phases, label = rng.uniform(0, 6, 4), number % 2
        waves = np.sin(3 * ticks[:, None] + phases[0]) * np.sin(4 * ticks + phases[1])
        detail = np.sin(17 * ticks[:, None] + phases[2]) * np.sin(15 * ticks + phases[3])
        image = 0.5 + 0.15 * waves + 0.08 * detail + 0.15 * label * ticks + rng.normal(0, 0.01, (size, size))
        image = image.clip(0, 1).astype(np.float32)
        cases.append(Case(f"{split}-{seed}-{number}", image, label, split=split, source="blobs"))
    return cases


@pytest.fixture(scope="session")
def blobs():
    """A function (count, split, seed, size) -> labelled stand-in cases."""
    return blob_cases


@pytest.fixture(scope="session")
def films(real_data):
    """The real films at 64x64, split name -> list of cases."""
    with np.load(real_data / "cxr_npz" / "chest_xray_64.npz", allow_pickle=False) as stored:
        return {split: _cases(stored, split) for split in ("train", "val", "test")}


def _cases(stored, split):
    images, labels = stored[f"{split}_images"].astype(np.float32) / 255, stored[f"{split}_labels"].ravel()
    pairs = enumerate(zip(images, labels, strict=True))
    return [Case(f"{split}-{i}", image, int(label), split=split, source="real") for i, (image, label) in pairs]
