"""Numbers for other programs: strict JSON, base units, null for what is unknown or infinite."""

from __future__ import annotations

import dataclasses
import math
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.finding import Finding


def number(value: float) -> float | None:
    """The number, or None when JSON has none for it."""
    return value if math.isfinite(value) else None


def estimate(found: Estimate | None) -> dict[str, Any] | None:
    """``value``, ``low``, ``high``, ``confidence``, ``n``."""
    if found is None:
        return None
    return {
        "value": number(found.value),
        "low": number(found.low),
        "high": number(found.high),
        "confidence": found.confidence,
        "n": found.n,
    }


def finding(found: Finding) -> dict[str, Any]:
    """``title``, ``status``, ``goal``, ``required``, ``reason``."""
    return {
        "title": found.title,
        "status": found.status.value,
        "goal": found.goal,
        "required": found.required,
        "reason": found.reason,
    }


def plain(found: Any) -> Any:  # noqa: ANN401 - any result type
    """A result type as JSON has it: fields by name, enumerations by value, arrays as lists."""
    if isinstance(found, Enum):
        return found.value
    if found is None or isinstance(found, bool | int | str | float):
        return number(found) if isinstance(found, float) else found
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        fields = dataclasses.fields(found)
        return {field.name: plain(getattr(found, field.name)) for field in fields}
    if isinstance(found, dict):
        return {str(key): plain(value) for key, value in found.items()}
    return [plain(one) for one in (found.tolist() if hasattr(found, "tolist") else found)]
