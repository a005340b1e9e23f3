"""``perfkit init``: settings, a first benchmark and workflows for a project that has none.

``project`` looks at the folder, ``settings`` extends its ``pyproject.toml``, ``ignoring`` its
``.gitignore``, ``writing`` does what was decided. Everything is decided, and every obstacle said,
before the first file is written; what the user has is never changed, save by tables at the end of
``pyproject.toml`` and a line at the end of ``.gitignore``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.plan.config import FILE_NAME
from perfkit.session.init.ignoring import ignored
from perfkit.session.init.project import (
    Project,
    checked_requirement,
    look_at,
    own_requirement,
    python_of_workflow,
)
from perfkit.session.init.settings import extended
from perfkit.session.init.writing import Act, Step, carry_out, left, obstacle, whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Act", "Initial", "Project", "Step", "prepare", "write"]

WORKFLOWS = ("performance.yml", "performance-comment.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initial:
    """What is to be done.

    Attributes:
        project: What the folder is.
        steps: One for each file, in the order they are written.
        requirement: What the workflow installs.
        certain: That requirement is known to be where the running perfkit came from, or was given.
    """

    project: Project
    steps: tuple[Step, ...]
    requirement: str
    certain: bool


def prepare(cwd: Path, *, force: bool, requirement: str | None) -> Initial:
    """Decide what becomes of each file; writes nothing.

    Args:
        cwd: The project's folder.
        force: Replace files that are there; tables of ``pyproject.toml`` are left even so.
        requirement: What the workflow is to install perfkit from, or None for the one running.

    Raises:
        PlanError: With everything that stands in the way.
    """
    wanted, certain = own_requirement() if requirement is None else (requirement, True)
    try:
        project = look_at(cwd)
        steps, problems = _steps(project, wanted, force=force)
        problems += [problem for step in steps if (problem := obstacle(step)) is not None]
    except OSError as error:
        raise PlanError(
            [PerfkitError(f"this folder cannot be looked at: {error.strerror}", got=str(cwd))]
        ) from error
    if problems:
        raise PlanError(problems)
    return Initial(project=project, steps=tuple(steps), requirement=wanted, certain=certain)


def write(initial: Initial) -> None:
    """Do it.

    Raises:
        WritingError: A file cannot be written; those before it are.
    """
    for step in initial.steps:
        carry_out(step)


def _steps(
    project: Project, requirement: str, *, force: bool
) -> tuple[list[Step], list[PerfkitError]]:
    steps: list[Step] = []
    problems: list[PerfkitError] = []
    try:
        steps.append(_settings(project.folder))
    except PerfkitError as error:
        problems.append(error)
    steps.append(_benchmark(project, force=force))
    if project.repository is not None:
        steps.append(ignored(project.folder))
    try:
        steps += _workflows(project, checked_requirement(requirement), force=force)
    except PerfkitError as error:
        problems.append(error)
    return steps, problems


def _settings(folder: Path) -> Step:
    path = folder / FILE_NAME
    try:
        old = path.read_bytes().decode("utf-8") if path.exists() else None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PerfkitError(f"this file cannot be read: {reason}", got=str(path)) from error
    new, added = extended(old, path)
    if not added:
        return left(path, "has [tool.perfkit] and [tool.perfkit.check] already")
    act = Act.WRITE if old is None else Act.EXTEND
    text = new[len(old or "") :].lstrip("\r\n")
    return Step(path=path, act=act, content=new, added=text, note=", ".join(added))


def _benchmark(project: Project, *, force: bool) -> Step:
    folder = project.folder / "benchmarks"
    path = folder / "bm_first.py"
    others = [one.name for one in sorted(folder.glob("bm_*")) if one.name != path.name]
    if others and not path.exists():
        return left(path, f"is not needed: {folder.name}/ has {others[0]} already")
    if project.package is None:
        return whole(path, _template("bm_plain.py"), "an example to replace", force=force)
    text = _template("bm_package.py").replace("<<package>>", project.package)
    return whole(path, text, f"what importing {project.package} takes", force=force)


def _workflows(project: Project, requirement: str, *, force: bool) -> list[Step]:
    top = project.repository or project.folder
    below = project.below
    if "${{" in below or not below.isprintable():
        raise PerfkitError("a workflow cannot name this folder", got=below)
    words = {
        "<<python>>": python_of_workflow(project.folder),
        "<<requirement>>": _quoted(requirement),
        "<<reports>>": _quoted(f"{below}/reports/" if below else "reports/"),
        "<<defaults>>": f"    defaults:\n      run:\n        working-directory: {_quoted(below)}\n"
        if below
        else "",
    }
    notes = ("the check of each pull request", "puts its result under the pull request")
    steps = []
    for name, note in zip(WORKFLOWS, notes, strict=True):
        text = _template(name)
        for word, meant in words.items():
            text = text.replace(word, meant)
        path = top / ".github" / "workflows" / name
        steps.append(whole(path, text, note, force=force))
    return steps


def _quoted(text: str) -> str:
    """A scalar of YAML: every JSON string is one."""
    return json.dumps(text)


def _template(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.in").read_text(encoding="utf-8")
