"""Worktrees, exported files and builds of commits, with real git, setuptools and hatchling."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from filelock import FileLock

from perfkit.errors import ProvisionError
from perfkit.grammar import requirement
from perfkit.provision.cache import cache_contents, clean
from perfkit.provision.environments import default_installer
from perfkit.provision.git import run_git
from perfkit.provision.local import as_local, as_wheel
from perfkit.provision.revisions import Revision, as_revision, as_text, exported, sweep, worktree
from perfkit.recording.journal import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Git

    from perfkit.variant import Interpreter


@pytest.fixture
def repository(git: Git, tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    git.init(folder)
    git.commit(folder, {"file": "1"})
    return folder


def worktrees(git: Git, repository: Path) -> list[str]:
    """All but the repository's own."""
    listed = git(repository, "worktree", "list", "--porcelain").splitlines()
    return [line for line in listed if line.startswith("worktree ")][1:]


def state(folder: Path) -> dict[str, bytes]:
    """Every file of a repository, git's own included."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# ── the requirement


@pytest.mark.parametrize("folder", ["/a/b", "/a b/c@d/e#f/g%h", "/ä/ö?x=1"])
@pytest.mark.parametrize("subdirectory", ["", "lib", "lib/ä b#&"])
@pytest.mark.parametrize("digits", [40, 64])
def test_a_revision_and_its_text_are_the_same(folder: str, subdirectory: str, digits: int) -> None:
    revision = Revision(repository=Path(folder), commit="a" * digits, subdirectory=subdirectory)
    text = as_text(revision)
    assert as_revision(text) == as_local(text) == revision
    # It passes through the command line's grammar and a recording as it is.
    assert requirement(text, cwd=Path("/")) == text
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "git+file:///a@main",
        f"git+file:///a@{'a' * 41}",
        f"git+https://example.org/a@{'a' * 40}",
        f"x @ git+file:///a@{'a' * 40}",
        f"git+file:///a@{'a' * 40}#subdirectory=../b",
        f"git+file:///a@{'a' * 40}#subdirectory=%2Fb",
        "/a/b",
    ],
)
def test_other_requirements_are_no_revisions(text: str) -> None:
    assert as_revision(text) is None


# ── worktrees


def test_a_worktree_is_clean_and_gone_afterwards(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git.commit(repository, {"file": "2"})
    (repository / "file").write_text("3", encoding="utf-8")  # staged
    git(repository, "add", "file")
    (repository / "file").write_text("4", encoding="utf-8")  # not staged
    (repository / "untracked").touch()
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repository}/hooked\n", encoding="utf-8")
    hook.chmod(0o755)
    before = state(repository)
    with worktree(repository, first, cache=tmp_path / "cache") as tree:
        assert (tree / "file").read_text(encoding="utf-8") == "1"
        assert sorted(path.name for path in tree.iterdir()) == [".git", "file"]
        assert git(tree, "rev-parse", "HEAD") == first
        assert git(tree, "status", "--porcelain") == ""
        assert git(tree, "branch", "--show-current") == ""
        (tree / "litter").touch()  # as a build leaves it
    assert state(repository) == before
    assert not tree.exists()
    assert list((tmp_path / "cache" / "worktrees").iterdir()) == []
    assert worktrees(git, repository) == []


def test_a_worktree_is_gone_after_an_error(git: Git, repository: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), worktree(repository, "HEAD", cache=tmp_path / "c"):
        raise KeyboardInterrupt
    with (
        pytest.raises(ProvisionError, match="cannot make a worktree of bbbbbbb") as caught,
        worktree(repository, "b" * 40, cache=tmp_path / "c"),
    ):
        pass
    assert caught.value.output
    assert worktrees(git, repository) == []
    assert list((tmp_path / "c" / "worktrees").iterdir()) == []


def test_a_worktree_of_the_users_stays_even_if_its_folder_is_away(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    """On a disk that is not there just now; ``git worktree prune`` would forget it."""
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "theirs"))
    (tmp_path / "theirs").rename(tmp_path / "away")
    with worktree(repository, "HEAD", cache=tmp_path / "cache"):
        pass
    assert worktrees(git, repository) == [f"worktree {tmp_path / 'theirs'}"]


def test_several_at_once(git: Git, repository: Path, tmp_path: Path) -> None:
    commits = [git.commit(repository, {"file": str(n)}) for n in range(6)]
    seen: dict[str, str] = {}
    ready = threading.Barrier(len(commits), timeout=60)

    def use(commit: str) -> None:
        with worktree(repository, commit, cache=tmp_path / "cache") as tree:
            ready.wait()  # all of them are there
            seen[commit] = (tree / "file").read_text(encoding="utf-8")

    threads = [threading.Thread(target=use, args=(commit,)) for commit in commits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == {commit: str(n) for n, commit in enumerate(commits)}
    assert worktrees(git, repository) == []


IN_A_PROCESS = """
import sys, time
from pathlib import Path
from perfkit.cli.signals import as_interrupt
from perfkit.provision.revisions import worktree
with as_interrupt(), worktree(Path(sys.argv[1]), "HEAD", cache=Path(sys.argv[2])) as tree:
    print(tree, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def process(repository: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Uses a worktree until it is stopped."""
    command = [sys.executable, "-c", IN_A_PROCESS, str(repository), str(tmp_path / "cache")]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    with started:
        yield started
        started.kill()


def tree_of(process: subprocess.Popen[str]) -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_no_worktree(
    git: Git, repository: Path, process: subprocess.Popen[str], number: int
) -> None:
    tree = tree_of(process)
    assert (tree / "file").is_file()
    process.send_signal(number)
    assert process.wait(30) != 0
    assert not tree.exists()
    assert worktrees(git, repository) == []


def test_what_a_killed_process_left_is_removed_by_the_next(
    git: Git, repository: Path, process: subprocess.Popen[str], tmp_path: Path
) -> None:
    tree = tree_of(process)
    sweep(tmp_path / "cache")
    assert tree.exists()  # it is in use
    process.kill()
    process.wait(30)
    assert worktrees(git, repository) == [f"worktree {tree}"]
    other = tmp_path / "other"
    git.init(other)
    git.commit(other, {"file": "another repository"})
    with worktree(other, "HEAD", cache=tmp_path / "cache"):
        assert not tree.exists()
        assert worktrees(git, repository) == []
    assert not (repository / ".git" / "worktrees").exists()


def test_a_signal_while_git_writes_files_leaves_no_worktree(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    """The making is cut short: git keeps it locked, and its own commands would not remove it."""
    git(repository, "config", "filter.slow.smudge", "sleep 2; cat")
    git.commit(repository, {".gitattributes": "file filter=slow\n", "file": "2"})
    command = [sys.executable, "-c", IN_A_PROCESS, str(repository), str(tmp_path / "cache")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 30
        while not list((repository / ".git").glob("worktrees/perfkit-*/HEAD")):
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        assert process.wait(30) != 0
    assert worktrees(git, repository) == []
    assert not (repository / ".git" / "worktrees").exists()
    assert list((tmp_path / "cache" / "worktrees").iterdir()) == []


def test_a_half_made_one_of_a_killed_process_is_removed(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    home = tmp_path / "cache" / "worktrees"
    admin = repository / ".git" / "worktrees" / "perfkit-0123"
    (home / "perfkit-0123").mkdir(parents=True)
    (home / "perfkit-0123.lock").touch()
    (home / "perfkit-0123.txt").write_text(str(repository / ".git"), encoding="utf-8")
    admin.mkdir(parents=True)
    (admin / "locked").write_text("initializing", encoding="utf-8")
    git(repository, "worktree", "prune")
    assert admin.exists()
    sweep(tmp_path / "cache")
    assert not admin.exists()
    assert list(home.iterdir()) == []


def test_one_that_cannot_be_removed_yet_is_tried_again(tmp_path: Path) -> None:
    home = tmp_path / "worktrees"
    home.mkdir()
    with FileLock(home / "perfkit-1.lock"):
        (home / "perfkit-1").mkdir()
        sweep(tmp_path)
        assert (home / "perfkit-1").exists()
    sweep(tmp_path)
    assert not (home / "perfkit-1").exists()


# ── files to read


def test_files_of_a_commit_are_those_of_a_checkout(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    """Also those that releases leave out."""
    attributes = "benchmarks export-ignore\n*.dos text eol=crlf\n"
    files = {".gitattributes": attributes, "benchmarks/bm_x.py": "x", "a.dos": "1\n", "ä b": ""}
    commit = git.commit(repository, files)
    git.commit(repository, {"file": "2"})
    before = state(repository)
    tree = exported(repository, commit, cache=tmp_path / "cache")
    assert state(repository) == before
    assert set(state(tree)) == {*files, "file"}
    assert (tree / "file").read_bytes() == b"1"
    assert (tree / "a.dos").read_bytes() == b"1\r\n"
    assert exported(repository, commit, cache=tmp_path / "cache") == tree
    kinds = {entry.kind: entry for entry in cache_contents(tmp_path / "cache")}
    assert kinds["trees"].label == f"files of repository at {commit[:7]}"
    assert kinds["trees"].in_use
    assert clean(cache=tmp_path / "cache").removed == ()


def test_links_that_lead_out_are_left_out(git: Git, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    for name, target in {
        "inside": "file",
        "absolute": str(tmp_path / "secret"),
        "relative": "../../../../secret",
        "folder": "..",
        "chain": "absolute",
        "own": str(repository / "file"),  # the user's working tree is not the commit
        "dead": "nowhere",
        "circle": "circle",
    }.items():
        (repository / name).symlink_to(target)
    commit = git.commit(repository, {})
    tree = exported(repository, commit, cache=tmp_path / "cache")
    assert sorted(path.name for path in tree.iterdir()) == ["file", "inside"]


def test_a_commit_that_is_not_there(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="files of bbbbbbb cannot be read") as caught:
        exported(repository, "b" * 40, cache=tmp_path)
    assert caught.value.output


# ── builds

SETUPTOOLS = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "Demo.Tool"
version = "1.0"
[tool.setuptools]
py-modules = ["demo_tool"]
"""
HATCHLING = """
[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"
[project]
name = "demo-tool"
dynamic = ["version"]
[tool.hatch.version]
source = "vcs"
[tool.hatch.build.targets.wheel]
include = ["demo_tool.py"]
"""


def built(
    repository: Path, commit: str, subdirectory: str, python: Interpreter, cache: Path
) -> Path:
    revision = Revision(repository=repository, commit=commit, subdirectory=subdirectory)
    text = as_wheel(revision, interpreter=python, installer=default_installer(cache), cache=cache)
    name, _, url = text.partition(" @ ")
    assert name == "demo-tool"
    return Path(url2pathname(urlsplit(url).path))


def value(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("demo_tool.py").decode()


def test_a_build_has_git_at_hand(
    git: Git, tmp_path: Path, cache: Path, python313: Interpreter
) -> None:
    """hatch-vcs takes the version from the tags."""
    git.init(tmp_path / "mine")
    first = git.commit(
        tmp_path / "mine", {"pyproject.toml": HATCHLING, "demo_tool.py": "VALUE = 1\n"}
    )
    git(tmp_path / "mine", "tag", "v2.5")
    second = git.commit(tmp_path / "mine", {"demo_tool.py": "VALUE = 2\n"})
    wheels = [built(tmp_path / "mine", one, "", python313, cache) for one in (first, second)]
    assert [value(wheel) for wheel in wheels] == ["VALUE = 1\n", "VALUE = 2\n"]
    assert [wheel.name.split("-")[1].partition("+")[0] for wheel in wheels] == ["2.5", "2.6.dev1"]


def test_a_commit_is_built_once_and_changes_nothing(
    git: Git,
    tmp_path: Path,
    cache: Path,
    python313: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    git.init(tmp_path / "mine")
    below = tmp_path / "mine" / "libs" / "demo tool"
    git.commit(below.parents[1], {"libs/demo tool/pyproject.toml": SETUPTOOLS})
    commit = git.commit(below.parents[1], {"libs/demo tool/demo_tool.py": "VALUE = 1\n"})
    (below / "demo_tool.py").write_text("VALUE = 3\n", encoding="utf-8")
    before = state(tmp_path / "mine")
    wheel = built(tmp_path / "mine", commit, "libs/demo tool", python313, cache)
    assert value(wheel) == "VALUE = 1\n"
    assert state(tmp_path / "mine") == before
    assert worktrees(git, tmp_path / "mine") == []
    monkeypatch.setenv("PATH", "/nowhere")  # kept: neither git nor the repository is needed
    assert built(tmp_path / "mine", commit, "libs/demo tool", python313, cache) == wheel


def test_what_cannot_be_built_is_named_by_its_commit(
    git: Git, repository: Path, cache: Path, python313: Interpreter
) -> None:
    with pytest.raises(ProvisionError, match="holds no Python project") as caught:
        built(repository, git(repository, "rev-parse", "HEAD"), "lib", python313, cache)
    assert "lib at" in str(caught.value.got)
    broken = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    commit = git.commit(repository, {"pyproject.toml": broken, "backend.py": "1 / 0"})
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/x")
    git(repository, "commit", "-q", "-m", "submodule")
    commit = git(repository, "rev-parse", "HEAD")
    with pytest.raises(ProvisionError, match=f"{commit[:7]} of {repository} cannot") as caught:
        built(repository, commit, "", python313, cache)
    assert "ZeroDivisionError" in caught.value.output
    assert "submodules (vendor/x) are left empty" in str(caught.value.remedy)
    assert worktrees(git, repository) == []


def test_a_repository_that_is_gone(tmp_path: Path, python313: Interpreter) -> None:
    """As when a run is resumed."""
    revision = Revision(repository=tmp_path / "gone", commit="a" * 40, subdirectory="")
    with pytest.raises(ProvisionError, match="repository cannot be read"):
        as_wheel(
            revision,
            interpreter=python313,
            installer=default_installer(tmp_path),
            cache=tmp_path / "cache",
        )


def test_a_checkout_with_filters_is_left_to_git(git: Git, repository: Path, tmp_path: Path) -> None:
    """As of Git LFS: whatever the user's own checkout holds."""
    git(repository, "config", "filter.lfs.smudge", "tr a b")
    git.commit(repository, {".gitattributes": "file filter=lfs\n", "file": "aaa"})
    with worktree(repository, "HEAD", cache=tmp_path / "cache") as tree:
        assert (tree / "file").read_text(encoding="utf-8") == "bbb"
    commit = git(repository, "rev-parse", "HEAD")
    tree = exported(repository, commit, cache=tmp_path / "cache")
    assert (tree / "file").read_text(encoding="utf-8") == "bbb"
    assert os.fspath(tree) != os.fspath(repository)
    assert run_git(repository, ["status", "--porcelain"], what="x") == ""
