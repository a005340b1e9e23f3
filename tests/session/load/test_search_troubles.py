"""Probes that cannot be made: what was measured is kept."""

from __future__ import annotations

import math
import shlex
from typing import Any

import pytest

from perfkit.cli.exit_codes import of_load
from perfkit.decide.load.standing import load_standing

pytestmark = pytest.mark.slow
FLAKY = """
import os, sys
path, fails, command = sys.argv[1], eval(sys.argv[2]), sys.argv[3:]
with open(path, "a+") as file:
    file.write("x")
    file.flush()
    start = file.tell()
if start in fails:
    sys.exit("no licence left")
os.execv(command[0], command)
"""
"""Runs a command, but fails at the starts named (from 1 on)."""


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others work on this machine meanwhile: a generator may be late, or busy, more than usual."""
    monkeypatch.setattr("perfkit.decide.load.validity.SLIP_AT_LEAST", 0.05)
    monkeypatch.setattr("perfkit.decide.load.validity.BUSY_SECONDS", 0.5)


def code(outcome: Any) -> int:
    standing = load_standing(outcome.recording, outcome.result)
    return of_load(
        interrupted=False,
        failed=standing.failed,
        broken=standing.broken,
        open_=standing.undecided,
    )


def flaky(stand: Any, *fails: int) -> str:
    """The tests' own service, which cannot be started those times."""
    script = stand.folder / "flaky.py"
    script.write_text(FLAKY)
    words = ["{python}", "-I", str(script), str(stand.folder / "starts"), repr(fails)]
    return f"{shlex.join(words)} {stand.command()}"


def search(stand: Any, *fails: int) -> Any:
    stand.profile(broken='break: ["p(95)>=5s"]')
    return stand.run("breakpoint", from_=10, to=20, probe="1s", command=flaky(stand, *fails))


def test_a_probe_whose_service_does_not_start_is_made_again(stand: Any) -> None:
    outcome = search(stand, 2)
    (point,) = outcome.result.breakpoints
    assert [(one.level, one.good) for one in point.probes] == [
        (10.0, True),
        (20.0, None),
        (20.0, True),
        (20.0, True),
    ]
    assert "no licence left" in point.probes[1].reason + outcome.recording.failures[0].detail
    assert (point.low, point.high, point.valid) == (20.0, math.inf, True)
    assert len(outcome.recording.failures) == 1
    assert outcome.result.failures == ()
    assert code(outcome) == 0


def test_a_service_that_never_started_fails_at_once(stand: Any) -> None:
    outcome = search(stand, 1)
    assert outcome.result.breakpoints == ()
    assert len(outcome.recording.failures) == 1
    assert code(outcome) == 4
