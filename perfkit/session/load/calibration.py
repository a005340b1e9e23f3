"""`perfkit load calibrate`: what the generator can do, measured against a server that does nothing.

The ceiling bounds every claim of throughput (above 80 % of it, the generator may be what was
measured); the floor is the part of every response time that is the generator's and the kernel's.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perfkit.loadtest.engines import make_generator
from perfkit.loadtest.generator import EngineError
from perfkit.loadtest.null_server import start_null
from perfkit.loadtest.spec import EngineSpec
from perfkit.machine import cpus, host
from perfkit.machine.guardian import Guardian
from perfkit.profile.parse import parse_profile
from perfkit.provision.cache import cache_root
from perfkit.recording.events import ANSWERED, read_events
from perfkit.session.load.bench import placed
from perfkit.session.progress import LoadDone, LoadStarted

if TYPE_CHECKING:
    from perfkit.recording.events import Events
    from perfkit.recording.load import LoadMethod
    from perfkit.session.progress import Listener

_FOLDER = "calibrations"
_SETTLE = 1.0  # seconds that are left out
_CEILING = """
model: closed
start: 50
stages: [{name: hold, duration: SECONDSs, users: 50}]
think: 0s
scenario: {timeout: 5s, requests: [{name: "null", get: /}]}
"""
_FLOOR = """
model: open
start: 100
stages: [{name: hold, duration: SECONDSs, rate: 100}]
users: 20
scenario: {timeout: 5s, requests: [{name: "null", get: /}]}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the generator can do on this machine.

    Attributes:
        ceiling: Requests per second of 50 users without think time.
        floor: Median seconds of a request at 100 requests per second.
        floor_p99: The same, 99th percentile.
        created: Local time with offset, ISO 8601.
        engine: Engine and version.
        workers: Generator processes.
        pinned: Generator and server were kept on CPUs of their own.
    """

    ceiling: float
    floor: float
    floor_p99: float
    created: str
    engine: str
    workers: int
    pinned: bool


def stored_calibration(method: LoadMethod) -> Calibration | None:
    """The last calibration of such a generator on this machine, or None."""
    with suppress(OSError, ValueError, TypeError):
        return Calibration(**json.loads(_path(method).read_text(encoding="utf-8")))
    return None


def calibrate(method: LoadMethod, *, seconds: float, listener: Listener) -> Calibration:
    """Measure ceiling and floor, and keep them for later runs on this machine.

    Args:
        method: How load is generated.
        seconds: Length of each of the two measurements.
        listener: Told of it.

    Raises:
        ServiceError: The server cannot be started.
        EngineError: The engine cannot be started, or did not come to its end.
    """
    ceiling = _events("ceiling", _CEILING, method, seconds, listener)
    floor = _events("floor", _FLOOR, method, seconds, listener)
    steady = (ceiling.end >= _SETTLE) & (ceiling.end < seconds)
    took = (floor.end - floor.start)[(floor.due >= _SETTLE) & (floor.outcome == ANSWERED)]
    found = Calibration(
        ceiling=float(steady.sum() / (seconds - _SETTLE)),
        floor=float(np.median(took)),
        floor_p99=float(np.quantile(took, 0.99)),
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        engine=f"{method.engine} {method.engine_version}",
        workers=method.workers,
        pinned=bool(placed(pin=method.pin).service),
    )
    path = _path(method)
    with suppress(OSError):  # a cache that cannot be written is no failure
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found


def _events(
    what: str, profile: str, method: LoadMethod, seconds: float, listener: Listener
) -> Events:
    mark = f"calibrate-{secrets.token_hex(6)}"
    where = placed(pin=method.pin)
    with tempfile.TemporaryDirectory(prefix="perfkit-") as folder, ExitStack() as stack:
        stack.enter_context(Guardian(mark))
        server = start_null(mark=mark, cpus=where.service)
        stack.callback(server.stop)
        load = parse_profile(profile.replace("SECONDS", f"{seconds:g}"), Path(what))
        files = tuple(Path(folder) / f"w{number}.arrow" for number in range(method.workers))
        spec = EngineSpec(
            engine=method.engine,
            profile=load,
            targets=(server.url,),
            windows=(),
            seed=1,
            events=files,
            workers=method.workers,
            remote_workers=0,
            remote_seconds=0.0,
            more=False,
            bind="127.0.0.1",
            port=None,
            cpus=where.generator,
            mark=mark,
        )
        generator = stack.enter_context(make_generator(spec))
        generator.ready()
        listener(
            LoadStarted(
                what=what,
                position=0,
                total=None,
                seconds=seconds,
                level_name="users" if what == "ceiling" else "requests/s",
                stages=(("hold", seconds),),
            )
        )
        for _ in generator.seconds():
            pass
        end = generator.finish()
        listener(LoadDone(what=what, result=end.reason, good=end.reason == "finished"))
        if end.reason != "finished":
            raise EngineError(f"the load ended early ({end.reason})", detail=end.detail)
        return read_events(files)


def _path(method: LoadMethod) -> Path:
    """Of a generator like this on a machine like this."""
    parts = [
        method.engine,
        method.engine_version,
        method.generator,
        method.workers,
        method.pin,
        sorted(cpus.available()),
        host.facts()["cpu"],
    ]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
    return cache_root() / _FOLDER / f"{key}.json"
