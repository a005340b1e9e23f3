"""The end of a load run: its result on one stream, what to do next on the other."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "analyse" / "load"))

from made_load_runs import Maker, Requests, arrivals, make_profile

from perfkit.cli.exit_codes import ExitCode
from perfkit.cli.finish import finish_load
from perfkit.errors import WritingError
from perfkit.recording.compare import Finish
from perfkit.session.load import outcome as session
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.session.load.outcome import LoadOutcome

SPEECH = {"quiet": False, "no_color": True}


def made(
    folder: Path, *, sides: int = 1, interrupted: bool = False, empty: bool = False
) -> LoadOutcome:
    folder.mkdir()
    maker = Maker(folder, make_profile(), tuple(Side)[:sides])
    due = arrivals(50, 30)
    if not empty:
        maker.add(0, Requests(due, np.full(len(due), 0.02)), sides=(Side.BASELINE,))
    status = "interrupted" if interrupted else "finished"
    finish = Finish(status=status, seconds={"total": 31.0, "measure": 30.5})
    known = maker.recording(finishes=(finish,))
    return session.load_outcome_of(known, interrupted=interrupted)


@pytest.mark.parametrize("as_json", [True, False])
def test_after_an_interruption_the_command_that_goes_on_stands_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    found = made(tmp_path / "a run", sides=2, interrupted=True)
    assert finish_load(found, as_json=as_json, **SPEECH) is ExitCode.INTERRUPTED
    out, err = capsys.readouterr()
    assert (
        err == f"perfkit: interrupted; go on with: perfkit load --resume '{tmp_path / 'a run'}'\n"
    )
    if as_json:
        assert json.loads(out)["state"] == "interrupted"


@pytest.mark.parametrize("empty", [False, True])
def test_a_run_of_one_is_not_said_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, empty: bool
) -> None:
    finish_load(made(tmp_path / "run", interrupted=True, empty=empty), as_json=False, **SPEECH)
    out, err = capsys.readouterr()
    assert "--resume" not in out + err
    what = "nothing was measured" if empty else "what was measured is kept"
    assert err == f"perfkit: interrupted; {what}, a new run begins anew\n"


def test_reports_that_cannot_be_written_hide_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _text: str) -> None:
        raise WritingError(
            "a report cannot be written: No space left on device", remedy="make room"
        )

    monkeypatch.setattr(session, "write_whole", full)
    found = session.reported(made(tmp_path / "run"))
    assert found.unwritten is not None
    assert finish_load(found, as_json=False, **SPEECH) is ExitCode.FAILED
    out, err = capsys.readouterr()
    assert out.startswith(found.view.verdict[:40])
    assert "No space left on device" in err
    assert "Traceback" not in err


def test_what_came_after_the_measuring_is_counted(tmp_path: Path) -> None:
    found = made(tmp_path / "run")
    before = dict(found.view.seconds)["total"]
    after = dict(session.reported(found).view.seconds)
    assert list(after)[-2:] == ["reports", "total"]
    assert after["total"] == pytest.approx(before + after["reports"])
