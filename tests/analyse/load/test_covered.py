from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_load_runs import make_profile

from perfkit.analyse.load.covered import Stretches, covered, without
from perfkit.profile.value import Stage
from perfkit.recording.load import SegmentStart, Window
from perfkit.variant import Side

STAGES = (
    Stage(name="up", seconds=2.0, target=10.0, role="ramp"),
    Stage(name="hold", seconds=6.0, target=10.0, role="hold"),
    Stage(name="jump", seconds=0.0, target=20.0, role="ramp"),
    Stage(name="high", seconds=4.0, target=20.0, role="stress"),
)


def start(windows: tuple[Window, ...] = ()) -> SegmentStart:
    return SegmentStart(
        id="t00",
        trial=0,
        attempt=0,
        sides=tuple(Side) if windows else (Side.BASELINE,),
        windows=windows,
        level=None,
        events=(),
        samples=(),
        pins={},
    )


def turns(width: float, count: int) -> tuple[Window, ...]:
    return tuple(Window(begin=k * width, end=(k + 1) * width, target=k % 2) for k in range(count))


def test_one_service_has_every_stage() -> None:
    found = covered(make_profile(STAGES), start(), 0, seconds=12.0, cut=0.0)
    assert found.begin.tolist() == [0, 2, 8]
    assert found.end.tolist() == [2, 8, 12]
    assert found.stage.tolist() == [0, 1, 3]


def test_a_load_that_ended_early_ends_there() -> None:
    found = covered(make_profile(STAGES), start(), 0, seconds=5.0, cut=0.0)
    assert found.end.tolist() == [2, 5]


def test_turns_lose_their_beginnings_and_are_split_at_stages() -> None:
    found = covered(make_profile(STAGES), start(turns(3.0, 4)), 1, seconds=12.0, cut=0.5)
    assert list(zip(found.begin, found.end, found.stage, strict=True)) == [
        (3.5, 6.0, 1),
        (9.5, 12.0, 3),
    ]


@given(
    st.floats(0.5, 12.0),
    st.floats(0.25, 4.0),
    st.floats(0.0, 0.2),
    st.floats(0, 12),
    st.floats(0, 5),
)
def test_no_moment_counts_twice_and_none_is_lost(
    seconds: float, width: float, cut: float, begin: float, length: float
) -> None:
    profile, windows = make_profile(STAGES), turns(width, int(12 / width) + 1)
    moments = np.random.default_rng(0).uniform(-1, 13, 2000)
    both = []
    for target in (0, 1):
        whole = covered(profile, start(windows), target, seconds=seconds, cut=cut)
        rest = without(whole, begin, begin + length)
        index = rest.find(moments)
        inside = index >= 0
        assert (moments[inside] >= rest.begin[index[inside]]).all()
        assert (moments[inside] < rest.end[index[inside]]).all()
        assert not (inside & (moments >= begin) & (moments < begin + length)).any()
        both.append(whole.find(moments) >= 0)
    assert not (both[0] & both[1]).any()
    if cut == 0:
        assert ((both[0] | both[1]) == ((moments >= 0) & (moments < seconds))).all()


def test_nothing_is_found_in_nothing() -> None:
    empty = Stretches(np.empty(0), np.empty(0), np.empty(0, dtype=np.int32))
    assert empty.find(np.array([0.0, 1.0])).tolist() == [-1, -1]
    assert empty.within(0.0, 1.0) == 0.0
    assert without(empty, 0.0, 1.0).begin.tolist() == []


def test_seconds_within() -> None:
    found = covered(make_profile(STAGES), start(turns(3.0, 4)), 0, seconds=12.0, cut=0.0)
    assert found.within(1.0, 7.0) == pytest.approx(3.0)
