"""What BENCHMARK arguments mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.errors import NothingFoundError
from perfkit.suite import default_suite, description, select


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""{name}."""\n')


def labels(arguments: list[str], cwd: Path) -> list[str]:
    selection = select(arguments, cwd=cwd)
    assert selection.problems == ()
    return [script.label for script in selection.scripts]


def test_a_folder_is_searched_for_two_forms_only(tmp_path: Path) -> None:
    touch(tmp_path, "bm_b.py", "bm_a/run_benchmark.py", "bm_a/bm_helper.py", "helper.py")
    touch(tmp_path, "deeper/bm_c.py", "bm_empty/other.py", "other/run_benchmark.py", "bm_x.txt")
    assert labels(["."], tmp_path) == ["a", "bm_b"]
    assert labels([str(tmp_path)], Path("/")) == ["a", "bm_b"]


def test_a_benchmark_folder_is_one_benchmark(tmp_path: Path) -> None:
    touch(tmp_path, "bm_a/run_benchmark.py", "bm_a/bm_helper.py")
    assert labels(["bm_a"], tmp_path) == labels(["bm_a/run_benchmark.py"], tmp_path) == ["a"]


def test_any_script_is_taken_as_it_is(tmp_path: Path) -> None:
    touch(tmp_path, "speed.py", "other/run_benchmark.py")
    assert labels(["speed.py", "other/run_benchmark.py"], tmp_path) == ["speed", "run_benchmark"]


def test_each_script_comes_once_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    touch(tmp_path, "bm_a.py", "bm_b.py")
    (tmp_path / "link.py").symlink_to("bm_a.py")
    assert labels(["bm_b.py", ".", str(tmp_path / "bm_b.py"), "link.py"], tmp_path) == [
        "bm_b",
        "bm_a",
    ]


@pytest.mark.parametrize("pattern", ["json_*", "json_dumps", "?x", "bm_json::loads", "a/b::c"])
def test_what_is_no_path_but_may_be_a_name_is_a_pattern(pattern: str, tmp_path: Path) -> None:
    touch(tmp_path, "benchmarks/bm_mine.py")
    selection = select([pattern], cwd=tmp_path)
    assert selection.patterns == (pattern,)
    assert selection.problems == ()
    assert [script.label for script in selection.scripts] == ["bm_mine"]


def test_names_choose_among_the_scripts_that_paths_give(tmp_path: Path) -> None:
    touch(tmp_path, "benchmarks/bm_mine.py", "bm_given.py")
    selection = select(["bm_given.py", "json_*"], cwd=tmp_path)
    assert [script.label for script in selection.scripts] == ["bm_given"]
    assert selection.patterns == ("json_*",)


def test_without_arguments_the_own_benchmarks_win_over_the_default_suite(tmp_path: Path) -> None:
    default = labels([str(default_suite())], tmp_path)
    assert labels([], tmp_path) == default
    (tmp_path / "benchmarks").mkdir()
    assert labels([], tmp_path) == default
    touch(tmp_path, "benchmarks/bm_mine.py")
    assert labels([], tmp_path) == ["bm_mine"]


def test_the_problems_of_all_arguments_come_together(tmp_path: Path) -> None:
    touch(tmp_path, "data.csv", "bm_good.py")
    (tmp_path / "bm_bad.py").write_text(
        '# /// script\n# requires-python = "new"\n# dependencies = ["?", "ok"]\n# ///\n'
    )
    wrong = ["none.py", "none/", "", "data.csv", "bm_bad.py", "x\0y/z", f"{'x' * 300}.py"]
    selection = select([*wrong, "bm_good.py", "data.csv"], cwd=tmp_path)
    assert [script.label for script in selection.scripts] == ["bm_good"]
    got = [problem.got for problem in selection.problems]
    assert got == ["none.py", "none/", "", str(tmp_path / "data.csv"), "?", "new", *wrong[-2:]]
    assert all(problem.allowed for problem in selection.problems)


def test_a_folder_without_benchmarks_is_told_from_a_wrong_path(tmp_path: Path) -> None:
    selection = select(["."], cwd=tmp_path)
    assert selection.scripts == ()
    assert [type(problem) for problem in selection.problems] == [NothingFoundError]


def test_namesakes_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a/bm_x.py", "b/bm_x.py", "b/bm_y.py", "c/a/bm_x.py")
    assert labels(["a", "b", "c/a"], tmp_path) == [
        f"{tmp_path.name}/a/bm_x",
        "b/bm_x",
        "bm_y",
        "c/a/bm_x",
    ]


def test_variants_of_one_name_are_told_apart_by_number(tmp_path: Path) -> None:
    touch(tmp_path, "bm_x/run_benchmark.py")
    for name in ("pyproject", "bm_x_two", "bm_x_three"):
        (tmp_path / f"bm_x/{name}.toml").write_text('[tool.pyperformance]\nname = "x"\n')
    found = labels(["."], tmp_path)
    assert len(set(found)) == len(found) == 3
    assert all(label.endswith("/x") or "/x-" in label for label in found)


def test_description_is_the_first_line_of_the_docstring(tmp_path: Path) -> None:
    path = tmp_path / "bm_x.py"
    for source, expected in {
        '"""One line.\n\nMore."""\n': "One line.",
        "'''\nLate start.\n'''": "Late start.",
        "x = 1\n": "",
        "def (": "",
        '"""Warns \\d."""\nraise SystemExit': "Warns \\d.",
        "\0": "",
        "# -*- coding: no-such-coding -*-\n": "",
        "(" * 5000: "",
    }.items():
        path.write_text(source)
        assert description(path) == expected
    assert description(tmp_path / "none.py") == ""
