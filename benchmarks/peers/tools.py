"""The tools, each with the settings its documents show for CI, and how its answer is read."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar, Optional

import project

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 1200  # seconds that one command may take


class Tool:
    """A tool in an environment of its own.

    Attributes:
        name: As on its package.
        packages: What its environment holds.
        rules: The commands that judge, by the name of the row in the table. Rules of one tool
            judge the same measurement.
    """

    name: ClassVar[str] = ""
    packages: ClassVar[tuple] = ()
    rules: ClassVar[dict] = {}

    def __init__(self, work: Path) -> None:
        self.work = work
        self.home = work / "environments" / self.name
        self.python = self.home / "bin" / "python"

    def install(self) -> None:
        """Make the environment; done once."""
        if (self.home / "ready").exists():
            return
        run([sys.executable, "-m", "venv", "--clear", self.home])
        run([self.python, "-m", "pip", "install", "--quiet", *self.packages])
        (self.home / "ready").touch()

    def judge(self, base: Path, head: Path) -> dict:
        """Measure two work trees; the accused tasks by rule."""
        raise NotImplementedError


class Pyperf(Tool):
    """`pyperf compare_to`, with and without a margin of 2 %."""

    name: ClassVar[str] = "pyperf"
    packages: ClassVar[tuple] = ("pyperf",)
    rules: ClassVar[dict] = {
        "pyperf": "pyperf compare_to base.json head.json",
        "pyperf-margin": "pyperf compare_to --min-speed=2 base.json head.json",
    }

    def judge(self, base: Path, head: Path) -> dict:
        """The baseline first, all of it, then the candidate."""
        files = []
        for tree in (base, head):
            files.append(self.work / f"{tree.name}.json")
            files[-1].unlink(missing_ok=True)
            command = [self.python, tree / "bench/bm_peer.py", "--quiet", "-o", files[-1]]
            path = {"PYTHONPATH": str(tree)}
            run([*command, "--inherit-environ=PYTHONPATH"], env=path, cwd=self.work)
        compare = [self.python, "-m", "pyperf", "compare_to"]
        said = {
            "pyperf": run([*compare, *files]),
            "pyperf-margin": run([*compare, "--min-speed=2", *files]),
        }
        return {rule: slower_of_pyperf(text) for rule, text in said.items()}


class PytestBenchmark(Tool):
    """`pytest --benchmark-compare-fail`, by the mean and by the minimum."""

    name: ClassVar[str] = "pytest-benchmark"
    packages: ClassVar[tuple] = ("pytest", "pytest-benchmark")
    rules: ClassVar[dict] = {
        "pytest-mean": "pytest --benchmark-compare --benchmark-compare-fail=mean:5%",
        "pytest-min": "pytest --benchmark-compare --benchmark-compare-fail=min:5%",
    }

    def judge(self, base: Path, head: Path) -> dict:
        """The baseline first, then the candidate, each in one process."""
        storage = self.work / "pytest-storage"
        run(["rm", "-rf", storage])
        common = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
        common += [f"--benchmark-storage=file://{storage}"]
        run([*common, "--benchmark-save=base"], cwd=base, env={"PYTHONPATH": str(base)})
        fail = ["--benchmark-compare-fail=mean:5%", "--benchmark-compare-fail=min:5%"]
        said = run(
            [*common, "--benchmark-compare=0001", *fail],
            cwd=head,
            env={"PYTHONPATH": str(head)},
            allowed=(0, 1),
        )
        return {f"pytest-{field}": failed_of_pytest(said, field) for field in ("mean", "min")}


class Asv(Tool):
    """`asv continuous` at its own factor, and at 1.05."""

    name: ClassVar[str] = "asv"
    packages: ClassVar[tuple] = ("asv", "virtualenv")
    rules: ClassVar[dict] = {
        "asv": "asv continuous BASE HEAD",
        "asv-1.05": "asv compare --factor=1.05 BASE HEAD",
    }

    def judge(self, base: Path, head: Path) -> dict:
        """Both in two rounds, the order turned round in the second."""
        repository = self.work / "repository"
        revisions = [project.git(tree, "rev-parse", "HEAD") for tree in (base, head)]
        binaries = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        env = {"PATH": binaries, "HOME": str(self.home)}
        asv = [self.python, "-m", "asv"]
        run([*asv, "machine", "--yes"], cwd=repository, env=env)
        same = [f"--python={sys.version_info[0]}.{sys.version_info[1]}"]
        said = run([*asv, "continuous", *same, *revisions], cwd=repository, env=env, allowed=(0, 1))
        if not re.search(r"BENCHMARKS (NOT )?SIGNIFICANTLY|PERFORMANCE (DE|IN)CREASED", said):
            raise ToolError(f"asv reached no verdict:\n{said[-2000:]}")
        again = run([*asv, "compare", "--factor=1.05", *revisions], cwd=repository, env=env)
        return {"asv": worse_of_asv(said), "asv-1.05": worse_of_asv(again)}


class Perfkit(Tool):
    """`perfkit check` at its defaults."""

    name: ClassVar[str] = "perfkit"
    packages: ClassVar[tuple] = (str(ROOT),)
    rules: ClassVar[dict] = {"perfkit": "perfkit check --baseline-rev BASE"}

    def judge(self, base: Path, head: Path) -> dict:
        """In turns, block by block."""
        revision = project.git(base, "rev-parse", "HEAD")
        check = [self.python, "-m", "perfkit", "check", "--baseline-rev", revision, "--json"]
        said = run(
            [*check, "--python", sys.executable, "--output", self.work / "runs", "bench"],
            cwd=head,
            env={"PERFKIT_CACHE": str(self.work / "cache")},
            allowed=(0, 1),
        )
        return {"perfkit": slower_of_perfkit(said)}


TOOLS = (Pyperf, PytestBenchmark, Asv, Perfkit)


class ToolError(Exception):
    """A command did not do what it should."""


def run(
    command: list,
    *,
    env: Optional[dict] = None,
    cwd: Optional[Path] = None,
    allowed: tuple = (0,),
) -> str:
    """What a command says on both streams; it and all it started are ended after `LIMIT`."""
    with subprocess.Popen(
        [str(word) for word in command],
        env={**os.environ, **(env or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ToolError(f"{command[0]} took more than {LIMIT} s") from error
            raise
    if process.returncode not in allowed:
        words = " ".join(map(str, command))
        raise ToolError(f"{words} ended with {process.returncode}:\n{said[-2000:]}")
    return said


def _end(process: subprocess.Popen) -> None:
    """End a command and what it left in its session; asv moves its children to groups of theirs."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=10)
    for number in (int(entry.name) for entry in Path("/proc").glob("[0-9]*")):
        with contextlib.suppress(OSError):
            if os.getsid(number) == process.pid:
                os.kill(number, signal.SIGKILL)


def slower_of_pyperf(text: str) -> list:
    """Tasks in the lines that ``pyperf compare_to`` ends with a slowdown."""
    return sorted(set(re.findall(r"^(?:- )?(\w+): .*x slower$", text, re.MULTILINE)))


def failed_of_pytest(text: str, field: str) -> list:
    """Tasks that ``--benchmark-compare-fail`` named for one figure."""
    found = re.findall(rf"test_(\w+) \(.*\) - Field '{field}' has failed", text)
    return sorted(set(found))


def worse_of_asv(text: str) -> list:
    """Tasks in the rows that asv marks with a plus."""
    return sorted(set(re.findall(r"^\|\s*\+\s*\|.*\btime_(\w+)", text, re.MULTILINE)))


def slower_of_perfkit(text: str) -> list:
    """Tasks that the gate says are slower; around the document there may be notes."""
    document, _ = json.JSONDecoder().raw_decode(text, text.index("{\n"))
    return sorted(row["id"] for row in document["rows"] if row["verdict"] == "slower")
