"""What a reader must know before trusting a number, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A limit of a result that says what to do about it.

    Attributes:
        code: Stable identifier in kebab-case (``"margin-below-precision"``), for tests and tools.
        text: What is the matter, with its numbers.
        remedy: What to do, as an imperative sentence.
        benchmark: Identifier of the benchmark it belongs to; None when it concerns the whole run.
    """

    code: str
    text: str
    remedy: str
    benchmark: str | None

    def __str__(self) -> str:
        where = f"{self.benchmark}: " if self.benchmark is not None else ""
        return f"{where}{self.text}; {self.remedy}"
