"""Plots by matplotlib as a part of a page: inline SVG in the page's own colours and font.

Colours in a figure are stand-ins that `drawn` turns into CSS custom properties, so that one
drawing serves light and dark; text stays text.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

WIDE, NARROW = 920, 340
"""Widths of a drawing in SVG units: for a page, and for a telephone."""

INK = {
    "slower": "#010001",
    "faster": "#010002",
    "equivalent": "#010003",
    "open": "#010004",
    "failed": "#010005",
    "text": "#010006",
    "muted": "#010007",
    "line": "#010008",
    "band": "#010009",
    "page": "#01000a",
    "accent": "#01000b",
    "tint": "#01000c",
    "rule": "#01000d",
}
_PIXELS_AN_INCH = 72  # an SVG unit of matplotlib's is a point


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many SVG units, under the settings that drawing and saving both need."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_settings()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph matplotlib's font lacks is the browser's to find
        figure = Figure(figsize=(width / _PIXELS_AN_INCH, height / _PIXELS_AN_INCH))
        FigureCanvasSVG(figure)
        yield figure


def drawn(figure: Figure, *, prefix: str, title: str, summary: str) -> str:
    """Make a figure a part of the page: colours, font, unique ids, a description.

    Args:
        figure: Within its `drawing`.
        prefix: Begins every id, so that none is given twice on a page.
        title: What it shows.
        summary: What it shows in words, for those who do not see it.

    Returns:
        An ``<svg>`` element with ``<title>`` and ``<desc>``; the same for the same figure.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    for name, ink in INK.items():
        svg = svg.replace(ink, f"var(--{name})")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r' d="[^"]*"', _rounded, svg)
    head, _, rest = svg.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{box.group() if box else ""} role="img" aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{escape(printable(title))}</title>'
        f'<desc id="{prefix}-desc">{escape(printable(summary))}</desc>{rest}'
    )


def _rounded(path: re.Match[str]) -> str:
    """A path with two decimals and without line feeds: a third of the bytes."""
    text = re.sub(r"-?\d+\.\d{3,}", lambda one: f"{float(one.group()):.2f}", path.group())
    return " ".join(text.split("\n")).rstrip()


def _settings() -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "perfkit",
        "text.parse_math": False,
        "text.color": INK["text"],
        "axes.edgecolor": INK["line"],
        "axes.labelcolor": INK["muted"],
        "xtick.color": INK["line"],
        "xtick.labelcolor": INK["muted"],
        "ytick.color": INK["line"],
        "ytick.labelcolor": INK["muted"],
        "font.size": 13,
        "xtick.labelsize": 12,
        "ytick.labelsize": 12,
        "path.simplify": False,
    }
