"""Synthetic load runs with stated numbers, so that kept files depend on the rendering alone."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.value import (
    CURVE,
    Breakpoint,
    Curve,
    Health,
    HealthProblem,
    Latency,
    LoadComparison,
    LoadMetric,
    ProbeResult,
    Recovery,
    Resources,
    SideLoad,
    Summary,
    Timeline,
)
from perfkit.caveat import Caveat
from perfkit.decide.load.result import (
    HealthVerdict,
    Holds,
    LoadResult,
    LoadRow,
    ThresholdVerdict,
    Validity,
)
from perfkit.decide.policy import load_policy
from perfkit.decide.verdict import Verdict
from perfkit.profile.threshold import Metric, Threshold
from perfkit.profile.value import Arrivals, Model, Profile, Scenario, Stage
from perfkit.recording import Finish, SideFacts
from perfkit.recording.load import (
    BackingReady,
    LoadFailure,
    LoadMethod,
    LoadRecording,
    LoadRun,
    SearchMethod,
    SegmentEnd,
    SegmentStart,
)
from perfkit.report.load.view import LoadView, build_load_view
from perfkit.service import Service, ServiceKind
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path("reports/2026-11-23-load-sustained-abc123")
HOSTILE = "<script>alert(1)</script>"
EVIL = "\x1b[31m]]>--><svg onload=alert(1)>$x^2$ {{ 7*7 }} &\"'"
STAGES = (
    Stage(name="up", seconds=60.0, target=100.0, role="ramp"),
    Stage(name="hold", seconds=300.0, target=100.0, role="hold"),
    Stage(name="down", seconds=60.0, target=0.0, role="ramp"),
)
STRESS = (
    Stage(name="normal", seconds=60.0, target=100.0, role="before"),
    Stage(name="high", seconds=60.0, target=400.0, role="stress"),
    Stage(name="extreme", seconds=60.0, target=800.0, role="stress"),
    Stage(name="recovery", seconds=120.0, target=100.0, role="recovery"),
)


@dataclass(frozen=True)
class Made:
    """A load run in all its forms."""

    recording: LoadRecording
    result: LoadResult
    view: LoadView


def remake(recording: LoadRecording, result: LoadResult) -> Made:
    return Made(recording, result, build_load_view(recording, result, load_policy(None)))


def around(value: float, share: float = 0.03, n: int = 12_000) -> Estimate:
    return Estimate(
        value=value, low=value * (1 - share), high=value * (1 + share), confidence=0.95, n=n
    )


def variant(side: Side, version: str) -> Variant:
    python = Interpreter(
        executable=f"/opt/python/{version}/bin/python",
        implementation="cpython",
        version=version,
        free_threaded=False,
        build=f"{version} (main, Oct  7 2024, 05:02:14) [GCC 12.2.0]",
        config_args="'--enable-optimizations' '--with-lto'",
        platform="linux-x86_64",
        found_by="pyenv",
    )
    return Variant(side=side, interpreter=python, requirements=(), environ=(), flags=())


def threshold(text: str, metric: Metric, limit: float, **changes: object) -> Threshold:
    one = Threshold(
        metric=metric,
        quantile=None,
        phase=None,
        operator="<",
        limit=limit,
        sustained=None,
        text=text,
    )
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


THRESHOLDS = (
    threshold("p(95)<150ms", Metric.PERCENTILE, 0.150, quantile=0.95),
    threshold("p(99)@hold<250ms", Metric.PERCENTILE, 0.250, quantile=0.99, phase="hold"),
    threshold("rate(errors)<1%", Metric.ERRORS, 0.01),
    threshold("throughput>1150/s", Metric.THROUGHPUT, 1150.0, operator=">"),
    threshold("rss<280MB", Metric.RSS, 280e6),
)


def make_profile(
    name: str = "sustained", stages: tuple[Stage, ...] = STAGES, **changes: object
) -> Profile:
    one = Profile(
        name=name,
        description="One hundred users for five minutes",
        source=Path(f"/home/me/project/benchmarks/load/{name}.yaml"),
        model=Model.CLOSED,
        start=0.0,
        stages=stages,
        requests=None,
        users=100,
        arrivals=Arrivals.UNIFORM,
        scenario=Scenario(
            requests=(),
            setup=(),
            variables=(),
            think=(1.0, 1.0),
            locustfile=None,
            timeout=30.0,
        ),
        thresholds=THRESHOLDS,
        aborts=(),
        breaks=(threshold("p(95)<200ms", Metric.PERCENTILE, 0.2, quantile=0.95),),
        sliced=True,
        trials=10,
        recovery=(0.1, 10.0),
        graceful_stop=5.0,
        time_scale=1.0,
        user_scale=1.0,
    )
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def make_recording(
    profile: Profile, *, candidate: bool, state: str | None = "finished", mode: str = ""
) -> LoadRecording:
    sides = (Side.BASELINE, Side.CANDIDATE) if candidate else (Side.BASELINE,)
    run = LoadRun(
        schema=1,
        id=FOLDER.name,
        mode=mode or ("compare" if candidate else "single"),
        created="2026-11-23T14:05:09+01:00",
        perfkit="0.1.0",
        seed=20261123,
        profile=profile,
        service=Service(
            kind=ServiceKind.REFERENCE,
            target="app:app",
            label="reference service",
            script=None,
            health="/health",
            ready_seconds=20.0,
            stop_seconds=5.0,
            pid=None,
            backing=("postgres", "valkey"),
        ),
        method=LoadMethod(
            engine="locust",
            engine_version="2.43.0",
            generator="CPython 3.13.0",
            workers=1,
            remote_workers=0,
            window_seconds=2.0,
            cut_seconds=0.5,
            sample_seconds=0.1,
            pin=True,
        ),
        search=SearchMethod(
            start=10.0, limit=1000.0, resolution=0.1, settle_seconds=1.0, hold_seconds=5.0
        )
        if mode == "breakpoint"
        else None,
        baseline=variant(Side.BASELINE, "3.12.1" if candidate else "3.13.0"),
        candidate=variant(Side.CANDIDATE, "3.13.0") if candidate else None,
        trials=10 if candidate else 1,
        margin=0.02,
        confidence=0.95,
        ceiling=4000.0,
        floor=0.0004,
        gate=False,
        allow_hosts=(),
        host={"system": "Linux 6.8.0", "cpu": "Example CPU 3.0 GHz", "cpus": 2},
        cwd="/home/me/project",
        policy=None,
        redacted=False,
    )
    facts = {
        side: SideFacts(
            python=f"/cache/{side}/bin/python",
            version="3.13.0",
            pyperf="",
            packages=(("anyio", anyio), ("fastapi", "0.121.0")),
        )
        for side, anyio in zip(sides, ("4.6.0", "4.6.2"), strict=False)
    }
    seconds = {"provision": 3.5, "load": 420.0, "analysis": 1.2, "total": 426.0}
    return LoadRecording(
        folder=FOLDER,
        run=run,
        sides=facts,
        backing=BackingReady(labels=("PostgreSQL 17.2", "Valkey 8.1"), shared=()),
        starts={},
        origins={},
        ends={},
        failures=(),
        trials={},
        finishes=() if state is None else (Finish(status=state, seconds=seconds),),
        cut=False,
    )


def make_latency(p50: float, *, failed: bool = False) -> Latency:
    return Latency(
        count=12_000,
        mean=around(p50 * 1.2),
        p50=around(p50),
        p90=around(p50 * 2.2),
        p95=around(p50 * 3.1),
        p99=around(p50 * 5.0, 0.06),
        p999=None if failed else around(p50 * 8.0, 0.15),
        maximum=p50 * 14,
    )


def make_summary(
    phase: str | None, p50: float, *, request: str | None = None, failed: int = 3
) -> Summary:
    response, errors = make_latency(p50), (("HTTP 503", 2), ("ConnectionRefusedError", 1))
    return Summary(
        phase=phase,
        request=request,
        seconds=300.0,
        sent=12_010,
        answered=12_000,
        failed=failed,
        cut_off=7,
        response=response,
        service=make_latency(p50 * 0.9),
        p95_with_failures=response.p95,
        p99_with_failures=response.p99,
        error_rate=around(failed / 12_003, 0.5),
        check_rate=around(0.999, 0.0005),
        throughput=around(1185.2, 0.004),
        goodput=around(1184.9, 0.004),
        lateness=0.0021,
        resources=Resources(
            rss_normal=245e6,
            rss_peak=262e6,
            rss_slope=Estimate(value=120.0, low=-800.0, high=1000.0, confidence=0.95, n=3000),
            cpu=around(0.42, 0.02, 300),
            cpu_peak=0.71,
            cpu_per_request=3.5e-4,
            threads=12,
            files=41,
            switches=2400.0,
            processes=1,
        ),
        errors=errors if failed else (),
    )


def make_timeline(stages: tuple[Stage, ...], p50: float, points: int = 210) -> Timeline:
    total = sum(stage.seconds for stage in stages)
    width = total / points
    at = (np.arange(points) + 0.5) * width
    ends = np.cumsum([0.0, *(stage.seconds for stage in stages)])
    level = np.interp(at, ends, [0.0, *(stage.target for stage in stages)])
    chance = np.random.default_rng(5)
    load = 0.4 + level / 100
    wave = chance.lognormal(0, 0.08, points)
    middle = p50 * load**0.5 * wave
    gap = at > ends[-1] - width * 3
    errors = np.where(level > 500, 0.06, 0.0004) * chance.random(points)
    return Timeline(
        seconds=at,
        width=width,
        level=level,
        sent=level * 12,
        throughput=np.minimum(level * 11.8, 4000) * chance.normal(1, 0.02, points),
        errors=np.where(gap, np.nan, errors),
        p50=np.where(gap, np.nan, middle),
        p95=np.where(gap, np.nan, middle * 3.1),
        p99=np.where(gap, np.nan, middle * 5.0 * chance.lognormal(0, 0.1, points)),
        service_p95=np.where(gap, np.nan, middle * 2.7),
        rss=230e6 + 15e6 * np.minimum(at / 100, 1),
        cpu=np.minimum(0.05 + level / 200, 1.0) * chance.normal(1, 0.03, points),
    )


def make_side(side: Side, p50: float, stages: tuple[Stage, ...] = STAGES) -> SideLoad:
    curve = tuple(p50 * (0.4 + 0.6 * (-math.log(1 - q) / math.log(2)) ** 0.9) for q in CURVE)
    recovery = None
    if any(stage.role == "recovery" for stage in stages):
        recovery = Recovery(
            seconds=42.5,
            observed=120.0,
            p95_before=p50 * 3.1,
            error_rate_before=0.0003,
            tolerance=0.1,
            stay=10.0,
        )
    return SideLoad(
        side=side,
        overall=make_summary(None, p50),
        phases=tuple(make_summary(stage.name, p50) for stage in stages),
        requests=(
            make_summary(None, p50, request="GET /api/v1/data"),
            make_summary(None, p50 * 2, request="POST /items"),
        ),
        timeline=make_timeline(stages, p50),
        curve=Curve(quantiles=CURVE, response=curve, service=tuple(x * 0.9 for x in curve)),
        recovery=recovery,
    )


def make_health(
    *problems: tuple[HealthProblem, str, str],
) -> HealthVerdict:
    return HealthVerdict(
        validity=Validity.INVALID if problems else Validity.VALID,
        problems=problems,
        health=Health(
            cpu_busy=0.02,
            cpu_max=0.83,
            lag_p99=0.004,
            slip_p99=0.003,
            achieved=None,
            lost=None,
            waited=None,
            unsent=0,
            sent=24_020,
            accounted=24_020,
            complete=True,
            counts_match=True,
            response_p99=0.225,
            clock_error=0.0,
        ),
    )


def held(
    limit: Threshold, side: Side, holds: Holds, value: float | None, reason: str = ""
) -> ThresholdVerdict:
    return ThresholdVerdict(
        threshold=limit,
        side=side,
        holds=holds,
        value=None if value is None else around(value),
        together=None,
        reason=reason,
    )


def all_pass(side: Side, p50: float) -> list[ThresholdVerdict]:
    values = (p50 * 3.1, p50 * 5.0, 0.00025, 1185.2, 245e6)
    return [
        held(limit, side, Holds.PASS, value)
        for limit, value in zip(THRESHOLDS, values, strict=True)
    ]


def by_trial(found: ThresholdVerdict, trials: int = 10) -> ThresholdVerdict:
    """A percentile's verdict as of so many trials."""
    if found.threshold.metric is not Metric.PERCENTILE or found.value is None:
        return found
    typical = around(found.value.value * 0.9, 0.08, trials)
    return dataclasses.replace(found, value=typical, together=found.value)


def make_row(
    metric: LoadMetric, ratio: float, base: float, verdict: Verdict, *, share: float = 0.01
) -> LoadRow:
    difference = metric is LoadMetric.ERROR_RATE
    value = around(ratio, share, 10)
    if difference:
        value = Estimate(value=ratio, low=ratio - 1e-4, high=ratio + 1e-4, confidence=0.95, n=10)
    return LoadRow(
        comparison=LoadComparison(
            metric=metric,
            difference=difference,
            ratio=value,
            baseline=around(base, 0.02, 10),
            candidate=around(base + ratio if difference else base * ratio, 0.02, 10),
            effects=(ratio if difference else math.log(ratio),) * 10,
            detectable=0.013,
            p_value=0.002,
            trials_needed=12 if verdict is Verdict.INCONCLUSIVE else 8,
        ),
        verdict=verdict,
    )


ROWS = (
    make_row(LoadMetric.P50, 0.981, 0.042, Verdict.INCONCLUSIVE, share=0.03),
    make_row(LoadMetric.P95, 0.859, 0.130, Verdict.FASTER),
    make_row(LoadMetric.P99, 0.862, 0.210, Verdict.FASTER, share=0.02),
    make_row(LoadMetric.MEAN, 0.84, 0.0504, Verdict.FASTER),
    make_row(LoadMetric.THROUGHPUT, 1.002, 1185.0, Verdict.EQUIVALENT, share=0.004),
    make_row(LoadMetric.RSS, 1.031, 245e6, Verdict.SLOWER, share=0.004),
    make_row(LoadMetric.CPU_PER_REQUEST, 0.93, 3.5e-4, Verdict.FASTER),
    make_row(LoadMetric.ERROR_RATE, 0.00002, 0.00025, Verdict.INCONCLUSIVE),
)
CAVEAT = Caveat(
    code="shared-cpu",
    text="the backing services share the generator's CPU",
    remedy="read CPU figures as the service's alone",
    benchmark=None,
)
SECONDS = {"provision": 3.5, "load": 420.0, "analysis": 1.2, "total": 426.0}


def make_result(sides: tuple[SideLoad, ...], **changes: object) -> LoadResult:
    one = LoadResult(
        sides=sides,
        health=make_health(),
        thresholds=tuple(x for side in sides for x in all_pass(side.side, 0.042)),
        rows=ROWS if len(sides) > 1 else (),
        breakpoints=(),
        failures=(),
        trials=10 if len(sides) > 1 else 1,
        caveats=(CAVEAT,),
        seconds=SECONDS,
    )
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def make_breakpoint(side: Side, low: float, high: float, **changes: object) -> Breakpoint:
    levels = (10.0, 50.0, 100.0, 200.0, 400.0, 300.0, low, high if math.isfinite(high) else low)
    probes = tuple(
        ProbeResult(
            trial=index,
            side=side,
            level=level,
            good=level <= low,
            reason="" if level <= low else "p(95)<200ms",
            throughput=min(level * 3.9, low * 3.7),
            p50=0.02 * (1 + (level / low) ** 3),
            p95=0.05 * (1 + (level / low) ** 3),
            error_rate=0.0 if level <= low else 0.031,
            valid=True,
        )
        for index, level in enumerate(levels)
    )
    one = Breakpoint(
        side=side,
        low=low,
        high=high,
        reason="" if math.isinf(high) else "p(95)<200ms",
        max_throughput=low * 3.7,
        valid=True,
        probes=probes,
    )
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def two(stages: tuple[Stage, ...] = STAGES) -> tuple[SideLoad, ...]:
    return (
        make_side(Side.BASELINE, 0.042, stages),
        make_side(Side.CANDIDATE, 0.036, stages),
    )


@pytest.fixture(scope="session")
def single() -> Made:
    """One Python, everything holds."""
    sides = (make_side(Side.BASELINE, 0.042),)
    return remake(make_recording(make_profile(), candidate=False), make_result(sides))


@pytest.fixture(scope="session")
def compared() -> Made:
    """Two Pythons in turn; the candidate is faster and needs more memory."""
    result = make_result(two())
    result = dataclasses.replace(result, thresholds=tuple(map(by_trial, result.thresholds)))
    return remake(make_recording(make_profile(), candidate=True), result)


@pytest.fixture(scope="session")
def better() -> Made:
    """Users without think time; the candidate is better beyond every target of the policy."""
    scenario = dataclasses.replace(make_profile().scenario, think=(0.0, 0.0))
    profile = make_profile("api-baseline", scenario=scenario, requests=10_000)
    rows = (
        make_row(LoadMetric.P95, 0.86, 0.18, Verdict.FASTER),
        make_row(LoadMetric.P99, 0.86, 0.28, Verdict.FASTER),
        make_row(LoadMetric.MEAN, 0.84, 0.05, Verdict.FASTER),
        make_row(LoadMetric.THROUGHPUT, 1.18, 1000.0, Verdict.FASTER),
        make_row(LoadMetric.RSS, 0.93, 256e6, Verdict.FASTER),
    )
    return remake(make_recording(profile, candidate=True), make_result(two(), rows=rows))


@pytest.fixture(scope="session")
def failing() -> Made:
    """One threshold fails, one cannot be told, one has no data."""
    side = make_side(Side.BASELINE, 0.052)
    verdicts = (
        held(THRESHOLDS[0], side.side, Holds.FAIL, 0.163),
        held(THRESHOLDS[1], side.side, Holds.INCONCLUSIVE, 0.249, "the limit lies inside"),
        held(THRESHOLDS[2], side.side, Holds.PASS, 0.00025),
        held(THRESHOLDS[4], side.side, Holds.NO_DATA, None, "no process was looked at"),
    )
    result = make_result((side,), thresholds=verdicts)
    return remake(make_recording(make_profile(), candidate=False), result)


@pytest.fixture(scope="session")
def invalid() -> Made:
    problem = (
        HealthProblem.CPU,
        "a worker's CPU was above 90 % in 41 % of seconds (limit 5 %)",
        "raise --workers or lower the rate",
    )
    result = make_result((make_side(Side.BASELINE, 0.042),), health=make_health(problem))
    return remake(make_recording(make_profile(), candidate=False), result)


@pytest.fixture(scope="session")
def stress() -> Made:
    """A stress profile of one side that broke and recovered; shrunk."""
    profile = make_profile("stress", STRESS, sliced=False, time_scale=0.02)
    side = make_side(Side.BASELINE, 0.042, STRESS)
    points = (make_breakpoint(Side.BASELINE, 400.0, 800.0),)
    result = make_result((side,), breakpoints=points)
    return remake(make_recording(profile, candidate=False), result)


@pytest.fixture(scope="session")
def searched() -> Made:
    """A search for the breaking point of both sides; one is not reached."""
    rows = (make_row(LoadMetric.MAX_THROUGHPUT, 1.18, 1560.0, Verdict.FASTER),)
    points = (
        make_breakpoint(Side.BASELINE, 420.0, 450.0),
        make_breakpoint(Side.CANDIDATE, 500.0, math.inf),
    )
    recording = make_recording(make_profile("breakpoint"), candidate=True, mode="breakpoint")
    result = make_result((), rows=rows, breakpoints=points, thresholds=())
    return remake(recording, result)


@pytest.fixture(scope="session")
def interrupted() -> Made:
    recording = make_recording(make_profile(), candidate=True, state="interrupted")
    return remake(recording, make_result(two()[:1], rows=(), trials=0))


@pytest.fixture(scope="session")
def died() -> Made:
    """The service died: what was recorded is kept."""
    recording = make_recording(make_profile(), candidate=False)
    start = SegmentStart(
        id="t00",
        trial=0,
        attempt=0,
        sides=(Side.BASELINE,),
        windows=(),
        level=None,
        events=(),
        samples=(),
        pins={"generator": (0,), "service": (1,)},
    )
    end = SegmentEnd(id="t00", reason="service", detail="Killed", seconds=61.2, workers=())
    recording = dataclasses.replace(recording, starts={"t00": start}, ends={"t00": end})
    failure = LoadFailure(
        trial=0, side=Side.BASELINE, stage="run", reason="it was killed (signal 9)", detail="Killed"
    )
    return remake(recording, make_result((make_side(Side.BASELINE, 0.042),), failures=(failure,)))


@pytest.fixture(scope="session")
def empty() -> Made:
    recording = make_recording(make_profile(), candidate=True, state=None)
    result = make_result((), health=None, thresholds=(), rows=(), trials=0, seconds={})
    return remake(recording, result)


@pytest.fixture(scope="session")
def silent() -> Made:
    """Everything was sent, nothing was answered; nobody looked at the processes; an open model."""
    side = make_side(Side.BASELINE, 0.042)
    nothing = dataclasses.replace(
        side.overall,
        answered=0,
        failed=12_003,
        response=None,
        service=None,
        p95_with_failures=around(math.inf, 0.0),
        p99_with_failures=Estimate(value=math.inf, low=0.3, high=math.inf, confidence=0.95, n=9),
        error_rate=Estimate(value=1.0, low=0.999, high=1.0, confidence=0.95, n=12_003),
        resources=None,
    )
    lines = side.timeline
    unknown = np.full_like(lines.p50, np.nan)
    silent = dataclasses.replace(
        side,
        overall=nothing,
        phases=(dataclasses.replace(nothing, phase="hold"),),
        requests=(),
        curve=Curve(quantiles=(), response=(), service=()),
        timeline=dataclasses.replace(
            lines,
            p50=unknown,
            p95=unknown,
            p99=unknown,
            service_p95=unknown,
            rss=unknown,
            cpu=unknown,
            errors=np.ones_like(unknown),
        ),
    )
    profile = make_profile("constant-rate", model=Model.OPEN)
    verdicts = (held(THRESHOLDS[0], Side.BASELINE, Holds.FAIL, math.inf),)
    return remake(
        make_recording(profile, candidate=False), make_result((silent,), thresholds=verdicts)
    )


@pytest.fixture(scope="session")
def hostile() -> Made:
    stages = (
        Stage(name=HOSTILE, seconds=60.0, target=100.0, role="ramp"),
        Stage(name=EVIL, seconds=300.0, target=100.0, role="hold"),
    )
    limit = dataclasses.replace(THRESHOLDS[0], text=HOSTILE, phase=EVIL)
    profile = make_profile(EVIL, stages, description=HOSTILE)
    sides = tuple(
        dataclasses.replace(
            one,
            overall=dataclasses.replace(one.overall, errors=((EVIL, 3), (HOSTILE, 1))),
            requests=(make_summary(None, 0.04, request=HOSTILE),),
        )
        for one in two(stages)
    )
    verdicts = tuple(held(limit, side.side, Holds.FAIL, 0.163, EVIL) for side in sides)
    failure = LoadFailure(
        trial=3, side=None, stage="start", reason=EVIL, detail=f"</pre>{HOSTILE}\x00\x1b[0m"
    )
    caveat = Caveat(code="evil", text=EVIL, remedy=HOSTILE, benchmark=HOSTILE)
    recording = make_recording(profile, candidate=True)
    service = dataclasses.replace(recording.run.service, label=HOSTILE, target=EVIL)
    recording = dataclasses.replace(
        recording, run=dataclasses.replace(recording.run, service=service, id=HOSTILE)
    )
    problem = (HealthProblem.LAG, EVIL, HOSTILE)
    result = make_result(
        sides,
        thresholds=verdicts,
        failures=(failure,),
        caveats=(caveat,),
        health=dataclasses.replace(make_health(problem), validity=Validity.VALID),
        breakpoints=(make_breakpoint(Side.BASELINE, 400.0, 800.0, reason=EVIL),),
    )
    return remake(recording, result)


@pytest.fixture(scope="session")
def long() -> Made:
    """Hours at one window a second, forty phases, forty kinds of request."""
    stages = tuple(
        Stage(
            name=f"a rather long phase name {index}",
            seconds=600.0,
            target=50.0 + index,
            role="hold",
        )
        for index in range(40)
    )
    sides = tuple(
        dataclasses.replace(
            one,
            timeline=make_timeline(stages, 0.04, 24_000),
            requests=tuple(
                make_summary(None, 0.04, request=f"GET /a/rather/long/path/of/an/item/{index}")
                for index in range(40)
            ),
        )
        for one in two(stages)
    )
    return remake(make_recording(make_profile("soak", stages), candidate=True), make_result(sides))


NAMES = (
    "single",
    "compared",
    "better",
    "failing",
    "invalid",
    "stress",
    "searched",
    "interrupted",
    "died",
    "empty",
    "silent",
    "hostile",
    "long",
)


@pytest.fixture(scope="session", params=NAMES)
def any_load(request: pytest.FixtureRequest) -> Made:
    made: Made = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def kept(golden: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """Compare with a kept file of the folder ``golden/load``."""
    return lambda name, text: golden(f"load/{name}", text)


@pytest.fixture(scope="session")
def rebuilt() -> Callable[..., Made]:
    """A run with other parts of its result."""

    def rebuild(made: Made, **changes: object) -> Made:
        return remake(made.recording, dataclasses.replace(made.result, **changes))  # type: ignore[arg-type]

    return rebuild
