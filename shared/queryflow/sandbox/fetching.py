"""Rows as Python values that say what DuckDB holds.

Some types Python has not, or not whole: it would take the infinite for a day of the year 9999, cut nanoseconds, give an
interval's months 30 days each, and needs another library for time zones. They are fetched as text and read here.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from math import inf
from typing import Any

import duckdb

from queryflow.sandbox.casting import cast, is_nested, parts_of

Reader = Callable[[Any], Any]
_INFINITE = {"infinity": inf, "-infinity": -inf}
_MOST_DIGITS = 6
"""Of a second's fraction, as Python's times have them."""
_FRACTION = re.compile(r"\.(\d+)")


def fetch(relation: duckdb.DuckDBPyRelation, most: int) -> list[list[Any]]:
    """The first rows, at most so many.

    An infinite date or timestamp is an infinite float; one that Python has not (nanoseconds, the year 10000, BC) is
    text; what has a time zone is in UTC, as the session is. Intervals and geometries are DuckDB's text, variants JSON.
    """
    if not most:
        return []
    fetched = cast(relation, _FETCHED).limit(most).fetchall()
    readers = [_reader(type_) for type_ in relation.types]
    if not any(readers):
        return [list(row) for row in fetched]
    return [[_read(value, reader) for value, reader in zip(row, readers, strict=True)] for row in fetched]


def _read(value: Any, reader: Reader | None) -> Any:
    return value if value is None or reader is None else reader(value)


def _reader(type_: Any) -> Reader | None:
    """What makes the value of the fetched one; None where it is that already."""
    if type_.id in _READERS:
        return _READERS[type_.id]
    parts = [part for _, part in parts_of(type_)]
    readers = [_reader(part) for part in parts]
    if not any(readers):
        return None
    if type_.id == "map":
        return _map_reader(readers, by_lists=is_nested(parts[0]))
    if type_.id == "struct":
        return lambda value: dict(zip(value, _read_all(value.values(), readers), strict=True))
    if type_.id == "tuple":
        return lambda value: _read_all(value, readers)
    return lambda value: [_read(each, readers[0]) for each in value]


def _map_reader(readers: list[Reader | None], *, by_lists: bool) -> Reader:
    """Of a map; where Python could not look its keys up, DuckDB gives them, and the values, as a list each."""
    if by_lists:
        return lambda value: {
            part: [_read(each, reader) for each in value[part]]
            for part, reader in zip(("key", "value"), readers, strict=True)
        }
    return lambda value: dict(_read_all(entry, readers) for entry in value.items())


def _read_all(values: Iterable[Any], readers: list[Reader | None]) -> list[Any]:
    return [_read(value, reader) for value, reader in zip(values, readers, strict=True)]


def _timed(type_: type[date] | type[time]) -> Reader:
    """A reader of DuckDB's text of such a time."""

    def read(text: str) -> Any:
        if text in _INFINITE:
            return _INFINITE[text]
        digits = _FRACTION.search(text)
        if digits and len(digits[1]) > _MOST_DIGITS:
            return text.replace(" ", "T")
        try:
            return type_.fromisoformat(text)
        except ValueError:
            return text

    return read


_READERS: dict[str, Reader] = {
    "date": _timed(date),
    **dict.fromkeys(
        (
            "timestamp",
            "timestamp_s",
            "timestamp_ms",
            "timestamp_ns",
            "timestamp with time zone",
            "timestamptz_ns",
        ),
        _timed(datetime),
    ),
    "time_ns": _timed(time),
    "interval": str,
    "geometry": str,
    "variant": str,
}
"""By DuckDB's word for the type."""
_FETCHED = {**dict.fromkeys(_READERS, "VARCHAR"), "variant": "JSON"}
