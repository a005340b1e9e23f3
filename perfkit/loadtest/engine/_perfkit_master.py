"""The engine when several workers share the load: Locust's master.

It generates nothing itself. It brings its workers to the same moment, keeps what they send, and
tells perfkit the seconds of all of them as one. A worker that is lost ends the load at that moment:
from then on it would be another load than the one asked for. What was recorded is kept.
"""

from __future__ import annotations

import gc
import json
import os
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING

import gevent
from _perfkit_crew import NotReadyError
from _perfkit_load import in_a_moment
from _perfkit_messages import MOST_ROWS, NonsenseError, Reader, unpacked
from _perfkit_places import Merger, Place, Report, State, take_chunk
from _perfkit_roster import Roster
from _perfkit_store import Meter
from gevent.event import Event

from perfkit.profile.schedule import level_at

if TYPE_CHECKING:
    from _perfkit_channel import Channel

    from perfkit.loadtest.spec import EngineSpec

_HEAD_START, _REMOTE_HEAD_START = 0.25, 0.5
_LOOK_SECONDS = 0.05
_ALIVE_SECONDS = 2.0
_PREPARE_SECONDS = 60.0
_END_SECONDS = 30.0
_LONGEST_NOTE = 300


class Master:
    """A whole run of several workers.

    Args:
        spec: What was asked for.
        channel: To perfkit.
    """

    def __init__(self, spec: EngineSpec, channel: Channel) -> None:
        self._spec = spec
        self._channel = channel
        self._roster = Roster(spec, channel, on_load=self._on_load, on_loss=self._on_loss)
        self._places = self._roster.places
        self._meter = Meter()
        self._merger = Merger(self._places, self._meter)
        self._stop: tuple[str, str] | None = None
        self._stopped_at = 0.0
        self._origin = 0.0
        self._begin = Event()

    def run(self) -> None:
        """Gather the workers, let them generate the load, and tell the end.

        Raises:
            NotReadyError: It cannot begin.
        """
        gevent.spawn(self._listen)
        gevent.spawn(self._say_alive)
        roster = self._roster
        try:
            roster.gather()
            roster.prepare(self._patience())
            self._channel.say("ready")
            while not self._begin.wait(_LOOK_SECONDS):
                roster.check()
            roster.check()
            self._load()
        except NotReadyError as error:
            roster.tell_all("refused", why=str(error)[:_LONGEST_NOTE])
            raise
        finally:
            roster.let_go()

    def _patience(self) -> float:
        """Longer than a crew's, which says more of what went wrong."""
        scenario = self._spec.profile.scenario
        rounds = self._spec.profile.users * len(self._spec.targets) / 32 + 1
        steps = len(scenario.setup) or (30 if scenario.locustfile else 0)
        return _PREPARE_SECONDS + rounds * steps * scenario.timeout

    # -- the load

    def _load(self) -> None:
        gc.collect()
        gc.freeze()
        remote = any(place.local is None for place in self._places)
        head_start = _REMOTE_HEAD_START if remote else _HEAD_START
        self._origin = monotonic() + head_start
        self._roster.loading = True
        self._roster.tell_all("begin", origin=self._origin)
        self._channel.say("origin", clock=int(self._origin * 1e6), wall=in_a_moment(head_start))
        profile = self._spec.profile
        latest = self._origin + profile.seconds + profile.graceful_stop + _END_SECONDS
        while not all(place.over for place in self._places):
            if self._stop is not None:
                latest = min(latest, self._stopped_at + profile.graceful_stop + _END_SECONDS)
            if monotonic() > latest:
                for place in self._places:
                    self._roster.lose(place, "it did not end in time")
            gevent.sleep(_LOOK_SECONDS)
        self._finish()

    def _finish(self) -> None:
        for place in self._places:
            place.store.close()
        self._merge()
        errors = [place.store.error for place in self._places if place.store.error is not None]
        reason, detail = self._stop or self._own_end()
        if errors and reason in {"finished", "requests"}:
            reason, detail = "generator", errors[0]
        for place in self._places:
            for text in (place.done or {}).get("notes", ()):
                self._channel.say("note", text=f"{place.label()}: {text}")
            place.complete = place.complete and place.store.error is None
        ends = [x.done["seconds"] for x in self._places if x.done is not None and x.users]
        seconds = max(ends, default=max(self._stopped_at - self._origin, 0.0))
        workers = [place.counts() for place in self._places]
        self._channel.say("end", reason=reason, detail=detail, seconds=seconds, workers=workers)

    def _own_end(self) -> tuple[str, str]:
        """How a load ended that nobody ended."""
        reasons = [x.done["reason"] for x in self._places if x.done is not None and x.users]
        return ("requests" if "requests" in reasons else "finished"), ""

    def _end_early(self, reason: str, detail: str) -> None:
        if self._stop is None:
            self._stop = reason, detail
            self._stopped_at = monotonic()
            self._roster.tell_all("stop", reason=reason, detail=detail)

    def _merge(self) -> None:
        for told in self._merger.due():
            level = level_at(self._spec.profile, told["second"])
            self._channel.say("second", level=level, **told)

    # -- what workers say of it

    def _on_load(self, place: Place, say: str, told: Reader) -> None:
        if say == "chunk":
            self._take(place, told)
        else:
            self._close(place, told)

    def _on_loss(self, place: Place) -> None:
        seconds = max(monotonic() - self._origin, 0.0)
        text = f"{place.label()} was lost {seconds:.1f} s into the load: {place.lost}"
        self._channel.say("told", text=text)
        self._end_early("generator", text)
        self._merge()

    def _take(self, place: Place, told: Reader) -> None:
        number = told.whole("number")
        if number < place.arrived:  # it is on its way to the disk, or there
            if number < place.stored:
                self._roster.tell(place, "ack", number=number)
            return
        if number > place.arrived or place.over:
            return  # it will come again, after those that are missing
        names = told.names()
        rows = unpacked(told.data("data"), told.whole("rows", MOST_ROWS))

        def stored(report: Report | None) -> None:
            if report is not None:
                self._channel.say("worker", worker=place.number, **asdict(report))
            if place.store.error is None:
                self._meter.add(rows)
            else:
                self._end_early("generator", place.store.error)
            self._roster.tell(place, "ack", number=number)
            self._merge()

        take_chunk(place, told, rows, names, stored)

    def _close(self, place: Place, told: Reader) -> None:
        """A worker's load is over: once everything is on the disk, it may go."""
        if place.state is State.DONE:
            self._roster.tell(place, "farewell", complete=place.complete)
            return
        if place.state is not State.READY:
            raise NonsenseError("it is done before it began")
        chunks, lost = told.whole("chunks"), told.whole("lost")
        if place.store.error is None and place.stored < chunks:
            return  # it will ask again
        meter = place.meter
        counted = {"answered": meter.answered, "failed": meter.failed, "cut_off": meter.cut_off}
        agreed = all(told.whole(name) == count for name, count in counted.items())
        place.sent, place.unsent = told.whole("sent"), told.whole("unsent")
        place.error = max(place.error, told.number("error"))
        place.complete = agreed and not lost and place.store.error is None
        place.complete = place.complete and place.sent == sum(counted.values())
        place.done = {
            "reason": told.text("reason"),
            "detail": told.text("detail", 4000),
            "seconds": told.number("seconds"),
            "notes": told.texts("notes"),
        }
        place.state = State.DONE
        if lost:
            place.done["notes"].append(f"{lost} rows were given up: the master was too slow")
        self._roster.tell(place, "farewell", complete=place.complete)
        self._merge()
        if place.done["reason"] == "generator":
            self._end_early("generator", f"{place.label()}: {place.done['detail']}")

    # -- perfkit

    def _say_alive(self) -> None:
        while True:
            ready = sum(place.ready for place in self._places)
            of = sum(place.users for place in self._places) * len(self._spec.targets)
            self._channel.say("preparing", ready=ready, of=of)
            gevent.sleep(_ALIVE_SECONDS)

    def _listen(self) -> None:
        while (line := self._channel.hear()) is not None:
            word, _, rest = line.partition(" ")
            if word == "begin":
                self._begin.set()
            elif word == "stop":
                reason, detail = json.loads(rest)
                self._end_early(reason, detail)
        self._roster.kill()
        os._exit(3)  # perfkit is gone: nobody needs what is left
