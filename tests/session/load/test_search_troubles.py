"""Probes that cannot be made: what was measured is kept."""

from __future__ import annotations

import math
import shlex
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("busy_machine")]
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
    assert stand.code(outcome) == 0


def test_a_service_that_never_started_fails_at_once(stand: Any) -> None:
    outcome = search(stand, 1)
    assert outcome.result.breakpoints == ()
    assert len(outcome.recording.failures) == 1
    assert stand.code(outcome) == 4


def test_a_service_that_never_starts_again_has_failed(stand: Any) -> None:
    """Though something was measured before: what was asked for cannot be told."""
    outcome = search(stand, 2, 3, 4)
    (point,) = outcome.result.breakpoints
    assert [(one.level, one.good) for one in point.probes] == [
        (10.0, True),
        (20.0, None),
        (20.0, None),
        (20.0, None),
    ]
    assert (point.low, point.valid) == (10.0, False)
    assert len(outcome.recording.failures) == 3
    assert outcome.result.failures == outcome.recording.failures[-1:]
    assert stand.code(outcome) == 4
    (caveat,) = [one for one in outcome.result.caveats if one.code == "breakpoint-invalid"]
    assert caveat.remedy.startswith("see the logs")
    assert outcome.view.verdict.count(outcome.result.failures[0].reason.rstrip(".")) == 1
