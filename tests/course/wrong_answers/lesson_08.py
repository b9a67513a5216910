"""Plausible wrong answers to the exercises of lesson 08; each must be caught, with words."""

WRONG = {
    "discretise": [
        """
def discretise(image, mask, width):
    return np.where(mask, np.floor((image - image[mask].min()) / width).astype(int) + 1, 0)
""",
        """
def discretise(image, mask, width):
    bins = np.floor(image / width).astype(int)
    return np.where(mask, bins - bins.min() + 1, 0)
""",
        """
def discretise(image, mask, width):
    bins = np.round(image / width).astype(int)
    return np.where(mask, bins - bins[mask].min() + 1, 0)
""",
    ],
    "entropy": [
        """
def entropy(levels):
    counts = np.bincount(levels[levels > 0])
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
""",
        """
def entropy(levels):
    counts = np.bincount(levels.ravel())
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
""",
        """
def entropy(levels):
    counts = np.bincount(levels[levels > 0])
    shares = counts / counts.sum()
    with np.errstate(all="ignore"):
        return float(-(shares * np.log2(shares)).sum())
""",
    ],
    "cooccurrence": [
        """
def cooccurrence(levels, step):
    counts = np.zeros((levels.max(), levels.max()))
    height, width = levels.shape
    for row, column in np.argwhere(levels > 0):
        down, across = row + step[0], column + step[1]
        if down < height and 0 <= across < width and levels[down, across] > 0:
            counts[levels[row, column] - 1, levels[down, across] - 1] += 1
    return counts / counts.sum()
""",
        """
def cooccurrence(levels, step):
    counts = np.zeros((levels.max(), levels.max()))
    moved = np.roll(levels, (-step[0], -step[1]), (0, 1))
    both = (levels > 0) & (moved > 0)
    np.add.at(counts, (levels[both] - 1, moved[both] - 1), 1)
    counts = counts + counts.T
    return counts / counts.sum()
""",
        """
def cooccurrence(levels, step):
    counts = np.zeros((levels.max(), levels.max()))
    first, second = levels[:, :-1], levels[:, 1:]
    both = (first > 0) & (second > 0)
    np.add.at(counts, (first[both] - 1, second[both] - 1), 1)
    counts = counts + counts.T
    return counts / counts.sum()
""",
    ],
    "runs": [
        """
def runs(line):
    return [(int(level), int((line == level).sum())) for level in np.unique(line) if level > 0]
""",
        """
def runs(line):
    inside = [level for level in line if level > 0]
    return [(int(level), len(list(group))) for level, group in itertools.groupby(inside)]
""",
        """
def runs(line):
    return [(int(level), len(list(group))) for level, group in itertools.groupby(line)]
""",
    ],
    "concordance": [
        """
def concordance(first, second):
    return np.corrcoef(first, second)[0, 1]
""",
        """
def concordance(first, second):
    covariance = np.cov(first, second)[0, 1]
    return 2 * covariance / (np.var(first) + np.var(second) + (np.mean(first) - np.mean(second)) ** 2)
""",
        """
def concordance(first, second):
    covariance = np.mean((first - np.mean(first)) * (second - np.mean(second)))
    return 2 * covariance / (np.var(first) + np.var(second))
""",
    ],
    "benjamini_hochberg": [
        """
def benjamini_hochberg(p_values, q):
    return np.asarray(p_values) < q
""",
        """
def benjamini_hochberg(p_values, q):
    return np.asarray(p_values) <= q / len(p_values)
""",
        """
def benjamini_hochberg(p_values, q):
    order = np.argsort(p_values)
    declared = np.zeros(len(p_values), bool)
    declared[order] = p_values[order] <= q * np.arange(1, len(p_values) + 1) / len(p_values)
    return declared
""",
        """
def benjamini_hochberg(p_values, q):
    return np.sort(p_values) <= q * np.arange(1, len(p_values) + 1) / len(p_values)
""",
    ],
}
