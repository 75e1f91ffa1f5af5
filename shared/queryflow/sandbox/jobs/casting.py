"""Replaces the types that another format lacks, wherever they are nested in a relation's columns."""

from collections.abc import Mapping
from typing import Any

import duckdb

STORED = {"hugeint": "BIGINT", "uhugeint": "UBIGINT", "null": "INTEGER"}
"""By DuckDB's word, types that Parquet would turn into another one, silently (128-bit sums into doubles), and what is
stored instead. A sum beyond 64 bits fails with a sentence rather than lose digits."""
WHOLE_INTERVALS = (
    "A result holds intervals of whole milliseconds that are not negative; "
    "cast this one, for example to VARCHAR, or take its seconds with epoch(…)."
)
_WHOLE_INTERVAL = "CASE WHEN date_part('microsecond', {0}) % 1000 <> 0 THEN error('{1}') ELSE {0} END"
"""Parquet keeps milliseconds and would drop the rest; a negative interval it refuses by itself."""
_LISTS = frozenset({"list", "array"})
_NESTED = _LISTS | {"struct", "tuple", "map"}


class CannotBeHeld(Exception):
    """A column of a query has a type that no result can hold; the message names both and says what to cast to."""


def is_nested(type_: Any) -> bool:
    """Whether the type is made of others."""
    return type_.id in _NESTED


def parts_of(type_: Any) -> list[tuple[str, Any]]:
    """The types a nested type is made of, by name where they have one; none of a type that is not nested."""
    return [part for part in type_.children if part[0] != "size" or type_.id != "array"] if is_nested(type_) else []


def storable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The relation as Parquet holds it without changing a value; reading it fails on a value that has no such form.

    Raises CannotBeHeld.
    """
    _refuse_unheld(relation)
    return _projected(
        relation,
        [
            _WHOLE_INTERVAL.format(f"#{position}", WHOLE_INTERVALS)
            if type_.id == "interval"
            else _cast(position, type_, STORED)
            for position, type_ in enumerate(relation.types, start=1)
        ],
    )


def cast(relation: duckdb.DuckDBPyRelation, lacking: Mapping[str, str]) -> duckdb.DuckDBPyRelation:
    """The relation with every lacking type, by DuckDB's word, replaced by the given one."""
    return _projected(
        relation, [_cast(position, type_, lacking) for position, type_ in enumerate(relation.types, start=1)]
    )


def quoted(name: str) -> str:
    """The name of a column or a field, quoted."""
    return '"' + name.replace('"', '""') + '"'


def _refuse_unheld(relation: duckdb.DuckDBPyRelation) -> None:
    """Refuse a column with a union in it, which Parquet lacks, or with an interval inside, which cannot be checked."""
    for name, type_ in zip(relation.columns, relation.types, strict=True):
        inner = {word for _, part in parts_of(type_) for word in _words(part)}
        if type_.id == "union" or inner & {"union", "interval"}:
            raise CannotBeHeld(
                f"The column {name} is of the type {type_}, which a result cannot hold; "
                f"cast it, for example to VARCHAR: CAST({quoted(name)} AS VARCHAR)."
            )


def _projected(relation: duckdb.DuckDBPyRelation, items: list[str | None]) -> duckdb.DuckDBPyRelation:
    """The relation with these expressions as its columns, None for one as it is; by position, for names may repeat."""
    if not any(items):
        return relation
    return relation.project(
        ", ".join(
            f"{item or f'#{position}'} AS {quoted(name)}"
            for position, (name, item) in enumerate(zip(relation.columns, items, strict=True), start=1)
        )
    )


def _cast(position: int, type_: Any, lacking: Mapping[str, str]) -> str | None:
    word = _replaced(type_, lacking)
    return word and f"CAST(#{position} AS {word})"


def _replaced(type_: Any, lacking: Mapping[str, str]) -> str | None:
    """The type with its lacking parts replaced, as SQL; None where nothing is lacking."""
    if type_.id in lacking:
        return lacking[type_.id]
    parts = parts_of(type_)
    words = [_replaced(part, lacking) for _, part in parts]
    if not any(words):
        return None
    return _nested(type_, parts, [word or str(part) for word, (_, part) in zip(words, parts, strict=True)])


def _nested(type_: Any, parts: list[tuple[str, Any]], words: list[str]) -> str:
    if type_.id in _LISTS:
        return f"{words[0]}[{dict(type_.children).get('size', '')}]"
    if type_.id == "struct":
        words = [f"{quoted(name)} {word}" for (name, _), word in zip(parts, words, strict=True)]
    return f"{type_.id.upper()}({', '.join(words)})"


def _words(type_: Any) -> set[str]:
    """DuckDB's words for the type and all that is inside of it."""
    return {type_.id}.union(*(_words(part) for _, part in parts_of(type_)))
