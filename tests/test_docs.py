"""What the documents show is run."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import yaml

import perfkit
from perfkit.cli import main
from perfkit.cli.app import cli
from perfkit.cli.exit_codes import CHECK_MEANINGS, LOAD_MEANINGS, MEANINGS, ExitCode
from perfkit.profile.parse import parse_profile
from perfkit.suite import select

if TYPE_CHECKING:
    from perfkit.plan.load_value import LoadPlan

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(perfkit.__path__, "perfkit.")
    if "_benchmarks" not in module.name and not module.name.endswith("__main__")
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_readme_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = [block for block in blocks("python") if "import perfkit" in block]
    namespaces: list[dict[str, object]] = [{} for _ in shown]
    for block, namespace in zip(shown, namespaces, strict=True):
        exec(block, namespace)  # noqa: S102 - that is what the document shows
    assert len(namespaces[0]["frame"]) >= 15  # type: ignore[arg-type]


def test_readme_benchmark(tmp_path: Path) -> None:
    (script,) = [block for block in blocks("python") if "# /// script" in block]
    path = tmp_path / "bm_order.py"
    path.write_text(script, encoding="utf-8")
    selection = select([str(path)], cwd=tmp_path)
    assert not selection.problems
    assert selection.scripts[0].requirements == ("pydantic>=2",)
    worker = ["--worker", "--loops=1", "--values=1", "--warmups=0"]
    done = subprocess.run(
        [sys.executable, path, *worker], capture_output=True, text=True, check=True, timeout=60
    )
    assert "read_order" in done.stdout


def test_readme_configuration_is_understood(tmp_path: Path) -> None:
    configuration, _ = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(configuration, encoding="utf-8")
    (tmp_path / "bm_x.py").write_text("import pyperf\n", encoding="utf-8")
    from perfkit.plan import make_plan

    plan = make_plan(
        {"benchmarks": ("bm_x.py",), "candidate": "3.12"}, command="compare", cwd=tmp_path
    )
    assert (plan.goal.margin, plan.goal.budget) == (0.03, 30.0)
    assert plan.baseline.interpreter.version.startswith("3.12.")


def test_readme_policy_is_understood(tmp_path: Path) -> None:
    """The gate's policy in README is the default, but for what only an example can show."""
    _, policy = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(policy, encoding="utf-8")
    (tmp_path / "bm_x.py").write_text("import pyperf\n", encoding="utf-8")
    from perfkit.plan import GATE
    from perfkit.plan.check import make_check_plan

    said = {"benchmarks": ("bm_x.py",), "baseline": "3.12", "candidate": "3.12"}
    gate = make_check_plan(said, cwd=tmp_path).gate
    assert gate is not None
    assert (gate.margins, gate.required, gate.budget) == ((("json_*", 0.05),), ("json_*",), 300)
    shown = {"margins": GATE.margins, "required": GATE.required, "budget": GATE.budget}
    assert dataclasses.replace(gate, **shown) == GATE  # type: ignore[arg-type]


def test_readme_workflow_is_what_init_writes(tmp_path: Path) -> None:
    """Triggers, permissions and what is run; what is installed depends on where perfkit is from."""
    workflow = yaml.safe_load(blocks("yaml")[0])
    from perfkit.session.init import prepare

    steps = prepare(tmp_path, force=False, requirement="perfkit").steps
    (text,) = [one.content for one in steps if one.path.name == "performance.yml"]
    written = yaml.safe_load(text)
    assert workflow[True] == written[True] == {"pull_request": None}
    assert workflow["permissions"] == written["permissions"] == {"contents": "read"}
    runs = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert runs[-1] in [step.get("run") for step in written["jobs"]["check"]["steps"]]
    used = [step["uses"] for step in workflow["jobs"]["check"]["steps"] if "uses" in step]
    assert used == [s["uses"] for s in written["jobs"]["check"]["steps"] if "uses" in s]


def commands() -> list[list[str]]:
    """Arguments of every `python -m perfkit` in README, as a shell would pass them."""
    lines = "\n".join(blocks("console")).replace("\\\n", " ").splitlines()
    found = [re.match(r"\$? ?(?:.*&& )?python -m perfkit ([^>]+)", line) for line in lines]
    return [shlex.split(match[1], comments=True) for match in found if match]


def of_load() -> list[list[str]]:
    """Those that send load, by a profile or in a search."""
    other = {"calibrate", "profiles", "worker"}
    return [argv for argv in commands() if argv[0] == "load" and argv[1] not in other]


@pytest.mark.parametrize("argv", commands(), ids=" ".join)
def test_readme_commands_exist(argv: list[str]) -> None:
    """Every perfkit command of README is one, with options that there are."""
    context = cli.make_context("perfkit", argv.copy())
    command: click.Command = cli
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)  # type: ignore[assignment]
        context = command.make_context(name, rest, parent=context)
    assert context.parent is not None


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LoadPlan]:
    """What load sessions were asked to carry out; the files that README speaks of are there."""
    found: list[LoadPlan] = []

    def run(plan: LoadPlan, **_: object) -> None:
        found.append(plan)
        raise KeyboardInterrupt

    monkeypatch.setattr("perfkit.session.load.run.run", run)
    monkeypatch.chdir(tmp_path)
    _, profile = blocks("yaml")
    (tmp_path / "my.yaml").write_text(profile, encoding="utf-8")
    (tmp_path / "k6-options.json").write_text('{"vus": 5, "duration": "1m"}')
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "main.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    return found


@pytest.mark.parametrize("argv", of_load(), ids=" ".join)
def test_readme_load_commands_can_be_planned(
    argv: list[str], plans: list[LoadPlan], capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to where load would be sent: profile, service and options fit each other."""
    here = [str(os.getpid()) if word == "4242" else word for word in argv]
    assert main([*here, "--quiet"]) == ExitCode.INTERRUPTED, capsys.readouterr().err
    (plan,) = plans
    compared = "--baseline" in argv
    mode = "breakpoint" if "breakpoint" in argv else "compare" if compared else "single"
    assert plan.mode == mode
    assert (plan.candidate is not None) == compared


def test_there_are_load_commands() -> None:
    assert len(of_load()) >= 6


def test_readme_profile_is_understood() -> None:
    _, text = blocks("yaml")
    profile = parse_profile(text, Path("my.yaml"))
    assert profile.model == "closed"
    assert [stage.seconds for stage in profile.stages] == [300, 1800, 300]
    assert profile.notes == ()
    for one in (*profile.thresholds, *profile.aborts):
        assert f'"{one.text}"' in text
    assert len(profile.thresholds) == 5


def test_readme_says_what_exit_codes_mean() -> None:
    """Word for word what ``--help`` says."""
    for heading, meanings in (
        ("exit code", MEANINGS),
        ("exit code of `check`", CHECK_MEANINGS),
        ("exit code of `load`", LOAD_MEANINGS),
    ):
        (rows,) = re.findall(
            rf"^\| {heading} \| \|\n\|---\|---\|\n((?:\|.*\n)+)", README, flags=re.MULTILINE
        )
        said = dict(re.findall(r"^\| (\d+) \| (.*) \|$", rows, flags=re.MULTILINE))
        told = {str(int(code)): meaning for code, meaning in meanings.items()}
        assert {code: text.replace("`", "") for code, text in said.items()} == told


def test_readme_shows_the_example_run() -> None:
    """The one real output in README is what `perfkit show reports/example` says."""
    from perfkit.report.text import as_text
    from perfkit.session.show import load

    outcome = load(ROOT / "reports" / "example")
    (shown,) = [
        block for block in blocks("console") if block.startswith("$ python -m perfkit compare")
    ]
    said = as_text(outcome.view, width=100, color=False)  # type: ignore[union-attr]
    table = said[: said.index("Altogether")]
    assert "\n".join(line.rstrip() for line in table.strip().splitlines()) in shown


def test_ci_runs_readmes_command() -> None:
    (command,) = re.findall(r"<!-- test-command -->\n```console\n(.*?)\n```", README)
    install, *tests = command.split(" && ")
    assert install == "python -m pip install -e '.[test]'"
    # Every test is in exactly one of the two: those that may have company, and those that may not.
    assert [one.split(" -m ")[-1] for one in tests] == ["'not alone'", "alone"]
    assert "test-command" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_exit_codes_are_documented_alike(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"], stdout=sys.stdout, stderr=sys.stderr)
    said = capsys.readouterr().out
    for code in (0, 1, 2, 3, 4, 130):
        assert re.search(rf"^ +{code} ", said, re.MULTILINE)
        assert re.search(rf"^\| {code} \|", README, re.MULTILINE)
