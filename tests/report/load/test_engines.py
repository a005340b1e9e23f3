"""Loads of different engines: side by side, never taken together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perfkit.decide.load.engine_caveats import engine_caveats
from perfkit.decide.load.evidence import evidence_of
from perfkit.profile.value import Model
from perfkit.report.load.template import load_sections


def by_k6(recording: Any, **changes: Any) -> Any:
    run = recording.run
    method = replace(run.method, engine="k6", engine_version="1.1.0", generator="go1.24.4")
    return replace(recording, run=replace(run, method=method, **changes))


def test_sections_are_those_of_each_engine(better: Any) -> None:
    own = better.view
    other = replace(own, engine="k6 1.1.0 on go1.24.4, one process")
    together = load_sections([own, other])
    assert list(together) == ["k6", "locust"]
    assert together["k6"] == load_sections([other])
    assert together["locust"] == load_sections([own])
    assert "Memory Under Load" in load_sections([own, own])


def test_evidence_says_who_sent_it(better: Any) -> None:
    own = evidence_of(better.recording, better.result)
    other = evidence_of(by_k6(better.recording), better.result)
    assert own is not None
    assert other is not None
    assert other.label == f"{own.label}, sent by k6"


def test_caveats(better: Any) -> None:
    recording = better.recording
    assert list(engine_caveats(recording)) == []
    codes = [one.code for one in engine_caveats(by_k6(recording))]
    assert codes == ["k6-engine", "k6-in-turn"]
    profile = replace(recording.run.profile, model=Model.OPEN)
    alone = by_k6(recording, profile=profile, mode="single", candidate=None)
    assert [one.code for one in engine_caveats(alone)] == ["k6-engine", "k6-never-late"]
