"""What the documents show is run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import perfkit
from perfkit.cli import main
from perfkit.suite import select

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
    (api,) = [block for block in blocks("python") if "import perfkit" in block]
    namespace: dict[str, object] = {}
    exec(api, namespace)  # noqa: S102 - that is what the document shows
    assert len(namespace["frame"]) >= 15  # type: ignore[arg-type]


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
    (configuration,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(configuration, encoding="utf-8")
    (tmp_path / "bm_x.py").write_text("import pyperf\n", encoding="utf-8")
    from perfkit.plan import make_plan

    plan = make_plan(
        {"benchmarks": ("bm_x.py",), "candidate": "3.12"}, command="compare", cwd=tmp_path
    )
    assert (plan.goal.margin, plan.goal.budget) == (0.03, 30.0)
    assert plan.baseline.interpreter.version.startswith("3.12.")


def test_readme_commands_exist() -> None:
    """Every perfkit command of README names a command and options that there are."""
    lines = re.findall(
        r"^\$? ?(?:.*&& )?python -m perfkit (.+)$", "\n".join(blocks("console")), re.MULTILINE
    )
    assert len(lines) > 8
    known = {}
    for line in lines:
        words = line.partition("#")[0].split()
        if words[0] not in known:
            done = subprocess.run(
                [sys.executable, "-m", "perfkit", words[0], "--help"],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
            known[words[0]] = done.stdout
        for option in re.findall(r"(--[a-z-]+)", line.partition("#")[0]):
            assert option in known[words[0]], line


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
    assert command == "python -m pip install -e '.[test]' && python -m pytest"
    assert "test-command" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_exit_codes_are_documented_alike(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"], stdout=sys.stdout, stderr=sys.stderr)
    said = capsys.readouterr().out
    for code in (0, 1, 2, 3, 4, 130):
        assert re.search(rf"^ +{code} ", said, re.MULTILINE)
        assert re.search(rf"^\| {code} \|", README, re.MULTILINE)
