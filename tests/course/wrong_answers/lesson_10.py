"""Plausible wrong answers to the exercises of lesson 10: each must be refused by its check."""

WRONG = {
    "to_prompt": [
        # cuts off instead of rounding
        """
def to_prompt(findings):
    lines = []
    for f in findings:
        words = [f["side"], f["kind"], f["presence"]]
        if f["presence"] == "present" and f["extent"] is not None:
            words.append(f"{int(100 * f['extent'])} %")
        lines.append(" ".join(word for word in words if word))
    return "; ".join(lines)
""",
        # a percentage of what is absent
        """
def to_prompt(findings):
    lines = []
    for f in findings:
        words = [f["side"], f["kind"], f["presence"]]
        if f["extent"] is not None:
            words.append(f"{100 * f['extent']:.0f} %")
        lines.append(" ".join(word for word in words if word))
    return "; ".join(lines)
""",
        # leaves out what is absent
        """
def to_prompt(findings):
    return "; ".join(f"{f['side']} {f['kind']} present" for f in findings if f["presence"] == "present")
""",
    ],
    "with_prefix": [
        # words first
        """
def with_prefix(tokens, words, given, nothing):
    import torch

    return torch.cat([words, torch.where(given[:, None, None], tokens, nothing)], dim=1)
""",
        # never withheld
        """
def with_prefix(tokens, words, given, nothing):
    import torch

    return torch.cat([tokens, words], dim=1)
""",
        # zero instead of the learned stand-in
        """
def with_prefix(tokens, words, given, nothing):
    import torch

    return torch.cat([tokens * given[:, None, None], words], dim=1)
""",
    ],
    "cross_attention": [
        # the other way round
        """
def cross_attention(words, tokens, to_query, to_key, to_value):
    scores = (tokens @ to_query) @ (words @ to_key).T / words.shape[1] ** 0.5
    return scores.softmax(-1) @ (words @ to_value)
""",
        # softmax over the words
        """
def cross_attention(words, tokens, to_query, to_key, to_value):
    scores = (words @ to_query) @ (tokens @ to_key).T / words.shape[1] ** 0.5
    return scores.softmax(0) @ (tokens @ to_value)
""",
        # not scaled
        """
def cross_attention(words, tokens, to_query, to_key, to_value):
    return ((words @ to_query) @ (tokens @ to_key).T).softmax(-1) @ (tokens @ to_value)
""",
    ],
    "shuffled": [
        # fixed points by chance
        """
def shuffled(count, seed):
    import numpy as np

    return np.random.default_rng(seed).permutation(count)
""",
        # always the same
        """
def shuffled(count, seed):
    import numpy as np

    return np.roll(np.arange(count), 1)
""",
        # drawn with replacement
        """
def shuffled(count, seed):
    import numpy as np

    return np.random.default_rng(seed).integers(count, size=count)
""",
    ],
}
