"""A profile that goes out and comes back is the same."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import PlanError
from perfkit.profile import library
from perfkit.profile.parse import load_profile, parse_profile
from perfkit.profile.write import profile_text, profile_to_yaml

if TYPE_CHECKING:
    from perfkit.profile.value import Profile

CWD = Path.cwd()


def there_and_back(profile: Profile) -> None:
    text = profile_to_yaml(profile)
    assert parse_profile(text, profile.source) == profile
    elsewhere = Path("/else/where.yaml")
    assert parse_profile(text, elsewhere) == replace(profile, source=elsewhere)


@pytest.mark.parametrize("name", library.built_in())
def test_built_in_profiles(name: str) -> None:
    path = library.find(name, CWD)
    there_and_back(load_profile(path))
    assert profile_text(path) == path.read_text(encoding="utf-8")


def test_options_of_a_k6_script_become_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text('{"stages": [{"duration": "30s", "target": 20}]}')
    found = parse_profile(profile_text(path, requested="/orders"), path)
    assert found == load_profile(path, requested="/orders")
    assert [one.path for one in found.scenario.requests] == ["/orders"]
    with pytest.raises(PlanError, match="--path belongs to the options"):
        profile_text(library.find("smoke", CWD), requested="/orders")


HARD = [
    *("1e5", "010", "on", "null", "~", "1:30", "5m", "- a", "*a", "&a b", "a: b", "#", "${user}"),
    *("ä\u2028ö", "a\tb", "'", '"', "\\n", "  x  ", "%", "!!str x", "=", "<<", ".5", "-.inf"),
]


@pytest.mark.parametrize("text", HARD)
def test_texts_that_look_like_something_else(text: str) -> None:
    profile = load_profile(library.find("constant-rate", CWD))
    (request,) = profile.scenario.requests
    (check, *_) = request.checks
    request = replace(request, body=text, checks=(replace(check, body=text),))
    scenario = replace(profile.scenario, requests=(request,), variables=(("a", (text, "b")),))
    there_and_back(replace(profile, scenario=scenario))


@pytest.mark.parametrize("text", ["", "x\ny", "x\n", "\n\nx", "\x07\r\n\t", "long " * 100])
def test_bodies(text: str) -> None:
    profile = load_profile(library.find("constant-rate", CWD))
    (request,) = profile.scenario.requests
    scenario = replace(profile.scenario, requests=(replace(request, body=text),))
    there_and_back(replace(profile, scenario=scenario))


@pytest.mark.parametrize(
    "body", [" ", "\x1b", "\n", "x" * 39 + " y", "\ud800".encode("utf-8", "replace").decode()]
)
def test_names_of_checks(body: str) -> None:
    """A check without a name is called by what it looks for, whatever that is."""
    document = copy.deepcopy(BASE)
    document["scenario"]["requests"][0]["checks"] = [{"body": body}]
    there_and_back(parse_profile(yaml.safe_dump(document), Path("/x/smoke.yaml")))


BASE: dict[str, Any] = yaml.safe_load(library.find("smoke", CWD).read_text(encoding="utf-8"))

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["5s", "1%", "/x", "${user}", "${", "p(95)<1s", "p(50)>1s for 1s", "hold", "open", 10**30]
    ),
    st.lists(st.sampled_from(["5s", 200, "a", None, {}]), max_size=3),
    st.dictionaries(
        st.sampled_from(["get", "status", "users", "a"]), st.integers(0, 9), max_size=2
    ),
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found = [(value, key) for key, _ in pairs]
    for container, key in tuple(found):
        if isinstance(container[key], dict | list):
            found += spots(container[key])
    return found


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_is_changed_is_refused_in_order_or_goes_round(data: st.DataObject) -> None:
    document = copy.deepcopy(BASE)
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(spots(document)))
        container[key] = data.draw(ODD)
    text = yaml.safe_dump(document, allow_unicode=True)
    try:
        profile = parse_profile(text, Path("/x/smoke.yaml"))
    except PlanError as error:
        told = [problem.what for problem in error.problems]
    else:
        there_and_back(profile)
        told = []
    assert all(what.startswith("smoke.yaml: ") for what in told)
