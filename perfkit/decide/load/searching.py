"""From the searches of a run to the breaking point of each side, and to a verdict between two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.searches import compare_searches, middle, typical
from perfkit.analyse.load.value import LoadComparison, LoadMetric
from perfkit.decide.load.result import LoadRow
from perfkit.decide.load.rows import judge_row
from perfkit.decide.verdict import Verdict
from perfkit.profile.value import Model
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.searches import Searched
    from perfkit.analyse.load.value import Breakpoint
    from perfkit.recording.load import LoadRun


def points_of(searches: Sequence[Searched]) -> tuple[Breakpoint, ...]:
    """The breaking point of each side over its searches, baseline first.

    A search that was interrupted counts only while there is no other.
    """
    whole = [one for one in searches if one.finished] or searches
    by_side = [[x for one in whole for x in one.points if x.side is side] for side in Side]
    return tuple(typical(points) for points in by_side if points)


def search_rows(searches: Sequence[Searched], run: LoadRun) -> tuple[LoadRow, ...]:
    """Breaking points and highest throughputs of two sides, with a verdict where one may rest.

    Too few pairs of searches decide nothing. Nor does a row from which pairs had to be left out,
    since no breaking point was found within the limits or the generator was the bottleneck: that
    happens to the better side sooner, so that the pairs that are left do not speak for all.
    """
    whole = [one for one in searches if one.finished and len(one.points) == len(Side)]
    if not whole:
        return ()
    if len(whole) == 1:
        return _alone(whole[0], run)
    found = compare_searches(
        whole,
        confidence=run.confidence,
        margin=run.margin,
        users=run.profile.model is Model.CLOSED,
    )
    return tuple(judge_row(one, trials=len(whole), margin=run.margin) for one in found)


def _alone(pair: Searched, run: LoadRun) -> tuple[LoadRow, ...]:
    """One search of each side: the ratio's ends are what the two intervals allow, no more."""
    rows = []
    if not all(one.valid for one in pair.points):
        return ()
    if all(math.isfinite(middle(one)) for one in pair.points):
        levels = [
            Estimate(value=middle(x), low=x.low, high=x.high, confidence=run.confidence, n=1)
            for x in pair.points
        ]
        rows.append(_single(LoadMetric.BREAKPOINT, *levels))
    most = [one.max_throughput for one in pair.points]
    if all(most):
        known = [
            Estimate(value=rate or 0.0, low=0.0, high=math.inf, confidence=run.confidence, n=1)
            for rate in most
        ]
        rows.append(_single(LoadMetric.MAX_THROUGHPUT, *known))
    return tuple(rows)


def _single(metric: LoadMetric, baseline: Estimate, candidate: Estimate) -> LoadRow:
    ratio = Estimate(
        value=candidate.value / baseline.value,
        low=candidate.low / baseline.high,
        high=candidate.high / baseline.low if baseline.low else math.inf,
        confidence=baseline.confidence,
        n=1,
    )
    comparison = LoadComparison(
        metric=metric,
        difference=False,
        ratio=ratio,
        baseline=baseline,
        candidate=candidate,
        effects=(math.log(ratio.value),),
        detectable=math.inf,
        p_value=1.0,
        trials_needed=None,
    )
    return LoadRow(comparison=comparison, verdict=Verdict.INCONCLUSIVE)
