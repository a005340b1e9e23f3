"""``report.yaml`` of a gate: what it decided and by which rules, then the first pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.report.wording import printable
from perfkit.report.yaml_parts import NOT_MEASURED, caveat_line, dumped, environments, heading
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from perfkit.report.check.view import CheckRow, CheckView


def as_yaml(view: CheckView) -> str:
    """The gate with every row's figures, then how the first pass measured them.

    Args:
        view: The gate.

    Returns:
        A YAML document; its title lines are comments. Every figure has its unit and interval, and
        what was not measured says so.
    """
    compared = view.compared
    title = "Performance Gate"
    head = {
        "Date": compared.created[:10],
        "Environment": ", ".join(f"{name} {fact}" for name, fact in compared.host) or "unknown",
        "Test Duration": format_duration(dict(compared.seconds).get("total", 0.0)),
        "Baseline": view.baseline,
        "Candidate": view.candidate,
    }
    gate = {
        "Verdict": view.verdict,
        "Outcome": view.outcome.word,
        "Build": "fails" if view.fails else "passes",
        "Rows": [_row(row) for row in view.rows] or NOT_MEASURED,
        "Too Noisy": list(map(printable, view.result.tripped)) or "none",
        "Warnings": [caveat_line(group) for group in view.warnings] or "none",
        "Policy": dict(view.policy),
        "How It Decides": list(view.how),
    }
    blocks = [heading(title), dumped(head), dumped({"Performance Gate": gate})]
    blocks.append("# The first pass, as perfkit compare shows it")
    blocks += [dumped({name: value}) for name, value in _first_pass(view).items()]
    return "\n\n".join(blocks) + "\n"


def _row(row: CheckRow) -> dict[str, Any]:
    shown: dict[str, Any] = {"Benchmark": printable(row.row.id), "Metric": row.row.metric.value}
    shown |= {"Verdict": row.word, "Fails The Build": row.fails, "Change": row.change}
    shown |= dict(row.facts)
    if row.reason:
        shown["Reason"] = row.reason
    return {**shown, "Detail": row.detail} if row.detail else shown


def _first_pass(view: CheckView) -> dict[str, Any]:
    compared = view.compared
    return {
        "All Benchmarks": [
            {
                "Benchmark": printable(row.id),
                "Verdict": row.word,
                **dict(row.facts),
                "Blocks": row.blocks,
            }
            for row in compared.rows
        ]
        or NOT_MEASURED,
        "Geometric Mean": compared.mean,
        "Caveats": [caveat_line(group) for group in compared.caveats] or "none",
        "Environments": environments(compared.sides, compared.packages),
        "Where Time Went": {stage: f"{spent:.1f} s" for stage, spent in compared.seconds},
        "Run": {
            "Id": compared.id,
            "State": compared.state,
            "Created": compared.created,
            "perfkit": compared.perfkit,
            "Seed": compared.seed,
            "Confidence": format_share(compared.confidence, digits=0),
        },
    }
