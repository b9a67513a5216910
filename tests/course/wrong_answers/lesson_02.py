"""Plausible wrong answers to the exercises of lesson 02: each must fail its check."""

WRONG = {
    "window_level": [
        """
def window_level(pixels, centre, width):  # wraps below zero
    return np.clip((pixels - pixels.dtype.type(centre - width // 2)) / (width - 1), 0, 1)
""",
        """
def window_level(pixels, centre, width):  # not clipped
    return (np.asarray(pixels, float) - (centre - 0.5)) / (width - 1) + 0.5
""",
        """
def window_level(pixels, centre, width):  # no half steps
    return np.clip((np.asarray(pixels, float) - centre) / width + 0.5, 0, 1)
""",
    ],
    "clipped_curve": [
        """
def clipped_curve(tile, clip, bins):  # what was cut off is lost
    counts = np.histogram(tile, bins, (0, 1))[0].astype(float)
    counts = np.minimum(counts, clip * counts.mean())
    return np.cumsum(counts) / counts.sum()
""",
        """
def clipped_curve(tile, clip, bins):  # the tile's own range
    counts = np.histogram(tile, bins)[0].astype(float)
    limit = clip * counts.mean()
    counts = np.minimum(counts, limit) + np.maximum(counts - limit, 0).sum() / bins
    return np.cumsum(counts) / counts.sum()
""",
        """
def clipped_curve(tile, clip, bins):  # no limit
    counts = np.histogram(tile, bins, (0, 1))[0]
    return np.cumsum(counts) / counts.sum()
""",
    ],
    "shrink": [
        """
def shrink(image, factor):
    return image[::factor, ::factor]
""",
        """
def shrink(image, factor):  # the wrong axes
    height, width = image.shape
    return image.reshape(height // factor, factor, width // factor, factor).mean((0, 2))
""",
        """
def shrink(image, factor):  # columns only
    return image.reshape(image.shape[0], -1, factor).mean(2)[::factor]
""",
    ],
    "augment": [
        """
def augment(image, mask, rng):  # the mask moves by another step
    down, across = rng.integers(-3, 4, size=2)
    brighter = np.clip(image * rng.uniform(0.9, 1.1), 0, 1)
    return np.roll(brighter, (down, across), (0, 1)), np.roll(mask, rng.integers(-3, 4, size=2), (0, 1))
""",
        """
def augment(image, mask, rng):  # mirrors
    brighter = np.clip(image * rng.uniform(0.9, 1.1), 0, 1)
    if rng.random() < 0.5:
        return brighter[:, ::-1], mask[:, ::-1]
    return brighter, mask
""",
        """
def augment(image, mask, rng):  # black edges, in the film alone
    down, across = rng.integers(-3, 4, size=2)
    moved = np.roll(np.clip(image * rng.uniform(0.9, 1.1), 0, 1), (down, across), (0, 1))
    moved[:3] = 0
    return moved, np.roll(mask, (down, across), (0, 1))
""",
        """
def augment(image, mask, rng):  # never up or left
    down, across = rng.integers(0, 4, size=2)
    brighter = np.clip(image * rng.uniform(0.9, 1.1), 0, 1)
    return np.roll(brighter, (down, across), (0, 1)), np.roll(mask, (down, across), (0, 1))
""",
    ],
    "duplicates": [
        """
def duplicates(train, val):  # the same place only
    return [i for i in range(min(len(train), len(val))) if np.array_equal(train[i], val[i])]
""",
        """
def duplicates(train, val):  # equal means are not equal films
    known = {float(film.mean()) for film in train}
    return [i for i, film in enumerate(val) if float(film.mean()) in known]
""",
        """
def duplicates(train, val):  # indices into train
    known = {film.tobytes() for film in val}
    return [i for i, film in enumerate(train) if film.tobytes() in known]
""",
    ],
}
