"""Plausible wrong answers to the exercises of lesson 14; each must be caught, with words."""

WRONG = {
    "ranks": [
        """
def ranks(lows, highs):
    middle = (lows + highs) / 2
    return [1 + int(sum(other > own for other in middle)) for own in middle]
""",
        """
def ranks(lows, highs):
    return [1 + int(sum(low >= high for low in lows)) for high in highs]
""",
        """
def ranks(lows, highs):
    order, placed, place = np.argsort(-highs), [0] * len(lows), 1
    for position, team in enumerate(order):
        if position and highs[team] < lows[order[position - 1]]:
            place = position + 1
        placed[team] = place
    return placed
""",
    ],
    "films_needed": [
        """
def films_needed(first, second):
    spread = first * (1 - first) + second * (1 - second)
    return math.ceil((1.96 + 0.84) ** 2 * spread / abs(first - second))
""",
        """
def films_needed(first, second):
    spread = first * (1 - first) + second * (1 - second)
    return math.ceil(1.96**2 * spread / (first - second) ** 2)
""",
        """
def films_needed(first, second):
    return math.ceil((1.96 + 0.84) ** 2 * first * (1 - first) / (first - second) ** 2)
""",
        """
def films_needed(first, second):
    spread = first * (1 - first) + second * (1 - second)
    return int((1.96 + 0.84) ** 2 * spread / (first - second) ** 2)
""",
    ],
    "likeness": [
        """
def likeness(film, reference):
    return float(np.corrcoef(film.ravel(), reference.ravel())[0, 1])
""",
        """
def likeness(film, reference):
    return 1 - min(float(np.sqrt(((view - reference) ** 2).mean())) for view in (film, film[:, ::-1]))
""",
        """
def likeness(film, reference):
    if film.std() == 0 or reference.std() == 0:
        return 0.0
    return max(abs(float(np.corrcoef(view.ravel(), reference.ravel())[0, 1])) for view in (film, film[:, ::-1]))
""",
        """
def likeness(film, reference):
    if film.std() == 0 or reference.std() == 0:
        return 0.0
    views = (film, film[:, ::-1], film[::-1])
    return max(float(np.corrcoef(view.ravel(), reference.ravel())[0, 1]) for view in views)
""",
        """
def likeness(film, reference):
    length = np.sqrt((film**2).sum() * (reference**2).sum())
    return max(float((view * reference).sum() / length) for view in (film, film[:, ::-1]))
""",
    ],
    "finding_f1": [
        """
def finding_f1(claimed, there):
    each = [2 * len(a & b) / max(1, len(a) + len(b)) for a, b in zip(claimed, there)]
    return float(np.mean(each))
""",
        """
def finding_f1(claimed, there):
    both = sum(len(a & b) for a, b in zip(claimed, there))
    return both / max(1, sum(map(len, claimed)))
""",
        """
def finding_f1(claimed, there):
    said, known = set().union(*claimed), set().union(*there)
    return 2 * len(said & known) / (len(said) + len(known))
""",
        """
def finding_f1(claimed, there):
    both = sum(len(a & b) for a, b in zip(claimed, there))
    return both / sum(len(a | b) for a, b in zip(claimed, there))
""",
    ],
}
