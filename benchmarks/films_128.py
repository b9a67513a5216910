"""The films that ``gan_128`` is trained on: those of ``gan_64``, from the copies that have more pixels.

    python benchmarks/films_128.py chest_xray_64.npz chest_xray_224 --out chest_xray_128.npz

The two are the same radiographs in two splits. ``gan_128`` starts from ``gan_64``, so what that has seen cannot be held
out any more. A film is told by its picture: ``train`` is what stands in ``train`` of both, ``val`` and ``test`` what
stands in ``val`` and ``test`` of the first; the rest (held out in the second alone, or found in one only) is left out.
Patients stay apart because they are apart in the first. Writes MedMNIST keys, uint8 (N, S, S).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medigenx_lib import datasets
from medigenx_lib.cases import Case
from medigenx_lib.evaluation.films import stack
from medigenx_lib.evaluation.fingerprints import SAME_PICTURE
from medigenx_lib.files import replacing
from medigenx_lib.preprocessing import resize_case

COMPARED = 64  # pixels a side


def main() -> None:
    """Match, split, write, and say how many films are in each split."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("small", help="the films of the generator to start from")
    parser.add_argument("large", help="the same films with more pixels")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--out", type=Path, default=Path("chest_xray_128.npz"))
    options = parser.parse_args()
    small, large = datasets.load(options.small, COMPARED), datasets.load(options.large, options.size)
    splits = shared_splits(small, large)
    arrays = {}
    for name in datasets.SPLITS:
        chosen = [case for case, split in zip(large, splits, strict=True) if split == name]
        arrays[f"{name}_images"] = np.rint(stack(chosen, options.size) * 255).astype(np.uint8)
        arrays[f"{name}_labels"] = np.array([[case.label] for case in chosen], np.uint8)
    with replacing(options.out) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **arrays)
    counts = ", ".join(f"{len(arrays[f'{name}_images'])} {name}" for name in datasets.SPLITS)
    print(f"{options.out}: {counts}; {splits.count(None)} of {len(large)} films left out")


def shared_splits(small: Sequence[Case], large: Sequence[Case]) -> list[str | None]:
    """For each film of ``large`` its split, None if it is left out."""
    found = [small[index].split if same else None for index, same in zip(*matches(small, large), strict=True)]
    return [
        None if split == "train" and case.split != "train" else split
        for case, split in zip(large, found, strict=True)
    ]  # fmt: skip


def matches(small: Sequence[Case], large: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    """(index, same): the film of ``small`` nearest to each of ``large``, and whether it is the same radiograph."""
    reduced = [resize_case(case, COMPARED) for case in large]
    first, second = (stack(cases, COMPARED).reshape(len(cases), -1) for cases in (reduced, small))
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    difference = np.sqrt(np.maximum(squares.min(1), 0) / COMPARED**2)
    return squares.argmin(1), difference < SAME_PICTURE


if __name__ == "__main__":
    main()
