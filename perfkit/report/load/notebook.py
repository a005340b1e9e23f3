"""A load run in a notebook: the sentence, the comparison or the phases, the thresholds."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.report.load.compared import LoadRowView, ThresholdView
    from perfkit.report.load.sides import PhaseView, SideView
    from perfkit.report.load.view import LoadView
    from perfkit.report.wording import Look

_COMPARED = ("metric", "baseline", "candidate", "change", "verdict", "detectable")
_PHASES = ("phase", "answers/s", "p50", "p95", "p99", "service p95", "errors", "CPU", "RSS p50")
_THRESHOLDS = ("threshold", "value", "limit", "verdict")
_BREAKS = ("side", "breaking point")


def load_table(view: LoadView) -> str:
    """The verdict and what it rests on, for ``_repr_html_``; everything is escaped."""
    parts = [f"<p><strong>{_text(view.verdict)}</strong></p>"]
    if view.rows:
        parts.append(_table(view.title, _COMPARED, map(_metric, view.rows)))
    else:
        parts += [_table(side.name, _PHASES, _phases(side)) for side in view.sides]
    if view.breakpoints:
        breaks = [(view.name(one.side), words) for _, words, one in view.breakpoints]
        parts.append(_table("Breaking point", _BREAKS, breaks))
    if view.thresholds:
        heads = (*_THRESHOLDS, *(["side"] if view.compared else []))
        rows = (_limit(one, view) for one in view.thresholds)
        parts.append(_table("Thresholds", heads, rows))
    if view.health is not None:
        told = "; ".join(view.health.problems)
        parts.append(f"<p>{_text(f'Generator: {_word(view.health.look)} {told}'.strip())}</p>")
    return "".join(parts)


def _metric(row: LoadRowView) -> tuple[str, ...]:
    hint = " (more is better)" if row.more_is_better else ""
    return (
        f"{row.name}{hint}",
        row.baseline,
        row.candidate,
        row.change,
        _word(row.look),
        row.detectable,
    )


def _phases(side: SideView) -> Iterable[tuple[str, ...]]:
    return map(_figures, (*side.phases, side.overall))


def _figures(one: PhaseView) -> tuple[str, ...]:
    return (
        one.label,
        one.throughput,
        one.p50,
        one.p95,
        one.p99,
        one.service_p95,
        one.errors,
        one.cpu,
        one.rss,
    )


def _limit(one: ThresholdView, view: LoadView) -> tuple[str, ...]:
    cells = (one.text, one.value, one.limit, _word(one.look))
    return (*cells, view.name(one.key)) if view.compared else cells


def _word(look: Look) -> str:
    return f"{look.shape} {look.word}"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{_text(one)}</th>' for one in heads)
    return (
        f"<table><caption>{_text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(map(_row, rows))}</tbody></table>"
    )


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return (
        f'<tr><th scope="row">{_text(first)}</th>'
        f"{''.join(f'<td>{_text(cell)}</td>' for cell in rest)}</tr>"
    )


def _text(text: str) -> str:
    return escape(printable(text))
