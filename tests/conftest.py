"""What all tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

# Time limits for examples would make a busy machine fail the tests.
hypothesis.settings.register_profile("perfkit", deadline=None)
hypothesis.settings.load_profile("perfkit")

ALONE: Final = (
    "end_to_end",
    "loadtest/engine/test_truth.py",
    "loadtest/engine/test_workers.py",
    "loadtest/engine/test_workers_elsewhere.py",
    "loadtest/engine/test_workers_namespaces.py",
    "loadtest/k6",
    "loadtest/test_null_server.py",
    "measure/test_clock.py",
    "measure/test_lockstep.py",
    "session/load/test_run.py",
    "session/load/test_search.py",
    "session/test_against_itself.py",
)
"""Folders and files of tests that hold measurements against a truth: nothing runs beside them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        if any(place == one or place.startswith(f"{one}/") for one in ALONE):
            item.add_marker(pytest.mark.alone)


class Git:
    """Runs git as somebody without settings would; other tests make repositories with it."""

    def __call__(self, folder: Path, *arguments: str, told: str | None = None) -> str:
        environ = os.environ | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "A" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            [shutil.which("git") or "git", *arguments],
            input=told,
            cwd=folder,
            env=environ,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def init(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self(folder, "init", "-q", "-b", "main")

    def commit(self, folder: Path, files: Mapping[str, str]) -> str:
        """Write files and commit them; the commit's number."""
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self(folder, "add", "--all")
        self(folder, "commit", "-q", "--allow-empty", "-m", "x")
        return self(folder, "rev-parse", "HEAD")


@pytest.fixture
def git() -> Git:
    return Git()
