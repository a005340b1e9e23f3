"""A service that does well or badly, as asked; run as a script by the tests.

Usage: ``python _server.py PORT [MODE [ARGUMENT]]``. ``/health`` is always answered at once.

Modes (of every other request):
    ok [SECONDS]        answered after so long
    status CODE         answered with that status
    die SECONDS         answered, but the process kills itself so long after the first request
    exit SECONDS        the same, in words and with exit code 3
    hang                never answered
    close               the connection is closed instead
    slow SECONDS        a byte of the headers every so many seconds
    big BYTES           a body of so many bytes
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

PORT = int(sys.argv[1])
MODE, ARGUMENT = sys.argv[2] if sys.argv[2:] else "ok", float((sys.argv[3:] or ["0"])[0])
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANGS = asyncio.Event()
armed: list[asyncio.TimerHandle] = []


def die() -> None:
    if MODE == "exit":
        os.write(2, b"the pool is empty\nRuntimeError: no more connections\n")
        os._exit(3)
    os.write(2, b"about to go\n")
    os.kill(os.getpid(), signal.SIGKILL)


async def answer(writer: asyncio.StreamWriter) -> bool:
    """Answer one request; whether the connection is kept."""
    if MODE in {"die", "exit"} and not armed:
        armed.append(asyncio.get_running_loop().call_later(ARGUMENT, die))
    if MODE == "ok" and ARGUMENT:
        await asyncio.sleep(ARGUMENT)
    if MODE == "hang":
        await HANGS.wait()
    if MODE == "close":
        return False
    if MODE == "status":
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % ARGUMENT)
        return True
    if MODE == "slow":
        for byte in ANSWER:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(ARGUMENT)
        return True
    if MODE == "big":
        left = int(ARGUMENT)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
        while left:
            piece = min(left, 1 << 18)
            writer.write(b"x" * piece)
            await writer.drain()
            left -= piece
        return True
    writer.write(ANSWER)
    return True


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        kept = True
        while kept:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /health "):
                writer.write(ANSWER)
            else:
                kept = await answer(writer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    await asyncio.start_server(serve, "127.0.0.1", PORT, backlog=1024)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()
    os._exit(0)


asyncio.run(main())
