"""A whole run, judged: what the reports and the Python API are built from."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.analyse.estimate import Comparison, Estimate, MemoryComparison
from perfkit.block import Failure
from perfkit.caveat import Caveat
from perfkit.decide.verdict import Verdict
from perfkit.recording import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRow:
    """One measure of a benchmark's memory.

    Attributes:
        comparison: Its numbers.
        verdict: What they say: larger, smaller, equivalent or inconclusive.
    """

    comparison: MemoryComparison
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One benchmark's line in every report.

    Attributes:
        id: ``Benchmark.id``, or the script's label when its tasks could not be learnt.
        description: What it stands for; may be empty.
        measured: What was measured and with what; None when it failed before that.
        comparison: Its numbers; None when it failed or nothing was measured.
        verdict: What its times say.
        memory: What its memory says, one for each measure that is known.
        failure: Why there are no numbers, or None.
        control: Its null comparison, baseline against itself, when asked for.
    """

    id: str
    description: str
    measured: Measured | None
    comparison: Comparison | None
    verdict: Verdict
    memory: tuple[MemoryRow, ...]
    failure: Failure | None
    control: Comparison | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run's rows and what can be said of them together.

    Attributes:
        rows: In the order measured.
        geometric_mean: Of the rows' ratios, or None when fewer than two were measured.
        tripped: Benchmarks whose null control found a difference, by the rule of `decide.judge`.
        caveats: Of the run and of its rows, in the rows' order.
        seconds: Where the wall time went, by stage (``"provision"``, ``"discover"``,
            ``"start-up"``, ``"run-in"``, ``"timed"``, ``"tracing"`` where there was any,
            ``"analysis"``, ``"other"``, ``"total"``); where a sitting was killed, at least that.
    """

    rows: tuple[Row, ...]
    geometric_mean: Estimate | None
    tripped: tuple[str, ...]
    caveats: tuple[Caveat, ...]
    seconds: dict[str, float]

    @property
    def noisy(self) -> bool:
        """The null control found a difference: the machine is too noisy to accuse anybody."""
        return bool(self.tripped)
