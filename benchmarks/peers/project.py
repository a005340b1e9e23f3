"""The repository that every tool is let loose on: three small tasks, slowed down by design.

A task does its work in 100 equal units. A slowdown of 5 % is 105 units in one of the tasks, in a
commit that changes nothing else; the commit without a slowdown changes a comment.
"""

import subprocess
from pathlib import Path
from typing import Optional

TASKS = ("json", "objects", "sorting")

_PACKAGE = '''"""Small pieces of everyday work."""
import json as _json

UNITS = {units!r}  # {note}

_TEXT = _json.dumps([{{"id": i, "name": f"item {{i}}", "price": i * 1.25}} for i in range(6)])
_VALUES = [(i * 7919) % 1009 / 8 for i in range(60)]


class _Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def moved(self, by):
        return _Point(self.x + by, self.y - by)


def json():
    for _ in range(UNITS["json"]):
        _json.loads(_TEXT)


def objects():
    for _ in range(UNITS["objects"]):
        point = _Point(1, 2)
        for by in range(25):
            point = point.moved(by)


def sorting():
    for _ in range(UNITS["sorting"]):
        sorted(_VALUES, key=lambda value: -value)
'''
_PYPROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "peerwork"
version = "1"
requires-python = ">=3.9"
"""
_PYPERF = '''# /// script
# dependencies = ["pyperf"]
# ///
"""Everyday work."""
import peerwork
import pyperf

if __name__ == "__main__":
    runner = pyperf.Runner()
'''
_ASV = """{
    "version": 1, "project": "peerwork", "repo": ".", "branches": ["main"],
    "environment_type": "virtualenv", "benchmark_dir": "asv_bench",
    "env_dir": ".asv/env", "results_dir": ".asv/results", "html_dir": ".asv/html",
    "build_command": ["python -m pip wheel --no-deps -w {build_cache_dir} {build_dir}"]
}
"""


def make(folder: Path) -> None:
    """Write the repository, if it is not there; its first commit is the baseline of every case."""
    if (folder / ".git").is_dir():
        return
    files = {
        "pyproject.toml": _PYPROJECT,
        "peerwork/__init__.py": _package("the baseline"),
        "bench/bm_peer.py": _PYPERF
        + "".join(f'    runner.bench_func("{task}", peerwork.{task})\n' for task in TASKS),
        "tests/test_peer.py": "import peerwork\n"
        + "".join(
            f"\n\ndef test_{task}(benchmark):\n    benchmark(peerwork.{task})\n" for task in TASKS
        ),
        "asv_bench/__init__.py": "",
        "asv_bench/peer.py": "import peerwork\n"
        + "".join(f"\n\ndef time_{task}():\n    peerwork.{task}()\n" for task in TASKS),
        "asv.conf.json": _ASV,
        ".gitignore": ".asv/\n__pycache__/\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    _commit(folder, "base")


def candidate(folder: Path, percent: int, task: str) -> str:
    """The tag of a commit in which one task has so many per cent more units than at ``base``."""
    tag = f"aa-{task}" if not percent else f"slow-{percent}-{task}"
    if not git(folder, "tag", "--list", tag):
        git(folder, "checkout", "--quiet", "--detach", "base")
        path = folder / "peerwork" / "__init__.py"
        path.write_text(_package(tag, {task: 100 + percent}), encoding="utf-8")
        _commit(folder, tag)
        git(folder, "checkout", "--quiet", "main")
    return tag


def checkout(folder: Path, revision: str, place: Path) -> Path:
    """A work tree of its own for one revision."""
    if not place.is_dir():
        git(folder, "worktree", "add", "--quiet", "--detach", str(place), revision)
    git(place, "checkout", "--quiet", "--detach", revision)
    return place


def git(folder: Path, *arguments: str) -> str:
    """What git answers."""
    who = ("-c", "user.name=peers", "-c", "user.email=peers@localhost", "-c", "core.hooksPath=")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments],  # noqa: S607 - the user's own git
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.strip()


def _package(note: str, more: Optional[dict] = None) -> str:
    return _PACKAGE.format(units={**dict.fromkeys(TASKS, 100), **(more or {})}, note=note)


def _commit(folder: Path, tag: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", tag)
    git(folder, "tag", tag)
