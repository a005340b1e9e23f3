"""A gate for other programs: ``--json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perfkit.report.as_json import as_json as compared_json
from perfkit.report.plain import plain

if TYPE_CHECKING:
    from perfkit.report.check.view import CheckRow, CheckView

SCHEMA = 1


def as_json(view: CheckView) -> str:
    r"""One JSON object in ASCII. Base units (seconds, bytes, ratios), so nothing has to be parsed.

    Keys, stable within a ``schema``; further ones may be added:

    * ``schema`` (1), ``run``, ``folder``, ``created``, ``perfkit``, ``state``, ``verdict`` (the
      sentences), ``baseline``, ``candidate`` (the sides in words)
    * ``outcome`` (``"passed"``, ``"slowdown"``, …), ``fails`` (the build), ``tripped`` (benchmarks
      whose null control found a difference)
    * ``policy``: ``margin``, ``margins``, ``memory_margin``, ``metrics``, ``required``,
      ``error_rate``, ``on_inconclusive``, ``on_noise``, ``budget``
    * ``rows``: a list of ``id``, ``metric``, ``description``, ``verdict``, ``required``,
      ``margin``, ``baseline``, ``candidate`` (seconds an iteration, or bytes), ``screening`` (the
      ratio), ``suspected``, ``confirmation`` (``ratio``, ``bound``, ``level``, ``p_value``,
      ``planned``, ``blocks``, ``seconds``, ``control``), ``detectable``, ``blocks``, ``seconds``,
      ``reason``, ``fails``, ``script``
    * ``warnings``: ``code``, ``text``, ``remedy``, ``benchmark``
    * ``compared``: the first pass, with the keys of ``perfkit compare --json``

    An estimate is ``value``, ``low``, ``high``, ``confidence``, ``n``. What is unknown or infinite
    is null.
    """
    compared = view.compared
    document = {
        "schema": SCHEMA,
        "run": compared.id,
        "folder": str(compared.folder),
        "created": compared.created,
        "perfkit": compared.perfkit,
        "state": compared.state,
        "verdict": view.verdict,
        "baseline": view.baseline,
        "candidate": view.candidate,
        "outcome": view.result.outcome.value,
        "fails": view.fails,
        "tripped": list(view.result.tripped),
        "policy": plain(view.result.policy),
        "rows": [_row(row) for row in view.rows],
        "warnings": plain(view.result.warnings),
        "compared": json.loads(compared_json(compared)),
    }
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    # Printed in a CI job, a name must not be a command of the older kind (see `text.inert`).
    return text.replace("##[", "#\\u0023[")


def _row(row: CheckRow) -> dict[str, Any]:
    shown: dict[str, Any] = plain(row.row)
    return {**shown, "fails": row.fails, "script": str(row.script) if row.script else None}
