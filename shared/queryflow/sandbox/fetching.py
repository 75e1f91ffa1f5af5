"""Rows as Python values that say what DuckDB holds.

Some types Python has not, or not whole: it would take the infinite for a day of the year 9999, cut nanoseconds, give an
interval's months 30 days each, and needs another library for time zones. They are fetched as text and read here.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from math import inf
from typing import Any

import duckdb

from queryflow.sandbox.jobs.casting import cast, is_nested, parts_of
from queryflow.sandbox.jobs.job import Excess

Reader = Callable[[Any], Any]
_TAGGED = 40
"""Bytes of a value that says its kind."""
_INFINITE = {"infinity": inf, "-infinity": -inf}
_MOST_DIGITS = 6
"""Of a second's fraction, as Python's times have them."""
_FRACTION = re.compile(r"\.(\d+)")


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes the rows that are fetched may have: together, and one row that comes alone."""

    together: int
    alone: int


class RoomExceeded(Exception):
    """The rows are too large; `excess` says how many of them fit, and what is so large."""

    def __init__(self, excess: Excess) -> None:
        super().__init__("The rows are too large together.")
        self.excess = excess


def fetch(relation: duckdb.DuckDBPyRelation, most: int) -> list[list[Any]]:
    """The first rows, at most so many.

    An infinite date or timestamp is an infinite float; one that Python has not (nanoseconds, the year 10000, BC) is
    text; what has a time zone is in UTC, as the session is. Intervals and geometries are DuckDB's text, variants JSON.
    """
    if not most:
        return []
    return _read_rows(relation, cast(relation, _FETCHED).limit(most).fetchall())


def fetch_within(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, most: int, room: Room
) -> list[list[Any]]:
    """The same, or RoomExceeded as soon as they have no room: no more rows are made Python's than fit."""
    connection.execute(cast(relation, _FETCHED).limit(most).sql_query())
    try:
        return _read_rows(relation, _within(connection, relation.columns, room))
    finally:
        if hasattr(connection, "abort"):  # from DuckDB 2.0 on nothing else may run before
            connection.abort()


def _within(connection: duckdb.DuckDBPyConnection, columns: list[str], room: Room) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    used = 0
    while row := connection.fetchone():
        size = _size(row)
        used += size
        if used > (room.together if rows else room.alone):
            sizes = [_size(value) for value in row]
            widest = max(range(len(sizes)), key=sizes.__getitem__)
            raise RoomExceeded(Excess(len(rows), size, columns[widest], sizes[widest]))
        rows.append(row)
    return rows


def _read_rows(relation: duckdb.DuckDBPyRelation, fetched: list[tuple[Any, ...]]) -> list[list[Any]]:
    readers = [_reader(type_) for type_ in relation.types]
    if not any(readers):
        return [list(row) for row in fetched]
    return [[_read(value, reader) for value, reader in zip(row, readers, strict=True)] for row in fetched]


def _size(value: Any) -> int:
    """About how many bytes it has when it crosses the wall."""
    if isinstance(value, str):
        return len(value) * (1 if value.isascii() else 3) + 3
    if isinstance(value, bytes):
        return 2 * len(value) + _TAGGED
    if isinstance(value, dict):
        return _size(list(value)) + _size(list(value.values())) + _TAGGED
    if isinstance(value, list | tuple):
        return sum(_size(item) for item in value) + 2
    return 8 if value is None or isinstance(value, bool) else _TAGGED


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
