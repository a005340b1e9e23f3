"""What is told while a load test runs: plain lines (golden) and the live view."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from perfkit.cli import wording
from perfkit.cli.lines import PlainLines
from perfkit.cli.live import LiveView
from perfkit.session.progress import LoadDone, LoadSecond, LoadStarted, Note, Stage, Started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.session.progress import Event

HOSTILE = "evil\x1b[31m[bold]\n"
MIB = 1 << 20


def started(what: str, position: int, total: int | None, level_name: str = "users") -> LoadStarted:
    return LoadStarted(
        what=what,
        position=position,
        total=total,
        seconds=12.0,
        level_name=level_name,
        stages=(("up", 2.0), (HOSTILE, 12.0)),
    )


def second(
    number: float, sides: int = 1, *, known: bool = True, left: float | None = 75.0
) -> Event:
    return LoadSecond(
        second=number,
        level=12.0,
        rate=240,
        failed=3 if known else 0,
        p50=0.0051 if known else math.nan,
        p95=0.0123 if known else math.nan,
        p99=0.05 if known else math.nan,
        rss=(80 * MIB if known else -1,) * sides,
        cpu=(0.42 if known else -1.0,) * sides,
        left=left,
    )


def events() -> Iterator[Event]:
    yield Started(folder=Path("reports/x"))
    yield Stage(name="provision", item="app", done=0, total=1)
    yield Stage(name="backing", item="postgres", done=0, total=1)
    yield Note(text="2 trials take about 1 min")
    for trial in range(2):
        yield Stage(name="start", item=f"trial {trial + 1}", done=0, total=1)
        yield started(f"trial {trial + 1}", trial, 2)
        yield second(1.0, 2, known=False, left=None)
        for number in range(2, 12):
            yield second(float(number), 2)
        yield LoadDone(what=f"trial {trial + 1}", result="480 requests, 3 failed, 12 s", good=True)
    yield started(HOSTILE, 3, None, "requests/s")
    yield second(1.0, 0)
    yield LoadDone(what=HOSTILE, result=HOSTILE, good=False)


GOLDEN = """\
recording to reports/x
preparing environments (1)
starting backing services (1)
note: 2 trials take about 1 min
starting services (1)
[1/2] trial 1: 12.0 s of load
  10 s · 12 users · 240 answers/s · p50/p95/p99 5.10 ms/12.3 ms/50.0 ms · 3 failed · \
42 % CPU 80.0 MiB, 42 % CPU 80.0 MiB · about 1 min 15 s left
trial 1: 480 requests, 3 failed, 12 s
[2/2] trial 2: 12.0 s of load
  10 s · 12 users · 240 answers/s · p50/p95/p99 5.10 ms/12.3 ms/50.0 ms · 3 failed · \
42 % CPU 80.0 MiB, 42 % CPU 80.0 MiB · about 1 min 15 s left
trial 2: 480 requests, 3 failed, 12 s
[4] evil\ufffd[31m[bold]\ufffd: 12.0 s of load
evil\ufffd[31m[bold]\ufffd: evil\ufffd[31m[bold]\ufffd
"""


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    listener = PlainLines()
    for event in events():
        listener(event)
    assert capsys.readouterr() == ("", GOLDEN)


def terminal(width: int) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, width=width, height=24, color_system=None, markup=False
    )
    return console, file


@pytest.mark.parametrize("width", [40, 80, 120])
def test_live_view(width: int) -> None:
    console, file = terminal(width)
    with LiveView(no_color=True, console=console) as view:
        for event in events():
            view(event)
    text = file.getvalue()
    assert "✓ trial 1" in text
    assert "✕ evil\ufffd" in text
    assert "\x1b[31m" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_live_view_stays_within_the_width(width: int) -> None:
    """Every frame: a line that wraps could not be taken back."""
    for event in events():
        console, _ = terminal(width)
        view = LiveView(no_color=True, console=console)
        view(event)
        with console.capture() as captured:
            console.print(view._state.draw())
        lines = captured.get().splitlines()
        assert len(lines) <= 3
        assert all(len(line) <= width for line in lines)


def frame(view: LiveView, console: Console) -> str:
    with console.capture() as captured:
        console.print(view._state.draw())
    return captured.get()


def test_levels_are_of_something() -> None:
    one = second(1.0, left=0.4)
    assert isinstance(one, LoadSecond)
    assert wording.load_second(replace(one, level=1.0), "users").startswith("1 s · 1 user · 240 ")
    assert "12 requests/s · 240 answers/s" in wording.load_second(one, "requests/s")
    assert "left" not in wording.load_second(one, "users")


def test_live_view_tells_what_is_going_on() -> None:
    console, _ = terminal(140)
    view = LiveView(no_color=True, console=console)
    view(Stage(name="start", item="smoke", done=0, total=1))
    assert "starting services 1 of 1: smoke" in frame(view, console)
    view(started("smoke", 0, 1))
    assert "▶ [1/1] smoke  starting" in frame(view, console)
    view(second(1.0, known=False, left=None))
    shown = frame(view, console)
    assert "up  12 users" in shown
    assert "p50 –  p95 –  p99 –" in shown
    assert "service – CPU –" in shown
    assert "left" not in shown
    view(second(11.9, left=0.1))
    assert "left" not in frame(view, console)
    view(second(3.0))
    shown = frame(view, console)
    assert "240/s  p50 5.10 ms  p95 12.3 ms  p99 50.0 ms  3 failed" in shown
    assert "service 42 % CPU 80.0 MiB" in shown
    assert "about 1 min 15 s left" in shown
    view(second(12.5))
    assert "ending" in frame(view, console)
    view(LoadDone(what="smoke", result="done", good=True))
    assert "writing the reports" in frame(view, console)
    view(Stage(name="start", item="next", done=0, total=1))
    assert "starting services 1 of 1: next" in frame(view, console)
