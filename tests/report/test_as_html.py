from __future__ import annotations

import os
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.report.as_html import as_html
from perfkit.report.forest import forest_svg
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable

VOID = {"meta", "br", "wbr", "link", "img", "hr"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Outline(HTMLParser):
    """Tags, nested and balanced, with the texts of headings and cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.lines: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = [tag for tag in self.open if tag not in {"a", "span", "abbr", "strong"}]
        if where and where[-1] != "style":
            self.text += data
            if data.strip() and "svg" not in where:
                self.lines.append(f"{where[-1]}: {' '.join(data.split())}")

    def attributes(self, name: str) -> list[str]:
        return [value for _, found in self.tags if (value := found.get(name)) is not None]


@pytest.fixture(scope="module")
def page(any_run: Any) -> Outline:
    return Outline(as_html(any_run.view))


def test_its_structure_as_kept(stated: Any, golden: Callable[[str, str], None]) -> None:
    golden("typical.html.txt", "\n".join(Outline(as_html(stated.view)).lines) + "\n")


def test_the_same_view_gives_the_same_page(typical: Any) -> None:
    assert as_html(typical.view) == as_html(typical.view)


def test_it_fetches_and_runs_nothing(page: Outline) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "audio", "video"}
    assert not [key for _, found in page.tags for key in found if key.startswith("on")]
    assert not page.attributes("src")
    links = page.attributes("href") + page.attributes("xlink:href")
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= set(page.attributes("id"))


def test_no_id_is_given_twice(page: Outline) -> None:
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    labels = [one for value in page.attributes("aria-labelledby") for one in value.split()]
    assert set(labels) <= set(ids)


def test_tables_and_language_are_marked_up(page: Outline) -> None:
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("scope") for tag, found in page.tags if tag == "th")
    assert tags.count("title") >= tags.count("svg")


def test_the_verdict_comes_first(typical: Any) -> None:
    lines = Outline(as_html(typical.view)).lines
    assert lines[2].startswith("p: Python 3.13.0 is slower than 3.12.1 in 1 of 7 benchmarks")


def test_everything_is_there(typical: Any, page: Outline, any_run: Any) -> None:
    for row in any_run.view.rows:
        assert printable(row.id) in page.text
        assert row.word in page.text
    for group in any_run.view.caveats:
        assert group.remedy[1:9] in page.text
    text = Outline(as_html(typical.view)).text
    assert "ModuleNotFoundError: No module named 'greenlet'" in text
    assert "4.6.2" in text


def test_hostile_text_is_text(hostile: Any) -> None:
    html = as_html(hostile.view)
    assert "<script" not in html
    assert "<svg onload" not in html
    assert "49" not in re.findall(r"\{\{.*?\}\}", html)
    page = Outline(html)
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


@pytest.fixture(scope="module")
def browser() -> Any:
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        missing = "no Chromium: run 'apt-get install chromium'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield found
        found.close()


@pytest.mark.parametrize(
    "name", ["typical", "hostile", "many", "interrupted", "empty", "all_failed"]
)
def test_in_a_browser(
    browser: Any, name: str, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    made = request.getfixturevalue(name)
    path = tmp_path / "report.html"
    path.write_text(as_html(made.view), encoding="utf-8")
    page = browser.new_page(viewport={"width": 375, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda one: one.url == path.as_uri() or complaints.append(one.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for width in (320, 375, 768, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERFLOWING) == []
    assert complaints == []
    page.close()


# Elements that reach beyond the window, save for those inside a box that scrolls by itself.
OVERFLOWING = """() => [...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1
            && !one.closest('.scroll, pre, svg, thead, .hidden'))
    .map(one => one.outerHTML.slice(0, 80))"""


def test_dark_and_light_can_both_be_read(browser: Any, typical: Any, tmp_path: Any) -> None:
    path = tmp_path / "report.html"
    path.write_text(as_html(typical.view), encoding="utf-8")
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(path.as_uri())
        contrasts = page.evaluate(CONTRASTS)
        assert min(contrasts.values()) >= 4.5, (scheme, contrasts)
        page.close()


# WCAG 2.1 contrast (success criterion 1.4.3) of each ink against the page.
CONTRASTS = """() => {
    const style = getComputedStyle(document.documentElement);
    const light = name => {
        const [r, g, b] = style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/g)
            .map(part => parseInt(part, 16) / 255)
            .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = light('--page');
    const names = ['text', 'muted', 'slower', 'faster', 'equivalent', 'open', 'failed', 'accent'];
    return Object.fromEntries(names.map(name => {
        const ink = light('--' + name);
        return [name, (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05)];
    }));
}"""
