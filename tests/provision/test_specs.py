from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import PerfkitError
from perfkit.provision.interpreters import next_minor, parse_spec

if TYPE_CHECKING:
    from pathlib import Path

minors = st.integers(min_value=9, max_value=99)


@given(minor=minors, patch=st.none() | st.integers(min_value=0, max_value=99))
def test_a_version_is_read_as_written(minor: int, patch: int | None) -> None:
    text = f"3.{minor}" if patch is None else f"3.{minor}.{patch}"
    spec = parse_spec(f" {text} ")
    assert spec.path is None
    assert spec.text == text
    assert spec.release == ((3, minor) if patch is None else (3, minor, patch))
    assert spec.implementation == "cpython"
    assert not spec.free_threaded


@given(minor=st.integers(min_value=13, max_value=98))
def test_the_next_minor_keeps_implementation_and_build(minor: int) -> None:
    assert next_minor(parse_spec(f"3.{minor}")) == f"3.{minor + 1}"
    assert next_minor(parse_spec(f"3.{minor}.4t")) == f"3.{minor + 1}t"
    assert next_minor(parse_spec(f"pypy3.{minor}")) == f"pypy3.{minor + 1}"


def test_free_threaded_and_pypy() -> None:
    assert parse_spec("3.13t").free_threaded
    assert parse_spec("3.13.2t").release == (3, 13, 2)
    spec = parse_spec("pypy3.11")
    assert (spec.implementation, spec.release, spec.text) == ("pypy", (3, 11), "pypy3.11")


def test_an_existing_path_is_a_path(tmp_path: Path) -> None:
    spec = parse_spec(str(tmp_path))
    assert spec.path == tmp_path
    assert spec.release == ()


def test_a_folder_called_like_a_version_needs_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "3.12").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse_spec("3.12").path is None
    assert parse_spec("./3.12").path == tmp_path / "3.12"


@pytest.mark.parametrize(
    "text",
    ["", "3", "2.7", "3.8", "3.7.1", "4.0", "3.12t", "pypy3.13t", "3.x", "latest", "python3.99",
     "/no/such/python", "./missing", "~nobody-here/x", "3.13\0", "-3.12", ">=3.12"],
)  # fmt: skip
def test_anything_else_says_what_is_allowed(text: str) -> None:
    with pytest.raises(PerfkitError) as caught:
        parse_spec(text)
    assert caught.value.got == text
    assert caught.value.allowed
    assert caught.value.remedy


@given(text=st.text())
def test_no_text_is_a_crash(text: str) -> None:
    try:
        spec = parse_spec(text)
    except PerfkitError:
        return
    assert spec.path is not None or spec.release
