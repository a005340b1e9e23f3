"""Plain values to checked ones: every problem is told with its place, and reading goes on."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from perfkit import grammar
from perfkit.errors import PerfkitError
from perfkit.grammar import InvalidError
from perfkit.profile.document import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

S = TypeVar("S", bound=str)
T = TypeVar("T")
Place = tuple[str | int, ...]

_SHOWN = 80  # characters of an offending value


@dataclass(slots=True, kw_only=True)
class Problems:
    """What is wrong with one document, in the order found.

    Attributes:
        source: Name of the document, for messages.
        found: The problems.
    """

    source: str
    found: list[PerfkitError] = field(default_factory=list)

    def add(self, problem: PerfkitError) -> None:
        """Take a problem, and say which document it is of."""
        what = f"{self.source}: {problem.what}"
        self.found.append(
            PerfkitError(
                what, got=_short(problem.got), allowed=problem.allowed, remedy=problem.remedy
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value somewhere in a document.

    Attributes:
        raw: What stands there.
        place: Keys and indices that lead there.
        problems: Where to tell what is wrong.
    """

    raw: object
    place: Place
    problems: Problems

    def wrong(
        self,
        what: str,
        *,
        got: object = None,
        allowed: str | None = None,
        remedy: str | None = None,
    ) -> None:
        """Tell a problem of this place."""
        where = spelled(self.place) or "the top level"
        self.problems.add(PerfkitError(f"{where} {what}", got=got, allowed=allowed, remedy=remedy))

    def read(self, parse: Callable[[object], T], otherwise: T) -> T:
        """The value as ``parse`` reads it; ``otherwise`` when it is wrong, which is told."""
        try:
            return parse(self.raw)
        except InvalidError as error:
            self.wrong(error.what, got=error.got, allowed=error.allowed, remedy=error.remedy)
        return otherwise

    def table(self, keys: Collection[str]) -> Table:
        """The value as a table that may hold these keys; unknown ones are told."""
        known = self.any_table()
        for key in known.keys():  # noqa: SIM118 - no mapping
            if key not in keys:
                near = difflib.get_close_matches(key.lower(), keys, n=1)
                Value(raw=None, place=(*self.place, key), problems=self.problems).wrong(
                    "is an unknown key",
                    allowed=None if near else ", ".join(keys),
                    remedy=f"did you mean {near[0]!r}?" if near else None,
                )
        return known

    def any_table(self) -> Table:
        """The value as a table with keys of any name; an empty one when it is none."""
        if isinstance(self.raw, dict):
            return Table(content=self.raw, place=self.place, problems=self.problems)
        self.wrong("is no table", got=self.raw, allowed="keys with values")
        return Table(content={}, place=self.place, problems=self.problems)

    def items(self, *, most: int) -> tuple[Value, ...]:
        """The values of a list, or this one alone; none when there are too many."""
        if not isinstance(self.raw, list):
            return (self,)
        if len(self.raw) > most:
            self.wrong("is too long", got=len(self.raw), allowed=f"at most {most:,}")
            return ()
        return tuple(
            Value(raw=one, place=(*self.place, index), problems=self.problems)
            for index, one in enumerate(self.raw)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table somewhere in a document; a key without a value counts as not there.

    Attributes:
        content: What it holds.
        place: Where it stands.
        problems: Where to tell what is wrong.
    """

    content: dict[str, object]
    place: Place
    problems: Problems

    def keys(self) -> tuple[str, ...]:
        """Keys in order."""
        return tuple(self.content)

    def at(self, key: str) -> Value:
        """What stands at a key; None inside when nothing does."""
        raw = self.content.get(key)
        return Value(raw=raw, place=(*self.place, key), problems=self.problems)

    def get(self, key: str) -> Value | None:
        """What stands at a key, or None."""
        return None if self.content.get(key) is None else self.at(key)

    def read(self, key: str, parse: Callable[[object], T], otherwise: T) -> T:
        """What stands at a key as ``parse`` reads it; ``otherwise`` when it is absent or wrong."""
        found = self.get(key)
        return otherwise if found is None else found.read(parse, otherwise)

    def here(self) -> Value:
        """The table itself, to tell problems of."""
        return Value(raw=self.content, place=self.place, problems=self.problems)


def text(value: object, *, most: int = 200) -> str:
    """One line of text.

    Raises:
        InvalidError: It is none.
    """
    if not isinstance(value, str):
        is_number = isinstance(value, int | float)
        remedy = f'write "{value}", in quotes' if is_number else None
        raise InvalidError("is no text", got=value, remedy=remedy)
    if not value.strip() or not value.isprintable() or len(value) > most:
        allowed = f"one line of 1 to {most} characters"
        raise InvalidError("is not readable text", got=value, allowed=allowed)
    return value.strip()


def switch(value: object) -> bool:
    """True or false.

    Raises:
        InvalidError: Neither.
    """
    if not isinstance(value, bool):
        raise InvalidError("is a switch", got=value, allowed="true or false")
    return value


def choice(*words: S) -> Callable[[object], S]:
    """A parser that insists on one of some words."""

    def parse(value: object) -> S:
        found = next((word for word in words if word == value), None)
        if found is None:
            near = difflib.get_close_matches(str(value).lower(), words, n=1)
            remedy = f"did you mean {str(near[0])!r}?" if near else None  # an enum's repr differs
            raise InvalidError("is unknown", got=value, allowed=", ".join(words), remedy=remedy)
        return found

    return parse


def whole(low: int, high: int) -> Callable[[object], int]:
    """A parser of whole numbers in a range."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            allowed = f"a whole number from {low:,} to {high:,}"
            raise InvalidError("is no such number", got=value, allowed=allowed)
        return value

    return parse


def number(low: float, high: float) -> Callable[[object], float]:
    """A parser of numbers in a range."""

    def parse(value: object) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not (math.isfinite(value) and low <= value <= high):  # type: ignore[arg-type,operator]
            allowed = f"a number from {low:g} to {high:g}"
            raise InvalidError("is no such number", got=value, allowed=allowed)
        return float(value)  # type: ignore[arg-type]

    return parse


def seconds(low: float, high: float) -> Callable[[object], float]:
    """A parser of times in a range, in seconds."""

    def parse(value: object) -> float:
        found = grammar.duration(value)
        if not low <= found <= high:
            allowed = f"from {low:g} to {high:,g} seconds"
            raise InvalidError("is out of range", got=value, allowed=allowed)
        return found

    return parse


def _short(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    shown = str(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
