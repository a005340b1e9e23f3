"""The moments a request touches the network, taken at its socket.

Between a user's waking up and the first byte on its way, Locust and geventhttpclient work for a
quarter of a millisecond, and for a tenth after the last byte has come (measured at 200 requests a
second, when caches are cold). None of that is the service's doing, nor need it make requests late:
users wake so much earlier, and the socket holds the first byte back until it is due.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from gevent.socket import socket

if TYPE_CHECKING:
    from _perfkit_rows import Turn

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
        heard: When the latest bytes came; None before that.
    """

    def __init__(self, lead: Lead) -> None:
        self._lead = lead
        self._woken = False
        self._turn: Turn | None = None
        self.heard: float | None = None

    def expect(self, turn: Turn, *, woken: bool) -> None:
        """A request is about to be made; it starts when it touches the network.

        Args:
            turn: Its turn.
            woken: Its user slept until it was nearly due.
        """
        self._turn = turn
        self._woken = woken
        self.heard = None

    def touch(self) -> None:
        """The request is about to touch the network: hold it until it is due."""
        turn, self._turn = self._turn, None
        if turn is None:  # it has
            return
        now = monotonic()
        if self._woken:
            self._lead.learn(now - turn.due + self._lead.seconds)
            while now < turn.due:  # well under a millisecond: too short to let others run
                now = monotonic()
        turn.start = now

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
