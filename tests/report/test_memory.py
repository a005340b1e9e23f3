from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
import yaml

from perfkit.report.as_html import as_html
from perfkit.report.as_json import as_json
from perfkit.report.as_yaml import as_yaml
from perfkit.report.frame import to_frame
from perfkit.report.text import as_text
from perfkit.report.wording import printable


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_shows_what_changed_and_counts_the_rest(typical: Any, width: int) -> None:
    text = as_text(typical.view, width=width, color=False)
    table = text[text.index("memory") :].partition("\n\n")[0]
    assert table.count("traced") == table.count("larger") + table.count("smaller") == 2
    assert "peak" not in table  # nothing of it changed
    assert "Memory otherwise: 8 equivalent within ±2 %" in text
    assert max(map(len, table.splitlines())) <= width


def test_where_nothing_changed_there_is_one_line(make_run: Any, make_case: Any) -> None:
    made = make_run([make_case(name="a", traced=1.0), make_case(name="b")])
    text = as_text(made.view, width=100, color=False)
    assert "\n\nMemory (peak and traced): 3 equivalent within ±2 %\n\n" in text
    assert "larger" not in text


def test_brief_leaves_memory_out(typical: Any) -> None:
    assert "emory" not in as_text(typical.view, width=100, color=False, brief=True)


def test_nothing_known_is_nothing_said(all_failed: Any, empty: Any) -> None:
    for made in (all_failed, empty):
        assert "memory" not in as_text(made.view, width=100, color=False)
        assert 'id="memory"' not in as_html(made.view)


def test_the_page_has_a_table_of_what_changed_first(typical: Any) -> None:
    page = as_html(typical.view)
    section = page[page.index('id="memory"') :].partition("</section>")[0]
    changed, rest = section.split("<details>")
    assert changed.count('<th role="rowheader"') == 2
    assert "▲" in changed
    assert rest.count('<th role="rowheader"') == 8
    assert "▲" not in rest
    assert "below 4" in page  # what is not judged


def test_yaml_and_json_have_every_interval(typical: Any) -> None:
    document = yaml.safe_load(as_yaml(typical.view))
    row = document["All Benchmarks"][0]
    assert row["Traced memory, change"].endswith(": larger")
    assert row["Peak memory, baseline"].startswith("22.")
    found = json.loads(as_json(typical.view))["benchmarks"][0]["memory"]
    assert [one["metric"] for one in found] == ["peak-memory", "traced-memory"]
    assert found[1]["verdict"] == "larger"
    assert found[1]["ratio"]["value"] == pytest.approx(1.12)
    assert found[1]["baseline"]["value"] == pytest.approx(50_000)


def test_a_frame_has_both_measures(typical: Any) -> None:
    frame = to_frame(typical.result).set_index("benchmark")
    assert frame.loc["json_dumps", "traced_ratio"] == pytest.approx(1.12)
    assert frame.loc["json_dumps", "traced_verdict"] == "larger"
    assert frame.loc["json_dumps", "rss_verdict"] == "equivalent"
    assert frame.loc["json_dumps", "candidate_traced"] == pytest.approx(56_000)
    assert pd.isna(frame.loc["regex_log", "traced_ratio"])
    assert pd.isna(frame.loc["sqlalchemy_orm", "rss_verdict"])


def test_hostile_names_are_text(hostile: Any) -> None:
    text = as_text(hostile.view, width=100, color=False)
    assert "\x1b" not in text
    tables = text.split("\n\n")
    memory = next(part for part in tables if "traced" in part)
    for row in hostile.view.rows[:6]:
        assert printable(row.id) in memory.replace("\n", "")
    page = as_html(hostile.view)
    section = page[page.index('id="memory"') :].partition("</section>")[0]
    assert "<script" not in section
    assert "<svg" not in section
    assert "&lt;script&gt;" in section
