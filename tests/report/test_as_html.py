from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.report.as_html import as_html
from perfkit.report.forest import forest_svg
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def page(any_run: Any, outline: type[Any]) -> Any:
    return outline(as_html(any_run.view))


def test_its_structure_as_kept(
    stated: Any, golden: Callable[[str, str], None], outline: type[Any]
) -> None:
    golden("typical.html.txt", "\n".join(outline(as_html(stated.view)).lines) + "\n")


def test_the_same_view_gives_the_same_page(typical: Any) -> None:
    assert as_html(typical.view) == as_html(typical.view)


def test_it_fetches_and_runs_nothing(page: Any) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "audio", "video"}
    assert not [key for _, found in page.tags for key in found if key.startswith("on")]
    assert not page.attributes("src")
    links = page.attributes("href") + page.attributes("xlink:href")
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= set(page.attributes("id"))


def test_no_id_is_given_twice(page: Any) -> None:
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    labels = [one for value in page.attributes("aria-labelledby") for one in value.split()]
    assert set(labels) <= set(ids)


def test_tables_and_language_are_marked_up(page: Any) -> None:
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("scope") for tag, found in page.tags if tag == "th")
    assert tags.count("title") >= tags.count("svg")


def test_the_verdict_comes_first(typical: Any, outline: type[Any]) -> None:
    lines = outline(as_html(typical.view)).lines
    assert lines[2].startswith("p: Python 3.13.0 is slower than 3.12.1 in 1 of 7 benchmarks")


def test_everything_is_there(typical: Any, page: Any, any_run: Any, outline: type[Any]) -> None:
    for row in any_run.view.rows:
        assert printable(row.id) in page.text
        assert row.word in page.text
    for group in any_run.view.caveats:
        assert group.remedy[1:9] in page.text
    text = outline(as_html(typical.view)).text
    assert "ModuleNotFoundError: No module named 'greenlet'" in text
    assert "4.6.2" in text


def test_hostile_text_is_text(hostile: Any, outline: type[Any]) -> None:
    html = as_html(hostile.view)
    assert "<script" not in html
    assert "<svg onload" not in html
    assert "49" not in re.findall(r"\{\{.*?\}\}", html)
    page = outline(html)
    assert page.text.count("<script>alert(1)</script>") >= 4
    assert "$x^2$" in page.text
    assert "\x1b" not in html
    assert "\x00" not in html


def test_the_plot_holds_text_and_the_pages_colours(typical: Any) -> None:
    svg = forest_svg(typical.view, narrow=False)
    assert "<text" in svg
    assert "json_dumps" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert svg != forest_svg(typical.view, narrow=True)


def test_there_is_no_plot_of_nothing(all_failed: Any, empty: Any) -> None:
    assert forest_svg(all_failed.view, narrow=False) == ""
    assert "forest" not in as_html(empty.view).partition("</style>")[2]


@pytest.mark.parametrize(
    "name", ["typical", "hostile", "many", "interrupted", "empty", "all_failed"]
)
def test_in_a_browser(look_at: Callable[[str], None], name: str, request: Any) -> None:
    look_at(as_html(request.getfixturevalue(name).view))


def test_dark_and_light_can_both_be_read(contrasts: Callable[[str], Any], typical: Any) -> None:
    for scheme, found in contrasts(as_html(typical.view)).items():
        assert min(found.values()) >= 4.5, (scheme, found)
