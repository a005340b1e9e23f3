from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perfkit.report.as_json import as_json

if TYPE_CHECKING:
    from collections.abc import Callable


def test_as_kept(stated: Any, golden: Callable[[str, str], None]) -> None:
    golden("typical.json", as_json(stated.view))


def test_every_documented_key_is_there(any_run: Any) -> None:
    document = json.loads(as_json(any_run.view))
    words = (as_json.__doc__ or "").split("``")[1::2]
    keys = set(_keys(document)) | {row["id"] for row in document["benchmarks"]}
    documented = {word for word in words if word.isidentifier()} - {"schema"}
    always = (
        documented - {"side", "stage", "reason", "detail"}
        if not any_run.view.failures
        else documented
    )
    per_row = {
        "id",
        "description",
        "ratio",
        "detectable",
        "p_value",
        "stopped",
        "control",
        "rss_ratio",
        "metric",
        "memory",
        "effects",
        "failure",
        "baseline_rss",
        "candidate_rss",
        "benchmark",
        "text",
        "remedy",
        "code",
        "value",
        "low",
        "high",
        "n",
    }
    assert always - per_row <= keys
    if any_run.view.rows:
        assert {"id", "ratio", "effects", "failure"} <= set(document["benchmarks"][0])


def _keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for one in value.values() for key in _keys(one))]
    if isinstance(value, list):
        return [key for one in value for key in _keys(one)]
    return []


def test_numbers_are_the_comparisons(typical: Any) -> None:
    rows = json.loads(as_json(typical.view))["benchmarks"]
    ratio = typical.result.rows[0].comparison.ratio
    assert rows[0]["ratio"]["value"] == ratio.value
    assert rows[0]["verdict"] == "slower"
    assert rows[-2]["failure"]["side"] == "candidate"
    assert rows[-1] | {"verdict": "not measured", "ratio": None, "failure": None} == rows[-1]


def test_what_is_infinite_is_null(interrupted: Any) -> None:
    row = json.loads(as_json(interrupted.view))["benchmarks"][0]
    assert row["ratio"]["high"] is None
    assert row["detectable"] is None
