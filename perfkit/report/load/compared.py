"""Rows of a comparison and thresholds, each in words with its verdict."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import MORE_IS_BETTER, LoadMetric
from perfkit.decide.load.result import Holds, LoadRow, ThresholdVerdict
from perfkit.decide.verdict import Verdict
from perfkit.profile.threshold import Metric
from perfkit.report import figures, wording
from perfkit.report.figures import NONE
from perfkit.report.wording import Look
from perfkit.units import format_change_interval, format_seconds, format_share

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.profile.threshold import Threshold

    Render = Callable[[float, float, float], str]

HOLDS = {
    Holds.PASS: Look(word="PASS", shape="✓", tone="faster"),
    Holds.FAIL: Look(word="FAIL", shape="✕", tone="slower"),
    Holds.INCONCLUSIVE: Look(word="INCONCLUSIVE", shape="?", tone="open"),
    Holds.NO_DATA: Look(word="NO DATA", shape="–", tone="open"),
}
_BETTER = Look(word="better", shape="✓", tone="faster")
_WORSE = Look(word="worse", shape="✕", tone="slower")
TYPICAL = "n in trials: the percentile of a typical trial, not of all requests together"
"""What is to be known where a percentile is that of a typical trial."""

OF_TRIALS = (
    "of the typical trial, sides and change alike; what is said of a side by itself is of all its "
    "requests together"
)
"""What is to be known of the figures of a comparison."""

OF_SEARCHES = "brackets: what the intervals of one search of each side allow, at no confidence"
"""What is to be known of a change where each side was searched once."""

_BEYOND = 10.0  # above, "the smallest detectable change" has become meaningless
_TINY = 0.001
_WRITTEN = re.compile(r"([\d.]+)\s?([kKMG]i?B|B)")
_RENDERERS: dict[LoadMetric, Render] = {
    LoadMetric.THROUGHPUT: figures.rate,
    LoadMetric.MAX_THROUGHPUT: figures.rate,
    LoadMetric.RSS: figures.size,
    LoadMetric.ERROR_RATE: figures.share,
    LoadMetric.BREAKPOINT: figures.plain,
}
_UNITS: dict[Metric, Render] = {
    Metric.ERRORS: figures.share,
    Metric.CHECKS: figures.share,
    Metric.THROUGHPUT: figures.rate,
    Metric.GOODPUT: figures.rate,
    Metric.RSS: figures.size,
    Metric.CPU: figures.cpu,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRowView:
    """One metric of a comparison, ready to be shown.

    Attributes:
        name: What was compared: ``"p95 response"``.
        look: Better, worse, equivalent, ….
        baseline: The baseline's level with its interval.
        candidate: The candidate's.
        change: ``"-4.1 % [-5.2, -3.0]"``; of an error rate in percentage points.
        detectable: Smallest change these trials would have found, or ``"–"``.
        needed: Trials a decision would need, more than there were; ``"–"`` where that is not what
            it lacks.
        trials: Trials it rests on.
        more_is_better: A rise is an improvement.
        row: The numbers.
    """

    name: str
    look: Look
    baseline: str
    candidate: str
    change: str
    detectable: str
    needed: str
    trials: int
    more_is_better: bool
    row: LoadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdView:
    """A threshold held against one side, ready to be shown.

    Attributes:
        text: As written: ``"p(95)@hold<150ms"``.
        heading: Whose, as the guide's template names it.
        key: ``"baseline"`` or ``"candidate"``.
        phase: Phase it is about; empty for the load without ramps.
        value: The figure with its interval; ``"–"`` when there is none.
        count: What it rests on, ``"12 trials"`` where it is a typical trial's, or ``"–"``.
        limit: The limit with its operator: ``"< 150 ms"``.
        look: PASS, FAIL, INCONCLUSIVE or NO DATA.
        reason: More of it; may be empty.
        verdict: The numbers.
    """

    text: str
    heading: str
    key: str
    phase: str
    value: str
    count: str
    limit: str
    look: Look
    reason: str
    verdict: ThresholdVerdict


def make_row(row: LoadRow, *, valid: bool = True, unit: str = "") -> LoadRowView:
    """Put one metric into words.

    Args:
        row: The metric.
        valid: The generator could be believed: else no number of trials decides.
        unit: Of a breaking point: ``"users"`` or ``"requests/s"``.
    """
    one = row.comparison
    render = _RENDERERS.get(one.metric, figures.seconds)
    changed = figures.points if one.difference else format_change_interval
    return LoadRowView(
        name=one.metric.value,
        look=look_of(row.verdict),
        baseline=_level(figures.of(one.baseline, render), one.metric, unit),
        candidate=_level(figures.of(one.candidate, render), one.metric, unit),
        change=figures.of(one.ratio, changed),
        detectable=_detectable(one.detectable, difference=one.difference),
        needed=_needed(row) if valid else NONE,
        trials=one.ratio.n,
        more_is_better=one.metric in MORE_IS_BETTER,
        row=row,
    )


def _level(text: str, metric: LoadMetric, unit: str) -> str:
    """A breaking point with its unit before its interval."""
    value, bracket, rest = text.partition(" [")
    known = metric is LoadMetric.BREAKPOINT and value[:1].isdigit()
    return f"{value} {unit}{bracket}{rest}" if known and unit else text


def _needed(row: LoadRow) -> str:
    number = row.comparison.trials_needed
    lacking = number is not None and number > row.comparison.ratio.n
    return figures.count(number or 0) if lacking else NONE


def look_of(verdict: Verdict) -> Look:
    """How a verdict is shown where some metrics are better the higher they are."""
    found = {Verdict.FASTER: _BETTER, Verdict.SLOWER: _WORSE}.get(verdict)
    return found or wording.look(verdict, noisy=False)


def make_threshold(found: ThresholdVerdict, heading: str) -> ThresholdView:
    """Put one threshold into words."""
    limit = found.threshold
    return ThresholdView(
        text=limit.text,
        heading=heading,
        key=found.side.value,
        phase=limit.phase or "",
        value=figures.of(found.value, _UNITS.get(limit.metric, figures.seconds)),
        count=_count(found),
        limit=limit_words(limit),
        look=HOLDS[found.holds],
        reason=found.reason,
        verdict=found,
    )


def _count(found: ThresholdVerdict) -> str:
    if found.value is None:
        return NONE
    number = figures.count(found.value.n)
    return number if found.together is None else f"{number} trials"


def limit_words(limit: Threshold) -> str:
    """``"< 150 ms"``, ``"< 1 %"``, ``"> 1,150 requests/s"``."""
    held = f" for {figures.span(limit.sustained)}" if limit.sustained is not None else ""
    return f"{limit.operator} {_limit(limit)}{held}"


def _limit(limit: Threshold) -> str:
    if limit.metric in {Metric.ERRORS, Metric.CHECKS, Metric.CPU}:
        return f"{limit.limit * 100:g} %"
    if limit.metric in {Metric.THROUGHPUT, Metric.GOODPUT}:
        return f"{figures.number(limit.limit)} requests/s"
    if limit.metric is Metric.RSS:
        return _size(limit)
    return format_seconds(limit.limit)


def _size(limit: Threshold) -> str:
    """A size as it was written, with the unit of the figures beside it where that is another."""
    shown = figures.brief_bytes(limit.limit)
    written = _WRITTEN.search(limit.text)
    if written is None or written[2] == shown.partition(" ")[2]:
        return shown if written is None else f"{written[1]} {written[2]}"
    return f"{written[1]} {written[2]} ({shown})"


def _detectable(value: float, *, difference: bool) -> str:
    if not math.isfinite(value) or value >= _BEYOND:
        return NONE
    if difference:
        return f"{value * 100:.2f} points"
    return format_share(value, digits=2 if value < _TINY else 1)
