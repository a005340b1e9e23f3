"""The release policy: targets in a file a user can change, and what measurements say to them."""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - pydantic evaluates it
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from perfkit.errors import PerfkitError, PlanError
from perfkit.profile.document import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.analyse.estimate import Estimate

POLICY_FILE = "policy.yaml"
_LONGEST_KEY = 80  # characters of a key in messages


class Measure(StrEnum):
    """What a section of the policy looks at."""

    RESPONSE_TIME = "response time"
    THROUGHPUT = "throughput"
    PEAK_MEMORY = "peak memory"
    BENCHMARK_TIME = "benchmark time"


class Status(StrEnum):
    """What a measurement says to a target. Missing and undecided are never met."""

    MET = "TARGET MET"
    NOT_MET = "TARGET NOT MET"
    UNDECIDED = "UNDECIDED"
    NOT_MEASURED = "NOT MEASURED"


class Action(StrEnum):
    """What a recommendation comes to."""

    PROCEED = "proceed"
    STOP = "stop"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What follows from the statuses.

    Attributes:
        action: Proceed, stop (a required target is not met), or hold (something is not known).
        text: The same in words, with the reasons.
    """

    action: Action
    text: str


def _fraction(value: object) -> object:
    """``"10%"``, ``"10 %"`` or 0.10; a bare 10 is refused, since it could be meant either way."""
    if isinstance(value, str):
        number = value.strip().removesuffix("%")
        if number == value.strip():
            raise ValueError('a share is written "10%" or 0.10')
        value = float(number) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 < value < 1:
        raise ValueError('a share is written "10%" or 0.10')
    return float(value)


Fraction = Annotated[float, BeforeValidator(_fraction)]
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Strict):
    """One heading of ``report.yaml`` and its target.

    Attributes:
        measure: What it looks at.
        benchmarks: Names or shell patterns of the benchmarks it is judged by.
        target: Improvement to be passed, as a fraction.
        expected: What is hoped for, in words; may be empty.
        praise: Words added to a met target; may be empty.
        required: The recommendation waits for it.
    """

    measure: Measure
    benchmarks: tuple[Text, ...] = ()
    target: Fraction
    expected: str = ""
    praise: str = ""
    required: bool

    @property
    def goal(self) -> str:
        """The target in words: ``">10 % improvement, expected 10–15 %"``."""
        hope = f", expected {self.expected}" if self.expected else ""
        return f">{self.target * 100:g} % improvement{hope}"

    @model_validator(mode="after")
    def _has_what_it_is_judged_by(self) -> Section:
        of_benchmarks = self.measure in {Measure.PEAK_MEMORY, Measure.BENCHMARK_TIME}
        if of_benchmarks and not self.benchmarks:
            raise ValueError(f"'benchmarks' is missing: {self.measure} is judged by benchmarks")
        if not of_benchmarks and self.benchmarks:
            raise ValueError(f"'benchmarks' does not belong here: {self.measure} needs a load test")
        return self


class Overall(_Strict):
    """The target of the geometric mean of all benchmarks; fields as in `Section`."""

    target: Fraction
    required: bool

    @property
    def goal(self) -> str:
        """The target in words."""
        return f">{self.target * 100:g} % improvement"


class NoRegressions(_Strict):
    """Whether the recommendation waits for every benchmark to be no slower than the margin."""

    required: bool


class Policy(_Strict):
    """The whole policy file.

    Attributes:
        version: Version of the file's format.
        sections: By heading, in the order of the report.
        overall: Target of the geometric mean.
        no_regressions: The rule about slower benchmarks.
        proceed: What is said when everything required is met.
    """

    version: Literal[1]
    sections: Mapping[Text, Section]
    overall: Overall
    no_regressions: NoRegressions
    proceed: Text


def load_policy(path: Path | None) -> Policy:
    """Read a policy file, or perfkit's own when ``path`` is None.

    Raises:
        PlanError: The file cannot be read, is no YAML, or says something that is not allowed;
            all problems together.
    """
    place = str(path) if path is not None else POLICY_FILE
    return parse_policy(policy_text(path), place)


def policy_text(path: Path | None) -> str:
    """The text of a policy file, or of perfkit's own when ``path`` is None.

    Raises:
        PlanError: The file cannot be read.
    """
    source = path if path is not None else resources.files("perfkit.decide") / POLICY_FILE
    try:
        return source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = PerfkitError(f"the policy cannot be read: {reason}", got=str(source))
        raise PlanError([problem]) from error


def parse_policy(text: str, place: str) -> Policy:
    """A policy from its text.

    Args:
        text: YAML, read as profiles are: without aliases, tags and keys that are there twice.
        place: Where it stands, for messages.

    Raises:
        PlanError: It is no YAML, or says something that is not allowed; all problems together.
    """
    problems: list[PerfkitError] = []
    data = read_yaml(text, problems.append)
    if problems:
        for problem in problems:
            problem.what = f"policy {place}: {problem.what}"
        raise PlanError(problems)
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise PlanError(_problems(error, place)) from error


def _problems(error: ValidationError, place: str) -> list[PerfkitError]:
    unknown = "extra_forbidden"
    return [
        PerfkitError(
            f"policy {place}, {_where(one['loc']) or 'top level'}: "
            + (
                "unknown key"
                if one["type"] == unknown
                else one["msg"].removeprefix("Value error, ")
            ),
            got=one["input"],
            remedy="remove or correct the key" if one["type"] == unknown else None,
        )
        for one in error.errors(include_url=False)
    ]


def _where(place: tuple[int | str, ...]) -> str:
    return " → ".join(str(part)[:_LONGEST_KEY] for part in place)


def status(improvement: Estimate | None, target: float) -> Status:
    """Read an improvement's interval against a target.

    Args:
        improvement: 1 − ratio of a time, ratio − 1 of a throughput; None when not measured.
        target: Improvement to be passed, as a fraction.

    Returns:
        Met only when the whole interval lies above the target, not met when it wholly lies at or
        below it, else undecided.
    """
    if improvement is None:
        return Status.NOT_MEASURED
    ends = (improvement.low, improvement.high)
    if any(math.isnan(end) for end in ends):
        return Status.UNDECIDED
    if improvement.low > target:
        return Status.MET
    return Status.NOT_MET if improvement.high <= target else Status.UNDECIDED


def worst(statuses: list[Status]) -> Status:
    """The status of several together: one miss is a miss, one gap leaves a gap; none: a gap."""
    for bad in (Status.NOT_MET, Status.NOT_MEASURED, Status.UNDECIDED):
        if bad in statuses:
            return bad
    return Status.MET if statuses else Status.NOT_MEASURED


def recommend(required: Mapping[str, Status], *, proceed: str) -> Recommendation:
    """What follows from the statuses of everything the policy requires.

    Args:
        required: Status by heading, of what is required only.
        proceed: What to say when all of it is met.

    Returns:
        Stop when anything is not met, else hold when anything is unmeasured or undecided (or
        nothing is required, so that nothing is known), else proceed.
    """
    if not required:
        return Recommendation(action=Action.HOLD, text="HOLD: the policy requires nothing")
    groups = {
        bad: [title for title, found in required.items() if found is bad]
        for bad in (Status.NOT_MET, Status.NOT_MEASURED, Status.UNDECIDED)
    }
    reasons = [f"{bad.lower()}: {', '.join(found)}" for bad, found in groups.items() if found]
    if not reasons:
        return Recommendation(action=Action.PROCEED, text=proceed)
    action = Action.STOP if groups[Status.NOT_MET] else Action.HOLD
    return Recommendation(action=action, text=f"{action.upper()} ({'; '.join(reasons)})")
