"""A small HTTP server that tells the truth about itself; run as a script by the tests.

Usage: ``python _server.py LOG [MODE ARGUMENT ...]``; prints its port. One process, asyncio, no
framework. Each request is a line of LOG: microseconds of CLOCK_MONOTONIC at its arrival, when its
answer was written.

Modes (of every request):
    latency SEED            answers after a random time: 10 ± 1 ms, for 27 % of requests 30 ± 2 ms,
                            for 3 % 80 ± 2 ms
    fixed SECONDS           after a fixed time
    freeze AT LENGTH        at once, but the whole process stands still for LENGTH seconds, AT
                            seconds after the first request
    status CODE             at once with that status
    hang                    never
    close                   closes the connection instead
    half                    closes it in the middle of the body
    trickle SECONDS         a byte of the headers every so many seconds
    big BYTES               a body of so many bytes
    die N                   at once; ends itself with SIGKILL at the N-th request
    echo                    the request itself, as JSON; /login gives a token, /private wants it
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time

LOG = sys.argv[1]
MODE, ARGUMENTS = (sys.argv[2:] or ["fixed"])[0], [float(word) for word in sys.argv[3:]]


def now() -> int:
    return time.monotonic_ns() // 1000


class State:
    random = random.Random(int(ARGUMENTS[0]) if MODE == "latency" else 0)
    lines: list[str] = []
    count = 0


def answer(body: bytes, status: int = 200, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return method, path, headers, body


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = await read_request(reader)
            arrived = now()
            State.count += 1
            keep = await respond(writer, *request)
            State.lines.append(f"{arrived} {now()}\n")
            if not keep:
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


class Plain(asyncio.Protocol):
    """Requests without a body, answered after a while, with as little in between as can be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer = answer(b'{"answer": 42}')

    def data_received(self, data: bytes) -> None:
        arrived = now()
        assert data.endswith(b"\r\n\r\n")
        State.count += 1
        if MODE == "latency":
            drawn, within = State.random.random(), State.random.uniform(-1, 1)
            middle, width = (80, 2) if drawn < 0.03 else (30, 2) if drawn < 0.3 else (10, 1)
            delay = (middle + width * within) / 1000
            asyncio.get_running_loop().call_later(delay, self._respond, arrived)
            return
        if State.count == 1:
            asyncio.get_running_loop().call_later(ARGUMENTS[0], freeze)
        self._respond(arrived)

    def _respond(self, arrived: int) -> None:
        written = now()
        self._transport.write(self._answer)
        State.lines.append(f"{arrived} {written}\n")


def freeze() -> None:
    began = now()
    time.sleep(ARGUMENTS[1])
    State.lines.append(f"frozen {began} {now()}\n")


async def respond(
    writer: asyncio.StreamWriter, method: str, path: str, headers: dict[str, str], body: bytes
) -> bool:
    if MODE == "fixed":
        if ARGUMENTS:
            await asyncio.sleep(ARGUMENTS[0])
    elif MODE == "status":
        writer.write(answer(b"no \xff text", int(ARGUMENTS[0]), "Location: /elsewhere\r\n"))
        return True
    elif MODE == "hang":
        await asyncio.sleep(3600)
    elif MODE == "close":
        return False
    elif MODE == "half":
        writer.write(answer(b"x" * 1000)[:-500])
        return False
    elif MODE == "trickle":
        for byte in answer(b"x"):
            writer.write(bytes([byte]))
            await asyncio.sleep(ARGUMENTS[0])
        return True
    elif MODE == "big":
        left = int(ARGUMENTS[0])
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n".encode())
        while left:
            piece = min(left, 1 << 18)
            writer.write(b"x" * piece)
            await writer.drain()
            left -= piece
        return True
    elif MODE == "die" and State.count >= ARGUMENTS[0]:
        save()
        os.kill(os.getpid(), signal.SIGKILL)
    elif MODE == "echo":
        status = 200
        if path == "/login":
            body = json.dumps({"user": {"tokens": [f"t-{State.count}"]}}).encode()
        elif path == "/private":
            status = 200 if headers.get("authorization", "").startswith("Bearer t-") else 401
        else:
            told = {"method": method, "path": path, "headers": headers, "body": body.decode()}
            body = json.dumps(told).encode()
        writer.write(answer(body, status, f"Set-Cookie: port={os.getpid()}\r\n"))
        State.lines.append(f"echo {method} {path} {json.dumps(headers)} {body!r}\n")
        return True
    writer.write(answer(b'{"answer": 42}'))
    return True


def save() -> None:
    with open(LOG, "a", encoding="utf-8") as file:
        file.writelines(State.lines)
    State.lines.clear()


async def main() -> None:
    if MODE in {"latency", "freeze"}:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Plain, "127.0.0.1", 0, backlog=2048)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)))
    await stop.wait()
    save()
    os._exit(0)


asyncio.run(main())
