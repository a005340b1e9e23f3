"""Progress in words, the same in the live view and in plain lines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.cli.output import clean
from perfkit.units import format_change

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.block import Failure
    from perfkit.session.progress import SeriesDone

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
    """A ratio as a change with its interval.

    >>> from perfkit.analyse.estimate import Estimate
    >>> interval(Estimate(value=1.034, low=1.025, high=1.043, confidence=0.95, n=12))
    '+3.4 % (+2.5 … +4.3)'
    """
    ends = (format_change(end).removesuffix(" %") for end in (ratio.low, ratio.high))
    return f"{format_change(ratio.value)} ({' … '.join(ends)})"


def clock(seconds: float) -> str:
    """A duration as people say it.

    >>> clock(7.6), clock(130), clock(3900)
    ('8 s', '2 min 10 s', '1 h 05 min')
    """
    whole = round(max(seconds, 0.0))
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def failure(one: Failure) -> str:
    """A failure on one line: which side, and the last exception line."""
    side = f" on the {one.side}'s side" if one.side is not None else ""
    return f"failed{side}: {clean(one.reason)}"


def effort(done: SeriesDone) -> str:
    """What a series took.

    >>> from types import SimpleNamespace
    >>> effort(SimpleNamespace(blocks=14, seconds=6.14))
    '14 blocks, 6 s'
    """
    return f"{done.blocks} blocks, {clock(done.seconds)}"
