"""A load run for other programs: ``--json``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perfkit.report.plain import finding, number, plain

if TYPE_CHECKING:
    from perfkit.analyse.load.value import Summary
    from perfkit.report.load.compared import ThresholdView
    from perfkit.report.load.sides import SideView
    from perfkit.report.load.view import LoadView

SCHEMA = 1


def as_json(view: LoadView) -> str:
    """One JSON object. Base units (seconds, bytes, fractions, requests per second).

    Keys, stable within a ``schema``; further ones may be added:

    * ``schema`` (1), ``run``, ``folder``, ``created``, ``perfkit``, ``state`` (``"finished"``,
      ``"interrupted"``, ``"unfinished"``), ``mode`` (``"single"``, ``"compare"``,
      ``"breakpoint"``), ``verdict`` (the sentence), ``seed``, ``margin``, ``confidence``
    * ``profile``: ``name``, ``model``, ``kind``, ``seconds``, ``time_scale``, ``user_scale``
    * ``service``, ``engine``, ``baseline``, ``candidate``: in words; ``trials``: ``complete``,
      ``wanted``
    * ``validity`` (``"VALID"``, ``"INVALID"`` or null), ``health``: the generator's figures and
      ``problems``, a list of ``problem``, ``text``, ``remedy``
    * ``thresholds``: a list of ``threshold`` (as written), ``side``, ``phase``, ``holds``
      (``"PASS"``, ``"FAIL"``, ``"INCONCLUSIVE"``, ``"NO DATA"``), ``value``, ``together`` (over
      all requests, where ``value`` is a typical trial's; else null), ``operator``, ``limit``,
      ``reason``
    * ``sides``: a list of ``side``, ``overall``, ``phases``, ``requests``, ``curve``,
      ``recovery``; summaries as in `perfkit.analyse.load.value.Summary`
    * ``comparison``: a list of ``metric``, ``verdict`` (``"better"``, ``"worse"``, …),
      ``difference``, ``ratio``, ``baseline``, ``candidate``, ``effects``, ``detectable``,
      ``p_value``, ``trials_needed``
    * ``breakpoints``: a list of ``side``, ``low``, ``high`` (null: not reached), ``reason``,
      ``max_throughput``, ``valid``, ``searches`` (of which they are the medians), ``probes``
    * ``assessment``: ``checks`` (``title``, ``status``, ``reason``), ``sections``, ``status``,
      ``recommendation``, ``action``
    * ``failures``: ``trial``, ``side``, ``stage``, ``reason``, ``detail``; ``caveats``: ``code``,
      ``text``, ``remedy``, ``benchmark``; ``stages``: wall seconds by stage; ``files``: names

    An estimate is ``value``, ``low``, ``high``, ``confidence``, ``n``. What is unknown or infinite
    is null.
    """
    document = {
        **_head(view),
        **_health(view),
        "thresholds": [_threshold(one) for one in view.thresholds],
        "sides": [_side(one) for one in view.sides],
        "comparison": [
            {**plain(row.row.comparison), "verdict": row.look.word} for row in view.rows
        ],
        "breakpoints": [plain(found) for _, _, found in view.breakpoints],
        "assessment": {
            "checks": [plain(check) for check in view.checks],
            "sections": [finding(one) for one in view.findings],
            "status": view.status.value,
            "recommendation": view.recommendation.text,
            "action": view.recommendation.action.value,
        },
        "failures": [plain(one) for one in view.failures],
        "caveats": [plain(one) for group in view.caveats for one in group.all],
        "stages": {stage: _seconds(spent) for stage, spent in view.seconds},
        "files": [name for name, _ in view.files],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _head(view: LoadView) -> dict[str, Any]:
    profile = view.profile
    return {
        "schema": SCHEMA,
        "run": view.id,
        "folder": str(view.folder),
        "created": view.created,
        "perfkit": view.perfkit,
        "state": view.state,
        "mode": view.mode,
        "verdict": view.verdict,
        "seed": view.seed,
        "margin": view.margin,
        "confidence": view.confidence,
        "profile": {
            "name": profile.name,
            "model": profile.model.value,
            "kind": view.kind.value,
            "seconds": _seconds(profile.seconds),
            "time_scale": profile.time_scale,
            "user_scale": profile.user_scale,
        },
        "service": view.service,
        "engine": view.engine,
        "baseline": view.names[0],
        "candidate": view.names[1] or None,
        "trials": {"complete": view.trials[0], "wanted": view.trials[1]},
    }


def _health(view: LoadView) -> dict[str, Any]:
    if view.health is None:
        return {"validity": None, "health": None}
    found = view.health.verdict
    problems = [
        {"problem": problem.value, "text": text, "remedy": remedy}
        for problem, text, remedy in found.problems
    ]
    return {
        "validity": found.validity.value,
        "health": {**plain(found.health), "problems": problems},
    }


def _threshold(one: ThresholdView) -> dict[str, Any]:
    found = one.verdict
    return {
        "threshold": one.text,
        "side": one.key,
        "phase": found.threshold.phase,
        "holds": found.holds.value,
        "value": plain(found.value),
        "together": plain(found.together),
        "operator": found.threshold.operator,
        "limit": number(found.threshold.limit),
        "reason": one.reason,
    }


def _seconds(spent: float) -> float | None:
    """To the microsecond, which is as exact as requests are recorded."""
    return number(round(spent, 6))


def _summary(one: Summary) -> Any:  # noqa: ANN401 - what JSON can say
    return plain(replace(one, seconds=round(one.seconds, 6)))


def _side(side: SideView) -> dict[str, Any]:
    load = side.load
    return {
        "side": side.key,
        "overall": _summary(load.overall),
        "phases": [_summary(one) for one in load.phases],
        "requests": [_summary(one) for one in load.requests],
        "curve": plain(load.curve),
        "recovery": plain(load.recovery),
    }
