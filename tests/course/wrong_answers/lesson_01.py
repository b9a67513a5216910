"""Plausible wrong answers to the exercises of lesson 01."""

WRONG = {
    "transmitted": [
        # the minus sign forgotten
        "def transmitted(attenuations, lengths):\n    return np.exp(np.sum(np.multiply(attenuations, lengths)))",
        # linear instead of exponential
        "def transmitted(attenuations, lengths):\n    return 1 - np.sum(np.multiply(attenuations, lengths)) / 10",
        # attenuations and lengths added up apart
        "def transmitted(attenuations, lengths):\n    return np.exp(-np.mean(attenuations) * np.sum(lengths))",
    ],
    "path_length": [
        # half of the path
        """def path_length(x, z, centre, half_axes):
    (cx, cz), (a, b, c) = centre, half_axes
    return b * np.sqrt(np.maximum(1 - ((x - cx) / a) ** 2 - ((z - cz) / c) ** 2, 0))""",
        # roots of negative numbers
        """def path_length(x, z, centre, half_axes):
    (cx, cz), (a, b, c) = centre, half_axes
    return np.nan_to_num(2 * b * np.sqrt(1 - ((x - cx) / a) ** 2 - ((z - cz) / c) ** 2))""",
        # the root forgotten
        """def path_length(x, z, centre, half_axes):
    (cx, cz), (a, b, c) = centre, half_axes
    return 2 * b * np.maximum(1 - ((x - cx) / a) ** 2 - ((z - cz) / c) ** 2, 0)""",
        # axes taken in another order
        """def path_length(x, z, centre, half_axes):
    (cx, cz), (a, c, b) = centre, half_axes
    return 2 * b * np.sqrt(np.maximum(1 - ((x - cx) / a) ** 2 - ((z - cz) / c) ** 2, 0))""",
    ],
    "auc": [
        # draws do not count
        """def auc(scores, labels):
    ill, healthy = np.asarray(scores)[labels == 1], np.asarray(scores)[labels == 0]
    return (ill[:, None] > healthy[None, :]).mean()""",
        # the wrong way round
        """def auc(scores, labels):
    difference = np.asarray(scores)[labels == 0][:, None] - np.asarray(scores)[labels == 1][None, :]
    return (difference > 0).mean() + 0.5 * (difference == 0).mean()""",
        # accuracy at the middle threshold
        """def auc(scores, labels):
    return np.mean((scores > np.median(scores)) == labels)""",
    ],
    "to_image": [
        # MONOCHROME1 forgotten
        "def to_image(stored, bits_stored, photometric):\n    return stored / (2**bits_stored - 1)",
        # always 16 bits
        """def to_image(stored, bits_stored, photometric):
    image = stored / 65535
    return 1 - image if photometric == "MONOCHROME1" else image""",
        # scaled by the film's own maximum
        """def to_image(stored, bits_stored, photometric):
    image = stored / stored.max()
    return 1 - image if photometric == "MONOCHROME1" else image""",
        # turned round before it is a float, in which case unsigned numbers wrap
        """def to_image(stored, bits_stored, photometric):
    stored = np.uint16(1) - stored if photometric == "MONOCHROME1" else stored
    return stored / (2**bits_stored - 1)""",
    ],
    "split_by_patient": [
        # films drawn one by one
        """def split_by_patient(patients, share, seed):
    return np.random.default_rng(seed).random(len(patients)) < share""",
        # the first patients, whatever the seed
        """def split_by_patient(patients, share, seed):
    names = np.unique(patients)
    return np.isin(patients, names[: round(share * len(names))])""",
        # patients drawn by film, so that those with many films go more often
        """def split_by_patient(patients, share, seed):
    chosen = np.random.default_rng(seed).choice(patients, round(share * len(patients)), replace=False)
    return np.isin(patients, chosen)""",
    ],
}
