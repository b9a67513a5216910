"""Plausible wrong answers to the exercises of lesson 13; each must be caught, with words."""

SIGNED = """
def sign_off(sentences, edits, findings):
    signed = []
    for position, drafted in enumerate(sentences):
        sentence = edits.get(position, drafted)
        author = {author}
        if not sentence:
            continue
        verdict = claim_check(sentence, findings)[0].verdict
        if {condition}:
            signed.append({{"sentence": sentence, "author": author, "verdict": verdict}})
    return signed
"""

WRONG = {
    "marked_synthetic": [
        """
def marked_synthetic(dataset):
    return "SYNTHETIC" in dataset.ImageType
""",
        """
def marked_synthetic(dataset):
    return "SYNTHETIC" in list(dataset.get("ImageType", []))
""",
        """
def marked_synthetic(dataset):
    return any("SYNTHETIC" in str(dataset.get(name, "")).upper()
               for name in ("ImageType", "ImageComments", "DerivationDescription"))
""",
    ],
    "film_interval": [
        """
def film_interval(right, said, draws, rng):
    each = np.concatenate([np.repeat([1, 0], [r, s - r]) for r, s in zip(right, said)])
    shares = [each[rng.integers(len(each), size=len(each))].mean() for _ in range(draws)]
    return tuple(np.quantile(shares, [0.05, 0.95]))
""",
        """
def film_interval(right, said, draws, rng):
    shares = [(right / said)[rng.integers(len(right), size=len(right))].mean() for _ in range(draws)]
    return tuple(np.quantile(shares, [0.05, 0.95]))
""",
        """
def film_interval(right, said, draws, rng):
    picks = [rng.permutation(len(right)) for _ in range(draws)]
    shares = [right[pick].sum() / said[pick].sum() for pick in picks]
    return tuple(np.quantile(shares, [0.05, 0.95]))
""",
    ],
    "sign_off": [
        SIGNED.format(author='"model" if sentence == drafted else "reader"', condition='verdict == "supported"'),
        SIGNED.format(author='"model" if sentence == drafted else "reader"', condition="True"),
        SIGNED.format(
            author='"reader" if position in edits else "model"',
            condition='author == "reader" or verdict == "supported"',
        ),
    ],
    "per_thousand": [
        """
def per_thousand(sensitivity, specificity, prevalence):
    return 1000 * (1 - sensitivity), 1000 * (1 - specificity)
""",
        """
def per_thousand(sensitivity, specificity, prevalence):
    ill = 1000 * prevalence
    return ill * sensitivity, (1000 - ill) * (1 - specificity)
""",
    ],
    "observation": [
        """
def observation(kind, presence, value):
    made = {"resourceType": "Observation", "status": "preliminary", "code": {"text": kind}}
    code = {"present": "POS", "absent": "NEG"}.get(presence, "IND")
    made["interpretation"] = [{"coding": [{"code": code}]}]
    if value is not None:
        made["valueQuantity"] = {"value": value}
    return made
""",
        """
def observation(kind, presence, value):
    made = {"resourceType": "Observation", "status": "final", "code": {"text": kind}}
    if presence == "unknown":
        return {**made, "dataAbsentReason": {"coding": [{"code": "unknown"}]}}
    code = {"present": "POS", "absent": "NEG", "uncertain": "IND"}[presence]
    return {**made, "interpretation": [{"coding": [{"code": code}]}], "valueQuantity": {"value": value}}
""",
        """
def observation(kind, presence, value):
    made = {"resourceType": "Observation", "status": "preliminary", "code": {"text": kind}}
    if presence == "unknown":
        return {**made, "dataAbsentReason": {"coding": [{"code": "unknown"}]}}
    code = {"present": "POS", "absent": "NEG", "uncertain": "IND"}[presence]
    made["interpretation"] = [{"coding": [{"code": code}]}]
    if value:
        made["valueQuantity"] = {"value": value}
    return made
""",
    ],
}
