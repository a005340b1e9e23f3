from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.report.check.annotations import LIMIT, as_annotations
from perfkit.report.check.summary import as_summary
from perfkit.report.check.text import as_text, inert
from perfkit.report.wording import printable
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable

WORKSPACE = Path("/home/me/project")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
COMMAND = re.compile(r"^::(error|warning) (title=[^:,]*)(,file=[^:,]*)?::(.*)$")


def unescaped(text: str) -> str:
    for token, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(token, char)
    return text


@pytest.mark.parametrize("width", [80, 120])
def test_as_kept(slowdown: Any, golden: Callable[[str, str], None], width: int) -> None:
    golden(f"check/slowdown-{width}.txt", as_text(slowdown.view, width=width, color=False) + "\n")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_and_nothing_is_cut(any_gate: Any, width: int) -> None:
    text = as_text(any_gate.view, width=width, color=False)
    assert max(map(len, text.splitlines())) <= width
    for row in any_gate.view.rows:
        assert row.change in text
        assert f"{row.shape} {row.word}" in text


@pytest.mark.parametrize("width", [20, 60, 120])
@pytest.mark.parametrize("color", [True, False])
def test_nothing_steers_a_terminal_or_a_runner(any_gate: Any, width: int, color: bool) -> None:  # noqa: FBT001
    text = as_text(any_gate.view, width=width, color=color)
    plain = ESCAPE.sub("", text) if color else text
    assert all(char.isprintable() or char == "\n" for char in plain)
    assert not [line for line in plain.splitlines() if line.lstrip().startswith("::")]
    assert "##[" not in plain


def test_brief_leaves_out_what_is_quiet(slowdown: Any) -> None:
    text = as_text(slowdown.view, width=100, color=False, brief=True)
    assert "bm_old missing" in text
    assert "catches" not in text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("::error::x", "\ufffd:error::x"),
        ("a\n \t::set-env::", "a\n \t\ufffd:set-env::"),
        ("bm::task ::x", "bm::task ::x"),
        ("x ##[error]y", "x \ufffd#[error]y"),
        ("\x1b[1m::x", "\x1b[1m\ufffd:x"),
    ],
)
def test_inert(said: str, told: str) -> None:
    assert inert(said) == told


def test_annotations_as_the_runner_reads_them(any_gate: Any) -> None:
    lines = as_annotations(any_gate.view, WORKSPACE)
    assert len(lines) <= LIMIT
    for line in lines:
        assert all(map(str.isprintable, line))
        level, title, file, message = (COMMAND.match(line) or pytest.fail(line)).groups()
        assert "%" not in re.sub(r"%(25|3A|2C)", "", f"{title}{file}")
        assert "%" not in message.replace("%25", "")
        assert unescaped(title).startswith("title=perfkit check")
        assert file in {None, ",file=benchmarks/bm.py"}
        assert level == "error" or "error" not in {one[2:7] for one in lines[lines.index(line) :]}


def test_errors_are_those_that_fail_the_build(slowdown: Any, undecided: Any, passed: Any) -> None:
    lines = as_annotations(slowdown.view, WORKSPACE)
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == 2
    assert "+5.1 %25 [+4.5, +5.7] where 2 %25 is allowed: 40 fresh blocks" in errors[0]
    assert as_annotations(undecided.view, WORKSPACE)[0].startswith("::error title=perfkit check")
    assert as_annotations(passed.view, WORKSPACE) == ()


def test_noise_is_one_warning_that_names_no_culprit(noisy: Any) -> None:
    (line,) = as_annotations(noisy.view, WORKSPACE)
    assert line.startswith("::warning title=perfkit check%3A machine too noisy::The machine was")
    assert "slower" not in line


def test_nothing_measured_is_an_error(nothing: Any) -> None:
    (line,) = as_annotations(nothing.view, WORKSPACE)
    assert line == "::error title=perfkit check::Nothing was measured, so nothing can be said."


def test_what_finds_no_room_is_counted(hostile: Any) -> None:
    lines = as_annotations(hostile.view, WORKSPACE)
    assert len(lines) == LIMIT
    assert re.search(r"::\d+ more of these; the job summary", lines[-1])


@pytest.mark.parametrize(
    ("workspace", "file"),
    [
        ("/home/me/project", "benchmarks/bm.py"),
        ("/home/me/project/benchmarks/..", "benchmarks/bm.py"),
        ("/", "home/me/project/benchmarks/bm.py"),
        ("/home/me/project/benchmarks/inner", None),
        ("/home/me/other", None),
    ],
)
def test_only_files_inside_the_checkout_are_named(slowdown: Any, workspace: str, file: Any) -> None:
    line = as_annotations(slowdown.view, Path(workspace))[0]
    found = re.search(r",file=([^:,]*)", line)
    assert (found[1] if found else None) == file


def test_scripts_that_are_not_shared_are_named_as_well(judged: Any) -> None:
    """In a recording of today; in an older one it is not known where they lie."""
    from perfkit.decide.policy import load_policy
    from perfkit.report.check.view import build_check_view

    path = str(WORKSPACE / "benchmarks" / "bm_new.py")
    for place, file in ((path, ",file=benchmarks/bm_new.py"), ("", "")):
        unpaired = tuple(replace(one, path=place) for one in judged.recording.unpaired)
        recording = replace(judged.recording, unpaired=unpaired)
        view = build_check_view(recording, judged.result, load_policy(None))
        line = next(one for one in as_annotations(view, WORKSPACE) if "bm_new" in one)
        assert line.startswith(f"::warning title=perfkit check%3A bm_new%3A new{file}::")


def test_a_first_benchmark_is_told_to_have_nothing_to_be_compared_with(
    make_gate: Any, row: Any
) -> None:
    new = row("bm_first", GateVerdict.NEW, ratio=None, reason="the baseline has none")
    gate = make_gate([new], GateOutcome.NOTHING, fails=True)
    assert gate.view.verdict.startswith(
        "Nothing was measured: every benchmark is new on this side (bm_first), so there is nothing"
    )
    assert "Merge it" in gate.view.verdict


def test_what_cannot_be_measured_is_quiet(make_gate: Any, row: Any) -> None:
    metric = Metric.TRACED_MEMORY
    quiet = row("a", GateVerdict.UNMEASURABLE, ratio=None, reason="too little", metric=metric)
    gate = make_gate([row("a"), quiet], GateOutcome.PASSED)
    assert as_annotations(gate.view, WORKSPACE) == ()
    assert gate.view.attention == ()
    assert "➖ cannot be measured" in as_summary(gate.view)
    assert "– cannot be measured" in as_text(gate.view, width=100, color=False)
    assert gate.view.verdict.endswith("Without a verdict: 1 cannot be measured.")


def test_a_name_cannot_leave_its_place(hostile: Any) -> None:
    text = as_text(hostile.view, width=400, color=False)
    for row in hostile.view.rows[:14]:
        assert inert(printable(row.label).strip()) in text or row.label.strip() in text
