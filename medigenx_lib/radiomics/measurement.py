"""From masks and the image inside them to measured findings, each with its number and its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm.auto import tqdm

from medigenx_lib import geometry
from medigenx_lib.cases import DENSITIES, PATTERNS, SIDES, ZONES, Case, Finding, Findings, Measurement, replace
from medigenx_lib.radiomics import frames
from medigenx_lib.radiomics.evidence import least_ratio, not_measurable
from medigenx_lib.radiomics.reasons import heart_reasons, heart_score, lung_reasons

if TYPE_CHECKING:
    from medigenx_lib.radiomics.heart import HeartReader
    from medigenx_lib.radiomics.judge import Judge
    from medigenx_lib.radiomics.reader import LungReader

BATCH = 64
LUNG_KINDS = ("opacity", "effusion")
DRAWN = 0.35
"""Where the reader's map of opacity exceeds this probability, the opacity is drawn. Its extent is the mean of what is
drawn and of what the reader says it is, which err differently: together by an eighth less on 683 validation lungs."""


@dataclass(frozen=True)
class LungReading:
    """What is seen in one lung, as numpy: ``maps`` (2, H, W) probabilities in the frame at ``box``, ``heads`` as in
    ``reader.HEADS``; once judged, ``weighed``: for each of LUNG_KINDS what ``reasons.lung_reasons`` needs."""

    maps: np.ndarray
    box: frames.Box
    heads: Mapping[str, np.ndarray]
    weighed: Sequence[Mapping[str, np.ndarray]] = ()


@dataclass(frozen=True)
class Instruments:
    """What measures: the ``reader`` looks, the ``judge`` weighs it with the radiomic features, ``settings`` hold the
    bands and slacks. Without a judge the reader decides alone, with its own settings. The ``heart`` reader corrects the
    cardiothoracic ratio of the masks; without it that ratio stands."""

    reader: LungReader
    judge: Judge | None
    settings: Mapping
    heart: HeartReader | None = None


def load_instruments(name_or_path: str = "measurement") -> Instruments:
    """The trained instruments. Raises WeightsError if the file does not hold them."""
    from medigenx_lib.radiomics.heart import load_heart  # these import torch
    from medigenx_lib.radiomics.judge import load_judge
    from medigenx_lib.radiomics.reader import load_reader

    reader, settings = load_reader(name_or_path)
    return Instruments(reader, load_judge(name_or_path), settings, load_heart(name_or_path))


def measure(cases: Sequence[Case], progress: bool = True, instruments: Instruments | None = None) -> list[Case]:
    """The cases with measured ``findings``: opacity and effusion in each lung, and the heart's size. Lesson 08.

    On masks from ``segmentation.segment`` (told by ``meta["quality"]``) the radiomic features of each lung, of its
    zones and of the heart decide, together with what a small network sees there; the masks of opacity and effusion
    become those that were measured, and ``meta["evidence"]`` lists for each finding its score, the features that
    moved it most, and their range on clear lungs. About 50 ms a film. On masks drawn by hand, or a phantom's own, the
    numbers follow from the masks by definition, without an interval.

    Each finding carries its Measurement with a 90 % interval. ``uncertain``: the score lies where neither a miss nor
    an invention could be held to the calibrated error. ``unknown``: not measurable; ``meta["not_measured"]`` says
    why. A value is the number behind its presence: at least ``geometry.PRESENT_EXTENT`` for what is present or
    uncertain, less for what is absent. Raises WeightsError if the shipped weights are missing and needed.
    """
    done, chunks = [], range(0, len(cases), BATCH)
    bar = tqdm(total=len(cases), desc="findings", unit="film", disable=not progress)
    with bar:
        for start in chunks:
            part = list(cases[start : start + BATCH])
            done += _measure_some(part, instruments)
            bar.update(len(part))
    return done


def _measure_some(cases: list[Case], instruments: Instruments | None) -> list[Case]:
    faults = [not_measurable(case) for case in cases]
    readable = [i for i, case in enumerate(cases) if "quality" in case.meta and {*SIDES, "heart"} != set(faults[i])]
    if not readable:
        return [_by_definition(case, fault) for case, fault in zip(cases, faults, strict=True)]
    instruments = instruments or load_instruments()
    seen = [cases[i] for i in readable]
    found = zip(judged(seen, instruments), ratios(seen, instruments.heart), strict=True)
    readings = dict(zip(readable, found, strict=True))
    settings = instruments.settings
    return [
        _from_image(case, faults[i], *readings[i], settings) if i in readings else _by_definition(case, faults[i])
        for i, case in enumerate(cases)
    ]


def judged(cases: Sequence[Case], instruments: Instruments) -> list[dict[str, LungReading]]:
    """What is decided of the right and the left lung of each case: features and reading, weighed by the judge."""
    readings = read(cases, instruments.reader)
    if instruments.judge is None or not cases:
        return readings
    import torch

    from medigenx_lib.radiomics.judge import observe

    told = torch.from_numpy(observe(cases, readings))
    return [
        {side: _weighed(reading[side], instruments.judge, told[i, j]) for j, side in enumerate(SIDES)}
        for i, reading in enumerate(readings)
    ]


def _weighed(reading: LungReading, judge: Judge, told) -> LungReading:
    """The reading with the scores that the judge gives, on what was ``told`` of that lung, a tensor of columns."""
    import torch

    from medigenx_lib.radiomics.judge import compared

    with torch.no_grad():
        presence = judge.decide(told[None])[0].numpy()
    same = {"shown": compared(told).numpy(), "low": judge.low.numpy(), "high": judge.high.numpy()}
    weighed = tuple({**same, "adds": adds} for adds in judge.contributions(told[None])[0].numpy())
    return replace(reading, heads={**reading.heads, "presence": presence}, weighed=weighed)


def read(cases: Sequence[Case], reader: LungReader) -> list[dict[str, LungReading]]:
    """What ``reader`` sees in the right and the left lung of each case with lung and heart masks.

    Each lung is looked at in ``frames.LOOKS``: the numbers are averaged, the maps are those of the first look.
    """
    bright = [frames.brightness(case.image, case.masks) for case in cases]
    boxes = [{side: frames.lung_box(case.masks[f"{side}_lung"]) for side in SIDES} for case in cases]
    looks = [_look(cases, reader, bright, boxes, look) for look in frames.LOOKS]
    maps, heads = looks[0][0], {name: np.mean([seen[name] for _, seen in looks], 0) for name in looks[0][1]}
    return [
        {
            side: LungReading(maps[2 * i + j], boxes[i][side], {name: v[2 * i + j] for name, v in heads.items()})
            for j, side in enumerate(SIDES)
        }
        for i in range(len(cases))
    ]


def _look(
    cases: Sequence[Case], reader: LungReader, bright: Sequence[np.ndarray], boxes: Sequence[Mapping], look: tuple
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One look at N films: maps (2N, kind, HEIGHT, WIDTH) as probabilities, and heads by name (2N, numbers)."""
    import torch

    pictures = []
    for case, film, box in zip(cases, bright, boxes, strict=True):
        moved = {side: frames.moved(box[side], look) for side in SIDES}
        pictures += [frames.lung_frame(film, case.masks, moved, side) for side in SIDES]
    with torch.no_grad():
        seen = reader(torch.from_numpy(np.stack(pictures)))
    return torch.sigmoid(seen.maps).numpy(), {name: values.numpy() for name, values in seen.heads.items()}


def ratios(cases: Sequence[Case], heart: HeartReader | None) -> list[float]:
    """Cardiothoracic ratio of each case with lungs: of its masks, corrected by ``heart``; NaN without a heart."""
    drawn = [geometry.cardiothoracic_ratio(case.masks) for case in cases]
    whole = [i for i, ratio in enumerate(drawn) if np.isfinite(ratio)]
    if heart is None or not whole:
        return drawn
    from medigenx_lib.radiomics.heart import corrections

    added = dict(zip(whole, corrections([cases[i] for i in whole], heart), strict=True))
    return [ratio + added.get(i, 0.0) for i, ratio in enumerate(drawn)]


def _from_image(case: Case, faults: dict, reading: dict[str, LungReading], ratio: float, settings: Mapping) -> Case:
    masks = {name: np.array(mask) for name, mask in case.masks.items()}
    found: dict[str, list[Finding]] = {kind: [] for kind in LUNG_KINDS}
    for side in SIDES:
        for kind in LUNG_KINDS:
            finding, region = _lung_finding(case, kind, side, faults, reading[side], settings)
            lung = masks[f"{side}_lung"]
            masks[kind] = np.where(lung, region, masks[kind])
            found[kind].append(finding)
    items = (*found["opacity"], *found["effusion"], _heart(ratio, case.masks, faults, settings))
    evidence = _evidence(case, faults, reading, ratio, settings["bands"])
    return _with(case, items, faults, masks, evidence)


def _evidence(case: Case, faults: dict, reading: Mapping[str, LungReading], ratio: float, bands: Mapping) -> list[dict]:
    """Why each measurable finding is what it is: see :mod:`.reasons`."""
    reasons = [
        lung_reasons(kind, side, reading[side].heads["presence"][index], bands[kind], reading[side].weighed[index])
        for index, kind in enumerate(LUNG_KINDS) for side in SIDES if side not in faults and reading[side].weighed
    ]  # fmt: skip
    return reasons if "heart" in faults else [*reasons, heart_reasons(ratio, case.masks, bands["cardiomegaly"])]


def _with(
    case: Case, items: tuple[Finding, ...], faults: dict, masks: Mapping | None = None, evidence: Sequence[dict] = ()
) -> Case:
    meta = {**case.meta, "not_measured": faults, "evidence": list(evidence)}
    return replace(case, findings=Findings(items), masks=case.masks if masks is None else masks, meta=meta)


def presence_of(score: float, band: Sequence[float]) -> str:
    """``present`` from the band's upper end on, ``absent`` below its lower end, ``uncertain`` within."""
    return "present" if score >= band[1] else "absent" if score < band[0] else "uncertain"


def _lung_finding(
    case: Case, kind: str, side: str, faults: dict, reading: LungReading, settings: Mapping
) -> tuple[Finding, np.ndarray]:
    """The finding of one kind in one lung, and the mask, bool (H, W), of what was measured."""
    lung, index = case.masks[f"{side}_lung"], LUNG_KINDS.index(kind)
    if side in faults:
        return Finding(kind, "unknown", side), np.zeros_like(lung)
    presence = presence_of(float(reading.heads["presence"][index]), settings["bands"][kind])
    map_ = frames.paste(reading.maps[index], reading.box, side == "left", lung.shape)
    drawn = float((map_[lung] > DRAWN).mean()) if kind == "opacity" and lung.any() else None
    number = extent_measurement(kind, side, presence, reading.heads[f"{kind}_extent"], settings["slack"][kind], drawn)
    if presence == "absent":
        return Finding(kind, "absent", side, extent=0.0, measurement=number), np.zeros_like(lung)
    region = brightest(map_, lung, number.value)
    known: dict[str, Any] = {"side": side, "extent": number.value, "measurement": number}
    if kind == "effusion":
        known |= {"severity": geometry.severity_of(kind, number.value), "zones": geometry.zones_of(region, lung)}
    else:
        known |= opacity_words(reading.heads, settings)
    return Finding(kind, presence, **known), region


def extent_measurement(
    kind: str, side: str, presence: str, quantiles: np.ndarray, slack: float, drawn: float | None = None
) -> Measurement:
    """The extent with its 90 % interval: predicted quantiles widened by the calibrated ``slack`` (a share).

    ``drawn``: the extent of what is drawn in the lung, 0..1; the middle quantile and it are averaged. What is called
    absent reaches up to ``geometry.PRESENT_EXTENT``, what is called present down to it: where either is less sure than
    the bands are calibrated for, the finding is uncertain, and so is its interval, from 0 on.

    Source: conformalised quantile regression, Romano et al., NeurIPS 2019.
    """
    least, most = (0.0, geometry.PRESENT_EXTENT - 0.001) if presence == "absent" else (geometry.PRESENT_EXTENT, 1.0)
    low, value, high = np.sort(quantiles.astype(float))
    value = float(np.clip(value if drawn is None else (value + drawn) / 2, least, most))
    bottom = least if presence == "present" else 0.0
    low, high = float(np.clip(low - slack, bottom, value)), float(np.clip(high + slack, value, most))
    return Measurement(f"{kind}_extent.{side}", *(round(number, 4) for number in (value, low, high)))


def brightest(map_: np.ndarray, lung: np.ndarray, share: float) -> np.ndarray:
    """The likeliest pixels of the lung, as many as make up ``share`` of its area: bool (H, W)."""
    count = max(round(share * np.count_nonzero(lung)), 1)
    region = np.zeros_like(lung)
    inside = np.flatnonzero(lung)
    region.flat[inside[np.argsort(-map_.flat[inside], kind="stable")[:count]]] = True
    return region


def opacity_words(heads: Mapping[str, np.ndarray], settings: Mapping) -> dict[str, Any]:
    """Zones, density and pattern of an opacity; the pattern only where the reader is sure enough of it."""
    zones = tuple(zone for zone, logit in zip(ZONES, heads["zones"], strict=True) if logit > 0)
    pattern = np.exp(heads["pattern"] - np.logaddexp.reduce(heads["pattern"]))
    return {
        "zones": zones or (ZONES[int(np.argmax(heads["zones"]))],),
        "density": DENSITIES[int(np.argmax(heads["density"]))],
        "pattern": PATTERNS[int(pattern.argmax())] if pattern.max() >= settings["pattern_certainty"] else None,
    }


def _heart(ratio: float, masks: Mapping[str, np.ndarray], faults: dict, settings: Mapping) -> Finding:
    """Cardiomegaly; where a lung runs off the film the ratio can only be too high, and the interval reaches lower."""
    if "heart" in faults:
        return Finding("cardiomegaly", "unknown")
    band = settings["bands"]["cardiomegaly"]
    low, high = settings["ratio_error"]
    error = (low - (ratio - least_ratio(ratio, masks)), high)
    return heart_finding(ratio, presence_of(heart_score(ratio, masks, band), band), error)


def heart_finding(ratio: float, presence: str, error: Sequence[float] | None) -> Finding:
    """Cardiomegaly from a cardiothoracic ratio; ``error``: 5th and 95th percentile of true minus measured ratio."""
    low, high = (None, None) if error is None else (round(ratio + error[0], 4), round(ratio + error[1], 4))
    number = Measurement("cardiothoracic_ratio", round(float(ratio), 4), low, high)
    severity = geometry.severity_of("cardiomegaly", ratio) if presence == "present" else None
    return Finding("cardiomegaly", presence, severity=severity, measurement=number)


def _by_definition(case: Case, faults: dict) -> Case:
    """Findings that follow from masks which need no reading: drawn by hand, or a phantom's own."""
    items = [_drawn(case.masks, kind, side, faults) for kind in LUNG_KINDS for side in SIDES]
    if "heart" in faults:
        return _with(case, (*items, Finding("cardiomegaly", "unknown")), faults)
    ratio = geometry.cardiothoracic_ratio(case.masks)
    presence = "present" if geometry.is_cardiomegaly(ratio) else "absent"
    return _with(case, (*items, heart_finding(ratio, presence, None)), faults)


def _drawn(masks: Mapping[str, np.ndarray], kind: str, side: str, faults: dict) -> Finding:
    if side in faults:
        return Finding(kind, "unknown", side)
    lung = masks[f"{side}_lung"]
    share = float(geometry.extent(masks[kind], lung))
    number = Measurement(f"{kind}_extent.{side}", round(share, 4))
    if share < geometry.PRESENT_EXTENT:
        return Finding(kind, "absent", side, extent=0.0, measurement=number)
    severity = geometry.severity_of(kind, share) if kind == "effusion" else None
    zones = geometry.zones_of(masks[kind], lung)
    return Finding(kind, "present", side, zones, number.value, severity=severity, measurement=number)
