"""`perfkit load worker`: this machine generates a part of a load that perfkit runs elsewhere."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from perfkit.errors import PerfkitError
from perfkit.loadtest.engine_process import EngineProcess
from perfkit.machine.guardian import Guardian
from perfkit.machine.process import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What this machine did for others.

    Attributes:
        sent: Requests it sent.
        complete: The master has all of its events on its disk.
        loads: Loads it took part in.
    """

    sent: int
    complete: bool
    loads: int


def serve(
    master: str,
    *,
    allow_hosts: Sequence[str],
    wait_seconds: float,
    token: str,
    tell: Callable[[str], None] = lambda _: None,
) -> Served:
    """Take part in the loads of a run, until it is over.

    What to send, and when, comes from the master. A run may have several loads (trials, probes);
    between them the master is gone, and waited for again.

    Args:
        master: ``HOST:PORT``.
        allow_hosts: Hosts that may be sent load to, beside this machine.
        wait_seconds: How long it may take until the master answers and has something to do.
        token: What the master wants its workers to know.
        tell: Is given what the user should know at once.

    Raises:
        PerfkitError: The address is none, no master answers, the token is not its own, or its load
            may not be sent from here.
    """
    host, port = _address(master)
    served = Served(sent=0, complete=True, loads=0)
    while True:
        summons = {
            "host": host,
            "port": port,
            "token": token,
            "allow_hosts": list(allow_hosts),
            "wait_seconds": wait_seconds,
        }
        found, more = _one_load(summons, tell, again=served.loads > 0)
        if found is None:
            return served
        served = Served(
            sent=served.sent + found.sent,
            complete=served.complete and found.complete,
            loads=served.loads + 1,
        )
        if not (more and found.complete):
            return served
        tell("done; another load may follow, for which the master is awaited again")


def _one_load(
    summons: dict[str, object], tell: Callable[[str], None], *, again: bool
) -> tuple[Served | None, bool]:
    """Take part in one load.

    Args:
        summons: What the engine is told.
        tell: Is given what the user should know at once.
        again: There was one before, so that it is no error when there is none now.

    Returns:
        What came of it (None when there was none), and whether another may follow.
    """
    mark = f"worker-{secrets.token_hex(8)}"
    with Guardian(mark):
        try:
            process = EngineProcess(words=("worker",), where=frozenset(), mark=mark)
        except OSError as error:
            raise PerfkitError(f"the engine cannot be started: {error}") from error
        begun = ended = False
        try:
            process.say(json.dumps(summons))
            while (told := process.hear(_SILENCE_SECONDS)) is not None:
                match told["kind"]:
                    case "told":
                        begun = True
                        tell(told["text"])
                    case "error" if again and not begun:
                        return None, False
                    case "error":
                        raise PerfkitError(one_line(told["reason"]))
                    case "end":
                        ended = True
                        if told["detail"]:
                            tell(told["detail"])
                        served = Served(sent=told["sent"], complete=told["complete"], loads=1)
                        return served, bool(told["more"])
            raise PerfkitError(
                process.trouble or "the engine ended", got=one_line(process.last_words()) or None
            )
        finally:
            process.end(leaving=ended)


def _address(master: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{master}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.netloc != master or "@" in master:
        raise PerfkitError(
            "not the address of a master",
            got=master,
            allowed="HOST:PORT, as the other perfkit says",
        )
    return host, port
