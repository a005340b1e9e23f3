"""What a gate allows and how it decides: for somebody who sees one for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.check import words
from perfkit.report.wording import printable
from perfkit.settings import Metric, OnOpen
from perfkit.units import format_duration

if TYPE_CHECKING:
    from perfkit.settings import GatePolicy

_TEXT = """
The first pass measures every benchmark as perfkit compare does. A row whose change may lie beyond
its margin becomes a suspect and is measured again with fresh blocks, their number fixed before the
first of them. Red rests on these blocks alone: a one-sided limit of the change must lie beyond the
margin. Among several suspects the limits are those of Holm, so that a build whose changes all stay
within their margins turns red in {error} of 100 cases at most.

Between the fresh blocks the baseline is measured against itself. Where that shows a difference, the
machine is too noisy to judge, and no row is called slower.

“Would have caught” is the smallest true change that this gate, with these blocks on this machine,
would have turned red with a chance of 80 %, its margin included. A smaller one may have gone by.
"""


def how_the_gate_decides(policy: GatePolicy) -> tuple[str, ...]:
    """Paragraphs, each on one line, with the policy's own error rate."""
    text = _TEXT.format(error=f"{policy.error_rate * 100:.3g}")
    return tuple(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def policy_facts(policy: GatePolicy) -> tuple[tuple[str, str], ...]:
    """What is allowed, line by line; patterns are the user's, on one line and cut."""
    facts = []
    if Metric.TIME in policy.metrics:
        facts.append(("Slowdown allowed", words.allowed(policy.margin)))
        facts += [
            (f"… in {words.shown(pattern)}", words.allowed(margin))
            for pattern, margin in policy.margins
        ]
    if set(policy.metrics) - {Metric.TIME}:
        facts.append(("Growth of memory allowed", words.allowed(policy.memory_margin)))
    facts += [
        ("Judged", ", ".join(words.METRICS[metric] for metric in policy.metrics)),
        ("Chance of any false red", f"{policy.error_rate * 100:.3g} % a build, at most"),
        ("Required", _required(policy)),
        ("Undecided rows", _then(policy.on_inconclusive)),
        ("A noisy machine", _then(policy.on_noise)),
    ]
    if policy.budget is not None:
        facts.append(("Time for the suite", format_duration(policy.budget)))
    return tuple(facts)


def _required(policy: GatePolicy) -> str:
    if policy.required is None:
        return "no benchmark that both sides have may fail"
    return printable(", ".join(map(words.shown, policy.required))) or "none"


def _then(what: OnOpen) -> str:
    return "pass, with a warning" if what is OnOpen.PASS else "fail the build"
