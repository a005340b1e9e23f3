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

ALONE: Final = {
    "end_to_end/test_check.py": ("test_three_commits",),
    "end_to_end/test_compare.py": (
        "test_twelve_milliseconds_are_slower_than_ten",
        "test_a_python_against_itself_is_equivalent",
    ),
    "loadtest/engine/test_truth.py": (),
    "loadtest/engine/test_workers.py": (
        "test_two_send_exactly_the_profile_and_tell_the_truth",
        "test_a_worker_that_is_killed_ends_the_load_and_what_came_is_kept",
    ),
    "loadtest/engine/test_workers_namespaces.py": (
        "test_a_worker_in_another_network_with_another_clock",
    ),
    "loadtest/k6/test_run.py": (
        "test_closed",
        "test_open",
        "test_its_times_are_those_of_the_server",
        "test_a_new_connection_is_counted_once",
        "test_timeouts_are_failures",
    ),
    "loadtest/test_null_server.py": ("test_delay", "test_capacity"),
    "measure/test_clock.py": (),
    "measure/test_lockstep.py": (
        "test_the_next_pair_starts_while_this_one_is_measured",
        "test_ten_percent_injected_is_ten_percent",
    ),
    "session/load/test_search.py": (),
    "session/test_against_itself.py": ("test_an_injected_slowdown_is_found",),
}
"""Tests that hold measurements against a truth, by file; those of the names, or all of the file.

Nothing runs beside them. Tests of words, counts and endings are no such tests, however real the
runs they make: they run beside others, and have to be right there.
"""

APART: Final = ("end_to_end", "loadtest", "measure", "provision", "session")
"""Folders of tests that mostly make real runs of their own: any process may run any of them.

Otherwise one process runs all tests of a file, and makes once what they share.
"""

TOGETHER: Final = ("loadtest/test_backing.py", "session/load/test_outcome.py")
"""Files in these folders whose tests share something that takes seconds to make."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that run alone."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        name = getattr(item, "originalname", item.name)
        if place in ALONE and name in (ALONE[place] or (name,)):
            item.add_marker(pytest.mark.alone)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let pytest-xdist hand out files or single tests, as above.

    Its own ``--dist loadgroup`` does nothing under pytest 9.2, whose items cannot be renamed.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            place = file.removeprefix("tests/")
            apart = place.partition("/")[0] in APART and place not in TOGETHER
            return nodeid if apart else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """perfkit's cache for all tests that need real environments: each is built once.

    By whichever process of the tests comes first: pytest-xdist gives each a folder of its own
    within the one that is looked for here.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-cache"
    folder.mkdir(exist_ok=True)
    return folder


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
