"""What a reader must know before trusting a number, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.variant import VENV

if TYPE_CHECKING:
    from perfkit.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A limit of a result that says what to do about it.

    Attributes:
        code: Stable identifier in kebab-case (``"margin-below-precision"``), for tests and tools.
        text: What is the matter, with its numbers.
        remedy: What to do, as an imperative sentence; empty where there is nothing to be done.
        benchmark: Identifier of the benchmark it belongs to; None when it concerns the whole run.
    """

    code: str
    text: str
    remedy: str
    benchmark: str | None

    def __str__(self) -> str:
        where = f"{self.benchmark}: " if self.benchmark is not None else ""
        return f"{where}{self.text}" + (f"; {self.remedy}" if self.remedy else "")


def run_caveat(code: str, text: str, remedy: str) -> Caveat:
    """One that concerns the whole run."""
    return Caveat(code=code, text=text, remedy=remedy, benchmark=None)


def venv_caveats(*variants: Variant, alone: bool = False) -> list[Caveat]:
    """What to know when the interpreter named is a virtual environment's: its packages are left.

    Not when something was named for that side: then the person knows.

    Args:
        variants: The sides.
        alone: There is only one, which is compared with nothing.
    """

    def whose(variant: Variant) -> str:
        return "" if alone else f"{variant.side}'s "

    return [
        Caveat(
            code="virtual-environment",
            text=f"the packages of the {whose(variant)}virtual environment "
            f"({variant.interpreter.executable}) are not measured",
            remedy="name those that matter with "
            f"{'--with' if alone else f'--{variant.side}-with or --with'}",
            benchmark=None,
        )
        for variant in variants
        if variant.interpreter.found_by == VENV and not variant.requirements
    ]
