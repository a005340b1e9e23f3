from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perfkit.report.load.as_json import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def read(made: Any) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    document: dict[str, Any] = json.loads(as_json(made.view), parse_constant=refuse)
    return document


def keys(found: Any) -> Iterator[str]:
    for one in found.values() if isinstance(found, dict) else found:
        if isinstance(one, dict | list):
            yield from keys(one)
    yield from found if isinstance(found, dict) else ()


def test_as_kept(compared: Any, kept: Callable[[str, str], None]) -> None:
    kept("compared.json", as_json(compared.view))


def test_it_is_strict_and_has_every_top_level_key(any_load: Any, compared: Any) -> None:
    document = read(any_load)
    assert list(document) == list(read(compared))
    assert document["verdict"] == any_load.view.verdict


def test_every_documented_key_is_there(
    compared: Any, searched: Any, died: Any, invalid: Any
) -> None:
    words = (as_json.__doc__ or "").split("``")[1::2]
    documented = {word for word in words if word.isidentifier()}
    found = {key for made in (compared, searched, died, invalid) for key in keys(read(made))}
    assert documented - found <= {"better", "worse"}


def test_values_are_numbers_in_base_units(failing: Any, searched: Any) -> None:
    first = read(failing)["thresholds"][0]
    assert (first["holds"], first["limit"], first["value"]["value"]) == ("FAIL", 0.15, 0.163)
    assert read(failing)["thresholds"][3]["value"] is None
    assert read(searched)["breakpoints"][1]["high"] is None


def test_better_and_worse_whatever_the_metric(compared: Any) -> None:
    rows = {row["metric"]: row["verdict"] for row in read(compared)["comparison"]}
    assert rows["p95 response"] == "better"
    assert rows["memory (RSS)"] == "worse"


def test_its_size_does_not_grow_with_the_length_of_the_run(long: Any) -> None:
    assert len(as_json(long.view)) < 2_000_000
