from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from perfkit.errors import ProvisionError
from perfkit.provision.differences import package_differences, with_dependencies
from perfkit.provision.installer import as_lock, pinned_versions, requirement_name
from perfkit.provision.pairing import (
    Wanted,
    asked_differently,
    requirements_of,
    resolve_pair,
)
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from perfkit.provision.installer import Lock

Offer = dict[str, dict[str, list[str]]]
"""Versions with wheels for each Python, by package: ``{"a": {"3.12": ["1", "2"]}}``."""


@dataclass(slots=True)
class FakeInstaller:
    """Takes the preferred version if it is on offer for that Python, else the newest."""

    wheels: Offer
    sources: Offer = field(default_factory=dict)
    calls: int = 0

    @property
    def name(self) -> str:
        return "fake"

    def resolve(
        self,
        interpreter: Interpreter,
        requirements: Sequence[str],
        *,
        prefer: Mapping[str, str],
        wheels_only: bool,
        work: Path,  # noqa: ARG002
    ) -> Lock:
        self.calls += 1
        chosen = {}
        for text in requirements:
            wanted = Requirement(text)
            offered = list(self.wheels.get(wanted.name, {}).get(interpreter.version, []))
            if not wheels_only:
                offered += self.sources.get(wanted.name, {}).get(interpreter.version, [])
            fitting = [version for version in offered if wanted.specifier.contains(version)]
            if not fitting:
                raise ProvisionError(f"no {wanted.name}", output=f"no version of {wanted.name}")
            newest = max(fitting, key=Version)
            liked = prefer.get(wanted.name)
            chosen[wanted.name] = liked if liked in fitting else newest
        return as_lock(f"{name}=={version}" for name, version in chosen.items())

    def build_wheel(self, interpreter: Interpreter, source: Path, into: Path) -> None:
        raise NotImplementedError

    def install(
        self, interpreter: Interpreter, lock: Lock, folder: Path, *, wheels_only: bool
    ) -> None:
        raise NotImplementedError


def wanted(side: Side, version: str, *requirements: str) -> Wanted:
    interpreter = Interpreter(
        executable=f"/{version}",
        implementation="cpython",
        version=version,
        free_threaded=False,
        build="",
        config_args="",
        platform="",
        found_by="fake",
    )
    variant = Variant(side=side, interpreter=interpreter, requirements=(), environ=(), flags=())
    return Wanted(
        variant=variant,
        requirements=requirements,
        own=(),
        asked=frozenset((requirement_name(text), text) for text in requirements),
    )


def resolve(
    offer: Offer, first: Wanted, second: Wanted, work: Path, sources: Offer | None = None
) -> tuple[dict[str, str], dict[str, str], bool]:
    installer = FakeInstaller(wheels=offer, sources=sources or {})
    pair = resolve_pair(first, second, installer=installer, work=work)
    assert installer.calls <= 20
    return pinned_versions(pair.baseline), pinned_versions(pair.candidate), pair.wheels_only


def test_the_older_python_decides_whichever_side_it_is(tmp_path: Path) -> None:
    offer: Offer = {"a": {"3.9": ["1", "2"], "3.13": ["1", "2", "3"]}}
    for old, new in (("3.9", "3.13"), ("3.13", "3.9")):
        first, second, _ = resolve(
            offer, wanted(Side.BASELINE, old, "a"), wanted(Side.CANDIDATE, new, "a"), tmp_path
        )
        assert first == second == {"a": "2"}


def test_no_common_version_is_a_difference(tmp_path: Path) -> None:
    offer: Offer = {
        "a": {"3.9": ["1"], "3.13": ["3"]},
        "b": {"3.9": ["1", "2"], "3.13": ["1", "2", "3"]},
    }
    first, second, _ = resolve(
        offer,
        wanted(Side.BASELINE, "3.13", "a", "b"),
        wanted(Side.CANDIDATE, "3.9", "a", "b"),
        tmp_path,
    )
    assert (first, second) == ({"a": "3", "b": "2"}, {"a": "1", "b": "2"})


def test_a_version_with_wheels_on_both_sides_wins_over_a_newer_one(tmp_path: Path) -> None:
    offer: Offer = {"a": {"3.12": ["1", "2"], "3.13": ["1"]}}
    sources: Offer = {"a": {"3.13": ["2"]}}
    first, second, wheels_only = resolve(
        offer,
        wanted(Side.BASELINE, "3.12", "a"),
        wanted(Side.CANDIDATE, "3.13", "a"),
        tmp_path,
        sources,
    )
    assert first == second == {"a": "1"}
    assert wheels_only


def test_sources_are_used_when_there_is_no_wheel(tmp_path: Path) -> None:
    sources: Offer = {"a": {"3.12": ["1"], "3.13": ["1"]}}
    first, second, wheels_only = resolve(
        {},
        wanted(Side.BASELINE, "3.12", "a"),
        wanted(Side.CANDIDATE, "3.13", "a"),
        tmp_path,
        sources,
    )
    assert first == second == {"a": "1"}
    assert not wheels_only


def test_without_a_network_nothing_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer = FakeInstaller(wheels={})
    calls: list[bool] = []

    def fail(*_: object, wheels_only: bool, **__: object) -> Lock:
        calls.append(wheels_only)
        raise ProvisionError("no", output="cause: Failed to fetch: https://x.example/simple/a/")

    monkeypatch.setattr(FakeInstaller, "resolve", fail)
    with pytest.raises(ProvisionError):
        resolve_pair(
            wanted(Side.BASELINE, "3.12", "a"),
            wanted(Side.CANDIDATE, "3.13", "a"),
            installer=installer,
            work=tmp_path,
        )
    assert calls == [True]


@pytest.mark.parametrize("newest", ["1", "2"])
def test_what_is_asked_to_differ_differs(tmp_path: Path, newest: str) -> None:
    # With b == 1 the baseline has to follow the candidate, but not in what is to differ.
    offer: Offer = {
        "a": {"3.12": ["1", "2"], "3.13": ["1", "2"]},
        "b": {"3.12": ["1", "2"], "3.13": ["1", newest]},
    }
    first, second, _ = resolve(
        offer,
        wanted(Side.BASELINE, "3.12", "a", "b"),
        wanted(Side.CANDIDATE, "3.13", "a==1", "b"),
        tmp_path,
    )
    assert first == {"a": "2", "b": newest}
    assert second == {"a": "1", "b": newest}


def test_the_side_that_fails_is_named(tmp_path: Path) -> None:
    offer: Offer = {"a": {"3.12": ["1"]}}
    with pytest.raises(ProvisionError) as caught:
        resolve(
            offer,
            wanted(Side.BASELINE, "3.12", "a"),
            wanted(Side.CANDIDATE, "3.13", "a"),
            tmp_path,
        )
    assert caught.value.side is Side.CANDIDATE
    assert caught.value.output == "no version of a"


releases = st.lists(st.integers(1, 6).map(str), min_size=1, unique=True)


@given(data=st.dictionaries(st.sampled_from("abcd"), st.tuples(releases, releases), min_size=1))
def test_sides_agree_whenever_one_can_follow_the_other(
    data: dict[str, tuple[list[str], list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    offer: Offer = {name: {"3.12": one, "3.13": other} for name, (one, other) in data.items()}
    names = sorted(data)
    first, second, _ = resolve(
        offer,
        wanted(Side.BASELINE, "3.12", *names),
        wanted(Side.CANDIDATE, "3.13", *names),
        tmp_path_factory.getbasetemp(),
    )
    for name, (one, other) in data.items():
        newest = (max(one, key=Version), max(other, key=Version))
        if newest[0] in other or newest[1] in one:
            assert first[name] == second[name]


def test_pins_win_over_the_script_and_the_user_over_pins() -> None:
    script = ("Mako>=1", "six")
    pins = ("mako==1.2.2", "markupsafe==2.1.1\t")
    assert requirements_of(script=script, pins=pins, variant=()) == (
        "mako==1.2.2",
        "markupsafe==2.1.1",
        "pyperf>=2.9",
        "six",
    )
    with_own = requirements_of(script=script, pins=pins, variant=("mako==1.3",))
    assert "mako==1.2.2" not in with_own
    assert {"mako==1.3", "Mako>=1"} <= set(with_own)


@pytest.mark.parametrize("text", ["six=1", "--index-url https://x", "-r other.txt", "", "./here"])
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(ProvisionError, match="no requirement"):
        requirements_of(script=(text,), pins=(), variant=("six",))


def test_asked_differently_goes_by_name() -> None:
    first = wanted(Side.BASELINE, "3.12", "A==1", "b", "c")
    second = wanted(Side.CANDIDATE, "3.13", "a==2", "b")
    assert asked_differently(first, second) == {"a", "c"}


def test_with_dependencies_follows_circles() -> None:
    needs = {"a": ["b"], "b": ["c", "a"], "d": ["a"]}
    assert with_dependencies(frozenset({"a"}), needs) == {"a", "b", "c"}
    assert with_dependencies(frozenset(), needs) == frozenset()


def test_a_lock_is_names_and_versions() -> None:
    lock = as_lock(
        ["# made by x", "--index-url y", "", "b_c==2 ; python_version > '3'", "a @ file:///w.whl"]
    )
    assert lock == ("a @ file:///w.whl", "b_c==2 ; python_version > '3'")
    assert pinned_versions(lock) == {"b-c": "2"}


def test_differences_of_what_a_changed_package_needs_are_intended() -> None:
    before = {"packages": [["a", "1"], ["b", "1"], ["c", "1"], ["d", "1"]], "needs": {"a": ["b"]}}
    after = {"packages": [["a", "2"], ["b", "2"], ["c", "2"], ["d", "1"]], "needs": {}}
    found = package_differences(before, after, asked=frozenset({"a"}))
    assert [(d.name, d.intended) for d in found] == [("a", True), ("b", True), ("c", False)]
