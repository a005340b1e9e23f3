"""The terminal's last word on a load run: thresholds, sides, comparison, health, caveats, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from perfkit.decide.load.result import Validity
from perfkit.profile.threshold import Metric
from perfkit.report.load.compared import OF_SEARCHES, OF_TRIALS, TYPICAL
from perfkit.report.load.view import said_once
from perfkit.report.terminal import STYLES, caveat, console_of, drawn, fitted
from perfkit.report.wording import printable, sentences
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from perfkit.report.load.compared import ThresholdView
    from perfkit.report.load.sides import PhaseView, SideView
    from perfkit.report.load.view import LoadView

_ERRORS = 5  # kinds of error a side that are listed
_FIGURES = ("answers/s", "p50", "p95", "p99", "service p95", "errors", "CPU", "RSS p50")


def as_text(view: LoadView, *, width: int, color: bool, brief: bool = False) -> str:
    """A finished load run for a terminal or a pipe.

    Numbers are never cut: where a table is wider than ``width``, its names stand on lines of their
    own.

    Args:
        view: The run.
        width: Columns to fill.
        color: Use ANSI styles; without them not a single escape sequence is written.
        brief: The verdict, thresholds that do not hold and the failures only.

    Returns:
        Lines without trailing blanks, paragraphs parted by empty lines.
    """
    console = console_of(width, color=color)
    parts = [drawn(Text(printable(view.verdict), style="bold"), console)]
    parts.append(_thresholds(view, console, brief=brief))
    if not brief:
        parts += [_phases(side, console, compared=view.compared) for side in view.sides]
        parts += [_comparison(view, console), _breakpoints(view, console)]
        parts += [_errors(side, console) for side in view.sides]
        parts.append(_health(view, console))
    parts += [drawn(line, console) for line in _failures(view)]
    if not brief:
        parts.append("\n".join(drawn(caveat(group), console) for group in view.caveats))
        parts.append("\n".join(drawn(line, console) for line in _footer(view)))
    return "\n\n".join(part for part in parts if part)


def _thresholds(view: LoadView, console: Console, *, brief: bool) -> str:
    shown = [one for one in view.thresholds if not brief or one.look.word != "PASS"]
    if not shown:
        return ""
    heads = ["verdict", "value", "limit", "n"]
    heads += ["side"] if view.compared else []
    rows = []
    for one in shown:
        style = STYLES[one.look.tone]
        cells = [Text(one.look.word, style=style), Text(one.value.replace(" requests/s", "/s"))]
        limit = one.limit.partition(" (")[0]  # what it is in another unit, a note says
        cells += [Text(limit.replace(" requests/s", "/s"))]
        cells += [Text(one.count), *([Text(one.key)] if view.compared else [])]
        rows.append((printable(one.text), cells))
    table = fitted("threshold", heads, rows, console, right={"n"})
    if "threshold" not in table.partition("\n")[0]:  # names stand on lines of their own
        table = f"{drawn(Text('threshold', style='bold'), console)}\n{table}"
    notes = [*_reasons(shown, view)]
    if any(one.verdict.together for one in shown):
        notes.append(TYPICAL)
    sizes = [one.limit for one in shown if one.verdict.threshold.metric is Metric.RSS]
    if sizes:
        notes.append(_of_sizes(sizes, brief=brief))
    return "\n".join([table, *(drawn(Text(printable(note)), console) for note in notes)])


def _of_sizes(limits: Sequence[str], *, brief: bool) -> str:
    """What a limit on memory is held against, and what it is in the unit of the figures."""
    pairs = [limit.rstrip(")").partition(" (") for limit in dict.fromkeys(limits)]
    same = [f"{limit.lstrip('<>= ')} is {shown}" for limit, _, shown in pairs if shown]
    median = [] if brief else ["RSS p50 below is the median"]
    return "; ".join(["rss: the peak", *median, *same])


def _reasons(shown: Sequence[ThresholdView], view: LoadView) -> Iterator[str]:
    """Of the thresholds shown only, each reason once: how many share it, or whose it is."""
    once = said_once(shown)
    if len({one.text for one in shown if one.reason == once}) == 1:  # both sides of one threshold
        once = ""
    if once:
        count, of = sum(one.reason == once for one in view.thresholds), len(view.thresholds)
        yield f"{'all of them' if count == of else f'{count} of {of} thresholds'}: {once}"
    told: dict[tuple[str, str], list[str]] = {}
    for one in shown:
        if one.reason and one.reason != once:
            told.setdefault((one.text, one.reason), []).append(one.key)
    for (text, reason), keys in told.items():
        whose = f" ({' and '.join(keys)})" if view.compared else ""
        yield f"{text}{whose}: {reason}"


def _phases(side: SideView, console: Console, *, compared: bool) -> str:
    rows = [(printable(one.label), _figures(one)) for one in (*side.phases, side.overall)]
    table = fitted("phase", list(_FIGURES), rows, console, right=set(_FIGURES))
    # Of a variant against itself the name says which side it is.
    whose = f" ({side.key})" if compared and not side.name.endswith(f"({side.key})") else ""
    return f"{drawn(Text(printable(f'{side.name}{whose}'), style='bold'), console)}\n{table}"


def _figures(one: PhaseView) -> list[Text]:
    cells = (
        one.throughput,
        one.p50,
        one.p95,
        one.p99,
        one.service_p95,
        one.errors,
        one.cpu,
        one.rss,
    )
    return [Text(cell) for cell in cells]


def _comparison(view: LoadView, console: Console) -> str:
    heads = [
        "baseline",
        "candidate",
        f"change [{format_share(view.confidence, digits=0)}]" if view.confident else "change",
        "verdict",
        "detectable",
    ]
    rows = []
    for row in view.rows:
        style = STYLES[row.look.tone]
        cells = [Text(_short(row.baseline)), Text(_short(row.candidate))]
        cells += [Text(row.change, style=style), Text(row.look.word, style=style)]
        rows.append((row.name, [*cells, Text(row.detectable)]))
    if not rows:
        return ""
    right = {"baseline", "candidate", "detectable"}
    table = fitted("metric", heads, rows, console, right=right)
    if not view.confident:
        return f"{table}\n{drawn(Text(OF_SEARCHES), console)}"
    if view.mode != "compare" or view.trials[0] < 2:  # noqa: PLR2004 - else a side has one trial
        return table
    return f"{table}\n{drawn(Text(OF_TRIALS), console)}"


def _short(figure: str) -> str:
    """A figure without its interval."""
    return figure.partition(" [")[0].replace(" requests/s", "/s")


def _breakpoints(view: LoadView, console: Console) -> str:
    lines = [f"{view.name(one.side)} {text}" for _, text, one in view.breakpoints]
    lines = [line for line in lines if line not in view.verdict]
    lines += [
        f"{printable(side.name)} recovered after the stress: {side.recovery}"
        if side.load.recovery and side.load.recovery.seconds is not None
        else f"{printable(side.name)}: {side.recovery}"
        for side in view.sides
        if side.recovery
    ]
    return "\n".join(drawn(Text(printable(line)), console) for line in lines)


def _errors(side: SideView, console: Console) -> str:
    lines = [f"{count} × {text}" for text, count in side.errors[:_ERRORS]]
    more = len(side.errors) - _ERRORS + side.more_errors
    lines += [f"and {more} more kinds of error"] if more > 0 else []
    if not lines:
        return ""
    head = drawn(Text(f"errors on {printable(side.name)}"), console)
    return "\n".join([head, *(drawn(Text(f"  {printable(line)}"), console) for line in lines)])


def _health(view: LoadView, console: Console) -> str:
    if view.health is None:
        return ""
    one = view.health.verdict.health
    figures = (
        f"event-loop lag p99 {one.lag_p99 * 1e3:.1f} ms, highest CPU {one.cpu_max * 100:.0f} %"
    )
    counted = f"{one.accounted:,} of {one.sent:,} requests accounted for"
    style = STYLES[view.health.look.tone]
    line = Text.assemble("generator ", (view.health.look.word, style), f": {figures}, {counted}")
    late = view.health.verdict.validity is Validity.LATE  # what to do then, a caveat says
    problems = [
        drawn(Text(printable(f"! {sentences(why) if late else text}")), console)
        for text, (_, why, _) in zip(
            view.health.problems, view.health.verdict.problems, strict=True
        )
        if why not in view.verdict  # the headline tells the first in full
    ]
    return "\n".join([drawn(line, console), *problems])


def _failures(view: LoadView) -> Iterator[Text]:
    """Each with its reason; not a single one, whose reason the headline tells."""
    if len(view.failures) == 1 and view.failures[0].reason.rstrip(".") in view.verdict:
        return
    for one in view.failures:
        side = f" on the {one.side}" if one.side and view.compared else ""
        what = "probe" if view.mode == "breakpoint" else "trial"
        head = f"{what} {one.trial + 1} failed{side} ({printable(one.stage)}): "
        yield Text.assemble((head, STYLES["failed"]), printable(one.reason))


def _footer(view: LoadView) -> Iterator[Text]:
    yield Text(f"profile    {printable(view.profile.name)}: {view.shape}", overflow="fold")
    if view.scale:
        yield Text(f"scale      {view.scale}")
    yield Text(f"service    {printable(view.service)}", overflow="fold")
    if view.compared:
        yield Text(f"baseline   {printable(view.names[0])}", overflow="fold")
        yield Text(f"candidate  {printable(view.names[1])}", overflow="fold")
        yield Text(f"trials     {view.trials[0]} of {view.trials[1]}")
    if total := dict(view.seconds).get("total", 0.0):
        yield Text(f"took       {format_duration(total)}")
    yield Text(f"files      {printable(str(view.folder))}", overflow="fold")
