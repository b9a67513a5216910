"""Checks of lesson 13, real-world applications: the mark, an interval over films, signing, per thousand, FHIR."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medigenx_lib.cases import Finding, Findings
from medigenx_lib.course.checks import passed, require
from medigenx_lib.course.errors import CheckFailed
from medigenx_lib.settings import NOTICE


def marked_synthetic(answer: Callable) -> None:
    """``answer(dataset)``: the mark in ImageType, ImageComments or DerivationDescription."""
    from pydicom import Dataset

    headers = (
        ({"ImageType": ["DERIVED", "SECONDARY", "", "SYNTHETIC"]}, True, "ImageType with SYNTHETIC among its values"),
        ({"ImageType": "SYNTHETIC"}, True, "ImageType with the one value SYNTHETIC"),
        ({"ImageComments": NOTICE}, True, "the notice in ImageComments alone"),
        ({"ImageComments": NOTICE.lower() + ". Phantom"}, True, "the notice in small letters, with more behind it"),
        ({"DerivationDescription": f"{NOTICE}. Source: gan"}, True, "the notice in DerivationDescription alone"),
        ({}, False, "an empty header"),
        ({"ImageType": ["ORIGINAL", "PRIMARY"], "ImageComments": ""}, False, "an original film"),
        ({"ImageType": "ORIGINAL"}, False, "ImageType with one value"),
        ({"ImageComments": "Synthetic mitral valve"}, False, "a patient with a synthetic mitral valve"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "NOT SYNTHETIC"]}, False, "the value NOT SYNTHETIC"),
    )
    for fields, wanted, name in headers:
        dataset = Dataset()
        for key, value in fields.items():
            setattr(dataset, key, value)
        given = _answered(answer, dataset, name)
        what = f"For {name} the answer is {given!r}, expected {wanted}."
        require(given is wanted or given == wanted, what, "One exact value of ImageType, or the notice at the start.")
    passed("the gate lets patients through, with their valves, and stops what a program made.")


def _answered(answer: Callable, dataset: object, name: str) -> object:
    try:
        return answer(dataset)
    except AttributeError as error:
        raise CheckFailed(f"{name} makes it stumble: {error}. Ask with dataset.get(name, default).") from error


def film_interval(answer: Callable) -> None:
    """``answer(right, said, draws, rng)``: bootstrap over films."""
    sure = answer(np.full(20, 4), np.full(20, 4), 50, np.random.default_rng(0))
    require(len(tuple(sure)) == 2, "The answer should be (low, high).")
    require(
        np.allclose(sure, 1), f"If all is right the interval is {sure}, expected (1, 1).", "Shares run from 0 to 1."
    )
    right, said = np.array([4, 0] * 10), np.full(20, 4)
    low, high = answer(right, said, 3000, np.random.default_rng(1))
    require(low < high, f"The interval is {low:.2f} to {high:.2f}.", "Quantiles 0.05 and 0.95, in this order.")
    what = f"Half of the films all right, half all wrong: {low:.2f} to {high:.2f}, expected about 0.30 to 0.70."
    hint = "Draw whole films with replacement; single sentences would give about 0.41 to 0.59."
    require(abs(low - 0.30) < 0.06 and abs(high - 0.70) < 0.06, what, hint)
    right, said = np.array([1, 9, 1, 9, 1, 9]), np.array([1, 18, 1, 18, 1, 18])
    low, high = answer(right, said, 3000, np.random.default_rng(2))
    wanted = _reference(right, said)
    what = f"With reports of different length: {low:.3f} to {high:.3f}, expected {wanted[0]:.3f} to {wanted[1]:.3f}."
    require(np.allclose((low, high), wanted, atol=0.03), what, "Sum of right over sum of said, not a mean of shares.")
    again = [answer(right, said, 100, np.random.default_rng(3)) for _ in range(2)]
    require(tuple(again[0]) == tuple(again[1]), "The same rng gives two answers.", "Draw from rng, nothing else.")
    passed("your interval is as wide as the number of films, not of sentences, allows.")


def _reference(right: np.ndarray, said: np.ndarray) -> np.ndarray:
    """The interval from multinomial weights, which is the same bootstrap in other words."""
    count = len(right)
    weights = np.random.default_rng(4).multinomial(count, np.full(count, 1 / count), 20_000)
    return np.quantile(weights @ right / (weights @ said), [0.05, 0.95])


DRAFT = ["There is an opacity in the right lung.", "No effusion on the left.", "The heart is not enlarged."]
KNOWN = Findings(
    (
        Finding("opacity", "present", "right", extent=0.3),
        Finding("opacity", "absent", "left"),
        Finding("effusion", "absent", "right"),
        Finding("effusion", "present", "left", extent=0.2, severity="moderate"),
        Finding("cardiomegaly", "absent"),
    )
)
"""The second sentence of the draft is wrong."""


def sign_off(answer: Callable) -> None:
    """``answer(sentences, edits, findings)``: three rules of signing."""
    plain = _signed(answer, {})
    require(len(plain) > 0, "Nothing goes out although nothing was edited.", "Model sentences that are supported do.")
    keys = {"sentence", "author", "verdict"}
    require(all(set(row) == keys for row in plain), f"Rows have the keys {sorted(plain[0])}, expected {sorted(keys)}.")
    kept = [DRAFT[0], DRAFT[2]]
    what = f"Without edits there go out: {[row['sentence'] for row in plain]}."
    require([row["sentence"] for row in plain] == kept, what, "The model's contradicted sentence must not, by rule 2.")
    require({row["author"] for row in plain} == {"model"}, "Unedited sentences should be the model's.")
    moved = _signed(answer, {0: "There is an opacity in the left lung."})
    what = "The reader wrote 'left', against the measurement; that sentence should go out as hers, contradicted."
    expected = {"sentence": "There is an opacity in the left lung.", "author": "reader", "verdict": "contradicted"}
    require(moved[:1] == [expected], what, "Rule 3: the reader's sentence always goes out, with its verdict.")
    gone = _signed(answer, {0: "", 1: ""})
    require([row["sentence"] for row in gone] == kept[1:], "Deleted sentences go out.", "Rule 1 comes first.")
    same = _signed(answer, {0: DRAFT[0], 1: DRAFT[1]})
    what = "An edit that changes nothing should leave the sentence with the model."
    require(same == plain, what, "Compare the text with the draft; the key in edits is not enough.")
    extra = _signed(answer, {2: "Old rib fracture."})
    what = "The reader's sentence that nobody measured should go out as unverifiable."
    require(extra[-1]["author"] == "reader" and extra[-1]["verdict"] == "unverifiable", what)
    passed("the model proposes, the reader decides, and the disagreement stays on record.")


def _signed(answer: Callable, edits: dict[int, str]) -> list[dict]:
    return list(answer(list(DRAFT), dict(edits), KNOWN))


def per_thousand(answer: Callable) -> None:
    """``answer(sensitivity, specificity, prevalence)``: (missed, false alarms)."""
    cases = {
        (1.0, 1.0, 0.3): ((0, 0), "A perfect reader misses nothing."),
        (0.8, 0.9, 0.2): ((40, 80), "200 ill, of whom a fifth is missed; 800 healthy, of whom a tenth is called ill."),
        (0.5, 1.0, 0.1): ((50, 0), "The missed come from the ill ones: 1000 * prevalence."),
        (1.0, 0.9, 0.01): ((0, 99), "False alarms come from the healthy ones: 1 - prevalence."),
    }
    for (sensitivity, specificity, prevalence), (wanted, hint) in cases.items():
        given = tuple(float(number) for number in answer(sensitivity, specificity, prevalence))
        what = f"Sensitivity {sensitivity}, specificity {specificity}, prevalence {prevalence}: "
        what += f"{tuple(round(number, 2) for number in given)}, expected {wanted}."
        require(len(given) == 2 and np.allclose(given, wanted), what, hint)
    passed("where disease is rare, nearly all alarms are false ones.")


def observation(answer: Callable) -> None:
    """``answer(kind, presence, value)``: a small FHIR Observation."""
    made = answer("opacity", "present", 0.21)
    require(isinstance(made, dict), "The answer should be a dictionary.")
    require(made.get("resourceType") == "Observation", "resourceType should be 'Observation'.", "FHIR needs it first.")
    require(made.get("status") == "preliminary", f"status is {made.get('status')!r}.", "A draft is preliminary.")
    require(made.get("code") == {"text": "opacity"}, f"code is {made.get('code')!r}, expected {{'text': 'opacity'}}.")
    for presence, code in (("present", "POS"), ("absent", "NEG"), ("uncertain", "IND")):
        given = answer("effusion", presence, None)
        wanted = [{"coding": [{"code": code}]}]
        what = f"For {presence} the interpretation is {given.get('interpretation')}, expected {wanted}."
        require(given.get("interpretation") == wanted, what, "It is a list with one coding, as in the task.")
        require("valueQuantity" not in given, "There is a valueQuantity without a value.", "Leave it out for None.")
    zero = answer("opacity", "absent", 0.0).get("valueQuantity")
    what = f"A measured 0.0 gives valueQuantity {zero}, expected {{'value': 0.0}}."
    require(zero == {"value": 0.0}, what, "0.0 is a value: test with 'is not None'.")
    unknown = answer("opacity", "unknown", 0.4)
    wanted = {"coding": [{"code": "unknown"}]}
    require(unknown.get("dataAbsentReason") == wanted, "An unknown finding needs a dataAbsentReason, as in the task.")
    what = "An unknown finding must carry neither an interpretation nor a value."
    require(not {"interpretation", "valueQuantity"} & set(unknown), what, "Return early where it is unknown.")
    passed("unknown is said as unknown, and a draft as a draft.")
