"""Plausible wrong answers to the exercises of lesson 06: each must fail its check."""

WRONG = {
    "paired_interval": [
        """
def paired_interval(a, b):  # not paired
    half = stats.t.ppf(0.975, len(a) - 1) * np.sqrt(a.var(ddof=1) + b.var(ddof=1)) / np.sqrt(len(a))
    return (a - b).mean(), (a - b).mean() - half, (a - b).mean() + half
""",
        """
def paired_interval(a, b):  # the normal's 1.96
    d = a - b
    half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean(), d.mean() - half, d.mean() + half
""",
        """
def paired_interval(a, b):  # spread of the differences, not of their mean
    d = a - b
    half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1)
    return d.mean(), d.mean() - half, d.mean() + half
""",
    ],
    "nearest": [
        """
def nearest(film, train):  # distance minds brightness
    distance = ((train - film) ** 2).sum((1, 2))
    return int(distance.argmin()), float(np.corrcoef(film.ravel(), train[distance.argmin()].ravel())[0, 1])
""",
        """
def nearest(film, train):  # the mean was kept
    rows = train.reshape(len(train), -1)
    likeness = rows @ film.ravel() / (np.linalg.norm(rows, axis=1) * np.linalg.norm(film))
    return int(likeness.argmax()), float(likeness.max())
""",
        """
def nearest(film, train):  # contrast was kept
    rows = train.reshape(len(train), -1) - train.mean((1, 2))[:, None]
    likeness = rows @ (film.ravel() - film.mean()) / film.size
    return int(likeness.argmax()), float(likeness.max())
""",
    ],
    "wilson": [
        """
def wilson(hits, n):  # the simple interval
    p = hits / n
    half = 1.96 * np.sqrt(p * (1 - p) / n)
    return p - half, p + half
""",
        """
def wilson(hits, n):  # not divided
    z, p = 1.96, hits / n
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half
""",
    ],
    "accuracy_by_group": [
        """
def accuracy_by_group(called, truth, group):  # plain accuracy
    return {value: float((called == truth)[group == value].mean()) for value in ("a", "b", 7) if value in group}
""",
        """
def accuracy_by_group(called, truth, group):  # keeps the group without a healthy film
    scores = {}
    for value in np.unique(group):
        yes, no = truth & (group == value), ~truth & (group == value)
        specificity = (~called[no]).mean() if no.any() else 0.0
        scores[value] = (called[yes].mean() + specificity) / 2
    return scores
""",
        """
def accuracy_by_group(called, truth, group):  # precision in place of specificity
    scores = {}
    for value in np.unique(group):
        inside = group == value
        if truth[inside].any() and not truth[inside].all():
            hits = (called & truth & inside).sum()
            scores[value] = (hits / (truth & inside).sum() + hits / max((called & inside).sum(), 1)) / 2
    return scores
""",
    ],
}
