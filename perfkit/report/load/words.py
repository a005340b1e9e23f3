"""Names of the sides of a load run, and its verdict in one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import LoadMetric
from perfkit.decide.load.result import Holds, LoadResult, Validity
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
    run: LoadRun, result: LoadResult, *, names: tuple[str, str], state: str
) -> str:
    """What was found, in one sentence (more where something is amiss)."""
    prefix = {
        "finished": "",
        "interrupted": "Interrupted, so far: ",
    }.get(state, "The run did not end in order; so far: ")
    if not _anything(result):
        return _nothing(result, state)
    failed = [one for one in result.thresholds if one.holds is Holds.FAIL]
    if _is_invalid(result) and not _ended_by_generator(run, result):
        broken = f" {_thresholds(result.thresholds, result, names)}." if failed else ""
        return prefix + _invalid(result) + broken + _failures(result)
    parts = [
        _comparison(run, result, names) if names[1] else _single(run, result, names),
        _breaking(run, result, names),
        _thresholds(result.thresholds, result, names),
    ]
    said = [part for part in parts if part]
    if failed:
        said = [parts[2], *[part for part in parts[:2] if part]]
    return prefix + "; ".join(said) + "." + _failures(result)


def _is_invalid(result: LoadResult) -> bool:
    return result.health is not None and result.health.validity is Validity.INVALID


def _ended_by_generator(run: LoadRun, result: LoadResult) -> bool:
    """A search that found what the generator can do: the words on its breaking points say so."""
    return run.mode == "breakpoint" and any(not one.valid for one in result.breakpoints)


def _anything(result: LoadResult) -> bool:
    return bool(result.breakpoints) or any(side.overall.sent for side in result.sides)


def _nothing(result: LoadResult, state: str) -> str:
    reason = "nothing was measured"
    if result.failures:
        first = result.failures[0]
        whose = f" on the {first.side}" if first.side else ""
        reason = f"it failed{whose} ({first.stage}): {first.reason}"
    elif state == "interrupted":
        reason = "the run was interrupted before anything was measured"
    return f"Nothing can be said: {reason}."


def _invalid(result: LoadResult) -> str:
    health = result.health
    problems = health.problems if health else ()
    if not problems:
        return "INVALID: the generator cannot be believed."
    _, why, remedy = problems[0]
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return wording.sentences(f"INVALID: the generator was the bottleneck: {why}{more}", remedy)


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
    shown = _headline(result.rows)
    if all(row.verdict.value == "equivalent" for row in result.rows):
        return (
            f"{names[1]} and {brief} are equivalent{where} "
            f"within ±{run.margin * 100:g} % ({_named(shown)})"
        )
    return (
        f"No difference between {names[1]} and {brief}{where} was shown "
        f"({_named(shown)}: {make_row(shown).look.word})"
    )


def _headline(rows: Sequence[LoadRow]) -> LoadRow:
    by = {row.comparison.metric: row for row in rows}
    return next((by[metric] for metric in _HEADLINE if metric in by), rows[0])


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
        return f"has no breaking point: the last level tried told nothing{why}"
    if not found.valid:
        return "has no breaking point: the generator was the bottleneck (INVALID)"
    if math.isinf(found.high):
        return f"did not break up to {figures.number(found.low)} {unit} (not reached)"
    reason = f" ({found.reason})" if found.reason else ""
    if found.low <= 0:
        return f"broke at the lowest level tried, {figures.number(found.high)} {unit}{reason}"
    low, high = figures.number(found.low), figures.number(found.high)
    return f"breaks between {low} and {high} {unit}{reason}"


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
        f"{number} {word}"
        for number, word in (
            (len(found) - missing - open_, "hold"),
            (open_, "inconclusive"),
            (missing, "without data"),
        )
        if number
    ]
    return f"of {len(found)} thresholds {', '.join(parts)}"


def _failures(result: LoadResult) -> str:
    if not result.failures:
        return ""
    first = result.failures[0]
    count = len(result.failures)
    what = "1 trial failed" if count == 1 else f"{count} trials failed"
    return f" {what} ({first.stage}: {first.reason})."


def profile_words(profile: Profile) -> str:
    """``"closed model, up to 100 users, think time 1 s, 40 min"``."""
    top = max([profile.start, *(stage.target for stage in profile.stages)])
    unit = level_unit(profile)
    parts = [f"{profile.model} model", f"up to {figures.number(top)} {unit}"]
    shortest, longest = profile.scenario.think
    if unit == "users":
        if longest <= 0:
            parts.append("no think time")
        elif shortest == longest:
            parts.append(f"think time {figures.span(longest)}")
        else:
            parts.append(f"think time {figures.span(shortest)} to {figures.span(longest)}")
    else:
        parts.append(f"{profile.arrivals} arrivals")
    if profile.requests is not None:
        parts.append(f"{figures.count(profile.requests)} requests")
    parts.append(figures.span(round(profile.seconds, 1)))
    return ", ".join(parts)
