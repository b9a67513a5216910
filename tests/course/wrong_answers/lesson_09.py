"""Plausible wrong answers to the exercises of lesson 09: each must be refused by its check."""

WRONG = {
    "most_frequent_pair": [
        # counts each word once
        """
def most_frequent_pair(words):
    pairs = Counter()
    for word in words:
        pairs.update(zip(word, word[1:]))
    return pairs.most_common(1)[0][0]
""",
        # each pair once a word
        """
def most_frequent_pair(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in set(zip(word, word[1:])):
            pairs[pair] += count
    return pairs.most_common(1)[0][0]
""",
    ],
    "cross_entropy": [
        # overflows
        """
def cross_entropy(logits, targets):
    shares = logits.exp() / logits.exp().sum(-1, keepdim=True)
    return -shares[torch.arange(len(targets)), targets].log().mean()
""",
        # sum instead of mean
        """
def cross_entropy(logits, targets):
    return (logits.logsumexp(-1) - logits[torch.arange(len(targets)), targets]).sum()
""",
        # sign
        """
def cross_entropy(logits, targets):
    return (logits[torch.arange(len(targets)), targets] - logits.logsumexp(-1)).mean()
""",
    ],
    "bigram": [
        # fancy += counts repeated pairs once
        """
def bigram(ids, vocab_size, add):
    counts = np.full((vocab_size, vocab_size), add, float)
    counts[np.asarray(ids)[:-1], np.asarray(ids)[1:]] += 1
    return counts / counts.sum(1, keepdims=True)
""",
        # rows and columns swapped
        """
def bigram(ids, vocab_size, add):
    counts = np.full((vocab_size, vocab_size), add, float)
    np.add.at(counts, (np.asarray(ids)[1:], np.asarray(ids)[:-1]), 1)
    return counts / counts.sum(1, keepdims=True)
""",
        # joint instead of conditional probability
        """
def bigram(ids, vocab_size, add):
    counts = np.full((vocab_size, vocab_size), add, float)
    np.add.at(counts, (np.asarray(ids)[:-1], np.asarray(ids)[1:]), 1)
    return counts / counts.sum()
""",
    ],
    "attention": [
        # no mask
        """
def attention(queries, keys, values):
    return (queries @ keys.T / queries.shape[1] ** 0.5).softmax(-1) @ values
""",
        # mask after the softmax
        """
def attention(queries, keys, values):
    return (queries @ keys.T / queries.shape[1] ** 0.5).softmax(-1).tril() @ values
""",
        # not scaled
        """
def attention(queries, keys, values):
    later = torch.ones(len(queries), len(queries), dtype=torch.bool).triu(1)
    return (queries @ keys.T).masked_fill(later, -torch.inf).softmax(-1) @ values
""",
    ],
}
