"""What is told while it runs: plain lines (golden) and the live view (on a recorded terminal)."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from perfkit.analyse.estimate import Estimate
from perfkit.block import Failure
from perfkit.cli.lines import PlainLines
from perfkit.cli.live import LiveView
from perfkit.cli.progress import listening
from perfkit.decide.gate.telling import CONFIRMED, NOT_CONFIRMED, SAID_FIRST, Said
from perfkit.decide.result import Row
from perfkit.decide.verdict import Verdict
from perfkit.session.progress import (
    BlockDone,
    Failed,
    Note,
    SeriesDone,
    SeriesStarted,
    Stage,
    Started,
    ignore,
)
from perfkit.settings import Metric
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.session.progress import Event

LONG = "a_folder/bm_with_a_very_long_name::and_a_benchmark_with_a_long_one_too"
HOSTILE = "evil\x1b[31m[bold]\n"


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.01, high=value + 0.01, confidence=0.95, n=11)


def done(name: str, series: str, ratio: Estimate | None, verdict: Verdict) -> SeriesDone:
    comparison: Any = None if ratio is None else SimpleNamespace(ratio=ratio)
    row = Row(
        id=name,
        description="",
        measured=None,
        comparison=comparison,
        verdict=verdict,
        memory=(),
        failure=None,
        control=None,
    )
    return SeriesDone(series=series, row=row, blocks=11, seconds=4.2)


def events() -> Iterator[Event]:
    for number, script in enumerate(["bm_a", "bm_b"]):
        yield Stage(name="provision", item=script, done=number, total=2)
    yield Failed(
        failure=Failure(
            benchmark="bm_broken", side=None, stage="provision", reason="no wheel", detail="…"
        )
    )
    yield Stage(name="discover", item="bm_a", done=0, total=1)
    yield Started(folder=Path("reports/x"))
    names = ["json", LONG, "boom", HOSTILE]
    for position, name in enumerate(names):
        series = "control" if name == LONG else "compare"
        yield SeriesStarted(benchmark=name, series=series, position=position, total=len(names))
        if name == "boom":
            reason = "ValueError: boom"
            failure = Failure(
                benchmark=name, side=Side.CANDIDATE, stage="run", reason=reason, detail=""
            )
            yield Failed(failure=failure)
            continue
        for block in range(1, 12):
            yield BlockDone(
                benchmark=name,
                series=series,
                blocks=block,
                expected=10,
                ratio=estimate(1.034) if block > 3 else None,
                seconds_left=130.0,
            )
        yield done(name, series, estimate(1.034), Verdict.SLOWER)
    yield done("json", "aa-3", None, Verdict.NOT_MEASURED)


GOLDEN = f"""\
preparing environments (2)
bm_broken: failed: no wheel
learning the benchmarks' names (1)
recording to reports/x
[1/4] json: +3.4 % [+2.4, +4.4], slower; 11 blocks, 4.2 s
[2/4] {LONG} (control): +3.4 % [+2.4, +4.4], slower; 11 blocks, 4.2 s
[3/4] boom: failed on the candidate's side: ValueError: boom
[4/4] evil\ufffd[31m[bold]\ufffd: +3.4 % [+2.4, +4.4], slower; 11 blocks, 4.2 s
[4/4] json (4): not measured; 11 blocks, 4.2 s
"""


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    listener = PlainLines()
    for event in events():
        listener(event)
    assert capsys.readouterr() == ("", GOLDEN)


def test_plain_lines_tell_of_blocks_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """A benchmark of slow blocks says how far it is every ten seconds."""
    seconds = iter(range(0, 1000, 6))  # each look at the clock comes six seconds after the last
    listener = PlainLines(clock=lambda: float(next(seconds)))
    listener(SeriesStarted(benchmark="slow", series="compare", position=1, total=3))
    for blocks in range(1, 6):
        listener(
            BlockDone(
                benchmark="slow",
                series="compare",
                blocks=blocks,
                expected=10,
                ratio=estimate(1.034) if blocks > 3 else None,
                seconds_left=70.0,
            )
        )
    assert capsys.readouterr().err.splitlines() == [
        "[2/3] slow: 2 of about 10 blocks; about 1 min 10 s left",
        "[2/3] slow: 4 of about 10 blocks, +3.4 % [+2.4, +4.4] so far; about 1 min 10 s left",
    ]


def test_a_gate_has_words_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of its report, with its interval, whatever the comparison says."""
    plain = done("json", "confirm", estimate(1.034), Verdict.INCONCLUSIVE)
    metrics = (Metric.TIME, Metric.PEAK_MEMORY)
    told = [
        replace(plain, said=Said(word=word, metric=metric, ratio=estimate(1.06)))
        for word, metric in zip(("confirmed", "not confirmed"), metrics, strict=True)
    ]
    for event in told:
        PlainLines()(event)
    assert capsys.readouterr().err == (
        "json (confirm): +6.0 % [+5.0, +7.0], confirmed; 11 blocks, 4.2 s\n"
        "json (confirm) (peak memory): +6.0 % [+5.0, +7.0], not confirmed; 11 blocks, 4.2 s\n"
    )
    console, file = terminal(120)
    with LiveView(no_color=True, console=console) as view:
        for event in told:
            view(event)
    assert "▲ json (confirm)" in file.getvalue()
    assert "not confirmed" in file.getvalue()
    assert "inconclusive" not in file.getvalue()


@pytest.mark.parametrize("word", [*SAID_FIRST, CONFIRMED, NOT_CONFIRMED, "too noisy"])
def test_every_word_of_a_gate_has_a_look(word: str) -> None:
    console, file = terminal(120)
    said = Said(word=word, metric=Metric.TIME, ratio=estimate(1.06))
    with LiveView(no_color=True, console=console) as view:
        view(replace(done("json", "compare", None, Verdict.INCONCLUSIVE), said=said))
    assert word in file.getvalue()


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
    assert "▲ json" in text
    assert "slower" in text
    assert "boom" in text
    assert "11 of about 11" in text
    assert ("11 blocks, 4.2 s" in text) == (width >= 100)
    assert "evil\ufffd[31m[bold]\ufffd" in text or width == 40
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
        assert len(lines) <= 2
        assert all(len(line) <= width for line in lines)


def test_live_view_tells_what_is_going_on() -> None:
    console, file = terminal(80)
    with LiveView(no_color=True, console=console) as view:
        view(Stage(name="provision", item="bm_a", done=0, total=3))
        assert "preparing environments 1 of 3: bm_a" in file.getvalue()
        view(SeriesStarted(benchmark="json", series="compare", position=1, total=4))
        assert "▶ json  starting" in file.getvalue()
        view(
            BlockDone(
                benchmark="json",
                series="compare",
                blocks=5,
                expected=12,
                ratio=estimate(1.034),
                seconds_left=130.0,
            )
        )
        assert "writing the reports" not in file.getvalue()
        view(done("json", "compare", None, Verdict.NOT_MEASURED))
        assert "writing the reports" not in file.getvalue()
        view(SeriesStarted(benchmark="last", series="compare", position=3, total=4))
        view(done("last", "compare", None, Verdict.NOT_MEASURED))
        assert "writing the reports" in file.getvalue()
    text = file.getvalue()
    assert "5 of about 12 blocks  +3.4 % [+2.4, +4.4]" in text
    assert "2 of 4 · about 2 min 10 s left" in text


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminals", "term", "kind"),
    [
        ((True, True), "xterm", LiveView),
        ((False, True), "xterm", PlainLines),
        ((True, False), "xterm", PlainLines),
        ((True, True), "dumb", PlainLines),
    ],
)
def test_the_live_view_needs_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminals: tuple[bool, bool], term: str, kind: type
) -> None:
    for name, terminal in zip(("stdout", "stderr"), terminals, strict=True):
        monkeypatch.setattr(sys, name, Stream(terminal=terminal))
    monkeypatch.setenv("TERM", term)
    with listening(quiet=False, no_color=False) as listener:
        assert isinstance(listener, kind)


def test_quiet_listens_to_nothing() -> None:
    with listening(quiet=True, no_color=False) as listener:
        assert listener is ignore


def test_a_note_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    note = Note(text=f"bm_x fails: {HOSTILE}")
    PlainLines()(note)
    told = "note: bm_x fails: evil\ufffd[31m[bold]\ufffd"
    assert capsys.readouterr().err == f"{told}\n"
    console = Console(file=io.StringIO(), force_terminal=True, width=100, markup=False, emoji=False)
    with LiveView(no_color=True, console=console) as view:
        view(note)
    assert isinstance(console.file, io.StringIO)
    assert told in console.file.getvalue()
