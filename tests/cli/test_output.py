from __future__ import annotations

import sys

import pytest

from perfkit.cli import output
from perfkit.errors import PerfkitError, PlanError, ProvisionError


def test_the_tools_own_words_follow() -> None:
    failed = ProvisionError("it broke", remedy="mend it", output="line one\n\x1bline two\n")
    assert output.describe(failed) == "it broke; mend it\n    line one\n    \ufffdline two"


def test_the_same_words_are_told_once() -> None:
    one, two = (ProvisionError(name, output="words") for name in "ab")
    text = output.describe(PlanError([one, two, PerfkitError("c")]))
    assert text == "3 problems:\n  - a\n  - b\n  - c\n    words"


def test_table() -> None:
    assert output.table(("a", "bb"), [("ccc", "d\x07"), ("e", "")]) == "a    bb\nccc  d\ufffd\ne"


@pytest.mark.parametrize(
    ("no_color", "variables", "terminal", "wanted"),
    [
        (False, {}, True, True),
        (True, {}, True, False),
        (False, {"NO_COLOR": "1"}, True, False),
        (False, {"NO_COLOR": ""}, True, True),
        (False, {"TERM": "dumb"}, True, False),
        (False, {}, False, False),
    ],
)
def test_colour(
    monkeypatch: pytest.MonkeyPatch,
    no_color: bool,  # noqa: FBT001
    variables: dict[str, str],
    terminal: bool,  # noqa: FBT001
    wanted: bool,  # noqa: FBT001
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert output.colour_wanted(no_color=no_color) is wanted
