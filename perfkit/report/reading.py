"""How to read a report: for somebody who sees one for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.recording import Run

_SAME = """
Both sides are the same variant. Every difference found here is an error of the measurement, and
the report shows how large such errors are on this machine.
"""

_TEXT = """
Every change is that of the time of one iteration, candidate against baseline: +3 % takes 3 %
longer, -3 % takes 3 % less time. The brackets hold the {level} % interval: the true changes these
measurements are compatible with. It allows for every look taken at the numbers meanwhile.

Equivalent: the whole interval lies between {low} % and +{margin} %, the margin of practical
significance. Slower or faster: the whole interval lies on one side of zero. Inconclusive: neither
could be shown, which is no proof that nothing changed.

The smallest detectable change is what this many blocks would have found with a chance of 80 %;
a smaller one may well have gone unnoticed.

Memory is judged against the same margin: larger, smaller, equivalent or inconclusive. Peak is the
highest resident memory of a benchmark's whole process. Traced is what one call of the benchmark
allocates at its peak, by tracemalloc, in a pass of its own after the timed turns; where it stays
below 4 KiB on both sides it is not judged, and a side below counts as 4 KiB.

A block is one fresh process of each side, alive together and measured in short alternating turns.
Blocks, not turns, count as independent observations. The change is formed within each block, where
both sides share what the machine does, so it may differ from the quotient of the two times shown.

Intervals hold benchmark by benchmark. Among many benchmarks without any difference, an interval
misses zero by chance in {error} of 100 cases at most.
"""


def how_to_read(run: Run, *, same: bool) -> tuple[str, ...]:
    """Paragraphs, each on one line, with the run's own margin and confidence."""
    margin, confidence = run.goal.margin, run.goal.confidence
    text = (_SAME + _TEXT if same else _TEXT).format(
        level=f"{confidence * 100:g}",
        low=f"{(1 / (1 + margin) - 1) * 100:.1f}",
        margin=f"{margin * 100:g}",
        error=f"{(1 - confidence) * 100:.3g}",
    )
    return tuple(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
