"""Plausible wrong answers to the exercises of lesson 11: each must be refused by its check."""

WRONG = {
    "beam_search": [
        # greedy
        """
def beam_search(table, steps, width):
    words, score = [0], 0.0
    for _ in range(steps):
        words.append(int(np.argmax(table[words[-1]])))
        score += float(np.log(table[words[-2], words[-1]]))
    return words[1:], score
""",
        # never cuts
        """
def beam_search(table, steps, width):
    with np.errstate(divide="ignore"):
        logs = np.log(table)
    beams = [(0.0, [0])]
    for _ in range(steps):
        beams = [(s + logs[w[-1], v], [*w, v]) for s, w in beams for v in range(len(logs))]
    score, words = max(beams, key=lambda beam: beam[0])
    return words[1:], float(score)
""",
        # start word kept
        """
def beam_search(table, steps, width):
    with np.errstate(divide="ignore"):
        logs = np.log(table)
    beams = [(0.0, [0])]
    for _ in range(steps):
        longer = [(s + logs[w[-1], v], [*w, v]) for s, w in beams for v in range(len(logs))]
        beams = sorted(longer, key=lambda beam: beam[0], reverse=True)[:width]
    return beams[0][1], float(beams[0][0])
""",
    ],
    "nucleus": [
        # drops the word that crosses
        """
def nucleus(probabilities, top_p):
    order = np.argsort(probabilities)[::-1]
    kept = order[np.cumsum(probabilities[order]) <= top_p]
    shares = np.zeros_like(probabilities)
    shares[kept] = probabilities[kept]
    return shares / max(shares.sum(), 1e-9)
""",
        # not rescaled
        """
def nucleus(probabilities, top_p):
    order = np.argsort(probabilities)[::-1]
    before = np.cumsum(probabilities[order]) - probabilities[order]
    shares = np.zeros_like(probabilities)
    kept = order[before < top_p]
    shares[kept] = probabilities[kept]
    return shares
""",
        # not sorted
        """
def nucleus(probabilities, top_p):
    before = np.cumsum(probabilities) - probabilities
    shares = np.where(before < top_p, probabilities, 0)
    return shares / shares.sum()
""",
    ],
    "guided": [
        # wrong sign
        """
def guided(given, plain, weight):
    from scipy.special import log_softmax, softmax

    return softmax((1 - weight) * log_softmax(given) + weight * log_softmax(plain))
""",
        # mixes probabilities
        """
def guided(given, plain, weight):
    from scipy.special import softmax

    return np.clip((1 + weight) * softmax(given) - weight * softmax(plain), 0, 1)
""",
        # returns log-probabilities
        """
def guided(given, plain, weight):
    from scipy.special import log_softmax

    return (1 + weight) * log_softmax(given) - weight * log_softmax(plain)
""",
    ],
    "gate": [
        # lets the unverifiable through
        """
def gate(sentences, verdict, topic):
    kept, said = [], set()
    for sentence in sentences:
        if verdict(sentence) != "contradicted" and topic(sentence) not in said:
            kept.append(sentence)
            said.add(topic(sentence))
    return kept
""",
        # a rejected sentence uses up its topic
        """
def gate(sentences, verdict, topic):
    kept, said = [], set()
    for sentence in sentences:
        if topic(sentence) not in said and verdict(sentence) == "supported":
            kept.append(sentence)
        said.add(topic(sentence))
    return kept
""",
        # repeats
        """
def gate(sentences, verdict, topic):
    return [sentence for sentence in sentences if verdict(sentence) == "supported"]
""",
    ],
}
