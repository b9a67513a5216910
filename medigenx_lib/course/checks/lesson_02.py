"""Checks of lesson 02, data preprocessing: windows, limited equalisation, shrinking, augmentation, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from medigenx_lib.course.checks import passed, require


def window_level(answer: Callable) -> None:
    """``answer(pixels, centre, width)``: DICOM's linear window, 0..1."""
    pixels = np.array([[0, 900, 1000], [1050, 1100, 4095]], np.uint16)
    given = np.asarray(answer(pixels.copy(), 1000, 201))
    require(given.shape == (2, 3), f"The answer has shape {given.shape}, expected (2, 3).", "Keep the shape of pixels.")
    require(
        np.issubdtype(given.dtype, np.floating), f"The greys are {given.dtype}.", "Divide, so that they are floats."
    )
    require(given.max() <= 1, f"Values above the window come out as {given.max():.2f}, expected 1.", "Use np.clip.")
    require(given.min() >= 0, f"Values below the window come out as {given.min():.2f}, expected 0.", "Use np.clip.")
    require(given[0, 0] == 0, "A number far below the window is not black.", "uint16 wraps below 0: use floats first.")
    require(given[1, 2] == 1, "A number far above the window is not white.", "Do not take the film's own maximum.")
    ends = np.asarray(answer(np.array([899.0, 900.0, 999.5, 1099.0, 1100.0]), 1000, 201))
    wanted = np.array([0, 0.0025, 0.5, 0.9975, 1])
    what = f"Around the window 1000 / 201 the greys are {np.round(ends, 4).tolist()}, expected {wanted.tolist()}."
    require(np.allclose(ends, wanted, atol=1e-6), what, "Mind the half steps: c - 0.5 and w - 1.")
    passed("numbers inside the window share all greys, the rest is black or white.")


def clipped_curve(answer: Callable) -> None:
    """``answer(tile, clip, bins)``: the running sum of counts that are limited to ``clip`` times their mean."""
    even = (np.arange(64).reshape(8, 8) + 0.5) / 64
    curve = np.asarray(answer(even, 2.0, 16))
    require(curve.shape == (16,), f"The curve has shape {curve.shape}, expected (16,).", "One new grey for each bin.")
    require(np.isclose(curve[-1], 1), f"The curve ends at {curve[-1]:.2f}, expected 1.", "Divide by the total.")
    steps = np.arange(1, 17) / 16
    require(np.allclose(curve, steps), "Where all greys are equally frequent, the curve should be a straight line.")
    peak = np.tile([0.52, 0.58], (10, 5))
    loose, tight = (np.asarray(answer(peak, clip, 10)) for clip in (100.0, 2.0))
    require(loose[4] < 0.01 < 0.99 < loose[5], "Without a limit in reach, one grey should get the whole scale.",
            "Bins run from 0 to 1, not from the tile's darkest to its brightest pixel.")  # fmt: skip
    step = tight[5] - tight[4]
    what = f"One grey in a tile, limit 2, 10 bins: its step is {step:.2f} of the scale, expected 0.28."
    hint = "Cut to 2 times the mean count (0.2), then give every bin, this one too, a tenth of the excess (0.08)."
    require(np.isclose(step, 0.28), what, hint)
    require(np.isclose(tight[0], 0.08), f"An empty grey steps by {tight[0]:.2f}, expected 0.08: its share.", hint)
    passed("no grey takes more than its limit, and nothing that was cut off is lost.")


def shrink(answer: Callable) -> None:
    """``answer(image, factor)``: means of blocks."""
    image = np.arange(24.0).reshape(4, 6)
    given = np.asarray(answer(image.copy(), 2))
    require(given.shape == (2, 3), f"4 x 6 by 2 gives shape {given.shape}, expected (2, 3).", "Divide both sides.")
    wanted = np.array([[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    what = f"The first block, 0 1 6 7, became {given[0, 0]:g}, expected its mean 3.5."
    require(np.isclose(given[0, 0], 3.5), what, "Average all pixels of the block, do not pick one.")
    require(np.allclose(given, wanted), f"Blocks are mixed up: {given.tolist()}.", "Mean over axes 1 and 3.")
    stripes = np.tile([0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0], (8, 3))
    flat = np.asarray(answer(stripes, 4))
    require(flat.shape == (2, 6), f"8 x 24 by 4 gives shape {flat.shape}, expected (2, 6).", "Any factor must work.")
    require(np.allclose(flat, 0.5), "Stripes finer than a block should become even grey.", "Average all 16 pixels.")
    passed("stripes finer than the new pixels become grey, not new stripes.")


def augment(answer: Callable) -> None:
    """``answer(image, mask, rng)``: both moved alike, edges repeated, the image alone brighter or darker."""
    mask = np.zeros((20, 24), bool)
    mask[6:10, 8:15] = True
    mask[10:13, 8:10] = True  # an L, so that a mirrored one is told apart
    image = 0.2 + 0.5 * mask
    draws = [_one_augmentation(answer, image, mask, seed) for seed in range(60)]
    shifts = [(down, across) for down, across, _ in draws]
    gains = [gain for *_, gain in draws]
    require(len(set(shifts)) > 15, "Almost every draw moves the film by the same step.", "Draw from rng each time.")
    require(any(down != across for down, across in shifts), "Down and across are always equal.", "Draw two numbers.")
    extreme = np.abs(shifts).max(0).tolist()
    require(extreme == [3, 3], f"The largest steps are {extreme}, expected 3 each way.", "rng.integers(-3, 4, size=2).")
    lows = np.min(shifts, axis=0).tolist()
    require(lows == [-3, -3], "Films move one way only.", "Steps run from -3 to 3.")
    require(min(gains) >= 0.899 and max(gains) <= 1.101, "The brightness changes by more than 10 %.")
    require(max(gains) - min(gains) > 0.1, "The brightness hardly varies.", "Multiply by rng.uniform(0.9, 1.1).")
    bright, _ = answer(np.ones((16, 16)), np.zeros((16, 16), bool), np.random.default_rng(1))
    require(np.max(bright) <= 1, f"White became {np.max(bright):.2f}.", "Clip the image to 0..1.")
    passed("mask and film stay together, nothing is mirrored, and no black edge appears.")


def _one_augmentation(answer: Callable, image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[int, int, float]:
    """Steps down and across and the gain of one draw, each of its parts checked."""
    moved, region = answer(image.copy(), mask.copy(), np.random.default_rng(seed))
    moved, region = np.asarray(moved), np.asarray(region)
    require(moved.shape == image.shape and region.shape == mask.shape, "Film or mask changed its shape.")
    require(region.dtype == bool, f"The mask became {region.dtype}.", "Only the image is made brighter.")
    again, _ = answer(image.copy(), mask.copy(), np.random.default_rng(seed))
    require(np.array_equal(moved, again), "The same rng gives another film.", "Draw from rng and from nothing else.")
    gain = float(np.median(moved[~region]) / 0.2)
    hint = "Use the same rows and columns for both, and repeat the edge."
    require(np.allclose(moved, (0.2 + 0.5 * region) * gain), "Mask and film do not fit any more.", hint)
    down, across = (int(r - m) for r, m in zip(_corner(region), _corner(mask), strict=True))
    wanted = np.roll(mask, (down, across), (0, 1))
    require(np.array_equal(region, wanted), "The L in the mask is no L any more: mirrored, turned or cut.", hint)
    return down, across, gain


def _corner(mask: np.ndarray) -> tuple[int, int]:
    return int(np.flatnonzero(mask.any(1))[0]), int(np.flatnonzero(mask.any(0))[0])


def duplicates(answer: Callable) -> None:
    """``answer(train, val)``: indices into val of films that are also in train."""
    rng = np.random.default_rng(0)
    train, val = (rng.integers(0, 256, (count, 8, 8)).astype(np.uint8) for count in (40, 30))
    _require_indices(answer(train, val), [], "no film in common")
    val[[4, 21]] = train[[33, 0]]
    _require_indices(answer(train, val), [4, 21], "films 4 and 21 of val in train, at other places")
    val[9] = np.sort(train[7].ravel()).reshape(8, 8)  # the same pixels, another film
    val[10] = train[8]
    val[10, 3, 3] ^= 1
    _require_indices(answer(train, val), [4, 21], "a shuffled film and one that differs in one pixel besides")
    val[5] = train[33]
    _require_indices(answer(train, val), [4, 5, 21], "one film twice in val")
    passed("only films that are the same bit for bit are found, wherever they stand.")


def _require_indices(given: Sequence[int], wanted: list[int], situation: str) -> None:
    given = [int(index) for index in given]
    what = f"With {situation}, you return {given}, expected {wanted}."
    require(given == wanted, what, "Collect the bytes of all training films in a set, and look each val film up.")
