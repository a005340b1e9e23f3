"""The load of one process, second by second, whoever keeps its rows."""

from __future__ import annotations

import datetime as dt
import logging
import time
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
import locust
from _perfkit_alarm import Alarm
from _perfkit_course import Course
from _perfkit_crew import Crew, NoStatistics, NotReadyError
from _perfkit_rows import Rows
from _perfkit_scenario import Script
from _perfkit_store import Meter, Placing
from _perfkit_users import ScenarioUser, classes_for, wait_for_turn
from gevent.event import Event
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from perfkit.profile.schedule import level_at
from perfkit.recording.events import ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from _perfkit_channel import Channel
    from numpy.typing import NDArray

    from perfkit.loadtest.spec import EngineSpec
    from perfkit.recording.events import Name

_PROBE_SECONDS = 0.02


def _in_line() -> float | None:
    """Seconds for which this process's main thread could run and had no CPU (Linux)."""
    try:
        return int(Path("/proc/self/schedstat").read_text("ascii").split()[1]) * 1e-9
    except (OSError, IndexError, ValueError):
        return None


class Probe:
    """Looks how late the loop is, how busy the process, and how long it stood in line for a CPU."""

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._lag = 0.0
        self._waited = _in_line()
        self._cpu, self._wall = time.process_time(), monotonic()
        gevent.spawn(self._look)

    def _look(self) -> None:
        while True:
            due = monotonic() + _PROBE_SECONDS
            self._alarm.sleep_until(due)
            self._lag = max(self._lag, monotonic() - due)

    def take(self) -> dict[str, float | None]:
        """Longest delay of a timer; CPU, and time in line, over wall time; since last asked."""
        cpu, wall, waited = time.process_time(), monotonic(), _in_line()
        passed = max(wall - self._wall, 1e-9)
        before, self._waited = self._waited, waited
        found = {
            "lag": self._lag,
            "cpu": (cpu - self._cpu) / passed,
            "waited": None if waited is None or before is None else (waited - before) / passed,
        }
        self._lag, self._cpu, self._wall = 0.0, cpu, wall
        return found


class Load:
    """The load of one process, whoever keeps its rows.

    Args:
        spec: What was asked for.
        channel: To perfkit.
        environment: Locust's.
        first: Number of this process's first user and arrival.
        step: Distance to the next.
    """

    def __init__(
        self,
        spec: EngineSpec,
        channel: Channel,
        environment: Environment,
        *,
        first: int = 0,
        step: int = 1,
    ) -> None:
        self._spec = spec
        self._channel = channel
        self._alarm = Alarm()
        self._rows = Rows()
        self._course = Course(spec, self._alarm, self._rows, first=first, step=step)
        self._crew = Crew(spec, self._course, self._rows, environment)
        self._meter = Meter()
        self._stop: tuple[str, str] | None = None
        self._begin = Event()
        self._sent = 0

    def _generate(self, origin: float) -> None:
        """Generate the load, and tell its end."""
        self._placing = Placing(self._spec.profile, origin)
        self._probe = Probe(self._alarm)
        self._crew.begin(origin)
        seconds = self._look_after(origin)
        self._finish(origin, seconds)

    def _warm_up(self) -> NDArray[np.void]:
        """Do once what every second does: the first time takes milliseconds. Returns its rows."""
        rows = Placing(self._spec.profile, 0.0).place(bytes(ROW.size))
        meter = Meter()
        meter.add(rows)
        meter.figures(1.0)
        return rows

    # -- what becomes of rows

    def _trouble(self) -> str | None:
        """Why rows cannot be kept any more, or None."""
        raise NotImplementedError

    def _keep(self, rows: NDArray[np.void], names: list[Name], told: dict[str, Any]) -> None:
        """Keep the rows of a second, and tell its figures once they are."""
        raise NotImplementedError

    def _keep_all(self) -> None:
        """Wait until all rows are kept, or cannot be."""
        raise NotImplementedError

    def _conclude(self, end: dict[str, Any]) -> None:
        """Tell the end."""
        raise NotImplementedError

    def _note(self, text: str) -> None:
        """Tell something worth knowing."""
        self._channel.say("note", text=text)

    # -- the load

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
            elif (trouble := self._trouble()) is not None:
                self._stop = ("generator", trouble)
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

    def _second(self, second: float, health: dict[str, float | None]) -> None:
        """Have the rows of a second kept."""
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
        self._keep(placed, names, told)

    def _finish(self, origin: float, seconds: float) -> None:
        unsent = self._course.unsent(origin + seconds)
        health = self._probe.take()  # ending the users takes the loop some time
        self._crew.cut()
        self._second(monotonic() - origin, health)
        self._keep_all()
        trouble = self._trouble()
        reason, detail = self._stop or ("finished", "")
        if trouble is not None and reason in {"finished", "requests"}:
            reason, detail = "generator", trouble
        text, count = self._crew.trouble
        if count:
            self._note(f"users' own code failed {count} times: {text}")
        self._conclude(
            {
                "reason": reason,
                "detail": detail,
                "seconds": self._meter.latest if reason == "requests" else seconds,
                "sent": self._rows.sent,
                "answered": self._meter.answered,
                "failed": self._meter.failed,
                "cut_off": self._meter.cut_off,
                "unsent": unsent,
                "complete": trouble is None,
            }
        )


def join(crew: Crew, spec: EngineSpec, note: Callable[[str], None]) -> None:
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
            loaded, shapes = load_locustfile(str(scenario.locustfile))
        except (Exception, SystemExit) as error:
            logging.getLogger(__name__).exception("the Locust file cannot be imported")
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            raise NotReadyError(f"the Locust file cannot be imported: {what}") from error
        if shapes:
            note("the Locust file's LoadTestShape is left out: the profile says")
        kinds = list(loaded.values())
        if not kinds:
            raise NotReadyError("the Locust file has no user classes")
    found: list[Any] = classes_for(kinds, spec.targets, script)
    crew.environment.user_classes[:] = [
        kind for kind in found if kind.weight > 0 or kind.fixed_count > 0
    ]
    crew.environment.stats = NoStatistics()


def in_a_moment(seconds: float) -> str:
    """Local time then, ISO 8601."""
    return (dt.datetime.now().astimezone() + dt.timedelta(seconds=seconds)).isoformat()


def environment_of(spec: EngineSpec) -> Environment:
    """Locust's environment; a Locust file's listeners are told."""
    return Environment(user_classes=[], host=spec.targets[0], events=locust.events)


def announce(crew: Crew) -> None:
    """Tell a Locust file's listeners that Locust is ready, as Locust's own command does."""
    environment = crew.environment
    environment.events.init.fire(environment=environment, runner=environment.runner, web_ui=None)
