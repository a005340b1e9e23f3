"""``${variable}`` in paths, headers and bodies: one pass, no escapes, no expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_REFERENCE = re.compile(rf"\$\{{({NAME.pattern})\}}", re.ASCII)


def variables_in(text: str) -> tuple[str, ...]:
    """Names of the variables in a text, each once, in order.

    >>> variables_in("/items/${id}?page=${count}&again=${id}")
    ('id', 'count')
    """
    return tuple(dict.fromkeys(_REFERENCE.findall(text)))


def malformed(text: str) -> str | None:
    """The first ``${`` that is no reference to a variable, with what follows; else None.

    >>> malformed("/items/${item id}")
    '${item id}'
    """
    rest = _REFERENCE.sub(" ", text)
    at = rest.find("${")
    return None if at < 0 else rest[at : at + 40].partition("}")[0] + "}" * ("}" in rest[at:])


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in; a value is taken as it is and not looked into again.

    >>> fill("/items/${id}", {"id": "${id}"})
    '/items/${id}'

    Raises:
        KeyError: A variable has no value.
    """
    return _REFERENCE.sub(lambda match: values[match[1]], text)
