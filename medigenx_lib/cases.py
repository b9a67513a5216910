"""The record that flows: a ``Case`` is what is known about one radiograph, ``Findings`` what is on it.

Conventions for the whole course. An image is float32 (H, W) in 0..1, bright where much is absorbed
(MONOCHROME2), seen as radiologists see it: the patient's right on the left of the picture. A mask is
bool (H, W). Extents are shares of one lung's area, 0..1.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from medigenx_lib.errors import InputError
from medigenx_lib.files import plain

LABELS = ("normal", "pneumonia")
MASKS = ("right_lung", "left_lung", "heart", "opacity", "effusion")
SIDES = ("right", "left")
ZONES = ("upper", "middle", "lower")
PATTERNS = ("lobar", "round", "patchy", "interstitial")
DENSITIES = ("faint", "moderate", "dense")
SEVERITIES = ("mild", "moderate", "severe")
PRESENCES = ("present", "absent", "uncertain", "unknown")
MEASURED_KINDS = ("opacity", "effusion", "cardiomegaly")
"""What our phantoms hold and our measurements can see."""
CARDIOMEGALY_CTR = 0.55
"""The heart is large above this ratio of its width to the thorax's: the usual limit for small children and for
anteroposterior films. (0.50 is usual for adults on posteroanterior films; the phantom leaves a gap around 0.55.)"""
KINDS = (*MEASURED_KINDS, "edema", "atelectasis", "pneumothorax", "nodule", "scar", "hyperinflation",
         "low_volume", "normal", "other")  # fmt: skip
"""What reports speak of. ``normal`` is "no abnormality at all", ``other`` any abnormality not named here."""


@dataclass(frozen=True)
class Measurement:
    """One measured number, with its uncertainty: ``low``..``high`` is a 90 % interval, None if unknown.

    ``name`` is a key that a reader can look up, such as ``"opacity_extent.right"``; ``unit`` is ``""`` for
    ratios and shares.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def __post_init__(self):
        if not math.isfinite(self.value):
            raise InputError(
                f"Measurement {self.name} is {self.value}.",
                "Leave it out; what is not measured is unknown.",
            )

    @property
    def is_share(self) -> bool:
        """True for a share of a lung, which readers are shown in percent."""
        return "extent" in self.name

    def shown(self, *values: float) -> str:
        """``values`` on this measurement's scale as readers see them: "21 %", "15 to 27 %", "0.52", "23.00 mm"."""
        digits = " to ".join(f"{100 * value:.0f}" if self.is_share else f"{value:.2f}" for value in values)
        return f"{digits} {'%' if self.is_share else self.unit}".rstrip()


@dataclass(frozen=True)
class Finding:
    """One statement about the film.

    ``presence``: ``uncertain`` is said with a hedge ("may represent"), ``unknown`` could not be measured.
    ``side`` None: not stated, or it has none (the heart). ``zones`` (): not stated. ``extent``: share of that
    lung's area, 0..1. ``measurement``: the number behind it, if any.
    """

    kind: str
    presence: str = "present"
    side: str | None = None
    zones: tuple[str, ...] = ()
    extent: float | None = None
    density: str | None = None
    pattern: str | None = None
    severity: str | None = None
    measurement: Measurement | None = None

    def __post_init__(self):
        allowed = {"kind": KINDS, "presence": PRESENCES, "side": (None, *SIDES), "density": (None, *DENSITIES),
                   "pattern": (None, *PATTERNS), "severity": (None, *SEVERITIES)}  # fmt: skip
        for name, values in allowed.items():
            _require(getattr(self, name) in values, name, getattr(self, name), values)
        zones = tuple(zone for zone in ZONES if zone in self.zones)
        _require(len(zones) == len(set(self.zones)), "zones", self.zones, ZONES)
        object.__setattr__(self, "zones", zones)  # always from apex to base
        _require(self.extent is None or 0 <= self.extent <= 1, "extent", self.extent, "a share, 0..1")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Finding:
        """The finding whose ``dataclasses.asdict`` is ``values``. Raises InputError for anything else."""
        try:
            measurement = values.get("measurement")
            measured = Measurement(**measurement) if measurement else None
            return cls(**{**values, "zones": tuple(values.get("zones", ())), "measurement": measured})
        except (TypeError, AttributeError) as error:
            raise InputError(f"Not a finding: {values!r} ({error}).", "See medigenx_lib.cases.Finding.") from error


def _require(holds: bool, name: str, value: Any, allowed: Any) -> None:
    if not holds:
        raise InputError(f"A finding's {name} cannot be {value!r}.", f"Allowed: {allowed}.")


@dataclass(frozen=True)
class Findings:
    """All that is stated about one film, in a fixed order. What is not listed is unknown, not absent."""

    items: tuple[Finding, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def of(self, kind: str, side: str | None = None) -> tuple[Finding, ...]:
        """The findings of ``kind``; with ``side``, only those on that side."""
        return tuple(f for f in self if f.kind == kind and side in (None, f.side))

    def presence(self, kind: str, side: str | None = None) -> str:
        """The strongest word on ``kind``: present, uncertain, unknown, absent; ``unknown`` if nothing is stated."""
        said = {finding.presence for finding in self.of(kind, side)}
        return next((p for p in ("present", "uncertain", "unknown", "absent") if p in said), "unknown")

    def present(self) -> tuple[Finding, ...]:
        """The findings that are there for certain."""
        return tuple(finding for finding in self if finding.presence == "present")

    def to_list(self) -> list[dict]:
        """JSON-able form."""
        return [dataclasses.asdict(finding) for finding in self]

    @classmethod
    def from_list(cls, values: list[dict]) -> Findings:
        """The inverse of :meth:`to_list`. Raises InputError for anything else."""
        return cls(tuple(Finding.from_dict(value) for value in values))


@dataclass(frozen=True, eq=False)
class Truth:
    """What a phantom knows of itself, kept beside what is later measured on it."""

    masks: Mapping[str, np.ndarray]
    findings: Findings


@dataclass(frozen=True, eq=False)
class Case:
    """What is known about one radiograph. Each step returns a case that knows more: ``replace(case, ...)``.

    ``image``: float32 (H, W), 0..1. ``label``: 0 normal, 1 pneumonia, None unknown. ``masks``: name of
    ``MASKS`` -> bool (H, W). ``findings``: a phantom's truth until measured, then the measurement; ``truth``
    stays. ``source``: data set, file or model; ``patient``, ``split``: where the names tell. ``synthetic``: made
    by a model or a simulation. ``meta``: JSON-able extras (seed, version, file, original size, quality; and
    ``given_masks``, name -> file, while ``masks`` are those that came with the film).
    """

    id: str
    image: np.ndarray
    label: int | None = None
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    findings: Findings | None = None
    report: str | None = None
    truth: Truth | None = None
    source: str = ""
    patient: str | None = None
    split: str | None = None
    synthetic: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        image = np.asarray(self.image)
        if image.ndim != 2 or image.dtype != np.float32:
            raise InputError(f"Case {self.id}: the image is {image.dtype} {image.shape}.", "It must be float32 (H, W).")
        if image.size == 0 or not (image.min() >= 0 and image.max() <= 1):  # NaN fails both comparisons
            raise InputError(
                f"Case {self.id}: values outside 0..1 or NaN, or no pixels.", "Read it with datasets.load."
            )
        if self.label not in (None, 0, 1):
            raise InputError(f"Case {self.id}: label {self.label!r}.", "Use 0 (normal), 1 (pneumonia) or None.")
        for name, mask in self.masks.items():
            _check_mask(self.id, name, np.asarray(mask), image.shape)

    @property
    def label_name(self) -> str:
        """``normal``, ``pneumonia`` or ``unlabelled``."""
        return "unlabelled" if self.label is None else LABELS[self.label]

    def __repr__(self) -> str:
        kind = "synthetic" if self.synthetic else "real"
        known = [name for name in ("masks", "findings", "report", "truth") if getattr(self, name)]
        return f"Case({self.id}: {self.image.shape[0]}x{self.image.shape[1]} {kind}, {self.label_name}, {known})"

    def to_json(self, pixels: bool = True) -> str:
        """One JSON object. ``pixels=False`` leaves image and masks out (then it cannot be read back)."""
        skip = ("image", "masks", "truth", "findings")
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in skip}
        values["findings"] = None if self.findings is None else self.findings.to_list()
        values["truth"] = _pack_truth(self.truth, pixels)
        if pixels:
            values |= {"image": _pack(self.image), "masks": _pack_all(self.masks)}
        return json.dumps(values, allow_nan=False, default=plain)

    @classmethod
    def from_json(cls, text: str) -> Case:
        """The inverse of :meth:`to_json`, bit for bit. Raises InputError for anything else."""
        try:
            values = json.loads(text)
            truth, findings = values["truth"], values["findings"]
            values["truth"] = truth and Truth(_unpack_all(truth["masks"]), Findings.from_list(truth["findings"]))
            values["findings"] = None if findings is None else Findings.from_list(findings)
            return cls(**{**values, "image": _unpack(values["image"]), "masks": _unpack_all(values["masks"])})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error) as error:
            raise InputError(f"Not a case in JSON ({error}).", "Write it with case.to_json().") from error


replace = dataclasses.replace


def _check_mask(case: str, name: str, mask: np.ndarray, shape: tuple[int, ...]) -> None:
    if name not in MASKS or mask.dtype != bool or mask.shape != shape:
        fix = f"Masks are bool {shape}, named {', '.join(MASKS)}."
        raise InputError(f"Case {case}: mask {name!r} is {mask.dtype} {mask.shape}.", fix)


def _pack_truth(truth: Truth | None, pixels: bool) -> dict | None:
    if truth is None:
        return None
    return {"findings": truth.findings.to_list(), **({"masks": _pack_all(truth.masks)} if pixels else {})}


def _pack(array: np.ndarray) -> dict:
    """Exact, compact and free of pickle: dtype, shape, and the zlib-compressed bytes in base64."""
    raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return {
        "dtype": array.dtype.name,
        "shape": array.shape,
        "zlib": base64.b64encode(zlib.compress(raw)).decode(),
    }


def _unpack(packed: Mapping[str, Any]) -> np.ndarray:
    if packed["dtype"] not in ("float32", "bool"):
        raise InputError(f"An array of {packed['dtype']} in a case.", "Only float32 and bool are allowed.")
    raw = zlib.decompress(base64.b64decode(packed["zlib"]))
    return np.frombuffer(raw, np.dtype(packed["dtype"])).reshape(packed["shape"]).copy()


def _pack_all(masks: Mapping[str, np.ndarray]) -> dict[str, dict]:
    return {name: _pack(mask) for name, mask in masks.items()}


def _unpack_all(masks: Mapping[str, dict]) -> dict[str, np.ndarray]:
    return {name: _unpack(mask) for name, mask in masks.items()}
