from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from perfkit.machine import cpus, host

STAT = "cpu  9 0 0 9 0 0 0 9 0 0\ncpu0 1 2 3 4 5 6 7 8 100 100\ncpu2 1 0 0 1 0 0 0 2 0 0\nintr 5\n"


def test_facts_are_plain_values() -> None:
    facts = host.facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["cpus"]
    assert facts["cpu"]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_facts_too(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    def nothing(*_: object, **__: object) -> str:
        raise OSError("no such file")

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "read_text", nothing)
    monkeypatch.delattr("os.getloadavg")
    assert host.stolen(None) is None
    assert host.load() is None
    assert cpus.place(pin=True) == cpus.Placement(measuring=None, starting=frozenset())
    cpus.move(1, frozenset({0}))
    cpus.move_this_thread(frozenset({0}))
    assert host._cpu_model()
    assert host._virtualised() is None
    assert host._first_line(Path("x")) is None


def test_stolen_time_of_a_cpu_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _: STAT)
    assert host.stolen(0) == (8.0, 36.0)
    assert host.stolen(2) == (2.0, 4.0)  # cpu1 is offline
    assert host.stolen(None) == (9.0, 27.0)
    assert host.stolen(1) is None


def test_share_of_stolen_time() -> None:
    assert host.stolen_share((1.0, 10.0), (2.0, 14.0)) == 0.25
    assert host.stolen_share((1.0, 10.0), (1.0, 10.0)) == 0.0
    assert host.stolen_share(None, (1.0, 1.0)) is None


def test_moving_a_process_that_is_gone_does_nothing() -> None:
    cpus.move(2**22 + 1, frozenset({0}))
