"""The run directory's `recording.jsonl`: append-only, versioned, resumable.

One JSON object a line; the key ``kind`` names what it is and the rest are the fields of one of the
types in `KINDS`. Raw observations are the artefact: every verdict, plot and report can be
recomputed from this file. A line is written by one ``write`` call as soon as it is known, so that a
crash loses at most the line under way; a cut last line is tolerated when reading and removed when
writing goes on.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from perfkit.benchmark import Benchmark
from perfkit.block import Block, Failure
from perfkit.errors import RecordingError, WritingError
from perfkit.settings import Goal, Method
from perfkit.variant import Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import TypeAdapter

SCHEMA = 1
FILE_NAME = "recording.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The first line: what was asked for, of whom, where.

    Attributes:
        schema: Version of this format.
        id: Name of the run, also of its folder.
        command: ``"compare"`` or ``"aa"``.
        created: Local time with offset, ISO 8601.
        perfkit: perfkit's version.
        seed: Root of every random choice of the run.
        goal: What the comparison was to reach.
        method: How turns are cut.
        baseline: The baseline as planned.
        candidate: The candidate as planned.
        host: Facts of the machine; text or numbers by name.
        cwd: Folder the run was started in.
        benchmarks: The BENCHMARK arguments.
        control: A null comparison was asked for.
        comparisons: Number of comparisons (``aa``); None for ``compare``.
        inject: Slowdown injected into the candidate, as a fraction; 0.0 for none.
        policy: Text (YAML) of the user's policy, or None for perfkit's own.
        redacted: Credentials were removed from a requirement or variable, so it cannot be resumed.
    """

    schema: int
    id: str
    command: str
    created: str
    perfkit: str
    seed: int
    goal: Goal
    method: Method
    baseline: Variant
    candidate: Variant
    host: dict[str, str | int | float | None]
    cwd: str
    benchmarks: tuple[str, ...]
    control: bool
    comparisons: int | None
    inject: float
    policy: str | None
    redacted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFacts:
    """What one side really ran with, for one benchmark.

    Attributes:
        python: Executable of the environment.
        version: ``sys.version`` as the measured process told it.
        pyperf: Version of pyperf inside the environment.
        packages: ``(name, version)`` of what is installed.
    """

    python: str
    version: str
    pyperf: str
    packages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A benchmark that is to be measured; all of a run's are recorded before the first block.

    Attributes:
        benchmark: The benchmark.
        baseline: Facts of the baseline's environment.
        candidate: Facts of the candidate's environment.
        intended: Names of packages the sides were asked to differ in.
        pinned: Both processes of a block share one CPU.
    """

    benchmark: Benchmark
    baseline: SideFacts
    candidate: SideFacts
    intended: tuple[str, ...]
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStart:
    """A series' first block is complete and its loop counts are frozen.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: Which series.
        loops: Loops of a timed turn.
        run_in: Loops of the untimed run-in before it.
        pairs: Pairs of turns in a block.
        spin: Rounds of injected busy loop.
    """

    benchmark: str
    series: str
    loops: int
    run_in: int
    pairs: int
    spin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEnd:
    """A series of blocks is complete.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: Which series.
        reason: ``"precision"``, ``"decided"`` or ``"budget"``.
        seconds: Wall time the series took, start-up included.
    """

    benchmark: str
    series: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Measuring came to an end that was not a crash. A resumed run has several.

    Attributes:
        status: ``"finished"`` or ``"interrupted"``.
        seconds: Wall seconds of this sitting by stage (``"provision"``, ``"discover"``, …).
    """

    status: str
    seconds: dict[str, float]


Line: TypeAlias = Run | Measured | SeriesStart | Block | Failure | SeriesEnd | Finish

KINDS: dict[str, type[Line]] = {
    "run": Run,
    "measured": Measured,
    "series-start": SeriesStart,
    "block": Block,
    "failure": Failure,
    "series-end": SeriesEnd,
    "finish": Finish,
}
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded run, read back.

    Attributes:
        folder: The run directory.
        run: The first line.
        measured: Benchmarks by id, in the order to be measured.
        starts: Frozen loop counts by ``(benchmark, series)``.
        blocks: Every complete block, in time order.
        failures: By benchmark id; the last one wins.
        ends: Finished series by ``(benchmark, series)``.
        finishes: One for each sitting that ended in order.
        cut: The last line was incomplete and has been left out.
    """

    folder: Path
    run: Run
    measured: dict[str, Measured]
    starts: dict[tuple[str, str], SeriesStart]
    blocks: tuple[Block, ...]
    failures: dict[str, Failure]
    ends: dict[tuple[str, str], SeriesEnd]
    finishes: tuple[Finish, ...]
    cut: bool

    def series(self, benchmark: str, series: str) -> tuple[Block, ...]:
        """The blocks of one series, by index."""
        found = [b for b in self.blocks if b.benchmark == benchmark and b.series == series]
        return tuple(sorted(found, key=lambda block: block.index))


class Recorder:
    """Appends lines to a recording, each with one system call.

    Raises:
        RecordingError: The folder or file cannot be written.
        WritingError: A line could not be written, or the disk is full; what was written before
            stays readable.
    """

    def __init__(self, folder: Path) -> None:
        """Open ``folder``'s recording for appending; a cut last line is removed first."""
        self.folder = folder
        self._path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _remove_cut_line(self._fd, self._path)
        except OSError as error:
            raise _unwritable(self._path, error, RecordingError) from error

    def append(self, line: Line) -> None:
        """Write one line, without the credentials of any URL in it."""
        record = _without_credentials({"kind": _KIND_OF[type(line)], **dataclasses.asdict(line)})
        data = json.dumps(record, default=str, allow_nan=False, separators=(",", ":")).encode()
        try:
            written = os.write(self._fd, data + b"\n")
            if written <= len(data):
                _remove_cut_line(self._fd, self._path)  # should anything be appended after all
        except OSError as error:
            raise _unwritable(self._path, error, WritingError) from error
        if written <= len(data):
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise _unwritable(self._path, full, WritingError)

    def close(self) -> None:
        """Close the file; further appends fail."""
        os.close(self._fd)


def read(folder: Path) -> Recording:
    """Read a run directory back.

    Args:
        folder: A run directory, or the path of its recording.jsonl.

    Raises:
        RecordingError: There is none, it is no recording, or of a schema this perfkit cannot read.
    """
    path = folder / FILE_NAME if folder.is_dir() else folder
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(
            "no recorded run here",
            got=str(folder),
            allowed=f"a folder that holds a {FILE_NAME}",
            remedy="name a run folder such as those under reports/",
        ) from error
    raw = data.split(b"\n")
    cut = raw.pop() != b""
    lines = [_parse(text, number, path) for number, text in enumerate(raw, 1)]
    return _assemble([line for line in lines if line is not None], path.parent, path, cut=cut)


def _parse(text: bytes, number: int, path: Path) -> Line | None:
    try:
        record: dict[str, Any] = json.loads(text)
        kind = record.pop("kind")
        if number == 1 and (kind != "run" or record.get("schema") != SCHEMA):
            raise RecordingError(
                "the recording has another format than this perfkit reads",
                got=f"{kind} of schema {record.get('schema')}",
                allowed=f"run of schema {SCHEMA}",
                remedy="use the perfkit version that wrote it",
            )
        if kind not in KINDS:
            return None  # written by a later perfkit of the same schema: additions are allowed
        line: Line = _adapter(kind).validate_python(record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RecordingError(
            f"line {number} of the recording cannot be read",
            got=text[:80].decode(errors="replace"),
            remedy=f"remove the damaged line from {path} to use the rest",
        ) from error
    return line


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(KINDS[kind])


def _assemble(lines: Sequence[Line], folder: Path, path: Path, *, cut: bool) -> Recording:
    if not lines or not isinstance(lines[0], Run):
        raise RecordingError(
            "the recording holds nothing yet", got=str(path), remedy="start the run again"
        )
    return Recording(
        folder=folder,
        run=lines[0],
        measured={x.benchmark.id: x for x in lines if isinstance(x, Measured)},
        starts={(x.benchmark, x.series): x for x in lines if isinstance(x, SeriesStart)},
        blocks=tuple(x for x in lines if isinstance(x, Block)),
        failures={x.benchmark: x for x in lines if isinstance(x, Failure)},
        ends={(x.benchmark, x.series): x for x in lines if isinstance(x, SeriesEnd)},
        finishes=tuple(x for x in lines if isinstance(x, Finish)),
        cut=cut,
    )


def _remove_cut_line(fd: int, path: Path) -> None:
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        os.ftruncate(fd, data.rfind(b"\n") + 1)


def _unwritable(path: Path, error: OSError, kind: type[RecordingError]) -> RecordingError:
    return kind(
        f"the recording cannot be written: {error.strerror}",
        got=str(path),
        remedy="make room or name another folder with --output, then go on with --resume",
    )


_CREDENTIALS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)"
    r"(?!git@)"  # a name, not a secret: git+ssh://git@…
    r"[^/?#\s]+@"  # to the last @, since a password may hold one
)


def redact(text: str) -> str:
    """Replace the credentials of any URL in a text.

    >>> redact("pkg @ git+https://me:secret@example.org/pkg")
    'pkg @ git+https://***@example.org/pkg'
    """
    return _CREDENTIALS.sub(r"\g<scheme>***@", text)


def _without_credentials(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _without_credentials(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_credentials(one) for one in value]
    return value


def redacted(variant: Variant) -> Variant:
    """The variant as it may be written to disk: without credentials."""
    return dataclasses.replace(
        variant,
        requirements=tuple(map(redact, variant.requirements)),
        environ=tuple((name, redact(value)) for name, value in variant.environ),
    )
