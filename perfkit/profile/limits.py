"""Thresholds of a profile: what must hold, what ends the run, what it means to be broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.grammar import InvalidError
from perfkit.profile.threshold import LIVE, LIVE_QUANTILES, Threshold, parse_threshold

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.profile.reading import Table
    from perfkit.profile.value import Stage

BREAKS = ("p(95)>=200ms", "rate(errors)>=5%")
"""What a broken service is unless a profile says otherwise."""

_MOST = 50


def read_limits(
    table: Table, stages: tuple[Stage, ...]
) -> tuple[tuple[Threshold, ...], tuple[Threshold, ...], tuple[Threshold, ...]]:
    """``thresholds``, ``abort`` and ``break`` of a profile."""
    names = [stage.name for stage in stages if stage.seconds]
    breaks = _read(table, "break", _break, names)
    if "break" not in table.content:
        breaks = tuple(parse_threshold(one) for one in BREAKS)
    return (
        _read(table, "thresholds", _threshold, names),
        _read(table, "abort", abort_condition, names),
        breaks,
    )


def abort_condition(value: object) -> Threshold:
    """A condition that ends a run.

    Raises:
        InvalidError: It is none.
    """
    found = parse_threshold(value)
    if found.sustained is None:
        what = "has no 'for', without which one bad second would end the run"
        raise InvalidError(what, got=found.text, remedy=f'write "{found.text} for 10s"')
    if found.metric not in LIVE or (found.quantile or 0.5) not in LIVE_QUANTILES:
        allowed = "p(50), p(95), p(99), avg, med, rate(errors), throughput, goodput, rss, cpu"
        raise InvalidError("is not known second by second", got=found.text, allowed=allowed)
    return found


def _threshold(value: object) -> Threshold:
    found = parse_threshold(value)
    if found.sustained is not None:
        what = "has a 'for', which belongs to the conditions under abort"
        raise InvalidError(what, got=found.text, remedy="move it there, or leave the 'for' out")
    return found


def _break(value: object) -> Threshold:
    found = _threshold(value)
    if found.phase is not None:
        what = "names a stage, but a search for the breaking point has none"
        raise InvalidError(what, got=found.text, remedy=f"leave out @{found.phase}")
    return found


def _read(
    table: Table, key: str, parse: Callable[[object], Threshold], names: list[str]
) -> tuple[Threshold, ...]:
    value = table.get(key)
    if value is None:
        return ()
    found: list[Threshold] = []
    for one in value.items(most=_MOST):
        threshold = one.read(parse, None)
        if threshold is None:
            continue
        if threshold.phase is not None and threshold.phase not in names:
            what = f"names a stage {threshold.phase!r} that is not there"
            one.wrong(what, got=threshold.text, allowed=", ".join(names) or "no stage")
        if any(threshold.text == other.text for other in found):
            one.wrong("is there twice", got=threshold.text)
        found.append(threshold)
    return tuple(found)
