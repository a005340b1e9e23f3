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
    worker                  the same of one of several workers ("worker")
    note                    something to know: "text"
    told                    something to know at once: "text"
    error                   it cannot begin: "reason"
    end                     it is over, and everything is on the disk
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
from _perfkit_load import Load, announce, environment_of, in_a_moment, join
from _perfkit_store import Store

from perfkit.errors import PerfkitError
from perfkit.loadtest.spec import distributed, spec_from_json
from perfkit.machine import cpus

if TYPE_CHECKING:
    import numpy as np
    from locust.env import Environment
    from numpy.typing import NDArray

    from perfkit.loadtest.spec import EngineSpec
    from perfkit.recording.events import Name

_HEAD_START = 0.1
_PREPARING_SECONDS = 2.0


class Local(Load):
    """A whole run in this process."""

    def __init__(self, spec: EngineSpec, channel: Channel, environment: Environment) -> None:
        super().__init__(spec, channel, environment)
        self._store = Store(spec.events[0])

    def run(self) -> None:
        """Make ready, wait for the word, generate the load, and tell the end.

        Raises:
            NotReadyError: It cannot begin.
        """
        join(self._crew, self._spec, self._note)
        self._crew.environment.create_local_runner()
        announce(self._crew)
        telling = gevent.spawn(self._tell_preparing)
        self._crew.spawn(self._spec.profile.users)
        telling.kill()
        self._warm_up()
        self._channel.say("ready")
        gevent.spawn(self._listen)
        self._begin.wait()
        gc.collect()
        gc.freeze()
        origin = monotonic() + _HEAD_START
        self._channel.say("origin", clock=int(origin * 1e6), wall=in_a_moment(_HEAD_START))
        self._generate(origin)

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

    def _trouble(self) -> str | None:
        return self._store.error

    def _keep(self, rows: NDArray[np.void], names: list[Name], told: dict[str, Any]) -> None:
        self._store.put(rows, names, lambda: self._channel.say("second", **told))

    def _keep_all(self) -> None:
        self._store.close()

    def _conclude(self, end: dict[str, Any]) -> None:
        self._channel.say("end", **end)


def main() -> int:
    """Run one spec; the exit code says whether it came to its own end."""
    channel = Channel()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        spec = spec_from_json(channel.hear() or "")
        cpus.move(os.getpid(), spec.cpus)
        if distributed(spec):
            from _perfkit_master import Master

            Master(spec, channel).run()
        else:
            Local(spec, channel, environment_of(spec)).run()
    except (NotReadyError, PerfkitError) as error:
        channel.say("error", reason=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, perfkit is to know
        traceback.print_exc()
        channel.say("error", reason=f"{type(error).__name__}: {error}")
    else:
        os._exit(0)  # whatever threads and greenlets a Locust file leaves
    os._exit(1)
