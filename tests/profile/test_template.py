from __future__ import annotations

import pytest

from perfkit.profile.template import fill, malformed, variables_in


def test_variables_in_order_and_once() -> None:
    assert variables_in("${b}/${a}/${b}/$c/{d}/$${e}") == ("b", "a", "e")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${a}${b}", None),
        ("$a {b} $", None),
        ("$${a}{b}", None),
        ("x${}y", "${}"),
        ("${1a}", "${1a}"),
        ("${a", "${a"),
        ("${ü}", "${ü}"),
    ],
)
def test_malformed(text: str, found: str | None) -> None:
    assert malformed(text) == found


def test_fill() -> None:
    assert fill("/${a}/${b}", {"a": "1", "b": r"\1${a}"}) == r"/1/\1${a}"
    with pytest.raises(KeyError):
        fill("${a}", {})
