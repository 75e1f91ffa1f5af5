"""The items of a list that stays in a file, checked in the worker as the parent checks those of a short one.

The rules are not written again in SQL: DuckDB's patterns and Python's differ in what a digit or a letter is. SQL only
leaves out, where it surely may, the items that cannot be wrong.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from queryflow.domain.errors import Problem
from queryflow.domain.values.coercion import element_type
from queryflow.domain.values.items import Findings, ItemCheck
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sandbox.jobs.job import CheckedItems

_AT_ONCE = 10_000
_NUL = "contains(value, chr(0))"
_DOUBTFUL = {
    ParameterType.STRING: _NUL,
    ParameterType.CAMPAIGN_LIST: f"{_NUL} OR NOT regexp_matches(value, '[!-~]')",
    ParameterType.ASIN_LIST: "NOT regexp_full_match(value, '[A-Z0-9]{10}')",
}
"""Which items may not be of the type, by the type of one; those of numbers and dates were cast to it."""
_OF_ITEMS = ("minimum", "maximum", "maximum_length", "pattern", "one_of")


def checked_items(connection: duckdb.DuckDBPyConnection, file: str, parameter: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the items in the file's column `value`, as JSON that `items_of` reads."""
    declared = Parameter.model_validate(parameter)
    check = ItemCheck(declared, declared.name, keeps_nulls=True)
    for place, item in _items(connection, file, _doubtful(declared)):
        check.read(place, item)
        if check.is_enough:
            break
    [(present,)] = connection.execute("SELECT count(value) FROM read_parquet(?)", [file]).fetchall()
    found = check.findings
    return {"only_nulls": present == 0, "unfit": _written(found.unfit), "broken": _written(found.broken)}


def items_of(document: Mapping[str, Any]) -> CheckedItems:
    """What `checked_items` wrote; KeyError, TypeError or ValueError where it was not written by it."""
    findings = Findings(_problems(document["unfit"]), _problems(document["broken"]))
    return CheckedItems(bool(document["only_nulls"]), findings)


def _doubtful(parameter: Parameter) -> str | None:
    """SQL that is true of every item that may be wrong; None if none can be."""
    if any(getattr(parameter.rules, name) is not None for name in _OF_ITEMS):
        return "value IS NOT NULL"
    return _DOUBTFUL.get(element_type(parameter.type))


def _items(connection: duckdb.DuckDBPyConnection, file: str, doubtful: str | None) -> Iterator[tuple[int, Any]]:
    if doubtful is None:
        return
    rows = "FROM read_parquet(?, file_row_number = true)"
    found = connection.execute(f"SELECT file_row_number, value {rows} WHERE {doubtful}", [file])
    while batch := found.fetchmany(_AT_ONCE):
        yield from batch


def _written(problems: Any) -> list[list[str]]:
    return [[each.code, each.path, each.message] for each in problems]


def _problems(written: Any) -> tuple[Problem, ...]:
    return tuple(Problem(str(code), str(path), str(message)) for code, path, message in written)
