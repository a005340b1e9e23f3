"""The run folder while it is written: one writer, kept through interruptions, reported in peace."""

from __future__ import annotations

import re
import secrets
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import RecordingError
from perfkit.recording import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

S = TypeVar("S")
T = TypeVar("T")

_BEGIN_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Kept:
    """Whether a sitting was ended by Ctrl-C or SIGTERM."""

    interrupted: bool = False


@contextmanager
def keeping(folder: Path) -> Iterator[Kept]:
    """Ends an interruption once there is something recorded, and notes it.

    Raises:
        KeyboardInterrupt: It was interrupted before there was anything to record.
    """
    kept = Kept()
    try:
        yield kept
    except KeyboardInterrupt:
        kept.interrupted = True
        if not _is_begun(folder):
            raise


def undisturbed(given: S, report: Callable[[S], T], interrupted: Callable[[T], T]) -> T:
    """Judge and report, also when a Ctrl-C comes meanwhile.

    In a thread of its own, since only the main thread is interrupted: an import that is broken off
    (of matplotlib, say) could not be made good in this process.
    """
    pending: Future[T] = Future()
    begun = threading.Event()

    def work() -> None:
        begun.set()
        try:
            pending.set_result(report(given))
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            pending.set_exception(error)

    try:
        threading.Thread(target=work, name="report").start()
        return pending.result()
    except KeyboardInterrupt:
        if not begun.wait(_BEGIN_SECONDS):  # it came before the thread could be started
            work()
        return interrupted(pending.result())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other processes from writing to it meanwhile.

    The lock's file stays: whoever opened it before it was removed would lock a file without a name,
    beside the next one's.

    Raises:
        RecordingError: Another perfkit writes to it, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RecordingError(
            "another perfkit is measuring this run",
            got=str(folder),
            remedy="wait for it, or end it first",
        ) from error
    except OSError as error:
        raise RecordingError(
            f"the run folder cannot be written: {error.strerror}",
            got=str(folder),
            remedy="name another folder with --output, or change its permissions",
        ) from error
    try:
        yield
    finally:
        lock.release()


def run_id(now: datetime, what: str) -> str:
    """``<date>-<what>-<id>``, fit for a folder's name anywhere."""
    return re.sub(r"[^A-Za-z0-9._+-]", "_", f"{now:%Y-%m-%d}-{what}-{secrets.token_hex(3)}")


def _is_begun(folder: Path) -> bool:
    """Whether the first line of a recording is there."""
    try:
        return b"\n" in (folder / FILE_NAME).read_bytes()
    except OSError:
        return False
