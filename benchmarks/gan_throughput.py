"""Where the seconds of a training step go: images a CPU-second of ours, of the DCGAN, and of what lies between them.

    python benchmarks/gan_throughput.py [--sizes 32 64] [--steps 8] [--rounds 5] [--only ours ...]

One thread, batches of 32, random films (what they show does not matter here). The recipes take turns, round by round,
so that a busy machine slows all of them; the median and the range over the rounds are printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import torch

from medigenx_lib.gan import recipes
from medigenx_lib.gan.state import State
from medigenx_lib.gan.steps import step
from medigenx_lib.gan.training import flushing_denormals

VARIANTS = {
    "ours (narrow, bfloat16)": ("narrow", {"bf16": True}),
    "ours without first-order features": ("narrow", {"bf16": True, "first_order": False}),
    "narrow": ("narrow", {}),
    "narrow without penalties": ("narrow", {"gamma": 0.0}),
    "strong": ("strong", {}),
    "strong without penalties": ("strong", {"gamma": 0.0}),
    "strong, transposed convolutions": ("strong", {"upsampling": "transposed"}),
    "strong, standard loss": ("strong", {"loss": "standard"}),
    "strong, DCGAN's networks": ("strong", {"body": "dcgan", "latent": 100}),
    "DCGAN tutorial, our width": ("dcgan", {}),
    "DCGAN tutorial, our width, bfloat16": ("dcgan", {"bf16": True}),
    "DCGAN tutorial, its own width of 64": ("dcgan", {"width": 64}),
}


def main() -> None:
    """Print one table a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--steps", type=int, default=8, help="a round; a multiple of 4 holds every kind of step")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="leave out the others")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with flushing_denormals():
        for size in options.sizes:
            print(f"| {size}x{size} | images/CPU-s | generator, M | discriminator, M |\n|---|---|---|---|")
            for line in rows(size, options.steps, options.rounds, options.only):
                print(line, flush=True)


def rows(size: int, steps: int, rounds: int, names: Sequence[str]) -> list[str]:
    """A line for each of the ``names`` among ``VARIANTS``: images a CPU-second, and the sizes of both networks."""
    chosen = {name: VARIANTS[name] for name in names}
    states = {
        name: State.new(recipes.recipe(base, size=size, **changes), {}) for name, (base, changes) in chosen.items()
    }
    for state in states.values():
        images_per_second(state, 4)  # the first steps allocate memory
    found = {name: [] for name in states}
    for _ in range(rounds):
        for name, state in states.items():
            found[name].append(images_per_second(state, steps))
    return [f"| {name} | {_spread(found[name])} | {_parameters(states[name])} |" for name in states]


def images_per_second(state: State, steps: int) -> float:
    """Films shown in ``steps`` steps over the CPU-seconds they took."""
    recipe = state.recipe
    films = torch.rand(recipe.batch, 1, recipe.size, recipe.size) * 2 - 1
    labels = torch.arange(recipe.batch) % 2
    begun = time.process_time()
    for _ in range(steps):
        step(state, films, labels, 0.5)
    return steps * recipe.batch / (time.process_time() - begun)


def _spread(values: list[float]) -> str:
    return f"{np.median(values):.0f} ({min(values):.0f}–{max(values):.0f})"


def _parameters(state: State) -> str:
    networks = (state.generator, state.discriminator)
    return " | ".join(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f}" for network in networks)


if __name__ == "__main__":
    main()
