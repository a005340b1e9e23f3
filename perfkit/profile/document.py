"""Texts of people to plain values: YAML and JSON without their traps.

YAML here is what YAML 1.2 calls its core schema: ``5m`` and ``on`` are text, ``1:30`` is not 90.
Aliases, tags, duplicate keys, keys that are no text and numbers that are not finite are problems,
as is what nests deeper than a profile ever does.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_CHARACTERS = 1 << 20
_DEEPEST = 40
_MOST_DIGITS = 18
_CORE = "tag:yaml.org,2002:"

L = TypeVar("L", yaml.SafeLoader, yaml.SafeDumper)


_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9]+", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", [*"-+."]),
)
"""Kind, form and first letters of what is no text without quotes."""


def core_schema(cls: type[L]) -> type[L]:
    """Have a loader or dumper take for numbers, say, what YAML 1.2 does."""
    cls.yaml_implicit_resolvers = {}
    for kind, form, first in _SCALARS:
        pattern = re.compile(rf"(?:{form})\Z", re.ASCII)
        cls.add_implicit_resolver(f"{_CORE}{kind}", pattern, first)
    return cls


@core_schema
class _Loader(yaml.SafeLoader):
    """Reads the core schema."""


class _UnreadableError(ValueError):
    """The document cannot be looked at any further."""


def read_yaml(text: str, problem: Callable[[PerfkitError], None]) -> object:
    """Dicts, lists, text, numbers, booleans and None from YAML.

    Args:
        text: One document.
        problem: Told everything that is wrong; whatever is returned then is of no use.
    """
    try:
        _check_size(text)
        _check_events(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        braces = "flow mapping" in str(error) and "${" in text
        remedy = "inside braces, put what holds ${…} in quotes" if braces else None
        what = f"it is no YAML: {' '.join(str(error).split())}"
        problem(PerfkitError(what, remedy=remedy))
        return None
    except _UnreadableError as error:
        problem(PerfkitError(str(error)))
        return None
    return None if root is None else _Builder(problem).value(root, ())


def read_json(text: str, problem: Callable[[PerfkitError], None]) -> object:
    """The same from JSON."""

    def table(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in found if names.count(name) > 1})
            problem(PerfkitError(f"{', '.join(map(repr, twice))} is there twice"))
        return found

    def constant(word: str) -> float:
        problem(PerfkitError("a number is not finite", got=word))
        return 0.0

    def whole(digits: str) -> int:
        if len(digits) > _MOST_DIGITS:
            problem(PerfkitError("a number is too large", got=digits[:40]))
            return 0
        return int(digits)

    def number(digits: str) -> float:
        value = float(digits)
        return value if math.isfinite(value) else constant(digits[:40])

    try:
        _check_size(text)
        found: object = json.loads(
            text,
            object_pairs_hook=table,
            parse_constant=constant,
            parse_int=whole,
            parse_float=number,
        )
    except ValueError as error:  # JSONDecodeError and _UnreadableError
        said = isinstance(error, _UnreadableError)
        problem(PerfkitError(str(error) if said else f"it is no JSON: {error}"))
        return None
    except RecursionError:
        problem(PerfkitError(f"it nests deeper than {_DEEPEST} levels"))
        return None
    return found


def spelled(place: tuple[str | int, ...]) -> str:
    """A place in a document for people, who count from 1: ``stages → 2 → duration``."""
    return " → ".join(str(one + 1) if isinstance(one, int) else one for one in place)


def _is_encodable(text: str) -> bool:
    """Whether it holds no half of a surrogate pair, which no file can hold."""
    return text.isascii() or not re.search(r"[\ud800-\udfff]", text)


def _check_size(text: str) -> None:
    if len(text) > _MOST_CHARACTERS:
        raise _UnreadableError(f"it is longer than {_MOST_CHARACTERS:,} characters")


def _check_events(text: str) -> None:
    """Refuse what expands or nests before anything is built of it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _UnreadableError(f"it holds the alias *{event.anchor}; write it out instead")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _UnreadableError(f"it nests deeper than {_DEEPEST} levels")


class _Builder:
    """Nodes to values, telling what must not be there."""

    def __init__(self, problem: Callable[[PerfkitError], None]) -> None:
        self._problem = problem

    def value(self, node: yaml.Node, place: tuple[str | int, ...]) -> object:
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_CORE}map":
            return self._table(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
            return [self.value(one, (*place, index)) for index, one in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node.tag, node.value, place)
        self._tell("has a tag", place, got=node.tag)
        return None

    def _table(self, node: yaml.MappingNode, place: tuple[str | int, ...]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, content in node.value:
            if not (isinstance(key, yaml.ScalarNode) and key.tag == f"{_CORE}str"):
                got = key.value if isinstance(key, yaml.ScalarNode) else None
                remedy = f'write "{got}", in quotes' if got else "write text"
                self._tell("has a key that is no text", place, got=got, remedy=remedy)
            elif not _is_encodable(key.value):
                self._tell("has a key that is no Unicode text", place)
            elif key.value in found:
                self._tell("is there twice", (*place, key.value))
            else:
                found[key.value] = self.value(content, (*place, key.value))
        return found

    def _scalar(self, tag: str, text: str, place: tuple[str | int, ...]) -> object:
        kind = tag.removeprefix(_CORE)
        if kind == "str":
            if not _is_encodable(text):
                self._tell("is no Unicode text", place)
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if kind not in {"int", "float"}:
            self._tell("has a tag", place, got=tag)
            return None
        try:
            if len(text) > _MOST_DIGITS and kind == "int":
                raise ValueError(text)  # noqa: TRY301 - one way to say it
            number: Any = int(text) if kind == "int" else float(text.replace(".inf", "inf"))
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        self._tell("is no usable number", place, got=text[:40])
        return None

    def _tell(
        self,
        what: str,
        place: tuple[str | int, ...],
        *,
        got: object = None,
        remedy: str | None = None,
    ) -> None:
        where = spelled(place) or "the top level"
        self._problem(PerfkitError(f"{where} {what}", got=got, remedy=remedy))
