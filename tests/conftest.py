"""What all tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import hypothesis
import pytest

# Time limits for examples would make a busy machine fail the tests.
hypothesis.settings.register_profile("perfkit", deadline=None)
hypothesis.settings.load_profile("perfkit")

ALONE: Final = (
    "end_to_end",
    "loadtest/engine/test_truth.py",
    "loadtest/engine/test_workers.py",
    "loadtest/engine/test_workers_elsewhere.py",
    "loadtest/engine/test_workers_namespaces.py",
    "loadtest/k6",
    "loadtest/test_null_server.py",
    "measure/test_clock.py",
    "measure/test_lockstep.py",
    "session/load/test_run.py",
    "session/load/test_search.py",
    "session/test_against_itself.py",
)
"""Folders and files of tests that hold measurements against a truth: nothing runs beside them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        if any(place == one or place.startswith(f"{one}/") for one in ALONE):
            item.add_marker(pytest.mark.alone)
