"""Figures of a load test in words: rates, levels, counts, shares, each with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.units import (
    format_bytes,
    format_bytes_interval,
    format_duration,
    format_seconds,
    format_seconds_interval,
    format_share,
    format_share_interval,
)

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate

NONE = "–"
_MANY = 1000
_SMALL = 0.01  # below, a share needs a second decimal


def count(number: float) -> str:
    """A whole number with separators: ``"2,133,000"``."""
    return f"{number:,.0f}"


def number(value: float) -> str:
    """Three digits, more when the whole part has more: ``"1,185"``, ``"98.2"``, ``"0.45"``."""
    if not math.isfinite(value):
        return "not measured" if math.isnan(value) else "∞"
    if abs(value) >= _MANY:
        return f"{value:,.0f}"
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:.{min(max(decimals, 0), 2)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate(value: float, low: float, high: float) -> str:
    """Requests per second with an interval: ``"1,185 requests/s [1,180, 1,190]"``."""
    if not math.isfinite(value):
        return "not measured"
    digits = _decimals(value, high - low)
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value:,.{digits}f} requests/s [no interval]"
    return f"{value:,.{digits}f} requests/s [{low:,.{digits}f}, {high:,.{digits}f}]"


def cpu(value: float, low: float, high: float) -> str:
    """CPU with an interval, 100 % being one CPU."""
    return format_share_interval(value, low, high)


def share(value: float, low: float, high: float) -> str:
    """A share with an interval; small ones with the decimals they need."""
    if math.isfinite(value) and 0 < value < _SMALL and math.isfinite(low + high):
        digits = _share_digits(value)
        return f"{value * 100:.{digits}f} % [{low * 100:.{digits}f}, {high * 100:.{digits}f}]"
    return format_share_interval(value, low, high)


def seconds(value: float, low: float, high: float) -> str:
    """A time with an interval; one end may be unknown, or beyond every answer."""
    if math.isinf(value) and value > 0:
        return "beyond every answer (too many failed)"
    if math.isfinite(value + low) and low > 0 and math.isinf(high):
        return f"{format_seconds(value)} [{format_seconds(low)} or more]"
    return format_seconds_interval(value, low, high)


def size(value: float, low: float, high: float) -> str:
    """Bytes with an interval."""
    return format_bytes_interval(value, low, high)


def of(estimate: Estimate | None, render: object, *, counted: bool = False) -> str:
    """An estimate in words, or ``"–"``; ``counted``: with the number it rests on."""
    if estimate is None:
        return NONE
    assert callable(render)  # noqa: S101 - typing
    text = str(render(estimate.value, estimate.low, estimate.high))
    return f"{text}, n {count(estimate.n)}" if counted else text


def brief_seconds(value: float | None) -> str:
    """A time without its interval, or ``"–"``."""
    if value is None or math.isnan(value):
        return NONE
    if value == 0:
        return "0 s"
    return "∞" if math.isinf(value) else format_seconds(value)


def brief_share(value: float | None) -> str:
    """A share without its interval, or ``"–"``; never zero when it is not."""
    if value is None or not math.isfinite(value):
        return NONE
    return format_share(value, digits=_share_digits(value))


def brief_bytes(value: float | None) -> str:
    """Bytes without an interval, or ``"–"``."""
    return NONE if value is None or not math.isfinite(value) else format_bytes(value)


def span(seconds_: float) -> str:
    """A length as people write it in a plan: ``"30 min"``, ``"1 h 30 min"``, ``"12.5 s"``."""
    if seconds_ < 60 or seconds_ % 1:  # noqa: PLR2004 - a minute
        return f"{number(seconds_)} s" if seconds_ < 600 else f"{number(seconds_ / 60)} min"  # noqa: PLR2004 - ten
    minutes, rest = divmod(round(seconds_), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def _share_digits(value: float) -> int:
    """Decimals in per cent with which a small share does not look like none."""
    if value == 0 or abs(value) >= _SMALL:
        return 1
    return min(max(2, -math.floor(math.log10(abs(value) * 100))), 6)


def _decimals(value: float, width: float) -> int:
    if abs(value) >= _MANY:
        return 0
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 1
    found = min(max(decimals, 0), 2)
    return found + 1 if math.isfinite(width) and width < 10**-found else found


def growth(slope: Estimate, seconds_: float) -> str:
    """Growth in bytes a minute with its interval.

    Of what was looked at for less than a minute, the growth in that time: no more was seen.
    """
    each = 60.0 if seconds_ >= 60 else seconds_  # noqa: PLR2004 - a minute
    unit = "a minute" if seconds_ >= 60 else f"in {format_duration(seconds_)}"  # noqa: PLR2004
    grown = [end * each for end in (slope.value, slope.low, slope.high)]
    if not math.isfinite(grown[0]):
        return "not measured"
    if not all(map(math.isfinite, grown)):
        return f"{_signed(grown[0])} {unit} [no interval]"
    return f"{_signed(grown[0])} {unit} [{_signed(grown[1])}, {_signed(grown[2])}]"


def _signed(size_: float) -> str:
    return f"{'-' if size_ < 0 else '+'}{format_bytes(abs(size_))}"


def points(value: float, low: float, high: float) -> str:
    """A difference of two shares in percentage points, with its interval."""
    if not math.isfinite(value):
        return "not measured"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{value * 100:+.2f} points [no interval]"
    return f"{value * 100:+.2f} points [{low * 100:+.2f}, {high * 100:+.2f}]"


def plain(value: float, low: float, high: float) -> str:
    """A number and its interval without a unit."""
    if not math.isfinite(value):
        return "not measured"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{number(value)} [no interval]"
    return f"{number(value)} [{number(low)}, {number(high)}]"
