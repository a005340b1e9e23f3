"""What a session tells while it works, for a live view or plain lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from perfkit.analyse.estimate import Estimate
from perfkit.block import Failure
from perfkit.decide.gate.telling import Said
from perfkit.decide.result import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage before measuring begins: ``"provision"``, ``"discover"``, ``"backing"``, ``"start"``.

    Attributes:
        name: The stage.
        item: What it is busy with: a script's label.
        done: Items finished.
        total: Items in all.
    """

    name: str
    item: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStarted:
    """A series of blocks begins.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: ``"compare"``, ``"control"`` or ``"aa-N"``.
        position: Position among the run's series, from 0.
        total: Number of series in the run.
    """

    benchmark: str
    series: str
    position: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDone:
    """A block was measured and recorded.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: Its series.
        blocks: Blocks so far.
        expected: Blocks the series is expected to take, or None before that can be told.
        ratio: Current estimate (for display: it is not corrected for being looked at), or None.
        seconds_left: Expected seconds until the run ends, or None when it cannot be told.
    """

    benchmark: str
    series: str
    blocks: int
    expected: int | None
    ratio: Estimate | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDone:
    """A series came to its end.

    Attributes:
        series: Its series.
        row: The benchmark's row as far as it is known now (in ``aa``: of this series alone).
        blocks: Blocks it took.
        seconds: Wall seconds it took.
        said: In a gate, its own word instead of the row's; None where it has none.
    """

    series: str
    row: Row
    blocks: int
    seconds: float
    said: Said | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A benchmark, or a whole script, failed; the others go on."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run folder exists and is being written to."""

    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth knowing at once."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStarted:
    """The load of a trial or probe begins.

    Attributes:
        what: In words: ``"trial 3"``, ``"Python 3.12.1 at 200 users"``.
        position: Trials or probes done.
        total: Trials in all, or None when that cannot be told.
        seconds: Length of its load.
        level_name: ``"users"`` or ``"requests/s"``.
        stages: ``(name, end)`` of each stage, in seconds.
    """

    what: str
    position: int
    total: int | None
    seconds: float
    level_name: str
    stages: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSecond:
    """A second of load has passed.

    Attributes:
        second: Seconds from the origin.
        level: Users or rate now.
        rate: Answers per second in it.
        failed: Of them, failed.
        p50: Median response time of right answers in it; NaN without any.
        p95: 95th percentile.
        p99: 99th percentile.
        rss: Resident bytes of the services, side by side.
        cpu: CPU of the services, 1.0 being one CPU, side by side.
        left: Expected seconds until the run ends, or None when it cannot be told.
    """

    second: float
    level: float
    rate: int
    failed: int
    p50: float
    p95: float
    p99: float
    rss: tuple[int, ...]
    cpu: tuple[float, ...]
    left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDone:
    """The load of a trial or probe has ended.

    Attributes:
        what: As `LoadStarted` said.
        result: What came of it, in words.
        good: It went as it should.
    """

    what: str
    result: str
    good: bool


Event: TypeAlias = (
    Stage
    | SeriesStarted
    | BlockDone
    | SeriesDone
    | Failed
    | Started
    | Note
    | LoadStarted
    | LoadSecond
    | LoadDone
)
Listener: TypeAlias = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """A listener that listens to nothing."""
