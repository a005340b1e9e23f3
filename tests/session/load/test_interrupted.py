"""Ctrl-C at any moment, and going on afterwards."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PlanError
from perfkit.recording import FILE_NAME
from perfkit.recording.compare import SideFacts
from perfkit.session.load.run import _check_sides as check_sides
from perfkit.session.progress import LoadDone, LoadSecond, LoadStarted, Stage, Started
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.session.progress import Event

pytestmark = pytest.mark.slow
TWO = {"baseline": "3.12", "candidate": "3.13"}


def at(kind: type[Event], number: int = 1, **content: Any) -> Callable[[Event], bool]:
    """True of the n-th event of a kind."""
    seen = 0

    def is_it(event: Event) -> bool:
        nonlocal seen
        matches = all(getattr(event, name, None) == value for name, value in content.items())
        if isinstance(event, kind) and matches:
            seen += 1
            return seen == number
        return False

    return is_it


@pytest.mark.parametrize(
    ("moment", "reason", "measured"),
    [
        (at(Started), None, False),
        (at(Stage, name="provision"), None, False),
        (at(Stage, name="start"), None, False),
        (at(LoadStarted), "interrupted", False),
        (at(LoadSecond, 1), "interrupted", True),
        (at(LoadDone), "finished", True),
    ],
    ids=["begun", "provisioning", "starting", "load begins", "under load", "load over"],
)
def test_at_any_moment(
    stand: Any, moment: Callable[[Event], bool], reason: str | None, *, measured: bool
) -> None:
    outcome = stand.run(listener=stand.told(moment))
    known = outcome.recording
    assert outcome.interrupted
    assert known.finishes[-1].status == "interrupted"
    ends = [end.reason for end in known.ends.values()]
    assert ends == ([] if reason is None else [reason])
    if reason is not None:
        assert len(outcome.events("t00")) <= 80
    assert all(end.seconds >= 0 for end in known.ends.values())
    if measured:
        assert outcome.result.sides[0].overall.sent > 0


def test_a_run_of_one_is_not_resumed(stand: Any) -> None:
    outcome = stand.run(listener=stand.told(at(Stage, name="start")))
    with pytest.raises(PlanError, match="nothing to go on with"):
        stand.resume(outcome.folder)


def files_of(folder: Path, trial: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("events", "service")
        for path in (folder / part).glob(f"{trial}*")
    }


def test_a_comparison_goes_on(stand: Any) -> None:
    listener = stand.told(at(LoadSecond, 4))  # two seconds a trial: in the second one
    cut = stand.run(**TWO, trials=2, listener=listener)
    assert cut.interrupted
    assert list(cut.recording.trials) == [0]
    assert cut.recording.ends["t01"].reason == "interrupted"
    before = (cut.folder / FILE_NAME).read_bytes()
    kept = files_of(cut.folder, "t00")
    told = stand.told()
    outcome = stand.resume(cut.folder, listener=told)
    known = outcome.recording
    assert not outcome.interrupted
    assert (cut.folder / FILE_NAME).read_bytes().startswith(before)
    assert files_of(cut.folder, "t00") == kept
    assert [one.what for one in told.of(LoadStarted)] == ["trial 2"]
    assert (known.starts["t00"].attempt, known.starts["t01"].attempt) == (0, 1)
    assert all("t01-1-" in file for file in known.starts["t01"].events)
    assert known.starts["t01"].windows == cut.recording.starts["t01"].windows
    assert known.ends["t01"].reason == "finished"
    assert list(known.trials) == [0, 1]
    assert [one.status for one in known.finishes] == ["interrupted", "finished"]
    assert outcome.result.trials == 2
    assert [one.unchecked for one in known.resumed] == [("what the command starts",)]
    assert "program-unchecked" in {one.code for one in outcome.result.caveats}


@pytest.mark.parametrize(
    ("python", "changes", "words"),
    [
        ("/cache/environments/key/env/bin/python", {}, None),
        ("/elsewhere/environments/key/env/bin/python", {}, None),
        ("/cache/environments/new/env/bin/python", {}, "a local project with other content"),
        ("/cache/environments/new/env/bin/python", {"version": "3.12.9"}, "Python 3.12.9 after 3"),
        (
            "/cache/environments/new/env/bin/python",
            {"packages": (("b", "2"), ("c", "1"))},
            "a gone after 1, b 2 after 1, c 1 after none",
        ),
    ],
)
def test_a_side_whose_environment_has_changed_is_not_gone_on_with(
    python: str, changes: dict[str, Any], words: str | None
) -> None:
    before = SideFacts(
        python="/cache/environments/key/env/bin/python",
        version="3.12.1",
        pyperf="",
        packages=(("a", "1"), ("b", "1")),
    )
    known: Any = SimpleNamespace(sides={Side.CANDIDATE: before})
    now = {
        Side.BASELINE: replace(before, version="3.9"),  # not recorded yet
        Side.CANDIDATE: replace(before, python=python, **changes),
    }
    if words is None:
        check_sides(known, now)
        return
    with pytest.raises(PlanError, match="the candidate is not what it was") as caught:
        check_sides(known, now)
    assert words in str(caught.value)
