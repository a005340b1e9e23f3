"""The command as a person runs it, with the real 3.12 and 3.13."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SIDES = ("--baseline", "3.12", "--candidate", "3.13", "--no-download")
SMALL = ("--time", "0.1", "--precision", "50%", "--margin", "99%")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.end_to_end)


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Perfkit:
    """Runs ``python -m perfkit`` in a folder of its own; nothing may be left running."""

    sides = SIDES
    small = SMALL

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self.mark = f"PERFKIT_END_TO_END={folder}"

    def start(self, *argv: object, code: str | None = None) -> subprocess.Popen[str]:
        name, _, value = self.mark.partition("=")
        environ = {**os.environ, "PERFKIT_CACHE": str(self.cache), f"MY_{name}": value}
        environ["COLUMNS"] = "150"
        how = ["-m", "perfkit"] if code is None else ["-c", code]
        return subprocess.Popen(
            [sys.executable, *how, *map(str, argv)],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Answer:
        out, err = process.communicate(timeout=200)
        assert "Traceback" not in err
        self.nothing_is_left()
        return Answer(process.returncode, out, err)

    def __call__(self, *argv: object, code: str | None = None) -> Answer:
        return self.end(self.start(*argv, code=code))

    def compare(self, *argv: object) -> Answer:
        return self("compare", *SIDES, *argv)

    def script(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        head = "import os, sys, time\nimport pyperf\nr = pyperf.Runner()\n"
        path.write_text(head + "".join(f"{line}\n" for line in lines))
        return path

    def runs(self) -> list[Path]:
        return sorted((self.folder / "reports").glob("*"))

    def run_folder(self) -> Path:
        (folder,) = self.runs()
        return folder

    def nothing_is_left(self) -> None:
        until = time.monotonic() + 30
        while left := self.processes():
            assert time.monotonic() < until, left
            time.sleep(0.05)

    def processes(self) -> list[str]:
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"MY_{self.mark}".encode() in (path / "environ").read_bytes():
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def wait_for(self, what: Callable[[], object], process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 100
        while not what():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.fixture
def perfkit(tmp_path: Path, cache: Path) -> Perfkit:
    return Perfkit(tmp_path, cache)
