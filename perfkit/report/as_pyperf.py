"""``baseline.json`` and ``candidate.json``: the turns as pyperf's own tools read them."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

from perfkit.variant import Side

if TYPE_CHECKING:
    import pyperf

    from perfkit.block import Block
    from perfkit.recording import Measured, Recording


def as_pyperf(recording: Recording) -> dict[Side, str]:
    """Both sides as pyperf suites, in pyperf's JSON format 1.0.

    A block is a pyperf *run* (both are one process), a turn one of its *values*: its time net of
    waiting in line for the CPU, as perfkit compares it. pyperf takes
    every value for an independent sample, so its intervals are narrower than perfkit's and say
    less; block and order are kept in the metadata.

    Args:
        recording: A run; its control series are left out.

    Returns:
        JSON by side; empty when nothing was measured, since pyperf has no empty suites.
    """
    import pyperf

    texts = {}
    for side in Side:
        benchmarks = [
            pyperf.Benchmark(runs)
            for measured in recording.measured.values()
            if (runs := _runs(recording, measured, side))
        ]
        if benchmarks:
            file = io.StringIO()
            pyperf.BenchmarkSuite(benchmarks).dump(file)
            texts[side] = file.getvalue()
    return texts


def _runs(recording: Recording, measured: Measured, side: Side) -> list[pyperf.Run]:
    import pyperf

    id_ = measured.benchmark.id
    common = _metadata(recording, measured, side)
    mine = [block for block in recording.blocks if block.benchmark == id_]
    blocks = [block for block in mine if not block.series.endswith("control")]
    return [
        pyperf.Run(
            _values(block, measured.benchmark.inner_loops, side),
            metadata={**common, **_of_block(block)},
            collect_metadata=False,
        )
        for block in blocks
    ]


def _values(block: Block, inner_loops: int, side: Side) -> list[float]:
    turns = block.baseline if side is Side.BASELINE else block.candidate
    return [seconds / (block.loops * inner_loops) for seconds in turns.net]


def _metadata(recording: Recording, measured: Measured, side: Side) -> dict[str, str | int]:
    run, benchmark = recording.run, measured.benchmark
    variant = run.baseline if side is Side.BASELINE else run.candidate
    facts = measured.baseline if side is Side.BASELINE else measured.candidate
    metadata: dict[str, str | int] = {
        "name": benchmark.id,
        "unit": "second",
        "perf_version": facts.pyperf,
        "python_version": variant.interpreter.label,
        "python_implementation": variant.interpreter.implementation,
        "python_executable": facts.python,
        "platform": variant.interpreter.platform,
        "perfkit_version": run.perfkit,
        "perfkit_run": run.id,
        "perfkit_side": side.value,
    }
    if benchmark.description:
        metadata["description"] = benchmark.description
    if benchmark.inner_loops > 1:
        metadata["inner_loops"] = benchmark.inner_loops
    # pyperf refuses metadata that are empty or of several lines.
    return {
        name: " ".join(fact.split()) or "unknown" if isinstance(fact, str) else fact
        for name, fact in metadata.items()
    }


def _of_block(block: Block) -> dict[str, str | int | float]:
    date = dt.datetime.fromtimestamp(block.started, tz=dt.UTC)
    return {
        "date": date.replace(tzinfo=None).isoformat(sep=" "),
        "duration": block.timed_seconds,
        "loops": block.loops,
        "perfkit_block": block.index,
        "perfkit_order": block.order,
        "perfkit_series": block.series,
        "perfkit_hash_seed": block.hash_seed,
    }
