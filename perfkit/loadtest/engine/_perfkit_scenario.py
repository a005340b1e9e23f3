"""A profile's own scenario: what is sent, and whether the answer is right."""

from __future__ import annotations

import json
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from perfkit.profile.template import fill, variables_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from perfkit.profile.value import Check, Request, Scenario

_CHUNK = 1 << 16
_NOTHING: dict[int, bytes] = {}
_IDENTITY = ("Accept-Encoding", "identity")
"""Bodies are counted as they are sent; a scenario that wants compression says so itself."""


class Sending:
    """One kind of request, prepared.

    Attributes:
        request: The request.
        number: Of its name.
        wanted: Variables in it.
        reads: Its answer's body is looked into.
    """

    def __init__(self, request: Request, number: int) -> None:
        self.request = request
        self.number = number
        self.method = request.method
        self.name = request.name
        names = {name.lower() for name, _ in request.headers}
        headers = (*request.headers, *(() if "accept-encoding" in names else (_IDENTITY,)))
        self._path = request.path
        self._headers = headers
        self._body = request.body
        texts = (request.path, request.body or "", *(value for _, value in headers))
        self.wanted = tuple(dict.fromkeys(name for text in texts for name in variables_in(text)))
        self._headers_vary = any(variables_in(value) for _, value in headers)
        self._fixed_headers = dict(headers)
        self._fixed_body = None if request.body is None else request.body.encode()
        self.needles = tuple(
            (index, check.body.encode())
            for index, check in enumerate(request.checks)
            if check.body is not None
        )
        self.overlap = max((len(needle) for _, needle in self.needles), default=1) - 1
        self.times = tuple(
            (index, check.seconds)
            for index, check in enumerate(request.checks)
            if check.seconds is not None
        )
        self.reads = bool(self.needles or request.capture)
        self.any_status = any(check.status is not None for check in request.checks)

    def render(self, values: dict[str, str]) -> tuple[str, dict[str, str], bytes | None]:
        """Path, headers and body with the variables filled in."""
        if not self.wanted:
            return self._path, self._fixed_headers, self._fixed_body
        headers = self._fixed_headers
        if self._headers_vary:
            headers = {name: fill(value, values) for name, value in self._headers}
        body = None if self._body is None else fill(self._body, values).encode()
        return fill(self._path, values), headers, body


class Script:
    """The scenario, prepared once and shared by all users.

    Args:
        scenario: The scenario.
        number_of: Gives the number of a request's name.
    """

    def __init__(self, scenario: Scenario, number_of: Callable[[str], int]) -> None:
        self.setup = tuple(Sending(one, number_of(one.name)) for one in scenario.setup)
        self.requests = tuple(Sending(one, number_of(one.name)) for one in scenario.requests)
        self._bounds = tuple(accumulate(one.request.weight for one in self.requests))
        self.variables = dict(scenario.variables)
        self.think = scenario.think
        self.timeout = scenario.timeout

    def draw(self, random: Random) -> Sending:
        """One of the requests, by weight."""
        if len(self.requests) == 1:
            return self.requests[0]
        at = bisect_right(self._bounds, random.random() * self._bounds[-1])
        return self.requests[min(at, len(self.requests) - 1)]


class Values:
    """Values of one user's variables.

    Args:
        script: The scenario.
        number: The user's.
        random: The user's own.
    """

    def __init__(self, script: Script, number: int, random: Random) -> None:
        self._lists = script.variables
        self._random = random
        self.kept: dict[str, str] = {"user": str(number)}
        self._count = 0

    def of(self, sending: Sending) -> dict[str, str]:
        """What a request's variables stand for, this time."""
        self._count += 1
        if not sending.wanted:
            return self.kept
        kept = self.kept
        for name in sending.wanted:
            if name in self._lists:
                kept[name] = self._random.choice(self._lists[name])
            elif name == "random":
                kept[name] = str(self._random.getrandbits(31))
            elif name == "count":
                kept[name] = str(self._count)
        return kept


class Body:
    """An answer's body, read in pieces; kept only when something is to be captured from it.

    Args:
        sending: What the answer is to.
    """

    def __init__(self, sending: Sending) -> None:
        self._missing = dict(sending.needles) if sending.needles else _NOTHING
        self._overlap = sending.overlap
        self._tail = b""
        self._keep: list[bytes] | None = [] if sending.request.capture else None

    def read(self, read: Callable[[int], bytes]) -> int:
        """Read all of it, and return its length."""
        total = 0
        size = _CHUNK
        while size == _CHUNK:  # a shorter piece is the last
            piece = read(_CHUNK)
            size = len(piece)
            total += size
            if self._keep is not None:
                self._keep.append(piece)
            if self._missing:
                self._search(piece)
        return total

    def _search(self, piece: bytes) -> None:
        text = self._tail + piece
        found = [index for index, needle in self._missing.items() if needle in text]
        for index in found:
            del self._missing[index]
        self._tail = text[len(text) - self._overlap :] if self._overlap else b""

    def missing(self) -> Iterable[int]:
        """Checks whose text is not in it."""
        return self._missing

    def captured(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Values at paths of a JSON body.

        Raises:
            LookupError: One is not there, or the body is no JSON.
        """
        try:
            document = json.loads(b"".join(self._keep or ()))
        except ValueError as error:
            raise LookupError("the body is no JSON") from error
        return {name: _at(document, path) for name, path in pairs}


def _at(document: Any, path: str) -> str:  # noqa: ANN401 - any JSON value
    """The value at a path such as ``"items.0.id"``, as text."""
    found = document
    for key in path.split("."):
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (LookupError, TypeError, ValueError):
            raise LookupError(f"nothing at {path}") from None
    return found if isinstance(found, str) else json.dumps(found)


def count(read: Callable[[int], bytes]) -> int:
    """Length of a body that nobody looks into."""
    total = size = len(read(_CHUNK))
    while size == _CHUNK:
        size = len(read(_CHUNK))
        total += size
    return total


def judge(
    sending: Sending, status: int, body: Body | None, seconds: float
) -> tuple[int, str | None]:
    """Hold an answer against its checks.

    Args:
        sending: What the answer is to.
        status: Its HTTP status.
        body: Its body, or None where nobody looks into it.
        seconds: Its service time.

    Returns:
        Bits of the failed checks, and why the request has failed or None. A check of time that
        fails is no failed request.
    """
    if not sending.request.checks and status < 400:  # noqa: PLR2004 - client and server errors
        return 0, None
    failed = 0
    why: str | None = None
    for index, check in enumerate(sending.request.checks):
        if check.status is not None and status not in check.status:
            failed |= 1 << index
            why = why or f"{_label(check)}: status {status}"
    if not sending.any_status and status >= 400:  # noqa: PLR2004 - client and server errors
        why = f"status {status}"
    for index in body.missing() if body is not None else ():
        failed |= 1 << index
        why = why or f"{_label(sending.request.checks[index])}: text not in the body"
    for index, limit in sending.times:
        if seconds > limit:
            failed |= 1 << index
    return failed, why


def _label(check: Check) -> str:
    return f"check {check.name!r}"
