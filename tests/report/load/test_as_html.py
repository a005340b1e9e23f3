from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit.report.load.as_html import as_html
from perfkit.report.load.curves import latency_svg, percentiles_svg
from perfkit.report.load.panels import POINTS, panels_of
from perfkit.report.load.timeline import timeline_svg
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def page(any_load: Any, outline: type[Any]) -> Any:
    return outline(as_html(any_load.view))


def test_its_structure_as_kept(
    compared: Any, kept: Callable[[str, str], None], outline: type[Any]
) -> None:
    kept("compared.html.txt", "\n".join(outline(as_html(compared.view)).lines) + "\n")


def test_the_same_view_gives_the_same_page(compared: Any) -> None:
    assert as_html(compared.view) == as_html(compared.view)


def test_it_fetches_and_runs_nothing_and_its_parts_are_marked_up(page: Any) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "audio", "video"}
    assert not [key for _, found in page.tags for key in found if key.startswith("on")]
    links = page.attributes("href") + page.attributes("xlink:href")
    assert all(link.startswith("#") for link in links)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links} <= set(ids)
    labels = [one for value in page.attributes("aria-labelledby") for one in value.split()]
    assert set(labels) <= set(ids)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("scope") for tag, found in page.tags if tag == "th")
    assert tags.count("title") >= tags.count("svg")


def test_the_policy_forbids_scripts_and_the_network(single: Any) -> None:
    html = as_html(single.view)
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    assert "http:" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", html)


def test_the_verdict_comes_first(any_load: Any, page: Any) -> None:
    said = page.lines[2].removeprefix("p: ").replace("−", "-")
    start = printable(any_load.view.verdict)[:30]
    assert said.replace("\u202f", " ").replace("\u00a0", " ").startswith(start)


def test_everything_is_there(any_load: Any, page: Any) -> None:
    view = any_load.view
    for one in view.thresholds:
        assert printable(one.text) in page.text
    for row in view.rows:
        assert row.name in page.text
    for side in view.sides:
        for text, count in side.errors:
            assert printable(text) in page.text
            assert count in page.text
    for paragraph in view.how_to_read:
        assert paragraph[:20] in page.text
    assert ("INVALID" in page.text) == bool(view.how_to_read)


def test_hostile_text_is_text(hostile: Any, outline: type[Any]) -> None:
    html = as_html(hostile.view)
    assert "<script" not in html
    assert "<svg onload" not in html
    assert "\x1b" not in html
    assert "\x00" not in html
    page = outline(html)
    assert page.text.count("<script>alert(1)</script>") >= 4
    assert "$x^2$ {{ 7*7 }}" in page.text


@pytest.mark.parametrize("name", ["compared", "stress", "searched", "hostile", "silent"])
def test_plots_hold_text_and_the_pages_colours(name: str, request: pytest.FixtureRequest) -> None:
    view = request.getfixturevalue(name).view
    drawn = [percentiles_svg(view, narrow=False, prefix="p")]
    drawn += [latency_svg(view, narrow=False, prefix="l")]
    drawn += [
        timeline_svg(view, index, narrow=narrow, prefix="t")
        for index in range(len(view.sides))
        for narrow in (False, True)
    ]
    for svg in filter(None, drawn):
        assert "<text" in svg
        assert not re.search(r"#[0-9a-f]{6}\b", svg)
        assert "mathdefault" not in svg


def test_there_is_no_plot_of_nothing(empty: Any, silent: Any, searched: Any) -> None:
    assert "<svg" not in as_html(empty.view)
    assert percentiles_svg(silent.view, narrow=False, prefix="p") == ""
    titles = [panel.title for panel in panels_of(silent.view, 0)]
    assert titles == ["requests/s", "answers/s", "errors, %"]
    assert panels_of(searched.view, 0) if searched.view.sides else True


def test_breaches_are_marked_where_the_load_is_judged(failing: Any) -> None:
    panel = next(one for one in panels_of(failing.view, 0) if one.title.startswith("response"))
    whole, hold = panel.limits
    assert whole.broken
    assert all(60 <= begin <= end <= 360.1 for begin, end in (*whole.broken, *hold.broken))
    assert (hold.begin, hold.end) == (60.0, 360.0)
    p95 = next(line.values for line in panel.lines if line.name == "p95")
    inside = (panel.seconds > 60) & (panel.seconds < 360)
    width = float(np.diff(panel.seconds).mean())
    beyond = float((p95[inside] > whole.value).sum()) * width
    assert sum(end - begin for begin, end in whole.broken) == pytest.approx(beyond, abs=width)


def test_a_long_run_is_joined_and_keeps_the_worst(long: Any) -> None:
    panels = panels_of(long.view, 0)
    assert all(len(panel.seconds) <= POINTS for panel in panels)
    response = next(one for one in panels if one.title.startswith("response"))
    p99 = next(line.values for line in response.lines if line.name == "p99")
    raw = long.view.sides[0].load.timeline.p99
    assert np.nanmax(p99) == pytest.approx(np.nanmax(raw) * 1e3)


def test_its_size_is_bounded(long: Any) -> None:
    started = time.perf_counter()
    assert len(as_html(long.view)) < 2_000_000
    assert time.perf_counter() - started < 30  # ten times what it takes


@pytest.mark.parametrize(
    "name",
    ["compared", "failing", "stress", "searched", "hostile", "long", "empty", "silent", "died"],
)
def test_in_a_browser(look_at: Callable[[str], None], name: str, request: Any) -> None:
    look_at(as_html(request.getfixturevalue(name).view))


def test_labels_of_drawings_are_whole(
    browser: Any, compared: Any, searched: Any, rebuilt: Callable[..., Any]
) -> None:
    row = compared.result.rows[0]
    wide = dataclasses.replace(row.comparison.ratio, value=2.259, low=2.148, high=2.624)
    row = dataclasses.replace(row, comparison=dataclasses.replace(row.comparison, ratio=wide))
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    for view in (rebuilt(compared, rows=(row,)).view, searched.view):
        page.set_content(as_html(view))
        for width in (1200, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(CUT_OFF) == []
    page.close()


CUT_OFF = """() => [...document.querySelectorAll('svg text')]
    .filter(one => one.getClientRects().length)
    .filter(one => one.getBoundingClientRect().right
            > one.closest('svg').getBoundingClientRect().right + 1)
    .map(one => one.textContent)"""


def test_dark_and_light_can_both_be_read(contrasts: Callable[[str], Any], single: Any) -> None:
    for scheme, found in contrasts(as_html(single.view)).items():
        assert min(found.values()) >= 4.5, (scheme, found)
