"""Asking git: which repository, which commit, what a commit holds. Nothing of the user's changes.

Hooks, prompts and background upkeep are off. Filters (Git LFS, line endings) do what they do in any
checkout. What git says is never parsed but for one sentence, in its untranslated form.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import ProvisionError
from perfkit.machine.process import kill_group
from perfkit.provision.tools import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

QUESTION = 60.0
"""Seconds after which git counts as hung when it only looks something up."""

CHECKOUT = 900.0
"""Seconds that writing the files of a commit may take; filters may fetch large ones."""

# A hook of git runs us with these set, and they would lead every question to that repository.
# Source: `git rev-parse --local-env-vars`; what sets options for one command is kept.
_LOCAL = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",  # a program of the user's
    "core.splitIndex=false",  # would leave a file in the repository
    "core.untrackedCache=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHORT_COMMIT = re.compile(r"[0-9a-f]{4,63}")
_RELATIVE = re.compile(r"[~^:@{]")  # HEAD~1, v1^, @{upstream}, :/fix
_SHORT = 7  # digits of a commit shown to people
_SUBMODULE = "160000"  # mode of an entry that is a commit of another repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository with a working tree.

    Attributes:
        folder: Absolute path of its working tree, symbolic links resolved.
        common: Absolute path of the folder that all its worktrees share, usually ``.git``.
        shallow: It holds a part of its history only.
    """

    folder: Path
    common: Path
    shallow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a revision came to.

    Attributes:
        id: Full number of the commit, hexadecimal.
        label: What was asked for and the short number: ``"origin/main (1a2b3c4)"``.
    """

    id: str
    label: str


def run_git(
    folder: Path,
    arguments: Sequence[str],
    *,
    what: str,
    timeout: float = QUESTION,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Run git in a folder and return what it printed.

    Args:
        folder: Where it runs.
        arguments: Command and its arguments.
        what: What failed if it fails, one sentence without a full stop.
        timeout: Seconds it may take.
        environ: Further variables.

    Raises:
        ProvisionError: There is no git, or it failed; with its own words.
    """
    program = shutil.which("git")
    if program is None:
        raise ProvisionError(
            f"{what}: git is not installed, or not on PATH",
            remedy="install git, or compare Pythons or dependencies instead of revisions",
        )
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = [program, "--no-pager", *settings, *arguments]
    try:
        code, out, words = _run(command, folder, {**_environ(), **(environ or {})}, timeout)
    except subprocess.TimeoutExpired as error:
        raise ProvisionError(
            f"{what}: git came to no end within {timeout:.0f} s",
            got=str(folder),
            remedy="look whether a filter of the repository waits for something, then try again",
        ) from error
    except OSError as error:
        raise ProvisionError(f"{what}: git cannot be run", output=str(error)) from error
    if code != 0:
        raise ProvisionError(what, output=shorten(words) or f"exit status {code}")
    return out


def find_repository(folder: Path) -> Repository:
    """The repository whose working tree holds a folder.

    Raises:
        ProvisionError: There is none, git does not trust it, or there is no git.
    """
    what = "the git repository cannot be read"
    command = ["rev-parse", "--show-toplevel", "--git-common-dir", "--is-shallow-repository"]
    try:
        answer = run_git(folder, command, what=what)
    except ProvisionError as error:
        raise _no_repository(folder, error) from error
    top, common, shallow = answer.removesuffix("\n").rsplit("\n", 2)
    return Repository(
        folder=Path(top).resolve(),
        common=(folder / common).resolve(),
        shallow=shallow == "true",
    )


def resolve(repository: Repository, revision: str) -> Commit:
    """The commit that a revision means: a branch, a tag, a number, or whatever git understands.

    A branch that is not here is looked for at ``origin``: a build server has no other.

    Raises:
        ProvisionError: There is no such commit here; with what to fetch when the clone is shallow.
    """
    words = ""
    if revision and not revision.startswith("-") and "\0" not in revision:
        plain = not set(revision) & set("^~:@{ ")  # not an expression: it would mean another commit
        for name in (revision, f"origin/{revision}") if plain else (revision,):
            try:
                id_ = _commit(repository, name)
            except ProvisionError as error:
                words = words or error.output
                continue
            return Commit(id=id_, label=_label(name, id_))
    raise _no_revision(repository, revision, words)


def head(repository: Repository, *, apart: Path) -> str | None:
    """The commit of the working tree and whether it was changed: ``"1a2b3c4 + changes"``.

    Files that git does not know count as changes: they are installed like any other.

    Args:
        repository: The repository.
        apart: Folder whose files do not count, since perfkit writes there.

    Returns:
        None where there is no commit yet, or git does not tell.
    """
    status = ["status", "--porcelain"]
    if apart.is_relative_to(repository.folder):
        place = apart.relative_to(repository.folder).as_posix()
        status += ["--", ".", f":(exclude,literal){place}"]
    what = "the working tree's state is not known"
    try:
        commit = _commit(repository, "HEAD")[:_SHORT]
        return f"{commit} + changes" if run_git(repository.folder, status, what=what) else commit
    except ProvisionError:
        return None


def submodules(repository: Path, commit: str) -> tuple[str, ...]:
    """Paths of a commit's submodules, whose files are not part of it."""
    listing = run_git(
        repository,
        ["ls-tree", "-r", "-z", "--full-tree", commit],
        what=f"the files of {commit[:_SHORT]} cannot be listed",
    )
    entries = (entry.partition("\t") for entry in listing.split("\0"))
    return tuple(path for facts, _, path in entries if facts.startswith(f"{_SUBMODULE} "))


def _run(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], timeout: float
) -> tuple[int, str, str]:
    """Exit code, output and words; on any way out all that git has started is ended as well.

    Else a worktree would still be written to while it is removed.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environ,
        start_new_session=True,  # also without a terminal to ask at
    ) as process:
        try:
            out, words = process.communicate(timeout=timeout)
        except BaseException:
            kill_group(process)
            raise
    return process.returncode, os.fsdecode(out), words.decode("utf-8", "replace")


def _environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LOCAL}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",  # none, whatever core.askPass says
        "GIT_OPTIONAL_LOCKS": "0",
        "GCM_INTERACTIVE": "never",
        # A partial clone fetches what it lacks: ssh then must not ask at the terminal.
        "SSH_ASKPASS": shutil.which("false") or "false",
        "SSH_ASKPASS_REQUIRE": "force",
    }


def _commit(repository: Repository, name: str) -> str:
    command = ["rev-parse", "--verify", f"{name}^{{commit}}"]
    found = run_git(repository.folder, command, what="no such git revision").strip()
    if not _FULL_COMMIT.fullmatch(found):  # a range such as a..b
        raise ProvisionError("no such git revision", output=found)
    return found


def _label(name: str, id_: str) -> str:
    short = id_[:_SHORT]
    return short if id_.startswith(name) else f"{name} ({short})"


def _no_repository(folder: Path, error: ProvisionError) -> ProvisionError:
    if not error.output:  # there is no git
        return error
    if "not a git repository" in error.output:
        return ProvisionError(
            "revisions can be compared in a git repository only",
            got=str(folder),
            remedy="start perfkit inside the project's repository",
        )
    reason = " ".join(error.output.split())
    return ProvisionError(f"{error.what} ({reason})", got=str(folder), output=error.output)


def _no_revision(repository: Repository, revision: str, words: str) -> ProvisionError:
    allowed = "a branch, a tag, or a commit that this clone holds"
    if "ambiguous" in words:
        return ProvisionError(
            "several commits begin like this",
            got=revision,
            allowed=allowed,
            remedy="write more digits of its number",
        )
    if repository.shallow:
        return ProvisionError(
            "this shallow clone does not hold the revision",
            got=revision,
            allowed=allowed,
            remedy=_what_to_fetch(revision),
        )
    remedy = "run 'git fetch --all --tags', or check the name"
    return ProvisionError("no such git revision", got=revision, allowed=allowed, remedy=remedy)


def _what_to_fetch(revision: str) -> str:
    """How a shallow clone gets a revision; a name is fetched where `resolve` looks for it."""
    name = revision.removeprefix("origin/")
    if _FULL_COMMIT.fullmatch(name):
        fetch = f"git fetch --depth=1 origin {name}"
    elif not name or _RELATIVE.search(name) or _SHORT_COMMIT.fullmatch(name) or name == "HEAD":
        fetch = "git fetch --unshallow --tags origin"
    else:
        fetch = f"git fetch --depth=1 origin {shlex.quote(f'+{name}:refs/remotes/origin/{name}')}"
    return f"run '{fetch}', or give actions/checkout 'fetch-depth: 0'"
