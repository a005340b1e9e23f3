"""Progress in words, the same in the live view and in plain lines. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.cli.output import clean
from perfkit.settings import Metric
from perfkit.units import (
    format_bytes,
    format_change_interval,
    format_duration,
    format_seconds,
    format_share,
)

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.block import Failure
    from perfkit.session.progress import BlockDone, LoadSecond, LoadStarted, SeriesDone

_MINUTE = 60
STAGES = {
    "provision": "preparing environments",
    "discover": "learning the benchmarks' names",
    "backing": "starting backing services",
    "start": "starting services",
}


def series_label(benchmark: str, series: str) -> str:
    """A series in words.

    >>> series_label("json_dumps", "compare"), series_label("json_dumps", "control")
    ('json_dumps', 'json_dumps (control)')
    >>> series_label("json_dumps", "aa-3")
    'json_dumps (4)'
    """
    name = clean(benchmark)
    if series.startswith("aa-") and series[3:].isdecimal():
        return f"{name} ({int(series[3:]) + 1})"
    return name if series == "compare" else f"{name} ({clean(series)})"


def interval(ratio: Estimate) -> str:
    """A ratio as a change with its interval."""
    return format_change_interval(ratio.value, ratio.low, ratio.high)


def done_label(done: SeriesDone) -> str:
    """Which series came to its end, with the metric that its word is about unless that is time."""
    label = series_label(done.row.id, done.series)
    if done.said is None or done.said.metric is Metric.TIME:
        return label
    return f"{label} ({done.said.metric.replace('-', ' ')})"


def numbers(done: SeriesDone) -> tuple[str, str]:
    """What a series came to: the change with its interval (may be empty), and a word.

    In a gate both are the gate's own, as in its report.
    """
    if done.said is not None:
        return interval(done.said.ratio), done.said.word
    found = done.row.comparison
    return ("" if found is None else interval(found.ratio)), str(done.row.verdict)


def time_left(seconds: float) -> str:
    """An expected duration: no more digits than it deserves.

    >>> time_left(7.6), time_left(130)
    ('8 s', '2 min 10 s')
    """
    whole = max(round(seconds), 0)
    return f"{whole} s" if whole < _MINUTE else format_duration(whole)


def failure(one: Failure) -> str:
    """A failure on one line: which side, and the last exception line."""
    side = f" on the {one.side}'s side" if one.side is not None else ""
    return f"failed{side}: {clean(one.reason)}"


def block(done: BlockDone) -> str:
    """How a series that goes on stands."""
    words = f"{series_label(done.benchmark, done.series)}: {done.blocks}"
    if done.expected is not None:
        words += f" of about {max(done.expected, done.blocks)}"
    words += " blocks"
    if done.ratio is not None:
        words += f", {interval(done.ratio)} so far"
    if done.seconds_left is not None:
        words += f"; about {time_left(done.seconds_left)} left"
    return words


def load_label(started: LoadStarted) -> str:
    """Which trial or probe begins."""
    total = "" if started.total is None else f"/{started.total}"
    return f"[{started.position + 1}{total}] {clean(started.what)}"


def length(seconds: float) -> str:
    """How long a load takes.

    >>> length(40.0)
    '40.0 s of load'
    """
    return f"{format_duration(seconds)} of load"


def used(cpu: float, rss: int) -> str:
    """What a service uses; below zero where that is not known (yet).

    >>> used(0.5, 1 << 20), used(-1.0, -1)
    ('50 % CPU 1.00 MiB', '– CPU –')
    """
    share = format_share(cpu, digits=0) if cpu >= 0 else "–"
    return f"{share} CPU {format_bytes(rss) if rss >= 0 else '–'}"


def level(now: LoadSecond, unit: str) -> str:
    """Users or rate now: ``"12 users"``, ``"1 user"``, ``"200 requests/s"``."""
    number = f"{now.level:.0f}"
    return f"{number} {unit.removesuffix('s') if number == '1' and unit == 'users' else unit}"


def load_left(now: LoadSecond) -> str:
    """How long the run still takes; empty when that cannot be told, or it is over at once."""
    soon = now.left is None or round(now.left) <= 0
    return "" if soon or now.left is None else f"about {time_left(now.left)} left"


def load_second(now: LoadSecond, unit: str) -> str:
    """A second of load on one line; ``unit``: of its level."""
    times = "/".join(
        format_seconds(x) if math.isfinite(x) else "–" for x in (now.p50, now.p95, now.p99)
    )
    services = ", ".join(used(cpu, rss) for cpu, rss in zip(now.cpu, now.rss, strict=True))
    parts = [
        f"{now.second:.0f} s",
        level(now, unit),
        f"{now.rate} answers/s",
        f"p50/p95/p99 {times}",
        f"{now.failed} failed",
        services,
        load_left(now),
    ]
    return " · ".join(part for part in parts if part)


def effort(done: SeriesDone) -> str:
    """What a series took.

    >>> from types import SimpleNamespace
    >>> effort(SimpleNamespace(blocks=14, seconds=6.14))
    '14 blocks, 6.1 s'
    """
    return f"{done.blocks} blocks, {format_duration(done.seconds)}"
