"""How to read the report of a load run: for somebody who sees one for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.profile.value import Model

if TYPE_CHECKING:
    from perfkit.recording.load import LoadRun

_CLOSED = """
Closed model: a number of users, each of whom waits for an answer, pauses, and asks again. When the
service slows down, so do its users, and fewer requests are sent.
"""
_OPEN = """
Open model: requests arrive at a rate, whatever the service does, as they do from the wide world.
When the service slows down, requests queue up, and the queue is part of the response time.
"""
_TIMES = """
Response time counts from the moment a request was due, service time from the moment it was sent.
They part when the service stalls and requests have to wait their turn: service time alone would
hide the stall, since while it lasts hardly anything is sent.

A failed request never lowers a percentile. Times are those of right answers; thresholds on a
percentile count a failure as slower than any answer. Errors stand beside them, and right answers a
second are shown apart from answers of any kind. What was still in flight at the end is counted as
cut off, neither as answered nor as failed.

The brackets hold the {level} % interval: the values these measurements are compatible with. Within
a run they allow for requests being like their neighbours. A threshold passes or fails only when
the whole interval lies on one side of the limit; otherwise it is inconclusive. No data is no pass.

INVALID: the generator itself was late, busy or incomplete beyond its stated limits, so that the
figures tell of the generator and not of the service. No verdict is given; the remedy says what to
change.
"""
_COMPARED = """
The trial is the unit: {trial}. Changes are
formed within each trial and their interval comes from the spread between trials, never from
counting requests as if they were independent. With six trials or more a threshold on a percentile
looks at that of a typical trial, in the same way; n then counts trials. It is inconclusive when all
requests together do not say the same, or have no bound and a trial does not say the same.

Better or worse: the whole interval lies on one side of no change. Equivalent: the whole interval
lies within ±{margin} %, the margin of practical significance. Inconclusive: neither could be shown,
which is no proof that nothing changed; the number of trials a decision would need is given.
"""
_SLICED = (
    "each trial starts a fresh pair of services, between which the load alternates in short windows"
)
_SERIAL = "each trial starts a fresh pair of services, loaded one after the other"
_SEARCHED = (
    "each trial searches both sides, probe by probe in turn, from a level drawn for each of them"
)
_SEARCH = """
Breaking point: the load is doubled until a limit breaks, then bisected, with a fresh service for
each probe; the last level that held and the first that broke are both repeated. The true breaking
point lies between them. “Did not break” tells the highest level tried; what is beyond it is open.
"""


def _trial(run: LoadRun) -> str:
    if run.mode == "breakpoint":
        return _SEARCHED
    return _SLICED if run.profile.sliced else _SERIAL


def how_to_read(run: LoadRun) -> tuple[str, ...]:
    """Paragraphs, each on one line, with the run's own margin and confidence."""
    text = (_OPEN if run.profile.model is Model.OPEN else _CLOSED) + _TIMES
    if run.candidate is not None:
        text += _COMPARED
    if run.mode == "breakpoint":
        text += _SEARCH
    text = text.format(
        level=f"{run.confidence * 100:g}",
        margin=f"{run.margin * 100:g}",
        trial=_trial(run),
    )
    return tuple(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
