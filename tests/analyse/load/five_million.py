"""How long five million recorded requests take: ``python tests/analyse/load/five_million.py``.

Both as one run of an hour at a rate, and as a comparison of twenty trials whose services take
turns; each is written, read back, analysed, judged and rendered (report.yaml, report.html).
Seconds, CPU and the highest resident memory of the process that does it are printed.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from made_load_runs import Maker, Requests, arrivals, conditions, make_profile

from perfkit.profile.value import Stage
from perfkit.recording import SideFacts
from perfkit.recording.load import LoadRecorder, SideReady, Window
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.recording.load import LoadRecording

REQUESTS = 5_000_000
TRIALS = 20
FACTS = SideFacts(python="/env/bin/python", version="3.12.1", pyperf="", packages=())


def requests_of(rate: float, seconds: float, rng: np.random.Generator) -> Requests:
    """Five names, one failure in a thousand, slow spells."""
    due = arrivals(rate, seconds)
    count = len(due)
    slow = 1 + 0.5 * (np.sin(due / 20) > 0.9)
    failed = rng.random(count) < 0.001
    return Requests(
        due=due,
        response=rng.lognormal(-4.6, 0.5, count) * slow,
        late=1e-4,
        slip=5e-5,
        outcome=failed.astype(np.int8),
        error=np.where(failed, 0, -1),
        request=rng.integers(5, size=count),
        requests=tuple(f"request {number}" for number in range(5)),
    )


def one_run(folder: Path) -> LoadRecording:
    """An hour, its ramps included."""
    rng = np.random.default_rng(1)
    rate = REQUESTS / 3600
    stages = (
        Stage(name="up", seconds=300.0, target=rate, role="ramp"),
        Stage(name="hold", seconds=3000.0, target=rate, role="hold"),
        Stage(name="down", seconds=300.0, target=rate, role="ramp"),
    )
    limits = conditions("p(95)<150ms", "rate(errors)<1%", "rss<280MB")
    maker = Maker(folder, make_profile(stages, start=rate, thresholds=limits))
    at = np.arange(0.0, 3600.0, 0.2)
    samples = {Side.BASELINE: {"at": at, "cpu": at * 0.7, "rss": 80_000_000 + at * 100}}
    maker.add(0, requests_of(rate, 3600.0, rng), samples=samples)
    return maker.recording()


def comparison(folder: Path) -> LoadRecording:
    """Trials of a minute."""
    rng = np.random.default_rng(2)
    rate = REQUESTS / TRIALS / 60
    sides = (Side.BASELINE, Side.CANDIDATE)
    stages = (Stage(name="hold", seconds=60.0, target=rate, role="hold"),)
    maker = Maker(folder, make_profile(stages), sides)
    windows = tuple(Window(begin=k, end=k + 1.0, target=k % 2) for k in range(60))
    at = np.arange(0.0, 60.0, 0.2)
    one = {"at": at, "cpu": at * 0.35, "rss": 80_000_000 + at * 100}
    for trial in range(TRIALS):
        requests = requests_of(rate, 60.0, rng)
        requests.target = np.floor(requests.due).astype(np.int64) % 2
        maker.add(trial, requests, windows=windows, samples=dict.fromkeys(sides, one))
    return maker.recording()


def save(recording: LoadRecording) -> None:
    """Write the recording's lines, as a session does."""
    recorder = LoadRecorder(recording.folder)
    recorder.append(recording.run)
    for side in {side for start in recording.starts.values() for side in start.sides}:
        recorder.append(SideReady(side=side, facts=FACTS))
    for name, start in recording.starts.items():
        for line in (start, recording.origins[name], recording.ends[name]):
            recorder.append(line)
        recorder.append(recording.trials[start.trial])
    for finish in recording.finishes:
        recorder.append(finish)
    recorder.close()


def show(folder: Path) -> None:
    """Analyse and render; in a process of its own, so that its memory is its own."""
    started, used = time.perf_counter(), time.process_time()
    from perfkit.recording.load import read_load
    from perfkit.session.load.outcome import load_outcome_of, write_load_reports

    recording = read_load(folder)
    outcome = load_outcome_of(recording, interrupted=False)
    judged = time.perf_counter() - started
    write_load_reports(outcome)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(  # noqa: T201 - figures to read
        f"{folder.name}: {judged:.1f} s to judge, {seconds:.1f} s with both reports "
        f"(CPU {used:.1f} s), {memory:.0f} MiB at most"
    )


def main() -> None:
    """Make both runs and show each."""
    with tempfile.TemporaryDirectory() as folder:
        for make in (one_run, comparison):
            place = Path(folder) / make.__name__
            place.mkdir()
            save(make(place))
            size = sum(path.stat().st_size for path in place.rglob("*.arrow"))
            print(f"{make.__name__}: {size / REQUESTS:.1f} bytes a request")  # noqa: T201
            subprocess.run(
                [sys.executable, __file__, os.fspath(place)], check=True, cwd=Path(__file__).parent
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        show(Path(sys.argv[1]))
    else:
        main()
