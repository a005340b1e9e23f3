"""``report.html``: one self-contained page, readable without scripts and without a network."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from perfkit.decide.policy import Status
from perfkit.decide.verdict import Verdict
from perfkit.report import details, wording
from perfkit.report.forest import forest_svg
from perfkit.units import format_duration, format_share_interval

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from perfkit.analyse.estimate import Estimate
    from perfkit.caveat import Caveat
    from perfkit.report.view import View

_TEMPLATE = "report.html.j2"
_STATUS_LOOKS = {
    Status.MET: ("✓", "faster"),
    Status.NOT_MET: ("✕", "slower"),
    Status.UNDECIDED: ("?", "open"),
    Status.NOT_MEASURED: ("–", "open"),
}


def as_html(view: View) -> str:
    """The whole report as one HTML document.

    Args:
        view: The run; everything in it is treated as text, never as markup.

    Returns:
        HTML that fetches nothing and runs nothing; its Content-Security-Policy forbids both.
    """
    from markupsafe import Markup

    measured = [row for row in view.rows if row.comparison is not None]
    return _template().render(
        view=view,
        forests=[
            # Built by matplotlib, which escapes text: the only markup that is not the template's.
            (shape, Markup(forest_svg(view, narrow=shape == "narrow")))  # noqa: S704
            for shape in ("wide", "narrow")
            if measured
        ],
        charts=[
            (details.block_effects(row, margin=view.margin), details.distribution(row))
            for row in view.rows
        ],
        gain=_gain,
        status_looks=_STATUS_LOOKS,
        looks=[wording.look(verdict, noisy=view.noisy) for verdict in Verdict],
        layout=details,
        longest=max((spent for stage, spent in view.seconds if stage != "total"), default=0.0),
    )


def _gain(improvement: Estimate | None) -> str:
    if improvement is None:
        return "not measured"
    return format_share_interval(improvement.value, improvement.low, improvement.high)


def _sentences(caveat: Caveat) -> str:
    return typographic(wording.sentences(caveat.text, caveat.remedy))


def _name(text: str) -> Markup:
    """A benchmark's name that breaks after underscores, where it must break at all."""
    from markupsafe import Markup, escape

    parts = [escape(part) for part in wording.printable(text).split("_")]
    return Markup("_<wbr>").join(parts)


def _multiline(text: str) -> str:
    return "\n".join(wording.printable(line) for line in text.splitlines())


def typographic(text: str) -> str:
    """True minus signs, and numbers that stay with their units when lines break.

    >>> typographic("-4.4 % [-5.1, -3.6]") == "−4.4\u202f% [−5.1,\u00a0−3.6]"
    True
    """
    text = re.sub(r"(?<![\w.-])-(?=\d)", "−", text)
    text = re.sub(
        r"(?<=\d) (?=(?:equivalent|inconclusive|too noisy|failed|not measured)\b)", "\u00a0", text
    )
    text = re.sub(r"(?<=\d) %", "\u202f%", text)
    text = re.sub(r"(?<=\d) (?=(?:s|ms|µs|ns|B|KiB|MiB|GiB|min|h)\b)", "\u00a0", text)
    return re.sub(r"(\[[^\s\],]+,) ", "\\1\u00a0", text)


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("perfkit", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typo"] = lambda text: typographic(wording.printable(text))
    environment.filters["printable"] = wording.printable
    environment.filters["name"] = _name
    environment.filters["sentences"] = _sentences
    environment.filters["multiline"] = _multiline
    environment.filters["duration"] = format_duration
    return environment.get_template(_TEMPLATE)
