"""One phase, or the whole load without its ramps, on one side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.gather import Counted
from perfkit.analyse.load.longrun import (
    BLOCKS,
    FEWEST_TRIALS,
    Blocks,
    blocks_for,
    sums_of,
    witnesses,
)
from perfkit.analyse.load.percentiles import (
    Placed,
    mean,
    percentiles,
    place,
    ratio_of_sums,
    share,
)
from perfkit.analyse.load.typical import typical_percentiles
from perfkit.analyse.load.value import CURVE, Curve, Latency, Summary
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.value import Resources

SHOWN = (0.5, 0.9, 0.95, 0.99)
"""Percentiles of every table."""

LEAST = 0.0
"""Stands for the shortest response time among the quantiles wanted."""

FAR = 0.999
_FEWEST_BLOCKS = 8  # of a stage
ENOUGH_FOR_FAR = 1000
"""Answers from which the 99.9th percentile is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The requests of some stages, cut into blocks of time.

    Attributes:
        counted: Whence.
        due: Which requests, as indices; None for all.
        block: Block of each of them.
        ended: Which answers, likewise.
        ended_block: Block of each of them.
        blocks: The blocks.
    """

    counted: Counted
    due: NDArray[np.intp] | None
    block: NDArray[np.int32]
    ended: NDArray[np.intp] | None
    ended_block: NDArray[np.int32]
    blocks: Blocks

    def of(self, name: str) -> NDArray[np.generic]:
        """A column of the chosen requests."""
        values: NDArray[np.generic] = getattr(self.counted, name)
        return values if self.due is None else values[self.due]

    def of_ended(self, name: str) -> NDArray[np.generic]:
        """A column of the chosen answers."""
        values: NDArray[np.generic] = getattr(self.counted, name)
        return values if self.ended is None else values[self.ended]


def choose(counted: Counted, stages: frozenset[int], request: int | None = None) -> Chosen:
    """The requests of some stages, and of one name.

    Args:
        counted: All that count.
        stages: Indices of stages.
        request: Index of the name, or None for all.
    """
    mine = np.isin(counted.stage, list(stages))
    due = _indices(mine, counted.stretch, counted.request, request)
    ended = _indices(mine, counted.ended, counted.ended_request, request)
    stretch = counted.stretch if due is None else counted.stretch[due]
    ended_stretch = counted.ended if ended is None else counted.ended[ended]
    lengths = np.where(mine, counted.end - counted.begin, 0.0)
    trials, trial = np.unique(counted.segment, return_inverse=True)
    if len(trials) >= FEWEST_TRIALS:
        number = trial.astype(np.int32)
        blocks = Blocks(lengths=sums_of(number, lengths), bounds=(), independent=True)
        block, ended_block = number[stretch], number[ended_stretch]
    else:
        first, scale, blocks = _cut(counted, mine, stretch, lengths)
        within = counted.within if due is None else counted.within[due]
        block = (first[stretch] + within * scale[stretch]).astype(np.int32)
        within = counted.ended_within if ended is None else counted.ended_within[ended]
        ended_block = (first[ended_stretch] + within * scale[ended_stretch]).astype(np.int32)
        for one in (block, ended_block):  # the last moment may be rounded into the next block
            np.minimum(one, len(blocks) - 1, out=one)
    return Chosen(
        counted=counted,
        due=due,
        block=block,
        ended=ended,
        ended_block=ended_block,
        blocks=blocks,
    )


def _cut(
    counted: Counted,
    mine: NDArray[np.bool_],
    stretch: NDArray[np.int32],
    lengths: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], Blocks]:
    """Cut each stage's own time into blocks.

    Returns:
        For each stretch the (fractional) block it begins in and blocks a second; the blocks.
    """
    requests = np.bincount(stretch, minlength=len(mine))
    total = float(lengths.sum())
    first = np.zeros(len(mine))
    scale = np.zeros(len(mine))
    bounds, every = [0], []
    for stage in np.unique(counted.stage[mine]).tolist():
        here = mine & (counted.stage == stage)
        seconds = float(lengths[here].sum())
        most = max(round(BLOCKS * seconds / total), _FEWEST_BLOCKS)
        number = min(blocks_for(int(requests[here].sum())), most)
        scale[here] = number / seconds
        first[here] = bounds[-1] + (np.cumsum(lengths[here]) - lengths[here]) * scale[here]
        every.append(np.full(number, seconds / number))
        bounds.append(bounds[-1] + number)
    return (
        first.astype(np.float32),
        scale.astype(np.float32),
        Blocks(
            lengths=np.concatenate(every) if every else np.zeros(1),
            bounds=tuple(bounds) if every else (0, 1),
            independent=False,
        ),
    )


def _indices(
    mine: NDArray[np.bool_],
    stretch: NDArray[np.int32],
    names: NDArray[np.int16],
    request: int | None,
) -> NDArray[np.intp] | None:
    if request is None and mine.all():
        return None
    chosen: NDArray[np.bool_] = mine[stretch]
    return np.flatnonzero(chosen if request is None else chosen & (names == request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a summary is of, and how sure it is to be.

    Attributes:
        phase: Name of the stage, or None.
        request: Name of the request, or None.
        quantiles: Percentiles wanted beside the shown ones, failures included.
        checked: The scenario has checks.
        confidence: Of the intervals.
    """

    phase: str | None
    request: str | None
    quantiles: tuple[float, ...]
    checked: bool
    confidence: float


def summarise(chosen: Chosen, labels: Labels, used: Resources | None) -> tuple[Summary, Curve]:
    """All figures of some requests, and their percentile curve.

    Args:
        chosen: The requests.
        labels: What they are.
        used: What the service used meanwhile.
    """
    confidence = labels.confidence
    outcome = chosen.of("outcome")
    right = outcome == ANSWERED
    failed = outcome == FAILED
    right_block = chosen.block if right.all() else chosen.block[right]
    response = _placed(chosen, "response", right, right_block)
    service = _placed(chosen, "service", right, right_block)
    failures = chosen.blocks.counts(chosen.block[failed])
    over = response.counts() + failures
    far = len(response) >= ENOUGH_FOR_FAR
    plain = _percentiles(response, (*SHOWN, *((FAR,) if far else ())), confidence, None)
    strict = _with_failures(response, plain, failures, labels)
    ended, ended_right = chosen.ended_block, chosen.of_ended("ended_right")
    rates = [
        ratio_of_sums(
            chosen.blocks.counts(block).astype(np.float64),
            chosen.blocks.lengths,
            confidence,
            chosen.blocks,
            count=len(block),
        )
        for block in (ended, ended[ended_right.astype(np.bool_)])
    ]
    kept = chosen.of("checked").astype(np.bool_) & (outcome != CUT_OFF)
    summary = Summary(
        phase=labels.phase,
        request=labels.request,
        seconds=float(chosen.blocks.lengths.sum()),
        sent=len(outcome),
        answered=int(right.sum()),
        failed=int(failed.sum()),
        cut_off=int((outcome == CUT_OFF).sum()),
        response=_latency(response, plain, confidence),
        service=_latency(
            service, _percentiles(service, tuple(plain), confidence, None), confidence
        ),
        p95_with_failures=strict.get(0.95),
        p99_with_failures=strict.get(0.99),
        error_rate=share(failures, over, confidence, chosen.blocks),
        check_rate=(
            share(chosen.blocks.counts(chosen.block[kept]), over, confidence, chosen.blocks)
            if labels.checked
            else None
        ),
        throughput=rates[0],
        goodput=rates[1],
        lateness=_lateness(chosen),
        resources=used,
        errors=_errors(chosen, failed),
        with_failures=tuple(strict.items()),
        trials=len(np.unique(chosen.counted.segment)),
        by_trial=(
            typical_percentiles(response, failures, [*strict], confidence)
            if chosen.blocks.independent
            else ()
        ),
        error_answers=share(
            chosen.blocks.counts(chosen.block[chosen.of("refused").astype(np.bool_)]),
            over,
            confidence,
            chosen.blocks,
        ),
        slowest=_slowest(chosen, failed),
        blocks=witnesses(over, chosen.blocks),
    )
    return summary, _curve(response, service)


def _placed(
    chosen: Chosen, name: str, right: NDArray[np.bool_], block: NDArray[np.int32]
) -> Placed:
    values = chosen.of(name).astype(np.float64, copy=False)
    return place(values if right.all() else values[right], block, chosen.blocks)


def _percentiles(
    placed: Placed,
    wanted: Sequence[float],
    confidence: float,
    failures: NDArray[np.int64] | None,
) -> dict[float, Estimate]:
    return dict(zip(wanted, percentiles(placed, wanted, confidence, failures), strict=True))


def _latency(placed: Placed, found: dict[float, Estimate], confidence: float) -> Latency | None:
    if not len(placed):
        return None
    return Latency(
        count=len(placed),
        mean=mean(placed, confidence),
        p50=found[0.5],
        p90=found[0.9],
        p95=found[0.95],
        p99=found[0.99],
        p999=found.get(FAR),
        maximum=float(placed.ordered[-1]),
    )


def _with_failures(
    placed: Placed, plain: dict[float, Estimate], failures: NDArray[np.int64], labels: Labels
) -> dict[float, Estimate]:
    """The same with failures counted as slower than any; the smallest of all as quantile 0."""
    if not len(placed) and not failures.sum():
        return {}
    wanted = {*SHOWN, *labels.quantiles} - {LEAST}
    found = {} if failures.any() else {q: plain[q] for q in wanted & plain.keys()}
    rest = sorted(wanted - found.keys())
    found |= _percentiles(placed, rest, labels.confidence, failures)
    if LEAST in labels.quantiles and len(placed):
        least = float(placed.ordered[0])
        found[LEAST] = Estimate(
            value=least, low=least, high=least, confidence=labels.confidence, n=len(placed)
        )
    return dict(sorted(found.items()))


def _slowest(chosen: Chosen, failed: NDArray[np.bool_]) -> float:
    """Whoever was cut off would have waited longer still."""
    if failed.any():
        return float("inf")
    return float(np.max(chosen.of("response"))) if len(failed) else float("nan")


def _lateness(chosen: Chosen) -> float:
    late = chosen.of("response").astype(np.float64) - chosen.of("service").astype(np.float64)
    if not len(late):
        return float("nan")
    rank = max(int(np.ceil(0.99 * len(late) - 1e-9)), 1) - 1
    late.partition(rank)
    return float(late[rank])


def _errors(chosen: Chosen, failed: NDArray[np.bool_]) -> tuple[tuple[str, int], ...]:
    texts = chosen.counted.errors
    numbers = chosen.of("error")[failed].astype(np.int64)
    counts = np.bincount(numbers[numbers >= 0], minlength=len(texts)).tolist()
    found = [(text, count) for text, count in zip(texts, counts, strict=True) if count]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


def _curve(response: Placed, service: Placed) -> Curve:
    """As far up as two answers or more lie beyond."""
    count = len(response)
    quantiles = tuple(q for q in CURVE if count * (1 - q) >= 2)  # noqa: PLR2004
    return Curve(
        quantiles=quantiles,
        response=_at(response.ordered, quantiles),
        service=_at(service.ordered, quantiles),
    )


def _at(ordered: NDArray[np.float64], quantiles: Sequence[float]) -> tuple[float, ...]:
    ranks = [max(int(np.ceil(q * len(ordered) - 1e-9)), 1) - 1 for q in quantiles]
    return tuple(ordered[ranks].tolist()) if ranks else ()
