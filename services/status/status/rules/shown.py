"""Values of results as JSON that every reader understands alike. Pure.

Integers beyond ±(2^53 - 1) and decimals are strings, for JSON's readers would round them; NaN and infinities are null,
and the column says so.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from queryflow.domain.values.numbers import LARGEST_EXACT_IN_JSON


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column of a page: its name, the engine's word for its type, and whether a value of it was not finite."""

    name: str
    type: str
    non_finite: bool


def shown_value(value: Any) -> Any:
    """The value as JSON."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT_IN_JSON else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    return _shown_compound(value)


def shown_columns(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> list[ShownColumn]:
    """The columns, marked where a value of these rows was not finite."""
    marked = [any(_non_finite(row[number]) for row in rows) for number in range(len(columns))]
    return [ShownColumn(name, type_, mark) for (name, type_), mark in zip(columns, marked, strict=True)]


def _shown_compound(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {_shown_key(key): shown_value(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [shown_value(item) for item in value]
    return str(value)


def _shown_key(key: Any) -> str:
    """The key of a map as JSON has keys; one that is not finite is named, for null would be the same for all."""
    shown = shown_value(key)
    return str(key if shown is None else shown)


def _non_finite(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Decimal):
        return not value.is_finite()
    if isinstance(value, Mapping):
        return any(_non_finite(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_non_finite(item) for item in value)
