"""A worker: `python ENGINE_FOLDER worker`, on the master's machine or another one.

Its first line of standard input says where the master is; all else comes from there. It ends by
itself: with the load, with whoever started it (end of file), or when the master is silent.

Lines to whoever started it (JSON; "kind"): ``told`` (something to know, "text"), ``error`` (no
load was generated: "reason"), ``end`` ("sent", "complete", "more": another load may follow,
"detail").
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import traceback
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from _perfkit_channel import Channel
from _perfkit_crew import NotReadyError
from _perfkit_handover import Handover
from _perfkit_link import Link, Summons
from _perfkit_load import Load, announce, join
from _perfkit_messages import BEAT_SECONDS

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    import numpy as np
    from _perfkit_link import Job
    from numpy.typing import NDArray

    from perfkit.recording.events import Name

MASTER_SILENCE_SECONDS = 10.0
"""A master from which nothing has come for so long is gone; it sends something every second."""

_LEAVE_SECONDS = 0.2
_ALIVE_SECONDS = 5.0


class Member(Load):
    """A worker's part of the load."""

    def __init__(self, link: Link, job: Job, channel: Channel) -> None:
        idle = job.number >= job.step
        super().__init__(
            job.spec,
            channel,
            link.environment,
            first=0 if idle else job.number,
            step=1 if idle else job.step,
        )
        self._link = link
        self._job = job
        self._notes: list[str] = []
        self.handover = Handover(link.tell)
        link.load = self

    @property
    def sent(self) -> int:
        """Requests begun so far."""
        return self._rows.sent

    def hear(self, content: dict[str, Any]) -> None:
        """Heed what the master says of the load."""
        match content["say"]:
            case "ack":
                self.handover.acknowledged(int(content["number"]))
            case "stop":
                self._stop = self._stop or (str(content["reason"]), str(content["detail"]))
            case "refused":
                self._stop = self._stop or ("generator", str(content["why"]))

    def run(self) -> None:
        """Make ready, generate the load when the master says so, and hand everything over.

        Raises:
            NotReadyError: It cannot begin, or the master has ended.
        """
        link = self._link
        link.tell("accepted", offset=link.clock.offset, error=link.clock.error)
        beating = gevent.spawn(self._beat)
        link.prepare.get()
        users = self._job.users
        if users:
            join(self._crew, self._spec, self._note)
            self._share_fixed()
            announce(self._crew)
            self._crew.spawn(users)
            self.handover.warm_up(self._warm_up())
        gc.collect()
        gc.freeze()
        link.tell("ready")
        origin = link.begin.get() - link.clock.offset
        if users:
            self._generate(origin)
        else:
            self._conclude(dict.fromkeys(("sent", "answered", "failed", "cut_off", "unsent"), 0))
        beating.kill()

    def _share_fixed(self) -> None:
        """Leave the other workers their part of a class with a fixed number of users."""
        kinds = self._crew.environment.user_classes
        for kind in tuple(kinds):
            if kind.fixed_count:
                kind.fixed_count = len(range(self._job.number, kind.fixed_count, self._job.step))
                if not kind.fixed_count:
                    kinds.remove(kind)
        if not kinds:
            raise NotReadyError("too few users of fixed classes for so many workers")

    def _beat(self) -> None:
        while True:
            ready, of = self._crew.ready_share()
            self._link.tell("beat", ready=ready, of=of)
            gevent.sleep(BEAT_SECONDS)

    def _note(self, text: str) -> None:
        self._notes.append(text)

    def _trouble(self) -> str | None:
        return None

    def _keep(self, rows: NDArray[np.void], names: list[Name], told: dict[str, Any]) -> None:
        figures = ("second", "sent", "in_flight", "unsent", "lag", "cpu", "waited")
        self.handover.put(rows, names, {name: told[name] for name in figures})

    def _keep_all(self) -> None:
        self.handover.finish()

    def _conclude(self, end: dict[str, Any]) -> None:
        link = self._link
        link.clock.measure_again()
        told = {"reason": "finished", "detail": "", "seconds": 0.0, **end}
        told |= {"chunks": self.handover.chunks, "lost": self.handover.lost}
        told |= {"error": link.clock.error, "notes": self._notes}
        while not link.farewell.ready():
            link.tell("done", **told)
            link.farewell.wait(BEAT_SECONDS)
        complete = link.farewell.get()
        link.tell("bye", why="")
        self._channel.say(
            "end", sent=end["sent"], complete=complete, more=self._job.more, detail=told["detail"]
        )


def _say_alive(channel: Channel) -> None:
    while True:
        channel.say("alive")
        gevent.sleep(_ALIVE_SECONDS)


def _watch(link: Link, channel: Channel) -> None:
    """End everything when the master is gone."""
    before = monotonic()
    while True:
        gevent.sleep(0.5)
        now = monotonic()
        asleep = now - before > MASTER_SILENCE_SECONDS / 2  # it is us who heard nothing
        before = now
        if not asleep and link.silent() > MASTER_SILENCE_SECONDS:
            detail = f"the master has been silent for {MASTER_SILENCE_SECONDS:g} s"
            sent = link.load.sent if link.load is not None else 0
            channel.say("end", sent=sent, complete=False, more=False, detail=detail)
            os._exit(4)


def _listen(channel: Channel, links: list[Link]) -> None:
    """End everything when whoever started us is gone, or wants us to."""
    while channel.hear() is not None:
        pass
    for link in links:
        link.tell("bye", why="it was ended on its own machine")
        gevent.sleep(_LEAVE_SECONDS)
    os._exit(3)


def main() -> int:
    """Do one job; the exit code says whether there was one."""
    channel = Channel()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    links: list[Link] = []
    try:
        summons = Summons(**json.loads(channel.hear() or "{}"))
        gevent.spawn(_listen, channel, links)
        gevent.spawn(_say_alive, channel)
        link = Link(summons)
        links.append(link)
        gevent.spawn(_watch, link, channel)
        _work(link, channel)
    except (NotReadyError, PerfkitError) as error:
        channel.say("error", reason=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody is to know
        traceback.print_exc()
        channel.say("error", reason=f"{type(error).__name__}: {error}")
    else:
        os._exit(0)
    os._exit(1)


def _work(link: Link, channel: Channel) -> None:
    """Do the master's job, and tell it when that cannot be done.

    Raises:
        NotReadyError: It cannot be done.
    """
    try:
        job = link.find_job()
        channel.say("told", text=f"worker {job.number + 1} of a load on {job.spec.targets[0]}")
        Member(link, job, channel).run()
    except Exception as error:
        link.tell("refused", why=str(error)[:300])
        raise
    finally:
        link.hang_up()
