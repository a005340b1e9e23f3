"""``report.yaml``: the guide's template (its section 4.5), filled with measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from perfkit.decide.policy import Measure, Status
from perfkit.report.wording import printable
from perfkit.units import (
    format_bytes_interval,
    format_duration,
    format_seconds_interval,
    format_share,
    format_share_interval,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.assess import Finding, Part
    from perfkit.report.rows import RowView
    from perfkit.report.view import CaveatGroup, View

NOT_MEASURED = "not measured"
_PERCENTILES = ("Average", "P95", "P99")
_OVERALL = {
    Status.MET: "✅ PERFORMANCE TARGETS MET",
    Status.NOT_MET: "PERFORMANCE TARGETS NOT MET",
    Status.UNDECIDED: "PERFORMANCE TARGETS UNDECIDED",
    Status.NOT_MEASURED: "PERFORMANCE TARGETS NOT ALL MEASURED",
}


def as_yaml(view: View) -> str:
    """The guide's headings in the guide's order, then all benchmarks and how they were measured.

    Args:
        view: The run, held against a policy.

    Returns:
        A YAML document; its title lines are comments. Every figure has its unit and interval, and
        what was not measured says so.
    """
    title = f"Performance Benchmarking - {view.headings[1]}"
    blocks = [f"# {printable(title)}\n# {'=' * len(title)}"]
    head = {
        "Date": view.created[:10],
        "Environment": ", ".join(f"{name} {fact}" for name, fact in view.host) or "unknown",
        "Test Duration": format_duration(dict(view.seconds).get("total", 0.0)),
    }
    blocks.append(_dumped(head))
    blocks += [_dumped({one.title: _section(one, view)}) for one in view.assessment.sections]
    blocks.append(_dumped({"Overall Assessment": _overall(view)}))
    status = view.assessment.status
    recommendation = view.assessment.recommendation.text
    blocks.append(_dumped({"Status": _OVERALL[status], "Recommendation": recommendation}))
    blocks.append("# Beyond the guide's template: everything that was measured, and how")
    blocks.append(_dumped({"Verdict": view.verdict}))
    blocks += [_dumped({name: value}) for name, value in _extra(view).items()]
    return "\n\n".join(blocks) + "\n"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as the template does, and never writes aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - yaml's signature
        super().increase_indent(flow, False)  # noqa: FBT003 - yaml's signature

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def _dumped(data: dict[str, Any]) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
    return text.rstrip("\n")


def _section(finding: Finding, view: View) -> dict[str, Any]:
    baseline, candidate = f"Baseline ({view.headings[0]})", view.headings[1]
    if finding.measure is Measure.RESPONSE_TIME and not finding.parts:
        absent: Any = [{name: NOT_MEASURED} for name in _PERCENTILES]
    else:
        absent = NOT_MEASURED
    section: dict[str, Any] = {baseline: absent, candidate: absent}
    of_memory = finding.measure is Measure.PEAK_MEMORY
    render = format_bytes_interval if of_memory else format_seconds_interval
    if len(finding.parts) == 1:
        left, right = _pair(finding.parts[0], render)
        section = {baseline: left, candidate: right}
    elif finding.parts:
        pairs = {part.label: _pair(part, render) for part in finding.parts}
        section = {
            baseline: [{name: left} for name, (left, _) in pairs.items()],
            candidate: [{name: right} for name, (_, right) in pairs.items()],
        }
    section["Status"] = _status(finding)
    if len(finding.parts) == 1:
        section["Measured By"] = finding.parts[0].label
    if finding.reason:
        section["Reason"] = finding.reason
    return section


def _pair(part: Part, render: Callable[[float, float, float], str]) -> tuple[str, str]:
    left, right = (render(one.value, one.low, one.high) for one in (part.baseline, part.candidate))
    tick = " ✅" if part.status is Status.MET else ""
    return left, f"{right} ({_arrow(part.improvement)}{tick})"


def _arrow(gain: Estimate) -> str:
    """``"↓14.0 % [13.2, 14.8]"``: what a time or a size went down by; ``↑`` when it went up."""
    if gain.value < 0:
        return "↑" + format_share_interval(-gain.value, -gain.high, -gain.low)
    return "↓" + format_share_interval(gain.value, gain.low, gain.high)


def _status(finding: Finding) -> str:
    if finding.status is not Status.MET:
        return f"{finding.status} ({finding.goal})"
    praise = f": {finding.praise}" if finding.praise else ""
    return f"✅ {finding.status}{praise} ({finding.goal})"


def _overall(view: View) -> list[dict[str, str]]:
    found = view.assessment
    sizes = [
        part for one in found.sections if one.measure is Measure.PEAK_MEMORY for part in one.parts
    ]
    memory = sizes[0].improvement if sizes else None
    measured = sum(row.comparison is not None for row in view.rows)
    basis = f"geometric mean of {measured} benchmarks"
    regressions = found.no_regressions
    reason = f" ({regressions.reason})" if regressions.reason else ""
    return [
        {found.overall.title: _status(found.overall)},
        {"Actual Performance": _gain(found.improvement, "improvement", basis)},
        {"Memory Optimization": _gain(memory, "reduction", "peak of the processes")},
        {regressions.title: f"{_ticked(regressions.status)}{reason}"},
    ]


def _gain(gain: Estimate | None, noun: str, basis: str) -> str:
    if gain is None:
        return NOT_MEASURED
    return f"{format_share_interval(gain.value, gain.low, gain.high)} {noun} ({basis})"


def _ticked(status: Status) -> str:
    return f"✅ {status}" if status is Status.MET else str(status)


def _extra(view: View) -> dict[str, Any]:
    return {
        "All Benchmarks": [_row(row) for row in view.rows] or NOT_MEASURED,
        "Geometric Mean": view.mean,
        "Caveats": [_caveat(group) for group in view.caveats] or "none",
        "Environments": {
            **{
                line.name: {"Baseline": line.baseline, "Candidate": line.candidate}
                for line in view.sides
            },
            "Packages That Differ": {
                line.name: {"Baseline": line.baseline, "Candidate": line.candidate}
                for line in view.packages
                if line.differs
            }
            or "none",
        },
        "Where Time Went": {stage: f"{spent:.1f} s" for stage, spent in view.seconds},
        "Run": {
            "Id": view.id,
            "State": view.state,
            "Created": view.created,
            "perfkit": view.perfkit,
            "Seed": view.seed,
            "Confidence": format_share(view.confidence, digits=0),
            "Margin": f"±{view.margin * 100:g} %",
        },
    }


def _caveat(group: CaveatGroup) -> str:
    """Those of one kind in one line; where they differ in their numbers, the first one's."""
    if not group.benchmarks:
        return group.sentences
    if group.alike:
        return f"{', '.join(group.benchmarks)}: {group.sentences}"
    first, *others = group.benchmarks
    likewise = f" Likewise {', '.join(others)}." if others else ""
    return f"{first}: {group.sentences}{likewise}"


def _row(row: RowView) -> dict[str, Any]:
    shown: dict[str, Any] = {"Benchmark": row.id, "Verdict": row.word}
    if row.failure is not None:
        return {
            **shown,
            "Failed On": str(row.failure.side or "both sides"),
            "Stage": row.failure.stage,
            "Reason": row.failure.reason,
            "Detail": row.failure.detail,
        }
    if row.comparison is None:
        return shown
    facts = dict(row.facts)
    return {**shown, **{name: facts[name] for name in facts}, "Blocks": row.blocks}
