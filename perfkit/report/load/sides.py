"""One side of a load run in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import SideLoad, Summary
from perfkit.decide.load.growth import growth_of, service_seconds
from perfkit.report import figures
from perfkit.report.figures import NONE
from perfkit.units import format_bytes

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.analyse.load.value import Latency, Recovery
    from perfkit.profile.value import Profile, Stage

ALL = "all without ramps"
"""Label of the load without its ramps."""

_ERRORS = 20  # kinds of error that are listed
_MOMENT = 1.0  # seconds in which a phase may be without a single request


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """A phase, a kind of request, or the whole load without its ramps.

    Attributes:
        label: Its name.
        level: Users or rate it was about; empty for a kind of request.
        length: How long it was.
        requests: Number sent.
        throughput: Answers per second, without interval.
        mean: Average response time.
        p50: Median response time.
        p95: 95th percentile of the response time.
        p99: 99th percentile.
        interval: The 95th percentile with its interval.
        service_p95: 95th percentile of the service time.
        errors: Share that failed.
        failed: Number that failed.
        cpu: Mean CPU of the service.
        rss: Median resident memory of the service.
        summary: The numbers.
    """

    label: str
    level: str
    length: str
    requests: str
    throughput: str
    mean: str
    p50: str
    p95: str
    p99: str
    interval: str
    service_p95: str
    errors: str
    failed: str
    cpu: str
    rss: str
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One side, ready to be shown.

    Attributes:
        key: ``"baseline"`` or ``"candidate"``.
        name: In words: ``"Python 3.13.0"``.
        heading: As the guide's template names it: ``"Python 3.13"``.
        overall: The load without its ramps.
        phases: Stage by stage.
        requests: By kind of request.
        latency: ``(name, response time, service time)``, each with its interval.
        figures: ``(name, text)``: requests, throughput, errors and checks, each with its interval.
        resources: ``(name, text)`` of the service's processes; empty when they were not looked at.
        errors: ``(text, count)``, most frequent first; the rest is counted in ``more_errors``.
        more_errors: Kinds of error that are not listed.
        recovery: How long it took after the stress, in words; empty when there was none.
        load: The numbers.
    """

    key: str
    name: str
    heading: str
    overall: PhaseView
    phases: tuple[PhaseView, ...]
    requests: tuple[PhaseView, ...]
    latency: tuple[tuple[str, str, str], ...]
    figures: tuple[tuple[str, str], ...]
    resources: tuple[tuple[str, str], ...]
    errors: tuple[tuple[str, str], ...]
    more_errors: int
    recovery: str
    load: SideLoad


def make_side(load: SideLoad, profile: Profile, *, name: str, heading: str) -> SideView:
    """Put one side into words."""
    stages = {stage.name: stage for stage in profile.stages}
    unit = level_unit(profile)
    whole = load.overall
    errors = _errors(load, profile)
    return SideView(
        key=load.side.value,
        name=name,
        heading=heading,
        overall=_phase(whole, ALL, None, unit),
        phases=tuple(
            _phase(one, one.phase or ALL, stages.get(one.phase or ""), unit) for one in load.phases
        ),
        requests=tuple(_phase(one, one.request or ALL, None, unit) for one in load.requests),
        latency=_latency(whole.response, whole.service),
        figures=_figures(whole),
        resources=_resources(whole),
        errors=tuple((text, figures.count(count)) for text, count in errors[:_ERRORS]),
        more_errors=max(len(errors) - _ERRORS, 0),
        recovery=recovery_words(load.recovery),
        load=load,
    )


def _errors(load: SideLoad, profile: Profile) -> tuple[tuple[str, int], ...]:
    """Errors with the request and the path that met them, most frequent first."""
    paths = {one.name: f"{one.method} {one.path}" for one in profile.scenario.requests}
    found = []
    for one in load.requests:
        name = one.request or ALL
        path = paths.get(name, name)
        label = name if path in name else f"{name} ({path})"
        found += [(f"{label}: {text}", count) for text, count in one.errors]
    whole = load.overall.errors
    if sum(count for _, count in found) != sum(count for _, count in whole):
        return whole
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


def level_unit(profile: Profile) -> str:
    """``"users"`` or ``"requests/s"``."""
    return "users" if profile.model.value == "closed" else "requests/s"


def rate_words(one: Summary, rate: Estimate) -> str:
    """Answers a second with their interval; none of what was never reached, which is not 0."""
    if not _was_reached(one):
        return NONE
    return figures.of(rate, figures.rate).replace(" requests/s", "/s")


def _was_reached(one: Summary) -> bool:
    """The load did not end before it, nor in its first moment."""
    return one.sent > 0 or one.seconds >= _MOMENT


def recovery_words(found: Recovery | None) -> str:
    """How long it took to be itself again; empty without a stress."""
    if found is None:
        return ""
    stay = f"staying within {found.tolerance * 100:g} % for {figures.span(found.stay)}"
    if found.seconds is None:
        return f"not recovered within {figures.span(round(found.observed, 1))} ({stay})"
    return f"{figures.span(round(found.seconds, 1))} ({stay})"


def _phase(one: Summary, label: str, stage: Stage | None, unit: str) -> PhaseView:
    response, service = one.response, one.service
    uses = one.resources
    return PhaseView(
        label=label,
        level=f"{figures.number(stage.target)} {unit}" if stage else "",
        length=figures.span(round(one.seconds, 1)),
        requests=figures.count(one.sent),
        throughput=figures.number(one.throughput.value) if _was_reached(one) else NONE,
        mean=figures.brief_seconds(response.mean.value if response else None),
        p50=figures.brief_seconds(response.p50.value if response else None),
        p95=figures.brief_seconds(response.p95.value if response else None),
        p99=figures.brief_seconds(response.p99.value if response else None),
        interval=figures.of(response.p95 if response else None, figures.seconds),
        service_p95=figures.brief_seconds(service.p95.value if service else None),
        errors=figures.brief_share(one.error_rate.value if one.error_rate else None),
        failed=figures.count(one.failed),
        cpu=figures.brief_share(uses.cpu.value if uses else None),
        rss=figures.brief_bytes(uses.rss_normal if uses else None),
        summary=one,
    )


def _latency(response: Latency | None, service: Latency | None) -> tuple[tuple[str, str, str], ...]:
    if response is None:
        return ()
    names = {
        "average": "mean",
        "p50": "p50",
        "p90": "p90",
        "p95": "p95",
        "p99": "p99",
        "p99.9": "p999",
    }
    rows = [
        (
            name,
            figures.of(getattr(response, field), figures.seconds),
            figures.of(getattr(service, field) if service else None, figures.seconds),
        )
        for name, field in names.items()
    ]
    longest = (
        figures.brief_seconds(response.maximum),
        figures.brief_seconds(service.maximum if service else None),
    )
    return (*rows, ("longest", *longest))


def _figures(one: Summary) -> tuple[tuple[str, str], ...]:
    late = figures.brief_seconds(one.lateness)
    return (
        ("Requests sent", figures.count(one.sent)),
        ("Answered rightly", figures.count(one.answered)),
        ("Failed", figures.count(one.failed)),
        ("Cut off at the end", figures.count(one.cut_off)),
        ("Error rate", figures.of(one.error_rate, figures.share)),
        ("Checks that held", figures.of(one.check_rate, figures.share)),
        ("Answers of any kind", rate_words(one, one.throughput)),
        ("Right answers", rate_words(one, one.goodput)),
        ("p95 with failures slowest", figures.of(one.p95_with_failures, figures.seconds)),
        ("p99 with failures slowest", figures.of(one.p99_with_failures, figures.seconds)),
        ("Sent later than intended", f"{late} (99th percentile)"),
    )


def _resources(one: Summary) -> tuple[tuple[str, str], ...]:
    uses = one.resources
    if uses is None:
        return ()
    slope = figures.growth(uses.rss_slope, service_seconds(one))
    grown = growth_of(one)
    each = figures.brief_seconds(uses.cpu_per_request)
    return (
        ("Memory, normal (median RSS)", format_bytes(uses.rss_normal)),
        ("Memory, peak", format_bytes(uses.rss_peak)),
        ("Memory, slope", f"{slope}, {grown}" if grown else slope),
        ("CPU, mean (100 % is one CPU)", figures.of(uses.cpu, figures.cpu)),
        ("CPU, highest second", figures.brief_share(uses.cpu_peak)),
        ("CPU time a request", each),
        ("Threads, most", figures.count(uses.threads)),
        ("Open files, most", NONE if uses.files is None else figures.count(uses.files)),
        ("Context switches a second", figures.count(uses.switches)),
        ("Processes, most", figures.count(uses.processes)),
    )
