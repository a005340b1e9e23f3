"""A master's workers: who takes which place, what they say, and who is lost."""

from __future__ import annotations

import contextlib
import logging
import sys
from hmac import compare_digest
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from _perfkit_crew import NoStatistics, NotReadyError
from _perfkit_hiring import (
    LOCAL_SECONDS,
    command_for,
    end_workers,
    how_it_ended,
    is_private,
    job_of,
    start_workers,
)
from _perfkit_messages import BEAT_SECONDS, PROTOCOL, SILENCE_SECONDS, NonsenseError, Reader
from _perfkit_places import Place, State, make_places, silent
from _perfkit_runners import Master
from locust.env import Environment
from locust.event import Events

from perfkit import __version__
from perfkit.loadtest.worker_token import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from _perfkit_channel import Channel

    from perfkit.loadtest.spec import EngineSpec

_LOOK_SECONDS = 0.05
_BYE_SECONDS = 3.0
_MOST_TOLD = 3  # strangers that are worth a line
_TOKEN = f"give the one its perfkit says: {VARIABLE}=… before the command, or --token-file FILE"
_LOG = logging.getLogger(__name__)


class Roster:
    """The workers of a load.

    Args:
        spec: What was asked for.
        channel: To perfkit.
        on_load: Is given what workers say of the load: "chunk" and "done".
        on_loss: Is told of a worker that was lost while the load was on.

    Attributes:
        places: One for each worker.
        loading: The load has begun: nobody can join any more.
    """

    def __init__(
        self,
        spec: EngineSpec,
        channel: Channel,
        *,
        on_load: Callable[[Place, str, Reader], None],
        on_loss: Callable[[Place], None],
    ) -> None:
        self._spec = spec
        self._channel = channel
        self._on_load = on_load
        self._on_loss = on_loss
        step = min(len(spec.events), spec.profile.users)
        self._job = job_of(spec, step)
        self.places = make_places(spec.events, spec.profile, len(spec.targets), step)
        self._local = self.places[: spec.workers]
        for place in self.places[spec.workers :]:
            place.token = spec.token
        self._turned_away: set[str] = set()
        self._failed: str | None = None
        self.loading = False
        environment = Environment(user_classes=[], host=spec.targets[0], events=Events())
        self._runner = Master(environment, spec.bind, spec.port or 0, self._hear)
        environment.stats = NoStatistics()

    # -- before the load

    def gather(self) -> None:
        """Start workers here, and wait until every place is taken by one that will do its part.

        Raises:
            NotReadyError: One of them will not, or does not come.
        """
        if self._spec.remote_workers and not self._spec.token:
            raise NotReadyError("without a token anybody could join: workers cannot be awaited")
        start_workers(self._local, self._spec.bind, self._runner.port)
        gevent.spawn(self._watch)
        remote = self._spec.remote_workers
        if remote:
            self._channel.say("told", text=self._invitation())
        deadline = monotonic() + LOCAL_SECONDS
        self._wait(self._local, State.ACCEPTED, deadline, "did not begin in time")
        deadline = monotonic() + self._spec.remote_seconds
        while missing := [place for place in self.places if place.state < State.ACCEPTED]:
            self.check()
            if monotonic() > deadline:
                where = self._only_here() or "run on each other machine"
                raise NotReadyError(
                    f"{remote - len(missing)} of {remote} workers have come within "
                    f"{self._spec.remote_seconds:g} s; {where}: "
                    f"{command_for(self._spec, self._runner.port, secret=False)}"
                )
            gevent.sleep(_LOOK_SECONDS)
        self.check()

    def prepare(self, seconds: float) -> None:
        """Have them make their users ready.

        Raises:
            NotReadyError: They are not, or not within so many seconds.
        """
        self.tell_all("prepare")
        self._wait(self.places, State.READY, monotonic() + seconds, "was not ready in time")

    def check(self) -> None:
        """See whether all are still there.

        Raises:
            NotReadyError: One of them is not.
        """
        if self._failed is not None:
            raise NotReadyError(self._failed)

    def _invitation(self) -> str:
        number = self._spec.remote_workers
        workers = "a worker" if number == 1 else f"{number} workers"
        here = self._only_here()
        where = "another machine" if number == 1 else "other machines"
        return (
            f"waiting for {workers}{'' if here else f' from {where}'}, "
            f"{self._spec.remote_seconds:g} s at most; {here or 'run there'}: "
            f"{command_for(self._spec, self._runner.port, secret=True)}"
        )

    def _only_here(self) -> str | None:
        """What to say where no other machine can come; None where others can."""
        bind = self._spec.bind
        if not is_private(bind):
            return None
        return f"only this machine reaches {bind}, so name --bind ADDRESS for others, or run here"

    def _wait(self, among: list[Place], state: State, deadline: float, late: str) -> None:
        while waiting := [place for place in among if place.state < state]:
            self.check()
            if monotonic() > deadline:
                raise NotReadyError(f"{waiting[0].label()} {late}")
            gevent.sleep(_LOOK_SECONDS)
        self.check()

    # -- talking

    def tell(self, place: Place, say: str, **content: Any) -> None:  # noqa: ANN401 - any msgpack
        """Say something to one of them."""
        if place.client is not None and not place.gone:
            self._runner.tell(place.client, say, **content)

    def tell_all(self, say: str, **content: Any) -> None:  # noqa: ANN401
        """Say something to all of them."""
        for place in self.places:
            self.tell(place, say, **content)

    def _hear(self, client: str, content: object) -> None:
        """Heed a message; never raises."""
        place = next((one for one in self.places if one.client == client), None)
        try:
            told = Reader(content)
            say = told.text("say")
            if place is None:
                if say == "hello":
                    self._greet(client, told)
            elif place.state is State.LOST:  # it is back: too late
                self.tell(place, "refused", why=f"it was given up: {place.lost}")
            else:
                place.heard = monotonic()
                self._answer(place, say, told)
        except NonsenseError as error:
            if place is None:
                _LOG.warning("nonsense from a stranger: %s", error)
            else:
                self.lose(place, f"it sent nonsense: {error}")

    def _answer(self, place: Place, say: str, told: Reader) -> None:
        match say:
            case "ping":
                self.tell(place, "pong", number=told.whole("number"), clock=monotonic())
            case "hello":  # again: our answer may have got lost
                self.tell(place, "job", **self._job, worker=place.number)
            case "accepted" if place.state is State.CALLED:
                self._accept(place, told)
            case "beat":
                place.ready = told.whole("ready")
            case "ready" if place.state is State.ACCEPTED:
                place.state = State.READY
            case "chunk" | "done":
                if self.loading:
                    self._on_load(place, say, told)
            case "refused":
                self.lose(place, told.text("why"))
            case "bye":
                place.gone = True
                self.lose(place, told.text("why") or "it has left")

    def _greet(self, client: str, told: Reader) -> None:
        token = told.text("token").encode()
        known = [x for x in self.places if x.token and compare_digest(x.token.encode(), token)]
        place = next((one for one in known if one.client is None), None)
        if told.whole("protocol") != PROTOCOL or told.text("perfkit") != __version__:
            theirs = told.text("perfkit")
            why = f"perfkit {theirs} cannot work for perfkit {__version__}: install the same"
            self._runner.tell(client, "refused", why=why)
        elif not known:
            self._turn_away(client, told.text("host", 64))
        elif place is None or self.loading:
            self._runner.tell(client, "wait")
        else:
            place.client = client
            place.heard = monotonic()
            place.state = State.CALLED
            place.host = told.text("host", 64) if place.number >= self._spec.workers else ""
            self._compare_versions(place, told)
            self.tell(place, "job", **self._job, worker=place.number)

    def _turn_away(self, client: str, host: str) -> None:
        """A stranger, or a worker of another run: the places stay free for those who are meant."""
        self._runner.tell(client, "refused", why=f"the token is wrong; {_TOKEN}")
        if host not in self._turned_away and len(self._turned_away) < _MOST_TOLD:
            self._turned_away.add(host)
            text = f"a worker on {host} has the wrong token and was turned away; still waiting"
            self._channel.say("told", text=text)

    def _accept(self, place: Place, told: Reader) -> None:
        place.offset = told.number("offset", signed=True)
        place.error = told.number("error")
        place.state = State.ACCEPTED
        if place.local is None:
            self._channel.say("told", text=f"{place.label()} is here")

    def _compare_versions(self, place: Place, told: Reader) -> None:
        theirs = f"Locust {told.text('locust', 32)} under Python {told.text('python', 32)}"
        ours = f"Locust {self._runner.version} under Python {sys.version.split()[0]}"
        if theirs != ours:
            self._channel.say("note", text=f"{place.label()} runs {theirs}, the master {ours}")

    # -- watching

    def lose(self, place: Place, why: str) -> None:
        """A worker is lost; what it sent until now is kept."""
        if place.over:
            return
        place.state = State.LOST
        place.lost = why
        if place.local is not None:
            with contextlib.suppress(OSError):
                place.local.kill()
        self.tell(place, "refused", why=f"it was given up: {why}")
        if self.loading:
            self._on_loss(place)
        else:
            self._failed = self._failed or f"{place.label()}: {why}"

    def _watch(self) -> None:
        """Find out which workers are gone, and let them know that we are not."""
        before = monotonic()
        beat = 0.0
        while True:
            gevent.sleep(_LOOK_SECONDS)
            now = monotonic()
            late, before = now - before, now
            for place in self.places:
                if late > 1:  # it was us who heard nothing
                    place.heard += late
                self._look(place)
            if now > beat:
                beat = now + BEAT_SECONDS
                self.tell_all("beat")

    def _look(self, place: Place) -> None:
        code = None if place.local is None else place.local.poll()
        if code is not None:
            place.gone = True
            self.lose(place, how_it_ended(code))
        elif silent(place, SILENCE_SECONDS):
            self.lose(place, f"nothing has come from it for {SILENCE_SECONDS:g} s")

    def let_go(self) -> None:
        """Wait a little until all have heard the last word, and end those that have not."""
        deadline = monotonic() + _BYE_SECONDS
        while monotonic() < deadline and not all(
            place.gone or place.client is None or place.state is State.LOST for place in self.places
        ):
            gevent.sleep(_LOOK_SECONDS)
        self.kill()
        gevent.sleep(_LOOK_SECONDS)

    def kill(self) -> None:
        """End the workers that were started here."""
        end_workers(self.places)
