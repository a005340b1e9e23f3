"""Markdown for GitHub: foreign text stands in code spans, where nothing of it has an effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.decide.gate.result import GateVerdict
from perfkit.report.check import words
from perfkit.report.check.view import icon
from perfkit.report.wording import printable
from perfkit.settings import Metric
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.report.check.view import CheckRow, CheckView

_ICONS = {"slower": "❌", "equivalent": "✅", "open": "⚠️", "failed": "⚠️"}
_WARNINGS = 20  # groups of caveats that are shown
_DETAILS = 10  # failures whose words are shown
_DETAIL = 2000  # characters of each
_FOLDED = 500  # bytes kept for the folded table of all rows, be it without a single one
_NOTICE = 100  # bytes kept for the line that counts what found no room

# Words, numbers and intervals: no character of it starts markup, a mention (@), a reference to an
# issue (#, GH-1) or a link (://, www., an address).
_PROSE = re.compile(
    r"(?:[^\W_]|[ ,.;()%+'\"/=–—×≥≤±“”’…-]|: |(?<=[^\W_])_(?=[^\W_])|\[[-+0-9., ]+\](?![(\[:]))*"
)
_LINKED = re.compile(r"www\.|\bGH-\d", re.IGNORECASE)


def code(text: str) -> str:
    """Foreign text as a code span: no markup, no link, nobody mentioned, no cell of a table ended.

    Where a backtick or a bar would end the span or the cell, it is an element with each sign
    written as a number, which Markdown takes for text.
    """
    plain = printable(text)
    if plain.strip() and plain == plain.strip() and not set(plain) & set("`|"):
        return f"`{plain}`"
    return f"<code>{''.join(_as_number(char) for char in plain)}</code>"


def prose(text: str) -> str:
    """A sentence that may hold foreign words: each of them that might do something as code.

    The others stay text, so that a sentence stays one; what a word ends in (``: ; , .``) is no
    part of its code. Blanks at the ends and several in a row are none of a sentence's.
    """
    plain = printable(text)
    if _is_harmless(plain):
        return plain
    words = plain.split(" ")
    if len(words) == 1 or "" in words:
        return code(plain)
    shown = " ".join(map(_word, words))
    rest = re.sub(r"`[^`]*`|<code>.*?</code>", "x", shown)
    return shown if _is_harmless(rest) else code(plain)


def _word(word: str) -> str:
    bare = word.rstrip(":;,.")
    if _is_harmless(bare):
        return word
    return f"{code(bare)}{word[len(bare) :]}"


def _is_harmless(plain: str) -> bool:
    return bool(_PROSE.fullmatch(plain)) and not _LINKED.search(plain)


def fenced(text: str) -> str:
    """Several lines of foreign text as a block of code, whose fence they cannot close."""
    lines = "\n".join(printable(line) for line in text.splitlines())
    longest = max(map(len, re.findall(r"`+", lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{lines}\n{fence}"


def document(view: CheckView, *, limit: int, details: bool) -> str:
    """The gate as Markdown: verdict, what needs attention, warnings, all rows, the policy.

    Args:
        view: The gate.
        limit: Bytes (UTF-8) it may have; rows that find no room are counted.
        details: With what failed benchmarks said.
    """
    head = f"## {icon(view)} perfkit check: {view.outcome.word}\n\n{_verdict(view)}"
    parts = [head, _warnings(view), _failures(view) if details else "", _footer(view)]
    room = limit - sum(_size(part) + 2 for part in parts)
    quiet = len(view.attention) < len(view.rows)
    attention = _table(view, view.attention, room - (_FOLDED if quiet else 0))
    rest = _all_rows(view, room - _size(attention) - 2) if quiet else ""
    ordered = [head, attention, *parts[1:3], rest, parts[3]]
    return "\n\n".join(part for part in ordered if part) + "\n"


def _verdict(view: CheckView) -> str:
    said = words.sentence(view.result, state=view.compared.state, mark=code)
    return f"{said}\n\n{prose(view.candidate)} against {prose(view.baseline)}"


def _table(view: CheckView, rows: Sequence[CheckRow], room: int) -> str:
    if not rows:
        return ""
    level = format_share(view.compared.confidence, digits=0)
    lines = [
        f"| Benchmark | Verdict | Change, {level} interval | Allowed | Would have caught | Why |",
        "| :-- | :-- | --: | --: | --: | :-- |",
    ]
    room -= sum(_size(line) + 1 for line in lines) + _NOTICE
    for done, row in enumerate(rows):
        line = _line(row)
        room -= _size(line) + 1
        if room < 0:
            more = len(rows) - done
            said = f"**{words.count(more, 'row')} more found no room here;"
            return "\n".join([*lines, f"\n{said} report.html holds all.**"])
        lines.append(line)
    return "\n".join(lines)


def _line(row: CheckRow) -> str:
    icons = "❌" if row.fails else _ICONS[row.tone]
    icons = "➖" if row.row.verdict is GateVerdict.UNMEASURABLE else icons
    name = code(words.shown(row.row.id))
    metric = words.METRICS[row.row.metric]
    name += f" {metric}" if row.label != words.shown(row.row.id) else ""
    why = "<br>".join(prose(part) for part in (row.proof, row.reason) if part)
    word = f"**{row.word}**" if row.open else row.word
    cells = (name, f"{icons} {word}", row.change, row.allowed, row.catches, why)
    return f"| {' | '.join(cells)} |"


def _all_rows(view: CheckView, room: int) -> str:
    title = words.count(len(view.rows), "row")
    head = f"<details><summary>All {title}</summary>\n"
    table = _table(view, view.rows, room - _size(head) - 20)
    return f"{head}\n{table}\n\n</details>"


def _warnings(view: CheckView) -> str:
    if not view.warnings:
        return ""
    lines = ["### Warnings", ""]
    for group in view.warnings[:_WARNINGS]:
        names = ", ".join(code(words.shown(name)) for name in group.benchmarks[: words.NAMED])
        more = len(group.benchmarks) - words.NAMED
        names += f" and {more} more" if more > 0 else ""
        said = prose(words.cut(group.sentences, 500))
        lines.append(f"- ⚠️ {names}: {said}" if names else f"- ⚠️ {said}")
    if len(view.warnings) > _WARNINGS:
        lines.append(f"- and {len(view.warnings) - _WARNINGS} more kinds of warning")
    return "\n".join(lines)


def _failures(view: CheckView) -> str:
    parts = []
    told = {row.row.id: row for row in view.rows if row.detail}.values()
    for row in list(told)[:_DETAILS]:
        name = code(words.shown(row.row.id))
        head = f"<details><summary>What a failed benchmark said</summary>\n\n{name}"
        parts.append(f"{head}\n\n{fenced(words.cut(row.detail, _DETAIL))}\n\n</details>")
    return "\n\n".join(parts)


def _footer(view: CheckView) -> str:
    facts = [
        f"{prose(name)}: {prose(words.cut(fact, 300))}"
        for name, fact in view.policy
        if not name.startswith("…")
    ]
    own = view.result.policy.margins
    if own and Metric.TIME in view.result.policy.metrics:
        named = [f"{code(words.shown(name))} {words.allowed(margin)}" for name, margin in own]
        facts.insert(1, f"but in {words.listed(named)}")
    total = dict(view.compared.seconds).get("total", 0.0)
    took = f", took {format_duration(total)}" if total else ""
    said = f"perfkit {prose(view.compared.perfkit)}, run {code(view.compared.id)}{took}."
    return f"{'; '.join(facts)}.\n\n{said}"


def _as_number(char: str) -> str:
    return char if char.isalnum() else f"&#{ord(char)};"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
