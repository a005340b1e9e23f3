"""The rules of the house that no other tool holds."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import perfkit
from perfkit.provision.interpreters import find_interpreter, parse_spec

ROOT = Path(perfkit.__file__).parent
TARGET = ROOT / "measure" / "target"
ENGINE = ROOT / "loadtest" / "engine"
MODULES = sorted(path for path in ROOT.rglob("*.py") if "_benchmarks" not in path.parts)
RUN_ELSEWHERE = {*TARGET.glob("*.py"), *ENGINE.glob("*.py"), ROOT / "machine" / "_sweeper.py"}
HEAVY = {"numpy", "scipy", "pandas", "matplotlib", "pydantic", "rich"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Top-level names of whatever a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("" if node.level else (node.module or "").partition(".")[0])
    return names


def test_contracts_of_the_import_linter() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--no-cache"], cwd=ROOT.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_only_the_engine_imports_locust() -> None:
    """It replaces parts of the standard library in whichever process imports it."""
    others = [path for path in MODULES if path not in set(ENGINE.glob("*.py"))]
    foreign = {"locust", "gevent", "geventhttpclient"}
    assert [name_of(path) for path in others if imported(path) & foreign] == []
    assert not (ENGINE / "__init__.py").exists()  # a folder that is run, not a package
    assert all(
        path.stem == "__main__" or path.stem.startswith("_perfkit_") for path in ENGINE.glob("*.py")
    )


def test_the_target_folder_stands_alone() -> None:
    """It runs inside the Python under test, of any version: no perfkit, no package but pyperf."""
    own = {path.stem for path in TARGET.glob("*.py")}
    assert {"__main__", "_perfkit_worker"} <= own
    names = {name for path in TARGET.glob("*.py") for name in imported(path)}
    others = sorted(names - own - {"pyperf"})
    assert set(others) <= sys.stdlib_module_names
    python = find_interpreter(parse_spec("3.9"), download=False).executable
    code = "import sys, importlib.util as u\nfor x in sys.argv[1:]: assert u.find_spec(x), x"
    subprocess.run([python, "-I", "-c", code, *others], check=True)


def test_the_target_folder_has_the_syntax_of_the_oldest_python() -> None:
    python = find_interpreter(parse_spec("3.9"), download=False).executable
    code = "import sys\nfor path in sys.argv[1:]: compile(open(path, 'rb').read(), path, 'exec')"
    files = [str(path) for path in TARGET.glob("*.py")]
    subprocess.run([python, "-W", "error", "-c", code, *files], check=True)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    if path.is_relative_to(ROOT / "cli") or path in RUN_ELSEWHERE:
        return
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"print", "exit", "quit", "sys.exit", "os._exit", "input"}:
                found.append(f"{called} at line {node.lineno}")
        elif isinstance(node, ast.Name) and node.id == "SystemExit":
            found.append(f"SystemExit at line {node.lineno}")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"sys.stdout", "sys.stderr"}:
            found.append(f"{ast.unparse(node)} at line {node.lineno}")
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(
    "code",
    [
        "import perfkit",
        "import perfkit; perfkit.PerfkitError, perfkit.Verdict, perfkit.Caveat, dir(perfkit)",
        """
import sys, runpy
sys.argv = ['perfkit', '--help']
try: runpy.run_module('perfkit', run_name='__main__')
except SystemExit as leaving: assert not leaving.code
""",
    ],
    ids=["import", "names", "--help"],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    code += "\nimport sys\nprint('MODULES', *{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    word, *modules = done.stdout.splitlines()[-1].split()
    assert word == "MODULES"
    assert "perfkit" in modules
    assert HEAVY.isdisjoint(modules)


def test_public_names() -> None:
    assert perfkit.__all__ == sorted(perfkit.__all__)
    assert {"compare", "load", "aa"} <= set(perfkit.__all__)
    for name in perfkit.__all__:
        assert getattr(perfkit, name).__doc__
    assert set(perfkit.__all__) <= set(dir(perfkit))
    with pytest.raises(AttributeError, match="no_such_name"):
        perfkit.no_such_name  # noqa: B018 - looking is the point
