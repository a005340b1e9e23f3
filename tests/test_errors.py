"""Messages stay readable whatever somebody wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfkit.errors import LONGEST, PerfkitError, PlanError


def bomb(depth: int) -> list[Any]:
    """As a YAML file with aliases holds it: ten of itself at every level."""
    found: list[Any] = ["boom"] * 10
    for _ in range(depth):
        found = [found] * 10
    return found


@pytest.mark.parametrize(
    "got", ["x" * 10**6, bomb(9), {"k" * 10**5: bomb(9)}, 10**3000, {"a": ("b" * 500,) * 500}]
)
def test_a_value_is_shortened(got: object) -> None:
    text = str(PlanError([PerfkitError("it is wrong", got=got, remedy="mend it")]))
    assert text.startswith("it is wrong; got ")
    assert text.endswith("; mend it")
    assert len(text) < LONGEST + 50


@pytest.mark.parametrize("got", ["it's", Path("/a/b"), 3, 0.5, ("a", 1), [1, 2], {"b": 1}, b"x"])
def test_a_short_value_is_shown_as_it_is(got: object) -> None:
    assert str(PerfkitError("wrong", got=got)) == f"wrong; got {got!r}"
