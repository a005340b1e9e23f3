"""The moments a request touches the network, taken at its socket.

Between a user's waking up and the first byte on its way, Locust and geventhttpclient work for a
quarter of a millisecond, and for a tenth after the last byte has come (measured at 200 requests a
second, when caches are cold). None of that is the service's doing, nor need it make requests late:
users wake so much earlier, and the socket holds the first byte back until it is due.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from gevent.socket import socket

_LONGEST_LEAD = 0.001
_FIRST_LEAD = 0.0002
_RISE, _FALL = 4e-6, 6e-6  # so that four in ten are ready before their time, by little


class Lead:
    """How much earlier than its request is due a user has to wake up; learnt from all of them."""

    def __init__(self, seconds: float = _FIRST_LEAD) -> None:
        self.seconds = seconds

    def learn(self, took: float) -> None:
        """It took so long this time from when a user was to wake until it could send."""
        step = _RISE if took > self.seconds else -_FALL
        self.seconds = min(max(self.seconds + step, 0.0), _LONGEST_LEAD)


class Wire:
    """One user's connection.

    Attributes:
        due: When the request may touch the network.
        touched: When it did: began to connect, or sent its first byte; None before that.
        heard: When the latest bytes came; None before that.
    """

    def __init__(self, lead: Lead) -> None:
        self._lead = lead
        self._learning = False
        self.due = 0.0
        self.touched: float | None = None
        self.heard: float | None = None

    def expect(self, due: float, *, woken: bool) -> None:
        """A request is about to be made.

        Args:
            due: When it is due.
            woken: Its user slept until it was nearly due.
        """
        self.due = due
        self.touched = self.heard = None
        self._learning = woken

    def touch(self) -> None:
        """The request is about to touch the network: hold it until it is due."""
        if self.touched is not None:
            return
        now = monotonic()
        if self._learning:
            self._lead.learn(now - self.due + self._lead.seconds)
            while now < self.due:  # well under a millisecond: too short to let others run
                now = monotonic()
        self.touched = now

    def make_socket(self, family: int, kind: int, protocol: int) -> socket:
        """A socket that tells; its connection is the request's first touch."""
        self.touch()
        made = _Socket(family, kind, protocol)
        made.wire = self
        return made


class _Socket(socket):  # type: ignore[misc] # gevent has no types
    """Tells its wire when something is sent and when something has come."""

    wire: Wire

    def sendall(self, data: Any, flags: int = 0) -> Any:  # noqa: ANN401 - a buffer
        """Send all of it, not before it is due."""
        self.wire.touch()
        return super().sendall(data, flags)

    def recv(self, *arguments: int) -> bytes:
        """Wait for bytes."""
        data: bytes = super().recv(*arguments)
        self.wire.heard = monotonic()
        return data
