"""One segment: fresh services, samplers, one start of the engine; recorded as it comes."""

from __future__ import annotations

import math
import random
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.decide.load.abort import Aborts
from perfkit.loadtest.engines import make_generator
from perfkit.loadtest.generator import EngineError
from perfkit.loadtest.sampler import Sampler
from perfkit.loadtest.service import ServiceError, start_service
from perfkit.loadtest.spec import EngineSpec
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.value import Profile
from perfkit.recording.load import (
    EVENTS,
    SAMPLES,
    SegmentEnd,
    SegmentOrigin,
    SegmentStart,
    Window,
)
from perfkit.session.progress import LoadSecond, LoadStarted, Note, Stage
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.loadtest.engines import Engine
    from perfkit.loadtest.generator import Origin, Second
    from perfkit.loadtest.service import RunningService
    from perfkit.recording.load import LoadRecorder
    from perfkit.session.load.bench import LoadBench

_SAID = frozenset({"interrupted", "disk", "backing"})
"""Reasons that stand, whatever else went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment to be run.

    Attributes:
        id: Its name; unique within the run.
        trial: The trial or probe it belongs to.
        attempt: How often the trial was begun before.
        sides: One side, or two that take turns.
        profile: What is sent.
        windows: Turns; empty when there is one side.
        level: Level of a probe, or None.
        seed: Of its random choices.
        what: In words, for whoever watches.
        position: Trials or probes done before.
        total: Of how many, or None.
        seconds_after: Expected seconds of all that comes after it, or None.
        search: Of a probe: number of its search, from 0.
    """

    id: str
    trial: int
    attempt: int
    sides: tuple[Side, ...]
    profile: Profile
    windows: tuple[Window, ...]
    level: float | None
    seed: int
    what: str
    position: int
    total: int | None
    seconds_after: float | None
    search: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a segment came to.

    Attributes:
        end: As recorded.
        side: Whose service ended it, or None.
    """

    end: SegmentEnd
    side: Side | None


def run_segment(bench: LoadBench, segment: Segment, recorder: LoadRecorder) -> Ended:
    """Run a segment and record it; services and generator are gone when this returns.

    Raises:
        ServiceError: A service cannot be started, or ended before the load began.
        EngineError: The engine cannot be started.
        KeyboardInterrupt: After what was measured has been recorded.
    """
    # One seed for both services of a segment: hash order must not tell the sides apart.
    hash_seed = random.Random(segment.seed).randrange(1, 2**32)  # noqa: S311 - no secret
    bench.listener(Stage(name="start", item=segment.what, done=0, total=1))
    with ExitStack() as stack:
        start = _start(bench, segment)
        recorder.append(start)  # first: a service that cannot be started belongs to it, too
        services: list[RunningService] = []
        data = bench.folder / "data"
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        for number, side in enumerate(segment.sides):
            service = start_service(
                bench.launch(side, data / str(number)),
                mark=bench.mark,
                cpus=bench.placed.service,
                log=bench.folder / "logs" / f"{segment.id}-{side}.log",
                hash_seed=hash_seed,
            )
            stack.callback(service.stop)
            services.append(service)
        samplers = [
            stack.enter_context(
                Sampler(bench.folder / file, service.pid, bench.plan.method.sample_seconds)
            )
            for service, (_, file) in zip(services, start.samples, strict=False)
            if service.pid is not None
        ]
        spec = _spec(bench, segment, start, services)
        generator = stack.enter_context(
            make_generator(spec, lambda text: bench.listener(Note(text=text)))
        )
        return _Watch(bench, segment, recorder, services, samplers).run(generator)


def _start(bench: LoadBench, segment: Segment) -> SegmentStart:
    method = bench.plan.method
    workers = max(method.workers + method.remote_workers, 1)
    name = f"{segment.id}-{segment.attempt}" if segment.attempt else segment.id
    sampled = bench.plan.service.pid is not None or bench.plan.baseline is not None
    return SegmentStart(
        id=segment.id,
        trial=segment.trial,
        attempt=segment.attempt,
        sides=segment.sides,
        windows=segment.windows,
        level=segment.level,
        events=tuple(f"{EVENTS}/{name}-w{number}.arrow" for number in range(workers)),
        samples=tuple(
            (side, f"{SAMPLES}/{name}-{side}.arrow") for side in segment.sides if sampled
        ),
        pins={
            "generator": tuple(sorted(bench.placed.generator)),
            "service": tuple(sorted(bench.placed.service)),
        },
        search=segment.search,
    )


def _spec(
    bench: LoadBench, segment: Segment, start: SegmentStart, services: Sequence[RunningService]
) -> EngineSpec:
    plan = bench.plan
    return EngineSpec(
        engine=plan.method.engine,
        profile=segment.profile,
        targets=tuple(service.url for service in services),
        windows=segment.windows,
        seed=segment.seed,
        events=tuple(bench.folder / file for file in start.events),
        workers=plan.method.workers,
        remote_workers=plan.method.remote_workers,
        remote_seconds=plan.worker_seconds,
        more=segment.seconds_after != 0,
        bind=plan.bind,
        port=bench.port,
        cpus=bench.placed.generator,
        mark=bench.mark,
        token=bench.token,
        token_given=plan.token is not None,
    )


def _obituary(dead: RunningService, *, alone: bool) -> str:
    """How a service ended, in one line; its last words below. ``alone``: there is no other side."""
    whose = "the" if alone else f"the {dead.side}'s"
    how = f"{whose} service has ended ({dead.death() or 'nobody knows how'})"
    return f"{how}\n{dead.last_words()}".rstrip()


class _Watch:
    """Looks at a segment second by second, and ends it when something is wrong."""

    def __init__(
        self,
        bench: LoadBench,
        segment: Segment,
        recorder: LoadRecorder,
        services: Sequence[RunningService],
        samplers: Sequence[Sampler],
    ) -> None:
        self._bench = bench
        self._segment = segment
        self._recorder = recorder
        self._services = services
        self._samplers = samplers
        self._aborts = Aborts(segment.profile.aborts)

    def run(self, generator: Engine) -> Ended:
        segment = self._segment
        began = self._ready(generator)
        self._recorder.append(SegmentOrigin(id=segment.id, clock=began.clock, wall=began.wall))
        try:
            self._announce()
            for second in generator.seconds():
                self._tell(second)
                reason = self._wrong(second)
                if reason is not None:
                    generator.stop(*reason)
        except KeyboardInterrupt:
            generator.stop("interrupted", "")
            self._end(generator)
            raise
        return self._end(generator)

    def _ready(self, generator: Engine) -> Origin:
        """Wait until the users are; a service that died meanwhile is not the engine's failure."""
        try:
            return generator.ready()
        except EngineError as error:
            if (dead := self._dead()) is None:
                raise
            raise ServiceError(
                dead.death() or "it has ended",
                side=dead.side,
                stage="run",
                detail=dead.last_words(),
            ) from error

    def _dead(self) -> RunningService | None:
        return next((service for service in self._services if not service.alive()), None)

    def _end(self, generator: Engine) -> Ended:
        """Wait for the end, find out what it was, and record it."""
        told = generator.finish()
        reason, detail = told.reason, told.detail
        dead = self._dead()
        problem = self._bench.backing_problem()
        if problem is not None and reason not in _SAID:
            reason, detail, dead = "backing", problem, None
        elif dead is not None and reason not in _SAID:
            alone = self._bench.plan.candidate is None
            reason, detail = "service", _obituary(dead, alone=alone)
        end = SegmentEnd(
            id=self._segment.id,
            reason=reason,
            detail=detail,
            seconds=max(told.seconds, 0.0),  # it may have been stopped before it began
            workers=told.workers,
            notes=told.notes,
        )
        self._recorder.append(end)
        return Ended(end=end, side=dead.side if dead is not None and reason == "service" else None)

    def _wrong(self, second: Second) -> tuple[str, str] | None:
        """Why the load must end, if it must."""
        problem = self._bench.backing_problem()
        if problem is not None:  # first: a service may have died of it
            return "backing", problem
        if self._dead() is not None:
            return "service", ""
        for sampler in self._samplers:
            if sampler.error is not None:
                return "disk", str(sampler.error)
        latest = [sampler.latest for sampler in self._samplers]
        broken = self._aborts.see(
            second,
            rss=max((float(one.rss) for one in latest if one.rss >= 0), default=math.nan),
            cpu=max((one.cpu for one in latest if one.cpu >= 0), default=math.nan),
        )
        return None if broken is None else ("aborted", broken)

    def _announce(self) -> None:
        segment = self._segment
        profile = segment.profile
        names = [stage.name for stage in profile.stages]
        ends = [end for _, end in stage_bounds(profile)]
        self._bench.listener(
            LoadStarted(
                what=segment.what,
                position=segment.position,
                total=segment.total,
                seconds=profile.seconds,
                level_name="users" if profile.model.value == "closed" else "requests/s",
                stages=tuple(zip(names, ends, strict=True)),
            )
        )

    def _tell(self, second: Second) -> None:
        left = self._segment.seconds_after
        rest = max(self._segment.profile.seconds - second.second, 0.0)
        latest = [sampler.latest for sampler in self._samplers]
        self._bench.listener(
            LoadSecond(
                second=second.second,
                level=second.level,
                rate=second.answered + second.failed,
                failed=second.failed,
                p50=second.p50,
                p95=second.p95,
                p99=second.p99,
                rss=tuple(one.rss for one in latest),
                cpu=tuple(one.cpu for one in latest),
                left=None if left is None else left + rest,
            )
        )
