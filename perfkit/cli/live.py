"""Progress on a terminal: finished benchmarks above, the one under way below.

Nothing is drawn between events: a thread that redraws would compete with what is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from perfkit.cli import wording
from perfkit.cli.live_load import load_done, load_panel
from perfkit.cli.output import clean
from perfkit.decide.verdict import Verdict
from perfkit.report.wording import look
from perfkit.session.progress import (
    BlockDone,
    Failed,
    LoadDone,
    LoadSecond,
    LoadStarted,
    Note,
    SeriesDone,
    SeriesStarted,
    Stage,
    Started,
)

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

    from perfkit.block import Failure
    from perfkit.session.progress import Event

_STYLES: Final = {
    "faster": "green",
    "slower": "red",
    "equivalent": "cyan",
    "open": "yellow",
    "failed": "bold red",
}
_GATE: Final = {
    "within margin": ("✓", "cyan"),
    "suspected": ("?", "yellow"),
    "open": ("?", "yellow"),
    "confirmed": ("▲", "red"),
    "not confirmed": ("?", "yellow"),
    "too noisy": ("≈", "yellow"),
}
"""Looks of a gate's words (`perfkit.decide.gate.telling`)."""
_NAME_SHARE = 0.36  # of the width
_WIDEST_NAME = 40
_NARROW = 60  # columns below which nothing is aligned
_WIDE = 100  # columns from which the effort is shown too


class LiveView:
    """A listener that draws on stderr until the block it guards is left."""

    def __init__(self, *, no_color: bool, console: Console | None = None) -> None:
        """Draw on ``console``, or on stderr."""
        self._console = console or Console(
            stderr=True, highlight=False, no_color=no_color or None, emoji=False, markup=False
        )
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._state = _State()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        self._above(Text())  # parts what was told from the result

    def __call__(self, event: Event) -> None:
        """Draw what an event changes."""
        match event:
            case Started():
                self._above(Text(f"recording to {clean(str(event.folder))}", style="dim"))
            case Note():
                self._above(Text(f"note: {clean(event.text)}", style="yellow"))
            case SeriesDone():
                self._above(_finished(event, self._console.width))
            case Failed():
                self._above(_failed(event.failure, self._console.width))
            case LoadDone():
                self._above(load_done(event))
            case _:
                pass
        self._state.take(event)
        self._live.update(self._state.draw(), refresh=True)

    def _above(self, line: RenderableType) -> None:
        self._console.print(line)


class _State:
    """What the lower part shows."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._series: SeriesStarted | None = None
        self._block: BlockDone | None = None
        self._over = False
        self._load: LoadStarted | None = None
        self._second: LoadSecond | None = None

    def take(self, event: Event) -> None:
        match event:
            case Stage():
                self._stage, self._load, self._over = event, None, False
            case SeriesStarted():
                self._stage, self._series, self._block = None, event, None
            case BlockDone():
                self._block = event
            case LoadStarted():
                self._stage, self._load, self._second = None, event, None
                self._over = False
            case LoadSecond():
                self._second = event
            case LoadDone():
                self._stage, self._load, self._over = None, None, True
            case SeriesDone() | Failed() if self._series is not None:
                self._over = self._series.position + 1 == self._series.total
            case _:
                pass

    def draw(self) -> RenderableType:
        if self._over:
            return Text("writing the reports", style="dim")
        if self._load is not None:
            return load_panel(self._load, self._second)
        if self._series is not None:
            return Group(_current(self._series, self._block), _overall(self._series, self._block))
        if self._stage is not None:
            return _stage(self._stage)
        return Text("measuring starts", style="dim")


def _stage(stage: Stage) -> RenderableType:
    what = wording.STAGES.get(stage.name, stage.name)
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("… ", style="dim")
    line.append(f"{what} {stage.done + 1} of {stage.total}: {clean(stage.item)}")
    return line


def _current(series: SeriesStarted, block: BlockDone | None) -> RenderableType:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("▶ ", style="bold blue")
    line.append(wording.series_label(series.benchmark, series.series), style="bold")
    if block is None:
        return line.append("  starting", style="dim")
    line.append(f"  {block.blocks}")
    if block.expected is not None:
        line.append(f" of about {max(block.expected, block.blocks)}")
    line.append(" blocks")
    if block.ratio is not None:
        line.append(f"  {wording.interval(block.ratio)}", style="dim")
    return line


def _overall(series: SeriesStarted, block: BlockDone | None) -> RenderableType:
    part = 0.0
    if block is not None and block.expected:
        part = min(block.blocks / block.expected, 1.0)
    words = f"{series.position + 1} of {series.total}"
    if block is not None and block.seconds_left is not None:
        words += f" · about {wording.time_left(block.seconds_left)} left"
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_row(
        ProgressBar(total=series.total, completed=series.position + part, style="bright_black"),
        Text(words),
    )
    return grid


def _finished(event: SeriesDone, width: int) -> RenderableType:
    shape, style = _look(event.row.verdict) if event.said is None else _GATE[event.said.word]
    numbers, word = wording.numbers(event)
    cells = [
        Text(shape, style=style),
        Text(wording.done_label(event)),
        Text(numbers),
        Text(word, style=style),
    ]
    if width < _NARROW:
        return Text(" ").join(cell for cell in cells if cell)
    grid = _grid(width)
    if width >= _WIDE:
        cells.append(Text(wording.effort(event), style="dim"))
    grid.add_row(*cells)
    return grid


def _failed(failure: Failure, width: int) -> RenderableType:
    shape, style = _look(Verdict.FAILED)
    name = _name_width(width)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=name, no_wrap=True, overflow="ellipsis")
    grid.add_column(overflow="fold", max_width=max(width - name - 4, 10))
    grid.add_row(
        Text(shape, style=style),
        Text(clean(failure.benchmark)),
        Text(wording.failure(failure), style=style),
    )
    return grid


def _look(verdict: Verdict) -> tuple[str, str]:
    shown = look(verdict, noisy=False)
    return shown.shape, _STYLES[shown.tone]


def _grid(width: int) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=_name_width(width), no_wrap=True, overflow="ellipsis")
    grid.add_column(width=26, no_wrap=True)
    grid.add_column(width=14, no_wrap=True)
    if width >= _WIDE:
        grid.add_column(no_wrap=True)
    return grid


def _name_width(width: int) -> int:
    return max(12, min(int(width * _NAME_SHARE), _WIDEST_NAME))
