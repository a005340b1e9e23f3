"""What is said of a benchmark while it is measured is what the report says later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.decide.gate.judge import judge_gate
from perfkit.decide.gate.rules import CONFIRM
from perfkit.decide.gate.telling import said_of_first_pass, said_of_fresh_blocks
from perfkit.settings import Metric

if TYPE_CHECKING:
    from perfkit.recording import Recording


@pytest.mark.parametrize(
    ("ratio", "about", "word"),
    [
        (1.0, {}, "within margin"),
        (1.05, {}, "suspected"),
        (1.0, {"spread": 0.2}, "open"),
        (1.0, {"count": 4}, "open"),
    ],
)
def test_of_the_first_pass(made: Any, ratio: float, about: dict[str, Any], word: str) -> None:
    recording = made.recording(made.blocks("a", ratio, **about))
    blocks = recording.series("a", "compare")
    said = said_of_first_pass(blocks, recording.measured["a"], made.policy, recording.run.goal)
    assert said is not None
    assert (said.word, said.metric) == (word, Metric.TIME)
    assert said.ratio == judge_gate(recording, made.policy).rows[0].screening


def test_of_the_metric_that_makes_it_so(made: Any) -> None:
    recording = made.recording(made.blocks("a", 1.0, memory=1.1))
    policy = replace(made.policy, metrics=(Metric.TIME, Metric.PEAK_MEMORY))
    goal, measured = recording.run.goal, recording.measured["a"]
    said = said_of_first_pass(recording.series("a", "compare"), measured, policy, goal)
    assert said is not None
    assert (said.word, said.metric) == ("suspected", Metric.PEAK_MEMORY)


@pytest.mark.parametrize(
    ("fresh", "null", "word"),
    [(1.06, 1.0, "confirmed"), (1.0, 1.0, "not confirmed"), (1.06, 1.05, "too noisy")],
)
def test_of_fresh_blocks(made: Any, fresh: float, null: float, word: str) -> None:
    recording = made.recording([*made.blocks("a", 1.05), *made.fresh("a", fresh, null=null)])
    said = said_of_fresh_blocks(recording, made.policy, "a")
    assert said is not None
    assert said.word == word
    assert said.ratio == judge_gate(recording, made.policy).rows[0].ratio


def without(recording: Recording, name: str) -> Recording:
    """As it was before a suspect got its fresh blocks."""
    blocks = [x for x in recording.blocks if x.benchmark != name or x.series == "compare"]
    ends = {key: end for key, end in recording.ends.items() if key != (name, CONFIRM)}
    return replace(recording, blocks=tuple(blocks), ends=ends)


def test_nothing_is_said_that_another_suspect_could_undo(made: Any) -> None:
    blocks = [*made.blocks("a", 1.05), *made.blocks("b", 1.05), *made.fresh("b", 1.06)]
    clear = made.recording([*blocks, *made.fresh("a", 1.06)])
    close = made.recording([*blocks, *made.fresh("a", 1.024)])
    for recording, early, late in ((clear, "confirmed", "confirmed"), (close, "open", "confirmed")):
        first = said_of_fresh_blocks(without(recording, "b"), made.policy, "a")
        last = said_of_fresh_blocks(recording, made.policy, "a")
        assert first is not None
        assert last is not None
        assert (first.word, last.word) == (early, late)
