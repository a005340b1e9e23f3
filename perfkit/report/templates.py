"""The HTML templates and their filters: whatever is shown is text, never markup."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from perfkit.report import figures, wording
from perfkit.units import format_duration

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

    from perfkit.caveat import Caveat


_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def template(name: str) -> Template:
    """A template of the folder ``perfkit/report``."""
    return _environment().get_template(name)


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
    text = re.sub(
        r"(?<=\d) (?=(?:s|ms|µs|ns|B|KiB|MiB|GiB|min|h|requests/s|users)\b)", "\u00a0", text
    )
    return re.sub(r"(\[[^\s\],]+,) ", "\\1\u00a0", text)


def _typo(text: str) -> Markup:
    """Typographic, and an option stays whole: a browser would break it after its first hyphen."""
    from markupsafe import Markup, escape

    shown = str(escape(typographic(wording.printable(text))))
    return Markup(_OPTION.sub(r'<span class="whole">\g<0></span>', shown))  # noqa: S704 - escaped


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("perfkit", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typo"] = _typo
    environment.filters["printable"] = wording.printable
    environment.filters["name"] = _name
    environment.filters["sentences"] = _sentences
    environment.filters["multiline"] = _multiline
    environment.filters["duration"] = format_duration
    environment.filters["each"] = lambda text: text.replace(" requests/s", "/s")
    environment.filters["figure"] = figures.number
    environment.filters["time"] = figures.brief_seconds
    environment.filters["share"] = figures.brief_share
    return environment
