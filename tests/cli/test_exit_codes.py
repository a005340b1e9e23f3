from __future__ import annotations

import pytest

from perfkit.cli.exit_codes import HELP, MEANINGS, ExitCode, of_error, of_run
from perfkit.errors import (
    InterpreterNotFoundError,
    NothingFoundError,
    PerfkitError,
    PlanError,
    RecordingError,
    WritingError,
)


@pytest.mark.parametrize(
    ("interrupted", "failed", "measured", "code"),
    [
        (False, False, True, 0),
        (False, True, True, 4),
        (False, True, False, 4),
        (False, False, False, 3),
        (True, False, True, 130),
        (True, True, False, 130),
    ],
)
def test_of_run(interrupted: bool, failed: bool, measured: bool, code: int) -> None:  # noqa: FBT001
    assert of_run(interrupted=interrupted, failed=failed, measured=measured) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PerfkitError("x"), 2),
        (PlanError([PerfkitError("x"), NothingFoundError("y")]), 2),
        (PlanError([NothingFoundError("x"), NothingFoundError("y")]), 3),
        (NothingFoundError("x"), 3),
        (InterpreterNotFoundError("x"), 2),
        (RecordingError("x"), 2),
        (WritingError("x"), 4),
    ],
)
def test_of_error(error: PerfkitError, code: int) -> None:
    assert of_error(error) == code


def test_every_code_is_documented() -> None:
    assert set(MEANINGS) == set(ExitCode)
    for code, text in MEANINGS.items():
        assert f"{code:d}" in HELP
        assert text in HELP
