"""``report.yaml``: the guide's template (its section 4.5), filled with measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.decide.policy import Measure, Status
from perfkit.report.findings import section, status_line
from perfkit.report.yaml_parts import (
    NOT_MEASURED,
    caveat_line,
    dumped,
    environments,
    heading,
    ticked,
)
from perfkit.units import (
    format_duration,
    format_share,
    format_share_interval,
)

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.report.rows import RowView
    from perfkit.report.view import View

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
    blocks = [heading(title)]
    head = {
        "Date": view.created[:10],
        "Environment": ", ".join(f"{name} {fact}" for name, fact in view.host) or "unknown",
        "Test Duration": format_duration(dict(view.seconds).get("total", 0.0)),
    }
    blocks.append(dumped(head))
    blocks += [dumped({one.title: section(one, view.headings)}) for one in view.assessment.sections]
    blocks.append(dumped({"Overall Assessment": _overall(view)}))
    status = view.assessment.status
    recommendation = view.assessment.recommendation.text
    blocks.append(dumped({"Status": _OVERALL[status], "Recommendation": recommendation}))
    blocks.append("# Beyond the guide's template: everything that was measured, and how")
    blocks.append(dumped({"Verdict": view.verdict}))
    blocks += [dumped({name: value}) for name, value in _extra(view).items()]
    return "\n\n".join(blocks) + "\n"


def _overall(view: View) -> list[dict[str, str]]:
    found = view.assessment
    sizes = [one for one in found.sections if one.measure is Measure.PEAK_MEMORY and one.parts]
    memory = sizes[0].parts[0].improvement if sizes else None
    whose = "the service under load" if sizes and sizes[0].source else "peak of the processes"
    measured = sum(row.comparison is not None for row in view.rows)
    basis = f"geometric mean of {measured} benchmarks"
    regressions = found.no_regressions
    reason = f" ({regressions.reason})" if regressions.reason else ""
    return [
        {found.overall.title: status_line(found.overall)},
        {"Actual Performance": _gain(found.improvement, "improvement", basis)},
        {"Memory Optimization": _gain(memory, "reduction", whose)},
        {regressions.title: f"{ticked(regressions.status)}{reason}"},
    ]


def _gain(gain: Estimate | None, noun: str, basis: str) -> str:
    if gain is None:
        return NOT_MEASURED
    return f"{format_share_interval(gain.value, gain.low, gain.high)} {noun} ({basis})"


def _extra(view: View) -> dict[str, Any]:
    return {
        "All Benchmarks": [_row(row) for row in view.rows] or NOT_MEASURED,
        "Geometric Mean": view.mean,
        "Caveats": [caveat_line(group) for group in view.caveats] or "none",
        "Environments": environments(view.sides, view.packages),
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
