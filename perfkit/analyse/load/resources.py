"""What a service's processes used while requests were counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.load.covered import covered, without
from perfkit.analyse.load.longrun import BLOCKS, FEWEST_TRIALS, Blocks, sums_of
from perfkit.analyse.load.percentiles import ratio_of_sums
from perfkit.analyse.load.slope import Track, slope
from perfkit.analyse.load.value import Resources
from perfkit.recording.events import CUT_OFF
from perfkit.recording.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.load.gather import Opened

_FEWEST_PARTS = 8  # of a stage by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stage of one segment, of one service.

    Attributes:
        stage: Index of the stage.
        begin: Seconds from the origin; after the warm-up.
        end: The same.
        turns: The service's windows in it; 1 when it had the load alone.
        share: Share of the time in which it had the load.
        answers: Answers of any kind that ended in it.
    """

    stage: int
    begin: float
    end: float
    turns: int
    share: float
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A service in one segment.

    Attributes:
        samples: Moments from the origin.
        spans: Stage by stage.
        peak: Highest resident memory from the origin to the end of the load; nan when unknown.
    """

    samples: Samples
    spans: tuple[Span, ...]
    peak: float


def watch(opened: Opened, target: int) -> Watched | None:
    """What is known of one of a segment's services; None when it was not sampled."""
    samples = opened.samples.get(opened.start.sides[target])
    if samples is None:
        return None
    own = covered(opened.profile, opened.start, target, seconds=opened.seconds, cut=0.0)
    own = without(own, *opened.warm_up)
    events = opened.events
    ends = np.sort(events.end[(events.target == target) & (events.outcome != CUT_OFF)])
    spans = []
    for stage in np.unique(own.stage).tolist():
        mine = own.stage == stage
        begin, end = float(own.begin[mine].min()), float(own.end[mine].max())
        first, last = np.searchsorted(ends, [begin, end])
        spans.append(
            Span(
                stage=stage,
                begin=begin,
                end=end,
                turns=int(mine.sum()),
                share=own.within(begin, end) / (end - begin),
                answers=int(last - first),
            )
        )
    inside = samples.between(0.0, opened.seconds).rss
    known = inside[inside >= 0]
    return Watched(
        samples=samples,
        spans=tuple(spans),
        peak=float(np.max(known)) if len(known) else float("nan"),
    )


def resources(
    watched: Sequence[Watched], stages: frozenset[int], confidence: float
) -> Resources | None:
    """What the service used in some stages, over all its segments.

    CPU is that of the time in which it had the load: between its turns it idles.

    Args:
        watched: Its segments.
        stages: Indices.
        confidence: Of the intervals.

    Returns:
        None when there are too few samples.
    """
    looks = [
        (one.samples, span, one.samples.between(span.begin, span.end), number)
        for number, one in enumerate(watched)
        for span in one.spans
        if span.stage in stages
    ]
    looks = [look for look in looks if len(look[2]) >= 2]  # noqa: PLR2004 - a rate needs two
    if not looks:
        return None
    inside = [look[2] for look in looks]
    rss = np.concatenate([one.rss[one.rss >= 0] for one in inside]).astype(np.float64)
    files = max(int(np.max(one.files)) for one in inside)
    used, blocks = _blocks(
        [_parts(samples, span, "cpu") for samples, span, *_ in looks],
        [number for *_, number in looks],
    )
    switches = [_parts(samples, span, "switches") for samples, span, *_ in looks]
    answers = sum(span.answers for _, span, *_ in looks)
    return Resources(
        rss_normal=float(np.median(rss)) if len(rss) else float("nan"),
        rss_peak=float(np.max(rss)) if len(rss) else float("nan"),
        rss_slope=slope([_track(one.samples, one.spans, stages) for one in watched], confidence),
        cpu=ratio_of_sums(used, blocks.lengths, confidence, blocks, count=sum(map(len, inside))),
        cpu_peak=max(_peak(samples, span) for samples, span, *_ in looks),
        cpu_per_request=float(used.sum()) / answers if answers else None,
        threads=max(int(np.max(one.threads)) for one in inside),
        files=files if files >= 0 else None,
        switches=_total(switches),
        processes=max(int(np.max(one.processes)) for one in inside),
    )


def cpu_per_answer(watched: Watched, stages: frozenset[int]) -> float:
    """CPU seconds per answer of one segment; nan when it is not known."""
    spans = [span for span in watched.spans if span.stage in stages]
    answers = sum(span.answers for span in spans)
    used = sum(float(_parts(watched.samples, span, "cpu")[0].sum()) for span in spans)
    return used / answers if answers and used > 0 else float("nan")


def cpu_between(samples: Samples, moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """CPU seconds between neighbouring moments, by linear interpolation; nan outside."""
    return np.diff(_at(samples, "cpu", moments))


def _at(samples: Samples, name: str, moments: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(getattr(samples, name), dtype=np.float64)
    good = values >= 0
    if not good.any():
        return np.full(len(moments), np.nan)
    return np.interp(moments, samples.at[good], values[good], left=np.nan, right=np.nan)


def _parts(samples: Samples, span: Span, name: str) -> tuple[NDArray[np.float64], ...]:
    """What a counter rose by in equal parts of a span, and the service's own seconds of each.

    A part of a service that takes turns holds at least one turn of each side, where the order of a
    pair is drawn, so that parts are alike.
    """
    begin, end = max(span.begin, float(samples.at[0])), min(span.end, float(samples.at[-1]))
    most = max(int(((samples.at >= begin) & (samples.at <= end)).sum()) // 2, 1)
    number = min(BLOCKS, most, span.turns if span.turns > 1 else most)
    edges = np.linspace(begin, max(end, begin), number + 1)
    rises = np.diff(_at(samples, name, edges))
    good = np.isfinite(rises)
    return rises[good], np.diff(edges)[good] * span.share


def _blocks(
    parts: Sequence[tuple[NDArray[np.float64], ...]], segments: Sequence[int]
) -> tuple[NDArray[np.float64], Blocks]:
    """One series of parts, stage after stage; of many trials one block a trial."""
    rises = np.concatenate([rise for rise, _ in parts])
    lengths = np.concatenate([length for _, length in parts])
    if len(set(segments)) >= FEWEST_TRIALS:
        trial = np.repeat(segments, [len(rise) for rise, _ in parts])
        _, trial = np.unique(trial, return_inverse=True)
        seconds = sums_of(trial, lengths)
        return sums_of(trial, rises), Blocks(lengths=seconds, bounds=(), independent=True)
    bounds = [0]
    for end in np.cumsum([len(rise) for rise, _ in parts]).tolist():
        if end - bounds[-1] >= _FEWEST_PARTS:
            bounds.append(end)
    bounds = [*bounds[:-1], len(rises)] if len(bounds) > 1 else [0, len(rises)]
    return rises, Blocks(lengths=lengths, bounds=tuple(bounds), independent=False)


def _total(parts: Sequence[tuple[NDArray[np.float64], ...]]) -> float:
    seconds = float(sum(length.sum() for _, length in parts))
    return float(sum(rise.sum() for rise, _ in parts)) / seconds if seconds else float("nan")


def _peak(samples: Samples, span: Span) -> float:
    """Highest CPU over a second, or over the whole when it is shorter."""
    length = span.end - span.begin
    edges = np.linspace(span.begin, span.end, max(int(length), 1) + 1)
    rates = cpu_between(samples, edges) / np.diff(edges)
    return float(np.nanmax(rates)) if np.isfinite(rates).any() else float("nan")


def _track(samples: Samples, spans: Sequence[Span], stages: frozenset[int]) -> Track:
    """Resident memory in some stages of one segment."""
    inside = samples.rss >= 0
    chosen = np.zeros(len(samples), dtype=np.bool_)
    for span in spans:
        if span.stage in stages:
            chosen |= (samples.at >= span.begin) & (samples.at <= span.end)
    inside &= chosen
    return Track(samples.at[inside], samples.rss[inside].astype(np.float64))
