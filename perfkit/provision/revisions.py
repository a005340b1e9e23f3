"""A project at a commit: as a requirement, as a worktree to build from, as files to read.

A worktree is made for a build, since tools that take the version from git (setuptools-scm,
hatch-vcs) must see one, and removed after it. Its folder is in perfkit's cache, with a lock beside
it that is held while it is used and a note of the repository: what a killed process left is found
by the lock nobody holds and removed by the next one. `git worktree prune` is not run, for it would
also forget those of the user's own worktrees that are on a disk which is not there just now.

Files to read (benchmark scripts) come through an index of our own, not through `git archive`, which
leaves out what a project does not want in its releases: often just its benchmarks.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from filelock import FileLock, Timeout

from perfkit.errors import ProvisionError
from perfkit.grammar import GIT_REVISION
from perfkit.provision.cache import key_of, obtain
from perfkit.provision.git import CHECKOUT, find_repository, run_git

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKTREES = "worktrees"  # in the cache, and inside .git (see gitrepository-layout(5))
_PREFIX = "perfkit-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A project as a commit holds it.

    Attributes:
        repository: Absolute folder of the repository's working tree.
        commit: Full number of the commit.
        subdirectory: Where the project is in the repository, with slashes; empty for its top.
    """

    repository: Path
    commit: str
    subdirectory: str


def as_text(revision: Revision) -> str:
    """The revision as a requirement: ``git+file:///repository@COMMIT#subdirectory=lib``.

    It has no name before it, since the project's is known only when it is built.
    """
    text = f"git+{revision.repository.as_uri()}@{revision.commit}"
    return f"{text}#subdirectory={quote(revision.subdirectory)}" if revision.subdirectory else text


def as_revision(requirement: str) -> Revision | None:
    """The revision that a requirement means; None for any other requirement."""
    match = GIT_REVISION.fullmatch(requirement.strip())
    if match is None:
        return None
    subdirectory = PurePosixPath(unquote(match["subdirectory"] or ""))
    if subdirectory.is_absolute() or ".." in subdirectory.parts:
        return None
    return Revision(
        repository=Path(url2pathname(urlsplit(match["repository"]).path)),
        commit=match["commit"],
        subdirectory="/".join(subdirectory.parts),
    )


@contextmanager
def worktree(repository: Path, commit: str, *, cache: Path) -> Iterator[Path]:
    """A clean worktree of a commit, detached from any branch, that is gone afterwards.

    Args:
        repository: Folder of the repository's working tree.
        commit: Full number of the commit.
        cache: Perfkit's cache folder, in which the worktree is made.

    Raises:
        ProvisionError: Git cannot make it; with its own words.
        OSError: The cache cannot be written.
    """
    common = find_repository(repository).common
    home = cache / _WORKTREES
    home.mkdir(parents=True, exist_ok=True)
    sweep(cache)
    lock = _new_lock(home)
    tree = Path(lock.lock_file).with_suffix("")
    try:
        tree.with_suffix(".txt").write_text(str(common), encoding="utf-8", errors="surrogateescape")
        with _one_at_a_time(cache):
            run_git(
                repository,
                ["worktree", "add", "--quiet", "--detach", str(tree), commit],
                what=f"git cannot make a worktree of {commit[:7]}",
                timeout=CHECKOUT,
            )
        yield tree
    finally:
        _forget(tree, lock, cache)


def sweep(cache: Path) -> None:
    """Remove the worktrees of processes that were killed."""
    for path in (cache / _WORKTREES).glob(f"{_PREFIX}*.lock"):
        lock = FileLock(path)
        with suppress(Timeout):
            lock.acquire(timeout=0)
            _forget(path.with_suffix(""), lock, cache)


def exported(repository: Path, commit: str, *, cache: Path) -> Path:
    """Folder with the files of a commit, for reading; it stays in the cache.

    Filters and line endings are those of a checkout. Symbolic links that lead out of the folder
    are left out: what they lead to is no part of the commit. Folders of submodules are empty.

    Raises:
        ProvisionError: Git cannot read the commit, or the cache cannot be written.
    """

    def build(folder: Path) -> dict[str, Any]:
        what = f"the files of {commit[:7]} cannot be read"
        tree = folder / "tree"
        tree.mkdir()
        index = {"GIT_INDEX_FILE": str(folder / "index")}  # the user's stays as it is
        full = ["-c", "core.sparseCheckout=false", "-c", "index.sparse=false"]
        run_git(repository, [*full, "read-tree", commit], what=what, environ=index)
        write = [*full, "checkout-index", "--all", "--quiet", f"--prefix={tree}/"]
        run_git(repository, write, what=what, environ=index, timeout=CHECKOUT)
        _confine(tree)
        return {}

    entry = obtain(
        cache,
        "trees",
        key_of("tree", commit),
        label=f"files of {repository.name} at {commit[:7]}",
        build=build,
        usable=lambda folder, _: (folder / "tree").is_dir(),
    )
    return (entry.folder / "tree").resolve()


def _confine(tree: Path) -> None:
    """Remove symbolic links that lead out of a folder, or nowhere."""
    top = tree.resolve()
    for root, folders, names in os.walk(tree):
        for path in (Path(root, name) for name in (*folders, *names)):
            if path.is_symlink() and not _leads_into(path, top):
                path.unlink()


def _leads_into(path: Path, top: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(top)
    except (OSError, RuntimeError):  # dead, or in a circle
        return False


def _new_lock(home: Path) -> FileLock:
    while True:
        lock = FileLock(home / f"{_PREFIX}{secrets.token_hex(6)}.lock")
        lock.acquire()
        if Path(lock.lock_file).exists():  # else somebody swept it away before it was held
            return lock
        lock.release()


def _one_at_a_time(cache: Path) -> FileLock:
    # Git removes .git/worktrees with the last of them, perhaps while another is being made there.
    path = cache / "locks" / "worktrees.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)


def _forget(tree: Path, lock: FileLock, cache: Path) -> None:
    """Remove a worktree and what git keeps of it, however far its making had come.

    What git keeps is ``.git/worktrees/NAME``, NAME being that of the folder: no command removes it
    when the making was cut short, since it is locked then.
    """
    note = tree.with_suffix(".txt")
    shutil.rmtree(tree, ignore_errors=True)
    with suppress(OSError, ValueError):
        common = Path(note.read_text(encoding="utf-8", errors="surrogateescape"))
        with _one_at_a_time(cache):
            shutil.rmtree(common / _WORKTREES / tree.name, ignore_errors=True)
            with suppress(OSError):
                (common / _WORKTREES).rmdir()  # only when empty, as git does
    if not tree.exists():  # else the next sweep tries again
        note.unlink(missing_ok=True)
        with suppress(OSError):  # Windows removes no file that is open
            Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def missing_project(revision: Revision) -> ProvisionError:
    """A commit without a project where the other side has one."""
    return ProvisionError(
        "this revision holds no Python project there",
        got=f"{revision.subdirectory or 'top folder'} at {revision.commit[:7]}",
        allowed="a commit with a pyproject.toml or setup.py in the same folder",
        remedy="choose a later baseline",
    )
