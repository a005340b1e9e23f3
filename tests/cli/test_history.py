from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.decide.gate.judge import judge_gate
from perfkit.history import Store
from perfkit.plan import GATE
from perfkit.session.history import remember, setting_of, stored_run
from perfkit.session.show import load
from perfkit.settings import Metric
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def with_candidate(outcome: Any, **fields: Any) -> Any:
    """An outcome whose candidate was another."""
    run = outcome.recording.run
    run = replace(run, candidate=replace(run.candidate, **fields))
    return replace(outcome, recording=replace(outcome.recording, run=run))


def finished_into(path: Path) -> Callable[..., object]:
    """In place of ``resume``: what it goes on with is finished, and has that history."""

    def resumed(folder: Path, *, listener: object) -> object:
        del listener
        found: Any = load(folder)
        run = replace(found.recording.run, store=str(path))
        return replace(found, recording=replace(found.recording, run=run), interrupted=False)

    return resumed


def test_a_recorded_run_is_added_and_shown(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path
) -> None:
    folder = recorded()
    done = perfkit("history", "--add", str(folder))
    assert (done.code, done.err) == (
        0,
        f"perfkit: added 1 run to {tmp_path / 'reports' / 'history.sqlite'}\n",
    )
    assert "sums" in done.out
    assert done.out.startswith("No change point in 1 run.\n")
    again = perfkit("history", "--add", "reports/a-run", "sums", "--json")
    (setting,) = json.loads(again.out)["settings"]
    assert setting["runs"] == 1  # the same run is the same run
    assert setting["details"][0]["ratio"] == pytest.approx(1.1, rel=0.01)
    assert setting["candidate"] == "Python 3.13.0"
    memory = perfkit("history", "--metric", "peak-memory")
    assert "9.54 MiB" in memory.out


def test_the_settings_name_the_store(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path
) -> None:
    folder = recorded()
    (tmp_path / "pyproject.toml").write_text('[tool.perfkit]\nstore = "kept/here.db"\n')
    assert perfkit("history", "--add", str(folder)).code == 0
    assert (tmp_path / "kept" / "here.db").is_file()
    (tmp_path / "pyproject.toml").write_text('[tool.perfkit.check]\nstore = "other.db"\n')
    assert perfkit("history", "--store", "kept/here.db").code == 0
    missing = perfkit("history")
    assert (missing.code, "other.db" in missing.err) == (2, True)
    (tmp_path / "pyproject.toml").write_text("[tool.perfkit]\nstore = 3\n")
    wrong = perfkit("history")
    assert (wrong.code, "'store' in [tool.perfkit]" in wrong.err) == (2, True)


def test_what_cannot_be_answered(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path
) -> None:
    nothing = perfkit("history")
    assert (nothing.code, "there is no history yet" in nothing.err) == (2, True)
    folder = recorded()
    perfkit("history", "--add", str(folder))
    unknown = perfkit("history", "sumz")
    assert unknown.code == 2
    assert "allowed: sums" in unknown.err
    assert perfkit("history", "--metric", "traced-memory").code == 3
    assert perfkit("history", "su*").code == 0
    for wrong in (["--limit", "0"], ["--limit", "x"], ["--metric", "cpu"], ["--store", "a\0b"]):
        assert perfkit("history", *wrong).code == 2
    assert perfkit("history", "--store", "~nobody-of-that-name/x").code == 2
    no_room = perfkit("history", "--html", "no/such/folder/page.html")
    assert (no_room.code, "name another file" in no_room.err) == (4, True)
    assert not (tmp_path / "no").exists()


def test_an_aa_run_is_no_history(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path
) -> None:
    done = perfkit("history", "--add", str(recorded(command="aa")))
    assert (done.code, "runs of compare and check" in done.err) == (2, True)
    assert not (tmp_path / "reports" / "history.sqlite").exists()


def test_a_page(perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path) -> None:
    perfkit("history", "--add", str(recorded()))
    done = perfkit("history", "--html", "page.html")
    assert (done.code, done.out) == (0, "")
    assert "sums" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("arguments", [[], ["--json"], ["*"], ["::error title=x::y"]])
def test_a_name_is_no_command_to_github(
    perfkit: Callable[..., Any],
    recorded: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    outcome: Any = load(recorded())
    run = stored_run(outcome.recording, outcome.result)
    names = ("::error title=x::y", "##[error]x", "  ::warning::" + "z" * 100, "\n::add-mask::1")
    rows = tuple(replace(run.rows[0], benchmark=name) for name in names)
    with Store(tmp_path / "h.sqlite", write=True) as store:
        store.append(replace(run, rows=rows, candidate_setting=names[1], machine=names[3]))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("COLUMNS", "60")
    done = perfkit("history", *arguments, "--store", "h.sqlite")
    assert done.code == 0
    for line in (done.out + done.err).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_a_damaged_store_is_repaired(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path
) -> None:
    perfkit("history", "--add", str(recorded()))
    sound = perfkit("history", "--repair")
    assert sound.out.startswith("nothing is wrong with")
    path = tmp_path / "reports" / "history.sqlite"
    path.write_bytes(path.read_bytes()[:-4096])
    broken = perfkit("history")
    assert broken.code == 2
    assert f"run 'perfkit history --repair --store {path}'" in broken.err
    done = perfkit("history", "--repair")
    assert done.code == 0
    assert "saved 1 run, " in done.out
    assert "history.sqlite.damaged-1" in done.out
    assert "--add" not in done.out  # nothing is missing
    assert perfkit("history").code == 0


@pytest.mark.parametrize("named", [False, True])
def test_what_a_repair_could_not_save_is_told_with_the_way_back(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path, *, named: bool
) -> None:
    outcome: Any = load(recorded())
    run = stored_run(outcome.recording, outcome.result)
    path = tmp_path / "reports" / "history.sqlite"
    store_option = ["--store", "reports/history.sqlite"] if named else []
    way_back = "perfkit history --add RUN_DIR" + (f" --store {path}" if named else "")
    with Store(path, write=True) as store:
        store.append(replace(run, id="one\x1b[1m"))
        store.append(replace(run, id="two"))
        store.rows("UPDATE row SET verdict = x'00' WHERE run = 1")
        store.rows("UPDATE row SET verdict = x'00' WHERE run = 2 AND subject = 1")
    path.write_bytes(path.read_bytes()[:-4096])
    done = perfkit("history", "--repair", *store_option)
    assert done.code == 0
    saved, part, bare, _, way = done.out.splitlines()
    assert saved.startswith("saved 2 runs, 1 row into ")
    assert part == "  only a part of run two could be read"
    assert bare.startswith("  no row of run one")
    assert bare.endswith("[1m could be read: it was saved without")
    assert "\x1b" not in bare
    assert way.strip() == way_back


def test_a_repair_that_saves_no_row_is_no_success(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], tmp_path: Path
) -> None:
    perfkit("history", "--add", str(recorded()))
    path = tmp_path / "reports" / "history.sqlite"
    with Store(path, write=True) as store:
        store.rows("UPDATE row SET verdict = x'00'")
    path.write_bytes(path.read_bytes()[:-4096])
    done = perfkit("history", "--repair")
    assert (done.code, "no row of run a-run" in done.out) == (3, True)
    assert perfkit("history", "--add", "reports/a-run").code == 0  # as was said


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--add", "reports/a-run"], "--add"),
        (["sums"], "BENCHMARK"),
        (["--html", "page.html", "--json"], "--html, --json"),
        (["--limit", "200", "--value", "candidate"], "--limit, --value"),
    ],
)
def test_a_repair_does_nothing_else(
    perfkit: Callable[..., Any],
    recorded: Callable[..., Path],
    tmp_path: Path,
    options: list[str],
    named: str,
) -> None:
    perfkit("history", "--add", str(recorded()))
    path = tmp_path / "reports" / "history.sqlite"
    broken = path.read_bytes()[:-4096]
    path.write_bytes(broken)
    done = perfkit("history", "--repair", *options)
    assert (done.code, done.out) == (2, "")
    assert f"--repair and {named} cannot be given together" in done.err
    assert path.read_bytes() == broken
    assert perfkit("history", "--repair", "--no-color", "--store", str(path)).code == 0


def test_a_folder_and_an_empty_file_are_no_history(
    perfkit: Callable[..., Any], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    for options in ([], ["--repair"], ["--json"]):
        folder = perfkit("history", *options, "--store", str(tmp_path))
        assert (folder.code, "this is a folder, and a history is a file" in folder.err) == (2, True)
        nothing = perfkit("history", *options, "--store", "empty.sqlite")
        assert (nothing.code, "this file is empty" in nothing.err) == (2, True)
        assert empty.stat().st_size == 0
    assert [one.name for one in tmp_path.iterdir()] == ["empty.sqlite"]


def test_a_run_is_remembered_with_its_place_in_git(
    recorded: Callable[..., Path], tmp_path: Path
) -> None:
    folder = recorded()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "-q", "-b", "topic"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    outcome: Any = load(folder)
    remember(outcome, tmp_path / "h.sqlite")
    remember(outcome, tmp_path / "h.sqlite")
    with Store(tmp_path / "h.sqlite", write=False) as store:
        ((commit, branch),) = store.rows('SELECT "commit", branch FROM run').fetchall()
    assert len(commit) == 40
    assert branch == "topic"


@pytest.mark.parametrize(
    ("requirements", "revision", "measured"),
    [
        (("numpy==2", "git+{here}@{commit}"), "main (aaaaaaa)", True),
        (("git+{here}@{commit}#subdirectory=lib",), None, True),  # an older recording
        (("git+{here}@{commit}", "{folder}"), "working tree (bbbbbbb)", False),
        (("git+file:///elsewhere@{commit}",), None, False),  # needed, not under test
    ],
)
def test_a_revision_is_remembered_with_its_own_commit(
    recorded: Callable[..., Path],
    tmp_path: Path,
    requirements: tuple[str, ...],
    revision: str | None,
    *,
    measured: bool,
) -> None:
    """Not with that of the folder, which has another one checked out."""
    commit = "a" * 40
    words = {"here": tmp_path.as_uri(), "folder": str(tmp_path), "commit": commit}
    written = tuple(text.format(**words) for text in requirements)
    outcome = with_candidate(load(recorded()), requirements=written, revision=revision)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "-q", "-b", "topic"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    remember(outcome, tmp_path / "h.sqlite")
    with Store(tmp_path / "h.sqlite", write=False) as store:
        ((stored, branch),) = store.rows('SELECT "commit", branch FROM run').fetchall()
    assert (stored == commit, branch) == (measured, None if measured else "topic")
    kept = stored_run(outcome.recording, outcome.result)  # as --add has it
    assert (kept.commit, kept.branch) == (commit if measured else None, None)


@pytest.mark.parametrize("command", ["check", "compare"])
def test_a_resumed_run_takes_the_place_of_what_it_was(
    perfkit: Callable[..., Any],
    recorded: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """In the history that was named when it began; ``--resume`` takes no option."""
    path = tmp_path / "kept" / "h.sqlite"

    monkeypatch.setattr(f"perfkit.session.{command}.resume", finished_into(path))
    folder = recorded(command=command, status="interrupted", blocks=0)
    remember(load(folder), path)  # type: ignore[arg-type]
    (folder / "recording.jsonl").unlink()
    perfkit("compare", "--resume", str(recorded(command=command)))
    perfkit("check", "--resume", str(folder))
    with Store(path, write=False) as store:
        assert store.rows("SELECT command, state FROM run").fetchall() == [(command, "finished")]
        names = store.rows("SELECT count(*) FROM row JOIN run ON row.run = run.id").fetchall()
    assert names == [(2,)]


def test_a_history_that_breaks_meanwhile_changes_no_verdict(
    perfkit: Callable[..., Any],
    recorded: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a gate: it passes as it would have, and says how to add the run later."""
    path = tmp_path / "h.sqlite"
    path.write_bytes(b"\x00" * 5000)

    monkeypatch.setattr("perfkit.session.check.resume", finished_into(path))
    folder = recorded(command="check")
    done = perfkit("check", "--resume", str(folder))
    assert done.code == 0
    assert "perfkit: warning: the history is damaged" in done.err
    assert f"perfkit history --add {folder} --store {path}" in done.err


def test_what_is_kept_of_a_run(recorded: Callable[..., Path]) -> None:
    outcome: Any = load(recorded(status="interrupted"))
    kept = stored_run(outcome.recording, outcome.result)
    assert (kept.id, kept.command, kept.state) == ("a-run", "compare", "interrupted")
    assert (kept.baseline, kept.candidate) == ("Python 3.12.1", "Python 3.13.0")
    assert (kept.machine, kept.cpus) == ("an unknown machine", 2)
    row = next(one for one in kept.rows if one.metric is Metric.TIME)
    assert (row.benchmark, row.verdict, row.n) == ("sums", "slower", 12)
    assert row.low is not None
    assert row.low < 1.1 < (row.high or 0)


def test_what_is_kept_of_a_gate(recorded: Callable[..., Path]) -> None:
    outcome: Any = load(recorded())
    judged = judge_gate(outcome.recording, GATE)
    kept = stored_run(outcome.recording, judged)
    assert kept.outcome == str(judged.outcome) != ""
    assert {row.metric for row in judged.rows} == {Metric.TIME}
    assert {row.metric for row in kept.rows} == {Metric.TIME, Metric.PEAK_MEMORY}
    assert len(kept.rows) == 2
    row = next(one for one in kept.rows if one.metric is Metric.TIME)
    assert (row.benchmark, row.verdict) == ("sums", str(judged.rows[0].verdict))
    assert row.ratio == pytest.approx(1.1, rel=0.01)


@pytest.mark.parametrize(
    ("requirement", "label"),
    [
        ("/work/project", "project"),
        (f"git+file:///work/project@{'a' * 40}", "project"),
        ("/work/project/lib[fast]", "lib[fast]"),
        ("/work/My_Lib", "my-lib"),
        ("/work/two words", "two words"),
        ("lib @ http://[", "lib @ http://["),
        ("lib @ file:///work/project/lib", "lib"),
        (f"git+file:///work/project@{'b' * 40}#subdirectory=lib", "lib"),
        ("/work/dist/lib-1.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl"),
        ("pydantic==2.11.7", "pydantic==2.11.7"),
    ],
)
def test_revisions_of_a_project_are_one_setting(
    recorded: Callable[..., Path], requirement: str, label: str
) -> None:
    outcome: Any = load(recorded())
    one = replace(outcome.recording.run.candidate, requirements=(requirement,), side=Side.CANDIDATE)
    assert setting_of(one) == f"Python 3.13.0 with {label}"
    flagged = replace(one, environ=(("A", "1"),), flags=("-X", "gil=0"))
    assert setting_of(flagged) == f"Python 3.13.0 with {label}, A=1, -X gil=0"


@pytest.mark.parametrize(
    ("pyproject", "label"),
    [
        ('[project]\nname = "My.Core"\n', "my-core"),
        ('[project]\nname = "a, b"\n', "core"),
        ("[project]\nname = 3\n", "core"),
        ("project = 3\n", "core"),
        ("[project\n", "core"),
        ("a = " + "[" * 5000, "core"),
    ],
)
def test_a_project_goes_by_its_name(
    recorded: Callable[..., Path], tmp_path: Path, pyproject: str, label: str
) -> None:
    """In whatever folder it is checked out, and at whichever commit; else by its folder's."""
    outcome: Any = load(recorded())
    settings = set()
    for checkout in ("repository", "fix-branch"):
        folder = tmp_path / checkout / "packages" / "core"
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(pyproject)
        top = (tmp_path / checkout).as_uri()
        for requirement in (
            str(folder),
            f"core @ {folder.as_uri()}",
            f"git+{top}@{'a' * 40}#subdirectory=packages/core",
        ):
            one = with_candidate(outcome, requirements=(requirement,))
            settings.add(setting_of(one.recording.run.candidate))
    assert settings == {f"Python 3.13.0 with {label}"}
