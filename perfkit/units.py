"""Base units inside, formatted here: the one place where seconds become "1.23 ms"."""

from __future__ import annotations

import math

_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTE_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_WHOLE = 100.0  # from which a level needs no decimals


def time_unit(seconds: float) -> tuple[float, str]:
    """The scale and name of the unit in which a duration reads best.

    >>> time_unit(0.0042)
    (0.001, 'ms')
    """
    for scale, name in _TIME_UNITS:
        if abs(seconds) >= scale:
            return scale, name
    return _TIME_UNITS[-1]


def format_seconds(seconds: float) -> str:
    """A duration with three significant digits and its unit.

    >>> format_seconds(0.00123456)
    '1.23 ms'
    """
    if not math.isfinite(seconds):
        return "not measured"
    scale, name = time_unit(seconds)
    return f"{_digits(seconds / scale)} {name}"


def format_level(level: float) -> str:
    """A number of users or a rate with three significant digits, more when its whole part has more.

    >>> format_level(141.42135623), format_level(20000.0), format_level(50.0)
    ('141', '20,000', '50')
    """
    return f"{level:,.0f}" if abs(level) >= _WHOLE else f"{level:.3g}"


def format_bytes(size: float) -> str:
    """A memory size with its binary unit.

    >>> format_bytes(27_500_000)
    '26.2 MiB'
    """
    for scale, name in _BYTE_UNITS:
        if abs(size) >= scale:
            return f"{_digits(size / scale)} {name}"
    return "0 B"


def format_change(ratio: float, *, digits: int = 1) -> str:
    """A ratio as a signed change in per cent.

    >>> format_change(1.034), format_change(0.9)
    ('+3.4 %', '-10.0 %')
    """
    return f"{(ratio - 1) * 100:+.{digits}f} %"


def format_share(share: float, *, digits: int = 1) -> str:
    """A fraction in per cent.

    >>> format_share(0.0125)
    '1.2 %'
    """
    return f"{share * 100:.{digits}f} %"


def format_change_interval(value: float, low: float, high: float) -> str:
    """A ratio and its interval as a signed change in per cent, with digits the interval deserves.

    >>> format_change_interval(1.034, 1.029, 1.039)
    '+3.4 % [+2.9, +3.9]'
    """
    if not math.isfinite(value):
        return "not measured"
    digits = _interval_digits((high - low) * 50)
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{format_change(value)} [no interval]"
    ends = ", ".join(f"{(end - 1) * 100:+.{digits}f}" for end in (low, high))
    return f"{format_change(value, digits=digits)} [{ends}]"


def format_share_interval(value: float, low: float, high: float) -> str:
    """A fraction and its interval in per cent.

    >>> format_share_interval(0.14, 0.132, 0.148)
    '14.0 % [13.2, 14.8]'
    """
    if not math.isfinite(value):
        return "not measured"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{format_share(value)} [no interval]"
    digits = _interval_digits((high - low) * 50)
    ends = ", ".join(f"{end * 100:.{digits}f}" for end in (low, high))
    return f"{format_share(value, digits=digits)} [{ends}]"


def format_seconds_interval(value: float, low: float, high: float) -> str:
    """A duration and its interval in one unit.

    >>> format_seconds_interval(0.00123, 0.0012, 0.00126)
    '1.23 ms [1.20, 1.26]'
    """
    if not math.isfinite(value):
        return "not measured"
    scale, name = time_unit(value)
    return _scaled_interval(value, low, high, scale=scale, unit=name)


def format_bytes_interval(value: float, low: float, high: float) -> str:
    """A memory size and its interval in one binary unit.

    >>> format_bytes_interval(27_500_000, 27_400_000, 27_600_000)
    '26.2 MiB [26.1, 26.3]'
    """
    if not math.isfinite(value):
        return "not measured"
    scale, name = next(pair for pair in _BYTE_UNITS if abs(value) >= pair[0] or pair[0] == 1)
    return _scaled_interval(value, low, high, scale=scale, unit=name)


def format_duration(seconds: float) -> str:
    """How long something took, for people: no more than two units.

    >>> format_duration(252.3), format_duration(8.04), format_duration(7260)
    ('4 min 12 s', '8.0 s', '2 h 1 min')
    """
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _scaled_interval(value: float, low: float, high: float, *, scale: float, unit: str) -> str:
    centre = value / scale
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{_digits(centre)} {unit} [no interval]"
    # One digit more than three where the interval would otherwise look like a point.
    decimals = min(max(2 - math.floor(math.log10(abs(centre))), 0), 2) if centre else 2
    if (high - low) / scale < 10**-decimals:
        decimals += 1
    ends = ", ".join(f"{end / scale:.{decimals}f}" for end in (low, high))
    return f"{centre:.{decimals}f} {unit} [{ends}]"


def _interval_digits(half_width: float) -> int:
    """Decimals for a percentage whose interval has this half-width in percentage points."""
    if not math.isfinite(half_width) or half_width <= 0:
        return 1
    return min(max(-math.floor(math.log10(half_width)), 1), 3)


def _digits(value: float) -> str:
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 2
    return f"{value:.{min(max(decimals, 0), 2)}f}"
