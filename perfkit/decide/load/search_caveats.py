"""What to know of a breaking point, or a highest throughput, before trusting it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.load.trials import throughput_metric
from perfkit.analyse.load.value import LoadMetric
from perfkit.caveat import run_caveat
from perfkit.service import ServiceKind
from perfkit.units import format_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.caveat import Caveat
    from perfkit.decide.load.result import LoadResult
    from perfkit.recording.load import LoadRecording


def search_caveats(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    """All of them.

    Args:
        recording: The run.
        result: Its result, still without caveats.
    """
    yield from _ends(recording, result)
    yield from _assumed(recording, result)


def _ends(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    """Searches that did not find where a service breaks."""
    compared = recording.run.candidate is not None
    for one in result.breakpoints:
        who = f"{one.side}: " if compared else ""
        if not one.valid:
            last = one.probes[-1]
            reason = f" ({last.reason})" if last.reason else ""
            open_ = last.valid and last.good is None
            failed = last.trial in {failure.trial for failure in result.failures}
            yield run_caveat(
                "breakpoint-invalid",
                f"{who}the search ended where probes told nothing of the service{reason}",
                "see the logs in the run's folder, and search again"
                if failed
                else "measure for longer at each level"
                if open_
                else "give the generator more processes or CPUs, or take the last level that held "
                "for a lower bound",
            )
        elif math.isinf(one.high):
            top = max(probe.level for probe in one.probes)
            search = recording.run.search
            if search is not None and top < search.limit:
                yield run_caveat(
                    "breakpoint-open",
                    f"{who}the search was not finished; it held up to {format_level(one.low)}",
                    "go on with --resume and the run's folder",
                )
                continue
            yield run_caveat(
                "breakpoint-not-reached",
                f"{who}it held up to {format_level(top)}, the highest level tried",
                "raise the limit to find where it breaks",
            )


def _assumed(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    """What a highest throughput, or a breaking point, takes for granted."""
    run = recording.run
    searched = run.mode == "breakpoint"
    if searched and result.breakpoints and run.service.kind is ServiceKind.URL:
        yield run_caveat(
            "same-service",
            "every probe met the same running service, which those before it may have changed",
            "let perfkit start it (--app, --command), so that each probe meets a fresh one",
        )
    claims = searched or throughput_metric(run.profile) is LoadMetric.MAX_THROUGHPUT
    known = run.ceiling is not None or run.method.remote_workers
    if claims and not known and (result.sides or result.breakpoints):
        yield run_caveat(
            "ceiling-unknown",
            "the most that this generator can send was never measured, so that only its own "
            "lateness and CPU tell whether a highest throughput is the service's",
            "run 'perfkit load calibrate' once; later runs know it",
        )
