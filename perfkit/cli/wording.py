"""Progress in words, the same in the live view and in plain lines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.cli.output import clean
from perfkit.units import format_change_interval, format_duration

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.block import Failure
    from perfkit.session.progress import SeriesDone

_MINUTE = 60
STAGES = {"provision": "preparing environments", "discover": "learning the benchmarks' names"}


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


def effort(done: SeriesDone) -> str:
    """What a series took.

    >>> from types import SimpleNamespace
    >>> effort(SimpleNamespace(blocks=14, seconds=6.14))
    '14 blocks, 6.1 s'
    """
    return f"{done.blocks} blocks, {format_duration(done.seconds)}"
