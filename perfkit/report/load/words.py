"""Names of the sides of a load run, and its verdict in one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import LoadMetric
from perfkit.decide.load.result import Holds, LoadResult, Validity
from perfkit.decide.load.rows import fewest_trials
from perfkit.report import figures, wording
from perfkit.report.load.compared import make_row, make_threshold
from perfkit.report.load.sides import level_unit
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.value import Breakpoint
    from perfkit.decide.load.result import LoadRow, ThresholdVerdict
    from perfkit.profile.value import Profile
    from perfkit.recording.load import LoadRun

_HEADLINE = (
    LoadMetric.P95,
    LoadMetric.MAX_THROUGHPUT,
    LoadMetric.BREAKPOINT,
    LoadMetric.P50,
    LoadMetric.MEAN,
)
_NAMED = 3


def names_of(run: LoadRun) -> tuple[str, str]:
    """Both sides in words; the second is empty for a run of one."""
    if run.baseline is None:
        return run.service.label, ""
    if run.candidate is None:
        return wording.side_name(run.baseline), ""
    return _told_apart(wording.side_names(run.baseline, run.candidate))


def headings_of(run: LoadRun) -> tuple[str, str]:
    """Both sides as the guide's template names them; the second is empty for a run of one."""
    if run.baseline is None or run.candidate is None:
        return (wording.short_name(run.baseline) if run.baseline else run.service.label), ""
    return _told_apart(wording.short_names(run.baseline, run.candidate))


def _told_apart(names: tuple[str, str]) -> tuple[str, str]:
    """The two names of a variant that is compared with itself."""
    if names[0] != names[1]:
        return names
    return f"{names[0]} ({Side.BASELINE})", f"{names[1]} ({Side.CANDIDATE})"


def title_of(run: LoadRun, names: tuple[str, str]) -> str:
    """The report's heading."""
    what = {"breakpoint": "breaking point"}.get(run.mode, f"load test “{run.profile.name}”")
    if not names[1]:
        return f"{names[0]}: {what}"
    sides = f"{names[1]} against {names[0]}"
    if run.baseline is not None and run.candidate is not None:
        plain = wording.side_names(run.baseline, run.candidate)
        sides = f"{plain[0]} compared with itself" if plain[0] == plain[1] else sides
    return f"{sides}: {what}"


def verdict_sentence(
    run: LoadRun,
    result: LoadResult,
    *,
    names: tuple[str, str],
    state: str,
    ended: Sequence[str] = (),
) -> str:
    """What was found, in one sentence (more where something is amiss).

    Args:
        run: What was asked for.
        result: What was found.
        names: Both sides in words; the second empty for a run of one.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"``.
        ended: Where a condition ended the load early, in words.
    """
    prefix = {
        "finished": "",
        "interrupted": "Interrupted, so far: ",
        "failed": "The load ended early, so far: ",
    }.get(state, "The run did not end in order; so far: ")
    if not _anything(result):
        return _nothing(result, state, ended, compared=bool(names[1]))
    failures = _failures(result, run)
    failed = [one for one in result.thresholds if one.holds is Holds.FAIL]
    if _is_invalid(result) and not _ended_by_generator(run, result):
        broken = f" {_thresholds(result.thresholds, result, names)}." if failed else ""
        return prefix + _invalid(result) + broken + failures
    parts = [
        _comparison(run, result, names) if names[1] else _single(run, result, names),
        _breaking(run, result, names),
        _thresholds(result.thresholds, result, names),
    ]
    said = [part for part in parts if part]
    if failed:
        said = [parts[2], *[part for part in parts[:2] if part]]
    told = any(one.reason.rstrip(".") in "; ".join(said) for one in result.failures)
    return prefix + "; ".join(said) + "." + ("" if told else failures)


def _is_invalid(result: LoadResult) -> bool:
    return result.health is not None and result.health.validity is Validity.INVALID


def _ended_by_generator(run: LoadRun, result: LoadResult) -> bool:
    """A search that found what the generator can do: the words on its breaking points say so."""
    return run.mode == "breakpoint" and any(not one.valid for one in result.breakpoints)


def _anything(result: LoadResult) -> bool:
    return bool(result.breakpoints) or any(side.overall.sent for side in result.sides)


def _nothing(result: LoadResult, state: str, ended: Sequence[str], *, compared: bool) -> str:
    reason = "nothing was measured"
    if result.failures:
        first = result.failures[0]
        whose = f" on the {first.side}" if compared and first.side else ""
        reason = f"it failed{whose} ({first.stage}): {first.reason.rstrip('.')}"
    elif state == "interrupted":
        reason = "the run was interrupted before anything was measured"
    elif ended:
        reason = f"the load was ended {ended[0]}, before anything was measured"
    return f"Nothing can be said: {reason}."


def _invalid(result: LoadResult) -> str:
    health = result.health
    problems = health.problems if health else ()
    if not problems:
        return "INVALID: the generator cannot be believed."
    _, why, remedy = problems[0]
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return wording.sentences(f"INVALID: the generator did not keep up: {why}{more}", remedy)


def _single(run: LoadRun, result: LoadResult, names: tuple[str, str]) -> str:
    if run.mode == "breakpoint":
        return ""
    return f"{names[0]} under “{run.profile.name}”: " + _measured(result, 0)


def _measured(result: LoadResult, index: int) -> str:
    one = result.sides[index].overall
    parts = [f"{figures.number(one.goodput.value)} right answers/s"]
    if one.response is not None:
        parts.append(f"p95 {figures.of(one.response.p95, figures.seconds)}")
    if one.error_rate is not None:
        parts.append(f"errors {figures.brief_share(one.error_rate.value)}")
    return ", ".join(parts)


def _comparison(run: LoadRun, result: LoadResult, names: tuple[str, str]) -> str:
    brief = wording.brief(names[1], names[0])
    rows = [row for row in result.rows if row.verdict.value in {"faster", "slower"}]
    worse = [row for row in rows if row.verdict.value == "slower"]
    better = [row for row in rows if row.verdict.value == "faster"]
    where = "" if run.mode == "breakpoint" else f" under “{run.profile.name}”"
    if not result.rows:
        return f"{names[1]} could not be compared with {brief}{where}"
    if worse:
        gains = f", better in {_listed(better)}" if better else ""
        return f"{names[1]} is worse than {brief}{where} in {_listed(worse)}{gains}"
    if better:
        return f"{names[1]} is better than {brief}{where} in {_listed(better)}, worse in none"
    shown = _headline(result.rows, searched=run.mode == "breakpoint")
    fewest = fewest_trials(run.confidence)
    if run.mode == "breakpoint" and result.trials < fewest:
        searches = "One search" if result.trials == 1 else f"{result.trials} searches"
        option = f" (--trials {fewest})" if run.trials < fewest else ""
        return (
            f"{searches} of each side cannot tell {names[1]} from {brief} ({_named(shown)}): "
            f"at least {fewest} are needed{option}"
        )
    if all(row.verdict.value == "equivalent" for row in result.rows):
        return (
            f"{names[1]} and {brief} are equivalent{where} "
            f"within ±{run.margin * 100:g} % ({_named(shown)})"
        )
    return (
        f"No difference between {names[1]} and {brief}{where} was shown "
        f"({_named(shown)}: {make_row(shown).look.word})"
    )


def _headline(rows: Sequence[LoadRow], *, searched: bool) -> LoadRow:
    """The row that is named where none is decided; of a search what was searched for."""
    by = {row.comparison.metric: row for row in rows}
    order = (LoadMetric.BREAKPOINT, *_HEADLINE) if searched else _HEADLINE
    return next((by[metric] for metric in order if metric in by), rows[0])


def _listed(rows: Sequence[LoadRow]) -> str:
    more = len(rows) - _NAMED
    text = ", ".join(_named(row) for row in rows[:_NAMED])
    return text + (f" and {more} more" if more > 0 else "")


def _named(row: LoadRow) -> str:
    one = make_row(row)
    return f"{one.name} {one.change}"


def _breaking(run: LoadRun, result: LoadResult, names: tuple[str, str]) -> str:
    unit = level_unit(run.profile)
    told = [
        f"{names[0] if one.side is Side.BASELINE else names[1]} {breaks(one, unit)}"
        for one in result.breakpoints
    ]
    return "; ".join(told)


def breaks(found: Breakpoint, unit: str) -> str:
    """Where a service breaks, in words: ``"breaks between 400 and 450 users (p(95)<200ms)"``."""
    last = found.probes[-1] if found.probes else None
    if not found.valid and last is not None and last.valid and last.good is None:
        why = f" ({last.reason})" if last.reason else ""
        level = f"{figures.number(last.level)} {unit}"
        return (
            f"has no breaking point: {level}, the last level tried, told nothing{why}"
            f"{_known(found, unit)}"
        )
    if not found.valid:
        why = "the generator was the bottleneck (INVALID)"
        return f"has no breaking point: {why}{_known(found, unit)}"
    if math.isinf(found.high):
        return f"did not break up to {figures.number(found.low)} {unit}"
    reason = f" ({found.reason})" if found.reason else ""
    if found.low <= 0:
        return f"broke at the lowest level tried, {figures.number(found.high)} {unit}{reason}"
    low, high = figures.number(found.low), figures.number(found.high)
    times = f", medians of {found.searches} searches" if found.searches > 1 else ""
    return f"breaks between {low} and {high} {unit}{reason}{times}"


def _known(found: Breakpoint, unit: str) -> str:
    """What a search has found that did not come to its end, if anything."""
    told = []
    if found.low > 0:
        told.append(f"held up to {figures.number(found.low)} {unit}")
    if found.high < math.inf:
        reason = f" ({found.reason})" if found.reason else ""
        told.append(f"broke at {figures.number(found.high)} {unit}{reason}")
    return f"; it {' and '.join(told)}" if told else ""


def _thresholds(
    found: Sequence[ThresholdVerdict], result: LoadResult, names: tuple[str, str]
) -> str:
    if not found:
        return ""
    several = len(result.sides) > 1
    failed = [one for one in found if one.holds is Holds.FAIL]
    if failed:
        first = make_threshold(failed[0], "")
        whose = ""
        if several:
            whose = f" on {names[0] if failed[0].side is Side.BASELINE else names[1]}"
        count = "A threshold" if len(failed) == 1 else f"{len(failed)} thresholds"
        return f"{count} failed: {first.text}{whose}: {first.value}"
    missing = sum(one.holds is Holds.NO_DATA for one in found)
    open_ = sum(one.holds is Holds.INCONCLUSIVE for one in found)
    if not missing and not open_:
        return "all thresholds hold" if len(found) > 1 else "the threshold holds"
    parts = [
        f"{number} {one if number == 1 else more}"
        for number, one, more in (
            (len(found) - missing - open_, "holds", "hold"),
            (open_, "is inconclusive", "are inconclusive"),
            (missing, "has no data", "have no data"),
        )
        if number
    ]
    if len(found) == 1:
        return f"the threshold {parts[0].partition(' ')[2]}"
    return f"of {len(found)} thresholds {', '.join(parts)}"


def _failures(result: LoadResult, run: LoadRun) -> str:
    """What failed, and why where that is one thing; of several, each is told by itself."""
    if not result.failures:
        return ""
    what = "probe" if run.mode == "breakpoint" else "trial"
    if len(result.failures) > 1:
        return f" {len(result.failures)} {what}s failed."
    first = result.failures[0]
    said = "The load failed" if run.mode == "single" else f"1 {what} failed"
    return f" {said} ({first.stage}: {first.reason.rstrip('.')})."


def shape_of(run: LoadRun) -> str:
    """The profile in words; of a search its levels and probes, as no stage of it is run.

    ``"open model, levels from about 10 up to 100 requests/s, 5 s each after 2 s to settle, …"``.
    """
    search = run.search
    if run.mode != "breakpoint" or search is None:
        return profile_words(run.profile)
    levels = f"{figures.number(search.start)} up to {figures.number(search.limit)}"
    parts = [f"{run.profile.model} model", f"levels from about {levels} {level_unit(run.profile)}"]
    settled = f" after {figures.span(search.settle_seconds)} to settle"
    held = f"{figures.span(search.hold_seconds)} each"
    parts.append(held + settled if search.settle_seconds else held)
    return ", ".join([*parts, _pace(run.profile)])


def profile_words(profile: Profile) -> str:
    """``"closed model, up to 100 users, think time 1 s, 40 min"``."""
    top = max([profile.start, *(stage.target for stage in profile.stages)])
    level = f"up to {figures.number(top)} {level_unit(profile)}"
    parts = [f"{profile.model} model", level, _pace(profile)]
    if profile.requests is not None:
        parts.append(f"{figures.count(profile.requests)} requests")
    parts.append(figures.span(round(profile.seconds, 1)))
    return ", ".join(parts)


def _pace(profile: Profile) -> str:
    """What parts one request from the next."""
    shortest, longest = profile.scenario.think
    if level_unit(profile) != "users":
        return f"{profile.arrivals} arrivals"
    if profile.scenario.locustfile is not None:
        return "think time as the Locust file says"
    if longest <= 0:
        return "no think time"
    if shortest == longest:
        return f"think time {figures.span(longest)}"
    return f"think time {figures.span(shortest)} to {figures.span(longest)}"
