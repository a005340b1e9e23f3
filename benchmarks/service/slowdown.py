"""An endpoint made slower by a stated share of its own CPU time, for tests of sensitivity.

The CPU time that the event loop's thread spends on one request is added up over the steps of its
task: what other requests do in between does not count. Just before the answer begins, the task
then burns the stated share of that time. So each request is slowed in proportion to itself, under
any load, on any Python. What happens outside the task is not slowed: uvicorn's parsing of the
request, and work handed to threads. The response time therefore grows by somewhat less than the
share: with ``/api/v1/data=10%``, the median over one connection grew by 8.9 %.
"""

import time
from collections.abc import Awaitable, Generator
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SlowdownMiddleware:
    """Slows the requests to one path."""

    def __init__(self, app: ASGIApp, *, path: str, share: float) -> None:
        """Slow requests to ``path`` by ``share`` of their CPU time."""
        self._app = app
        self._path = path
        self._share = share

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        metered: _Metered

        async def slowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _burn(round(metered.spent() * self._share))
            await send(message)

        metered = _Metered(self._app(scope, receive, slowed))
        await metered


class _Metered:
    """Awaits something and adds up the thread's CPU time over its steps, in nanoseconds."""

    def __init__(self, inner: Awaitable[None]) -> None:
        self._inner = inner
        self._before = 0
        self._began = 0

    def spent(self) -> int:
        """CPU time so far; to be asked from inside."""
        return self._before + time.thread_time_ns() - self._began

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._inner.__await__()
        value: Any = None
        error: Any = None
        while True:
            self._began = time.thread_time_ns()
            try:
                waits_for = steps.send(value) if error is None else steps.throw(error)
            except StopIteration:
                return
            self._before += time.thread_time_ns() - self._began
            value = error = None
            try:
                value = yield waits_for
            except BaseException as raised:  # noqa: BLE001 - a cancellation too is the inner one's
                error = raised


def _burn(nanoseconds: int) -> None:
    until = time.thread_time_ns() + nanoseconds
    while time.thread_time_ns() < until:
        pass
