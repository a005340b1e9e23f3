"""A run for other programs: ``--json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perfkit.report.plain import estimate, finding, number
from perfkit.settings import Metric

if TYPE_CHECKING:
    from perfkit.report.memory import MemoryLine
    from perfkit.report.rows import RowView
    from perfkit.report.view import View

SCHEMA = 1


def as_json(view: View) -> str:
    """One JSON object. Base units (seconds, bytes, ratios), so nothing has to be parsed.

    Keys, stable within a ``schema``; further ones may be added:

    * ``schema`` (1), ``run``, ``folder``, ``created``, ``perfkit``, ``state`` (``"finished"``,
      ``"interrupted"``, ``"unfinished"``), ``noisy``, ``same``, ``verdict`` (the sentence)
    * ``baseline``, ``candidate``: the sides in words; ``goal``: ``margin``, ``confidence``,
      ``precision``; ``seed``
    * ``benchmarks``: a list of ``id``, ``description``, ``verdict``, ``ratio``, ``baseline`` and
      ``candidate`` (seconds an iteration), ``detectable`` (a relative change), ``p_value``,
      ``stopped``, ``baseline_rss``, ``candidate_rss`` (bytes), ``rss_ratio``, ``memory``,
      ``effects`` (log ratio a block), ``control`` (ratio of the null comparison), ``failure``
      (``side``, ``stage``, ``reason``, ``detail``)
    * ``memory``: a list of ``metric`` (``"peak-memory"`` of the process, ``"traced-memory"`` of one
      call), ``verdict``, ``ratio``, ``baseline`` and ``candidate`` (bytes), ``detectable``,
      ``p_value``
    * ``geometric_mean``; ``caveats``: ``code``, ``text``, ``remedy``, ``benchmark``
    * ``assessment``: ``sections`` (``title``, ``status``, ``goal``, ``required``, ``reason``),
      ``status``, ``recommendation``, ``action`` (``"proceed"``, ``"hold"``, ``"stop"``)
    * ``seconds``: by stage; ``files``: name by name

    An estimate is ``value``, ``low``, ``high``, ``confidence``, ``n``. What is unknown or infinite
    is null.
    """
    assessment = view.assessment
    findings = (*assessment.sections, assessment.overall, assessment.no_regressions)
    document = {
        "schema": SCHEMA,
        "run": view.id,
        "folder": str(view.folder),
        "created": view.created,
        "perfkit": view.perfkit,
        "state": view.state,
        "noisy": view.noisy,
        "same": view.same,
        "verdict": view.verdict,
        "baseline": view.baseline,
        "candidate": view.candidate,
        "goal": {
            "margin": view.margin,
            "confidence": view.confidence,
            "precision": view.precision,
        },
        "seed": view.seed,
        "benchmarks": [_row(row) for row in view.rows],
        "geometric_mean": estimate(view.geometric_mean),
        "caveats": [
            {
                "code": one.code,
                "text": one.text,
                "remedy": one.remedy,
                "benchmark": one.benchmark,
            }
            for group in view.caveats
            for one in group.all
        ],
        "assessment": {
            "sections": [finding(one) for one in findings],
            "status": assessment.status.value,
            "recommendation": assessment.recommendation.text,
            "action": assessment.recommendation.action.value,
        },
        "seconds": {stage: number(spent) for stage, spent in view.seconds},
        "files": [name for name, _ in view.files],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _row(row: RowView) -> dict[str, Any]:
    found = row.comparison
    peak = found.memory_of(Metric.PEAK_MEMORY) if found else None
    failure = row.failure
    return {
        "id": row.id,
        "description": row.description,
        "verdict": row.verdict.value,
        "ratio": estimate(found.ratio) if found else None,
        "baseline": estimate(found.baseline) if found else None,
        "candidate": estimate(found.candidate) if found else None,
        "detectable": number(found.detectable) if found else None,
        "p_value": number(found.p_value) if found else None,
        "stopped": found.stopped if found else None,
        "baseline_rss": estimate(peak.baseline) if peak else None,
        "candidate_rss": estimate(peak.candidate) if peak else None,
        "rss_ratio": estimate(peak.ratio) if peak else None,
        "memory": [_memory(line) for line in row.memory],
        "effects": [number(effect) for effect in found.effects] if found else [],
        "control": estimate(row.control.ratio) if row.control else None,
        "failure": failure
        and {
            "side": failure.side and failure.side.value,
            "stage": failure.stage,
            "reason": failure.reason,
            "detail": failure.detail,
        },
    }


def _memory(line: MemoryLine) -> dict[str, Any]:
    found = line.found.comparison
    return {
        "metric": line.metric.value,
        "verdict": line.found.verdict.value,
        "ratio": estimate(found.ratio),
        "baseline": estimate(found.baseline),
        "candidate": estimate(found.candidate),
        "detectable": number(found.detectable),
        "p_value": number(found.p_value),
    }
