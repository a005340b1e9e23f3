"""Trials that a figure of a comparison has to do without, and what that takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.load.trials import throughput_metric
from perfkit.analyse.load.value import LoadMetric
from perfkit.caveat import Caveat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.decide.load.result import LoadResult
    from perfkit.recording.load import LoadRecording

MISSING = "trials-missing"
"""Code of the caveat."""

_OF_ANSWERS = (LoadMetric.P50, LoadMetric.P95, LoadMetric.P99, LoadMetric.MEAN)


def missing_trials(recording: LoadRecording, result: LoadResult) -> dict[LoadMetric, int]:
    """How many trials each figure lacks, where it lacks any; all, where no trial has it.

    A side that answers nothing has no response time and no throughput in that trial. What is left
    are its better trials, so that they do not speak for all.
    """
    if recording.run.mode != "compare" or recording.run.candidate is None:
        return {}
    wanted = (*_OF_ANSWERS, throughput_metric(recording.run.profile), LoadMetric.ERROR_RATE)
    known = dict.fromkeys(wanted, 0)
    known |= {row.comparison.metric: row.comparison.ratio.n for row in result.rows}
    return {metric: result.trials - n for metric, n in known.items() if n < result.trials}


def missing_caveats(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    """Names the figures that are left open for it."""
    missing = missing_trials(recording, result)
    if missing:
        each = ", ".join(
            f"{metric} {count} of {result.trials}" for metric, count in missing.items()
        )
        yield Caveat(
            code=MISSING,
            text="a side has no figure in some trials, having answered nothing, say, and what is "
            f"left decides nothing: {each}",
            remedy="look at the error rates and at the services' logs, and mend what fails first",
            benchmark=None,
        )
