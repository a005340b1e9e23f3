"""Real repositories, made here; remotes are folders."""

from __future__ import annotations

import os
import re
import shlex
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import psutil
import pytest

from perfkit.errors import ProvisionError
from perfkit.provision import git as git_module
from perfkit.provision.git import Commit, find_repository, resolve, run_git, submodules

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Git


@pytest.fixture
def origin(git: Git, tmp_path: Path) -> Path:
    """Two commits on main; a branch and a tag at the first."""
    folder = tmp_path / "origin"
    git.init(folder)
    git.commit(folder, {"file": "1"})
    git(folder, "branch", "topic")
    git(folder, "tag", "-a", "v1", "-m", "one")
    git.commit(folder, {"file": "2"})
    return folder


def test_branches_tags_and_numbers_are_understood(git: Git, origin: Path) -> None:
    repository = find_repository(origin)
    assert (repository.folder, repository.common) == (origin, origin / ".git")
    first, second = git(origin, "rev-parse", "HEAD~1"), git(origin, "rev-parse", "HEAD")
    short = f"({first[:7]})"
    for revision, label in (
        ("topic", f"topic {short}"),
        ("v1", f"v1 {short}"),
        ("HEAD~1", f"HEAD~1 {short}"),
        (first, first[:7]),
        (first[:9], first[:7]),
    ):
        assert resolve(repository, revision) == Commit(id=first, label=label)
    assert resolve(repository, "main").id == second


def test_a_branch_that_only_origin_has_is_found_there(git: Git, origin: Path) -> None:
    """A build server checks out one commit and has no local branch."""
    clone = origin.parent / "clone"
    git(origin.parent, "clone", "-q", str(origin), str(clone))
    git(clone, "checkout", "-q", "--detach")
    git(clone, "branch", "-q", "-D", "main")
    found = resolve(find_repository(clone), "main")
    assert found.label == f"origin/main ({found.id[:7]})"


def test_a_local_branch_wins_over_origins(git: Git, origin: Path) -> None:
    clone = origin.parent / "clone"
    git(origin.parent, "clone", "-q", str(origin), str(clone))
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    assert resolve(find_repository(clone), "main").label.startswith("main (")


@pytest.mark.parametrize(
    "revision", ["nothing", "", "-h", "--all", "a\0b", "HEAD..main", "HEAD:file", "x y", "\x1b[1m"]
)
def test_what_is_no_revision_is_refused(origin: Path, revision: str) -> None:
    with pytest.raises(ProvisionError, match="no such git revision") as caught:
        resolve(find_repository(origin), revision)
    assert caught.value.got == revision
    assert "git fetch" in str(caught.value.remedy)


def test_a_number_of_two_commits_asks_for_more_digits(git: Git, origin: Path) -> None:
    who = "committer A <a@example.org> 0 +0000"
    stream = "".join(
        f"commit refs/heads/many\n{who}\ndata {len(f'{n}')}\n{n}\n" for n in range(2000)
    )
    git(origin, "fast-import", "--quiet", told=stream)
    ids = git(origin, "rev-list", "many").split()
    short = next(id_[:4] for id_ in ids if sum(x.startswith(id_[:4]) for x in ids) > 1)
    with pytest.raises(ProvisionError, match="several commits begin like this"):
        resolve(find_repository(origin), short)


@pytest.mark.parametrize("revision", ["topic", "origin/topic", "v1", "HEAD~1", "commit"])
def test_a_shallow_clone_says_what_to_fetch_and_that_helps(
    git: Git, origin: Path, revision: str
) -> None:
    if revision == "commit":
        revision = git(origin, "rev-parse", "HEAD~1")
        git(origin, "config", "uploadpack.allowReachableSHA1InWant", "true")
    wanted = git(origin, "rev-parse", "topic")
    clone = origin.parent / "clone"
    git(origin.parent, "clone", "-q", "--depth=1", origin.as_uri(), str(clone))
    with pytest.raises(ProvisionError, match="shallow clone does not hold") as caught:
        resolve(find_repository(clone), revision)
    remedy = str(caught.value.remedy)
    assert "fetch-depth: 0" in remedy
    match = re.match(r"run '(git fetch .*)', or give", remedy)
    assert match is not None
    git(clone, *shlex.split(match[1])[1:])
    assert resolve(find_repository(clone), revision).id == wanted


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="in a git repository only") as caught:
        find_repository(tmp_path)
    assert caught.value.got == str(tmp_path)


def test_no_git(origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProvisionError, match="git is not installed"):
        find_repository(origin)


def test_a_repository_git_does_not_trust_is_named_with_gits_advice(
    origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose user does not own the checkout."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # it may trust every folder
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    with pytest.raises(ProvisionError, match=r"dubious ownership.*safe\.directory"):
        find_repository(origin)


def test_a_hook_that_runs_perfkit_does_not_lead_it_astray(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert find_repository(origin).folder == origin


def test_a_folder_below_and_a_linked_worktree_are_the_same_repository(
    git: Git, origin: Path
) -> None:
    (origin / "deep" / "er").mkdir(parents=True)
    assert find_repository(origin / "deep" / "er").folder == origin
    linked = origin.parent / "linked"
    git(origin, "worktree", "add", "-q", str(linked), "topic")
    assert find_repository(linked).folder == linked
    assert find_repository(linked).common == origin / ".git"


def test_submodules_are_told(git: Git, origin: Path) -> None:
    assert submodules(origin, "HEAD") == ()
    commit = git(origin, "rev-parse", "HEAD")
    git(origin, "update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/a b")
    git(origin, "commit", "-q", "-m", "submodule")
    assert submodules(origin, "HEAD") == ("vendor/a b",)


class Locked(BaseHTTPRequestHandler):
    """Wants a password."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        del arguments


def test_git_never_asks(git: Git, origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even for the password of a server that a partial clone must fetch from."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    script = origin.parent / "ask"
    script.write_text(f"#!/bin/sh\ntouch {origin}/asked\necho secret\n", encoding="utf-8")
    script.chmod(0o755)
    git(origin, "config", "core.askPass", str(script))
    with HTTPServer(("127.0.0.1", 0), Locked) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/x.git"
        with pytest.raises(ProvisionError, match="asking") as caught:
            run_git(origin, ["ls-remote", url], what="asking", timeout=30)
        server.shutdown()
        thread.join(10)
    assert "terminal prompts disabled" in caught.value.output
    assert not (origin / "asked").exists()


def test_git_that_hangs_is_ended_with_all_it_started(origin: Path) -> None:
    command = ["-c", "alias.hang=!echo $$ > pid; sleep 60; true", "hang"]
    with pytest.raises(ProvisionError, match="hanging: git came to no end within 1 s"):
        run_git(origin, command, what="hanging", timeout=1)
    pid = int((origin / "pid").read_text(encoding="utf-8"))
    end = time.monotonic() + 10
    while psutil.pid_exists(pid):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_git_is_told_is_what_the_repository_cannot_override(git: Git, origin: Path) -> None:
    hooks = origin / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    git(origin, "config", "core.hooksPath", str(hooks))
    assert run_git(origin, ["config", "core.hooksPath"], what="x").strip() == os.devnull


def test_the_variables_that_are_dropped_are_gits_own_list(git: Git, tmp_path: Path) -> None:
    listed = git(tmp_path, "rev-parse", "--local-env-vars").split()
    kept = {"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}  # settings, such as safe.directory
    assert set(listed) - kept <= git_module._LOCAL
