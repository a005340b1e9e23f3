"""Everything the renderers of a history show, already in words and numbers."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.changes import Change
from perfkit.history.reading import Cell, RunFacts, Series, Setting
from perfkit.report.history import words
from perfkit.report.wording import printable
from perfkit.settings import Metric
from perfkit.units import format_change_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 120
"""Characters of a name that are shown."""

_CHANGE_POINT = (
    "A change point is the first run of a new level that lasts four runs or more, with the size of "
    "the step and its 95 % interval; its confidence counts that the best of all places was looked "
    "for. Steps below 1 % are not told."
)
_SETTINGS = (
    "Runs on another kind of machine, with another Python or with other pinned requirements are "
    "never put into one line"
)
_GAPS = "A run without a value is a gap; nothing is filled in."
_TREND = 24  # columns of a trend


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A series and where it changed.

    Attributes:
        series: The values.
        changes: Positions count the values that are there.
    """

    series: Series
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A change point in words.

    Attributes:
        benchmark: Whose.
        change: Its numbers.
        text: ``"+5.1 % [+4.2, +6.0]"``.
        confidence: ``"99.9 %"``.
        tone: ``"slower"`` or ``"faster"``: for better or worse.
        place: Position of its first run among the setting's runs.
        run: The first run of the new level.
        before: The last run of the old level.
        between: Runs between the two that have no value; it may have begun in any of them.
    """

    benchmark: str
    change: Change
    text: str
    confidence: str
    tone: str
    place: int
    run: RunFacts
    before: RunFacts
    between: int

    @property
    def when(self) -> str:
        """The day its first run was made."""
        return self.run.created[:10]

    @property
    def doubt(self) -> str:
        """Where else it may have begun; empty where the run before has a value."""
        if not self.between:
            return ""
        if self.between == 1:
            return "or in the run before it, which has no value"
        return f"or in one of the {self.between} runs before it, which have no value"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLine:
    """A benchmark in one setting.

    Attributes:
        name: Its name; one line, huge names cut.
        anchor: For links within a page.
        series: The values.
        last: The last value that is there.
        last_run: The run it is of.
        since: Runs of the setting after that, which lack it.
        count: Number of values.
        gaps: Runs without a value between the first and the last value.
        trend: A line of bars.
        changes: In the order of time.
    """

    name: str
    anchor: str
    series: Series
    last: str
    last_run: RunFacts
    since: int
    count: int
    gaps: int
    trend: str
    changes: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run of a benchmark that is looked at by itself.

    Attributes:
        run: The run.
        cell: Its numbers; None where it has none.
        text: Value with interval, or ``"–"``.
        verdict: What was said of it then; empty where it was not measured.
        change: The change point that begins with it, or None.
    """

    run: RunFacts
    cell: Cell | None
    text: str
    verdict: str
    change: ChangeLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingView:
    """What was measured in one setting.

    Attributes:
        title: The candidate and the machine.
        runs: Number of runs.
        first: Day of the first.
        last: Day of the last.
        lines: By name.
        details: Run by run, the latest first, when only one benchmark is looked at.
        setting: Its facts.
    """

    title: str
    runs: int
    first: str
    last: str
    lines: tuple[SeriesLine, ...]
    details: tuple[RunLine, ...]
    setting: Setting

    @property
    def days(self) -> str:
        """The day of the first run and that of the last, where they differ."""
        return self.first if self.first == self.last else f"{self.first} … {self.last}"

    @property
    def by_news(self) -> tuple[SeriesLine, ...]:
        """Those that changed first, the latest change before the others."""
        return tuple(
            sorted(self.lines, key=lambda line: -max((c.place for c in line.changes), default=-1))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """A history, ready to be shown.

    Attributes:
        title: Heading.
        sentence: What was found.
        perfkit: Version that made the view.
        store: The file.
        metric: Which metric.
        ratio: The values are ratios candidate / baseline.
        limit: Runs of each setting that were looked at, at most.
        settings: That with the latest run first.
        changes: All change points, the latest first.
        notes: How to read it.
    """

    title: str
    sentence: str
    perfkit: str
    store: Path
    metric: Metric
    ratio: bool
    limit: int
    settings: tuple[SettingView, ...]
    changes: tuple[ChangeLine, ...]
    notes: tuple[str, ...]


def build_history_view(
    found: Sequence[Found],
    *,
    perfkit: str,
    store: Path,
    metric: Metric,
    ratio: bool,
    limit: int,
    cells: Mapping[int, Cell],
) -> HistoryView:
    """Put series and their change points into words.

    Args:
        found: At least one, those of one setting next to each other.
        perfkit: Version that makes the view.
        store: The file they come from.
        metric: Which metric.
        ratio: The values are ratios.
        limit: Runs of each setting that were looked at.
        cells: Everything known of the one benchmark that is looked at, by run; empty for a list.
    """
    grouped: dict[int, list[SeriesLine]] = {}
    settings: dict[int, Setting] = {}
    for one in found:
        setting = one.series.setting
        settings[id(setting)] = setting
        grouped.setdefault(id(setting), []).append(_line(one, metric, ratio=ratio))
    views = tuple(
        _setting(settings[key], lines, cells, metric, ratio=ratio) for key, lines in grouped.items()
    )
    changes = sorted(
        (change for view in views for line in view.lines for change in line.changes),
        key=lambda change: change.run.created,
        reverse=True,
    )
    names = {line.series.benchmark for view in views for line in view.lines}
    of = f" of {shortened(next(iter(names)))}" if len(names) == 1 else ""
    what = f"{words.METRICS[metric]}, candidate / baseline" if ratio else words.METRICS[metric]
    return HistoryView(
        title=f"History{of}: {what}",
        sentence=_sentence(views, changes),
        perfkit=perfkit,
        store=store,
        metric=metric,
        ratio=ratio,
        limit=limit,
        settings=views,
        changes=tuple(changes),
        notes=_notes(views, limit, ratio=ratio),
    )


def shortened(name: str) -> str:
    """A name on one line, cut where it is huge."""
    text = printable(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _line(found: Found, metric: Metric, *, ratio: bool) -> SeriesLine:
    series = found.series
    places = series.places
    last = int(places[-1])
    runs = series.setting.runs
    name = shortened(series.benchmark)
    digest = hashlib.sha256(f"{id(series.setting)} {series.benchmark}".encode()).hexdigest()
    return SeriesLine(
        name=name,
        anchor=f"b{digest[:12]}",
        series=series,
        last=words.value_text(float(series.present[-1]), metric, ratio=ratio),
        last_run=runs[last],
        since=len(runs) - 1 - last,
        count=len(places),
        gaps=last - series.first + 1 - len(places),
        trend=words.sparkline(series.values, columns=_TREND),
        changes=tuple(_change(name, one, series) for one in found.changes),
    )


def _change(name: str, change: Change, series: Series) -> ChangeLine:
    places, runs = series.places, series.setting.runs
    place, before = int(places[change.index]), int(places[change.index - 1])
    ratio = change.ratio
    return ChangeLine(
        benchmark=name,
        change=change,
        text=format_change_interval(ratio.value, ratio.low, ratio.high),
        confidence=words.confidence_text(change.p_value),
        tone="slower" if ratio.value > 1 else "faster",
        place=place,
        run=runs[place],
        before=runs[before],
        between=place - before - 1,
    )


def _setting(
    setting: Setting,
    lines: Sequence[SeriesLine],
    cells: Mapping[int, Cell],
    metric: Metric,
    *,
    ratio: bool,
) -> SettingView:
    cpus = "" if setting.cpus is None else f", {setting.cpus} CPU{'' if setting.cpus == 1 else 's'}"
    against = f" against {setting.baseline}" if setting.baseline else ""
    return SettingView(
        title=printable(f"{setting.candidate}{against} on {setting.machine}{cpus}"),
        runs=len(setting.runs),
        first=printable(setting.runs[0].created[:10]),
        last=printable(setting.runs[-1].created[:10]),
        lines=tuple(lines),
        details=tuple(_details(lines[0], cells, metric, ratio=ratio)) if cells else (),
        setting=setting,
    )


def _details(
    line: SeriesLine, cells: Mapping[int, Cell], metric: Metric, *, ratio: bool
) -> list[RunLine]:
    begins = {change.run.key: change for change in line.changes}
    found = []
    for run in reversed(line.series.setting.runs[line.series.first :]):
        cell = cells.get(run.key)
        numbers: tuple[float | None, float | None, float | None] = (None, None, None)
        if cell is not None and ratio:
            numbers = (cell.ratio, cell.low, cell.high)
        elif cell is not None:
            numbers = (cell.candidate, cell.candidate_low, cell.candidate_high)
        found.append(
            RunLine(
                run=run,
                cell=cell,
                text=words.interval_text(*numbers, metric, ratio=ratio),
                verdict=cell.verdict if cell is not None else "",
                change=begins.get(run.key),
            )
        )
    return found


def _sentence(views: Sequence[SettingView], changes: Sequence[ChangeLine]) -> str:
    lines = [line for view in views for line in view.lines]
    names = {line.series.benchmark for line in lines}
    runs = sum(view.runs for view in views)
    many = len(names) > 1
    over = f"{_count(len(names), 'benchmark')} over " if many else ""
    over += _count(runs, "run")
    if len(views) > 1:
        over += f" in {len(views)} settings"
    if not changes:
        return f"No change point in {over}."
    latest = changes[0]
    whose = f"{latest.benchmark} " if many else ""
    changed = _count(len({change.benchmark for change in changes}), "benchmark")
    where = f"{changed}, of {over}" if many else over
    return (
        f"{_count(len(changes), 'change point')} in {where}; the latest: {whose}{latest.text} "
        f"since {printable(latest.when)} (run {printable(latest.run.id)})."
    )


def _notes(views: Sequence[SettingView], limit: int, *, ratio: bool) -> tuple[str, ...]:
    """What a reader must know."""
    against = " (nor, for ratios, against another baseline)" if ratio else ""
    found = [_CHANGE_POINT, f"{_SETTINGS}{against}. {_GAPS}"]
    if any(view.runs >= limit for view in views):
        found.append(f"Only the last {limit} runs of each setting were looked at (--limit).")
    return tuple(found)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def levels(line: SeriesLine) -> list[tuple[int, int, float]]:
    """First place, last place and median of each level between change points."""
    places, present = line.series.places, line.series.present
    edges = [0, *(change.change.index for change in line.changes), len(present)]
    return [
        (int(places[start]), int(places[end - 1]), float(np.median(present[start:end])))
        for start, end in itertools.pairwise(edges)
    ]
