"""Memory in words: a line for each measure of each benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.decide.result import MemoryRow
from perfkit.decide.verdict import Verdict
from perfkit.report import wording
from perfkit.settings import Metric
from perfkit.units import format_bytes, format_bytes_interval, format_change_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.result import Row

NAMES = {Metric.PEAK_MEMORY: "peak", Metric.TRACED_MEMORY: "traced"}
"""What a measure of memory is called in a table."""

_HEADS = {Metric.PEAK_MEMORY: "Peak memory", Metric.TRACED_MEMORY: "Traced memory"}
CHANGED = (Verdict.LARGER, Verdict.SMALLER)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLine:
    """One measure of one benchmark's memory, ready to be shown.

    Attributes:
        benchmark: ``Benchmark.id``.
        metric: Which measure.
        name: ``"peak"`` (of the process) or ``"traced"`` (of one call).
        found: Its numbers and verdict.
        word: The verdict in words.
        shape: A character that tells verdicts apart without colour.
        tone: CSS class and key of the terminal's colours.
        baseline: ``"23.4 MiB"``.
        candidate: The same of the candidate.
        change: ``"+3.4 % [+2.9, +3.9]"``.
    """

    benchmark: str
    metric: Metric
    name: str
    found: MemoryRow
    word: str
    shape: str
    tone: str
    baseline: str
    candidate: str
    change: str

    @property
    def changed(self) -> bool:
        """It is larger or smaller."""
        return self.found.verdict in CHANGED


def memory_lines(row: Row) -> tuple[MemoryLine, ...]:
    """A benchmark's memory, measure by measure."""
    return tuple(_line(row.id, one) for one in row.memory)


def _line(benchmark: str, row: MemoryRow) -> MemoryLine:
    found = row.comparison
    look = wording.look(row.verdict, noisy=False)
    return MemoryLine(
        benchmark=benchmark,
        metric=found.metric,
        name=NAMES[found.metric],
        found=row,
        word=look.word,
        shape=look.shape,
        tone=look.tone,
        baseline=format_bytes(found.baseline.value),
        candidate=format_bytes(found.candidate.value),
        change=_change(found.ratio),
    )


def memory_facts(lines: Sequence[MemoryLine]) -> list[tuple[str, str]]:
    """The same as ``(name, text)`` pairs with every interval, for the details."""
    facts = []
    for line in lines:
        found, head = line.found.comparison, _HEADS[line.metric]
        facts += [
            (f"{head}, baseline", _bytes(found.baseline)),
            (f"{head}, candidate", _bytes(found.candidate)),
            (f"{head}, change", f"{line.change}: {line.word}"),
        ]
    return facts


def memory_summary(lines: Sequence[MemoryLine], margin: float) -> str:
    """How many lines are neither larger nor smaller, in one sentence; empty when there are none.

    >>> memory_summary([], 0.02)
    ''
    """
    rest = [line for line in lines if not line.changed]
    if not rest:
        return ""
    same = sum(line.found.verdict is Verdict.EQUIVALENT for line in rest)
    parts = [f"{same} equivalent within ±{margin * 100:g} %"] if same else []
    if len(rest) > same:
        parts.append(f"{len(rest) - same} inconclusive")
    of = "otherwise" if len(rest) < len(lines) else f"({_kinds(lines)})"
    return f"Memory {of}: {', '.join(parts)}"


def _kinds(lines: Sequence[MemoryLine]) -> str:
    return " and ".join(dict.fromkeys(line.name for line in lines))


def _change(ratio: Estimate) -> str:
    return format_change_interval(ratio.value, ratio.low, ratio.high)


def _bytes(size: Estimate) -> str:
    return format_bytes_interval(size.value, size.low, size.high)
