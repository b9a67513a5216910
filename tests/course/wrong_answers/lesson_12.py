"""Plausible wrong answers to the exercises of lesson 12: each must be refused by its check."""

WRONG = {
    "clipped_precision": [
        # without clipping
        """
def clipped_precision(said, there, n):
    ours = [tuple(said[i : i + n]) for i in range(len(said) - n + 1)]
    theirs = {tuple(there[i : i + n]) for i in range(len(there) - n + 1)}
    return sum(run in theirs for run in ours) / len(ours) if ours else 0.0
""",
        # recall instead of precision
        """
def clipped_precision(said, there, n):
    ours = Counter(tuple(said[i : i + n]) for i in range(len(said) - n + 1))
    theirs = Counter(tuple(there[i : i + n]) for i in range(len(there) - n + 1))
    return (ours & theirs).total() / theirs.total()
""",
        # sets: repetition is not seen
        """
def clipped_precision(said, there, n):
    ours = {tuple(said[i : i + n]) for i in range(len(said) - n + 1)}
    theirs = {tuple(there[i : i + n]) for i in range(len(there) - n + 1)}
    return len(ours & theirs) / max(len(ours), 1)
""",
    ],
    "bootstrap": [
        # without repetition: every draw is the same
        """
def bootstrap(hits, totals, draws, rng):
    films = np.stack([rng.permutation(len(hits)) for _ in range(draws)])
    scores = hits[films].sum(1) / totals[films].sum(1)
    low, high = np.quantile(scores, (0.025, 0.975))
    return float(low), float(high)
""",
        # hits and totals drawn apart
        """
def bootstrap(hits, totals, draws, rng):
    films = rng.integers(len(hits), size=(draws, len(hits)))
    others = rng.integers(len(hits), size=(draws, len(hits)))
    scores = hits[films].sum(1) / totals[others].sum(1)
    low, high = np.quantile(scores, (0.025, 0.975))
    return float(low), float(high)
""",
        # mean of shares
        """
def bootstrap(hits, totals, draws, rng):
    films = rng.integers(len(hits), size=(draws, len(hits)))
    scores = (hits[films] / totals[films]).mean(1)
    low, high = np.quantile(scores, (0.025, 0.975))
    return float(low), float(high)
""",
        # spread of films instead of scores
        """
def bootstrap(hits, totals, draws, rng):
    scores = hits / totals
    return float(scores.mean() - 1.96 * scores.std()), float(scores.mean() + 1.96 * scores.std())
""",
    ],
    "swap_sides": [
        # the second replacement undoes the first
        """
def swap_sides(report):
    report = report.replace("right", "left").replace("Right", "Left")
    return report.replace("left", "right").replace("Left", "Right")
""",
        # not whole words
        """
def swap_sides(report):
    other = {"right": "left", "left": "right", "Right": "Left", "Left": "Right"}
    return re.sub(r"right|left|Right|Left", lambda match: other[match.group()], report)
""",
        # capitals forgotten
        """
def swap_sides(report):
    other = {"right": "left", "left": "right"}
    return re.sub(r"\\b(right|left)\\b", lambda match: other[match.group()], report)
""",
    ],
    "self_critical_loss": [
        # sign
        """
def self_critical_loss(log_probs, rewards, greedy_reward):
    return ((rewards - greedy_reward).detach() * log_probs).mean()
""",
        # no baseline
        """
def self_critical_loss(log_probs, rewards, greedy_reward):
    return -(rewards.detach() * log_probs).mean()
""",
        # the gradient goes through the reward
        """
def self_critical_loss(log_probs, rewards, greedy_reward):
    return -((rewards - greedy_reward) * log_probs).mean()
""",
        # the mean of the batch in place of the greedy report
        """
def self_critical_loss(log_probs, rewards, greedy_reward):
    return -((rewards - rewards.mean()).detach() * log_probs).sum()
""",
    ],
}
