"""Which scripts two trees share; no git is needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import NothingFoundError
from perfkit.suite import Pairing, default_suite, pair_scripts, select_local

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., Pairing]:
    """Pair what two trees, given as ``{place: text}``, hold."""

    def make(
        ours: dict[str, str], theirs: dict[str, str], *arguments: str, cwd: str = "."
    ) -> Pairing:
        for top, files in (("candidate", ours), ("baseline", theirs)):
            (tmp_path / top / cwd).mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                path = tmp_path / top / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if text.startswith("-> "):
                    path.symlink_to(text.removeprefix("-> "))
                else:
                    path.write_text(text, encoding="utf-8")
        return pair_scripts(
            arguments,
            cwd=tmp_path / "candidate" / cwd,
            tree=tmp_path / "candidate",
            baseline=tmp_path / "baseline",
        )

    return make


def labels(pairing: Pairing) -> dict[str, list[str]]:
    """Labels by what became of them; empty kinds left out."""
    kinds = {
        "same": [script.label for script in pairing.scripts],
        **{
            how: [one.label for one in pairing.apart if one.how == how]
            for how in ("new", "changed", "missing")
        },
    }
    return {kind: found for kind, found in kinds.items() if found}


def reasons(pairing: Pairing, how: str) -> list[str]:
    found = [one.reason for one in pairing.apart if one.how == how]
    return [reason.removesuffix("; all its benchmarks are unguarded") for reason in found]


B = "benchmarks/"


def test_each_script_is_the_same_changed_new_or_missing(pair: Callable[..., Pairing]) -> None:
    ours = {B + "bm_same.py": "1", B + "bm_changed.py": "1", B + "bm_new.py": "1"}
    theirs = {B + "bm_same.py": "1", B + "bm_changed.py": "2", B + "bm_missing.py": "1"}
    pairing = pair(ours, theirs)
    assert labels(pairing) == {
        "same": ["bm_same"],
        "new": ["bm_new"],
        "changed": ["bm_changed"],
        "missing": ["bm_missing"],
    }
    assert pairing.problems == ()
    assert pairing.scripts[0].path.parts[-3:] == ("candidate", "benchmarks", "bm_same.py")
    assert reasons(pairing, "changed") == ["its source differs: bm_changed.py"]
    assert reasons(pairing, "new") == ["the baseline has no benchmarks/bm_new.py"]
    assert reasons(pairing, "missing") == ["the candidate has no benchmarks/bm_missing.py"]


CODE = """# /// script
# dependencies = ["a"]
# ///
# About it.
x = f(1, 2)
"""


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda text: text + "\n\n# More about it.\n", False),
        (lambda text: text.replace("f(1, 2)", "f(\n    1,\n    2,\n)"), False),
        (lambda text: text.replace("# About it.", ""), False),
        (lambda text: text.replace("f(1, 2)", "f(1, 3)"), True),
        (lambda text: text.replace('["a"]', '["a>1"]'), True),
        (lambda text: text.replace("# ///\n", ""), True),
        (lambda text: '"""Says what it does."""\n' + text, True),
        (lambda text: text + "def broken(:\n", True),
    ],
)
def test_comments_and_formatting_do_not_count(
    pair: Callable[..., Pairing], change: Callable[[str], str], *, counts: bool
) -> None:
    """Neither in the script nor in a module beside it; what is installed does."""
    before = {B + "bm_x.py": CODE, B + "helper.py": CODE}
    for name in before:
        after = {**before, name: change(CODE)}
        assert labels(pair(after, before)) == {"changed" if counts else "same": ["bm_x"]}


def test_of_two_files_that_differ_in_a_comment_and_in_code_one_is_named(
    pair: Callable[..., Pairing],
) -> None:
    theirs = {B + "bm_x.py": CODE, B + "helper.py": CODE}
    pairing = pair({B + "bm_x.py": CODE + "# more", B + "helper.py": CODE + "y = 1"}, theirs)
    assert reasons(pairing, "changed") == ["its source differs: helper.py"]


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("r.bench_func('a', f, 1); r.timeit(name='b')", "r.bench_func('a', f)\nr.timeit('b')", ""),
        ("r.bench_func('c', f)", "r.bench_func('a', f)", "; gone: a; new: c"),
        ("r.bench_func('a', f)\nr.bench_command('c', [])", "r.bench_func('a', g)", "; new: c"),
        ("r.bench_func(name, f)\nr.bench_func('a', f)", "r.bench_func('a', f)", None),
        ("1", "2", None),
    ],
)
def test_benchmarks_lost_to_an_edit_are_named_where_they_are_written_down(
    pair: Callable[..., Pairing], ours: str, theirs: str, told: str | None
) -> None:
    (one,) = pair({B + "bm_x.py": ours}, {B + "bm_x.py": theirs}).apart
    _, _, lost = one.reason.partition("bm_x.py; ")
    if told is None:
        assert lost.startswith("all its benchmarks are unguarded")
        assert (", a among them" in lost) is ("'a'" in ours)
    else:
        common = {"": "unguarded: a, b", "; new: c": "unguarded: a"}
        assert lost == common.get(told, "all its benchmarks are unguarded") + told


def test_helpers_beside_a_script_count(pair: Callable[..., Pairing]) -> None:
    same = {B + "bm_x.py": "1", B + "helper.py": "1", B + "bm_other.py": "1"}
    assert labels(pair(same, same)) == {"same": ["bm_other", "bm_x"]}
    pairing = pair({B + "conftest.py": "", B + "helper.py": "2"}, {B + "old.py": ""})
    assert labels(pairing) == {"changed": ["bm_other", "bm_x"]}
    words = "its source differs: conftest.py (new), helper.py, old.py (gone)"
    assert reasons(pairing, "changed") == [words, words]


def test_packages_beside_a_script_count(pair: Callable[..., Pairing]) -> None:
    inside = {"__init__.py": "1", "deep/er.py": "1", "data.txt": "1", "__pycache__/x.py": "1"}
    inside |= {".cache/x.py": "1", "venv/pyvenv.cfg": "", "venv/x.py": "1"}
    same = {B + "bm_x.py": "from helpers import x", B + "bm_y.py": "1"}
    same |= {B + "helpers/" + name: text for name, text in inside.items()}
    same |= {B + "others/__init__.py": "1"}
    assert labels(pair(same, same)) == {"same": ["bm_x", "bm_y"]}
    unseen = ("data.txt", "__pycache__/x.py", ".cache/x.py", "venv/x.py", "../others/__init__.py")
    for name in (*unseen, "deep/er.py", "__init__.py"):
        pairing = pair({**same, B + "helpers/" + name: "2"}, {})
        if name in unseen:
            assert labels(pairing) == {"same": ["bm_x", "bm_y"]}, name
        else:
            assert labels(pairing) == {"same": ["bm_y"], "changed": ["bm_x"]}
            assert reasons(pairing, "changed") == [f"its source differs: helpers/{name}"]


def test_a_package_that_a_helper_imports_counts(pair: Callable[..., Pairing]) -> None:
    """Of the baseline's side alone as well."""
    same = {B + "bm_x.py": "import a", B + "a/__init__.py": "import b", B + "b/__init__.py": "1"}
    pairing = pair(same, {**same, B + "b/__init__.py": "2", B + "b/old.py": ""})
    words = "its source differs: b/__init__.py, b/old.py (gone)"
    assert reasons(pairing, "changed") == [words]


def test_all_files_of_a_folder_count_wherever_they_lie(
    pair: Callable[..., Pairing], tmp_path: Path
) -> None:
    meta = '[tool.pyperformance]\nextra_opts = ["{}"]\n'
    same = {
        B + "bm_x/run_benchmark.py": "",
        B + "bm_x/pyproject.toml": meta.format("1"),
        B + "bm_x/bm_y.toml": meta.format("2"),
        B + "bm_x/data/big": "a" * (1 << 21),
    }
    pair(same, same)
    os.utime(tmp_path / "baseline" / B / "bm_x/data/big", ns=(1, 1))  # checked out later
    assert labels(pair({}, {})) == {"same": ["x", "y"]}
    pairing = pair({B + "bm_x/data/big": "a" * ((1 << 21) - 1) + "b"}, {})
    assert labels(pairing) == {"changed": ["x", "y"]}
    assert reasons(pairing, "changed")[0] == "its source differs: data/big"
    more = {B + f"bm_x/data/{n}": "" for n in range(5)}
    assert reasons(pair(more, {}), "changed")[0].endswith(
        "data/0 (new), data/1 (new), data/2 (new), …"
    )


def test_what_a_folder_inherits_counts(pair: Callable[..., Pairing]) -> None:
    files = {
        B + "bm_x/run_benchmark.py": "",
        B + "bm_x/pyproject.toml": '[tool.pyperformance]\ninherits = ".."\n',
    }
    base = '[tool.pyperformance]\nextra_opts = ["{}"]\n'
    pairing = pair(
        {**files, B + "base.toml": base.format("1")}, {**files, B + "base.toml": base.format("2")}
    )
    assert reasons(pairing, "changed") == ["its source differs: the files it inherits from"]


def test_a_script_that_moved_is_new_and_missing_under_labels_of_their_own(
    pair: Callable[..., Pairing],
) -> None:
    pairing = pair(
        {"b/bm_x.py": "1", "a/bm_y.py": ""}, {"a/bm_x.py": "1", "a/bm_y.py": ""}, "a", "b"
    )
    assert labels(pairing) == {"same": ["bm_y"], "new": ["bm_x"], "missing": ["a/bm_x.py"]}


def test_a_baselines_script_that_cannot_be_read_is_changed(pair: Callable[..., Pairing]) -> None:
    header = "# /// script\n# dependencies = 3\n# ///\n"
    pairing = pair({B + "bm_x.py": ""}, {B + "bm_x.py": header})
    assert labels(pairing) == {"changed": ["bm_x"]}
    assert "cannot be read as a benchmark" in reasons(pairing, "changed")[0]
    assert pairing.problems == ()
    assert "dependencies" in str(pair({B + "bm_x.py": header}, {}).problems[0])


# ── arguments


def test_arguments_mean_the_same_places_in_both(
    pair: Callable[..., Pairing], tmp_path: Path
) -> None:
    files = {"a/bm_x.py": "", "a/bm_y.py": "", "b/bm_z.py": "", "c/speed.py": ""}
    pair(files, files)
    whole = str(tmp_path / "candidate" / "b")
    for arguments, cwd, found in (
        (("a/bm_x.py",), ".", ["bm_x"]),
        (("a",), ".", ["bm_x", "bm_y"]),
        (("../a", "../c/speed.py"), "b", ["bm_x", "bm_y", "speed"]),
        ((whole,), "c", ["bm_z"]),
        (("a/../b/bm_z.py",), ".", ["bm_z"]),
        ((".",), "a", ["bm_x", "bm_y"]),
    ):
        assert labels(pair({}, {}, *arguments, cwd=cwd)) == {"same": found}


def test_patterns_are_kept_and_search_the_local_folder(pair: Callable[..., Pairing]) -> None:
    pairing = pair({B + "bm_x.py": "1"}, {B + "bm_x.py": "2", B + "bm_y.py": ""}, "json_*")
    assert pairing.patterns == ("json_*",)
    assert labels(pairing) == {"changed": ["bm_x"], "missing": ["bm_y"]}


def test_a_path_that_only_the_baseline_has_is_missing(pair: Callable[..., Pairing]) -> None:
    """Nothing else is measured in its place."""
    ours = {B + "bm_other.py": ""}
    theirs = {**ours, "speed.py": "", "more/bm_x.py": ""}
    assert labels(pair(ours, theirs, "speed.py", "more")) == {"missing": ["speed", "bm_x"]}
    pairing = pair({}, {}, "speed.py", B + "bm_other.py", "x_*")
    assert labels(pairing) == {"same": ["bm_other"], "missing": ["speed"]}
    assert pairing.patterns == ("x_*",)


def test_a_path_that_neither_has_is_a_problem(pair: Callable[..., Pairing]) -> None:
    pairing = pair({B + "bm_x.py": ""}, {B + "bm_y.py": ""}, "no/such.py", "", "a\0b.py")
    assert labels(pairing) == {}
    assert len(pairing.problems) == 3


def test_a_local_folder_that_is_gone_is_missing_and_nothing_stands_in(
    pair: Callable[..., Pairing], tmp_path: Path
) -> None:
    assert labels(pair({}, {B + "bm_x.py": ""})) == {"missing": ["bm_x"]}
    (tmp_path / "candidate" / B).mkdir()
    assert labels(pair({}, {})) == {"missing": ["bm_x"]}
    pairing = pair({}, {}, B)
    assert labels(pairing) == {"missing": ["bm_x"]}
    assert pairing.problems == ()


def test_a_folder_that_is_empty_in_both_is_a_problem(
    pair: Callable[..., Pairing], tmp_path: Path
) -> None:
    (tmp_path / "candidate/empty").mkdir(parents=True)
    (tmp_path / "baseline/empty").mkdir(parents=True)
    pairing = pair({}, {}, "empty")
    assert "holds no benchmark" in str(pairing.problems[0])
    assert labels(pairing) == {}


def test_all_local_benchmarks_may_be_new(pair: Callable[..., Pairing]) -> None:
    assert labels(pair({B + "bm_x.py": ""}, {})) == {"new": ["bm_x"]}
    assert labels(pair({"speed.py": ""}, {B + "bm_x.py": ""}, "speed.py")) == {"new": ["speed"]}


# ── outside


def test_perfkits_own_suite_never_stands_in_for_a_projects_own(
    pair: Callable[..., Pairing],
) -> None:
    """Whoever asks for it by its path gets it: it has no counterpart in the baseline."""
    for arguments in ((), ("json_*",)):
        pairing = pair({"pyproject.toml": ""}, {"pyproject.toml": ""}, *arguments, cwd="src")
        assert labels(pairing) == {}
        (problem,) = pairing.problems
        assert isinstance(problem, NothingFoundError)
        assert str(problem.allowed).count("benchmarks") == 2  # of src/, and of the project
        assert "perfkit init" in problem.remedy
    pairing = pair({}, {}, str(default_suite()), "json_*")
    assert {script.path.parent for script in pairing.scripts} >= {default_suite()}
    assert set(labels(pairing)) == {"same"}


def test_the_projects_benchmarks_are_found_from_a_folder_below(
    pair: Callable[..., Pairing], tmp_path: Path
) -> None:
    """The folder of the start comes first; what is above the project or the tree never."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / B).mkdir()
    (tmp_path / B / "bm_above.py").touch()
    files = {"pyproject.toml": "", B + "bm_x.py": "1", "json/notes": "", "own/setup.py": ""}
    pairing = pair({**files, B + "bm_new.py": ""}, {**files, B + "bm_y.py": ""}, "json", cwd="a/b")
    assert labels(pairing) == {"same": ["bm_x"], "new": ["bm_new"], "missing": ["bm_y"]}
    assert pairing.patterns == ("json",)  # no folder of that name where perfkit was started
    local = select_local(("json",), cwd=tmp_path / "candidate/a/b")
    assert [script.label for script in local.scripts] == ["bm_new", "bm_x"]
    assert local.patterns == ("json",)
    assert labels(pair({}, {}, cwd="own")) == {}
    below = {"a/b/benchmarks/bm_z.py": ""}
    assert labels(pair(below, below, cwd="a/b")) == {"same": ["bm_z"]}
    (tmp_path / "candidate/pyproject.toml").unlink()
    assert labels(pair({}, {}, cwd="a/c")) == {}


def names(pairing: Pairing) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], bool]]:
    return {one.label: (one.had, one.has, one.told) for one in pairing.apart}


def test_the_names_in_scripts_that_are_not_shared_are_told(pair: Callable[..., Pairing]) -> None:
    """And whether a changed or new one may hold others."""
    one, two = "r.bench_func('one', f)\n", "r.bench_func('two', f)\n"
    some = "for x in y: r.bench_func(x, f)"
    theirs = {B + f"bm_{name}.py": one for name in ("gone", "edited", "emptied", "loop", "broken")}
    ours = {
        B + "bm_edited.py": two,
        B + "bm_emptied.py": "",
        B + "bm_loop.py": two + some,
        B + "bm_broken.py": "def f(",
        B + "bm_new.py": two,
        B + "bm_newer.py": two + some,
        B + "bm_newest.py": "",
    }
    assert names(pair(ours, theirs)) == {
        "bm_gone": (("one",), (), True),
        "bm_edited": (("one",), ("two",), True),
        "bm_emptied": (("one",), (), True),
        "bm_loop": (("one",), ("two",), False),
        "bm_broken": (("one",), (), False),
        "bm_new": ((), ("two",), True),
        "bm_newer": ((), ("two",), False),
        "bm_newest": ((), (), False),
    }
    told = names(pair({B + "helper.py": one}, {}))  # to which they may have been moved
    assert told["bm_emptied"] == (("one",), (), False)
    assert told["bm_edited"] == (("one",), ("two",), True)


def test_what_is_outside_the_tree_can_always_be_compared(
    pair: Callable[..., Pairing], tmp_path: Path
) -> None:
    (tmp_path / "bm_out.py").write_text("")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "bm_linked.py").write_text("")
    ours = {"b/bm_x.py": "", "b/bm_linked.py": "-> ../../shared/bm_linked.py"}
    pairing = pair(ours, {"b/bm_x.py": ""}, "../bm_out.py", "b")
    assert labels(pairing) == {"same": ["bm_out", "bm_linked", "bm_x"]}


def test_a_baseline_reads_no_file_elsewhere(pair: Callable[..., Pairing], tmp_path: Path) -> None:
    """Links are the exporter's affair; this is what a metafile can name."""
    (tmp_path / "secret.toml").write_text("[project]\nname = 1")
    (tmp_path / "secret.py").write_text("")
    files = {B + "bm_x/run_benchmark.py": "", B + "bm_y/run_benchmark.py": ""}
    script = '[tool.pyperformance]\nrunscript = "../../../secret.py"\n'
    base = '[tool.pyperformance]\ninherits = "../../../secret.toml"\n'
    theirs = {B + "bm_x/pyproject.toml": script, B + "bm_y/pyproject.toml": base}
    plain = {B + "bm_x/pyproject.toml": "", B + "bm_y/pyproject.toml": ""}
    pairing = pair({**files, **plain}, {**files, **theirs})
    assert labels(pairing) == {"changed": ["x", "y"]}
    assert all("cannot be read as a benchmark" in reason for reason in reasons(pairing, "changed"))
