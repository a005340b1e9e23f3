"""A small HTTP server that tells the truth about itself; run as a script by the tests.

Usage: ``python _server.py LOG [MODE ARGUMENT ...]``; prints its port; ends in order when its input
does. One process, asyncio, no framework. Each request is a line of LOG: microseconds of
CLOCK_MONOTONIC at its arrival and when its answer was written.

Modes (of every request):
    latency SEED            answers after a random time: 10 ± 1 ms, for 27 % of requests 30 ± 2 ms,
                            for 3 % 80 ± 2 ms
    fixed [SECONDS]         after a fixed time
    freeze AT LENGTH        at once, but the whole process stands still for LENGTH seconds, AT
                            seconds after the first request (a line "frozen BEGIN END")
    status CODE             at once with that status
    hang                    never
    close                   closes the connection instead
    half                    closes it in the middle of the body
    trickle SECONDS         a byte every so many seconds, from the first of the headers on
    big BYTES               a body of so many bytes
    die N                   at once; ends itself with SIGKILL at the N-th request
    echo                    the request itself, as JSON; /login gives a token, /private wants one
                            (a line "echo METHOD PATH HEADERS BODY")
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

LOG = Path(sys.argv[1])
MODE, ARGUMENTS = (sys.argv[2:] or ["fixed"])[0], [float(word) for word in sys.argv[3:]]
RANDOM = random.Random(int(ARGUMENTS[0]) if MODE == "latency" else 0)
LINES: list[str] = []
COUNT = [0]


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answering: TypeAlias = Callable[[asyncio.StreamWriter, Asked], Awaitable[bool]]
"""Answers a request; returns whether the connection is kept."""
HOST = os.environ.get("SERVER_HOST", "127.0.0.1")


def now() -> int:
    return time.monotonic_ns() // 1000


def answer(body: bytes = b'{"answer": 42}', status: int = 200, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


async def fixed(writer: asyncio.StreamWriter, _: Asked) -> bool:
    if ARGUMENTS:
        await asyncio.sleep(ARGUMENTS[0])
    writer.write(answer())
    return True


async def status(writer: asyncio.StreamWriter, _: Asked) -> bool:
    writer.write(answer(b"no \xff text", int(ARGUMENTS[0]), "Location: /elsewhere\r\n"))
    return True


async def hang(_: asyncio.StreamWriter, __: Asked) -> bool:
    await asyncio.sleep(3600)
    return False


async def close(_: asyncio.StreamWriter, __: Asked) -> bool:
    return False


async def half(writer: asyncio.StreamWriter, _: Asked) -> bool:
    writer.write(answer(b"x" * 1000)[:-500])
    return False


async def trickle(writer: asyncio.StreamWriter, _: Asked) -> bool:
    for byte in answer():
        writer.write(bytes([byte]))
        await asyncio.sleep(ARGUMENTS[0])
    return True


async def big(writer: asyncio.StreamWriter, _: Asked) -> bool:
    left = int(ARGUMENTS[0])
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n".encode())
    while left:
        piece = min(left, 1 << 18)
        writer.write(b"x" * piece)
        await writer.drain()
        left -= piece
    return True


async def die(writer: asyncio.StreamWriter, _: Asked) -> bool:
    if COUNT[0] >= ARGUMENTS[0]:
        save()
        os.kill(os.getpid(), signal.SIGKILL)
    writer.write(answer())
    return True


async def echo(writer: asyncio.StreamWriter, asked: Asked) -> bool:
    code = 200
    told: object = {**asked._asdict(), "body": asked.body.decode()}
    if asked.path == "/login":
        told = {"user": {"tokens": [f"t-{COUNT[0]}"]}}
    elif asked.path.startswith("/private"):
        code = 200 if asked.headers.get("authorization", "").startswith("Bearer t-") else 401
    cookie = f"Set-Cookie: port={os.getpid()}\r\n"
    writer.write(answer(json.dumps(told).encode(), code, cookie))
    LINES.append(f"echo {asked.method} {asked.path} {json.dumps(asked.headers)} {asked.body!r}\n")
    return True


MODES: dict[str, Answering] = {
    made.__name__: made for made in (fixed, status, hang, close, half, trickle, big, die, echo)
}


async def read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            keep = True
            while keep:
                asked = await read_request(reader)
                arrived = now()
                COUNT[0] += 1
                keep = await MODES[MODE](writer, asked)
                LINES.append(f"{arrived} {now()}\n")
    finally:
        writer.close()


class Plain(asyncio.Protocol):
    """Requests without a body, answered after a while, with as little in between as can be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer = answer()

    def data_received(self, data: bytes) -> None:
        arrived = now()
        assert data.endswith(b"\r\n\r\n")
        loop = asyncio.get_running_loop()
        COUNT[0] += 1
        if MODE == "latency":
            drawn, within = RANDOM.random(), RANDOM.uniform(-1, 1)
            middle, width = (80, 2) if drawn < 0.03 else (30, 2) if drawn < 0.3 else (10, 1)
            loop.call_later((middle + width * within) / 1000, self._respond, arrived)
            return
        if COUNT[0] == 1:
            loop.call_later(ARGUMENTS[0], freeze)
        self._respond(arrived)

    def _respond(self, arrived: int) -> None:
        self._transport.write(self._answer)
        LINES.append(f"{arrived} {now()}\n")


def freeze() -> None:
    began = now()
    time.sleep(ARGUMENTS[1])
    LINES.append(f"frozen {began} {now()}\n")


def save() -> None:
    with LOG.open("a", encoding="utf-8") as file:
        file.writelines(LINES)
    LINES.clear()


async def main() -> None:
    loop = asyncio.get_running_loop()
    if MODE in {"latency", "freeze"}:
        server = await loop.create_server(Plain, HOST, 0, backlog=2048)
    else:
        server = await asyncio.start_server(serve, HOST, 0, backlog=2048)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    save()
    os._exit(0)


asyncio.run(main())
