"""The live view of a load test: phase, level, answers, response times, the service, time left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from perfkit.cli import wording
from perfkit.cli.output import clean
from perfkit.units import format_seconds

if TYPE_CHECKING:
    from rich.console import RenderableType

    from perfkit.session.progress import LoadDone, LoadSecond, LoadStarted


def load_done(event: LoadDone) -> RenderableType:
    """What came of a trial or probe."""
    mark = ("✓ ", "green") if event.good else ("✕ ", "bold red")
    return Text.assemble(mark, (clean(event.what), "bold"), f"  {clean(event.result)}")


def load_panel(started: LoadStarted, now: LoadSecond | None) -> RenderableType:
    """The trial under way."""
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append("▶ ", style="bold blue")
    head.append(wording.load_label(started), style="bold")
    if now is None:
        return head.append("  starting", style="dim")
    head.append(f"  {_phase(started, now.second)}", style="cyan")
    head.append(f"  {wording.level(now, started.level_name)}")
    return Group(head, _figures(now), _bar(started, now))


def _phase(started: LoadStarted, second: float) -> str:
    return next((clean(name) for name, end in started.stages if second < end), "ending")


def _figures(now: LoadSecond) -> RenderableType:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"  {now.rate}/s")
    for name, value in (("p50", now.p50), ("p95", now.p95), ("p99", now.p99)):
        shown = format_seconds(value) if math.isfinite(value) else "–"
        line.append(f"  {name} ", style="dim").append(shown)
    line.append(f"  {now.failed} failed", style="bold red" if now.failed else "dim")
    for cpu, rss in zip(now.cpu, now.rss, strict=True):
        line.append("  service ", style="dim").append(wording.used(cpu, rss))
    return line


def _bar(started: LoadStarted, now: LoadSecond) -> RenderableType:
    words = wording.load_left(now)
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_row(
        ProgressBar(
            total=max(started.seconds, 1e-9),
            completed=min(now.second, started.seconds),
            style="bright_black",
        ),
        Text(words),
    )
    return grid
