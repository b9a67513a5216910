"""Random findings, to train and to test the text half without any image."""

from __future__ import annotations

import random

from medigenx_lib.cases import DENSITIES, PATTERNS, SEVERITIES, SIDES, ZONES, Finding, Findings, Measurement

PRESENCE_ODDS = {"present": 50, "absent": 40, "uncertain": 4, "unknown": 6}
OTHER_KINDS = ("edema", "atelectasis", "pneumothorax", "nodule", "scar", "hyperinflation", "low_volume")
SIDED_KINDS = ("atelectasis", "pneumothorax", "nodule", "scar")


def random_findings(seed: int, other_kinds: bool = False) -> Findings:
    """Findings as a measurement might give them, drawn by ``seed``: one for opacity and effusion on each side, one
    for the heart; in one film of five alike on both sides. ``other_kinds`` adds those that only reports speak of.
    """
    rng = random.Random(seed)
    items = [_sided(kind, side, rng) for kind in ("opacity", "effusion") for side in SIDES]
    if rng.random() < 0.2:
        items[1] = _mirrored(items[0])
    items.append(_heart(rng))
    if other_kinds:
        items += [_other(kind, rng) for kind in OTHER_KINDS if rng.random() < 0.3]
    return Findings(tuple(items))


def _presence(rng: random.Random) -> str:
    return rng.choices(list(PRESENCE_ODDS), list(PRESENCE_ODDS.values()))[0]


def _sided(kind: str, side: str, rng: random.Random) -> Finding:
    presence = _presence(rng)
    if presence not in ("present", "uncertain"):
        return Finding(kind, presence, side, extent=0.0 if presence == "absent" else None)
    extent = round(rng.uniform(0.02, 0.9), 3)
    low, high = extent * rng.uniform(0.7, 1), min(1.0, extent * rng.uniform(1, 1.3))
    opacity = kind == "opacity"
    return Finding(
        kind, presence, side, tuple(zone for zone in ZONES if rng.random() < (0.5 if opacity else 0.2)), extent,
        density=rng.choice((None, *DENSITIES)) if opacity else None,
        pattern=rng.choice((None, *PATTERNS)) if opacity else None,
        severity=rng.choice(SEVERITIES) if rng.random() < 0.2 else None,
        measurement=Measurement(f"{kind}_extent.{side}", extent, low, high) if rng.random() < 0.7 else None,
    )  # fmt: skip


def _mirrored(finding: Finding) -> Finding:
    """The same on the left, without its number."""
    return Finding(
        finding.kind, finding.presence, "left", finding.zones, None, finding.density, finding.pattern, finding.severity
    )


def _heart(rng: random.Random) -> Finding:
    presence = _presence(rng)
    if presence == "unknown":
        return Finding("cardiomegaly", presence)
    ratio = round(rng.uniform(0.38, 0.55) if presence == "absent" else rng.uniform(0.55, 0.75), 3)
    return Finding(
        "cardiomegaly", presence, measurement=Measurement("cardiothoracic_ratio", ratio, ratio - 0.02, ratio + 0.02)
    )


def _other(kind: str, rng: random.Random) -> Finding:
    presence, sided = _presence(rng), kind in SIDED_KINDS
    side = rng.choice((None, *SIDES)) if sided else None
    zones = tuple(zone for zone in ZONES if side and rng.random() < 0.3) if presence != "unknown" else ()
    graded = presence in ("present", "uncertain") and kind != "low_volume"
    return Finding(kind, presence, side, zones, severity=rng.choice((None, *SEVERITIES)) if graded else None)
