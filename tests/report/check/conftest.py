"""Gates with stated numbers, over synthetic recordings."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.estimate import Estimate
from perfkit.caveat import Caveat
from perfkit.decide.gate.judge import judge_gate
from perfkit.decide.gate.outcome import marked
from perfkit.decide.gate.result import (
    Confirmation,
    GateOutcome,
    GateResult,
    GateRow,
    GateVerdict,
)
from perfkit.decide.policy import load_policy
from perfkit.recording import Confirming, Recording, SeriesEnd, Unpaired
from perfkit.report.check.as_html import as_html
from perfkit.report.check.view import CheckView, build_check_view
from perfkit.settings import GatePolicy, Metric, OnOpen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POLICY = GatePolicy(
    margin=0.02,
    margins=(("pydantic_*", 0.05),),
    memory_margin=0.05,
    metrics=(Metric.TIME, Metric.PEAK_MEMORY),
    required=None,
    error_rate=0.01,
    on_inconclusive=OnOpen.PASS,
    on_noise=OnOpen.PASS,
    budget=300.0,
)
REVISION = "git+file:///home/me/project@1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
NASTY = (
    "::error file=x::pwned",
    "a`b|c\r\n::error::x ##[error]y",
    "<script>alert(1)</script>&amp;",
    "</code></td><img src=x onerror=alert(1)>",
    "@octocat fixes #1 GH-2 www.example.com https://example.com",
    "\x1b[2J\x1b]0;title\x07\x00\u202eevil\u200b",
    "]]><failure/><!-- -->",
    "[x](javascript:alert(1)) ![i](http://e/i.png) **b** _i_ ~~s~~ $`x`$ :tada:",
    "../../etc/passwd",
    "\u2028line\x85feed",
    "``` \n# heading",
    " ",
    "{{ 7*7 }}{% raw %}",
    "=HYPERLINK(1)%0A%0D%25",
)
"""Names that would do something, somewhere, were they not text."""


@dataclass(frozen=True)
class Gate:
    """A gate in all its forms."""

    recording: Recording
    result: GateResult
    view: CheckView


def around(value: float, share: float = 0.006, n: int = 14) -> Estimate:
    ends = {"low": value * (1 - share), "high": value * (1 + share)}
    return Estimate(value=value, confidence=0.95, n=n, **ends)


def confirmation(ratio: float, *, control: float | None = 1.001, blocks: int = 40) -> Confirmation:
    return Confirmation(
        ratio=around(ratio, n=blocks),
        bound=ratio * 0.993,
        level=0.995,
        p_value=0.0004,
        planned=40,
        blocks=blocks,
        seconds=62.4,
        control=None if control is None else around(control),
    )


def row(name: str, verdict: GateVerdict = GateVerdict.WITHIN, **changed: Any) -> GateRow:
    """A row with numbers, unless ``ratio=None``."""
    ratio = changed.pop("ratio", 1.001)
    metric = changed.pop("metric", Metric.TIME)
    value = 1.25e-4 if metric is Metric.TIME else 24e6
    number = ratio is not None
    known: dict[str, Any] = {
        "id": name,
        "metric": metric,
        "description": "",
        "verdict": verdict,
        "required": False,
        "margin": 0.02 if number else math.nan,
        "baseline": around(value) if number else None,
        "candidate": around(value * ratio) if number else None,
        "screening": around(ratio) if number else None,
        "suspected": "confirmation" in changed,
        "confirmation": None,
        "detectable": 0.031 if number else None,
        "blocks": 14 if number else 0,
        "seconds": 8.25 if number else 0.0,
        "reason": "",
    }
    return GateRow(**(known | changed))


def red(name: str, ratio: float = 1.051, **changed: Any) -> GateRow:
    found = confirmation(ratio)
    return row(name, GateVerdict.SLOWER, ratio=ratio * 1.004, confirmation=found, **changed)


def noisy_row(name: str) -> GateRow:
    found = confirmation(1.04, control=1.03)
    return row(name, GateVerdict.TOO_NOISY, ratio=1.05, confirmation=found)


def none(name: str, verdict: GateVerdict, reason: str, **changed: Any) -> GateRow:
    return row(name, verdict, ratio=None, reason=reason, **changed)


@pytest.fixture(scope="session")
def make_gate(make_run: Callable[..., Any], make_case: type[Any]) -> Callable[..., Gate]:
    def make(
        rows: Sequence[GateRow],
        outcome: GateOutcome,
        *,
        fails: bool = False,
        tripped: tuple[str, ...] = (),
        warnings: Sequence[Caveat] = (),
        policy: GatePolicy = POLICY,
        state: str = "finished",
        details: str = "",
    ) -> Gate:
        made = make_run(_cases(rows, make_case, details), state=state, candidate="3.12.1")
        run = made.recording.run
        recording = dataclasses.replace(
            made.recording,
            run=dataclasses.replace(
                run,
                command="check",
                gate=policy,
                baseline=dataclasses.replace(run.baseline, requirements=(REVISION,)),
                candidate=dataclasses.replace(run.candidate, requirements=(run.cwd,)),
            ),
        )
        result = GateResult(
            policy=policy,
            rows=marked(rows, policy, finished=state == "finished"),
            outcome=outcome,
            fails=fails,
            tripped=tripped,
            warnings=tuple(warnings),
            compared=made.result,
        )
        return Gate(recording, result, build_check_view(recording, result, load_policy(None)))

    return make


def _cases(rows: Sequence[GateRow], make_case: type[Any], details: str) -> list[Any]:
    from perfkit.block import Failure
    from perfkit.variant import Side

    cases = {}
    for one in rows:
        ratio = one.screening.value if one.screening else 1.0
        if one.verdict is GateVerdict.FAILED:
            failure = Failure(
                benchmark=one.id,
                side=Side.CANDIDATE,
                stage="run",
                reason=one.reason,
                detail=details or "Traceback (most recent call last):\nValueError: ouch",
            )
            cases[one.id] = make_case(name=one.id, failure=failure)
        elif one.screening is not None:
            cases.setdefault(one.id, make_case(name=one.id, ratio=ratio, spread=0.006))
    return list(cases.values())


def warning(code: str, text: str, benchmark: str | None = None) -> Caveat:
    return Caveat(code=code, text=text, remedy="look at it", benchmark=benchmark)


@pytest.fixture(scope="session")
def slowdown(make_gate: Callable[..., Gate]) -> Gate:
    """Everything a gate can say, two rows of it red."""
    larger = confirmation(1.12)
    return make_gate(
        [
            row("json_dumps", detectable=0.026),
            red("json_loads"),
            row("pydantic_validate_python", margin=0.05, ratio=1.012, detectable=0.062),
            row(
                "python_startup",
                ratio=1.024,
                confirmation=confirmation(1.003),
                reason="not confirmed",
            ),
            row("regex_log", GateVerdict.UNDECIDED, ratio=1.02, reason="the time was up"),
            row("json_dumps", ratio=1.0, metric=Metric.PEAK_MEMORY, margin=0.05, detectable=0.051),
            row(
                "json_loads",
                GateVerdict.LARGER,
                ratio=1.12,
                confirmation=larger,
                metric=Metric.PEAK_MEMORY,
                margin=0.05,
                detectable=0.061,
            ),
            none("sqlalchemy_orm", GateVerdict.FAILED, "ValueError: ouch", required=False),
            none("bm_old", GateVerdict.MISSING, "the candidate has it no more"),
            none("bm_new", GateVerdict.NEW, "the baseline has it not yet"),
            none("bm_changed", GateVerdict.NOT_COMPARABLE, "its source differs"),
            none("asyncio_tasks", GateVerdict.NOT_MEASURED, ""),
        ],
        GateOutcome.SLOWDOWN,
        fails=True,
        policy=dataclasses.replace(POLICY, required=("json_*",)),
        warnings=[
            warning("missing", "missing: bm_old"),
            warning("shared-machine", "another program had the CPU for 12 % of the time"),
        ],
    )


@pytest.fixture(scope="session")
def passed(make_gate: Callable[..., Gate]) -> Gate:
    rows = [row("json_dumps"), row("json_loads", ratio=0.98, detectable=0.026)]
    return make_gate(rows, GateOutcome.PASSED)


@pytest.fixture(scope="session")
def noisy(make_gate: Callable[..., Gate]) -> Gate:
    rows = [noisy_row("json_dumps"), row("json_loads")]
    return make_gate(rows, GateOutcome.NOISY, tripped=("json_dumps",))


@pytest.fixture(scope="session")
def undecided(make_gate: Callable[..., Gate]) -> Gate:
    policy = dataclasses.replace(POLICY, on_inconclusive=OnOpen.FAIL)
    rows = [row("json_dumps", GateVerdict.UNDECIDED, ratio=1.02), row("json_loads")]
    return make_gate(rows, GateOutcome.UNDECIDED, fails=True, policy=policy)


@pytest.fixture(scope="session")
def nothing(make_gate: Callable[..., Gate]) -> Gate:
    return make_gate([], GateOutcome.NOTHING, fails=True)


@pytest.fixture(scope="session")
def broken(make_gate: Callable[..., Gate]) -> Gate:
    rows = [
        none("sqlalchemy_orm", GateVerdict.FAILED, "ValueError: ouch", required=True),
        none("bm_old", GateVerdict.MISSING, "the candidate has it no more", required=True),
        red("json_loads"),
    ]
    policy = dataclasses.replace(POLICY, required=("*",))
    return make_gate(rows, GateOutcome.FAILED, fails=True, policy=policy)


@pytest.fixture(scope="session")
def interrupted(make_gate: Callable[..., Gate]) -> Gate:
    rows = [row("json_dumps"), none("json_loads", GateVerdict.NOT_MEASURED, "")]
    return make_gate(rows, GateOutcome.UNDECIDED, fails=True, state="interrupted")


@pytest.fixture(scope="session")
def hostile(make_gate: Callable[..., Gate]) -> Gate:
    """Every nasty name, red, failed, new and undecided, and as a reason and a warning too."""
    rows = [red(name, reason=name) for name in NASTY]
    rows += [none(f"{name}!", GateVerdict.FAILED, name, required=True) for name in NASTY[:4]]
    rows += [none(f"{name}?", GateVerdict.NEW, name) for name in NASTY]
    rows += [none("x" * 20_000, GateVerdict.NEW, "y" * 50_000)]
    policy = dataclasses.replace(POLICY, required=NASTY, margins=tuple((n, 0.1) for n in NASTY))
    return make_gate(
        rows,
        GateOutcome.FAILED,
        fails=True,
        policy=policy,
        warnings=[warning(f"code-{index}", name, name) for index, name in enumerate(NASTY)],
        details="```\n</pre>\x1b[0m::error::x\n" + "z" * 20_000,
    )


@pytest.fixture(scope="session")
def judged(make_run: Callable[..., Any], make_case: type[Any]) -> Gate:
    """A slowdown as the real gate judges it: blocks of the first pass, fresh ones, a control."""

    def blocks(series: str, ratio: float, count: int) -> tuple[Any, ...]:
        case = make_case(name="json_loads", ratio=ratio, spread=0.008, blocks=count)
        found = make_run([case]).recording.blocks
        return tuple(dataclasses.replace(block, series=series) for block in found)

    cases = [make_case(name="json_loads", ratio=1.06), make_case(name="json_dumps", spread=0.006)]
    recording = make_run(cases, candidate="3.12.1").recording
    run = recording.run
    recording = dataclasses.replace(
        recording,
        run=dataclasses.replace(
            run,
            command="check",
            gate=POLICY,
            baseline=dataclasses.replace(run.baseline, revision="main (1a2b3c4)"),
            candidate=dataclasses.replace(run.candidate, revision="working tree"),
        ),
        blocks=recording.blocks + blocks("confirm", 1.06, 30) + blocks("confirm-control", 1.0, 30),
        confirming=Confirming(
            blocks=(("json_loads", 30),), suspected=(("json_loads", Metric.TIME),)
        ),
        ends={
            **recording.ends,
            ("json_loads", "confirm"): SeriesEnd(
                benchmark="json_loads", series="confirm", reason="planned", seconds=41.5
            ),
        },
        unpaired=(Unpaired(label="bm_new", how="new", reason="the baseline has it not yet"),),
    )
    result = judge_gate(recording, POLICY)
    return Gate(recording, result, build_check_view(recording, result, load_policy(None)))


GATES = (
    "judged",
    "slowdown",
    "passed",
    "noisy",
    "undecided",
    "nothing",
    "broken",
    "interrupted",
    "hostile",
)


@pytest.fixture(scope="session", params=GATES)
def any_gate(request: pytest.FixtureRequest) -> Gate:
    made: Gate = request.getfixturevalue(request.param)
    return made


@pytest.fixture(name="row", scope="session")
def _row() -> Callable[..., GateRow]:
    return row


@pytest.fixture(name="red", scope="session")
def _red() -> Callable[..., GateRow]:
    return red


@pytest.fixture(scope="session")
def html_of() -> Callable[[Gate], str]:
    """A gate's page, drawn once."""
    known: dict[int, str] = {}

    def html(gate: Gate) -> str:
        if id(gate) not in known:
            known[id(gate)] = as_html(gate.view)
        return known[id(gate)]

    return html


@pytest.fixture(scope="session")
def gate_policy() -> GatePolicy:
    return POLICY
