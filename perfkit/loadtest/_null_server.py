"""Run as a script by `null_server`: a server that does nothing, or nothing but wait.

Usage: ``python _null_server.py --port PORT [--host HOST] [--delay-ms D]
[--slots K --service-ms T]``

Every request is answered 200 with two bytes. With ``--delay-ms`` each answer comes so much later.
With ``--slots`` and ``--service-ms`` the server is a queue before K servers that take T ms for
every request, first come, first served: it does K/T requests a second and not one more. The
moments are computed on arrival from the queue's state, so that late timers cost no capacity.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import heapq
import resource
import select
import selectors
import signal
from collections import deque

_BODY = b"ok"
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
    + _BODY
)
_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_HEAD_END = b"\r\n\r\n"
_LARGEST_HEAD = 65_536


class Line:
    """The queue before the answers; with no slots, nobody waits for anybody.

    Args:
        slots: Requests served at a time; 0 for any number.
        seconds: How long each is served.
        loop: The event loop.
    """

    def __init__(self, slots: int, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        self._seconds = seconds
        self._free = [0.0] * slots  # when each slot is free again: a heap
        self._loop = loop
        self._due: deque[tuple[float, Null, bool]] = deque()  # in order: all take equally long

    def join(self, connection: Null, *, last: bool) -> None:
        """Have a request of a connection answered at its time."""
        now = self._loop.time()
        begin = max(now, self._free[0]) if self._free else now
        end = begin + self._seconds
        if self._free:
            heapq.heapreplace(self._free, end)
        self._due.append((end, connection, last))
        if len(self._due) == 1:
            self._loop.call_at(end, self._answer)

    def _answer(self) -> None:
        now = self._loop.time()
        while self._due and self._due[0][0] <= now:
            _, connection, last = self._due.popleft()
            connection.answer(last=last)
        if self._due:
            self._loop.call_at(self._due[0][0], self._answer)


class Null(asyncio.Protocol):
    """One connection: reads requests off it, however they are cut or joined, and answers each."""

    def __init__(self, line: Line | None) -> None:
        self._line = line
        self._buffer = b""
        self._body = 0  # bytes of a request's body still to come
        self._chunked = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Answers that are still due go nowhere."""
        del error
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer and self._advance():
            pass

    def answer(self, *, last: bool) -> None:
        """Answer one request."""
        if self._transport is not None:
            self._transport.write(_ANSWER)
            if last:
                self._transport.close()

    def _advance(self) -> bool:
        """Take one step through the buffer; whether there may be another."""
        if self._body:
            taken = min(self._body, len(self._buffer))
            self._body -= taken
            self._buffer = self._buffer[taken:]
            return True
        if self._chunked:
            return self._skip_chunk()
        head, found, rest = self._buffer.partition(_HEAD_END)
        if not found:
            if len(self._buffer) > _LARGEST_HEAD:
                self._refuse()
            return False
        self._buffer = rest
        return self._begin(head.lower())

    def _begin(self, head: bytes) -> bool:
        """A request's head is complete."""
        first, *lines = head.split(b"\r\n")
        fields = dict(line.split(b":", 1) for line in lines if b":" in line)
        try:
            self._body = int(fields.get(b"content-length", b"0"))
        except ValueError:
            self._refuse()
            return False
        self._chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        wanted = fields.get(b"connection", b"")
        last = b"close" in wanted or (first.endswith(b"http/1.0") and b"keep-alive" not in wanted)
        if self._line is None:
            self.answer(last=last)
        else:
            self._line.join(self, last=last)
        return not last

    def _skip_chunk(self) -> bool:
        size, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            self._refuse()
            return False
        self._buffer = rest
        if length:
            self._body = length + 2  # with its line end
            return True
        self._chunked = False
        self._body = 2  # no trailers are expected
        return True

    def _refuse(self) -> None:
        self._buffer = b""
        if self._transport is not None:
            self._transport.write(_BAD)
            self._transport.close()


class PreciseSelector(selectors.DefaultSelector):
    """Waits with the resolution of select(2), not of epoll_wait(2), which is a millisecond."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """The files that are ready."""
        if hasattr(self, "fileno") and (timeout is None or timeout > 0):
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        return super().select(timeout)


async def serve(host: str, port: int, line: Line | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, over.set)
    server = await loop.create_server(lambda: Null(line), host, port, backlog=4096)
    await over.wait()
    server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Answers every request with 200.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--slots", type=int, default=0)
    parser.add_argument("--service-ms", type=float, default=0.0)
    options = parser.parse_args()
    with contextlib.suppress(OSError, ValueError):  # a connection is an open file
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    seconds = (options.service_ms if options.slots else options.delay_ms) / 1000
    if not seconds:
        asyncio.run(serve(options.host, options.port, None))
        return
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(PreciseSelector())
    ) as runner:
        line = Line(options.slots, seconds, runner.get_loop())
        runner.run(serve(options.host, options.port, line))


if __name__ == "__main__":
    main()
