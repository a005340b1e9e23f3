"""Synthetic runs: recordings with known effects, judged by the real pipeline."""

from __future__ import annotations

import dataclasses
import math
import os
import random
import shutil
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.estimate import Comparison, Estimate, MemoryComparison
from perfkit.benchmark import Benchmark, Script
from perfkit.block import Block, Failure, SideTurns
from perfkit.caveat import Caveat
from perfkit.decide.judge import judge_run, memory_rows
from perfkit.decide.policy import load_policy
from perfkit.decide.result import Result
from perfkit.decide.verdict import judge
from perfkit.recording import SCHEMA, Finish, Measured, Recording, Run, SeriesEnd, SideFacts
from perfkit.report.view import View, build_view
from perfkit.settings import Goal, Method, Metric
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


FOLDER = Path("reports/2026-11-23-3.12.1-vs-3.13.0-abc123")
GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<script>alert(1)</script>"
PAIRS = 8
TRACED = 50_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """A benchmark with a known truth."""

    name: str
    seconds: float = 1e-3
    ratio: float = 1.0
    spread: float = 0.012
    blocks: int = 14
    memory: float = 1.0
    traced: float | None = None
    control: float | None = None
    failure: Failure | None = None
    inner_loops: int = 1
    description: str = ""


@dataclass(frozen=True)
class Made:
    """A run in all its forms."""

    recording: Recording
    result: Result
    view: View


def interpreter(version: str) -> Interpreter:
    return Interpreter(
        executable=f"/opt/python/{version}/bin/python",
        implementation="cpython",
        version=version,
        free_threaded=False,
        build=f"{version} (main, Oct  7 2024, 05:02:14) [GCC 12.2.0]",
        config_args="'--enable-optimizations' '--with-lto'",
        platform="linux-x86_64",
        found_by="pyenv",
    )


def variant(side: Side, version: str) -> Variant:
    return Variant(
        side=side, interpreter=interpreter(version), requirements=(), environ=(), flags=()
    )


def make_run(
    cases: Sequence[Case],
    *,
    baseline: str = "3.12.1",
    candidate: str = "3.13.0",
    state: str | None = "finished",
    margin: float = 0.02,
    cut: bool = False,
) -> Made:
    run = Run(
        schema=SCHEMA,
        id=FOLDER.name,
        command="compare",
        created="2026-11-23T14:05:09+01:00",
        perfkit="0.1.0",
        seed=20261123,
        goal=Goal(confidence=0.95, precision=0.01, margin=margin, budget=12.0, decided=False),
        method=Method(
            turn_seconds=0.004,
            pairs=PAIRS,
            run_in_seconds=0.0005,
            warm_up_pairs=1,
            timeout=60.0,
            pin=True,
            overlap=True,
        ),
        baseline=variant(Side.BASELINE, baseline),
        candidate=variant(Side.CANDIDATE, candidate),
        host={"system": "Linux 6.8.0", "cpu": "Example CPU 3.0 GHz", "cpus": 2, "memory": None},
        cwd="/home/me/project",
        benchmarks=(),
        control=any(case.control is not None for case in cases),
        comparisons=None,
        inject=0.0,
        policy=None,
        redacted=False,
    )
    chance = random.Random(20261123)
    blocks = []
    for case in cases:
        if case.failure is None or case.blocks == 0:
            blocks += make_blocks(case, "compare", case.ratio, chance)
            if case.control is not None:
                blocks += make_blocks(case, "control", case.control, chance)
    recording = Recording(
        folder=FOLDER,
        run=run,
        measured={case.name: make_measured(case) for case in cases},
        starts={},
        blocks=tuple(blocks),
        failures={case.name: case.failure for case in cases if case.failure is not None},
        ends={
            (case.name, "compare"): SeriesEnd(
                benchmark=case.name, series="compare", reason="precision", seconds=8.0
            )
            for case in cases
            if case.blocks
        },
        unpaired=(),
        confirming=None,
        finishes=(
            ()
            if state is None
            else (
                Finish(
                    status=state,
                    seconds={"provision": 3.5, "discover": 2.0, "analysis": 1.2, "total": 180.0},
                ),
            )
        ),
        cut=cut,
    )
    return remake(recording)


def remake(recording: Recording) -> Made:
    result = judge_run(recording)
    return Made(recording, result, build_view(recording, result, load_policy(None)))


def make_measured(case: Case) -> Measured:
    def facts(version: str, anyio: str) -> SideFacts:
        return SideFacts(
            python=f"/cache/{version}/bin/python",
            version=version,
            pyperf="2.10.0",
            packages=(("anyio", anyio), ("pydantic", "2.12.4"), ("pyperf", "2.10.0")),
        )

    script = Script(
        path=Path("/home/me/project/benchmarks/bm.py"),
        label="bm",
        arguments=(),
        requirements=(),
        pins=(),
        requires_python=None,
        digest="0" * 64,
    )
    return Measured(
        benchmark=Benchmark(
            id=case.name,
            name=case.name,
            script=script,
            task=0,
            inner_loops=case.inner_loops,
            description=case.description,
        ),
        baseline=facts("3.12.1", "4.6.0"),
        candidate=facts("3.13.0", "4.6.2"),
        intended=(),
        pinned=True,
    )


def make_blocks(case: Case, series: str, ratio: float, chance: random.Random) -> list[Block]:
    loops = max(1, round(0.004 / case.seconds / case.inner_loops))
    made = []
    for index in range(case.blocks):
        level = case.seconds * loops * case.inner_loops * math.exp(chance.gauss(0, 0.03))
        effect = ratio * math.exp(chance.gauss(0, case.spread))
        left = tuple(level * math.exp(chance.gauss(0, 0.01)) for _ in range(PAIRS))
        right = tuple(level * effect * math.exp(chance.gauss(0, 0.01)) for _ in range(PAIRS))
        size = 24e6 * math.exp(chance.gauss(0, 0.002))
        traced = None if case.traced is None else int(TRACED * case.traced)
        made.append(
            Block(
                benchmark=case.name,
                series=series,
                index=index,
                loops=loops,
                order="BCCBCBBC",
                baseline=SideTurns(
                    wall=left,
                    cpu=left,
                    queued=(0.0,) * len(left),
                    peak_rss=int(size),
                    peak_traced=None if traced is None else TRACED,
                ),
                candidate=SideTurns(
                    wall=right,
                    cpu=right,
                    queued=(0.0,) * len(right),
                    peak_rss=int(size * case.memory),
                    peak_traced=traced,
                ),
                hash_seed=index,
                started=1.8e9 + index,
                startup_seconds=0.3,
                wait_seconds=0.15,
                run_in_seconds=0.02,
                timed_seconds=sum(left) + sum(right),
                steal=0.01,
                load=0.7,
                injected=0.0,
            )
        )
    return made


def state_result(made: Made) -> Made:
    """The same run with stated numbers, so that kept files depend on the rendering alone."""
    goal = made.recording.run.goal
    rows = tuple(
        dataclasses.replace(
            row,
            comparison=state_comparison(case),
            verdict=judge(ratio_of(case), 0.02),
            memory=memory_rows(state_comparison(case), None, goal),
        )
        if row.comparison
        else row
        for row, case in zip(made.result.rows, TYPICAL, strict=True)
    )
    caveats = [
        Caveat(
            code="wide",
            text=f"the interval of {name} is wide",
            remedy="raise --time",
            benchmark=name,
        )
        for name in ("python_startup", "json_dumps")
    ]
    mean = Estimate(value=0.98, low=0.975, high=0.986, confidence=0.95, n=98)
    seconds = {"provision": 3.5, "timed": 54.25, "other": 2.25, "total": 60.0}
    result = Result(
        rows=rows, geometric_mean=mean, tripped=(), caveats=tuple(caveats), seconds=seconds
    )
    return Made(made.recording, result, build_view(made.recording, result, load_policy(None)))


def ratio_of(case: Case) -> Estimate:
    return around(case.ratio, case.spread / 1.5)


def around(value: float, share: float) -> Estimate:
    ends = {"low": value * (1 - share), "high": value * (1 + share)}
    return Estimate(value=value, confidence=0.95, n=14, **ends)


def state_memory(metric: Metric, size: float, ratio: float) -> MemoryComparison:
    return MemoryComparison(
        metric=metric,
        ratio=around(ratio, 0.001),
        baseline=around(size, 0.002),
        candidate=around(size * ratio, 0.002),
        detectable=0.002,
        p_value=0.01,
    )


def state_comparison(case: Case) -> Comparison:
    return Comparison(
        benchmark=case.name,
        series="compare",
        ratio=ratio_of(case),
        baseline=around(case.seconds, 0.02),
        candidate=around(case.seconds * case.ratio, 0.02),
        memory=(
            state_memory(Metric.PEAK_MEMORY, 24e6, case.memory),
            *(
                [state_memory(Metric.TRACED_MEMORY, TRACED, case.traced)]
                if case.traced is not None
                else []
            ),
        ),
        detectable=case.spread,
        p_value=0.01,
        effects=(math.log(case.ratio),) * 14,
        between_share=0.8,
        stopped="precision",
        caveats=(),
    )


TYPICAL = (
    Case(
        name="json_dumps",
        seconds=1.25e-4,
        ratio=1.034,
        traced=1.12,
        description="json.dumps of 1000 items",
    ),
    Case(name="json_loads", seconds=2.4e-4, ratio=0.96, traced=1.0),
    Case(name="pydantic_settings", seconds=8.5e-5, ratio=0.86, memory=1.01, traced=0.9),
    Case(name="pydantic_validate_python", seconds=3.1e-5, ratio=1.001, spread=0.006),
    Case(name="pydantic_nested", seconds=6e-6, ratio=1.0, spread=0.006, inner_loops=10),
    Case(name="python_startup", seconds=1.23e-2, ratio=1.012, spread=0.03),
    Case(name="regex_log", seconds=3.3e-4, ratio=0.9995, spread=0.007),
    Case(
        name="sqlalchemy_orm",
        failure=Failure(
            benchmark="sqlalchemy_orm",
            side=Side.CANDIDATE,
            stage="start",
            reason="ModuleNotFoundError: No module named 'greenlet'",
            detail='Traceback (most recent call last):\n  File "bm.py", line 3\nModuleNotFound…',
        ),
    ),
    Case(name="asyncio_tasks", blocks=0),
)


@pytest.fixture(scope="session")
def typical() -> Made:
    return make_run(TYPICAL)


@pytest.fixture(scope="session")
def stated(typical: Made) -> Made:
    return state_result(typical)


@pytest.fixture(scope="session")
def clean() -> Made:
    """Everything measured, nothing slower, the guide's targets for benchmarks met."""
    ratios = {"json_dumps": 0.8, "pydantic_settings": 0.8, "json_loads": 0.9}
    return make_run([Case(name=name, ratio=ratio, memory=0.9) for name, ratio in ratios.items()])


@pytest.fixture(scope="session")
def noisy() -> Made:
    return make_run([Case(name="json_dumps", ratio=1.05, control=1.06), Case(name="other")])


@pytest.fixture(scope="session")
def itself() -> Made:
    cases = [Case(name=f"bench_{index}") for index in range(4)]
    return make_run([*cases, Case(name="fluke", ratio=1.04)], candidate="3.12.1")


@pytest.fixture(scope="session")
def interrupted() -> Made:
    cases = [Case(name="json_dumps", blocks=4), Case(name="json_loads", blocks=0)]
    made = make_run(cases, state="interrupted", cut=True)
    return remake(dataclasses.replace(made.recording, ends={}))


@pytest.fixture(scope="session")
def empty() -> Made:
    return make_run([])


@pytest.fixture(scope="session")
def all_failed() -> Made:
    failure = Failure(benchmark="x", side=None, stage="run", reason="no answer", detail="")
    return make_run([Case(name="x", failure=failure)])


@pytest.fixture(scope="session")
def hostile() -> Made:
    reason = "\x1b[31mValueError: [bold]<b>&\"' # : {{ 7*7 }}"
    names = (
        HOSTILE,
        "]]>--><svg onload=alert(1)>",
        "a: [b] # c",
        "$x^2$",
        "{{ 7*7 }}",
        "ü\x1b[2J\n-",
    )
    bad = Failure(
        benchmark="bad", side=None, stage="run", reason=reason, detail="</pre>\x00\x1b[0m"
    )
    cases = [Case(name=name, ratio=1.1, traced=1.5, description=f"<i>{name}") for name in names]
    return make_run([*cases, Case(name="'\"bad", failure=bad)])


@pytest.fixture(scope="session")
def many() -> Made:
    chance = random.Random(4)
    return make_run(
        [
            Case(
                name=f"a_rather_long_benchmark_name_{index:02}",
                ratio=math.exp(chance.gauss(0, 0.05)),
            )
            for index in range(40)
        ]
    )


@pytest.fixture(
    scope="session",
    params=[
        "typical",
        "clean",
        "noisy",
        "itself",
        "interrupted",
        "empty",
        "all_failed",
        "hostile",
        "many",
    ],
)
def any_run(request: pytest.FixtureRequest) -> Made:
    made: Made = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare with a kept file; PERFKIT_UPDATE_GOLDEN=1 writes it instead."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("PERFKIT_UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture(name="make_run", scope="session")
def _make_run() -> Callable[..., Made]:
    return make_run


@pytest.fixture(name="make_case", scope="session")
def _make_case() -> type[Case]:
    return Case


@pytest.fixture(name="remake", scope="session")
def _remake() -> Callable[[Recording], Made]:
    return remake


VOID = {"meta", "br", "wbr", "link", "img", "hr"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Outline(HTMLParser):
    """Tags, nested and balanced, with the texts of headings and cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.lines: list[str] = []
        self.text = ""
        self.joined = 0
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if ("class", "whole") in attrs:  # an option within a sentence, and what comes after it
            self.joined = 2

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag != "span":
            self.joined = 0

    def handle_data(self, data: str) -> None:
        where = [tag for tag in self.open if tag not in {"a", "span", "abbr", "strong"}]
        if where and where[-1] != "style":
            apart = self.text[-1:].isspace() or data[:1].isspace()
            self.text += data
            if data.strip() and "svg" not in where:
                words = " ".join(data.split())
                if self.joined and self.lines:
                    self.lines[-1] += f" {words}" if apart else words
                else:
                    self.lines.append(f"{where[-1]}: {words}")
                self.joined = max(self.joined - 1, 0)

    def attributes(self, name: str) -> list[str]:
        return [value for _, found in self.tags if (value := found.get(name)) is not None]


@pytest.fixture(name="outline", scope="session")
def _outline() -> type[Outline]:
    return Outline


@pytest.fixture(scope="session")
def browser() -> Any:
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        missing = "no Chromium: run 'apt-get install chromium'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def look_at(browser: Any, tmp_path: Path) -> Callable[[str], None]:
    """Open a page at four widths: nothing reaches beyond the window, nothing is fetched or said."""

    def look(html: str) -> None:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": 375, "height": 800})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda one: one.url == path.as_uri() or complaints.append(one.url))
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for width in (320, 375, 768, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(OVERFLOWING) == []
        assert complaints == []
        page.close()

    return look


@pytest.fixture
def contrasts(browser: Any, tmp_path: Path) -> Callable[[str], dict[str, dict[str, float]]]:
    """Contrast of each ink against the page, in light and in dark."""

    def measure(html: str) -> dict[str, dict[str, float]]:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        found = {}
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            page.goto(path.as_uri())
            found[scheme] = page.evaluate(CONTRASTS)
            page.close()
        return found

    return measure


# Elements that reach beyond the window, save for those inside a box that scrolls by itself.
OVERFLOWING = """() => [...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1
            && !one.closest('.scroll, pre, svg, thead, .hidden'))
    .map(one => one.outerHTML.slice(0, 80))"""

# WCAG 2.1 contrast (success criterion 1.4.3) of each ink against the page.
CONTRASTS = """() => {
    const style = getComputedStyle(document.documentElement);
    const light = name => {
        const [r, g, b] = style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/g)
            .map(part => parseInt(part, 16) / 255)
            .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = light('--page');
    const names = ['text', 'muted', 'slower', 'faster', 'equivalent', 'open', 'failed', 'accent'];
    return Object.fromEntries(names.map(name => {
        const ink = light('--' + name);
        return [name, (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05)];
    }));
}"""
