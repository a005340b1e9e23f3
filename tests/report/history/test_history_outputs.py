from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.report.history.as_html import as_html
from perfkit.report.history.as_json import as_json
from perfkit.report.history.text import as_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.report.history.view import HistoryView

VIEWS = ["typical", "hostile", "single"]


@pytest.fixture(params=VIEWS)
def any_view(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_text(typical: HistoryView) -> None:
    text = as_text(typical, width=120, color=False)
    assert "Python 3.13.0 on Example CPU, 2 CPUs (60 runs, 2026-01-01 … 2026-03-01)" in text
    (line,) = [line for line in text.splitlines() if line.startswith("stepped ")]
    assert re.search(r"1\.\d\d ms +60 +[▁▂▃▄▅▆▇█]{24} +\+\d+\.\d % \[.*\] since 2026-02-10$", line)
    assert "(5 runs ago)" in text
    assert "nothing is filled in" in text


def test_text_of_one(single: HistoryView) -> None:
    text = " ".join(as_text(single, width=120, color=False).split())
    assert "run run-030, commit 000001e" in text
    assert "or in one of the 10 runs before it, which have no value" in text
    assert "40 earlier runs: see --json or --html" in text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("color", [False, True])
def test_text_fits_and_steers_nothing(any_view: HistoryView, width: int, *, color: bool) -> None:
    text = as_text(any_view, width=width, color=color)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text) if color else text
    assert all(char.isprintable() or char == "\n" for char in plain)
    assert all(line == line.rstrip() for line in text.splitlines())
    assert all(len(line) < 400 for line in plain.splitlines())
    if any_view.settings[0].details:
        return
    tables = [line for line in plain.splitlines() if "since 20" in line and "[" in line]
    assert tables


def test_json(typical: HistoryView, single: HistoryView) -> None:
    found = json.loads(as_json(typical))
    (setting,) = found["settings"]
    stepped = next(one for one in setting["benchmarks"] if one["benchmark"] == "stepped")
    (change,) = stepped["changes"]
    assert (change["run"], change["ratio"]["confidence"]) == ("run-040", 0.95)
    assert found["unit"] == "seconds"
    assert "details" not in setting
    details = json.loads(as_json(single))["settings"][0]["details"]
    assert (details[0]["candidate"], details[0].get("verdict")) == (None, None)
    assert details[40]["candidate"] == pytest.approx(1e-3, rel=0.05)


def test_json_keeps_names_whole(hostile: HistoryView, nasty: tuple[str, ...]) -> None:
    (setting,) = json.loads(as_json(hostile))["settings"]
    assert {one["benchmark"] for one in setting["benchmarks"]} == set(nasty)


def test_the_page_fetches_and_runs_nothing(any_view: HistoryView, outline: type[Any]) -> None:
    html = as_html(any_view)
    assert html == as_html(any_view)
    page = outline(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "audio", "video", "a"}
    assert not [key for _, found in page.tags for key in found if key.startswith("on")]
    assert not page.attributes("src") + page.attributes("href")
    assert "\x1b" not in html
    assert "<script" not in html
    assert "<svg onload" not in html
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("scope") for tag, found in page.tags if tag == "th")


def test_the_page_has_it_all(typical: HistoryView, outline: type[Any]) -> None:
    html = as_html(typical)
    page = outline(html)
    for name in ("stepped", "calm", "gappy", "new"):
        assert name in page.text
    assert "2026-02-10, run run-040, commit 0000028" in page.text
    assert "or in one of the 10 runs before it, which have no value" in page.text
    assert html.count("<svg") == 4
    assert html.count('class="gap"') == 1


def test_a_day_is_named_once(typical: HistoryView) -> None:
    (setting,) = typical.settings
    first = "2026-01-01 … 2026-03-01"
    assert setting.days == first
    day = replace(typical, settings=(replace(setting, last=setting.first),))
    assert "60 runs, 2026-01-01, from left" in as_html(day)
    assert "(60 runs, 2026-01-01)" in as_text(day, width=120, color=False)


def test_nothing_is_written_over_a_plot(browser: Any, typical: HistoryView, tmp_path: Path) -> None:
    (tmp_path / "history.html").write_text(as_html(typical), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((tmp_path / "history.html").as_uri())
    labels = page.locator(".timeline div > span").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    )
    plots = page.locator(".timeline svg").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().left)"
    )
    page.close()
    assert labels
    assert max(labels) <= min(plots)


@pytest.mark.parametrize("name", ["typical", "hostile"])
def test_in_a_browser(look_at: Callable[[str], None], name: str, request: Any) -> None:
    look_at(as_html(request.getfixturevalue(name)))


def test_dark_and_light_can_both_be_read(contrasts: Callable[[str], Any], typical: Any) -> None:
    for scheme, found in contrasts(as_html(typical)).items():
        assert min(found.values()) >= 4.5, (scheme, found)
