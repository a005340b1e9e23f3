"""The run directory's file: what is written comes back, whatever happens to its end."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from perfkit import recording
from perfkit.benchmark import Benchmark, Script
from perfkit.block import Block, Failure, SideTurns
from perfkit.decide.judge import judge_run
from perfkit.decide.verdict import Verdict
from perfkit.errors import RecordingError, WritingError
from perfkit.recording import (
    FILE_NAME,
    KINDS,
    SCHEMA,
    Confirming,
    Finish,
    Line,
    Measured,
    Recorder,
    Run,
    SeriesEnd,
    SeriesStart,
    SideFacts,
    Unpaired,
    read,
    redact,
    redacted,
)
from perfkit.settings import Goal, Method, Metric
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr3t"  # noqa: S105 - of nobody

VARIANT = Variant(
    side=Side.BASELINE,
    interpreter=Interpreter(
        executable="/opt/python",
        implementation="cpython",
        version="3.12.1",
        free_threaded=False,
        build="3.12.1 (main)",
        config_args="",
        platform="linux-x86_64",
        found_by="path",
    ),
    requirements=("six==1.17.0",),
    environ=(("A", "1"),),
    flags=("-X", "dev"),
)

RUN = Run(
    schema=SCHEMA,
    id="a-run",
    command="compare",
    created="2026-01-31T12:00:00+00:00",
    perfkit="0",
    seed=3,
    goal=Goal(confidence=0.95, precision=0.01, margin=0.02, budget=20.0, decided=False),
    method=Method(
        turn_seconds=0.005,
        pairs=8,
        run_in_seconds=0.001,
        warm_up_pairs=1,
        timeout=60.0,
        pin=True,
        overlap=True,
    ),
    baseline=VARIANT,
    candidate=dataclasses.replace(VARIANT, side=Side.CANDIDATE),
    host={"cpus": 2, "cpu": "a “fast” one", "load": 0.5, "governor": None},
    cwd="/home/me/not utf-8 \udcff",
    benchmarks=("bm_a.py", "json_*"),
    control=True,
    comparisons=None,
    inject=0.0,
    policy=None,
    redacted=False,
)

FACTS = SideFacts(python="/env/bin/python", version="3.12", pyperf="2.10.0", packages=(("a", "1"),))

MEASURED = Measured(
    benchmark=Benchmark(
        id="sums",
        name="sums",
        script=Script(
            path=Path("/benchmarks/bm_sums.py"),
            label="bm_sums",
            arguments=("--fast",),
            requirements=("six",),
            pins=("six==1.17.0",),
            requires_python=">=3.9",
            digest="00ff",
        ),
        task=1,
        inner_loops=10,
        description="Adds <numbers>\u2028 \x00",
    ),
    baseline=FACTS,
    candidate=FACTS,
    intended=("six",),
    pinned=True,
)

START = SeriesStart(benchmark="sums", series="compare", loops=9, run_in=2, pairs=2, spin=0)
END = SeriesEnd(benchmark="sums", series="compare", reason="precision", seconds=4.5)
FAILURE = Failure(
    benchmark="bm_boom", side=None, stage="start", reason="ValueError: boom", detail="a\nb"
)
FINISH = Finish(status="finished", seconds={"provision": 0.1, "total": 5.0})


def block(index: int) -> Block:
    turns = SideTurns(wall=(0.1, 1e-9), cpu=(0.1, 0.0), queued=(0.0, 0.0), peak_rss=None)
    return Block(
        benchmark="sums",
        series="compare",
        index=index,
        loops=9,
        order="BC",
        baseline=turns,
        candidate=dataclasses.replace(turns, peak_rss=10_000_000),
        hash_seed=7,
        started=1.7e9,
        startup_seconds=0.3,
        wait_seconds=0.1,
        run_in_seconds=0.02,
        timed_seconds=0.08,
        steal=None,
        load=0.25,
        injected=0.0,
    )


UNPAIRED = Unpaired(label="bm_gone", how="missing", reason="the candidate has it no more")
CONFIRMING = Confirming(blocks=(("sums", 20),), suspected=(("sums", Metric.TIME),))
LINES: list[Line] = [
    *(RUN, MEASURED, UNPAIRED, FAILURE, START, block(0), block(1), END),
    *(CONFIRMING, FINISH),
]


def write(folder: Path, *lines: Line) -> Path:
    recorder = Recorder(folder)
    for line in lines:
        recorder.append(line)
    recorder.close()
    return folder / FILE_NAME


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def put(path: Path, *lines: object) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_every_kind_of_line_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path / "run", *LINES)
    assert {type(line) for line in LINES} == set(KINDS.values())
    assert [one["kind"] for one in records(path)][:3] == ["run", "measured", "unpaired"]
    for there in (path, path.parent):
        known = read(there)
        assert known.folder == path.parent
        assert known.run == RUN
        assert known.measured == {"sums": MEASURED}
        assert known.starts == {("sums", "compare"): START}
        assert known.blocks == (block(0), block(1))
        assert known.failures == {"bm_boom": FAILURE}
        assert known.ends == {("sums", "compare"): END}
        assert known.unpaired == (UNPAIRED,)
        assert known.confirming == CONFIRMING
        assert known.finishes == (FINISH,)
        assert not known.cut


def test_what_older_recordings_do_not_tell(tmp_path: Path) -> None:
    path = write(tmp_path, RUN, UNPAIRED, FAILURE)
    old = records(path)
    added = {"run": ("chosen", "patterns"), "unpaired": ("had", "has", "told")}
    for line in old:
        for name in added.get(line["kind"], ("names",)):
            del line[name]
    put(path, *old)
    known = read(tmp_path)
    assert (known.run, known.unpaired) == (RUN, (UNPAIRED,))
    assert known.failures == {"bm_boom": FAILURE}


def test_blocks_of_a_series_by_index(tmp_path: Path) -> None:
    other = dataclasses.replace(block(0), series="control")
    known = read(write(tmp_path, RUN, block(1), other, block(0)))
    assert known.series("sums", "compare") == (block(0), block(1))
    assert known.series("sums", "control") == (other,)
    assert known.series("else", "compare") == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("confidence", 1.0), ("confidence", float("nan")), ("budget", -1.0), ("budget", 0.0)),
        *(("margin", 0.0), ("precision", -0.1), ("precision", float("inf"))),
    ],
)
def test_a_goal_nobody_can_have(tmp_path: Path, name: str, value: float) -> None:
    path = write(tmp_path, *LINES)
    run, *rest = records(path)
    put(path, {**run, "goal": {**run["goal"], name: value}}, *rest)
    with pytest.raises(RecordingError, match=f"the recording's {name} is impossible"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("wall", [0.1, float("nan")], "turn 1 of the baseline took nan s"),
        ("wall", [0.0, 0.1], "turn 0 of the baseline took 0 s"),
        ("queued", [0.2, 0.0], "turn 0 of the baseline took -0.1 s"),
        ("wall", [0.1], "it does not hold pairs of turns"),
    ],
)
def test_an_unusable_block_is_its_benchmarks_failure(
    tmp_path: Path, name: str, value: list[float], reason: str
) -> None:
    other = dataclasses.replace(block(0), benchmark="else")
    path = write(tmp_path, RUN, MEASURED, block(0), block(1), other)
    lines = records(path)
    lines[2]["baseline"][name] = value
    put(path, *lines)
    known = read(tmp_path)
    assert known.blocks == (other,)
    assert set(known.failures) == {"sums"}
    assert known.failures["sums"].reason == f"block 0 of 'compare' cannot be used: {reason}"
    judged = judge_run(dataclasses.replace(known, blocks=()))
    assert [(row.id, row.verdict) for row in judged.rows] == [("sums", Verdict.FAILED)]


def test_the_last_failure_wins(tmp_path: Path) -> None:
    again = dataclasses.replace(FAILURE, reason="other")
    assert read(write(tmp_path, RUN, FAILURE, again)).failures == {"bm_boom": again}


def test_a_line_is_written_by_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path)
    calls: list[bytes] = []
    monkeypatch.setattr(os, "write", lambda _fd, data: calls.append(data) or len(data))
    recorder.append(MEASURED)
    assert len(calls) == 1
    assert calls[0].endswith(b"\n")
    assert calls[0].count(b"\n") == 1


def test_a_last_line_cut_anywhere(tmp_path: Path) -> None:
    path = write(tmp_path, RUN, START, block(0))
    whole = path.read_bytes()
    begins = whole.rindex(b"\n", 0, -1) + 1
    for size in range(begins, len(whole)):
        path.write_bytes(whole[:size])
        known = read(tmp_path)
        assert known.blocks == ()
        assert known.cut is (size > begins)
        write(tmp_path, block(0))
        assert path.read_bytes() == whole
    assert read(tmp_path).blocks == (block(0),)


def test_a_first_line_cut_anywhere(tmp_path: Path) -> None:
    path = write(tmp_path, RUN)
    whole = path.read_bytes()
    for size in range(0, len(whole), 9):
        path.write_bytes(whole[:size])
        with pytest.raises(RecordingError, match="holds nothing yet"):
            read(tmp_path)
    write(tmp_path, RUN)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\0\0\0\0",
        b"\xff\xfe",
        b"{",
        b"3",
        b"null",
        b'"text"',
        b"[]",
        b"[[" * 50_000,
        b"{}",
        b'{"kind":["block"]}',
        b'{"kind":"block"}',
        b'{"kind":"series-end","benchmark":"a","series":"b","reason":"c","seconds":"soon"}',
    ],
)
def test_a_damaged_line_in_the_middle(tmp_path: Path, damage: bytes) -> None:
    path = write(tmp_path, RUN, START, block(0))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], damage + b"\n", *lines[1:]]))
    with pytest.raises(RecordingError, match="line 2 of the recording cannot be read") as caught:
        read(tmp_path)
    assert str(path) in str(caught.value)
    path.write_bytes(b"".join(lines))  # what the message says
    assert read(tmp_path).blocks == (block(0),)


@given(data=st.binary(max_size=60))
def test_no_content_breaks_reading(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / FILE_NAME
    path.write_bytes(data)
    with pytest.raises(RecordingError):
        read(path)


def test_later_additions_are_ignored(tmp_path: Path) -> None:
    path = write(tmp_path, *LINES)
    before = read(tmp_path)
    later = [{**one, "later": {"a": [1]}} for one in records(path)]
    put(path, later[0], {"kind": "of a later perfkit", "x": 1}, *later[1:])
    assert read(tmp_path) == before


@pytest.mark.parametrize("change", [{"schema": SCHEMA + 1}, {"schema": None}, {"kind": "block"}])
def test_another_schema_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path, RUN)
    put(path, {**records(path)[0], **change, "goal": "of another shape"})
    with pytest.raises(RecordingError, match="another format") as caught:
        read(tmp_path)
    assert "use the perfkit version that wrote it" in str(caught.value)


def test_no_run_here(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere" / FILE_NAME):
        with pytest.raises(RecordingError, match="no recorded run here"):
            read(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RecordingError, match="cannot be written") as caught:
            Recorder(folder)
        assert "--output" in str(caught.value)
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(RecordingError, match="cannot be written"):
        Recorder(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 KiB; needs root, as in a container."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("needs the right to mount; the next test shows the same with a fake")
    yield folder
    subprocess.run(["/bin/umount", folder], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    recorder = Recorder(small_disk / "run")
    recorder.append(RUN)
    count = 0

    def fill() -> None:
        nonlocal count
        for count in range(1000):
            recorder.append(block(count))

    with pytest.raises(WritingError, match="No space left") as caught:
        fill()
    recorder.close()
    assert "--resume" in str(caught.value)
    assert 0 < count < 1000
    known = read(small_disk / "run")
    assert [one.index for one in known.blocks] == list(range(count))
    assert not known.cut


@pytest.mark.parametrize("written", [0, 1, 100, -1])
def test_a_write_that_comes_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    recorder = Recorder(tmp_path)
    recorder.append(RUN)
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:written]))
    with pytest.raises(WritingError, match="No space left"):
        recorder.append(block(0))
    monkeypatch.undo()
    assert read(tmp_path).blocks == ()
    recorder.append(block(1))  # nothing of the first is left in between
    assert read(tmp_path).blocks == (block(1),)


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path)
    recorder.append(RUN)

    def fail(_fd: int, _data: bytes) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(WritingError, match="Input/output error"):
        recorder.append(block(0))
    assert read(tmp_path).run == RUN


def test_what_json_cannot_say_is_not_written(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.append(RUN)
    with pytest.raises(ValueError, match="JSON"):
        recorder.append(dataclasses.replace(END, seconds=float("nan")))
    assert read(tmp_path).ends == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"pkg @ git+https://me:{SECRET}@example.org/pkg", "pkg @ git+https://***@example.org/pkg"),
        ("https://user:p%40ss@example.org/x", "https://***@example.org/x"),
        (f"https://user:p@{SECRET}@example.org/x", "https://***@example.org/x"),
        (f"https://{SECRET}@example.org", "https://***@example.org"),
        (f"https://:{SECRET}@example.org", "https://***@example.org"),
        (f"https://me:it's\"{SECRET}é@example.org", "https://***@example.org"),
        (f"https://a:{SECRET}@x/y,http://{SECRET}@z/w", "https://***@x/y,http://***@z/w"),
        (f"https://a:{SECRET}@x https://b:{SECRET}@y", "https://***@x https://***@y"),
        (f"postgresql+psycopg://me:{SECRET}@db:5432/it", "postgresql+psycopg://***@db:5432/it"),
        ("git+https://example.org/pkg@v1.0", "git+https://example.org/pkg@v1.0"),
        ("git+ssh://git@example.org/pkg@v1.0", "git+ssh://git@example.org/pkg@v1.0"),
        ("https://example.org?mail=a@b#c@d", "https://example.org?mail=a@b#c@d"),
        ("file:///home/me@work/pkg", "file:///home/me@work/pkg"),
        ("pydantic[email]==2.11.*; python_version >= '3.9'",) * 2,
    ],
)
def test_credentials(text: str, wanted: str) -> None:
    assert redact(text) == wanted
    assert redact(wanted) == wanted
    variant = dataclasses.replace(VARIANT, requirements=(text,), environ=(("URL", text),))
    without = dataclasses.replace(VARIANT, requirements=(wanted,), environ=(("URL", wanted),))
    assert redacted(variant) == without


def test_no_line_holds_credentials(tmp_path: Path) -> None:
    url = f"https://me:{SECRET}@example.org/pkg"
    variant = dataclasses.replace(VARIANT, requirements=(url,), environ=(("URL", url),))
    script = dataclasses.replace(
        MEASURED.benchmark.script, requirements=(f"a @ {url}",), pins=(f"b @ {url}",)
    )
    path = write(
        tmp_path,
        dataclasses.replace(RUN, baseline=variant),
        dataclasses.replace(
            MEASURED, benchmark=dataclasses.replace(MEASURED.benchmark, script=script)
        ),
        dataclasses.replace(FAILURE, reason=f"no answer from {url}", detail=f"curl\n{url}"),
    )
    assert SECRET not in path.read_text()
    known = read(tmp_path)
    assert known.run.baseline.requirements == ("https://***@example.org/pkg",)
    assert known.failures["bm_boom"].detail == "curl\nhttps://***@example.org/pkg"


def test_schema_is_what_readers_of_today_expect() -> None:
    """Fields may be added; whoever renames or removes one must raise SCHEMA."""
    assert recording.SCHEMA == 1
    names = {kind: {field.name for field in dataclasses.fields(KINDS[kind])} for kind in KINDS}
    assert names["block"] >= {
        *("benchmark", "series", "index", "loops", "order", "baseline", "candidate", "hash_seed"),
        *("started", "startup_seconds", "wait_seconds", "run_in_seconds", "timed_seconds"),
        *("steal", "load", "injected"),
    }
    assert names["series-start"] >= {"benchmark", "series", "loops", "run_in", "pairs", "spin"}
    assert names["series-end"] >= {"benchmark", "series", "reason", "seconds"}
    assert names["measured"] >= {"benchmark", "baseline", "candidate", "intended", "pinned"}
    assert names["failure"] >= {"benchmark", "side", "stage", "reason", "detail"}
