"""Four ways to gate a pull request, on the same builds: who cries wolf, who sleeps, what it costs.

    python benchmarks/peers/compare.py                       # 5 builds of each case
    python benchmarks/peers/compare.py --repeats 1 --tools pyperf perfkit
    python benchmarks/peers/compare.py --repeats 0 --readme README.md       # the table again

A build is a pair of commits of a small repository (``project.py``). In a case without a change
nothing may be accused; in the others one of three tasks does 3, 5 or 10 % more work, the next in
each repetition, and that one alone may be accused. The tools (``tools.py``) judge the same builds
on the same machine and take turns in a shuffled order, so that none has the quiet hours. Seconds
are those of measuring and judging; environments are made before. pyperf and pytest-benchmark
import the package from its work tree, asv and perfkit also build and install it.

Every build is written to ``builds.jsonl`` at once; a run that was ended goes on where it stopped.
What else it needs is in ``scratch``, removed at the end. A repetition takes about 15 minutes on a
quiet machine.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import project
import tools

CASES = (0, 3, 5, 10)  # per cent
_MARKS = ("<!-- peers -->", "<!-- /peers -->")


def main() -> None:
    """Measure what is missing, then write the table."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that children are ended too
    options.output.mkdir(parents=True, exist_ok=True)
    record = options.output / "builds.jsonl"
    builds, scratch = read(record), options.output.absolute() / "scratch"
    done = {(one["tool"], one["case"], one["repeat"]) for one in builds if not one["error"]}
    for repeat, case, name in _turns(options.repeats, options.tools):
        if case in options.cases and (name, case, repeat) not in done:
            build = _build(name, case, repeat, scratch)
            with record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(build) + "\n")
            _say(json.dumps({key: build[key] for key in ("tool", "case", "accused", "seconds")}))
            builds.append(build)
    shutil.rmtree(scratch, ignore_errors=True)
    rows = summary(builds)
    facts = {"python": platform.python_version(), "cpus": os.cpu_count(), "rows": rows}
    (options.output / "peers.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    (options.output / "peers.md").write_text(table(rows), encoding="utf-8")
    if options.readme:
        _insert(options.readme, table(rows))
    _say(table(rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [tool.name for tool in tools.TOOLS]
    parser.add_argument("--repeats", type=int, default=5, help="builds of each case")
    parser.add_argument("--tools", nargs="+", choices=names, default=names)
    parser.add_argument("--cases", type=int, nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--output", type=Path, default=Path("reports/peers"))
    parser.add_argument("--readme", type=Path, help="put the table between its marks here")
    return parser.parse_args()


def _turns(repeats: int, names: list) -> Iterator:
    """Every (repetition, case, tool), shuffled within a repetition, the same each time."""
    for repeat in range(repeats):
        turns = [(repeat, case, name) for case in CASES for name in sorted(names)]
        random.Random(repeat).shuffle(turns)
        yield from turns


def _build(name: str, case: int, repeat: int, scratch: Path) -> dict:
    """Let a tool judge one build; what fails is recorded as no answer."""
    (kind,) = [tool for tool in tools.TOOLS if tool.name == name]
    task = project.TASKS[repeat % len(project.TASKS)]
    repository = scratch / "repository"
    project.make(repository)
    head = project.candidate(repository, case, task)
    trees = [
        project.checkout(repository, revision, scratch / "trees" / place)
        for revision, place in (("base", "base"), (head, "head"))
    ]
    tool, error, accused = kind(scratch), None, {}
    tool.install()
    load, start = os.getloadavg()[0], time.monotonic()
    try:
        accused = tool.judge(*trees)
    except (tools.ToolError, ValueError, KeyError, OSError) as problem:
        error = f"{type(problem).__name__}: {problem}"
        _say(f"{name}: {error}")
    seconds = round(time.monotonic() - start, 1)
    build = {"tool": name, "case": case, "repeat": repeat, "task": task if case else None}
    return {**build, "accused": accused, "seconds": seconds, "load": round(load, 2), "error": error}


def read(path: Path) -> list:
    """The builds recorded so far; a line cut short by a kill is dropped."""
    builds = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):
                builds.append(json.loads(line))
        path.write_text("".join(json.dumps(one) + "\n" for one in builds), encoding="utf-8")
    return builds


def summary(builds: list) -> list:
    """One row a rule: how often it was wrong, and how long a build took."""
    rows = []
    for tool in tools.TOOLS:
        mine = [one for one in builds if one["tool"] == tool.name]
        judged = [one for one in mine if not one["error"]]
        for rule, command in tool.rules.items() if judged else ():
            accused = [(one, set(one["accused"][rule])) for one in judged]
            unchanged = [names for one, names in accused if not one["case"]]
            innocent = [(names, set(project.TASKS) - {one["task"]}) for one, names in accused]
            found = {
                case: [one["task"] in names for one, names in accused if one["case"] == case]
                for case in CASES[1:]
            }
            row = {
                "rule": rule,
                "command": command,
                "red_builds": [sum(map(bool, unchanged)), len(unchanged)],
                "false_rows": [
                    sum(len(names & others) for names, others in innocent),
                    sum(len(others) for _, others in innocent),
                ],
                "found": {case: [sum(hits), len(hits)] for case, hits in found.items()},
                "seconds": statistics.median(one["seconds"] for one in judged),
                "unanswered": len(mine) - len(judged),
            }
            rows.append(row)
    return rows


def table(rows: list) -> str:
    """The rows in Markdown."""
    heads = [f"+{case} % found" for case in CASES[1:]]
    heads = ["judged by", "unchanged builds red", "unchanged benchmarks accused", *heads]
    lines = [f"| {' | '.join(heads)} | seconds a build |", "|---" * (len(heads) + 1) + "|"]
    for row in rows:
        counts = [row["red_builds"], row["false_rows"], *row["found"].values()]
        cells = [f"`{row['command']}`", *(f"{k} of {n}" for k, n in counts)]
        lines.append(f"| {' | '.join(cells)} | {row['seconds']:.0f} |")
    return "\n".join(lines) + "\n"


def _insert(path: Path, text: str) -> None:
    """Replace what stands between the marks."""
    whole = path.read_text(encoding="utf-8")
    before, found, rest = whole.partition(_MARKS[0])
    _, closed, after = rest.partition(_MARKS[1])
    if not found or not closed:
        sys.exit(f"{path} lacks {_MARKS[0]} … {_MARKS[1]}")
    path.write_text(f"{before}{_MARKS[0]}\n{text}{_MARKS[1]}{after}", encoding="utf-8")


def _say(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
