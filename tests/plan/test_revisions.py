"""Both sides of a revision comparison, from real repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PlanError
from perfkit.plan.check import make_check_plan
from perfkit.plan.revisions import WORKING_TREE, RevisionSides, revision_sides
from perfkit.provision.revisions import as_revision
from perfkit.suite import default_suite

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Git

PROJECT = "[project]\nname = 'My-Tool'\nversion = '1'\n"
FILES = {
    "pyproject.toml": PROJECT,
    "my_tool/__init__.py": "",
    "benchmarks/bm_same.py": "",
    "benchmarks/bm_changed.py": "1",
    "benchmarks/bm_missing.py": "",
}


@pytest.fixture
def project(git: Git, tmp_path: Path) -> Path:
    """A project with a commit on main, and changes in the working tree."""
    folder = tmp_path / "project"
    git.init(folder)
    git.commit(folder, FILES)
    (folder / "benchmarks" / "bm_changed.py").write_text("2")
    (folder / "benchmarks" / "bm_missing.py").unlink()
    (folder / "benchmarks" / "bm_new.py").touch()
    return folder


def sides(cwd: Path, *benchmarks: str, **said: Any) -> RevisionSides:
    problems: list[Any] = []
    asked = {"baseline_rev": "main", "candidate_rev": None, **said}
    found = revision_sides(**asked, benchmarks=benchmarks, cwd=cwd, problems=problems)
    assert problems == []
    assert found is not None
    return found


def complaints(cwd: Path, *benchmarks: str, **said: Any) -> list[str]:
    problems: list[Any] = []
    asked = {"baseline_rev": "main", "candidate_rev": None, **said}
    assert revision_sides(**asked, benchmarks=benchmarks, cwd=cwd, problems=problems) is None
    return [str(problem) for problem in problems]


def test_a_working_tree_against_a_revision(git: Git, project: Path) -> None:
    commit = git(project, "rev-parse", "main")
    found = sides(project)
    assert found.baseline == f"git+{project.as_uri()}@{commit}"
    assert found.candidate == str(project)
    assert found.baseline_label == f"main ({commit[:7]})"
    assert found.candidate_label == f"{WORKING_TREE} ({commit[:7]} + changes)"
    assert [script.path for script in found.scripts] == [project / "benchmarks" / "bm_same.py"]
    assert [(one.label, one.how) for one in found.unpaired] == [
        ("bm_missing", "missing"),
        ("bm_new", "new"),
        ("bm_changed", "changed"),
    ]
    assert all(one.reason for one in found.unpaired)
    assert found.patterns == found.notes == ()
    assert git(project, "status", "--porcelain") == (
        "M benchmarks/bm_changed.py\n D benchmarks/bm_missing.py\n?? benchmarks/bm_new.py"
    )


def test_a_working_tree_is_told_by_its_commit(git: Git, project: Path) -> None:
    """What perfkit itself wrote is no change of the project."""
    commit = git.commit(project, {"benchmarks/bm_late.py": ""})
    (project / "reports" / "run").mkdir(parents=True)
    (project / "reports" / "run" / "report.yaml").touch()
    assert sides(project).candidate_label == f"{WORKING_TREE} ({commit[:7]})"
    (project / "my_tool" / "new.py").touch()
    assert sides(project).candidate_label == f"{WORKING_TREE} ({commit[:7]} + changes)"


def test_a_revision_against_another(git: Git, project: Path) -> None:
    """Nothing of the working tree counts; the scripts stay in the cache."""
    first = git(project, "rev-parse", "main")
    second = git.commit(project, {"benchmarks/bm_late.py": ""})
    for name in ("my_tool", "benchmarks"):
        (project / name).rename(project / f"{name}-away")
    found = sides(project, baseline_rev="main~1", candidate_rev=second[:10])
    assert found.baseline_label == f"main~1 ({first[:7]})"
    assert found.candidate_label == second[:7]
    revision = as_revision(found.candidate)
    assert revision is not None
    assert (revision.repository, revision.commit) == (project, second)
    assert [script.label for script in found.scripts] == ["bm_same"]
    assert found.scripts[0].path.is_file()
    assert not found.scripts[0].path.is_relative_to(project)
    assert [one.label for one in found.unpaired] == [
        "bm_missing",
        "bm_late",
        "bm_new",
        "bm_changed",
    ]
    # A run that is gone on with asks for the commits themselves.
    assert sides(project, baseline_rev=first, candidate_rev=second).scripts == found.scripts


def test_a_project_in_a_folder_of_the_repository(git: Git, tmp_path: Path) -> None:
    top = tmp_path / "many"
    git.init(top)
    files = {f"libs/a b/{name}": text for name, text in FILES.items()}
    git.commit(top, {**files, "pyproject.toml": "[tool.perfkit]\nmargin = '2%'\n"})
    found = sides(top / "libs" / "a b")
    revision = as_revision(found.baseline)
    assert revision is not None
    assert revision.subdirectory == "libs/a b"
    assert found.candidate == str(top / "libs" / "a b")
    assert [script.label for script in found.scripts] == ["bm_changed", "bm_missing", "bm_same"]
    below = sides(top / "libs" / "a b" / "benchmarks", "bm_same.py")
    assert (below.baseline, below.candidate) == (found.baseline, found.candidate)
    assert [script.label for script in below.scripts] == ["bm_same"]
    # Settings of tools alone are no project.
    assert "no Python project to install; got '. of working tree (" in complaints(top)[0]


def test_perfkits_own_suite_and_patterns(git: Git, tmp_path: Path) -> None:
    git.init(tmp_path / "x")
    git.commit(tmp_path / "x", {"setup.py": ""})
    assert "there are no benchmarks" in complaints(tmp_path / "x", "json_*")[0]
    found = sides(tmp_path / "x", str(default_suite()), "json_*")
    assert found.patterns == ("json_*",)
    assert found.unpaired == ()
    assert {script.path.parent for script in found.scripts} >= {default_suite()}


def test_a_link_to_the_project_is_the_project(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    assert sides(tmp_path / "link").candidate == str(project)


def test_both_revisions_that_are_wrong_are_told_at_once(project: Path) -> None:
    found = complaints(project, baseline_rev="none", candidate_rev="-x")
    assert [text.split(";")[0] for text in found] == [
        "--baseline-rev: no such git revision",
        "--candidate-rev: no such git revision",
    ]


def test_settings_that_cannot_be_read_are_told_once(git: Git, project: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    (project / "pyproject.toml").write_text("[project\n")
    with pytest.raises(PlanError) as caught:
        make_check_plan({"baseline_rev": first, "download": False}, cwd=project)
    (problem,) = caught.value.problems
    assert str(problem).startswith("the settings cannot be read: Expected ']'")
    below = complaints(project / "benchmarks", baseline_rev=first)  # where nobody wants settings
    (text,) = (one for one in below if "cannot be read" in one)
    assert text.startswith("this file cannot be read: Expected ']'")
    assert not any("no Python project" in one for one in below)


def test_no_repository(tmp_path: Path) -> None:
    assert "--baseline-rev: revisions can be compared in a git" in complaints(tmp_path)[0]


def test_a_shallow_clone_says_what_to_fetch(git: Git, project: Path) -> None:
    git(project, "branch", "old")
    git.commit(project, {})
    clone = project.parent / "clone"
    git(project.parent, "clone", "-q", "--depth=1", project.as_uri(), str(clone))
    (problem,) = complaints(clone, baseline_rev="old")
    assert "git fetch --depth=1 origin +old:refs/remotes/origin/old" in problem


def test_a_baseline_without_the_project(git: Git, project: Path) -> None:
    git(project, "checkout", "-q", "--orphan", "first")
    git(project, "rm", "-q", "-r", "-f", "--cached", ".")
    git(project, "commit", "-q", "--allow-empty", "-m", "nothing")
    (problem,) = complaints(project, baseline_rev="first")
    assert "holds no Python project at the same place; got 'first (" in problem


def test_a_candidate_without_the_folder(git: Git, project: Path) -> None:
    (project / "later").mkdir()
    (problem,) = complaints(project / "later", candidate_rev=git(project, "rev-parse", "HEAD"))
    assert "--candidate-rev: this revision has no such folder" in problem


@pytest.mark.parametrize("package", ["my_tool/__init__.py", "my_tool.py"])
def test_scripts_that_would_import_the_working_tree_are_refused(
    git: Git, project: Path, package: str
) -> None:
    """Python looks beside a script first: both sides would run the same source."""
    git(project, "rm", "-q", "-r", "--cached", "my_tool")
    git.commit(project, {"bm_top.py": "", "src/my_tool/__init__.py": ""})
    (project / "my_tool" / "__init__.py").unlink()
    assert [script.label for script in sides(project, "bm_top.py").scripts] == ["bm_top"]
    git.commit(project, {package: ""})
    (problem,) = complaints(project, "bm_top.py")
    assert "would import 'my_tool' from there on both sides" in problem
    assert "benchmarks/" in problem


def test_problems_of_benchmarks_are_told(project: Path) -> None:
    (problem,) = complaints(project, "no/such.py")
    assert problem.startswith("no such file or folder; got 'no/such.py'")


def test_submodules_are_told(git: Git, project: Path) -> None:
    commit = git(project, "rev-parse", "HEAD")
    for name in "abcd":
        git(project, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub/{name}")
    git(project, "commit", "-q", "-m", "x")
    label = f"main ({git(project, 'rev-parse', '--short=7', 'main')})"
    assert sides(project).notes == (
        f"git submodules are left empty in {label}: sub/a, sub/b, sub/c, …",
    )
