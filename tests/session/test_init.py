"""`perfkit init`: what is written where, what is never touched, and that the results are valid."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.errors import PerfkitError, PlanError, WritingError
from perfkit.plan.merge import merge
from perfkit.report.check.comment import MARKER
from perfkit.session.init import Act, Initial, prepare, write
from perfkit.session.init.project import look_at, own_requirement, python_of_workflow
from perfkit.session.init.settings import GATE, GENERAL, extended
from perfkit.suite import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORKFLOWS = ("performance.yml", "performance-comment.yml")
FILES = {
    "pyproject.toml",
    "benchmarks/bm_first.py",
    *(f".github/workflows/{name}" for name in WORKFLOWS),
}


def init(folder: Path, *, force: bool = False, requirement: str | None = None) -> Initial:
    initial = prepare(folder, force=force, requirement=requirement)
    write(initial)
    return initial


def acts(initial: Initial) -> list[Act]:
    return [step.act for step in initial.steps]


def files(folder: Path) -> dict[str, bytes]:
    there = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in there}


def problems(folder: Path, **options: Any) -> str:
    before = files(folder)
    with pytest.raises(PlanError) as caught:
        prepare(folder, **{"force": False, "requirement": None, **options})
    assert files(folder) == before
    return str(caught.value)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A package in a git repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    return tmp_path


def test_an_empty_folder_gets_everything(tmp_path: Path) -> None:
    initial = init(tmp_path)
    assert set(files(tmp_path)) == FILES
    assert acts(initial) == [Act.WRITE] * 4
    assert initial.project.repository is None
    assert (tmp_path / "pyproject.toml").read_text() == f"{GENERAL}\n{GATE}"


def test_twice_changes_nothing(shop: Path) -> None:
    assert acts(init(shop)) == [Act.EXTEND, *[Act.WRITE] * 4]
    before = files(shop)
    assert acts(init(shop)) == [Act.LEAVE] * 5
    assert files(shop) == before


def test_force_replaces_files_but_never_settings(shop: Path) -> None:
    init(shop)
    before = files(shop)
    (shop / "pyproject.toml").write_text('[tool.perfkit]\nmargin = "9%"\n[tool.perfkit.check]\n')
    for name in FILES - {"pyproject.toml"}:
        (shop / name).write_text("mine")
    settings = (shop / "pyproject.toml").read_bytes()
    assert acts(init(shop)) == [Act.LEAVE] * 5
    assert (shop / "benchmarks/bm_first.py").read_text() == "mine"
    kept, *others = acts(init(shop, force=True))
    assert (kept, sorted(others)) == (Act.LEAVE, [Act.LEAVE, *[Act.REPLACE] * 3])
    assert files(shop) == {**before, "pyproject.toml": settings}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, "/reports/\n"),
        ("*.pyc", "*.pyc\n/reports/\n"),
        ("*.pyc\r\n", "*.pyc\r\n/reports/\r\n"),
        ("reports\n", None),
        ("/reports/*\n!/reports/example/\n", None),
        ("re*/\n", None),
    ],
)
def test_reports_are_ignored_by_git(git: Any, tmp_path: Path, old: Any, new: Any) -> None:
    git.init(tmp_path)
    path = tmp_path / ".gitignore"
    if old is not None:
        path.write_bytes(old.encode())
    step = next(one for one in init(tmp_path).steps if one.path == path.resolve())
    assert path.read_bytes().decode() == (new or old)
    assert step.act is (Act.LEAVE if new is None else Act.EXTEND if old else Act.WRITE)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "x").touch()
    assert "reports" not in git(tmp_path, "status", "--short")


def test_a_gitignore_that_is_no_text_is_left(shop: Path) -> None:
    (shop / ".gitignore").write_bytes(b"\xff\xfe")
    step = next(one for one in init(shop).steps if one.path.name == ".gitignore")
    assert (step.act, "add /reports/ to it" in step.note) == (Act.LEAVE, True)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ends", [0, 1], ids=["cut", "whole"])
def test_settings_of_others_stay_byte_for_byte(shop: Path, newline: str, ends: int) -> None:
    old = newline.join(["# mine", "[tool.other]", 'a  =  """x', 'y"""  # kept']) + newline * ends
    path = shop / "pyproject.toml"
    path.write_bytes(old.encode())
    path.chmod(0o640)
    init(shop)
    new = path.read_bytes().decode()
    assert new.startswith(old)
    assert new.count("\n") == (new.count("\r\n") if newline == "\r\n" else new.count("\n"))
    assert tomllib.loads(new)["tool"]["other"] == {"a": "x\ny"}
    assert set(tomllib.loads(new)["tool"]["perfkit"]) == {"margin", "check"}
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("old", "added"),
    [
        ('[tool.perfkit]\nmargin = "5%"\n', ["check"]),
        ('[tool.perfkit.check]\nmargin = "5%"\n', []),
        ('tool.perfkit.margin = "5%"\n', ["check"]),
        ('[tool]\nperfkit.margin = "5%"\n', ["check"]),
    ],
)
def test_only_missing_tables_are_added(old: str, added: list[str]) -> None:
    new, said = extended(old, Path("pyproject.toml"))
    assert said == tuple(f"[tool.perfkit.{name}]" for name in added)
    assert new.startswith(old)
    assert "5%" in str(tomllib.loads(new))
    assert GENERAL not in new


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("[tool.perfkit\n", "no TOML"),
        ("[tool]\nperfkit = {margin = '5%'}\n", "cannot be added"),
        ("tool = 1\n", "'tool' in this file is no table"),
        ("[tool]\nperfkit = 1\n", "'perfkit' in this file is no table"),
        (f"a = {'[' * 5000}\n", "no TOML"),
    ],
)
def test_settings_that_cannot_be_extended(shop: Path, old: str, said: str) -> None:
    (shop / "pyproject.toml").write_text(old)
    assert said in problems(shop)


def test_settings_that_cannot_be_read(shop: Path) -> None:
    (shop / "pyproject.toml").write_bytes(b"# \xff\n")
    assert "it is not UTF-8" in problems(shop)
    (shop / "pyproject.toml").unlink()
    (shop / "pyproject.toml").mkdir()
    assert "cannot be read" in problems(shop)


def test_all_obstacles_are_said_at_once(shop: Path) -> None:
    (shop / "pyproject.toml").write_text("[")
    (shop / "benchmarks").touch()
    (shop / ".github").touch()
    said = problems(shop)
    assert said.startswith("4 problems")
    assert said.count("nothing can be made where it belongs") == 3


def test_a_folder_in_the_way(shop: Path) -> None:
    (shop / "benchmarks" / "bm_first.py").mkdir(parents=True)
    assert "a folder is in the way" in problems(shop, force=True)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that the tests, which may be root's, cannot write to."""
    folder = Path(tempfile.mkdtemp())  # the parents of tmp_path are closed to others
    folder.chmod(0o555)
    if os.geteuid():
        yield folder
    else:
        prepare(folder, force=False, requirement=None)  # imports what may then not be readable
        os.setresuid(65_534, 65_534, 0)
        yield folder
        os.setresuid(0, 0, 0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_to(read_only: Path) -> None:
    assert problems(read_only).startswith("4 problems")


def test_a_folder_that_cannot_be_looked_at(read_only: Path) -> None:
    closed = Path(tempfile.gettempdir()) / f"closed-{os.getpid()}"
    closed.mkdir(mode=0o700)
    (closed / "benchmarks").mkdir()
    closed.chmod(0o000)
    try:
        with pytest.raises(PlanError, match="cannot be looked at"):
            prepare(closed, force=False, requirement=None)
    finally:
        closed.chmod(0o700)
        shutil.rmtree(closed)
    assert read_only.exists()


def test_a_disk_that_fails_while_writing(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = files(shop)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WritingError, match="No space left"):
        init(shop)
    assert files(shop) == before  # whole or not at all; nothing half-written left behind


def test_settings_behind_a_link(shop: Path) -> None:
    real = shop / "real.toml"
    (shop / "pyproject.toml").rename(real)
    (shop / "pyproject.toml").symlink_to(real)
    init(shop)
    assert (shop / "pyproject.toml").is_symlink()
    assert real.read_text().endswith(GATE)


def test_the_settings_are_understood(tmp_path: Path) -> None:
    """Each key, those in comments too, by the commands that read them."""
    everything = re.sub(r"^# (?=\S+ = )", "", f"{GENERAL}\n{GATE}", flags=re.MULTILINE)
    (tmp_path / "pyproject.toml").write_text(everything)
    for command in ("compare", "check"):
        problems: list[PerfkitError] = []
        said = merge({}, command=command, cwd=tmp_path, problems=problems).said
        assert problems == []
    assert (said.margin, said.time, said.baseline) == (0.02, 20.0, "3.12")
    assert (said.time_total, said.required) == (300.0, ("*",))
    assert said.margins == (("import_*", 0.05),)


@pytest.mark.parametrize(
    ("settings", "there", "found"),
    [
        ('[project]\nname = "My-Shop.web"\n', ["my_shop_web/__init__.py"], "my_shop_web"),
        ('[project]\nname = "shop"\n', ["shop.py"], "shop"),
        ('[project]\nname = "x"\n[tool.poetry]\nname = "shop"\n', ["lib/shop.py"], "shop"),
        (
            '[tool.hatch.build.targets.wheel]\npackages = ["src/inner"]\n',
            ["src/inner/__init__.py", "src/other/__init__.py"],
            "inner",
        ),
        ("[tool.setuptools]\npackages = ['one']\n", ["one/__init__.py", "two/__init__.py"], "one"),
        ("[tool.poetry]\npackages = [{include = 'one'}, 3]\n", ["one/__init__.py"], "one"),
        ("[tool]\nflit = 3\n", ["src/alone/__init__.py", "tests/__init__.py"], "alone"),
        ("", ["one/__init__.py", "two/__init__.py"], None),
        ("", ["class/__init__.py"], None),
        ('[project]\nname = "a\\nb"\n', ["a\nb/__init__.py", "é/__init__.py"], None),
        ("[", [], None),
    ],
)
def test_the_package_is_found(
    tmp_path: Path, settings: str, there: list[str], found: str | None
) -> None:
    (tmp_path / "pyproject.toml").write_text(settings)
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert look_at(tmp_path).package == found


@pytest.mark.parametrize("package", [True, False])
def test_the_benchmark_runs(shop: Path, *, package: bool) -> None:
    if not package:
        shutil.rmtree(shop / "src")
    init(shop)
    selection = select((), cwd=shop)
    assert not selection.problems
    (script,) = selection.scripts
    assert script.requirements == ("pyperf",)
    done = subprocess.run(
        [sys.executable, script.path, "--worker", "--loops=1", "--values=1", "--warmups=0"],
        env={**os.environ, "PYTHONPATH": str(shop / "src")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ("import_shop" if package else "first") in done.stdout


def test_no_first_benchmark_where_there_are_some(shop: Path) -> None:
    (shop / "benchmarks").mkdir()
    (shop / "benchmarks" / "bm_mine.py").touch()
    step = init(shop).steps[1]
    assert (step.act, "bm_mine.py" in step.note) == (Act.LEAVE, True)
    assert not (shop / "benchmarks" / "bm_first.py").exists()


def workflow(folder: Path, name: str) -> Any:
    text = (folder / ".github" / "workflows" / name).read_text()
    assert "<<" not in text
    return yaml.safe_load(text)


def test_the_workflows_are_valid(shop: Path) -> None:
    below = shop / "packages" / 'a "b" #c'
    below.mkdir(parents=True)
    requirement = 'perfkit[services] @ git+https://example.org/x@main ; python_version > "3"'
    init(below, requirement=requirement)
    assert not (below / ".github").exists()
    paths = [shop / ".github" / "workflows" / name for name in WORKFLOWS]
    schema = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [sys.executable, *schema, *paths], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout
    job = workflow(shop, "performance.yml")["jobs"]["check"]
    assert job["defaults"]["run"]["working-directory"] == 'packages/a "b" #c'
    assert job["steps"][2]["env"]["PERFKIT"] == requirement
    assert job["steps"][-1]["with"]["path"] == 'packages/a "b" #c/reports/'


def test_the_workflow_may_only_read(shop: Path) -> None:
    init(shop)
    check = workflow(shop, "performance.yml")
    assert check["permissions"] == {"contents": "read"}
    assert list(check[True]) == ["pull_request"]  # YAML 1.1 reads "on" as a truth value
    (job,) = check["jobs"].values()
    assert "defaults" not in job
    assert "permissions" not in job
    assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert all("${{" not in step.get("run", "") for step in job["steps"])


def test_the_comment_runs_nothing_of_the_pull_request(shop: Path) -> None:
    init(shop)
    comment = workflow(shop, "performance-comment.yml")
    assert comment["permissions"] == {}
    assert comment[True]["workflow_run"]["workflows"] == [workflow(shop, WORKFLOWS[0])["name"]]
    (job,) = comment["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    (step,) = job["steps"]
    assert step["uses"].startswith("actions/github-script@")
    assert "${{" not in step["with"]["script"]
    assert MARKER in step["with"]["script"]


@pytest.fixture
def posted(shop: Path, tmp_path: Path) -> Callable[..., list[Any]]:
    """Run the script of the comment job with a GitHub that remembers what it was told."""
    node = shutil.which("node")
    if node is None or shutil.which("unzip") is None:
        pytest.skip("needs node and unzip")
    init(shop)
    script = workflow(shop, "performance-comment.yml")["jobs"]["comment"]["steps"][0]["with"]

    def run(text: str | None, *, earlier: list[Any] | None = None) -> list[Any]:
        archive = tmp_path / "made.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("2026-run/report.yaml", "x")
            if text is not None:
                made.writestr("2026-run/comment.md", text)
        main = tmp_path / "main.js"
        main.write_text(
            _HARNESS.replace("SCRIPT", script["script"])
            .replace("EARLIER", json.dumps(earlier or []))
            .replace("ARCHIVE", json.dumps(str(archive)))
        )
        done = subprocess.run(
            [node, main],
            env={**os.environ, "RUNNER_TEMP": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


_HARNESS = """
const told = (kind, what) => console.log(JSON.stringify([kind, what]));
const core = { info: (text) => told('info', text), warning: (text) => told('warning', text) };
const github = {
  paginate: async (call, given) => call(given),
  rest: {
    pulls: { list: (given) => given.head === 'stranger:topic'
      ? [{ number: 6, head: { sha: 'other' } }, { number: 7, head: { sha: 'f00dcafe42' } }] : [] },
    actions: {
      listWorkflowRunArtifacts: () => [{ id: 1, name: 'performance', size_in_bytes: 10 }],
      downloadArtifact: async () => ({ data: require('fs').readFileSync(ARCHIVE) }),
    },
    issues: {
      listComments: () => EARLIER,
      createComment: async (given) => told('created', given),
      updateComment: async (given) => told('updated', given),
    },
  },
};
const context = {
  repo: { owner: 'me', repo: 'shop' },
  payload: { workflow_run: { id: 5, head_sha: 'f00dcafe42', head_branch: 'topic',
    html_url: 'https://example.org/run', head_repository: { owner: { login: 'stranger' } } } },
};
(async () => {
SCRIPT
})().catch((error) => { console.error(error); process.exit(1); });
"""


def test_the_comment_is_made_once_then_renewed(posted: Callable[..., list[Any]]) -> None:
    text = f"{MARKER}\n## Gate\n\n| `a` | +3.1 % [+2.0, +4.0] |\n<details><summary>All</summary>"
    ((kind, given),) = posted(text)
    assert (kind, given["issue_number"]) == ("created", 7)
    assert given["body"].startswith(text)
    mine = {"id": 3, "user": {"login": "github-actions[bot]"}, "body": given["body"]}
    theirs = {"id": 2, "user": {"login": "stranger"}, "body": given["body"]}
    ((kind, given),) = posted(text, earlier=[theirs, mine])
    assert (kind, given["comment_id"]) == ("updated", 3)


def test_a_hostile_report_is_made_harmless(posted: Callable[..., list[Any]]) -> None:
    text = (
        "hello @everyone &#64;team &commat;x <img src=x> [here](//evil.example) ![x] (y) [r][s]\n"
        "[s]: //evil.example\nhttps://evil.example www.evil.example #12 GH-12 <details open>\n"
        f"{MARKER} <code>a&#124;b</code><br>"
    )
    ((_, given),) = posted(f"{MARKER}\n{text}")
    body = given["body"].removeprefix(MARKER).rpartition("\n\nMeasured by")[0]
    bad = (
        "@e",
        "&#64;t",
        "&commat",
        "<img",
        "](",
        "][",
        "]:",
        "://",
        "www.e",
        "#12 ",
        "GH-",
    )
    assert [one for one in bad if one in body] == []
    assert MARKER not in body
    assert "<details open" not in body
    assert "<code>a&#124;b</code><br>" in body


def test_a_report_that_is_none_is_not_posted(posted: Callable[..., list[Any]]) -> None:
    assert [kind for kind, _ in posted("no marker")] == ["warning"]
    assert [kind for kind, _ in posted(None)] == ["warning"]
    assert [kind for kind, _ in posted(f"{MARKER}{'x' * 2_000_000}")] == ["warning"]
    ((_, given),) = posted(f"{MARKER}{'@' * 100_000}")
    assert len(given["body"]) < 65_536


@pytest.mark.parametrize(
    "requirement", ["perfkit; echo", "perfkit\n", "", "-r x", "perfkit @ file:///${{ x }}"]
)
def test_a_requirement_that_is_none(shop: Path, requirement: str) -> None:
    assert "--requirement is no requirement" in problems(shop, requirement=requirement)


def test_a_folder_that_no_workflow_can_name(shop: Path) -> None:
    below = shop / "${{ secrets.X }}"
    below.mkdir()
    assert "a workflow cannot name this folder" in problems(below)


@pytest.mark.parametrize(
    ("origin", "wanted", "certain"),
    [
        (None, "perfkit==", True),
        ({"url": "file:///home/me/perfkit", "dir_info": {}}, "perfkit==", False),
        ({"url": "https://me:secret@example.org/x", "archive_info": {}}, "perfkit==", False),
        ({"url": "https://example.org/x.whl"}, "perfkit @ https://example.org/x.whl", True),
        (
            {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "1a"}},
            "perfkit @ git+https://example.org/x.git@1a",
            True,
        ),
        ([], "perfkit==", False),
    ],
)
def test_where_perfkit_came_from(
    monkeypatch: pytest.MonkeyPatch, origin: Any, wanted: str, *, certain: bool
) -> None:
    class Distribution:
        def read_text(self, _: str) -> str | None:
            return None if origin is None else json.dumps(origin)

    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Distribution())
    found, sure = own_requirement()
    assert (found.startswith(wanted), sure) == (True, certain)
    assert "secret" not in found


@pytest.mark.parametrize(
    ("wanted", "python"),
    [
        ("", f"3.{sys.version_info[1]}"),
        ('requires-python = ">=3.9,<3.12"', "3.11"),
        ('requires-python = ">=3.9,<3.13"', "3.12"),
        ('requires-python = "nonsense"', f"3.{sys.version_info[1]}"),
        ("requires-python = 3", f"3.{sys.version_info[1]}"),
    ],
)
def test_the_python_of_the_workflow(tmp_path: Path, wanted: str, python: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{wanted}\n")
    if sys.version_info < (3, 12) and "<3.13" in wanted:
        python = "3.11"
    assert python_of_workflow(tmp_path) == python
