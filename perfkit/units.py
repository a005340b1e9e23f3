"""Base units inside, formatted here: the one place where seconds become "1.23 ms"."""

from __future__ import annotations

import math

_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTE_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


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


def _digits(value: float) -> str:
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 2
    return f"{value:.{min(max(decimals, 0), 2)}f}"
