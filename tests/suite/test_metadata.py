"""Inline metadata (PEP 723) and pins, as others write them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from perfkit.suite import select

LINES = st.sampled_from(
    [
        "# /// script",
        "# ///",
        "#",
        "# dependencies = [",
        '#   "pydantic>=2",',
        "# ]",
        '# dependencies = ["a", 1]',
        '# dependencies = "a"',
        '# requires-python = ">=3.9"',
        "# requires-python = 3.9",
        "# [tool.x]",
        f"# x = {'[' * 3000}",
        f"# x = {'9' * 5000}",
        "x = 1",
        "",
        "\r",
    ]
)


def write(folder: Path, text: str) -> Path:
    path = folder / "bm_x.py"
    path.write_bytes(text.encode())
    return path


def test_a_header_gives_requirements_and_python(tmp_path: Path) -> None:
    write(
        tmp_path,
        '#!/usr/bin/env python\n"""Doc."""\n# /// script\n# requires-python = ">=3.9"\n'
        '#\n# dependencies = [\n#   "pydantic>=2",  # why\n# ]\n# ///\n',
    )
    (script,) = select(["bm_x.py"], cwd=tmp_path).scripts
    assert script.requirements == ("pydantic>=2",)
    assert script.requires_python == ">=3.9"
    assert script.pins == script.arguments == ()
    assert script.path == tmp_path.resolve() / "bm_x.py"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import this\n",
        '# /// script\n# dependencies = ["never-closed"]\n',
        '# /// other\n# dependencies = ["of-another-tool"]\n# ///\n',
        '    # /// script\n    # dependencies = ["indented"]\n    # ///\n',
    ],
)
def test_without_a_header_nothing_is_required(text: str, tmp_path: Path) -> None:
    write(tmp_path, text)
    (script,) = select(["bm_x.py"], cwd=tmp_path).scripts
    assert script.requirements == ()
    assert script.requires_python is None


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, '# /// script\r\n# dependencies = ["a"]\r\n# ///\r\n')
    assert select(["bm_x.py"], cwd=tmp_path).scripts[0].requirements == ("a",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("# /// script\n# x = [\n# ///\n", "TOML"),
        ("# /// script\n# x = 1\n# ///\n\n# /// script\n# ///\n# ///\n", "more than one"),
        ('# /// script\n# dependencies = "a"\n# ///\n', "list"),
        ('# /// script\n# dependencies = ["a", 1]\n# ///\n', "requirement"),
        ("# /// script\n# requires-python = 3.9\n# ///\n", "specifier"),
    ],
)
def test_a_faulty_header_is_a_problem_that_says_where(text: str, word: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    selection = select(["bm_x.py"], cwd=tmp_path)
    assert selection.scripts == ()
    (problem,) = selection.problems
    assert word in str(problem)
    assert str(path) in str(problem)


@given(
    st.one_of(
        st.text(),
        st.lists(LINES).map("\n".join),
        st.lists(LINES, min_size=1).map(lambda lines: "\n".join(["# /// script", *lines, "# ///"])),
    )
)
@example("# /// script\n# dependencies = []\n# ///")
def test_any_text_gives_a_script_or_a_problem(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bm_x.py"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        selection = select(["bm_x.py"], cwd=Path(folder))
    assert bool(selection.scripts) != bool(selection.problems)
    for script in selection.scripts:
        for requirement in script.requirements:
            Requirement(requirement)
        SpecifierSet(script.requires_python or "")
    assert all(str(problem) for problem in selection.problems)


def test_a_source_that_is_not_utf8_is_still_a_script(tmp_path: Path) -> None:
    (tmp_path / "bm_x.py").write_bytes(b'# /// script\n# dependencies = ["a"]\n# ///\n# \xff\n')
    assert select(["bm_x.py"], cwd=tmp_path).scripts[0].requirements == ("a",)


def test_pins_are_read_without_comments_and_hashes(tmp_path: Path) -> None:
    (tmp_path / "bm_x").mkdir()
    write(tmp_path / "bm_x", "").rename(tmp_path / "bm_x/run_benchmark.py")
    pins = tmp_path / "bm_x/requirements.txt"
    pins.write_text("# all\n\na==1  # why\nb[x]==2 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11")
    assert select(["bm_x"], cwd=tmp_path).scripts[0].pins == ("a==1", "b[x]==2")
    pins.write_text("-r more.txt\na==1\n")
    (problem,) = select(["bm_x"], cwd=tmp_path).problems
    assert problem.got == "-r more.txt"
    assert str(pins) in str(problem)
