"""Processes that perfkit starts: their last words, how they ended, and the end of their group."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from collections import deque
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

TAIL_BYTES = 16_384
"""How much of what a process said last is kept for an error."""

_LONGEST_REASON = 300
_DAILY = re.compile(r'(?<!\w)(?:DEBUG|INFO)(?!\w)|"[A-Z]+ \S+ HTTP/\d')


class Tail:
    """Drains a pipe all the time, so that a process may print as much as it likes.

    Args:
        stream: The pipe's reading end; closed when the other end is.
        sink: Is also given every chunk, in the draining thread.
    """

    def __init__(self, stream: IO[bytes], sink: Callable[[bytes], None] | None = None) -> None:
        self._stream = stream
        self._sink = sink
        self._chunks: deque[bytes] = deque()
        self._thread = start_thread(self._drain)

    def _drain(self) -> None:
        kept = 0
        with contextlib.suppress(OSError, ValueError), self._stream as stream:
            while chunk := os.read(stream.fileno(), TAIL_BYTES):
                self._chunks.append(chunk)
                kept += len(chunk)
                while kept - len(self._chunks[0]) >= TAIL_BYTES:
                    kept -= len(self._chunks.popleft())
                if self._sink is not None:
                    self._sink(chunk)

    def join(self, seconds: float) -> bool:
        """Wait so long at most; whether nobody holds the other end any more."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def text(self) -> str:
        """The end of what was said so far."""
        tail = b"".join(tuple(self._chunks))[-TAIL_BYTES:]
        return tail.decode("utf-8", "replace").strip()


def start_thread(work: Callable[[], None]) -> threading.Thread:
    """Run something in a thread that does not keep perfkit alive."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """One of a process's streams that is known to be a pipe."""
    if stream is None:
        raise ValueError("not a pipe")
    return stream


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; it stays unreaped, so that the number of its group stays its."""
    import psutil

    if process.returncode is not None:
        return True
    try:
        ended = psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
    return ended or (sys.platform == "win32" and process.poll() is not None)


def exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Code of a process that has ended (negative: the signal), unreaped as in `has_ended`."""
    if process.returncode is None and sys.platform == "linux":
        with contextlib.suppress(ChildProcessError):  # it is being reaped in another thread
            how = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if how is None:
                return None
            return how.si_status if how.si_code == os.CLD_EXITED else -how.si_status
    return process.poll()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it left in its group, while the number is still theirs."""
    if sys.platform == "win32":
        import psutil

        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        return
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def describe_exit(code: int | None) -> str:
    """What a process's exit code tells a person.

    >>> describe_exit(-9)
    'killed by SIGKILL (perhaps the system was out of memory)'
    """
    if code is None:
        return "closed its connection to perfkit but did not end"
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (perhaps the system was out of memory)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"


def telling_line(text: str) -> str:
    """The last line that may say why a process ended; empty where there is none.

    Lines of daily work, at level DEBUG or INFO or of an access log, say nothing of it.

    >>> telling_line("ERROR: no such module" + chr(10) + "INFO: GET / 200")
    'ERROR: no such module'
    """
    lines = (line for line in reversed(text.splitlines()) if line.strip())
    return next((line for line in lines if not _DAILY.search(line)), "")


def one_line(text: str) -> str:
    """Words of a process as a short line without control characters.

    >>> one_line("first" + chr(10) + "second" + chr(27) + "[31m")
    'first second[31m'
    """
    line = " ".join("".join(c if c.isprintable() else " " * c.isspace() for c in text).split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
