"""A report writer for tests: a stand-in radiomics vector made from random findings, and a tiny network."""

import numpy as np
import pytest

from medigenx_lib import radiomics
from medigenx_lib.cases import SIDES, ZONES, Case
from medigenx_lib.text import corpus, training
from medigenx_lib.text.samples import random_findings

NAMES = (
    *(f"{kind}.{side}" for kind in ("opacity", "effusion") for side in SIDES),
    *(f"zone.{side}.{zone}" for side in SIDES for zone in ZONES),
    "heart",
)


def vector(case):
    """What random findings would look like if they were measured on an image; NaN where unknown."""
    values = {}
    for kind in ("opacity", "effusion"):
        for side in SIDES:
            (finding,) = case.findings.of(kind, side)
            amount = finding.extent if finding.extent is not None else float(finding.presence == "present")
            values[f"{kind}.{side}"] = np.nan if finding.presence == "unknown" else amount
            if kind == "opacity":
                values |= {f"zone.{side}.{zone}": zone in finding.zones for zone in ZONES}
    (heart,) = case.findings.of("cardiomegaly")
    values["heart"] = heart.measurement.value if heart.measurement else np.nan
    return np.array([values[name] for name in NAMES], np.float32)


@pytest.fixture(autouse=True)
def _stand_in_vector(monkeypatch):
    monkeypatch.setattr(radiomics, "VECTOR_NAMES", NAMES, raising=False)
    monkeypatch.setattr(radiomics, "vector", vector, raising=False)


def measured_case(seed):
    image = np.random.default_rng(seed).random((64, 64)).astype(np.float32)
    return Case(f"case-{seed}", image, findings=random_findings(seed))


@pytest.fixture
def cases():
    """Six cases with random findings, some of them unknown."""
    return [measured_case(seed) for seed in range(6)]


@pytest.fixture
def small_corpus(cases):
    return corpus.of_cases(cases)


def untrained_writer(small_corpus, **options):
    import torch

    torch.manual_seed(0)
    texts = [text for seed in range(4) for text in small_corpus.reports(seed)]
    return training.build(small_corpus, texts, width=32, layers=2, heads=2, **options).eval()


@pytest.fixture
def untrained(small_corpus):
    """A writer that has learned nothing but its tokenizer and scales."""
    return untrained_writer(small_corpus)


@pytest.fixture
def brief(small_corpus):
    """The same with room for a few words only, because what knows nothing does not stop by itself."""
    return untrained_writer(small_corpus, max_tokens=40)
