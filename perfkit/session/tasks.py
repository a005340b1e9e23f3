"""What of a run is still to be measured, in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.stopping import MINIMUM_BLOCKS
from perfkit.block import Block
from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL
from perfkit.decide.judge import COMPARE, CONTROL
from perfkit.measure.calibrate import Frozen
from perfkit.measure.lockstep import Series
from perfkit.session.prepare import Prepared
from perfkit.settings import Metric
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.measure.launch import Launch
    from perfkit.plan import Plan
    from perfkit.recording import Recording, SeriesStart


_SLOW_CALL = 0.05  # seconds; a shorter one is always traced
_TIMES_AS_LONG = 10  # takes a traced call


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A series to be measured, with what is known of it already.

    Attributes:
        prepared: The benchmark.
        series: The series.
        blocks: Its blocks from earlier sittings.
        position: Position among the run's series, from 0.
        total: Number of series in the run.
        took: Wall seconds after which it had ended before.
    """

    prepared: Prepared
    series: Series
    blocks: tuple[Block, ...]
    position: int
    total: int
    took: float = 0.0

    @property
    def id(self) -> str:
        """``Benchmark.id``."""
        return self.series.benchmark.id


def unfinished(plan: Plan, known: Recording) -> dict[tuple[str, str], int]:
    """Benchmark and series of what is still to be measured, with its position in the run.

    In ``aa`` the comparisons go round all benchmarks recorded, failed ones included, so that each
    has its own whenever the run is gone on with.
    """
    return {
        key: position
        for position, key in enumerate(_wanted(plan, known))
        if key not in known.ends and key[0] not in known.failures
    }


def _wanted(plan: Plan, known: Recording) -> list[tuple[str, str]]:
    names = list(known.measured)
    if plan.comparisons is not None:
        count = plan.comparisons if names else 0
        return [(names[number % len(names)], f"aa-{number}") for number in range(count)]
    series = [COMPARE, CONTROL] if plan.control else [COMPARE]
    again = [name for name, _ in known.confirming.blocks] if known.confirming else []
    return [
        *((name, one) for name in names for one in series),
        *((name, one) for name in again for one in (CONFIRM, CONFIRM_CONTROL)),
    ]


def tasks_of(plan: Plan, prepared: Sequence[Prepared], known: Recording) -> list[Task]:
    """The series that are still to be measured, in order."""
    by_name = {one.measured.benchmark.id: one for one in prepared}
    total = len(_wanted(plan, known))
    return [
        Task(
            prepared=by_name[name],
            series=_series(
                plan, by_name[name], name=series, start=known.starts.get((name, series))
            ),
            blocks=known.series(name, series),
            position=position,
            total=total,
        )
        for (name, series), position in unfinished(plan, known).items()
    ]


def again_tasks(
    plan: Plan, prepared: Sequence[Prepared], known: Recording, name: str
) -> tuple[Task, Task]:
    """A suspected benchmark's fresh blocks and its null control, with the first pass's loops."""
    (one,) = (x for x in prepared if x.measured.benchmark.id == name)
    start = known.starts[name, COMPARE]
    compare, control = (
        Task(
            prepared=one,
            series=_series(plan, one, name=series, start=start),
            blocks=known.series(name, series),
            position=0,
            total=2,
        )
        for series in (CONFIRM, CONFIRM_CONTROL)
    )
    return compare, control


def late_tasks(
    plan: Plan, prepared: Sequence[Prepared], known: Recording, names: Sequence[str]
) -> list[Task]:
    """First passes that are gone on with after they had ended."""
    by_name = {one.measured.benchmark.id: one for one in prepared}
    return [
        Task(
            prepared=by_name[name],
            series=_series(plan, by_name[name], name=COMPARE, start=known.starts[name, COMPARE]),
            blocks=known.series(name, COMPARE),
            position=position,
            total=len(names),
            took=known.ends[name, COMPARE].seconds,
        )
        for position, name in enumerate(names)
    ]


def _series(plan: Plan, one: Prepared, *, name: str, start: SeriesStart | None) -> Series:
    return Series(
        benchmark=one.measured.benchmark,
        name=name,
        launches=_null(one.launches) if name in {CONTROL, CONFIRM_CONTROL} else one.launches,
        seed=plan.seed,
        inject=plan.inject,
        frozen=_frozen(start) if start is not None else None,
        trace=_is_traced(plan),
        trace_below=_traced_below(plan),
    )


def _is_traced(plan: Plan) -> bool:
    """Tracing costs some of the time: ``aa`` is about time, and a gate about what it judges."""
    if plan.gate is not None:
        return Metric.TRACED_MEMORY in plan.gate.metrics
    return plan.comparisons is None


def _traced_below(plan: Plan) -> float:
    """Seconds of a call from which tracing it would take half the budget or more of ten blocks.

    A traced call takes ten times as long or more where much is allocated (pyperformance's nqueens:
    3.0 - 6.5 s instead of 0.25 s). What a gate is told to judge is traced in any case.
    """
    if plan.gate is not None:
        return math.inf
    return max(_SLOW_CALL, plan.goal.budget / (2 * MINIMUM_BLOCKS * _TIMES_AS_LONG))


def _null(launches: Mapping[Side, Launch]) -> dict[Side, Launch]:
    return dict.fromkeys(Side, launches[Side.BASELINE])


def _frozen(start: SeriesStart) -> Frozen:
    return Frozen(loops=start.loops, run_in=start.run_in, pairs=start.pairs, spin=start.spin)
