"""Real interpreters, and a small laboratory to run scripts in."""

from __future__ import annotations

import contextlib
import subprocess
import time
import uuid
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
import uv
from filelock import FileLock

from perfkit.benchmark import Benchmark, Script
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.measure.child import Child
from perfkit.measure.failure import TargetError
from perfkit.measure.launch import Launch
from perfkit.measure.lockstep import Bench, Series
from perfkit.provision.interpreters import find_interpreter, parse_spec
from perfkit.settings import Method
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from perfkit.block import Block

Python = "Callable[[str, str], Path]"


@pytest.fixture(scope="session")
def python(cache: Path) -> Python:
    """Interpreter of an environment with pyperf, made once; a missing version is an error."""
    lock = FileLock(cache / "measured.lock")
    made: dict[tuple[str, ...], Path] = {}

    def of(version: str = "3.12", pyperf: str = "2.10", *extra: str) -> Path:
        key = (version, pyperf, *extra)
        if key not in made:
            folder = cache / "measured" / f"{version}-{pyperf}-{crc32(repr(extra).encode()):08x}"
            with lock:
                if not (folder / "whole").exists():
                    _make(folder, version, f"pyperf=={pyperf}.*", *extra)
            made[key] = folder / "bin" / "python"
        return made[key]

    return of


def _make(folder: Path, version: str, *wanted: str) -> None:
    base = find_interpreter(parse_spec(version), download=False).executable
    tool = uv.find_uv_bin()
    make = [tool, "venv", "--quiet", "--no-project", "--allow-existing"]  # one may be half made
    subprocess.run([*make, "--python", base, folder], check=True)
    install = [tool, "pip", "install", "--quiet", "--compile-bytecode", "--python"]
    subprocess.run([*install, folder / "bin" / "python", *wanted], check=True)
    (folder / "whole").touch()


class Lab:
    """Runs scripts; nothing of a run may be left when its bench is closed."""

    def __init__(self, folder: Path, python: Callable[..., Path]) -> None:
        self.folder = folder
        self.python = python
        self.log = folder / "log"

    def script(
        self, body: str, name: str = "bm_script.py", arguments: tuple[str, ...] = ()
    ) -> Script:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("import os, sys, time\nimport pyperf\n" + body)
        return Script(
            path=path,
            label="script",
            arguments=arguments,
            requirements=(),
            pins=(),
            requires_python=None,
            digest="",
        )

    def launch(
        self,
        script: Script | str,
        *,
        side: Side = Side.BASELINE,
        python: Path | None = None,
        flags: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
    ) -> Launch:
        return Launch(
            python=python or self.python("3.12"),
            flags=flags,
            environ=tuple({"SIDE": side, "LOG": str(self.log), **(environ or {})}.items()),
            script=self.script(script) if isinstance(script, str) else script,
            cwd=self.folder,
        )

    @contextlib.contextmanager
    def bench(self, **changes: object) -> Iterator[Bench]:
        settings = {
            "turn_seconds": 0.002,
            "pairs": 4,
            "run_in_seconds": 0.0005,
            "warm_up_pairs": 1,
            "timeout": 20.0,
            "pin": True,
            "overlap": False,
        }
        run = uuid.uuid4().hex
        try:
            with Bench(run=run, method=Method(**{**settings, **changes})) as bench:
                yield bench
        finally:
            assert strays(MARKER, run) == []

    @contextlib.contextmanager
    def parked(self, launch: Launch, task: int = 0, timeout: float = 20.0) -> Iterator[Child]:
        """One process on its own, parked at its task."""
        run = uuid.uuid4().hex
        environ = launch.environment({"PATH": "/usr/bin:/bin"}, hash_seed=7, run=run)
        child = Child(
            launch.command(str(task)), environ, launch.cwd, side=Side.BASELINE, timeout=timeout
        )
        try:
            yield child
        finally:
            child.finish()
            assert strays(MARKER, run) == []

    def series(
        self,
        script: Script | str,
        *,
        name: str = "b",
        task: int = 0,
        inject: float = 0.0,
        **launch: object,
    ) -> Series:
        script = self.script(script) if isinstance(script, str) else script
        return Series(
            benchmark=Benchmark(
                id=name, name=name, script=script, task=task, inner_loops=1, description=""
            ),
            name="compare",
            launches={side: self.launch(script, side=side, **launch) for side in Side},
            seed=1,
            inject=inject,
            frozen=None,
        )

    def run(self, bench: Bench, series: Series, blocks: int = 1) -> list[Block]:
        found: list[Block] = []
        reason = bench.measure(
            series,
            first=0,
            sink=lambda block, _frozen, _facts: found.append(block),
            stop=lambda: "enough" if len(found) == blocks else None,
        )
        assert reason == "enough"
        return found

    def measure(self, script: Script | str, blocks: int = 1, **options: object) -> list[Block]:
        with self.bench() as bench:
            return self.run(bench, self.series(script, **options), blocks)

    def failure(self, body: str, timeout: float = 20.0) -> TargetError:
        """Start and run one process of a script that must fail."""
        with self.parked(self.launch(body), timeout=timeout) as child:

            def run() -> None:
                child.wait_parked()
                for _ in range(10):
                    child.turn(loops=3, run_in=1, spin=0)

            with pytest.raises(TargetError) as caught:
                run()
        assert "\n" not in str(caught.value)
        return caught.value

    def failed_series(self, series: Series, **changes: object) -> TargetError:
        """Measure a series that must fail."""
        with self.bench(**changes) as bench, pytest.raises(TargetError) as caught:
            self.run(bench, series)
        return caught.value

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def wait_for_lines(self, count: int) -> list[str]:
        deadline = time.monotonic() + 20
        while len(self.lines()) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self.lines()


@pytest.fixture
def lab(tmp_path: Path, python: Callable[..., Path]) -> Lab:
    return Lab(tmp_path, python)
