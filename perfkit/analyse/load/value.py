"""The result types of the analysis of a load run. Times in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from perfkit.analyse.estimate import Estimate
from perfkit.variant import Side

CURVE = (
    *(step / 100 for step in range(1, 100)),
    0.992, 0.994, 0.995, 0.996, 0.997, 0.998, 0.999,
)  # fmt: skip
"""Quantiles of the percentile curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long right answers took. Intervals respect that requests resemble their neighbours.

    Attributes:
        count: Number of right answers.
        mean: Arithmetic mean.
        p50: Median.
        p90: 90th percentile.
        p95: 95th percentile.
        p99: 99th percentile.
        p999: 99.9th percentile, or None with fewer than 1000 answers.
        maximum: The longest.
    """

    count: int
    mean: Estimate
    p50: Estimate
    p90: Estimate
    p95: Estimate
    p99: Estimate
    p999: Estimate | None
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the service's process tree used.

    Attributes:
        rss_normal: Median resident memory.
        rss_peak: Highest resident memory.
        rss_slope: Bytes per second (Theil–Sen); its interval excludes 0 when memory grows.
        cpu: Mean CPU, 1.0 being one CPU.
        cpu_peak: Highest CPU over a second.
        cpu_per_request: CPU seconds per answered request, or None without answers.
        threads: Most threads at once.
        files: Most open files at once, or None when they cannot be counted.
        switches: Context switches per second.
        processes: Most processes at once.
    """

    rss_normal: float
    rss_peak: float
    rss_slope: Estimate
    cpu: Estimate
    cpu_peak: float
    cpu_per_request: float | None
    threads: int
    files: int | None
    switches: float
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPercentile:
    """A percentile of the response time trial by trial, every failure slower than any answer.

    Attributes:
        quantile: Which.
        typical: Of a typical trial, its interval from the spread between trials; n is their number.
        each: Of each trial, in order; inf where failures reach down to it.
    """

    quantile: float
    typical: Estimate
    each: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One phase, or the whole load without its ramps, on one side.

    Attributes:
        phase: Name of the stage; None for all stages that are no ramps.
        request: Name of the request; None for all together.
        seconds: Time it covers (of its own windows, when two services took turns).
        sent: Requests whose intended start lies in it.
        answered: Of these, answered rightly.
        failed: Of these, failed.
        cut_off: Of these, cut off at the end.
        response: From the intended start; None when nothing was answered.
        service: From the actual start; None when nothing was answered.
        p95_with_failures: 95th percentile of the response time with every failure slower than any
            answer: inf when more than 5 % failed. None when nothing was sent.
        p99_with_failures: The same, 99th.
        error_rate: Failed / (answered + failed), or None when nothing ended.
        check_rate: Share of requests of which no check failed, or None.
        throughput: Answers of any kind per second.
        goodput: Right answers per second.
        lateness: 99th percentile of actual less intended start.
        resources: Of the service's process tree, or None.
        errors: ``(text, count)``, most frequent first.
        with_failures: ``(quantile, percentile)`` of the response time with every failure slower
            than any answer: 50, 90, 95, 99 and those the profile's thresholds name.
        trials: Trials it covers.
        by_trial: The same percentiles trial by trial; those for which trials and their requests
            suffice.
        error_answers: Share that the service itself answered with a status of 400 or more, among
            those that failed; of all that ended, as ``error_rate``. None when nothing ended.
        slowest: The longest response time of all, failures being slower than any answer: inf when
            any failed, at least what those cut off had waited already; nan when nothing was sent.
        blocks: Blocks of time (trials, from six on) that bear witness that something never was:
            `perfkit.analyse.load.longrun.witnesses`.
    """

    phase: str | None
    request: str | None
    seconds: float
    sent: int
    answered: int
    failed: int
    cut_off: int
    response: Latency | None
    service: Latency | None
    p95_with_failures: Estimate | None
    p99_with_failures: Estimate | None
    error_rate: Estimate | None
    check_rate: Estimate | None
    throughput: Estimate
    goodput: Estimate
    lateness: float
    resources: Resources | None
    errors: tuple[tuple[str, int], ...]
    with_failures: tuple[tuple[float, Estimate], ...] = ()
    trials: int = 1
    by_trial: tuple[TrialPercentile, ...] = ()
    error_answers: Estimate | None = None
    slowest: float = float("nan")
    blocks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One side over time, window by window; all arrays of shape (n,). NaN where there is nothing.

    Attributes:
        seconds: Middle of each window, from the origin.
        width: Length of a window.
        level: Users or rate of the profile.
        sent: Requests per second by intended start.
        throughput: Answers per second by their end.
        errors: Share of answers that failed.
        p50: Median response time of right answers, by intended start.
        p95: 95th percentile.
        p99: 99th percentile.
        service_p95: 95th percentile of the service time.
        rss: Resident memory.
        cpu: CPU, 1.0 being one CPU.
    """

    seconds: NDArray[np.float64]
    width: float
    level: NDArray[np.float64]
    sent: NDArray[np.float64]
    throughput: NDArray[np.float64]
    errors: NDArray[np.float64]
    p50: NDArray[np.float64]
    p95: NDArray[np.float64]
    p99: NDArray[np.float64]
    service_p95: NDArray[np.float64]
    rss: NDArray[np.float64]
    cpu: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Percentiles of the right answers of one side at `CURVE`'s quantiles.

    Attributes:
        quantiles: The quantiles the answers suffice for.
        response: Response times.
        service: Service times.
    """

    quantiles: tuple[float, ...]
    response: tuple[float, ...]
    service: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How long the service took to be itself again after the stress ended.

    Attributes:
        seconds: From the end of the stress to the first moment from which windowed p95 and error
            rate stay within tolerance for ``stay`` seconds; None when that never came.
        observed: Seconds looked at after the stress: a lower bound when ``seconds`` is None.
        p95_before: The level before the stress.
        error_rate_before: The same.
        tolerance: Relative tolerance of p95 (and absolute of the error rate).
        stay: Seconds it must stay there.
    """

    seconds: float | None
    observed: float
    p95_before: float
    error_rate_before: float
    tolerance: float
    stay: float


class HealthProblem(StrEnum):
    """Why a generator is not to be believed."""

    CPU = "cpu"
    LAG = "lag"
    SLIP = "slip"
    RATE = "rate"
    LOST = "lost"
    INCOMPLETE = "incomplete"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the generator did, over all segments of one side or of the run.

    Attributes:
        cpu_busy: Share of seconds in which a worker's CPU was above 90 %, of the worst worker.
        cpu_max: Highest CPU of a worker in a second.
        lag_p99: 99th percentile of the event loop's lag by second.
        slip_p99: 99th percentile of the generator's own part of the lateness.
        achieved: Requests sent / arrivals planned (open model), or None.
        lost: Share of the users' time that the generator's lateness took (closed model), or None.
        waited: Share of the time a generator process stood in line for a CPU, of the worst; None
            where the system does not tell.
        unsent: Arrivals for which no user was free before the end.
        sent: Requests sent.
        accounted: Answered + failed + cut off + in flight at the end.
        complete: Every worker handed over all its events.
        counts_match: Rows on disk are what the workers counted.
        response_p99: What ``slip_p99`` is to be seen against, failures and all; None without any.
        clock_error: Largest error of a remote worker's clock.
    """

    cpu_busy: float
    cpu_max: float
    lag_p99: float
    slip_p99: float
    achieved: float | None
    lost: float | None
    waited: float | None
    unsent: int
    sent: int
    accounted: int
    complete: bool
    counts_match: bool
    response_p99: float | None
    clock_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLoad:
    """All that is known of one side.

    Attributes:
        side: Which side; `Side.BASELINE` for a run of one.
        overall: The load without its ramps.
        phases: Stage by stage, ramps included; all requests together.
        requests: Of the load without ramps, by request name.
        timeline: Over time; of the first complete trial, where there are several.
        curve: Percentile curve over the load without ramps.
        recovery: After a stress; None when the profile has none.
    """

    side: Side
    overall: Summary
    phases: tuple[Summary, ...]
    requests: tuple[Summary, ...]
    timeline: Timeline
    curve: Curve
    recovery: Recovery | None


class LoadMetric(StrEnum):
    """What two sides are compared by."""

    P50 = "p50 response"
    P95 = "p95 response"
    P99 = "p99 response"
    MEAN = "mean response"
    THROUGHPUT = "throughput"
    MAX_THROUGHPUT = "maximum throughput"
    RSS = "memory (RSS)"
    CPU_PER_REQUEST = "CPU per request"
    ERROR_RATE = "error rate"
    BREAKPOINT = "breaking point"


MORE_IS_BETTER = frozenset(
    {LoadMetric.THROUGHPUT, LoadMetric.MAX_THROUGHPUT, LoadMetric.BREAKPOINT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadComparison:
    """Two sides by one metric; the trial is the unit.

    Attributes:
        metric: By what.
        difference: ``ratio`` is candidate - baseline (error rate) instead of candidate / baseline.
        ratio: The comparison; its n is the number of trials.
        baseline: The baseline's level over trials.
        candidate: The candidate's.
        effects: Log ratio (or difference) of each trial, in order.
        detectable: Smallest relative (absolute, of a difference) change found with 80 % power.
        p_value: Two-sided p-value of "no difference".
        trials_needed: Trials with which the interval's half-width would be the margin, were the
            spread to stay as it is; None when that cannot be told.
    """

    metric: LoadMetric
    difference: bool
    ratio: Estimate
    baseline: Estimate
    candidate: Estimate
    effects: tuple[float, ...]
    detectable: float
    p_value: float
    trials_needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One steady window of a breaking-point search.

    Attributes:
        trial: Number of the probe.
        side: Which side.
        level: Users or rate.
        good: Every breaking threshold held; None when it could not be told (generator, failure).
        reason: Which threshold broke; empty when none did.
        throughput: Answers per second.
        p50: Median response time; nan without answers.
        p95: 95th percentile.
        error_rate: Share that failed.
        valid: The generator was not the bottleneck.
        search: Number of the search it belongs to, from 0.
    """

    trial: int
    side: Side
    level: float
    good: bool | None
    reason: str
    throughput: float
    p50: float
    p95: float
    error_rate: float
    valid: bool
    search: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoint:
    """Where a service breaks; of several searches the medians.

    Attributes:
        side: Which side.
        low: Highest level that held, twice; 0.0 when the lowest probe broke.
        high: Lowest level that broke, twice; inf when none did ("not reached").
        reason: Which threshold broke at ``high``; empty when none did.
        max_throughput: Highest throughput of a good probe, or None.
        valid: Neither end rests on a probe in which the generator was the bottleneck.
        probes: In the order run; sorted by level they are the latency–throughput curve.
        searches: How many searches it is of.
    """

    side: Side
    low: float
    high: float
    reason: str
    max_throughput: float | None
    valid: bool
    probes: tuple[ProbeResult, ...]
    searches: int = 1
