"""``report.yaml`` of a load run: the guide's template, then everything that was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from perfkit.report import findings
from perfkit.report.load.sides import rate_words
from perfkit.report.load.template import load_sections, whose
from perfkit.report.yaml_parts import NOT_MEASURED, caveat_line, dumped, environments, heading
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from perfkit.recording.load import LoadFailure
    from perfkit.report.load.compared import ThresholdView
    from perfkit.report.load.health import HealthView
    from perfkit.report.load.sides import PhaseView
    from perfkit.report.load.view import LoadView


def as_yaml(view: LoadView) -> str:
    """The guide's headings in the guide's order, then everything that was measured, and how.

    Args:
        view: The run.

    Returns:
        A YAML document; its title lines are comments. Every figure has its unit, and its interval
        and number where there is one; what was not measured says so.
    """
    title = f"Load Testing Results - {' and '.join(one for one in view.headings[::-1] if one)}"
    head = {
        "Date": view.created[:10],
        "Environment": ", ".join(f"{name} {fact}" for name, fact in view.host) or "unknown",
        "Test Duration": format_duration(dict(view.seconds).get("total", 0.0)),
    }
    blocks = [heading(title), dumped(head)]
    blocks += [dumped({name: value}) for name, value in load_sections([view]).items()]
    if view.findings:
        blocks.append("# API rows of the guide's section 4.5")
        blocks += [
            dumped({one.title: findings.section(one, view.headings)}) for one in view.findings
        ]
    blocks.append("# Beyond the guide's template: everything that was measured, and how")
    blocks += [dumped({name: value}) for name, value in extra(view).items()]
    return "\n\n".join(blocks) + "\n"


def extra(view: LoadView) -> dict[str, Any]:
    """What the template has no place for."""
    return {
        "Verdict": view.verdict,
        "Thresholds": [_threshold(one, view) for one in view.thresholds] or "none",
        "Comparison": [_row(view, index) for index in range(len(view.rows))] or NOT_MEASURED,
        "Phases": {
            whose(side, view): [_phase(one) for one in (side.overall, *side.phases)]
            for side in view.sides
        }
        or NOT_MEASURED,
        "Response And Service Time": {
            whose(side, view): {
                name: {"Response Time": response, "Service Time": service}
                for name, response, service in side.latency
            }
            or NOT_MEASURED
            for side in view.sides
        },
        "Breaking Points": {name: text for name, text, _ in view.breakpoints} or NOT_MEASURED,
        "Errors": {
            whose(side, view): [{"Error": text, "Count": count} for text, count in side.errors]
            or "none"
            for side in view.sides
        },
        "Generator Health": _health(view.health) if view.health else NOT_MEASURED,
        "Failures": [_failure(one, view) for one in view.failures] or "none",
        "Caveats": [caveat_line(group) for group in view.caveats] or "none",
        "Environments": _environments(view),
        "Where Time Went": {stage: f"{spent:.1f} s" for stage, spent in view.seconds},
        "Run": {
            "Id": view.id,
            "State": view.state,
            "Mode": view.mode,
            "Profile": f"{view.profile.name}: {view.shape}",
            "Scaled": view.scale or "no",
            "Service": view.service,
            "Generator": view.engine,
            "Trials": f"{view.trials[0]} of {view.trials[1]}",
            "Created": view.created,
            "perfkit": view.perfkit,
            "Seed": view.seed,
            "Confidence": format_share(view.confidence, digits=0),
            "Margin": f"±{view.margin * 100:g} %",
        },
    }


def _failure(one: LoadFailure, view: LoadView) -> str:
    what = "probe" if view.mode == "breakpoint" else "trial"
    whose = f"{one.side or 'both sides'}, " if view.compared else ""
    return f"{what} {one.trial + 1}, {whose}{one.stage}: {one.reason}"


def _environments(view: LoadView) -> Any:  # noqa: ANN401 - YAML
    if not view.lines:
        return NOT_MEASURED
    if view.compared:
        return environments(view.lines, view.packages)
    packages = {line.name: line.baseline for line in view.packages}
    return {**{line.name: line.baseline for line in view.lines}, "Packages": packages or "none"}


def _health(health: HealthView) -> dict[str, Any]:
    problems = {"Problems": list(health.problems)} if health.problems else {}
    facts = {name: _limited(value, limit) for name, value, limit in health.facts}
    return {"Verdict": health.look.word, **problems, **facts}


def _threshold(one: ThresholdView, view: LoadView) -> dict[str, str]:
    side = {"Side": one.heading} if view.compared else {}
    reason = {"Reason": one.reason} if one.reason else {}
    return {
        "Threshold": one.text,
        **side,
        "Verdict": one.look.word,
        "Value": one.value,
        "Limit": one.limit,
        "n": one.count,
        **reason,
    }


def _row(view: LoadView, index: int) -> dict[str, Any]:
    row = view.rows[index]
    return {
        "Metric": row.name,
        "Verdict": row.look.word,
        "Baseline": row.baseline,
        "Candidate": row.candidate,
        "Change": row.change,
        "Smallest Detectable": row.detectable,
        "p-value of “no difference”": _p_value(row.row.comparison.p_value),
        "Trials": row.trials,
        "Trials Needed": row.needed,
    }


def _p_value(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "–"


def _phase(one: PhaseView) -> dict[str, str]:
    level = {"Level": one.level} if one.level else {}
    return {
        "Phase": one.label,
        **level,
        "Length": one.length,
        "Requests": one.requests,
        "Answers": rate_words(one.summary, one.summary.throughput),
        "Average": one.mean,
        "P50": one.p50,
        "P95": one.interval,
        "P99": one.p99,
        "P95 Service Time": one.service_p95,
        "Error Rate": one.errors,
        "Memory": one.rss,
        "CPU": one.cpu,
    }


def _limited(value: str, limit: str) -> str:
    return f"{value} (limit: {limit})" if limit else value
