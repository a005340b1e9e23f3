"""What workers from other machines must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perfkit.errors import PerfkitError
from perfkit.loadtest.worker_token import VARIABLE, given_token, new_token

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_comes_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(" 0123456789abcdef\n")
    environ = {VARIABLE: "fedcba9876543210"}
    assert given_token(file, environ) == "0123456789abcdef"
    assert given_token(None, environ) == "fedcba9876543210"
    assert given_token(None, {}) is None


@pytest.mark.parametrize("text", ["", "short", "x" * 201, "two\nlines of it", "größer als acht"])
def test_what_is_none_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    for path, environ in ((file, {}), (None, {VARIABLE: text})):
        with pytest.raises(PerfkitError, match="holds no token") as caught:
            given_token(path, environ)
        assert not text or text not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PerfkitError, match="cannot be read"):
        given_token(tmp_path / "none", {VARIABLE: "fedcba9876543210"})


def test_a_new_one_is_new_and_can_be_given() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(given_token(None, {VARIABLE: one}) == one for one in tokens)
