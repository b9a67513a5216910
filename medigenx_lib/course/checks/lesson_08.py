"""Checks of lesson 08, radiomics: levels, entropy, co-occurrence, runs, concordance, false discovery rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medigenx_lib.course.checks import passed, require

TOY = np.array([[1, 1, 2, 3], [1, 2, 2, 3], [4, 4, 4, 1], [4, 2, 1, 1]])


def pyradiomics(image: np.ndarray, mask: np.ndarray, name: str, feature: str, width: float) -> float:
    """One feature straight from pyradiomics, the truth that is independent of the course."""
    import logging

    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    extractor = RadiomicsFeatureExtractor(binWidth=width, additionalInfo=False)
    extractor.disableAllFeatures()
    extractor.enableFeatureClassByName(name)
    picture = sitk.GetImageFromArray(np.asarray(image, np.float32))
    found = extractor.execute(picture, sitk.GetImageFromArray(mask.astype(np.uint8)))
    return float(found[f"original_{name}_{feature}"])


def blot(seed: int, size: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A picture (S, S) in grey levels 40 to 200, and an irregular mask."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((size, size))
    image = 40 + 120 * rows / size + 40 * rng.random((size, size))
    return image.astype(np.float32), (rows - 5.5) ** 2 + (columns - 6) ** 2 < 28 + 8 * rng.random((size, size))


def discretise(answer: Callable) -> None:
    """``answer(image, mask, width)``: bins of fixed width, 1 for the darkest in the mask."""
    image = np.array([[16, 23.9, 24, 100], [0, 40, 47.9, 255]], np.float32)
    mask = np.array([[1, 1, 1, 0], [0, 1, 1, 0]], bool)
    given = np.asarray(answer(image.copy(), mask.copy(), 8))
    require(given.shape == (2, 4), f"The answer has shape {given.shape}, expected (2, 4).", "Keep the image's shape.")
    require(np.issubdtype(given.dtype, np.integer), f"The levels are {given.dtype}.", "Use .astype(int).")
    require(not given[~mask].any(), "Some pixels outside the mask are not 0.", "np.where(mask, levels, 0).")
    least = given[mask].min()
    what = f"The darkest level in the mask is {least}, expected 1."
    require(least == 1, what, "Subtract the smallest bin inside the mask, not in the whole image, and add 1.")
    wanted = [1, 1, 2, 4, 4]
    what = f"16, 23.9, 24, 40, 47.9 became {given[mask].tolist()}, expected {wanted}."
    require(given[mask].tolist() == wanted, what, "np.floor(image / width); round would shift the edges.")
    shifted = np.asarray(answer(np.array([[20.0, 27.0]]), np.ones((1, 2), bool), 8)).tolist()
    what = f"20 and 27 with width 8 became {shifted[0]}, expected [1, 2]: 24 is an edge."
    require(shifted == [[1, 2]], what, "Bins start at multiples of the width, not at the darkest pixel.")
    _same_bins(answer)
    passed("your levels are those that pyradiomics uses, whatever lies outside the mask.")


def _same_bins(answer: Callable) -> None:
    from radiomics.imageoperations import binImage

    for seed, width in ((1, 8), (2, 25), (3, 5)):
        image, mask = blot(seed)
        theirs, _ = binImage(image, mask, binWidth=width)
        given = np.asarray(answer(image.copy(), mask.copy(), width))
        what = f"With width {width} some levels differ from those of pyradiomics."
        require(np.array_equal(given[mask], theirs[mask]), what, "Does the width enter everywhere?")


def entropy(answer: Callable) -> None:
    """``answer(levels)``: bits."""
    even = np.array([[1, 2, 3, 4], [4, 3, 2, 1]])
    given = answer(even.copy())
    require(np.ndim(given) == 0, "The answer should be one number.", "Sum over the levels.")
    require(np.isfinite(given), f"The answer is {given}.", "Leave out levels that never occur: 0 * log 0.")
    require(abs(float(given) - 1.3863) > 0.001, "That is in nats, we want bits.", "Use np.log2.")
    require(
        np.isclose(given, 2), f"Four equally frequent levels give {given:.3f} bits, expected 2.", "Shares sum to 1?"
    )
    constant = answer(np.full((3, 3), 7))
    require(np.isclose(constant, 0), f"One level only gives {constant} bits, expected 0.", "Leave empty levels out.")
    ringed = np.pad(even, 3)
    what = f"With zeros around the region the entropy becomes {answer(ringed):.3f}, expected 2 as before."
    require(np.isclose(answer(ringed.copy()), 2), what, "0 is outside the region: take levels[levels > 0].")
    for seed in (4, 5):
        image, mask = blot(seed)
        from radiomics.imageoperations import binImage

        levels = np.where(mask, binImage(image, mask, binWidth=8)[0], 0).astype(int)
        theirs = pyradiomics(image, mask, "firstorder", "Entropy", 8)
        what = f"On a picture you get {answer(levels):.4f} bits, pyradiomics {theirs:.4f}."
        require(np.isclose(answer(levels), theirs, atol=1e-6), what, "Some levels may not occur at all.")
    passed("entropy counts yes-or-no questions, and pyradiomics agrees.")


def cooccurrence(answer: Callable) -> None:
    """``answer(levels, step)``: symmetric, normalised, without pairs across the border."""
    given = np.asarray(answer(TOY.copy(), (0, 1)), float)
    require(given.shape == (4, 4), f"Four levels give shape {given.shape}, expected (4, 4).", "Level i is row i - 1.")
    what = f"The entries sum to {given.sum():.3f}, expected 1."
    require(np.isclose(given.sum(), 1), what, "Divide by the sum at the very end.")
    require(np.allclose(given, given.T), "The matrix is not symmetric.", "Count each pair both ways: add counts.T.")
    what = f"1 beside 1, horizontally, has share {given[0, 0]:.3f}, expected 4/24 = 0.167."
    require(np.isclose(given[0, 0], 4 / 24), what, "Two such pairs, each counted both ways, of 24 counts.")
    ringed = np.asarray(answer(np.pad(TOY, 1), (0, 1)), float)
    what = "With zeros around the region the matrix changes: pairs with the outside are counted."
    require(ringed.shape == (4, 4) and np.allclose(ringed, given), what, "Both pixels must be above 0.")
    _directions(answer)
    _same_contrast(answer)
    passed("with four directions averaged, your contrast is that of pyradiomics to six digits.")


def _directions(answer: Callable) -> None:
    stripes = np.array([[1, 2, 3], [1, 2, 3], [1, 2, 3]])
    names = {(1, 0): "below", (1, 1): "below on the right", (1, -1): "below on the left"}
    across = {(1, 0): 0, (1, 1): 1, (1, -1): 1}
    tilted = np.array([[1, 2, 1], [2, 1, 1], [1, 1, 2]])
    for step, name in names.items():
        matrix = np.asarray(answer(stripes.copy(), step), float)
        apart = (matrix * np.subtract.outer(range(3), range(3)) ** 2).sum()
        what = f"On vertical stripes, step {step} ({name}) gives contrast {apart:.2f}, expected {across[step]}."
        require(np.isclose(apart, across[step]), what, "down counts rows, across counts columns.")
    first, second = (np.asarray(answer(tilted.copy(), step), float)[0, 0] for step in ((1, 1), (1, -1)))
    what = f"1 diagonally below 1: shares {first:.2f} (right) and {second:.2f} (left), expected 0.25 and 0.75."
    require(np.isclose(first, 0.25) and np.isclose(second, 0.75), what, "A negative step goes to the left.")


def _same_contrast(answer: Callable) -> None:
    from radiomics.imageoperations import binImage

    for seed in (6, 7):
        image, mask = blot(seed)
        levels = np.where(mask, binImage(image, mask, binWidth=8)[0], 0).astype(int)
        matrices = [np.asarray(answer(levels.copy(), step), float) for step in ((0, 1), (1, 0), (1, 1), (1, -1))]
        i, j = np.indices(matrices[0].shape)
        ours = np.mean([(matrix * (i - j) ** 2).sum() for matrix in matrices])
        theirs = pyradiomics(image, mask, "glcm", "Contrast", 8)
        what = f"On an irregular region your mean contrast is {ours:.4f}, that of pyradiomics {theirs:.4f}."
        require(np.isclose(ours, theirs, atol=1e-6), what, "Are pairs lost, or counted across the border?")


def runs(answer: Callable) -> None:
    """``answer(line)``: (level, length) of each run."""
    cases = {
        (2, 2, 3): ([(2, 2), (3, 1)], "The last run belongs to the list too."),
        (2, 2, 0, 2, 1): ([(2, 2), (2, 1), (1, 1)], "A zero ends a run: look at the line in order."),
        (0, 0, 5, 0): ([(5, 1)], "Zeros lie outside the region and are no run."),
        (1, 3, 1, 1): ([(1, 1), (3, 1), (1, 2)], "Equal levels that are apart are two runs, not one."),
        (): ([], "An empty line has no runs."),
        (4,): ([(4, 1)], "One pixel is a run of length 1."),
    }
    for line, (wanted, hint) in cases.items():
        given = [tuple(int(number) for number in run) for run in answer(np.array(line, int))]
        require(given == wanted, f"The line {list(line)} gave {given}, expected {wanted}.", hint)
    rng = np.random.default_rng(8)
    for _ in range(20):
        line = rng.integers(0, 4, 30)
        given = answer(line.copy())
        filled = [level for level, length in given for _ in range(length)]
        require(
            filled == line[line > 0].tolist(), f"The runs of {line.tolist()} do not fill the line.", "Check lengths."
        )
    passed("your runs tile every line, and gaps end them.")


def concordance(answer: Callable) -> None:
    """``answer(first, second)``: Lin's coefficient."""
    values = np.array([1.0, 2.0, 4.0, 7.0])
    same = float(answer(values, values.copy()))
    require(np.isclose(same, 1), f"Two equal measurements give {same:.3f}, expected 1.", "Look at the 2 on top.")
    shifted = float(answer(values, values + 2))
    hint = "(mean(x) - mean(y))**2 belongs in the denominator."
    require(shifted < 0.99, f"A constant shift of 2 gives {shifted:.3f}, as correlation would.", hint)
    doubled = float(answer(values, 2 * values))
    require(
        doubled < 0.99, "Doubling all values gives 1, as correlation would.", "Add the variances, do not take roots."
    )
    rng = np.random.default_rng(9)
    for _ in range(5):
        x, y = rng.normal(0, 1, 9), rng.normal(0.5, 2, 9)
        given, wanted = float(answer(x, y)), _lin(x, y)
        what = f"On random values you get {given:.4f}, expected {wanted:.4f}."
        require(np.isclose(given, wanted), what, "Divide covariance and variances alike by n (np.var does).")
    passed("order alone is not enough: your coefficient asks for the same values again.")


def _lin(x: np.ndarray, y: np.ndarray) -> float:
    """One minus the expected squared difference over what it would be for unrelated measurements (Lin 1989)."""
    apart = np.mean((x - y) ** 2)
    unrelated = np.mean((x[:, None] - y[None, :]) ** 2)
    return float(1 - apart / unrelated)


def benjamini_hochberg(answer: Callable) -> None:
    """``answer(p_values, q)``: bool, in the order given."""
    from scipy.stats import false_discovery_control

    example = np.array([0.2, 0.014, 0.9, 0.001, 0.013])
    given = np.asarray(answer(example.copy(), 0.05))
    require(given.shape == (5,), f"The answer has shape {given.shape}, expected (5,).", "One answer for each p-value.")
    require(given.dtype == bool, f"The answer is of {given.dtype}, expected bool.", "Compare with the threshold.")
    wanted = [False, True, False, True, True]
    what = f"For p = {example.tolist()} and q = 0.05 you declare {given.tolist()}, expected {wanted}."
    require(given.tolist() == wanted, what, "Keep the order given; rank k has the line k * q / m.")
    between = np.array([0.0001, 0.026, 0.027, 0.0273, 0.6])
    found = np.asarray(answer(between, 0.05)).tolist()
    what = f"p = {between.tolist()}: you declare {found}; 0.026 misses its own line, but a higher rank meets its."
    require(found == [True, True, True, True, False], what, "Take the largest rank under its line, and all before it.")
    require(not np.any(answer(np.array([0.5, 0.9, 0.7]), 0.05)), "Something is declared where nothing should be.")
    rng = np.random.default_rng(10)
    for q in (0.01, 0.05, 0.2):
        p = rng.random(60) ** rng.integers(1, 6, 60)
        same = np.array_equal(np.asarray(answer(p.copy(), q)), false_discovery_control(p) <= q)
        require(same, f"On 60 p-values with q = {q} you differ from SciPy.", "Does q enter everywhere?")
    passed("you declare exactly what SciPy's procedure declares.")
