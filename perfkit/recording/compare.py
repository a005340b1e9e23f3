"""What a ``compare``, ``aa`` or ``check`` run records."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from perfkit.benchmark import Benchmark
from perfkit.block import Block, Failure
from perfkit.recording.journal import Format, Journal, check_possible, read_journal, redact
from perfkit.settings import GatePolicy, Goal, Method, Metric
from perfkit.variant import Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The first line: what was asked for, of whom, where.

    Attributes:
        schema: Version of this format.
        id: Name of the run, also of its folder.
        command: ``"compare"``, ``"aa"`` or ``"check"``.
        created: Local time with offset, ISO 8601.
        perfkit: perfkit's version.
        seed: Root of every random choice of the run.
        goal: What the comparison was to reach.
        method: How turns are cut.
        baseline: The baseline as planned.
        candidate: The candidate as planned.
        host: Facts of the machine; text or numbers by name.
        cwd: Folder the run was started in.
        benchmarks: The BENCHMARK arguments.
        control: A null comparison was asked for.
        comparisons: Number of comparisons (``aa``); None for ``compare``.
        inject: Slowdown injected into the candidate, as a fraction; 0.0 for none.
        policy: Text (YAML) of the user's policy, or None for perfkit's own.
        redacted: Credentials were removed from a requirement or variable, so it cannot be resumed.
        gate: What the gate allows (``check``); None for the others, and in older recordings.
        store: File of the history the run is added to, also when it is gone on with; or None.
        chosen: ``benchmarks`` come from the command line, where they may leave out what a gate
            requires; None in older recordings, which do not tell.
        patterns: Those of ``benchmarks`` that are name patterns; None in older recordings.
    """

    schema: int
    id: str
    command: str
    created: str
    perfkit: str
    seed: int
    goal: Goal
    method: Method
    baseline: Variant
    candidate: Variant
    host: dict[str, str | int | float | None]
    cwd: str
    benchmarks: tuple[str, ...]
    control: bool
    comparisons: int | None
    inject: float
    policy: str | None
    redacted: bool
    gate: GatePolicy | None = None
    store: str | None = None
    chosen: bool | None = None
    patterns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFacts:
    """What one side really ran with, for one benchmark.

    Attributes:
        python: Executable of the environment.
        version: ``sys.version`` as the measured process told it.
        pyperf: Version of pyperf inside the environment.
        packages: ``(name, version)`` of what is installed.
    """

    python: str
    version: str
    pyperf: str
    packages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A benchmark that is to be measured; all of a run's are recorded before the first block.

    Attributes:
        benchmark: The benchmark.
        baseline: Facts of the baseline's environment.
        candidate: Facts of the candidate's environment.
        intended: Names of packages the sides were asked to differ in.
        pinned: Both processes of a block share one CPU.
    """

    benchmark: Benchmark
    baseline: SideFacts
    candidate: SideFacts
    intended: tuple[str, ...]
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """A benchmark script that the two revisions do not share; it is not measured.

    Attributes:
        label: The script's label.
        how: ``"missing"`` (the candidate has it no more), ``"new"`` (the baseline has it not yet)
            or ``"changed"`` (its source differs, so that the two cannot be compared).
        reason: The same in words.
        path: Where it is, or was, in the working tree; empty in older recordings.
        had: Names of its benchmarks that are written in it as the baseline has it.
        has: The same as the candidate has it.
        told: ``has`` are all its names; never in older recordings.
    """

    label: str
    how: str
    reason: str
    path: str = ""
    had: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """Suspected benchmarks, and how many fresh blocks each gets; written before the first of them.

    There is a line more for those that became suspects when a budget's rest was spent.

    Attributes:
        blocks: ``(benchmark, number of blocks)``; as many of the null control go between them.
        suspected: ``(benchmark, metric)`` of each row that is suspected.
    """

    blocks: tuple[tuple[str, int], ...]
    suspected: tuple[tuple[str, Metric], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStart:
    """A series' first block is complete and its loop counts are frozen.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: Which series.
        loops: Loops of a timed turn.
        run_in: Loops of the untimed run-in before it.
        pairs: Pairs of turns in a block.
        spin: Rounds of injected busy loop.
    """

    benchmark: str
    series: str
    loops: int
    run_in: int
    pairs: int
    spin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEnd:
    """A series of blocks is complete.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: Which series.
        reason: ``"precision"``, ``"decided"`` or ``"budget"``.
        seconds: Wall time the series took, start-up included.
    """

    benchmark: str
    series: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Measuring came to an end that was not a crash. A resumed run has several.

    Attributes:
        status: ``"finished"`` or ``"interrupted"``.
        seconds: Wall seconds of this sitting by stage (``"provision"``, ``"discover"``, …).
    """

    status: str
    seconds: dict[str, float]


Line: TypeAlias = (
    Run | Measured | Unpaired | SeriesStart | Block | Failure | SeriesEnd | Confirming | Finish
)

KINDS: dict[str, type[Line]] = {
    "run": Run,
    "measured": Measured,
    "unpaired": Unpaired,
    "series-start": SeriesStart,
    "block": Block,
    "failure": Failure,
    "series-end": SeriesEnd,
    "confirming": Confirming,
    "finish": Finish,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded run, read back.

    Attributes:
        folder: The run directory.
        run: The first line.
        measured: Benchmarks by id, in the order to be measured.
        starts: Frozen loop counts by ``(benchmark, series)``.
        blocks: Every complete block, in time order.
        failures: By benchmark id; the last one wins. A benchmark with a block of which nothing can
            be computed is among them, and none of its blocks is left.
        ends: Finished series by ``(benchmark, series)``.
        unpaired: Scripts that the two revisions do not share.
        confirming: What a gate planned to measure again, or None when it did not come to it.
        finishes: One for each sitting that ended in order.
        cut: The last line was incomplete and has been left out.
    """

    folder: Path
    run: Run
    measured: dict[str, Measured]
    starts: dict[tuple[str, str], SeriesStart]
    blocks: tuple[Block, ...]
    failures: dict[str, Failure]
    ends: dict[tuple[str, str], SeriesEnd]
    unpaired: tuple[Unpaired, ...]
    confirming: Confirming | None
    finishes: tuple[Finish, ...]
    cut: bool

    def series(self, benchmark: str, series: str) -> tuple[Block, ...]:
        """The blocks of one series, by index."""
        found = [b for b in self.blocks if b.benchmark == benchmark and b.series == series]
        return tuple(sorted(found, key=lambda block: block.index))


FORMAT = Format(first="run", schema=SCHEMA, kinds=KINDS)


class Recorder(Journal):
    """Appends the lines of a ``compare`` or ``aa`` run; raises as `Journal` does."""

    def __init__(self, folder: Path) -> None:
        """Open ``folder``'s recording for appending; a cut last line is removed first."""
        super().__init__(folder, FORMAT)


def read(folder: Path) -> Recording:
    """Read a run directory back.

    Args:
        folder: A run directory, or the path of its recording.jsonl.

    Raises:
        RecordingError: There is none, it is no recording, of a schema this perfkit cannot read, or
            its goal is one that nobody can have.
    """
    found = read_journal(folder, FORMAT)
    return _assemble(found.lines, found.path.parent, cut=found.cut)


def _assemble(lines: Sequence[Line], folder: Path, *, cut: bool) -> Recording:
    run = lines[0]
    if not isinstance(run, Run):  # the format insists on it
        raise TypeError(run)
    goal, gate = run.goal, run.gate
    shares = {"confidence": goal.confidence}
    amounts = {"precision": goal.precision, "margin": goal.margin, "budget": goal.budget}
    if gate is not None:
        shares["error rate"] = gate.error_rate
        amounts |= {"gate's margin": gate.margin, "memory margin": gate.memory_margin}
        amounts |= {f"margin of {name}": margin for name, margin in gate.margins}
    check_possible(folder, shares=shares, amounts=amounts)
    blocks = [x for x in lines if isinstance(x, Block)]
    unusable = _unusable(blocks)
    return Recording(
        folder=folder,
        run=run,
        measured={x.benchmark.id: x for x in lines if isinstance(x, Measured)},
        starts={(x.benchmark, x.series): x for x in lines if isinstance(x, SeriesStart)},
        blocks=tuple(x for x in blocks if x.benchmark not in unusable),
        failures={x.benchmark: x for x in lines if isinstance(x, Failure)} | unusable,
        ends={(x.benchmark, x.series): x for x in lines if isinstance(x, SeriesEnd)},
        unpaired=tuple({x.label: x for x in lines if isinstance(x, Unpaired)}.values()),
        confirming=_together([x for x in lines if isinstance(x, Confirming)]),
        finishes=tuple(x for x in lines if isinstance(x, Finish)),
        cut=cut,
    )


def _unusable(blocks: Sequence[Block]) -> dict[str, Failure]:
    """A failure for each benchmark with a block of which nothing can be computed."""
    return {
        block.benchmark: Failure(
            benchmark=block.benchmark,
            side=None,
            stage="run",
            reason=f"block {block.index} of {block.series!r} cannot be used: {problem}",
            detail="",
        )
        for block in reversed(blocks)
        if (problem := block.unusable) is not None
    }


def _together(found: Sequence[Confirming]) -> Confirming | None:
    """All that was planned: with a budget, rows may become suspects later than others."""
    if not found:
        return None
    return Confirming(
        blocks=tuple(one for each in found for one in each.blocks),
        suspected=tuple(one for each in found for one in each.suspected),
    )


def made_of(facts: SideFacts) -> SideFacts:
    """The same with its environment's key for the path.

    The key is made from interpreter, versions and the content of local wheels (`--with .`), and
    stays the same when `perfkit clean` had the environment built again; the path does not.
    """
    return dataclasses.replace(facts, python="/".join(Path(facts.python).parts[-4:-3]))


def redacted(variant: Variant) -> Variant:
    """The variant as it may be written to disk: without credentials."""
    return dataclasses.replace(
        variant,
        requirements=tuple(map(redact, variant.requirements)),
        environ=tuple((name, redact(value)) for name, value in variant.environ),
    )
