"""What the tests of tables, splits, classes and folders share: noise as films, tables in one line, small sets."""

import numpy as np
from PIL import Image

from medigenx_lib import datasets

RNG = np.random.default_rng(0)


def film(path, side=24):
    """A picture of noise, 8 pixels wider than high."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (side, side + 8), dtype=np.uint8)).save(path)


def table(path, text):
    """A table whose rows are parted by " | "."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(" | ", "\n").strip() + "\n")
    return path


def load(path, **options):
    """``datasets.load`` at 32 pixels, without a bar."""
    return datasets.load(path, **{"size": 32, "progress": False, **options})


def labels(cases):
    """Id -> label."""
    return {case.id: case.label for case in cases}
