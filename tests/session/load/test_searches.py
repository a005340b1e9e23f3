"""Searches of two sides, with services that exist in name only: which probe comes when."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.loadtest.failure import ServiceError
from perfkit.recording.load import LoadRecorder, SegmentEnd, SegmentStart, read_load
from perfkit.session.load import run as module
from perfkit.session.load import search as searching
from perfkit.session.load.segment import Ended
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.analyse.load.value import ProbeResult
    from perfkit.recording.load import LoadRecording
    from perfkit.session.load.segment import Segment

CAPACITY = {Side.BASELINE: 100.0, Side.CANDIDATE: 80.0}


class Searching:
    """A session's search whose probes are answered by rule.

    Attributes:
        probes: ``(search, side, level)`` in order.
        fails: Numbers of probes whose service does not start.
    """

    def __init__(self, stand: Any, folder: Path, **options: Any) -> None:
        said = {"from_": 20, "probe": "1s", "baseline": "3.11", "candidate": "3.11", **options}
        self.plan = stand.plan("breakpoint", **said)
        self.folder = folder
        self.probes: list[tuple[int, Side, float]] = []
        self.fails: set[int] = set()
        self.told: list[Any] = []

    def run_segment(self, bench: Any, segment: Segment, recorder: LoadRecorder) -> Ended:
        del bench
        (side,) = segment.sides
        recorder.append(
            SegmentStart(
                id=segment.id,
                trial=segment.trial,
                attempt=0,
                sides=segment.sides,
                windows=(),
                level=segment.level,
                events=(),
                samples=(),
                pins={},
                search=segment.search,
            )
        )
        self.probes.append((segment.search, side, segment.level or 0.0))
        if segment.trial in self.fails:
            raise ServiceError("no licence left", side=side, stage="start", detail="")
        end = SegmentEnd(id=segment.id, reason="finished", detail="", seconds=1.0, workers=())
        recorder.append(end)
        return Ended(end=end, side=None)

    def judge_probe(self, recording: LoadRecording, start: SegmentStart) -> ProbeResult:
        from perfkit.analyse.load.value import ProbeResult

        failed = [one.reason for one in recording.failures if one.trial == start.trial]
        level = start.level or 0.0
        return ProbeResult(
            trial=start.trial,
            side=start.sides[0],
            level=level,
            good=None if failed else level < CAPACITY[start.sides[0]],
            reason=failed[0] if failed else "",
            throughput=level,
            p50=0.01,
            p95=0.02,
            error_rate=0.0,
            valid=True,
            search=start.search,
        )

    def __call__(self) -> bool:
        bench: Any = SimpleNamespace(
            plan=self.plan, sides=tuple(Side), folder=self.folder, listener=self.told.append
        )
        recorder = LoadRecorder(self.folder)
        try:
            if not (self.folder / "recording.jsonl").stat().st_size:
                recorder.append(module._header(self.plan))
            return searching.search(bench, read_load(self.folder), recorder)
        finally:
            recorder.close()


@pytest.fixture
def made(stand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Searching]:
    def make(**options: Any) -> Searching:
        stand.profile(broken='break: ["p(95)>=5s"]')
        found = Searching(stand, tmp_path / "run", **options)
        monkeypatch.setattr(searching, "run_segment", found.run_segment)
        monkeypatch.setattr(searching, "judge_probe", found.judge_probe)
        return found

    return make


def test_each_side_is_searched_as_often_as_asked_for(made: Callable[..., Searching]) -> None:
    search = made(trials=6)
    assert search()
    numbers = [number for number, _, _ in search.probes]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(6))
    firsts = {(n, side): level for n, side, level in reversed(search.probes)}
    assert len(set(firsts.values())) == 12  # each begins at a level of its own
    order = [next(side for n, side, _ in search.probes if n == number) for number in range(6)]
    assert order.count(Side.BASELINE) == 3  # neither side always comes first
    for number in range(6):
        sides = [side for n, side, _ in search.probes if n == number]
        counts = {side: sides.count(side) for side in Side}
        half = sides[: 2 * min(counts.values())]
        assert half[::2].count(half[0]) == len(half) // 2  # in turn
    later = [level for (number, _), level in firsts.items() if number > 0]
    assert min(later) > 20  # nobody starts from far below again
    recorded = read_load(search.folder)
    assert [one.search for one in recorded.starts.values()] == numbers


def test_it_goes_on_where_it_was_ended(made: Callable[..., Searching]) -> None:
    whole = made(trials=2)
    assert whole()
    lines = (whole.folder / "recording.jsonl").read_text().splitlines(keepends=True)
    for kept in (3, len(lines) // 2, len(lines) - 2):
        (whole.folder / "recording.jsonl").write_text("".join(lines[: 1 + kept // 3 * 3]))
        before = len(read_load(whole.folder).trials)
        rest = made(trials=2)
        rest.plan = whole.plan
        assert rest()
        assert rest.probes == whole.probes[before:]


def test_more_searches_are_not_made_where_one_found_no_end(
    made: Callable[..., Searching],
) -> None:
    search = made(trials=6, to=90)
    assert search()
    assert {number for number, _, _ in search.probes} == {0}


def test_a_side_that_cannot_go_on_leaves_the_other_alone(made: Callable[..., Searching]) -> None:
    """A probe whose service does not start is made again twice; what was found is kept."""
    search = made()
    assert search()
    whole = len(search.probes)
    third = search.probes[4]
    again = made()
    again.folder = search.folder.with_name("again")
    again.fails = {4, 6, 8}
    assert again()
    assert again.probes[:5] == search.probes[:5]
    assert again.probes.count(third) == 3
    side = third[1]
    other = [one for one in search.probes if one[1] is not side]
    assert [one for one in again.probes if one[1] is not side] == other
    assert len(again.probes) < whole + 3
    recorded = read_load(again.folder)
    assert [one.trial for one in recorded.failures] == [4, 6, 8]
    assert [recorded.trials[number].good for number in (4, 6, 8)] == [None] * 3


def test_a_side_that_has_told_nothing_yet_ends_it(made: Callable[..., Searching]) -> None:
    search = made()
    search.fails = {1}
    with pytest.raises(ServiceError, match="no licence left"):
        search()
    assert len(search.probes) == 2


def test_workers_from_elsewhere_do_not_come_back(made: Callable[..., Searching]) -> None:
    search = made(expect_workers=1)
    search.fails = {5}
    with pytest.raises(ServiceError, match="no licence left"):
        search()
    assert len(search.probes) == 6
