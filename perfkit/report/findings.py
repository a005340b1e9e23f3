"""Sections of the policy as the guide's template shows them (its section 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.decide.policy import Measure, Status
from perfkit.report.figures import rate
from perfkit.report.yaml_parts import NOT_MEASURED, arrow
from perfkit.units import format_bytes_interval, format_seconds_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.decide.finding import Finding, Part

_PERCENTILES = ("Average", "P95", "P99")
_RENDER: dict[Measure | None, Callable[[float, float, float], str]] = {
    Measure.PEAK_MEMORY: format_bytes_interval,
    Measure.THROUGHPUT: rate,
}


def section(finding: Finding, headings: tuple[str, str]) -> dict[str, Any]:
    """One heading: both sides, the status, and what it was measured by.

    Args:
        finding: What was found.
        headings: The two sides as the template names them.
    """
    baseline, candidate = f"Baseline ({headings[0]})", headings[1]
    if finding.measure is Measure.RESPONSE_TIME and not finding.parts:
        absent: Any = [{name: NOT_MEASURED} for name in _PERCENTILES]
    else:
        absent = NOT_MEASURED
    found: dict[str, Any] = {baseline: absent, candidate: absent}
    pairs = {part.label: _pair(part, finding.measure) for part in finding.parts}
    if len(pairs) == 1 and finding.measure is not Measure.RESPONSE_TIME:
        ((left, right),) = pairs.values()
        found = {baseline: left, candidate: right}
    elif pairs:
        found = {
            baseline: [{name: left} for name, (left, _) in pairs.items()],
            candidate: [{name: right} for name, (_, right) in pairs.items()],
        }
    found["Status"] = status_line(finding)
    if measured_by := _measured_by(finding):
        found["Measured By"] = measured_by
    if finding.reason:
        found["Reason"] = finding.reason
    return found


def status_line(finding: Finding) -> str:
    """The status with its goal, and a tick only where it is met."""
    if finding.status is not Status.MET:
        return f"{finding.status} ({finding.goal})"
    praise = f": {finding.praise}" if finding.praise else ""
    return f"✅ {finding.status}{praise} ({finding.goal})"


def _measured_by(finding: Finding) -> str:
    label = finding.parts[0].label if len(finding.parts) == 1 else ""
    if finding.measure is Measure.RESPONSE_TIME:
        label = ""
    return ", ".join(text for text in (label, finding.source) if text)


def _pair(part: Part, measure: Measure | None) -> tuple[str, str]:
    render = _RENDER.get(measure, format_seconds_interval)
    left, right = (render(one.value, one.low, one.high) for one in (part.baseline, part.candidate))
    tick = " ✅" if part.status is Status.MET else ""
    change = arrow(part.improvement, more_is_better=measure is Measure.THROUGHPUT)
    return left, f"{right} ({change}{tick})"
