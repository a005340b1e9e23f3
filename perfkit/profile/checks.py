"""Checks of a request, as people write them.

Short, each key a check of its own: ``checks: {status: 200, time: 100ms, body: '"items"'}``. Long, a
list of checks with names: ``checks: [{name: small and quick, status: [200, 304], time: 100ms}]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.grammar import InvalidError
from perfkit.profile.reading import seconds, text, whole
from perfkit.profile.value import MOST_CHECKS, Check
from perfkit.units import format_seconds

if TYPE_CHECKING:
    from perfkit.profile.reading import Table, Value

KINDS = ("status", "time", "body")
_HOUR = 3600.0
_MOST_STATUSES = 500
_MOST_TEXT = 10_000


def read_checks(value: Value | None) -> tuple[Check, ...]:
    """The checks of a request; none when nothing is said."""
    if value is None:
        return ()
    if isinstance(value.raw, list):
        found = [_check(one.table(("name", *KINDS))) for one in value.items(most=MOST_CHECKS)]
        _check_names(found, value)
        return tuple(found)
    table = value.table(KINDS)
    return tuple(_check(table, only=kind) for kind in KINDS if table.get(kind) is not None)


def _check(table: Table, *, only: str | None = None) -> Check:
    def read(kind: str) -> Value | None:
        return table.get(kind) if only in {None, kind} else None

    status, body, time = read("status"), read("body"), read("time")
    statuses = None if status is None else _statuses(status)
    needle = None if body is None else body.read(_needle, None)
    limit = None if time is None else time.read(seconds(0.0001, _HOUR), 1.0)
    if status is None and body is None and time is None:
        table.here().wrong("checks nothing", allowed="status, time or body")
    said = _in_words(statuses, needle, limit)
    return Check(
        name=table.read("name", text, said) if only is None else said,
        status=statuses,
        body=needle,
        seconds=limit,
    )


def _in_words(status: tuple[int, ...] | None, body: str | None, limit: float | None) -> str:
    parts = []
    if status is not None:
        parts.append(f"status is {' or '.join(map(str, status))}")
    if body is not None:
        plain = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(body.split()))
        parts.append(f"body holds {plain[:40].strip() or 'blanks'}")
    if limit is not None:
        parts.append(f"time ≤ {format_seconds(limit)}")
    return ", ".join(parts)


def _statuses(value: Value) -> tuple[int, ...]:
    items = value.items(most=_MOST_STATUSES)
    if not items:
        value.wrong("is empty", allowed="a status such as 200, or a list of them")
    return tuple(dict.fromkeys(one.read(whole(100, 599), 200) for one in items))


def _needle(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > _MOST_TEXT:
        allowed = f"text of 1 to {_MOST_TEXT:,} characters"
        raise InvalidError("is no text to look for", got=value, allowed=allowed)
    return value


def _check_names(checks: list[Check], value: Value) -> None:
    names = [check.name for check in checks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        value.wrong(f"has several checks called {name!r}", remedy="give each a name of its own")
