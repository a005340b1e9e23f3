"""``--baseline-rev`` and ``--candidate-rev``: what each side installs, and what both can run."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.benchmark import Script
from perfkit.errors import PerfkitError, ProvisionError
from perfkit.plan.checks import OUTPUT
from perfkit.provision.git import Commit, Repository
from perfkit.recording import Unpaired
from perfkit.suite import Apart, pair_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORKING_TREE = "working tree"
"""What the label of a candidate that is no commit begins with; its commit follows in brackets."""

_PYPROJECT = "pyproject.toml"
_SHOWN = 3  # submodules that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSides:
    """Both revisions, ready to be put into a plan.

    Attributes:
        baseline: Requirement that installs the project as the baseline has it.
        candidate: The same for the candidate.
        baseline_label: The baseline for people: ``"main (1a2b3c4)"``.
        candidate_label: The candidate for people: ``"working tree (1a2b3c4 + changes)"``, or as
            above.
        scripts: Scripts that can be compared, as the candidate has them.
        patterns: Name patterns; when there are any, only benchmarks whose name fits one count.
        unpaired: Scripts that the two revisions do not share.
        notes: What a person should know, a sentence each.
    """

    baseline: str
    candidate: str
    baseline_label: str
    candidate_label: str
    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    unpaired: tuple[Unpaired, ...]
    notes: tuple[str, ...]


def revision_sides(
    *,
    baseline_rev: str,
    candidate_rev: str | None,
    benchmarks: tuple[str, ...],
    cwd: Path,
    problems: list[PerfkitError],
) -> RevisionSides | None:
    """Find both revisions and the benchmarks they share; None, and problems, if that fails.

    The files of a commit stay in the cache: its scripts are run from there.

    Args:
        baseline_rev: Revision of the baseline, as git understands it.
        candidate_rev: Revision of the candidate, or None for the working tree as it is.
        benchmarks: The BENCHMARK arguments.
        cwd: A folder of the repository; the project is there or in the nearest folder above.
        problems: Where problems are appended.
    """
    cwd = cwd.resolve()
    before = len(problems)
    found = list(_found(baseline_rev, candidate_rev, cwd, problems))
    if len(problems) > before:
        return None
    baseline, candidate = found
    start = candidate.files / cwd.relative_to(baseline.repository.folder)
    if not start.is_dir():
        what = "--candidate-rev: this revision has no such folder"
        problems.append(PerfkitError(what, got=str(cwd), remedy="start perfkit in another one"))
        return None
    pairing = pair_scripts(benchmarks, cwd=start, tree=candidate.files, baseline=baseline.files)
    project = _project(start, candidate, problems)
    problems += pairing.problems
    if project is not None:
        _check_baseline(baseline, project, problems)
        _check_imports(pairing.scripts, candidate.files / project, problems)
    if project is None or len(problems) > before:
        return None
    return RevisionSides(
        baseline=_requirement(baseline, project),
        candidate=_requirement(candidate, project),
        baseline_label=baseline.label,
        candidate_label=candidate.label,
        scripts=pairing.scripts,
        patterns=pairing.patterns,
        unpaired=_unpaired(pairing.apart, candidate.repository.folder),
        notes=tuple(note for side in (baseline, candidate) for note in _notes(side)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The files of one side.

    Attributes:
        repository: Where they come from.
        commit: Whose they are, or None for the working tree.
        files: Their top folder.
        label: The revision for people.
    """

    repository: Repository
    commit: Commit | None
    files: Path
    label: str


def _found(
    baseline_rev: str, candidate_rev: str | None, cwd: Path, problems: list[PerfkitError]
) -> Iterator[_Tree]:
    """The baseline's tree and the candidate's; problems for what cannot be found."""
    from perfkit.provision.git import find_repository

    try:
        repository = find_repository(cwd)
    except ProvisionError as error:
        problems.append(_named("--baseline-rev", error))
        return
    for option, revision in (("--baseline-rev", baseline_rev), ("--candidate-rev", candidate_rev)):
        try:
            yield _tree(repository, revision, cwd)
        except ProvisionError as error:
            problems.append(_named(option, error))


def _tree(repository: Repository, revision: str | None, cwd: Path) -> _Tree:
    from perfkit.provision.cache import cache_root
    from perfkit.provision.git import head, resolve
    from perfkit.provision.revisions import exported

    if revision is None:
        state = head(repository, apart=cwd / OUTPUT)
        label = f"{WORKING_TREE} ({state})" if state else WORKING_TREE
        return _Tree(repository=repository, commit=None, files=repository.folder, label=label)
    commit = resolve(repository, revision)
    files = exported(repository.folder, commit.id, cache=cache_root())
    return _Tree(repository=repository, commit=commit, files=files, label=commit.label)


def _named(option: str, error: ProvisionError) -> PerfkitError:
    """The problem with its option's name; a plan's problems have no room for a tool's output."""
    words = " ".join(error.output.split())
    what = f"{option}: {error.what}" + (f" ({words})" if words else "")
    return PerfkitError(what, got=error.got, allowed=error.allowed, remedy=error.remedy)


def _project(start: Path, tree: _Tree, problems: list[PerfkitError]) -> Path | None:
    """Where the project is in the tree: in the folder of the start, or the nearest above."""
    for folder in (start, *start.parents):
        if not folder.is_relative_to(tree.files):
            break
        if _is_project(folder):
            return folder.relative_to(tree.files)
        if broken := _broken(folder):
            if not any(str(one.got).endswith(_PYPROJECT) for one in problems):
                problems.append(broken)  # nobody has wanted its settings yet
            return None
    problems.append(
        PerfkitError(
            "there is no Python project to install",
            got=f"{start.relative_to(tree.files).as_posix()} of {tree.label}",
            allowed="a folder with a setup.py, or a pyproject.toml with [project], here or above",
            remedy="start perfkit in the project's folder",
        )
    )
    return None


def _is_project(folder: Path) -> bool:
    """Whether it can be installed; a pyproject.toml may hold nothing but settings of tools."""
    return (folder / "setup.py").is_file() or bool(
        _pyproject(folder).keys() & {"project", "build-system"}
    )


def _broken(folder: Path) -> PerfkitError | None:
    """What is wrong with a pyproject.toml that cannot be read; None also where there is none."""
    path = folder / _PYPROJECT
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error) or "nested too deep"
        what = f"this file cannot be read: {reason}"
        return PerfkitError(what, got=str(path), remedy="correct it")
    return None


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / _PYPROJECT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the candidate's is read for its settings, too
        return {}


def _check_baseline(baseline: _Tree, project: Path, problems: list[PerfkitError]) -> None:
    if not _is_project(baseline.files / project):
        problems.append(
            PerfkitError(
                "--baseline-rev: this revision holds no Python project at the same place",
                got=baseline.label,
                allowed=f"a commit with a project in its folder {_slashes(project) or '.'!r}",
                remedy="choose a later commit",
            )
        )


def _check_imports(scripts: Sequence[Script], project: Path, problems: list[PerfkitError]) -> None:
    """Refuse scripts that would find the candidate's own source beside them, on both sides.

    Python looks into a script's folder first, so that nothing would be compared.
    """
    name = _pyproject(project).get("project", {})
    name = name.get("name") if isinstance(name, dict) else None
    if not isinstance(name, str):
        return
    module = re.sub(r"[-.]+", "_", name).lower()
    problems += [
        PerfkitError(
            f"benchmarks beside the package would import {module!r} from there on both sides, "
            "not as either revision has it",
            got=str(folder),
            remedy="move them into a folder of their own, such as benchmarks/",
        )
        for folder in dict.fromkeys(script.path.parent for script in scripts)
        if (folder / module / "__init__.py").is_file() or (folder / f"{module}.py").is_file()
    ]


def _requirement(tree: _Tree, project: Path) -> str:
    from perfkit.provision.revisions import Revision, as_text

    if tree.commit is None:
        return str(tree.files / project)
    revision = Revision(
        repository=tree.repository.folder,
        commit=tree.commit.id,
        subdirectory=_slashes(project),
    )
    return as_text(revision)


def _slashes(project: Path) -> str:
    return "/".join(project.parts)


def _unpaired(apart: Sequence[Apart], top: Path) -> tuple[Unpaired, ...]:
    return tuple(
        Unpaired(
            label=one.label,
            how=one.how,
            reason=one.reason,
            path=str(top / one.place),
            had=one.had,
            has=one.has,
            told=one.told,
        )
        for one in apart
    )


def _notes(tree: _Tree) -> Iterator[str]:
    from perfkit.provision.git import submodules

    if tree.commit is None:
        return
    if paths := submodules(tree.repository.folder, tree.commit.id):
        names = ", ".join(paths[:_SHOWN]) + (", …" if len(paths) > _SHOWN else "")
        yield f"git submodules are left empty in {tree.label}: {names}"
