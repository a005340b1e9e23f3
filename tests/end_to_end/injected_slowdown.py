"""A known slowdown in one of fifteen benchmarks, checked for real; says how the gate did.

    python tests/end_to_end/injected_slowdown.py [--times 10] [--slowdown 5] [--python 3.12]

Issue 4, section 4.2: red in at least 95 %, the right row named, the others quiet, five minutes.
The runs stay in the folder it names, for ``tests/decide/gate/replay_checks.py``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from perfkit.decide.gate.judge import judge_gate
from perfkit.decide.gate.rules import CONFIRM_CONTROL
from perfkit.plan import GATE
from perfkit.recording import read

NAME = "injected"
OTHERS = (
    *("asyncio_tasks", "datetime_decimal_uuid", "jinja2_render", "json_dumps", "json_loads"),
    *("logging_requests", "pydantic_validate_python", "pydantic_validate_json"),
    *("pydantic_dump_json", "pydantic_nested", "pydantic_union", "python_objects"),
    *("python_iteration", "python_exceptions"),
)
SCRIPT = f"""
import os
import pyperf

UNITS = range(1000 + 10 * int(os.environ.get("SLOWDOWN", "0")))


def work():
    found = {{}}
    for number in UNITS:
        found[number % 97] = found.get(number % 89, 0) + number
    return found


if __name__ == "__main__":
    pyperf.Runner().bench_func("{NAME}", work)
"""


def run_once(script: Path, output: Path, python: str, slowdown: int) -> tuple[Path, float]:
    """One check in a process of its own; its folder, and its wall seconds."""
    suite = str(Path(__file__).parents[2] / "benchmarks")
    command = [sys.executable, "-m", "perfkit", "check", "--python", python, "--quiet"]
    command += ["--candidate-env", f"SLOWDOWN={slowdown}", "--output", str(output)]
    began = time.monotonic()
    done = subprocess.run(
        [*command, str(script), suite, *OTHERS, NAME], capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stderr)
    newest = max(output.iterdir(), key=lambda folder: folder.stat().st_mtime)
    return newest, time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--slowdown", type=int, default=5)
    parser.add_argument("--python", default="3.12")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="perfkit-injected-"))
    script = folder / "bm_injected.py"
    script.write_text(SCRIPT)
    right = 0
    for number in range(arguments.times):
        where, seconds = run_once(script, folder / "runs", arguments.python, arguments.slowdown)
        recording = read(where)
        result = judge_gate(recording, GATE)
        red = [row.id for row in result.rows if row.verdict.red]
        mine = next(row for row in result.rows if row.id == NAME)
        right += red == [NAME]
        null = recording.series(NAME, CONFIRM_CONTROL)
        change = "" if mine.ratio is None else f"{mine.ratio.value - 1:+.1%}"
        print(  # noqa: T201 - figures to read
            f"{number + 1:3}  {result.outcome:10} red: {', '.join(red) or 'none':12} {change}, "
            f"{len(null)} null blocks, {len(result.rows)} rows, {seconds:.0f} s",
            flush=True,
        )
    print(f"the right row alone in {right} of {arguments.times}; runs in {folder / 'runs'}")  # noqa: T201


if __name__ == "__main__":
    main()
