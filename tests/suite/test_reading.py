"""Benchmark folders: those of pyperformance itself, and made-up ones for the rare rules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyperformance
import pytest
from pyperformance import _benchmark

from perfkit.suite import select

if TYPE_CHECKING:
    from perfkit.benchmark import Script

PYPERFORMANCE = Path(pyperformance.__file__).parent / "data-files" / "benchmarks"
NAMED = ["json_dumps", "json_loads", "nbody", "regex_compile", "async_tree", "python_startup"]
NAMED += ["pickle", "logging", "mako"]


def scripts(*arguments: str, cwd: Path = PYPERFORMANCE) -> dict[str, Script]:
    selection = select(arguments, cwd=cwd)
    assert selection.problems == ()
    return {script.label: script for script in selection.scripts}


def make(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("name", NAMED)
def test_a_folder_gives_the_benchmark_first_then_its_variants(name: str) -> None:
    found = scripts(f"bm_{name}")
    variants = sorted((PYPERFORMANCE / f"bm_{name}").glob("bm_*.toml"))
    assert list(found) == [name, *(variant.stem[3:] for variant in variants)]
    assert {script.path for script in found.values()} == {
        (PYPERFORMANCE / f"bm_{name}" / "run_benchmark.py").resolve()
    }
    assert len({script.digest for script in found.values()}) == len(found)


def test_variants_have_their_own_arguments_and_inherit_the_rest() -> None:
    found = scripts("bm_async_tree")
    assert len(found) == 16
    assert found["async_tree"].arguments == ("none",)
    assert found["async_tree_cpu_io_mixed_tg"].arguments == ("cpu_io_mixed", "--task-groups")
    assert found["async_tree_cpu_io_mixed_tg"].requires_python == ">=3.11"
    assert found["async_tree_io"].requires_python == ">=3.8"
    assert found["async_tree_io"].requirements == ("pyperf",)
    assert scripts("bm_python_startup")["python_startup_no_site"].arguments == ("--no-site",)


def test_one_variant_can_be_named_and_so_can_the_script() -> None:
    assert list(scripts("bm_async_tree/bm_async_tree_io.toml")) == ["async_tree_io"]
    assert list(scripts("bm_async_tree/pyproject.toml")) == ["async_tree"]
    assert list(scripts("bm_async_tree/run_benchmark.py")) == ["async_tree"]
    assert len(scripts("bm_async_tree", "bm_async_tree/run_benchmark.py")) == 16


def test_pins_stand_for_all_requirements() -> None:
    mako = scripts("bm_mako")["mako"]
    assert mako.pins == ("mako==1.1.4", "markupsafe==2.0.1")
    assert mako.requirements == ()


def test_all_of_pyperformance_agrees_with_pyperformance() -> None:
    found = select([str(PYPERFORMANCE)], cwd=Path.cwd())
    assert found.problems == ()
    assert len(found.scripts) > 100
    for script in found.scripts:
        folder = script.path.parent
        metafile = folder / f"bm_{script.label}.toml"
        if not metafile.is_file():
            metafile = folder / "pyproject.toml"
        theirs = _benchmark.Benchmark(_benchmark.BenchmarkSpec(script.label, "1"), str(metafile))
        assert script.arguments == tuple(theirs.extra_opts), script.label
        assert script.requires_python in {str(theirs.python), None}
        assert str(script.path) == os.path.realpath(theirs.runscript)
        assert bool(script.pins) == Path(theirs.requirements_lockfile).is_file()


def test_a_base_one_folder_up_is_inherited(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "base.toml": '[project]\ndependencies = ["a"]\n[tool.pyperformance]\n'
            'extra_opts = ["--base"]\n',
            "bm_x/run_benchmark.py": "",
            "bm_x/other.py": "",
            "bm_x/pyproject.toml": '[tool.pyperformance]\ninherits = ".."\nname = "ex"\n',
            "bm_x/bm_y.toml": '[tool.pyperformance]\nrunscript = "other.py"\n',
        },
    )
    found = scripts("bm_x", cwd=tmp_path)
    assert list(found) == ["ex", "y"]
    for script, name in ((found["ex"], "run_benchmark.py"), (found["y"], "other.py")):
        assert script.arguments == ("--base",)
        assert script.requirements == ("a",)
        assert script.path.name == name


def test_inheriting_in_a_circle_is_a_problem(tmp_path: Path) -> None:
    inherits = '[tool.pyperformance]\ninherits = "{}"\n'
    make(
        tmp_path,
        {
            "bm_x/run_benchmark.py": "",
            "bm_x/pyproject.toml": inherits.format("bm_y.toml"),
            "bm_x/bm_y.toml": inherits.format("pyproject.toml"),
        },
    )
    selection = select(["bm_x"], cwd=tmp_path)
    assert selection.scripts == ()
    assert "circle" in str(selection.problems[0])


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("project = 3\n", 3),
        ('[tool.pyperformance]\nextra_opts = "x"\n', "x"),
        ('[tool.pyperformance]\nextra_opts = ["x", ""]\n', ""),
        ("[tool.pyperformance]\nname = 2\n", 2),
        ('[tool.pyperformance]\nrunscript = "none.py"\n', "none.py"),
        ('[tool.pyperformance]\ninherits = "none.toml"\n', "none.toml"),
        ('[project]\ndependencies = ["=="]\n', "=="),
    ],
)
def test_faulty_metafiles_are_problems(text: str, got: object, tmp_path: Path) -> None:
    make(tmp_path, {"bm_x/run_benchmark.py": "", "bm_x/pyproject.toml": text})
    make(tmp_path, {"bm_x/bm_y.toml": ""})
    selection = select(["bm_x"], cwd=tmp_path)
    assert selection.scripts == ()
    (problem,) = selection.problems  # told once, although the variant inherits it
    assert problem.got == got or str(problem.got).endswith(str(got))


def test_a_folder_without_metafile_uses_the_header_of_its_script(tmp_path: Path) -> None:
    header = '# /// script\n# dependencies = ["a"]\n# ///\n'
    make(tmp_path, {"bm_x/run_benchmark.py": header, "bm_x/bm_x_fast.toml": ""})
    found = scripts("bm_x", cwd=tmp_path)
    assert found["x"].requirements == ("a",)
    assert found["x_fast"].path == found["x"].path


def test_the_digest_follows_content_and_nothing_else(tmp_path: Path) -> None:
    files = {"bm_x/run_benchmark.py": "1", "bm_x/pyproject.toml": "", "bm_x/data/a": "a"}
    one, two = make(tmp_path / "one", files), make(tmp_path / "two", files)

    def digest(folder: Path) -> str:
        return scripts("bm_x", cwd=folder)["x"].digest

    assert digest(one) == digest(two)
    make(two, {"bm_x/__pycache__/x.pyc": "x", "bm_x/.cache/x": "x"})
    assert digest(one) == digest(two)
    seen = {digest(two)}
    for changed in (
        {"bm_x/run_benchmark.py": "2"},
        {"bm_x/data/a": "b"},
        {"bm_x/data/new": ""},
        {"bm_x/pyproject.toml": '[tool.pyperformance]\nextra_opts = ["y"]\n'},
    ):
        make(two, changed)
        assert digest(two) not in seen
        seen.add(digest(two))


def test_the_digest_of_a_lone_script_follows_the_modules_beside_it(tmp_path: Path) -> None:
    make(tmp_path, {"bm_x.py": "import helper", "helper.py": "1", "bm_other.py": ""})

    def digest() -> str:
        return scripts("bm_x.py", cwd=tmp_path)["bm_x"].digest

    before = digest()
    make(tmp_path, {"bm_other.py": "2", "notes.txt": "", "deep/er.py": ""})
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    assert digest() == before
    make(tmp_path, {"helper.py": "2"})
    assert digest() != before
    make(tmp_path, {"helper.py": "1"})
    assert digest() == before
    make(tmp_path, {"new.py": ""})
    assert digest() != before


def test_a_big_file_is_known_by_its_content_alone(tmp_path: Path) -> None:
    make(tmp_path, {"bm_x/run_benchmark.py": "", "bm_x/data": "a" * (1 << 21)})
    before = scripts("bm_x", cwd=tmp_path)["x"].digest
    os.utime(tmp_path / "bm_x/data", ns=(1, 1))  # another checkout of the same commit
    assert scripts("bm_x", cwd=tmp_path)["x"].digest == before
    make(tmp_path, {"bm_x/data": "a" * ((1 << 21) - 1) + "b"})
    assert scripts("bm_x", cwd=tmp_path)["x"].digest != before
