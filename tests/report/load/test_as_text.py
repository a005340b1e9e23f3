from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.report.load.as_text import as_text
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTHS = [80, 100, 140]
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["compared", "stress"])
def test_as_kept(
    name: str, width: int, kept: Callable[[str, str], None], request: pytest.FixtureRequest
) -> None:
    made = request.getfixturevalue(name)
    kept(f"{name}-{width}.txt", as_text(made.view, width=width, color=False) + "\n")


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_fit_and_nothing_is_cut(any_load: Any, width: int) -> None:
    text = as_text(any_load.view, width=width, color=False)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for one in any_load.view.thresholds:
        assert one.value.replace(" requests/s", "/s") in text
        assert one.look.word in text
    for row in any_load.view.rows:
        assert row.change in text


def test_without_colour_there_is_no_escape_sequence(any_load: Any) -> None:
    assert "\x1b" not in as_text(any_load.view, width=100, color=False)


def test_colour_adds_nothing_but_colour(any_load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = as_text(any_load.view, width=100, color=True)
    plain = "\n".join(line.rstrip() for line in ESCAPE.sub("", coloured).splitlines())
    assert plain == as_text(any_load.view, width=100, color=False)


def test_brief_tells_what_does_not_hold_only(failing: Any, died: Any) -> None:
    text = as_text(failing.view, width=100, color=False, brief=True)
    assert text.startswith("A threshold failed: p(95)<150ms: 163 ms [158, 168]")
    assert "rate(errors)<1%" not in text
    assert "NO DATA" in text
    assert "files" not in text
    text = as_text(died.view, width=100, color=False, brief=True)
    assert "The load failed (run: it was killed (signal 9))." in text


def test_it_ends_with_the_folder(any_load: Any) -> None:
    last = as_text(any_load.view, width=200, color=False).splitlines()[-1]
    assert last.split()[-1] == str(any_load.view.folder)


def test_control_characters_are_shown_as_such(hostile: Any) -> None:
    text = as_text(hostile.view, width=160, color=False)
    assert printable("\x1b[31m") in text
    assert "\x1b" not in text
