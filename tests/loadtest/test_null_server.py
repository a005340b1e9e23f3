"""The server that does nothing: right whatever way requests arrive, and as slow as it is told."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from perfkit.loadtest.null_server import start_null

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Stand

    from perfkit.loadtest.service import RunningService

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /"
CHUNKED = (
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;name=value\r\nhello\r\n3\r\n\r\n\r\r\n0\r\n\r\n"
)


@pytest.fixture
def null(stand: Stand) -> Iterator[RunningService]:
    with start_null(stand.mark, frozenset()) as service:
        yield service


def port_of(service: RunningService) -> int:
    return int(service.url.rpartition(":")[2])


def connect(service: RunningService) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(service)), timeout=10)


def answers(connection: socket.socket, count: int) -> None:
    wanted = ANSWER * count
    found = b""
    while len(found) < len(wanted):
        chunk = connection.recv(65_536)
        assert chunk
        found += chunk
    assert found == wanted


def test_requests_in_pieces_and_in_a_row(null: RunningService) -> None:
    with connect(null) as connection:
        connection.sendall(GET * 3 + POST + CHUNKED + GET)
        answers(connection, 6)
        for byte in POST + CHUNKED + GET:
            connection.sendall(bytes([byte]))
        answers(connection, 3)
        connection.sendall(POST.replace(b"5", b"1000000").replace(b"GET /", b"x" * 1_000_000))
        answers(connection, 1)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", ANSWER),
        (b"GET / HTTP/1.0\r\n\r\n", ANSWER),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"HTTP/1.1 400"),
        (b"x" * 70_000, b"HTTP/1.1 400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n", b"HTTP/1.1 400"),
    ],
)
def test_connections_that_are_closed(null: RunningService, request_: bytes, answer: bytes) -> None:
    with connect(null) as connection:
        connection.sendall(request_)
        found = b""
        while chunk := connection.recv(65_536):
            found += chunk
        assert answer in found
    with connect(null) as connection:
        connection.sendall(GET)
        answers(connection, 1)


def test_a_client_that_leaves(null: RunningService) -> None:
    for _ in range(50):
        with connect(null) as connection:
            connection.sendall(GET * 10)
    with connect(null) as connection:
        connection.sendall(GET)
        answers(connection, 1)


def test_its_end(null: RunningService) -> None:
    with connect(null) as connection:
        connection.sendall(GET)
        answers(connection, 1)
        ending = null.stop()
    assert (ending.code, ending.killed) == (0, False)


def test_killed(stand: Stand, null: RunningService) -> None:
    os.kill(null.pid or 0, signal.SIGKILL)
    null.stop()
    assert stand.strays() == []


def latencies(service: RunningService, count: int) -> list[float]:
    """Of requests one after another, shortest first."""
    took = []
    with connect(service) as connection:
        for _ in range(count):
            start = time.perf_counter()
            connection.sendall(GET)
            answers(connection, 1)
            took.append(time.perf_counter() - start)
    return sorted(took)


def test_delay(stand: Stand) -> None:
    with start_null(stand.mark, frozenset(), delay=0.0234) as service:
        took = latencies(service, 40)
    assert took[0] >= 0.0234
    assert took[10] < 0.0234 + 0.005  # the rest is this busy machine


@pytest.mark.parametrize(("slots", "seconds"), [(4, 0.02), (1, 0.0103)])
def test_capacity(stand: Stand, slots: int, seconds: float) -> None:
    count = round(2 / seconds) * slots // 2
    with start_null(stand.mark, frozenset(), slots=slots, service=seconds) as service:
        with connect(service) as connection:
            start = time.perf_counter()
            connection.sendall(GET * count)
            answers(connection, count)
            took = time.perf_counter() - start
        alone = latencies(service, 20)  # nobody waits
    wanted = count / slots * seconds  # about a second
    assert wanted <= took < wanted * 1.05 + 0.05  # late timers cost nothing but the last one's
    assert seconds <= alone[0]
    assert alone[5] < seconds + 0.005
