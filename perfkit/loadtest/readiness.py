"""Waiting until a service answers."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.25
_ANSWER_SECONDS = (0.5, 10.0)
"""How long the first look waits, and a later one at most; a service may be waking up."""

_BAD_STATUS = 400
_FAILING_STATUS = 500


def wait_ready(url: str, health: str, deadline: float, lost: Callable[[], bool]) -> str | None:
    """Ask a service until it answers below 400.

    Args:
        url: Its base address.
        health: Path that is asked for.
        deadline: When to give up, on the monotonic clock.
        lost: Whether it cannot become ready any more.

    Returns:
        None once it is ready; else what came of the last look, and what to do where an answer came.
    """
    pause = _FIRST_PAUSE
    patience, longest = _ANSWER_SECONDS
    seen = ""
    while True:
        over = lost()  # first: an answer after its end would be somebody else's
        left = deadline - time.monotonic()
        if over or left <= 0:
            return seen or "nothing was asked"
        try:
            status = ask(url, health, min(left, patience))
        except (OSError, http.client.HTTPException) as error:
            if not seen or time.monotonic() < deadline:  # a look cut short tells less than a whole
                seen = _words(error, health)
            if isinstance(error, TimeoutError):
                patience = min(2 * patience, longest)
        else:
            if status < _BAD_STATUS:
                return None
            seen = f"{health} answered {status}; {_remedy(status)}"
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def ask(url: str, path: str, seconds: float) -> int:
    """Status of the answer to one GET request.

    Args:
        url: Base address.
        path: What to ask for below it.
        seconds: How long to wait, however slowly the answer trickles in.

    Raises:
        OSError: No connection, or no answer in time.
        http.client.HTTPException: The answer is not HTTP.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    deadline = time.monotonic() + seconds
    try:
        connection.connect()
        watch = threading.Timer(deadline - time.monotonic(), _shut, [connection.sock])
        watch.start()
        try:
            target = parts.path.rstrip("/") + "/" + path.lstrip("/")
            connection.request("GET", target, headers={"Connection": "close"})
            status = connection.getresponse().status
        finally:
            watch.cancel()
        if time.monotonic() >= deadline:  # its headers were cut short here
            raise TimeoutError
        return status
    finally:
        connection.close()


def _shut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _remedy(status: int) -> str:
    """What to do about an answer that says no: it may be the wrong question."""
    if status < _FAILING_STATUS:
        return "name a path that answers with --health /orders"
    return "name another path with --health, or wait longer with --ready 60"


def _words(error: OSError | http.client.HTTPException, health: str) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connections were refused"
    if isinstance(error, TimeoutError | http.client.RemoteDisconnected | ConnectionResetError):
        return f"{health} was not answered"
    if isinstance(error, http.client.HTTPException):
        return f"{health} was not answered with HTTP"
    return f"it cannot be reached: {error.strerror or error}"
