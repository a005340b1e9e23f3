"""A run folder: one writer, kept through interruptions, reported in peace."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import RecordingError
from perfkit.recording import FILE_NAME
from perfkit.session.run_folder import keeping, locked, run_id, undisturbed

if TYPE_CHECKING:
    from pathlib import Path


def test_an_interruption_with_something_recorded_is_noted(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{}\n")
    with keeping(tmp_path) as kept:
        raise KeyboardInterrupt
    assert kept.interrupted


@pytest.mark.parametrize("content", [None, "", '{"kind": "lo'])
def test_an_interruption_before_anything_goes_on(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(KeyboardInterrupt), keeping(tmp_path):
        raise KeyboardInterrupt


def test_nothing_happened(tmp_path: Path) -> None:
    with keeping(tmp_path) as kept:
        pass
    assert not kept.interrupted


def test_one_writer(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "run"
    with locked(folder):
        assert folder.is_dir()
        with pytest.raises(RecordingError, match="another perfkit is measuring this run"):
            locked(folder).__enter__()
    with locked(folder):
        pass


LATE = """
import fcntl, pathlib, sys
from perfkit.session.run_folder import locked
flock = fcntl.flock
def late(descriptor, how):
    fcntl.flock = flock
    print("opened", flush=True)
    sys.stdin.readline()
    flock(descriptor, how)
fcntl.flock = late
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_one_writer_though_another_leaves_meanwhile(tmp_path: Path) -> None:
    """The lock's file was opened while it was held, and is locked when that is over."""
    with subprocess.Popen(
        [sys.executable, "-c", LATE, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        try:
            with locked(tmp_path):
                assert other.stdout.readline() == b"opened\n"
            other.stdin.write(b"go on\n")
            other.stdin.flush()
            assert other.stdout.readline() == b"held\n"
            with pytest.raises(RecordingError, match="another perfkit"):
                locked(tmp_path).__enter__()
        finally:
            other.kill()
    with locked(tmp_path):
        pass


def test_a_lock_whose_holder_was_killed_is_free(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from perfkit.session.run_folder import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RecordingError):
            locked(tmp_path).__enter__()
        holder.kill()
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RecordingError, match="the run folder cannot be written"),
        locked(tmp_path / "file" / "run"),
    ):
        pass


def test_reports_are_written_although_somebody_interrupts() -> None:
    begun = threading.Event()

    def report(given: str) -> str:
        begun.set()
        time.sleep(0.3)
        return given

    def interrupt() -> None:
        begun.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert undisturbed("done", report, lambda found: f"{found}, interrupted") == (
        "done, interrupted"
    )
    assert undisturbed("done", lambda given: given, str.upper) == "done"


def test_an_id_is_a_folders_name() -> None:
    now = datetime.fromisoformat("2026-01-31T12:00:00+00:00")
    name = run_id(now, "load-my profile/ü-3.12-vs-3.13t")
    assert re.fullmatch(r"2026-01-31-load-my_profile__-3\.12-vs-3\.13t-[0-9a-f]{6}", name)
    assert run_id(now, "x") != run_id(now, "x")
