"""A policy of one's own: part of the recording, whatever becomes of its file."""

from __future__ import annotations

import shutil
from typing import Any

from perfkit.plan import resume_plan
from perfkit.recording import read
from perfkit.session.show import load, show

POLICY = """
version: 1
sections:
  My Own Heading: {measure: benchmark time, benchmarks: [a], target: 10%, required: true}
overall: {target: 10%, required: false}
no_regressions: {required: false}
proceed: GO
"""


def titles(folder: Any) -> list[str]:
    return [one.title for one in load(folder).view.assessment.sections]


def test_a_run_is_judged_by_its_own_policy_from_the_recording_alone(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    path = place.folder / "mine.yaml"
    path.write_text(POLICY)
    known = place.prepared(policy=str(path))
    assert known.run.policy == POLICY
    path.unlink()
    moved = place.folder / "elsewhere"
    shutil.move(known.folder, moved)
    assert titles(moved) == ["My Own Heading"]
    assert resume_plan(read(moved)).policy is None
    show(moved)
    assert "My Own Heading" in (moved / "report.yaml").read_text()


def test_without_a_policy_it_is_perfkits_own(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    known = place.prepared()
    assert known.run.policy is None
    assert "JSON Serialization" in titles(known.folder)
