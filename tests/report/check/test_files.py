from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
import yaml

from perfkit.report.check import words
from perfkit.report.check.as_json import as_json
from perfkit.report.check.as_yaml import as_yaml
from perfkit.report.check.files import report_files
from perfkit.report.check.junit import as_junit
from perfkit.report.check.view import FILES
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    Html = Callable[[Any], str]


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).parent / "junit.xsd")


def test_every_file_is_named_in_the_report(slowdown: Any) -> None:
    named = [name for name, _ in FILES if name != "recording.jsonl"]
    assert sorted(report_files(slowdown.view)) == sorted(named)


def test_junit_is_as_its_schema_says(any_gate: Any, schema: xmlschema.XMLSchema) -> None:
    text = as_junit(any_gate.view)
    schema.validate(text)
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert len(root.findall(".//testcase")) == len(any_gate.view.rows) == int(root.attrib["tests"])
    names = [words.shown(row.row.id) for row in any_gate.view.rows]
    assert sorted(case.attrib["name"] for case in root.iter("testcase")) == sorted(names)
    red = root.findall(".//failure") + root.findall(".//error")
    assert len(red) == sum(row.fails for row in any_gate.view.rows)
    for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        told = sum(int(suite.attrib[key]) for suite in root)
        assert told == len(root.findall(f"testsuite/testcase/{tag}"))


def test_junit_holds_actual_values(slowdown: Any) -> None:
    root = ET.fromstring(as_junit(slowdown.view))  # noqa: S314 - our own
    red = root.find(".//failure")
    assert red is not None
    assert red.attrib["type"] == "slower"
    assert "Baseline: 125 µs [124, 126]" in (red.text or "")
    assert "+5.1 % [+4.5, +5.7] where 2 % is allowed: 40 fresh blocks" in (red.text or "")
    memory = root.find(".//testcase[@classname='perfkit.peak-memory']/system-out")
    assert memory is not None
    assert "Candidate: 22.9 MiB" in (memory.text or "")
    assert all("Would have caught" in (one.text or "") for one in root.iter("system-out"))


def test_yaml_is_read_back(any_gate: Any) -> None:
    text = as_yaml(any_gate.view)
    found = yaml.safe_load(text)
    gate = found["Performance Gate"]
    assert gate["Verdict"] == any_gate.view.verdict
    assert gate["Build"] == ("fails" if any_gate.view.fails else "passes")
    rows = any_gate.view.rows
    if rows:
        assert [one["Benchmark"] for one in gate["Rows"]] == [printable(row.row.id) for row in rows]
        assert [one["Verdict"] for one in gate["Rows"]] == [row.word for row in rows]
    assert set(found) >= {"All Benchmarks", "Environments", "Where Time Went", "Run"}


def test_json_is_read_back(any_gate: Any) -> None:
    text = as_json(any_gate.view)
    found = json.loads(text)
    assert "##[" not in text
    assert text.isascii()
    assert found["outcome"] == any_gate.result.outcome.value
    assert found["fails"] is any_gate.view.fails
    assert [one["id"] for one in found["rows"]] == [row.id for row in any_gate.result.rows]
    for one, row in zip(found["rows"], any_gate.result.rows, strict=True):
        assert (one["detectable"] is None) == (row.detectable is None)
    assert set(re.findall(r"``([a-z_]+)``", as_json.__doc__ or "")) >= set(found)


def test_json_of_a_red_row(slowdown: Any) -> None:
    row = json.loads(as_json(slowdown.view))["rows"][1]
    assert row["confirmation"]["ratio"]["value"] == pytest.approx(1.051)
    assert row["confirmation"]["planned"] == row["confirmation"]["blocks"] == 40
    assert row["fails"] is True
    assert row["script"] == "/home/me/project/benchmarks/bm.py"


def test_html_structure(any_gate: Any, outline: type[Any], html_of: Html) -> None:
    html = html_of(any_gate)
    page = outline(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "audio", "video"}
    assert not [key for _, found in page.tags for key in found if key.startswith("on")]
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    links = page.attributes("href") + page.attributes("xlink:href")
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert all(char.isprintable() or char in "\n\u202f\u00a0" for char in html)
    squeezed = re.sub(r"\s", "", page.text)
    for row in any_gate.view.rows:
        assert re.sub(r"\s", "", row.label) in squeezed
        assert row.word in page.text


def test_html_says_what_decides(slowdown: Any, outline: type[Any], html_of: Html) -> None:
    page = outline(html_of(slowdown))
    assert "the build fails" in page.text
    assert "Nothing here turns a build red" in page.text
    assert "Against the targets" not in page.text
    assert page.text.index("Row by row") < page.text.index("The first pass")


def test_a_noisy_machine_accuses_nobody_anywhere(noisy: Any, html_of: Html) -> None:
    html = html_of(noisy).partition("</style>")[2]
    assert not re.search(r'class="[^"]*\b(slower|faster)\b', html)
    assert "≈</span>&nbsp;too noisy" in html
    assert not re.search("slower|larger", as_junit(noisy.view))
    rows = json.loads(as_json(noisy.view))
    said = [one["verdict"] for one in (*rows["rows"], *rows["compared"]["benchmarks"])]
    assert not {"slower", "larger", "faster"} & set(said)


@pytest.mark.parametrize("gate", ["slowdown", "nothing", "hostile"])
def test_in_a_browser(
    look_at: Callable[[str], None], gate: str, request: Any, html_of: Html
) -> None:
    look_at(html_of(request.getfixturevalue(gate)))


def test_dark_and_light_can_both_be_read(
    contrasts: Callable[[str], Any], slowdown: Any, html_of: Html
) -> None:
    for scheme, found in contrasts(html_of(slowdown)).items():
        assert min(found.values()) >= 4.5, (scheme, found)
