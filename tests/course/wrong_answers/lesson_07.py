"""Plausible wrong answers to the exercises of lesson 07; each must be caught, with words."""

VELOCITY = """
def best_velocity(place, time, data):
    squared = {squared}
    weights = {weights}
    return {velocity}
"""
SQUARED = "((place[:, None] - time * data[None]) ** 2).sum(2)"
WEIGHTS = "softmax(-squared / (2 * (1 - time) ** 2), axis=1)"
STEP = "(weights @ data - place) / (1 - time)"
PNG = """
def marked_png(film, notice):
    info, stream = PngInfo(), io.BytesIO()
    info.add_text({key}, notice)
    Image.fromarray({values}).save(stream, {kind})
    return stream.getvalue()
"""
VALUES = "np.rint(255 * film).astype(np.uint8)"
WRONG = {
    "on_the_way": [
        """
def on_the_way(noise, film, time):
    share = time[:, None]
    return share * noise + (1 - share) * film, film - noise
""",
        """
def on_the_way(noise, film, time):
    share = time[:, None]
    return (1 - share) * noise + share * film, noise - film
""",
        """
def on_the_way(noise, film, time):
    share = time[:, None]
    return (1 - share) * noise + share * film, share * (film - noise)
""",
    ],
    "best_velocity": [
        VELOCITY.format(squared="((place[:, None] - data[None]) ** 2).sum(2)", weights=WEIGHTS, velocity=STEP),
        VELOCITY.format(squared=SQUARED, weights=WEIGHTS, velocity="weights @ data - place"),
        VELOCITY.format(squared=SQUARED, weights="softmax(-squared / 2, axis=1)", velocity=STEP),
        VELOCITY.format(squared=SQUARED, weights="np.exp(-squared / (2 * (1 - time) ** 2))", velocity=STEP),
        VELOCITY.format(
            squared=SQUARED + "\n    raw = np.exp(-squared / (2 * (1 - time) ** 2))",
            weights="raw / raw.sum(1, keepdims=True)",
            velocity=STEP,
        ),
    ],
    "euler": [
        """
def euler(velocity, start, steps):
    place = start
    for number in range(steps):
        place = place + velocity(place, number / steps)
    return place
""",
        """
def euler(velocity, start, steps):
    place = start
    for number in range(steps):
        place = place + velocity(start, number / steps) / steps
    return place
""",
        """
def euler(velocity, start, steps):
    place = start
    for number in range(1, steps + 1):
        place = place + velocity(place, number / steps) / steps
    return place
""",
        """
def euler(velocity, start, steps):
    place = start
    for number in range(steps):
        place += velocity(place, number / steps) / steps
    return place
""",
    ],
    "attention_bytes": [
        """
def attention_bytes(side, patch, heads=1, bytes_each=4):
    return (side // patch) ** 2 * heads * bytes_each
""",
        """
def attention_bytes(side, patch, heads=1, bytes_each=4):
    patches = (side / patch) ** 2
    return patches**2 * heads * bytes_each
""",
        """
def attention_bytes(side, patch, heads=1, bytes_each=4):
    patches = (side // patch) ** 2
    return patches * (patches - 1) * heads * bytes_each
""",
    ],
    "marked_png": [
        PNG.format(key='"Description"', values=VALUES, kind='"PNG"'),
        PNG.format(key='"Description"', values="(256 * film).astype(np.uint8)", kind='"PNG", pnginfo=info'),
        PNG.format(key='"Title"', values=VALUES, kind='"PNG", pnginfo=info'),
        PNG.format(key='"Description"', values=VALUES, kind='"JPEG"'),
    ],
}
