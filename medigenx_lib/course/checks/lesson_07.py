"""Checks of lesson 07, what comes after GANs: lines, velocities, steps, attention, marks."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require


def on_the_way(answer: Callable) -> None:
    """Against both ends, a place worked out by hand, and the slope of the way itself."""
    rng = np.random.default_rng(0)
    noise, film = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)) + 4
    given = answer(noise.copy(), film.copy(), np.zeros(5))
    require(
        isinstance(given, tuple) and len(given) == 2, "Return two arrays.", "The places first, then the velocities."
    )
    for time, wanted, name in ((0.0, noise, "noise"), (1.0, film, "film")):
        place = np.asarray(answer(noise.copy(), film.copy(), np.full(5, time))[0])
        require(place.shape == (5, 3), f"The places have shape {place.shape}, expected (5, 3).", "Use time[:, None].")
        require(np.allclose(place, wanted), f"At time {time:g} the place is not the {name}.", "Mind which is which.")
    mixed = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    place, velocity = answer(noise.copy(), film.copy(), mixed)
    by_hand = np.array([[(1 - t) * a + t * b for a, b in zip(x, y, strict=True)]
                        for t, x, y in zip(mixed, noise, film, strict=True)])  # fmt: skip
    require(np.allclose(place, by_hand), "With a time for each film the places are wrong.", "One time a row, (B, 1).")
    later, _ = answer(noise.copy(), film.copy(), mixed + 0.05)
    require(
        np.allclose(velocity, (later - place) / 0.05),
        "The velocity is not how fast the place moves.",
        "It is film - noise, at all times.",
    )
    passed("the velocity is the slope of the way, and the way leads from noise to film.")


def best_velocity(answer: Callable) -> None:
    """Against one film, time 0, a mean over thousands of sampled lines, and numbers that underflow."""
    rng = np.random.default_rng(1)
    place, one = rng.normal(size=(4, 2)), np.array([[3.0, -1.0]])
    given = np.asarray(answer(place.copy(), 0.5, one))
    require(given.shape == (4, 2), f"The velocities have shape {given.shape}, expected (4, 2).", "One row a place.")
    require(
        np.allclose(given, (one - place) / 0.5),
        "With a single film everybody must reach it in the time that is left.",
        "velocity = (end - place) / (1 - time).",
    )
    data = rng.normal(size=(6, 2)) * 2
    start = np.asarray(answer(place.copy(), 0.0, data))
    require(
        np.allclose(start, data.mean(0) - place),
        "At time 0 nothing is known, so all films count the same.",
        "The place should be compared with time * film, which is 0 for all of them.",
    )
    for time in (0.3, 0.7):
        wanted = sampled(place, time, data)
        given = np.asarray(answer(place.copy(), time, data))
        require(
            np.allclose(given, wanted, atol=1e-6),
            f"At time {time} the velocity is off by up to {np.abs(given - wanted).max():.3f}.",
            "Weights: exp(-|place - time * film|^2 / (2 (1 - time)^2)), divided by their sum over the films.",
        )
    with np.errstate(all="ignore"):
        far = np.asarray(answer(place + 500, 0.9, data))
    require(
        bool(np.isfinite(far).all()),
        "Far from all films the velocity is not a number: all exponentials became 0.",
        "Subtract the largest exponent of each row first, or use scipy.special.softmax.",
    )
    passed("it is the mean of all lines that pass, also where every exponential alone is zero.")


def sampled(place: np.ndarray, time: float, data: np.ndarray) -> np.ndarray:
    """Mean velocity from the density of the noise that each film needs to be seen here: one place at a time."""
    velocities = []
    for here in place:
        needed = (here[None] - time * data) / (1 - time)  # the noise that leads from here to each film
        density = np.array([math.exp(-0.5 * float(row @ row)) for row in needed])
        velocities.append((density[:, None] * (data - needed)).sum(0) / density.sum())
    return np.array(velocities)


def euler(answer: Callable) -> None:
    """Against ways that are known: constant speed, growth, and the times at which it asks."""
    start = np.array([[1.0, -2.0], [0.5, 3.0]])
    kept = start.copy()
    asked: list[float] = []

    def constant(place, time):
        asked.append(float(time))
        return np.full_like(place, 2.0)

    end = np.asarray(answer(constant, start, 5))
    require(np.array_equal(start, kept), "The start has been changed.", "place = place + ..., not place += ...")
    require(len(asked) == 5, f"The velocity was asked {len(asked)} times for 5 steps.", "Once a step.")
    require(
        np.allclose(asked, [0, 0.2, 0.4, 0.6, 0.8]),
        f"It was asked at times {np.round(asked, 2).tolist()}, expected 0, 0.2, 0.4, 0.6, 0.8.",
        "Step number i begins at time i / steps.",
    )
    require(np.allclose(end, kept + 2), "At a speed of 2 everything moves by 2 in all.", "Each step lasts 1 / steps.")
    for steps in (1, 4, 50):
        grown = np.asarray(answer(lambda place, time: place, start, steps))
        require(
            np.allclose(grown, kept * (1 + 1 / steps) ** steps),
            f"Where speed equals place, {steps} steps multiply it by {(1 + 1 / steps) ** steps:.3f}.",
            "Ask for the velocity at the place where you are now, not at the start.",
        )
    passed("constant speeds are exact, and growth comes near e with many steps, as it should.")


def attention_bytes(answer: Callable) -> None:
    """Against pairs counted one by one on small pictures, and one known large one."""
    for side, patch in ((32, 16), (64, 16), (24, 8)):
        patches = [(row, column) for row in range(0, side, patch) for column in range(0, side, patch)]
        pairs = sum(1 for _ in patches for _ in patches)
        got = answer(side, patch)
        require(
            got == 4 * pairs,
            f"{side} pixels in patches of {patch}: {len(patches)} patches, {pairs} pairs of 4 bytes, you say {got}.",
            "The picture has two sides: (side // patch) ** 2 patches, and each looks at all.",
        )
    require(answer(64, 16, 3) == 3 * answer(64, 16), "Three heads need three tables.", "Multiply by heads.")
    require(answer(64, 16, 1, 2) * 2 == answer(64, 16), "With 2 bytes a number it is half.", "Multiply by bytes_each.")
    require(isinstance(answer(2048, 16), int), "Bytes come in whole numbers.", "Divide with // instead of /.")
    require(answer(2048, 16) == 2**30, f"2,048 pixels take {answer(2048, 16):,} bytes, expected 1 GiB.")
    passed("2,048 pixels in patches of 16 take one gibibyte for each layer, head and film.")


def marked_png(answer: Callable) -> None:
    """By reading the bytes back: kind, size, grey values, and the notice."""
    from PIL import Image

    rng = np.random.default_rng(4)
    for shape, notice in (((8, 12), "SYNTHETIC, not for clinical use"), ((16, 16), "made by a network")):
        film = rng.random(shape).astype(np.float32)
        film[0, 0], film[0, 1] = 0, 1
        data = answer(film.copy(), notice)
        require(isinstance(data, bytes), f"You return {type(data).__name__}, expected bytes.", "stream.getvalue()")
        picture = Image.open(io.BytesIO(data))
        require(picture.format == "PNG", f"This is a {picture.format}, not a PNG.", 'picture.save(stream, "PNG", ...)')
        require(picture.mode == "L", f"The mode is {picture.mode}, expected L, 8-bit grey.", "Make it uint8, (H, W).")
        values = np.asarray(picture).astype(int)
        require(values.shape == shape, f"The picture is {values.shape}, the film {shape}.", "Leave its size alone.")
        worst = int(np.abs(values - np.rint(255 * film.astype(float)).astype(int)).max())
        require(
            worst == 0,
            f"Grey values are off by up to {worst} of 255.",
            "1 becomes 255: multiply by 255, round with np.rint, then astype(np.uint8).",
        )
        found = getattr(picture, "text", {})
        require(
            found.get("Description") == notice,
            f"The text fields are {dict(found)}, expected Description: {notice!r}.",
            'info.add_text("Description", notice), and save(..., pnginfo=info).',
        )
    passed("any program that reads the file can now tell what it is, until somebody saves it anew.")
