"""One benchmark in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Comparison
from perfkit.block import Block, Failure
from perfkit.caveat import Caveat
from perfkit.decide.verdict import Verdict
from perfkit.report import wording
from perfkit.report.memory import MemoryLine, memory_facts, memory_lines
from perfkit.units import (
    format_change_interval,
    format_seconds,
    format_seconds_interval,
    format_share,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.result import Row
    from perfkit.recording import Recording

_TINY = 0.001  # below, a share needs a second decimal
_BEYOND = 10.0  # above, "the smallest detectable change" has become meaningless


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One benchmark, ready to be shown.

    Attributes:
        id: ``Benchmark.id``, or the script's label when its tasks could not be learnt.
        description: What it stands for; may be empty.
        verdict: What its numbers say; inconclusive where a noisy machine accuses nobody.
        word: The verdict in words, ``"too noisy"`` for inconclusive where the null control tripped.
        shape: A character that tells verdicts apart without colour.
        tone: CSS class: ``"slower"``, ``"faster"``, ``"equivalent"``, ``"open"`` or ``"failed"``.
        comparison: Its numbers, or None.
        control: Its null comparison, or None.
        baseline: Time of one iteration, such as ``"1.23 ms"``; ``"–"`` when there is none.
        candidate: The same of the candidate.
        change: ``"+3.4 % [+2.9, +3.9]"``, or ``"–"``.
        detectable: Smallest detectable change, such as ``"1.2 %"``, or ``"–"``.
        blocks: Number of blocks the ratio rests on.
        memory: A line for each measure of its memory.
        facts: Further ``(name, text)`` pairs for the details.
        series: The blocks its numbers were computed from, in order.
        inner_loops: Iterations in one loop.
        failure: Why there are no numbers, or None.
        caveats: What to know before trusting it.
    """

    id: str
    description: str
    verdict: Verdict
    word: str
    shape: str
    tone: str
    comparison: Comparison | None
    control: Comparison | None
    baseline: str
    candidate: str
    change: str
    detectable: str
    blocks: int
    memory: tuple[MemoryLine, ...]
    facts: tuple[tuple[str, str], ...]
    series: tuple[Block, ...]
    inner_loops: int
    failure: Failure | None
    caveats: tuple[Caveat, ...]


def make_row(row: Row, recording: Recording, *, noisy: bool) -> RowView:
    """Put one benchmark into words; ``noisy``: the run's null control tripped."""
    comparison = row.comparison
    look = wording.look(row.verdict, noisy=noisy)
    series = recording.series(comparison.benchmark, comparison.series) if comparison else ()
    memory = memory_lines(row)
    return RowView(
        id=row.id,
        description=row.description,
        verdict=row.verdict,
        word=look.word,
        shape=look.shape,
        tone=look.tone,
        comparison=comparison,
        control=row.control,
        baseline=format_seconds(comparison.baseline.value) if comparison else "–",
        candidate=format_seconds(comparison.candidate.value) if comparison else "–",
        change=change(comparison.ratio) if comparison else "–",
        detectable=_detectable(comparison) if comparison else "–",
        blocks=comparison.ratio.n if comparison else 0,
        memory=memory,
        facts=_facts(comparison, row.control, series, memory) if comparison else (),
        series=series,
        inner_loops=row.measured.benchmark.inner_loops if row.measured else 1,
        failure=row.failure,
        caveats=comparison.caveats if comparison else (),
    )


def change(ratio: Estimate) -> str:
    """A ratio as a change with its interval."""
    return format_change_interval(ratio.value, ratio.low, ratio.high)


def _facts(
    found: Comparison,
    control: Comparison | None,
    series: Sequence[Block],
    memory: Sequence[MemoryLine],
) -> tuple[tuple[str, str], ...]:
    facts = [
        ("Baseline", _interval(format_seconds_interval, found.baseline)),
        ("Candidate", _interval(format_seconds_interval, found.candidate)),
        ("Change", f"{change(found.ratio)} of the time of one iteration"),
        ("Smallest detectable change", f"{_detectable(found)} (with a chance of 80 %)"),
        ("p-value of “no difference”", f"{found.p_value:.3g}"),
        ("Stopped by", wording.STOPPED.get(found.stopped, found.stopped)),
    ]
    if series:
        facts.append(("Measured", _effort(series)))
    if found.between_share is not None:
        facts.append(("Variance between blocks", format_share(found.between_share, digits=0)))
    facts += memory_facts(memory)
    if control is not None:
        facts.append(("Baseline against itself", change(control.ratio)))
    return tuple(facts)


def _effort(series: Sequence[Block]) -> str:
    turns = sum(len(block.order) for block in series)
    loops = " or ".join(str(count) for count in sorted({block.loops for block in series}))
    return f"{len(series)} blocks, {turns} pairs of turns, loops a turn: {loops}"


def _interval(render: Callable[[float, float, float], str], estimate: Estimate) -> str:
    return render(estimate.value, estimate.low, estimate.high)


def _detectable(comparison: Comparison) -> str:
    value = comparison.detectable
    return format_share(value, digits=2 if value < _TINY else 1) if value < _BEYOND else "–"
