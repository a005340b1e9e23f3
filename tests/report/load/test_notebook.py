from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from perfkit.report.load.notebook import load_table
from perfkit.report.wording import printable


def test_every_run_is_well_formed(any_load: Any) -> None:
    text = load_table(any_load.view)
    tree = ET.fromstring(f"<div>{text}</div>")  # noqa: S314 - our own
    told = "".join(tree.find("p").itertext())  # type: ignore[union-attr]
    assert told == printable(any_load.view.verdict)
    assert not [one.tag for one in tree.iter() if one.tag in {"script", "svg"}]


def test_a_comparison(compared: Any) -> None:
    text = load_table(compared.view)
    assert text.count("<tr>") == 2 + len(compared.view.rows) + len(compared.view.thresholds)
    assert "p95 response" in text
    assert "p(95)&lt;150ms" in text


def test_an_invalid_generator_says_so(invalid: Any) -> None:
    assert "✕ INVALID" in load_table(invalid.view)


@pytest.mark.parametrize("word", ["throughput", "maximum throughput"])
def test_what_is_better_the_more(word: str, compared: Any, better: Any) -> None:
    for one in (compared, better):
        for row in one.view.rows:
            if row.name == word:
                assert f"{word} (more is better)" in load_table(one.view)
