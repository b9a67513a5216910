"""Train the two networks that a GAN on real films may start from, on phantoms of all presets and nothing else.

    python benchmarks/phantom_start.py 32 --films 40000 --seconds 900
    medigenx train --what gan --source FILMS --size 32 --start gan_phantoms_32

Phantoms differ in more ways than the films of one hospital do, so such networks have seen many chests before their
first real one. What that is worth stands in ``benchmarks/README.md``. An interrupted run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from medigenx_lib import phantom, weights
from medigenx_lib.gan import recipes, sampling, training

FIRST_SEED = 40_000_000
PART = 500  # phantoms rendered at a time
SICK = 4  # all but one in so many have pneumonia, about as in the real films


def films(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` phantoms, as many of each preset: films uint8 (N, S, S), labels (N,)."""
    parts = list(_parts(count // len(phantom.PRESETS)))
    bar = tqdm(parts, "rendering phantoms", unit="part")
    made = [phantom.render(seeds, size, preset, _sick(first, len(seeds)), False) for seeds, preset, first in bar]
    pixels = np.concatenate([np.rint(255 * batch.images[:, 0].numpy()).astype(np.uint8) for batch in made])
    return pixels, np.concatenate([batch.labels.numpy() for batch in made])


def _parts(each: int) -> Iterator[tuple[range, str, int]]:
    """(seeds, preset, place of the first among those of the preset)."""
    for number, preset in enumerate(phantom.PRESETS):
        for first in range(0, each, PART):
            begin, count = FIRST_SEED + number * each + first, min(PART, each - first)
            yield range(begin, begin + count), preset, first


def _sick(first: int, count: int) -> list[bool]:
    return [place % SICK > 0 for place in range(first, first + count)]


def main() -> None:
    """Render, train, export both networks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", type=int, choices=(32, 64), help="side of the films in pixels")
    parser.add_argument("--films", type=int, default=40_000)
    parser.add_argument("--seconds", type=float, default=900, help="CPU-seconds of training")
    parser.add_argument("--out", type=Path, help="weights file, else the one that is shipped")
    options = parser.parse_args()
    torch.set_num_threads(1)
    name = f"gan_phantoms_{options.size}"
    folder, out = Path("runs") / name, options.out or weights.FOLDER / f"{name}.safetensors"
    chosen = recipes.fitted(recipes.recipe("narrow", size=options.size), "cpu")
    training.train(*films(options.films, options.size), folder, chosen, cpu_seconds=options.seconds, device="cpu")
    print(f"Written: {sampling.export(folder, out, discriminator=True, licence='MIT')}")


if __name__ == "__main__":
    main()
