from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from perfkit.report.check import comment, summary
from perfkit.report.check.comment import MARKER, as_comment
from perfkit.report.check.markdown import code, document, fenced, prose
from perfkit.report.check.summary import as_summary
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable

MARKDOWN = MarkdownIt("gfm-like", {"html": True})
OWN = {"h2", "h3", "p", "code", "table", "thead", "tbody", "tr", "th", "td", "br"}
OWN |= {"strong", "ul", "li", "details", "summary", "pre"}


class Rendered(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[int] = []
        self.codes: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(MARKDOWN.render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "br":
            return
        self.open.append(tag)
        if tag == "tr":
            self.cells.append(0)
        elif tag in {"td", "th"}:
            self.cells[-1] += 1
        elif tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.codes[-1] += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize("render", [as_summary, as_comment])
def test_only_our_own_markup_comes_out(any_gate: Any, render: Callable[[Any], str]) -> None:
    page = Rendered(render(any_gate.view))
    assert {tag for tag, _ in page.tags} <= OWN
    for _, attributes in page.tags:
        assert set(attributes) <= {"style", "class"}
        assert attributes.get("style") in {None, "text-align:left", "text-align:right"}
    assert page.open == []
    assert set(page.cells) <= {6}
    assert not re.search(r"[@#$<>|`\\]|://|www\.|GH-", page.text)
    assert page.comments == ([" perfkit-check "] if render is as_comment else [])


def test_every_name_is_shown_as_it_is(hostile: Any) -> None:
    page = Rendered(as_summary(hostile.view))
    for row in hostile.view.rows:
        assert row.label.strip() in {one.strip() for one in page.codes}


def test_the_table_holds_what_the_gate_says(slowdown: Any) -> None:
    text = as_summary(slowdown.view)
    assert text.startswith("## ❌ perfkit check: slowdown\n\n1 of 5 benchmarks")
    line = next(one for one in text.splitlines() if one.startswith("| `json_loads` |"))
    assert line.startswith(
        "| `json_loads` | ❌ **slower** | +5.1 % [+4.5, +5.7] | 2 % | 3.1 % | 40 fresh blocks"
    )
    assert "`sqlalchemy_orm` | ⚠️ **failed**" in text
    assert "| `json_loads` peak memory | ❌ **larger** |" in text


def test_a_quiet_gate_hides_its_rows_but_has_them(passed: Any) -> None:
    text = as_comment(passed.view)
    assert text.startswith(f"{MARKER}\n## ✅ perfkit check: passed\n")
    assert "<summary>All 2 rows</summary>" in text
    assert "✅ within margin" in text


def test_noise_accuses_nobody(noisy: Any) -> None:
    assert as_comment(noisy.view).startswith(f"{MARKER}\n## ⚠️ perfkit check: machine too noisy")
    assert not re.search("slower|larger", as_comment(noisy.view))


def test_the_run_folder_is_not_told_to_the_public(any_gate: Any) -> None:
    assert str(any_gate.view.compared.folder) not in as_comment(any_gate.view)
    assert "/home/me" not in as_comment(any_gate.view)


@pytest.mark.parametrize("times", [60, 1200])
def test_too_many_rows_are_counted_instead(slowdown: Any, times: int) -> None:
    view = dataclasses.replace(slowdown.view, rows=slowdown.view.rows * times)
    for render, limit in ((as_summary, summary.LIMIT), (as_comment, comment.LIMIT)):
        text = render(view)
        assert len(text.encode()) <= limit
        left = [int(one) for one in re.findall(r"\*\*(\d+) rows more found no room here", text)]
        assert left or len(text.encode()) < 0.9 * limit
        shown = len(re.findall(r"^\| (?:`|<code>)", text, re.MULTILINE))
        assert shown + sum(left) == len(view.attention) + len(view.rows)


def test_a_cut_document_is_whole(hostile: Any) -> None:
    for limit in (6000, 8000, 10_000):
        text = document(hostile.view, limit=limit, details=False)
        assert "more found no room here" in text
        assert len(text.encode()) <= limit
        page = Rendered(text)
        assert {tag for tag, _ in page.tags} <= OWN
        assert page.open == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("json_dumps", "`json_dumps`"),
        ("a::b[1]", "`a::b[1]`"),
        ("a`b", "<code>a&#96;b</code>"),
        ("a|b", "<code>a&#124;b</code>"),
        (" ", "<code>&#32;</code>"),
        ("", "<code></code>"),
        ("a\nb", "`a\ufffdb`"),
    ],
)
def test_code(text: str, shown: str) -> None:
    assert code(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "suspected, and cleared by fresh blocks",
        "up to +3.1 % is possible, 2.0 % is allowed, and neither is shown",
        "+5.1 % [+4.5, +5.7] where 2 % is allowed: 40 fresh blocks, 1 min 2 s",
        "new: json_dumps, bm_new",
        "main (1a2b3c4)",
    ],
)
def test_our_own_sentences_stay_prose(text: str) -> None:
    assert prose(text) == text


@pytest.mark.parametrize(
    "text",
    ["@me", "#1", "GH-1", "www.x", "https://x", "_a_", "<b>", "*a*", "a@b.c", "[1](2)", "a:b:"],
)
def test_what_might_do_something_becomes_code(text: str) -> None:
    assert prose(text) == f"`{text}`"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "on the candidate's side: ValueError: no `x` for @me",
            "on the candidate's side: ValueError: no <code>&#96;x&#96;</code> for `@me`",
        ),
        ("[a b](http://x), *c* d", "`[a` `b](http://x)`, `*c*` d"),
        ("a  `b`", "<code>a&#32;&#32;&#96;b&#96;</code>"),
    ],
)
def test_a_sentence_stays_a_sentence_around_what_might_do_something(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_margins_of_their_own_are_named(slowdown: Any) -> None:
    text = as_summary(slowdown.view)
    assert "Slowdown allowed: 2 %; but in `pydantic_*` 5 %; Growth of memory" in text


def test_a_fence_cannot_be_closed_from_within() -> None:
    text = "```\n# x\n````\n<b>"
    (token,) = MARKDOWN.parse(fenced(text))
    assert token.content == text + "\n"


def test_hostile_output_of_a_failed_benchmark_stays_in_its_fence(hostile: Any) -> None:
    text = as_summary(hostile.view)
    assert "characters more)" in text
    assert printable("\x1b[0m::error::x") in text
