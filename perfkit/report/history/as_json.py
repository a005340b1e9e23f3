"""A history for other programs: strict JSON, base units."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perfkit.history.reading import Cell
from perfkit.report import plain

if TYPE_CHECKING:
    from perfkit.report.history.view import (
        ChangeLine,
        HistoryView,
        RunLine,
        SeriesLine,
        SettingView,
    )

_UNITS = {"time": "seconds"}


def as_json(view: HistoryView) -> str:
    """The view as an object; a single benchmark with its runs, the latest first."""
    document = {
        "schema": 1,
        "sentence": view.sentence,
        "store": str(view.store),
        "metric": view.metric.value,
        "value": "ratio" if view.ratio else "candidate",
        "unit": "1" if view.ratio else _UNITS.get(view.metric.value, "bytes"),
        "limit": view.limit,
        "settings": [_setting(one) for one in view.settings],
    }
    text = json.dumps(document, indent=2, allow_nan=False)
    # Printed in a CI job, a name must not be a command (see `perfkit.report.check.text.inert`).
    return text.replace("##[", "#\\u0023[")


def _setting(view: SettingView) -> dict[str, Any]:
    setting = view.setting
    return {
        "machine": setting.machine,
        "cpus": setting.cpus,
        "candidate": setting.candidate,
        "baseline": setting.baseline or None,
        "runs": view.runs,
        "benchmarks": [_series(line) for line in view.lines],
        **({"details": [_run(line) for line in view.details]} if view.details else {}),
    }


def _series(line: SeriesLine) -> dict[str, Any]:
    return {
        "benchmark": line.series.benchmark,
        "last": plain.number(float(line.series.present[-1])),
        "last_run": line.last_run.id,
        "runs_since": line.since,
        "values": line.count,
        "gaps": line.gaps,
        "changes": [_change(change) for change in line.changes],
    }


def _change(line: ChangeLine) -> dict[str, Any]:
    return {
        "run": line.run.id,
        "created": line.run.created,
        "commit": line.run.commit,
        "last_run_before": line.before.id,
        "runs_between_without_value": line.between,
        "ratio": plain.estimate(line.change.ratio),
        "p_value": line.change.p_value,
    }


def _run(line: RunLine) -> dict[str, Any]:
    names = (name for name in Cell._fields if name != "run")
    numbers = {name: getattr(line.cell, name, None) for name in names}
    return {
        "run": line.run.id,
        "created": line.run.created,
        "command": line.run.command,
        "state": line.run.state,
        "commit": line.run.commit,
        "branch": line.run.branch,
        "baseline_name": line.run.baseline,
        "candidate_name": line.run.candidate,
        "change": line.change is not None,
        **numbers,
    }
