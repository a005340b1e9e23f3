"""Kill perfkit with SIGKILL at random moments, resume, and check that nothing was lost.

    python tests/end_to_end/kill_and_resume.py --times 30

Each round starts a run, kills it (during start-up, between blocks, while reports are written),
resumes it, kills that as well, … and lets the last one finish. After every kill it insists that

* every line that was seen in the recording before is still there,
* no more than the block under way (and the one started ahead) was begun but not recorded,
* no process of the run is left;

and at the end of each round that every series is complete, without gaps and duplicates, with one
loop count, and that every report is there. Linux only: it looks for processes in /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.errors import RecordingError
from perfkit.recording import FILE_NAME, Recording, read

REPORTS = ("report.yaml", "report.html", "baseline.json", "candidate.json")
LOG = "KILL_AND_RESUME_LOG"
PATIENCE = 60.0

SCRIPT = f"""
import os, time
import pyperf
with open(os.environ["{LOG}"], "a") as log:
    log.write(os.environ["PYTHONHASHSEED"] + "\\n")
runner = pyperf.Runner()
runner.bench_func("first", time.sleep, 0.002)
runner.bench_func("second", sum, range(5000))
"""


class LostError(AssertionError):
    """Something was lost, doubled, or left behind."""


def insist(condition: object, what: str) -> None:
    if not condition:
        raise LostError(what)


@dataclass
class Round:
    """One run, from its start to its end through several kills."""

    place: Path
    python: tuple[str, str]
    chance: random.Random
    longest: float
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    kept: bytes = b""
    moments: Counter[str] = field(default_factory=Counter)

    @property
    def output(self) -> Path:
        return self.place / self.token

    @property
    def log(self) -> Path:
        return self.place / f"{self.token}.log"

    def folder(self) -> Path | None:
        """The run folder, once there is one."""
        folders = list(self.output.glob("*")) if self.output.exists() else []
        insist(len(folders) <= 1, f"more than one run folder: {folders}")
        return folders[0] if folders else None

    def start(self, folder: Path | None) -> subprocess.Popen[bytes]:
        new = ["--baseline", self.python[0], "--candidate", self.python[1], "--time", "0.1"]
        new += ["--precision", "50%", "--margin", "99%", "--no-download"]
        new += ["--output", str(self.output), "bm_two.py"]
        asked = new if folder is None else ["--resume", str(folder)]
        return subprocess.Popen(
            [sys.executable, "-m", "perfkit", "compare", *asked, "--quiet"],
            cwd=self.place,
            env={**os.environ, LOG: str(self.log), "PERFKIT_CACHE": str(self.place / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, kills: int) -> int:
        """Run, kill and resume; the number of kills that were in time."""
        done = 0
        while True:
            last = done == kills
            process = self.start(self.readable())
            killed = not last and self.kill(process, self.chance.uniform(0, self.longest))
            _, words = process.communicate(timeout=PATIENCE * 5)
            self.check_nothing_is_left()
            if not killed:
                insist(process.returncode == 0, f"exit {process.returncode}: {words.decode()}")
                self.check_whole()
                return done
            done += 1
            self.check_kept()

    def kill(self, process: subprocess.Popen[bytes], after: float) -> bool:
        """Kill a process after some seconds; False when it ended before."""
        until = time.monotonic() + after
        while (left := until - time.monotonic()) > 0:
            if process.poll() is not None:
                return False
            self.watch()
            time.sleep(min(left, 0.01))
        self.watch()
        process.send_signal(signal.SIGKILL)
        return process.wait(PATIENCE) == -signal.SIGKILL

    def watch(self) -> None:
        """Remember every whole line seen, and that none seen before has gone."""
        folder = self.folder()
        with contextlib.suppress(FileNotFoundError):
            data = (folder / FILE_NAME).read_bytes() if folder else b""
            insist(data.startswith(self.kept), "a line that had been written is gone")
            self.kept = data[: data.rfind(b"\n") + 1]

    def readable(self) -> Path | None:
        """The run folder when it can be gone on with; else none, and it is removed."""
        folder = self.folder()
        if folder is None:
            return None
        try:
            read(folder)
        except RecordingError as error:
            insist("holds nothing yet" in str(error) or "no recorded run" in str(error), error)
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
            self.kept = b""
            self.log.unlink(missing_ok=True)
            return None
        return folder

    def check_kept(self) -> None:
        self.watch()
        folder = self.readable()
        if folder is None:
            self.moments["before there was a recording"] += 1
            self.log.unlink(missing_ok=True)
            return
        known = read(folder)
        self.check_order(known)
        if known.finishes:
            self.moments["while reports were written"] += 1
        elif known.starts:
            self.moments["while blocks were measured"] += 1
        else:
            self.moments["before the first block"] += 1
        recorded = {str(block.hash_seed) for block in known.blocks}
        begun = set(self.log.read_text().split()) - {"1"} if self.log.exists() else set()
        insist(recorded <= begun, "a block was recorded that never ran")
        allowed = len(known.ends) + 2  # started ahead of each series' end; under way; ahead of it
        lost = len(begun - recorded)
        insist(lost <= allowed, f"{lost} blocks begun are not recorded, {allowed} allowed")

    def check_order(self, known: Recording) -> None:
        keys = Counter((block.benchmark, block.series, block.index) for block in known.blocks)
        insist(max(keys.values(), default=1) == 1, "a block was recorded twice")
        for key in known.starts:
            blocks = known.series(*key)
            insist([b.index for b in blocks] == list(range(len(blocks))), f"{key} has gaps")
            insist({b.loops for b in blocks} <= {known.starts[key].loops}, f"{key}: other loops")

    def check_whole(self) -> None:
        self.watch()
        folder = self.folder()
        insist(folder, "there is no run folder")
        known = read(folder)
        self.check_order(known)
        names = ["first", "second"]
        insist(list(known.measured) == names, f"measured {list(known.measured)}")
        insist([name for name, _ in known.ends] == names, f"complete: {list(known.ends)}")
        insist(all(len(known.series(*key)) >= 10 for key in known.ends), "too few blocks")
        insist(known.finishes[-1].status == "finished", "it is not finished")
        insist(not known.cut, "the last line is cut")
        for name in REPORTS:
            insist((folder / name).stat().st_size > 0, f"{name} is missing")

    def check_nothing_is_left(self) -> None:
        until = time.monotonic() + PATIENCE
        while left := self.processes():
            insist(time.monotonic() < until, f"processes are left: {left}")
            time.sleep(0.05)

    def processes(self) -> list[str]:
        """Command lines of living processes that carry this round's token."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.token.encode() in (path / "environ").read_bytes():
                    command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found.append(f"{path.name} {command}")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=30, help="kills in all (default 30)")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments")
    parser.add_argument("--baseline", default="3.12")
    parser.add_argument("--candidate", default="3.13")
    parser.add_argument("--cache", type=Path, help="an existing cache, to save time")
    asked = parser.parse_args()
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="kill-and-resume-") as name:
        place = Path(name)
        (place / "bm_two.py").write_text(SCRIPT)
        if asked.cache is not None:
            (place / "cache").symlink_to(asked.cache.absolute())
        python, chance = (asked.baseline, asked.candidate), random.Random(seed)
        Round(place, python, chance, 0.0).run(0)  # fills the cache
        began = time.monotonic()
        Round(place, python, chance, 0.0).run(0)
        longest = time.monotonic() - began
        say(f"a run takes {longest:.1f} s; kills come at any moment of it")
        kills, moments, rounds = 0, Counter[str](), 0
        while kills < asked.times:
            one = Round(place, python, chance, longest)
            kills += one.run(min(chance.randint(2, 5), asked.times - kills))
            moments += one.moments
            rounds += 1
            say(f"{kills} of {asked.times} kills, {rounds} runs brought to their end")
    for moment, count in moments.most_common():
        say(f"  killed {moment}: {count}")
    say("every recorded block survived; nothing was doubled, left out or left running")
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
