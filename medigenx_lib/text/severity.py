"""Words for how much: the shares and ratios that lie behind "small", "moderate" and "severe".

Effusion and heart are graded by ``geometry.SEVERITY_LIMITS``, as the measurements are. Opacity follows the quarters
of RALE's extent score (Warren et al., Thorax 2018): mild below one quarter of the lung, severe from one half. The
course's own conventions, not clinical cut-offs.
"""

from __future__ import annotations

from medigenx_lib.cases import SEVERITIES, Finding, Measurement
from medigenx_lib.geometry import SEVERITY_LIMITS

SEVERITY_BOUNDS = {"opacity": (0.25, 0.50), **SEVERITY_LIMITS}
"""Kind -> where moderate and where severe begin, in shares of one lung or as a cardiothoracic ratio."""


def measured_number(finding: Finding) -> Measurement | None:
    """The number behind a finding: its measurement, or its extent where that is all there is."""
    if finding.measurement is not None or finding.extent is None:
        return finding.measurement
    side = f".{finding.side}" if finding.side else ""
    return Measurement(f"{finding.kind}_extent{side}", finding.extent)


def severity_of(kind: str, number: float) -> str | None:
    """``mild``, ``moderate`` or ``severe`` for an extent (0..1) or a ratio; None where the kind is not graded."""
    bounds = SEVERITY_BOUNDS.get(kind)
    return None if bounds is None else SEVERITIES[sum(number >= bound for bound in bounds)]


def severities(finding: Finding) -> tuple[str, ...]:
    """All severities that a finding allows: the stated one, or each that its number's interval touches."""
    if finding.severity:
        return (finding.severity,)
    number = measured_number(finding)
    if number is None or finding.kind not in SEVERITY_BOUNDS:
        return ()
    values = (number.value, *(bound for bound in (number.low, number.high) if bound is not None))
    grades = sorted(SEVERITIES.index(severity_of(finding.kind, value)) for value in values)
    return SEVERITIES[grades[0] : grades[-1] + 1]
