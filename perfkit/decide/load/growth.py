"""Whether a service's memory grew, and what may be said of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from perfkit.units import format_bytes, format_duration

if TYPE_CHECKING:
    from perfkit.analyse.load.value import Summary

GROWTH = 0.02
"""Growth of memory over the measured time, at least, relative to its normal, worth a word."""

LEAST_SECONDS = 60.0
"""Measured seconds of a service from which its growth is worth a word.

Before, every service grows: imports, pools, caches and the allocator's arenas, which the first
requests fill.
"""

HOURLY_SECONDS = 600.0
"""Measured seconds from which a growth is told by the hour, too: six times that is foretold."""


class Growth(StrEnum):
    """What may be said of a service's memory; the values are a report's words for it."""

    NONE = ""
    SMALL = f"grows by less than {GROWTH * 100:g} % of it"
    UNTOLD = "grows, too briefly to tell a leak from a start"
    GROWS = "grows"


def growth_of(found: Summary) -> Growth:
    """Whether a service's memory surely grew, and what that may mean.

    Of less than `LEAST_SECONDS` it is asked whether so many of them would be worth a word: a leak
    then cannot be told from what the first requests fill.
    """
    used, seconds = found.resources, service_seconds(found)
    if used is None or not used.rss_slope.low > 0:
        return Growth.NONE
    if used.rss_slope.low * max(seconds, LEAST_SECONDS) <= GROWTH * used.rss_normal:
        return Growth.SMALL
    return Growth.GROWS if seconds >= LEAST_SECONDS else Growth.UNTOLD


def memory_grows(found: Summary) -> bool:
    """Whether a service's memory surely grew, by enough and for long enough to be worth a word."""
    return growth_of(found) is Growth.GROWS


def service_seconds(found: Summary) -> float:
    """Measured seconds of one service: each trial has a fresh one, which begins anew."""
    return found.seconds / max(found.trials, 1)


def growth_words(found: Summary) -> str:
    """What was seen; what would follow within an hour only where enough was seen."""
    slope = found.resources.rss_slope.value if found.resources is not None else 0.0
    seconds = service_seconds(found)
    each = " of each trial" if found.trials > 1 else ""
    hourly = f", {format_bytes(slope * 3600)} an hour" if seconds >= HOURLY_SECONDS else ""
    return f"{format_bytes(slope * seconds)} in {format_duration(seconds)}{each}{hourly}"
