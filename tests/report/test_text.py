from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.report.text import as_text
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTHS = [80, 120]
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", WIDTHS)
def test_as_kept(stated: Any, golden: Callable[[str, str], None], width: int) -> None:
    golden(f"typical-{width}.txt", as_text(stated.view, width=width, color=False) + "\n")


@pytest.mark.parametrize("width", [40, *WIDTHS, 300])
def test_names_and_numbers_are_never_cut(any_run: Any, width: int) -> None:
    text = as_text(any_run.view, width=width, color=False)
    assert "…" not in text.replace("ModuleNotFound…", "")
    joined = text.replace("\n", "")
    for row in any_run.view.rows:
        assert printable(row.id) in joined
        if width >= min(WIDTHS):
            for part in (row.baseline, row.candidate, row.change, row.word, row.detectable):
                assert part in text


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_fit(any_run: Any, width: int) -> None:
    text = as_text(any_run.view, width=width, color=False)
    assert max(map(len, text.splitlines())) <= width


def test_without_colour_there_is_no_escape_sequence(any_run: Any) -> None:
    assert "\x1b" not in as_text(any_run.view, width=100, color=False)


def test_colour_adds_nothing_but_colour(any_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = as_text(any_run.view, width=100, color=True)
    assert ESCAPE.search(coloured)
    plain = "\n".join(line.rstrip() for line in ESCAPE.sub("", coloured).splitlines())
    assert plain == as_text(any_run.view, width=100, color=False)


def test_the_environment_does_not_meddle(typical: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = as_text(typical.view, width=100, color=False)
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "20", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    assert as_text(typical.view, width=100, color=False) == before


def test_brief_is_brief(typical: Any) -> None:
    text = as_text(typical.view, width=100, color=False, brief=True)
    assert text.startswith("Python 3.13.0 is slower")
    assert "sqlalchemy_orm failed on the candidate" in text
    assert "baseline" not in text


def test_every_kind_of_caveat_says_what_to_do(typical: Any) -> None:
    words = " ".join(as_text(typical.view, width=120, color=False).split())
    for group in typical.view.caveats:
        assert group.sentences in words


def test_it_ends_with_the_folder(any_run: Any) -> None:
    last = as_text(any_run.view, width=200, color=False).splitlines()[-1]
    assert last.split()[-1] == str(any_run.view.folder)
