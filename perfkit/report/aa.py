"""What `perfkit aa` found, as text and as YAML."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.units import format_share

if TYPE_CHECKING:
    from perfkit.analyse.aa import Accuracy
    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.aa import AaResult
    from perfkit.recording import Recording


def headline(recording: Recording, result: AaResult) -> str:
    """One sentence that says whether the method holds on this machine."""
    label = recording.run.baseline.interpreter.label
    accuracy = result.accuracy
    if accuracy is None:
        return f"Python {label} against itself: nothing was measured."
    if recording.run.inject:
        slower = format_share(result.injected - 1, digits=2)
        precise = accuracy.found_precise
        among = (
            f"{_share(precise)} of the comparisons that reached the wanted precision"
            if precise.n
            else "no comparison that reached the wanted precision, since none did"
        )
        return (
            f"Python {label} made {slower} slower on one side: found in {among}, "
            f"{_share(accuracy.found)} of all."
        )
    allowed = 1 - recording.run.goal.confidence
    verdict = "more than" if accuracy.different.low > allowed else "compatible with"
    return (
        f"Python {label} against itself: {_count(accuracy.different)} comparisons claim a "
        f"difference, {verdict} the {allowed * 100:.3g} % that chance allows."
    )


def lines(recording: Recording, result: AaResult) -> list[tuple[str, str]]:
    """The findings as label and value, in reading order."""
    accuracy = result.accuracy
    if accuracy is None:
        return []
    found = [("comparisons", str(accuracy.comparisons))]
    if recording.run.inject:
        found += [
            ("slowdown injected", format_share(result.injected - 1, digits=2)),
            ("found, of all", _share(accuracy.found)),
            ("found, of those that reached the precision", _share(accuracy.found_precise)),
        ]
    else:
        found.append(("false alarms, counted", _share(accuracy.different)))
    if result.replay is not None:
        found.append(("false alarms, replayed", _share(result.replay.false_alarms)))
    return [
        *found,
        ("intervals that hold the truth", _share(accuracy.covered)),
        ("reached the wanted precision", _share(accuracy.precise)),
        ("RMS error of the ratio", format_share(accuracy.rms_error, digits=2)),
        ("median half-width", format_share(accuracy.half_width, digits=2)),
        ("seconds a comparison", f"{accuracy.seconds:.1f} s"),
        ("error × √seconds", format_share(accuracy.figure_of_merit, digits=2)),
    ]


def rows(result: AaResult) -> list[tuple[str, ...]]:
    """A row a benchmark: name, comparisons, alarms, RMS error, half-width, seconds."""
    return [
        (
            name,
            str(one.comparisons),
            str(round(one.different.value * one.comparisons)),
            format_share(one.rms_error, digits=2),
            format_share(one.half_width, digits=2),
            f"{one.seconds:.1f} s",
        )
        for name, one in result.by_benchmark.items()
    ]


COLUMNS = ("benchmark", "comparisons", "different", "RMS error", "half-width", "time each")
"""Headings of `rows`."""


def as_yaml(recording: Recording, result: AaResult) -> str:
    """``report.yaml`` of an ``aa`` run: its `document`."""
    import yaml

    return yaml.safe_dump(
        document(recording, result), sort_keys=False, allow_unicode=True, width=100
    )


def document(recording: Recording, result: AaResult) -> dict[str, object]:
    """The report as plain values: the sentence, the findings, a mapping a benchmark."""
    run = recording.run
    return {
        "Verdict": headline(recording, result),
        "Python": run.baseline.interpreter.label,
        "Date": run.created,
        "Injected slowdown wanted": run.inject,
        "Findings": dict(lines(recording, result)),
        "Numbers": _numbers(result.accuracy) if result.accuracy else "not measured",
        "Benchmarks": {
            row[0]: dict(zip(COLUMNS[1:], row[1:], strict=True)) for row in rows(result)
        },
        "Failures": {failure.benchmark: failure.reason for failure in result.failures},
        "Seconds by stage": {name: round(value, 2) for name, value in result.seconds.items()},
    }


def _numbers(accuracy: Accuracy) -> dict[str, object]:
    return {
        "comparisons": accuracy.comparisons,
        "different": _interval(accuracy.different),
        "found": _interval(accuracy.found),
        "found among precise": _interval(accuracy.found_precise),
        "covered": _interval(accuracy.covered),
        "precise": _interval(accuracy.precise),
        "rms error": accuracy.rms_error,
        "half-width": accuracy.half_width,
        "seconds a comparison": accuracy.seconds,
        "error x sqrt(seconds)": accuracy.figure_of_merit,
    }


def _interval(share: Estimate) -> dict[str, float | int]:
    return {"value": share.value, "low": share.low, "high": share.high, "n": share.n}


def _count(share: Estimate) -> str:
    return f"{round(share.value * share.n)} of {share.n}"


def _share(share: Estimate) -> str:
    if math.isnan(share.value):
        return "not measured"
    ends = f"{format_share(share.low)} … {format_share(share.high)}"
    return f"{format_share(share.value)} ({_count(share)}; {ends})"
