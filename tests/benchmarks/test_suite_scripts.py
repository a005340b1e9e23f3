"""The default suite: every task of every script is run for real on 3.12 and on 3.13."""

from __future__ import annotations

import ast
import os
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pyperf
import pytest
import uv

from perfkit.provision.interpreters import find_interpreter, parse_spec
from perfkit.suite import default_suite, description, select

if TYPE_CHECKING:
    from perfkit.benchmark import Script

ROOT = Path(__file__).resolve().parents[2]
SELECTION = select([str(ROOT / "benchmarks")], cwd=ROOT)
VERSIONS = ("3.12", "3.13")
WANTED = {  # what the suite promises, each by one name
    "asyncio_tasks",
    "datetime_decimal_uuid",
    "jinja2_render",
    "json_dumps",
    "json_loads",
    "logging_requests",
    "pydantic_dump_json",
    "pydantic_import",
    "pydantic_nested",
    "pydantic_settings",
    "pydantic_union",
    "pydantic_validate_json",
    "pydantic_validate_python",
    "python_exceptions",
    "python_iteration",
    "python_objects",
    "python_startup",
    "regex_log",
    "sqlalchemy_core",
    "sqlalchemy_orm",
}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environ,
        timeout=120,
    )


def run_task(python: Path, script: Script, task: int, folder: Path) -> pyperf.Benchmark:
    """One worker: one loop, one value."""
    out = folder / f"{script.label}-{task}.json"
    work = folder / "empty"
    work.mkdir(exist_ok=True)  # a script that writes here is found out
    flags = (f"--worker-task={task}", "--loops=1", "--values=1", "--warmups=0", "-o", out)
    done = run(python, script.path, "--worker", *flags, cwd=work)
    assert done.returncode == 0, f"{script.label} task {task}: {done.stderr}"
    assert list(work.iterdir()) == [], f"{script.label} leaves files behind"
    return pyperf.Benchmark.load(str(out))


def tasks_of(script: Script) -> range:
    calls = (node for node in ast.walk(ast.parse(script.path.read_text())) if _is_bench(node))
    return range(sum(1 for _ in calls))


def _is_bench(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith("bench_")
    )


@pytest.fixture(scope="session", params=VERSIONS)
def measured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pyperf.Benchmark]:
    """Every task of the suite by name, run once in one environment that has all it needs."""
    folder = tmp_path_factory.mktemp(f"suite-{request.param}")
    spec = parse_spec(request.param)
    interpreter = find_interpreter(spec, download=False, cache=folder / "cache")
    tool, venv = uv.find_uv_bin(), folder / "venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = sorted({need for script in SELECTION.scripts for need in script.requirements})
    install = (tool, "pip", "install", "-q", "--compile-bytecode", "--python", python, *wanted)
    for command in ((tool, "venv", "-q", "--python", interpreter.executable, venv), install):
        done = run(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    tasks = [(script, task) for script in SELECTION.scripts for task in tasks_of(script)]
    with ThreadPoolExecutor(2) as pool:
        benchmarks = list(pool.map(lambda one: run_task(python, *one, folder), tasks))
    assert len({one.get_name() for one in benchmarks}) == len(benchmarks)
    return {one.get_name(): one for one in benchmarks}


def test_every_task_runs_and_has_the_promised_name(measured: dict[str, pyperf.Benchmark]) -> None:
    assert set(measured) == WANTED
    assert all(min(benchmark.get_values()) > 0 for benchmark in measured.values())


def test_every_task_says_in_one_line_what_it_stands_for(
    measured: dict[str, pyperf.Benchmark],
) -> None:
    metadata = [benchmark.get_metadata() for benchmark in measured.values()]
    said = [facts["description"] for facts in metadata if "description" in facts]
    for script in SELECTION.scripts:
        line = description(script.path)
        assert line, script.label
        if len(tasks_of(script)) == 1:
            said.append(line)
    assert len(said) == len(measured) == len(set(said))
    assert all(len(line) <= 100 for line in said)


def test_headers_are_sound_and_name_pyperf() -> None:
    assert SELECTION.problems == ()
    assert len(SELECTION.scripts) > 10
    for script in SELECTION.scripts:
        assert "pyperf" in script.requirements, script.label
        assert script.requires_python == ">=3.9"


@pytest.mark.parametrize("script", SELECTION.scripts, ids=lambda script: script.label)
def test_scripts_keep_to_the_grammar_of_python_3_9(script: Script) -> None:
    ast.parse(script.path.read_text(), feature_version=(3, 9))


def test_few_environments_serve_the_whole_suite() -> None:
    assert len({script.requirements for script in SELECTION.scripts}) <= 5


def test_the_suite_of_a_checkout_is_its_benchmarks_folder() -> None:
    assert default_suite() == ROOT / "benchmarks"


def test_the_wheel_carries_the_suite_inside_the_package(tmp_path: Path) -> None:
    done = run(
        uv.find_uv_bin(), "build", "-q", "--wheel", "--out-dir", tmp_path, ROOT, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"perfkit"}
    carried = {name.split("/")[-1] for name in names if name.startswith("perfkit/_benchmarks/bm_")}
    assert carried == {script.path.name for script in SELECTION.scripts}
