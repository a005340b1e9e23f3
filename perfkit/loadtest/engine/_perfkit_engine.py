"""The engine: a Locust run that follows a profile's schedule and records every request.

Protocol: lines over the process's first standard input and output (its own standard output is
turned into standard error afterwards, since Locust files print).

    to the engine           meaning
    JSON                    the first line: an EngineSpec
    begin                   let the load begin, in a tenth of a second
    stop JSON               begin no more requests; a list of reason and detail
    (end of file)           perfkit is gone: stop at once

    from the engine         (JSON objects; the key "kind" names what it is)
    preparing               how many users are ready, of how many; at least every few seconds
    ready                   all are
    origin                  the load begins then: "clock" (µs of CLOCK_MONOTONIC), "wall"
    second                  figures of a second: see `perfkit.loadtest.generator.Second`
    note                    something to know: "text"
    error                   it cannot begin: "reason"
    end                     it is over, and everything is on the disk
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import logging
import os
import sys
import time
import traceback
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
import locust
from _perfkit_alarm import Alarm
from _perfkit_course import Course
from _perfkit_crew import Crew, NoStatistics, NotReadyError
from _perfkit_rows import Rows
from _perfkit_scenario import Script
from _perfkit_store import Meter, Placing, Store
from _perfkit_users import ScenarioUser, classes_for, wait_for_turn
from gevent.event import Event
from gevent.os import make_nonblocking, nb_read
from locust.util.load_locustfile import load_locustfile

from perfkit.errors import PerfkitError
from perfkit.loadtest.spec import spec_from_json
from perfkit.machine import cpus
from perfkit.profile.schedule import level_at

if TYPE_CHECKING:
    from perfkit.loadtest.spec import EngineSpec

_HEAD_START = 0.1
_PROBE_SECONDS = 0.02
_PREPARING_SECONDS = 2.0
_LONGEST_LINE = 1 << 26


class Channel:
    """The protocol's two descriptors."""

    def __init__(self) -> None:
        """Take over standard input and output."""
        self._reader = os.dup(0)
        self._writer = os.dup(1)
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        make_nonblocking(self._reader)
        self._data = b""

    def say(self, kind: str, **content: Any) -> None:  # noqa: ANN401 - any JSON
        """Write one line; a reader that is gone is noticed at the other end."""
        line = json.dumps({"kind": kind, **content}).encode() + b"\n"
        with suppress(BrokenPipeError):
            os.write(self._writer, line)

    def hear(self) -> str | None:
        """The next line; None at the end."""
        while b"\n" not in self._data:
            piece = nb_read(self._reader, 1 << 16)
            if not piece:
                return None
            self._data += piece
        line, _, self._data = self._data.partition(b"\n")
        return line.decode()


class Probe:
    """Looks how late the loop is, and how busy the process."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._lag = 0.0
        self._cpu, self._wall = time.process_time(), monotonic()
        gevent.spawn(self._look)

    def _look(self) -> None:
        while True:
            due = monotonic() + _PROBE_SECONDS
            self._alarm.sleep_until(due)
            self._lag = max(self._lag, monotonic() - due)

    def take(self) -> dict[str, float]:
        """Longest delay of a timer, and CPU over wall time, since this was last asked."""
        cpu, wall = time.process_time(), monotonic()
        found = {"lag": self._lag, "cpu": (cpu - self._cpu) / max(wall - self._wall, 1e-9)}
        self._lag, self._cpu, self._wall = 0.0, cpu, wall
        return found


class Local:
    """A whole run in this process."""

    def __init__(self, spec: EngineSpec, channel: Channel) -> None:
        self._spec = spec
        self._channel = channel
        self._alarm = Alarm()
        self._rows = Rows()
        self._course = Course(spec, self._alarm, self._rows, first=0, step=1)
        self._crew = Crew(spec, self._course, self._rows, locust.events)
        self._meter = Meter()
        self._store = Store(spec.events[0])
        self._stop: tuple[str, str] | None = None
        self._begin = Event()
        self._sent = 0

    def run(self) -> None:
        """Make ready, wait for the word, generate the load, and tell the end.

        Raises:
            NotReadyError: It cannot begin.
        """
        join(self._crew, self._spec, self._channel)
        self._crew.environment.create_local_runner()
        announce(self._crew)
        telling = gevent.spawn(self._tell_preparing)
        self._crew.spawn(self._spec.profile.users)
        telling.kill()
        self._channel.say("ready")
        gevent.spawn(self._listen)
        self._begin.wait()
        gc.collect()
        gc.freeze()
        origin = monotonic() + _HEAD_START
        self._placing = Placing(self._spec.profile, origin)
        wall = dt.datetime.now().astimezone() + dt.timedelta(seconds=_HEAD_START)
        self._channel.say("origin", clock=int(origin * 1e6), wall=wall.isoformat())
        self._probe = Probe(self._alarm)
        self._crew.begin(origin)
        seconds = self._look_after(origin)
        self._finish(origin, seconds)

    def _tell_preparing(self) -> None:
        while True:
            ready, of = self._crew.ready_share()
            self._channel.say("preparing", ready=ready, of=of)
            gevent.sleep(_PREPARING_SECONDS)

    def _listen(self) -> None:
        while (line := self._channel.hear()) is not None:
            word, _, rest = line.partition(" ")
            if word == "begin":
                self._begin.set()
            elif word == "stop":
                reason, detail = json.loads(rest)
                self._stop = self._stop or (reason, detail)
        os._exit(3)  # perfkit is gone: nobody needs what is left

    def _look_after(self, origin: float) -> float:
        """Second by second until no request is begun any more and all are answered or cut."""
        profile = self._spec.profile
        end = origin + profile.seconds
        second = 1
        closed: float | None = None
        while True:
            tick = origin + second
            while (now := monotonic()) < tick:
                if closed is None:
                    closed = self._over(now, end)
                elif not self._crew.busy() or now > self._patience(closed, end):
                    return closed - origin
                limit = end if closed is None else now
                self._alarm.sleep_until(min(tick, max(limit, now + 0.002), now + 0.01))
            self._second(second, self._probe.take())
            second += 1

    def _patience(self, closed: float, end: float) -> float:
        """Until when requests in flight may be answered."""
        if self._stop is not None and self._stop[0] == "requests":  # all are wanted
            closed = end
        return closed + self._spec.profile.graceful_stop

    def _over(self, now: float, end: float) -> float | None:
        """Close the load when it is over; the moment, or None."""
        if self._stop is None:
            if now >= end:
                self._stop, now = ("finished", ""), end
            elif self._course.spent():
                self._stop = ("requests", "")
            elif self._store.error is not None:
                self._stop = ("generator", self._store.error)
            elif self._deserted():
                self._stop = ("generator", "all users have stopped themselves")
            else:
                return None
        self._crew.close(at_once=self._stop[0] != "finished")
        return now

    def _deserted(self) -> bool:
        """Whether all users have gone, and none of them because its part was over."""
        crew = self._crew
        return not (crew.environment.runner.user_count or crew.twins or self._course.left)

    def _second(self, second: float, health: dict[str, float]) -> None:
        """Have the rows of a second written, and tell its figures once they are."""
        rows, names = self._rows.take()
        placed = self._placing.place(rows)
        self._meter.add(placed)
        sent = self._rows.sent
        told = {
            "second": float(second),
            "level": level_at(self._spec.profile, second),
            "sent": sent - self._sent,
            "in_flight": self._rows.in_flight(),
            "unsent": self._course.unsent(monotonic()),
            **self._meter.figures(second),
            **health,
        }
        self._sent = sent
        self._store.put(placed, names, lambda: self._channel.say("second", **told))

    def _finish(self, origin: float, seconds: float) -> None:
        unsent = self._course.unsent(origin + seconds)
        health = self._probe.take()  # ending the users takes the loop some time
        self._crew.cut()
        self._second(monotonic() - origin, health)
        self._store.close()
        reason, detail = self._stop or ("finished", "")
        if self._store.error is not None and reason in {"finished", "requests"}:
            reason, detail = "generator", self._store.error
        text, count = self._crew.trouble
        if count:
            self._channel.say("note", text=f"users' own code failed {count} times: {text}")
        self._channel.say(
            "end",
            reason=reason,
            detail=detail,
            seconds=self._meter.latest if reason == "requests" else seconds,
            sent=self._rows.sent,
            answered=self._meter.answered,
            failed=self._meter.failed,
            cut_off=self._meter.cut_off,
            unsent=unsent,
            complete=self._store.error is None,
        )


def join(crew: Crew, spec: EngineSpec, channel: Channel) -> None:
    """Find out which users there are to be: the scenario's, or those of a Locust file.

    Raises:
        NotReadyError: The Locust file cannot be imported, or has none.
    """
    scenario = spec.profile.scenario
    script = None
    if scenario.locustfile is None:
        script = Script(scenario, crew.rows.requests.of)
        kinds: list[type] = [ScenarioUser]
    else:
        locust.TaskSet.wait = wait_for_turn
        try:
            found, shapes = load_locustfile(str(scenario.locustfile))
        except (Exception, SystemExit) as error:
            logging.getLogger(__name__).exception("the Locust file cannot be imported")
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            raise NotReadyError(f"the Locust file cannot be imported: {what}") from error
        if shapes:
            channel.say(
                "note", text="the Locust file's LoadTestShape is left out: the profile says"
            )
        kinds = list(found.values())
        if not kinds:
            raise NotReadyError("the Locust file has no user classes")
    crew.environment.user_classes[:] = [
        kind
        for kind in classes_for(kinds, spec.targets, script)
        if kind.weight > 0 or kind.fixed_count > 0
    ]
    crew.environment.stats = NoStatistics()


def announce(crew: Crew) -> None:
    """Tell a Locust file's listeners that Locust is ready, as Locust's own command does."""
    environment = crew.environment
    environment.events.init.fire(environment=environment, runner=environment.runner, web_ui=None)


def main() -> int:
    """Run one spec; the exit code says whether it came to its own end."""
    channel = Channel()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        spec = spec_from_json(channel.hear() or "")
        cpus.move(os.getpid(), spec.cpus)
        Local(spec, channel).run()
    except (NotReadyError, PerfkitError) as error:
        channel.say("error", reason=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, perfkit is to know
        traceback.print_exc()
        channel.say("error", reason=f"{type(error).__name__}: {error}")
    else:
        os._exit(0)  # whatever threads and greenlets a Locust file leaves
    os._exit(1)
