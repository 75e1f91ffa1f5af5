"""Rows as they cross the wall: JSON that keeps Python's types. Neither side ever unpickles what the other wrote."""

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

TAG = "$"
"""The key that marks an object as a tagged value; a map is always tagged itself, so its own keys never collide."""


def to_json(value: Any) -> Any:
    """The value as JSON; int, str, bool, None, finite floats and lists are themselves, everything else is tagged."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _tagged("float", repr(value))
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return _tagged("map", [[to_json(key), to_json(item)] for key, item in value.items()])
    return _scalar_to_json(value)


def from_json(value: Any) -> Any:
    """What `to_json` was given; ValueError where the text was not written by it."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    read = _READERS.get(value.get(TAG, ""))
    if read is None:
        raise ValueError("a value of an unknown kind")
    return read(value["v"])


def _scalar_to_json(value: Any) -> Any:
    for kind, type_, write in _WRITERS:
        if isinstance(value, type_):
            return _tagged(kind, write(value))
    return str(value)


def _tagged(kind: str, text: Any) -> dict[str, Any]:
    return {TAG: kind, "v": text}


def _microseconds(value: timedelta) -> int:
    return value // timedelta(microseconds=1)


_WRITERS: tuple[tuple[str, type, Callable[[Any], Any]], ...] = (
    ("decimal", Decimal, str),
    ("datetime", datetime, datetime.isoformat),  # before date: a datetime is a date too
    ("date", date, date.isoformat),
    ("time", time, time.isoformat),
    ("duration", timedelta, _microseconds),
    ("uuid", UUID, str),
    ("bytes", bytes, bytes.hex),
)

_READERS: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda microseconds: timedelta(microseconds=microseconds),
    "uuid": UUID,
    "bytes": bytes.fromhex,
    "map": lambda pairs: {from_json(key): from_json(item) for key, item in pairs},
}
