"""A table of texts in DuckDB becomes typed Parquet: the type of every column is decided by all of its values."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from queryflow.domain.files.column_types import ColumnType, Facts, Kind, KindFacts, column_type, notice
from queryflow.domain.files.json_columns import json_column_type
from queryflow.domain.files.regional_forms import LONGEST_SAMPLE, SAMPLES, regional_type
from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.files.table_refused import TableRefused
from queryflow.sandbox.jobs.casting import quoted
from queryflow.sql.writing.column_facts import Writing, declared_sql, facts_sql, is_other_sql, text, typed_sql

RAW = "raw_table"
FIRST_LOOK = 4_096
"""Rows of which one that can only be text saves looking at all the others."""
FEW_COLUMNS = 20
"""So few are looked at one by one, however short the table is."""
MANY_COLUMNS = 500
"""In a table as wide as this the empty texts are looked for, to leave out what would make NULL of them."""
ASKED_TOGETHER = 200
"""Columns of a short table that one query looks at."""


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column of texts: its name in the file, and in the table of texts."""

    name: str
    column: str
    json_kinds: frozenset[str] | None = None
    """Which kinds of JSON values it has; None where values are texts."""


class WrongValue(Exception):
    """A value does not have the type that was declared for its column."""

    def __init__(self, row: int, sentence: str) -> None:
        super().__init__(sentence)
        self.row = row
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Typed:
    """What was written."""

    columns: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    rows: int


def write_typed(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn], table: str, options: TableOptions, target: str
) -> Typed:
    """Write the table of texts as Parquet. WrongValue if a declared type does not fit; TableRefused otherwise."""
    _refuse_unknown(columns, options)
    _check_format(connection, options)
    writing = Writing.of(options)
    together = _found_together(connection, columns, options)
    without_empty = _without_empty(connection, columns)
    notices, items, types = [], [], []
    for each in columns:
        declared = options.types.get(each.name)
        if declared is not None:
            _demand_declared(connection, each, declared, writing)
        found = ColumnType(declared) if declared else together.get(each.name) or _found(connection, each, options)
        if declared:
            sql = declared_sql(each.column, found.type, writing)
        else:
            sql = typed_sql(each.column, found.type, writing, may_be_empty=each.column not in without_empty)
        items.append(f"{sql} AS {quoted(each.name)}")
        types.append((each.name, found.type))
        notices.append(notice(each.name, table, found))
    query = f"SELECT {', '.join(items)} FROM {RAW}"  # noqa: S608 - of quoted names and our own expressions
    connection.sql(query).write_parquet(target, compression="zstd", use_tmp_file=False)
    [(rows,)] = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [target]).fetchall()
    return Typed(tuple(types), tuple(each for each in notices if each), rows)


def apply_nulls(connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn], nulls: Sequence[str]) -> None:
    """Make NULL what is declared to mean it."""
    if not nulls:
        return
    words = ", ".join(text(each) for each in nulls)
    for each in columns:
        connection.execute(f"UPDATE {RAW} SET {each.column} = NULL WHERE {each.column} IN ({words})")  # noqa: S608 - literals


def _found(connection: duckdb.DuckDBPyConnection, column: RawColumn, options: TableOptions) -> ColumnType:
    writing = Writing.of(options)
    if column.json_kinds is None and _is_text_at_first_look(connection, column.column, writing):
        return regional_type(_samples(connection, column.column), options)
    rows = connection.execute(facts_sql(RAW, column.column, writing)).fetchall()
    return _type_of(column, {Kind(kind): KindFacts(*values) for kind, *values in rows}, writing)


def _found_together(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn], options: TableOptions
) -> dict[str, ColumnType]:
    """The types of all columns of a table with few rows that have no declared one; none where it has many.

    DuckDB plans a query in more time than it reads a few thousand values in, and the longer the wider the table is.
    """
    open_ = [each for each in columns if each.name not in options.types]
    [(short,)] = connection.execute(f"SELECT count(*) <= {FIRST_LOOK} FROM {RAW}").fetchall()  # noqa: S608 - our own name
    if not short or len(open_) < FEW_COLUMNS:
        return {}
    writing = Writing.of(options)
    facts: dict[str, dict[Kind, KindFacts]] = {each.column: {} for each in open_}
    for first in range(0, len(open_), ASKED_TOGETHER):
        names = ", ".join(each.column for each in open_[first : first + ASKED_TOGETHER])
        values = f"(UNPIVOT (SELECT {names} FROM {RAW}) ON {names} INTO NAME of_column VALUE value)"  # noqa: S608 - as above
        for name, kind, *found in connection.execute(facts_sql(values, "value", writing, by="of_column")).fetchall():
            facts[name][Kind(kind)] = KindFacts(*found)
    return {
        each.name: regional_type(_samples(connection, each.column), options)
        if each.json_kinds is None and _is_text(facts[each.column])
        else _type_of(each, facts[each.column], writing)
        for each in open_
    }


def _is_text(facts: Facts) -> bool:
    """What `_is_text_at_first_look` says, of all values."""
    other = facts.get(Kind.OTHER)
    return other is not None and other.count * 10 > sum(each.count for each in facts.values())


def _without_empty(connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn]) -> set[str]:
    """The columns of a wide table that have no empty text; for others it is not worth a look.

    DuckDB looks for common parts of thousands of `nullif` in time that grows with their square.
    """
    if len(columns) < MANY_COLUMNS:
        return set()
    items = ", ".join(f"coalesce(bool_or({each.column} = ''), false)" for each in columns)
    [found] = connection.execute(f"SELECT {items} FROM {RAW}").fetchall()  # noqa: S608 - our own names
    return {each.column for each, has_empty in zip(columns, found, strict=True) if not has_empty}


def _type_of(column: RawColumn, facts: Facts, writing: Writing) -> ColumnType:
    if column.json_kinds is not None:
        return json_column_type(column.json_kinds, facts, writing.formatted_type)
    return column_type(facts, writing.formatted_type)


def _is_text_at_first_look(connection: duckdb.DuckDBPyConnection, column: str, writing: Writing) -> bool:
    """Whether more than a tenth of the first values can be nothing but text: then its facts are not worth counting."""
    other = is_other_sql(column, writing)
    first = f"(SELECT {column} FROM {RAW} LIMIT {FIRST_LOOK})"  # noqa: S608 - our own names
    query = f"SELECT count(*) FILTER ({other}) * 10 > count(*) FROM {first} WHERE {column} <> ''"  # noqa: S608 - as above
    [(found,)] = connection.execute(query).fetchall()
    return bool(found)


def _samples(connection: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    shortened = f"left({column}, {LONGEST_SAMPLE})"
    query = f"SELECT {shortened} FROM {RAW} WHERE {column} <> '' LIMIT {SAMPLES}"  # noqa: S608 - our own names
    return [value for (value,) in connection.execute(query).fetchall()]


def _demand_declared(connection: duckdb.DuckDBPyConnection, column: RawColumn, declared: str, writing: Writing) -> None:
    typed = declared_sql(column.column, declared, writing)
    query = (
        f"SELECT min(rowid), min_by({column.column}, rowid) FROM {RAW}"  # noqa: S608 - our own names and expressions
        f" WHERE {column.column} <> '' AND {typed} IS NULL"
    )
    [(row, value)] = connection.execute(query).fetchall()
    if row is not None:
        shown = value if len(value) <= 60 else f"{value[:60]}…"
        raise WrongValue(row, f"{shown} in {column.name} is no {declared}, the type that is declared for it.")


def _refuse_unknown(columns: Sequence[RawColumn], options: TableOptions) -> None:
    names = [each.name for each in columns]
    for name in options.types:
        if name not in names:
            known = ", ".join(names[:30])
            raise TableRefused(f"a type is declared for the column {name}, which has only {known}.")


def _check_format(connection: duckdb.DuckDBPyConnection, options: TableOptions) -> None:
    if options.date_format is None:
        return
    try:
        connection.execute("SELECT try_strptime('', ?)", [options.date_format]).fetchall()
    except duckdb.Error:
        raise TableRefused(
            f"the date_format {options.date_format} that is declared cannot be read; write it like %d.%m.%Y."
        ) from None
