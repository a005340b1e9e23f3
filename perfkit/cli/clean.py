"""``perfkit clean``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from perfkit.cli import output
from perfkit.cli.exit_codes import ExitCode
from perfkit.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.provision.cache import CacheEntry


@click.command(short_help="Remove cached environments.")
@click.option("--older-than", metavar="TIME", help="Only what was last used before: 30d, 12h.")
@click.option("--dry-run", is_flag=True, help="Only say what is there.")
def clean(*, older_than: str | None, dry_run: bool) -> ExitCode:
    """Remove cached environments; what a running perfkit uses is left alone.

    Recorded runs are never touched: they are yours, under reports/.

    \b
      perfkit clean --dry-run
      perfkit clean --older-than 30d
    """  # noqa: D301 - click wants a real backspace
    from perfkit.plan import parse_age
    from perfkit.provision import cache

    age = None if older_than is None else parse_age(older_than)
    if dry_run:
        limit = datetime.now(tz=UTC) - (age or timedelta())
        there = [e for e in cache.cache_contents() if e.last_used <= limit.timestamp()]
        _show(there, f"{_entries(there)} would be removed")
        return ExitCode.FINISHED
    done = cache.clean(age)
    _show(done.in_use, f"removed {_entries(done.removed)}, {format_bytes(done.freed)} freed")
    return ExitCode.FINISHED


def _entries(entries: Sequence[CacheEntry]) -> str:
    return "1 entry" if len(entries) == 1 else f"{len(entries)} entries"


def _show(entries: Sequence[CacheEntry], summary: str) -> None:
    if entries:
        rows = [
            (
                entry.kind,
                entry.label or "(half-built)",
                format_bytes(entry.size),
                f"{datetime.fromtimestamp(entry.last_used, tz=UTC):%Y-%m-%d}",
                "in use" if entry.in_use else "",
            )
            for entry in entries
        ]
        output.result(output.table(("kind", "what", "size", "last used", ""), rows))
    output.result(summary)
