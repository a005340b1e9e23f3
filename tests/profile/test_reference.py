"""The reference of profiles tells what the parser takes."""

from __future__ import annotations

from pathlib import Path

from perfkit.profile import checks, parse, scenario, stages
from perfkit.profile.reference import EXAMPLE, reference, tables
from perfkit.profile.threshold import Metric
from perfkit.profile.value import BUILT_IN, ROLES, Arrivals, Model


def test_every_key_is_told_and_no_other() -> None:
    assert {name: set(keys) for name, keys in tables().items()} == {
        "a profile": {*parse.KEYS},
        "a stage": {*stages.STAGE_KEYS, *stages.LEVEL_KEY.values()},
        "a scenario": {*scenario.KEYS},
        "a request": {*scenario.REQUEST_KEYS},
        "a check": {"name", *checks.KINDS},
    }


def test_words_of_the_grammar_are_told() -> None:
    text = reference()
    assert max(map(len, text.splitlines())) <= 100
    for word in (*ROLES, *Model, *Arrivals, *(f"${{{one}}}" for one in BUILT_IN), "tolerance"):
        assert word in text
    for metric in Metric:
        assert ("p(95)" if metric is Metric.PERCENTILE else metric) in text
    for keys in tables().values():
        for key in keys:
            assert key in text


def test_defaults_are_the_parsers() -> None:
    text = " ".join(reference().split())
    assert "trials of a comparison; 10 unless said" in text
    assert "unless said 20% and 30 s" in text
    assert "has failed; 10 s unless said" in text


def test_the_example_is_right() -> None:
    profile = parse.parse_profile(EXAMPLE, Path("example.yaml"))
    assert profile.stage_notes == ()
    assert len(profile.scenario.requests) == 3
