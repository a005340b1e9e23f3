"""The guide's template of load testing results (its section 6.4), filled with measurements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from perfkit.decide.load.result import Holds
from perfkit.profile.threshold import Metric
from perfkit.report import figures
from perfkit.report.load import outcome
from perfkit.report.load.kind import Kind
from perfkit.report.yaml_parts import NOT_MEASURED, ticked
from perfkit.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.analyse.load.value import Breakpoint, Summary
    from perfkit.report.load.compared import ThresholdView
    from perfkit.report.load.outcome import Check
    from perfkit.report.load.sides import SideView
    from perfkit.report.load.view import LoadView

_SECTIONS = {
    Kind.SUSTAINED: "Sustained Load Test",
    Kind.PEAK: "Peak Load Test",
    Kind.STRESS: "Stress Test",
}
_P95, _P99 = 0.95, 0.99

Items = list[dict[str, str]]


def load_sections(views: Sequence[LoadView]) -> dict[str, Any]:
    """The template's sections over one run or several: the guide's order and headings.

    Runs of several engines make one set of sections for each engine.
    """
    found: dict[str, Any] = {}
    engines = {_engine(view) for view in views}
    if len(engines) > 1:  # side by side, and never taken together
        return {engine: _sections_of(views, engine) for engine in sorted(engines)}
    for kind, name in _SECTIONS.items():
        mine = [view for view in views if view.kind is kind]
        for view in mine:
            found[_unique(f"{name} ({_extent(view)})", view, found)] = _test(view)
        if not mine:
            found[name] = NOT_MEASURED
    for view in views:
        if view.kind is Kind.OTHER:
            name = f"Load Test {view.profile.name} ({_extent(view)})"
            found[_unique(name, view, found)] = _test(view)
    found["Memory Under Load"] = _by_side(views, _memory)
    found["CPU Under Load"] = _by_side(views, _cpu)
    found["Overall Assessment"] = [
        {check.title: _checked(check, view, several=len(views) > 1)}
        for view in views
        for check in view.checks
    ]
    found["Status"] = outcome.status_line(views)
    found["Recommendation"] = outcome.recommend(views).text
    return found


def _sections_of(views: Sequence[LoadView], engine: str) -> dict[str, Any]:
    return load_sections([view for view in views if _engine(view) == engine])


def _engine(view: LoadView) -> str:
    """``"k6"`` of ``"k6 1.1.0 on go1.24.4, linux/amd64, one process"``."""
    return view.engine.partition(" ")[0]


def _unique(name: str, view: LoadView, found: dict[str, Any]) -> str:
    return name if name not in found else f"{name}, run {view.id}"


def _extent(view: LoadView) -> str:
    """``"100 concurrent users, 30 min"``: the highest level, and how long it was held."""
    profile = view.profile
    top = max([profile.start, *(stage.target for stage in profile.stages)])
    unit = "concurrent users" if view.unit == "users" else "requests/s"
    level = f"{figures.number(top)} {unit}"
    if view.mode == "breakpoint":
        return f"search, {unit}"
    if view.kind is Kind.STRESS:
        return f"up to {level}"
    begins = [profile.start, *(stage.target for stage in profile.stages)]
    held = sum(
        stage.seconds
        for begin, stage in zip(begins, profile.stages, strict=False)
        if begin == stage.target == top
    )
    return f"{level}, {figures.span(round(held or profile.seconds, 1))}"


def whose(side: SideView, view: LoadView) -> str:
    """A side as a key: ``"Baseline (Python 3.12)"``, ``"Python 3.13"``."""
    if not view.compared:
        return side.heading
    return f"Baseline ({side.heading})" if side.key == "baseline" else side.heading


def _test(view: LoadView) -> Any:  # noqa: ANN401 - YAML
    if not view.sides:
        broken = {name: text for name, text, _ in view.breakpoints}
        return broken or NOT_MEASURED
    items = {whose(side, view): _items(side, view) for side in view.sides}
    return items if view.compared else next(iter(items.values()))


def _items(side: SideView, view: LoadView) -> Items:
    return _stress(side, view) if view.kind is Kind.STRESS else _steady(side, view)


def _steady(side: SideView, view: LoadView) -> Items:
    one, response = side.load.overall, side.load.overall.response
    p95 = one.p95_with_failures or (response.p95 if response else None)
    p99 = one.p99_with_failures or (response.p99 if response else None)
    mean = response.mean if response else None
    return [
        {"Average Response Time": _held(mean, figures.seconds, side, view, metric=Metric.MEAN)},
        {"P95 Response Time": _percentile(p95, _P95, side, view)},
        {"P99 Response Time": _percentile(p99, _P99, side, view)},
        {"Error Rate": _held(one.error_rate, figures.share, side, view, metric=Metric.ERRORS)},
        {"Throughput": _held(one.throughput, figures.rate, side, view, metric=Metric.THROUGHPUT)},
        *_counts(one),
        {"System remained stable": _stable(view)},
    ]


def _percentile(found: Estimate | None, quantile: float, side: SideView, view: LoadView) -> str:
    return _held(found, figures.seconds, side, view, metric=Metric.PERCENTILE, quantile=quantile)


def _counts(one: Summary) -> Items:
    ended = one.answered + one.failed
    failed = f" ({figures.brief_share(one.failed / ended)})" if ended else ""
    return [
        {"Total Requests": figures.count(one.sent)},
        {"Failed Requests": f"{figures.count(one.failed)}{failed}"},
    ]


def _held(
    estimate: Estimate | None,
    render: Callable[[float, float, float], str],
    side: SideView,
    view: LoadView,
    *,
    metric: Metric,
    quantile: float | None = None,
) -> str:
    """A figure, and what its thresholds over the whole load say; ticked when all pass."""
    if estimate is None:
        return NOT_MEASURED
    text = figures.of(estimate, render, counted=True)
    found = [
        one
        for one in view.thresholds
        if one.key == side.key
        and one.verdict.threshold.metric is metric
        and (quantile is None or one.verdict.threshold.quantile == quantile)
    ]
    whole = [one for one in found if not one.phase]
    passed = bool(whole) and all(one.verdict.holds is Holds.PASS for one in whole)
    trusted = view.health is not None and view.health.valid
    limits = ", ".join(_limit(one) for one in found)
    said = f" (threshold: {limits})" if limits else ""
    return f"{text}{' ✅' if passed and trusted else ''}{said}"


def _limit(one: ThresholdView) -> str:
    """``"< 150 ms"``; of one phase, or when it does not hold, with its own figure."""
    if one.phase:
        return f"{one.limit} at {one.phase}, {one.look.word}: {one.value}"
    return one.limit if one.verdict.holds is Holds.PASS else f"{one.limit}, {one.look.word}"


def _stable(view: LoadView) -> str:
    found = next(one for one in view.checks if one.title == "System stability confirmed")
    return _checked(found, view, several=False)


def _stress(side: SideView, view: LoadView) -> Items:
    found = next((one for _, _, one in view.breakpoints if one.side == side.key), None)
    recovery = side.recovery or NOT_MEASURED
    if side.load.recovery is not None and side.load.recovery.seconds is not None:
        recovery += " ✅"
    died = [text for text in view.died if not view.compared or side.key in text]
    crashes = (
        f"no: it died ({', '.join(died)})" if died else "✅ none (data corruption: not measured)"
    )
    if not died and view.state != "finished":
        crashes = "none so far (data corruption: not measured)"
    most = found.max_throughput if found else None
    return [
        {"Breaking Point": _breaking(found, view)},
        {"Max Throughput": NOT_MEASURED if most is None else f"{figures.number(most)} requests/s"},
        {"Graceful Degradation": _graceful(found, alive=not died)},
        {"Recovery Time": recovery},
        {"No crashes": crashes},
        *_counts(side.load.overall),
    ]


def _breaking(found: Breakpoint | None, view: LoadView) -> str:
    if found is None:
        return NOT_MEASURED
    unit = "concurrent users" if view.unit == "users" else "requests/s"
    if not found.valid:
        return "INVALID (the generator was the bottleneck)"
    if math.isinf(found.high):
        return f"not reached up to {figures.number(found.low)} {unit}"
    reason = f" ({found.reason})" if found.reason else ""
    return f"{figures.number(found.low)} to {figures.number(found.high)} {unit}{reason}"


def _graceful(found: Breakpoint | None, *, alive: bool) -> str:
    """Beyond the breaking point some requests were still answered, and the service lived."""
    if found is None or not found.valid:
        return NOT_MEASURED
    if math.isinf(found.high):
        return f"{NOT_MEASURED} (the breaking point was not reached)"
    beyond = [one.error_rate for one in found.probes if one.level >= found.high and one.valid]
    if not beyond or not all(map(math.isfinite, beyond)):
        return NOT_MEASURED
    worst = f"errors at most {figures.brief_share(max(beyond))} beyond it"
    if not alive:
        return f"No, it died ({worst})"
    return f"✅ Yes ({worst})" if max(beyond) < 1 else f"No ({worst})"


def _by_side(
    views: Sequence[LoadView], render: Callable[[Sequence[SideView], Sequence[LoadView]], Any]
) -> Any:  # noqa: ANN401 - YAML
    names = dict.fromkeys(whose(side, view) for view in views for side in view.sides)
    found = {}
    for name in names:
        pairs = [(s, view) for view in views for s in view.sides if whose(s, view) == name]
        found[name] = render([side for side, _ in pairs], [view for _, view in pairs])
    if not found:
        return NOT_MEASURED
    compared = any(view.compared for view in views)
    return found if compared or len(found) > 1 else next(iter(found.values()))


def _memory(sides: Sequence[SideView], views: Sequence[LoadView]) -> Any:  # noqa: ANN401 - YAML
    uses = [side.load.overall.resources for side in sides]
    known = [one for one in uses if one is not None]
    if not known:
        return NOT_MEASURED
    phases = [one.resources for side in sides for one in side.load.phases if one.resources]
    highest = max(one.rss_peak for one in [*known, *phases])
    return [
        {"Normal": f"{format_bytes(known[0].rss_normal)} (median)"},
        {"Peak": format_bytes(max(one.rss_peak for one in known))},
        {"Maximum": f"{format_bytes(highest)}{_within(sides, views, Metric.RSS)}"},
    ]


def _cpu(sides: Sequence[SideView], views: Sequence[LoadView]) -> Any:  # noqa: ANN401 - YAML
    uses = [side.load.overall.resources for side in sides]
    known = [one for one in uses if one is not None]
    if not known:
        return NOT_MEASURED
    phases = [one.resources for side in sides for one in side.load.phases if one.resources]
    busiest = max([*known, *phases], key=lambda one: one.cpu.value).cpu
    highest = max(one.cpu_peak for one in [*known, *phases])
    second = figures.brief_share(highest)
    return [
        {"Normal": f"{figures.of(known[0].cpu, figures.cpu)} (100 % is one CPU)"},
        {"Peak": f"{figures.of(busiest, figures.cpu)} (busiest phase)"},
        {"Maximum": f"{second} (busiest second){_within(sides, views, Metric.CPU)}"},
    ]


def _within(sides: Sequence[SideView], views: Sequence[LoadView], metric: Metric) -> str:
    """What thresholds on memory or CPU say; nothing when there were none."""
    found = [
        one
        for side, view in zip(sides, views, strict=True)
        for one in view.thresholds
        if one.key == side.key and one.verdict.threshold.metric is metric
    ]
    if not found:
        return " (no limit given)"
    trusted = all(view.health is not None and view.health.valid for view in views)
    if all(one.verdict.holds is Holds.PASS for one in found):
        return f" (within limits: {found[0].limit}){' ✅' if trusted else ''}"
    worst = next(one for one in found if one.verdict.holds is not Holds.PASS)
    return f" (limit {worst.limit}: {worst.look.word})"


def _checked(check: Check, view: LoadView, *, several: bool) -> str:
    found = (check.reason, view.profile.name if several else "")
    reasons = "; ".join(text for text in found if text)
    return f"{ticked(check.status)} ({reasons})" if reasons else ticked(check.status)
