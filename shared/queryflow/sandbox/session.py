"""DuckDB as a child has it: opened once by the fork server, locked by each child, asked one SELECT after the other."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from queryflow.sandbox.job import INPUTS, OUTPUTS, Query
from queryflow.sandbox.settings import Limits
from queryflow.sandbox.values import to_json

_NODES = re.compile(r'"type":"([A-Z_]+_NODE)"')
"""The kinds of query in a statement's tree as JSON; inside a text of the statement the quotes would be escaped."""
_READING_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""DuckDB 2 takes INSERT, UPDATE, DELETE and COPY in a CTE and still calls the whole a SELECT."""
_SPILLED = f"{OUTPUTS}/spilled"
"""Where DuckDB puts what does not fit in memory."""
_SWITCHED_OFF = dict.fromkeys(
    (
        "python_enable_replacements",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "allow_community_extensions",
        "allow_persistent_secrets",
    ),
    "false",
)

_PARQUET_LACKS = {"hugeint": "BIGINT", "uhugeint": "UBIGINT", '"null"': "INTEGER"}
"""Types that Parquet would turn into another one, silently (128-bit sums into doubles), and what is stored instead.
A sum beyond 64 bits fails with a sentence rather than lose digits."""
_PYTHON_LACKS = {
    "timestamp with time zone": "TIMESTAMP",
    "timestamptz_ns": "TIMESTAMP_NS",
    "interval": "VARCHAR",
}
"""Types that Python cannot fetch without another library (the session is in UTC, so the instant is the same), or not
whole: of an interval's months it would make 30 days each."""


class NotOneSelect(Exception):
    """A query must be exactly one SELECT."""


def open_connection() -> duckdb.DuckDBPyConnection:
    """A database in memory that has started no thread: a fork leaves threads behind, and it would wait for them."""
    before = _threads()
    try:
        connection = duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0})
    except duckdb.InvalidInputException:  # before 2.0 there were no asynchronous threads to switch off
        connection = duckdb.connect(":memory:", config={"threads": 1})
    if _threads() != before:
        raise RuntimeError("DuckDB started threads, which no child would have")
    return connection


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def prepare(connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Set what is the same in every child: once, in the server."""
    _set(connection, {**_SWITCHED_OFF, "max_temp_directory_size": f"'{limits.disk_mb}MB'", "TimeZone": "'UTC'"})
    _set(connection, {"memory_limit": f"'{limits.memory_mb}MB'"})


def lock(connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Hold DuckDB to the current folder, for good.

    Its settings are no boundary, the kernel is; they make refusals readable. allowed_directories cannot be changed once
    external access is off, and nothing once the configuration is locked.
    """
    if limits.threads > 1:
        _set(connection, {"threads": str(limits.threads)})
    _set(
        connection,
        {
            "temp_directory": f"'{_SPILLED}'",
            "allowed_directories": f"['{INPUTS}/', '{OUTPUTS}/']",
            "enable_external_access": "false",
            "lock_configuration": "true",
        },
    )
    # Forked children share the state of the random generator: without a seed all of them would draw the same numbers.
    connection.execute(f"SELECT setseed({int.from_bytes(os.urandom(6), 'big') / 2**48})").fetchall()
    _read_back(connection, limits)


def _set(connection: duckdb.DuckDBPyConnection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value}")


def _read_back(connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    expected: dict[str, object] = dict.fromkeys(_SWITCHED_OFF, False)
    expected |= {"allow_unsigned_extensions": False, "enable_external_access": False, "lock_configuration": True}
    expected |= {"threads": limits.threads, "temp_directory": _SPILLED}
    items = ", ".join(f"current_setting('{name}')" for name in expected)
    [found] = connection.execute(f"SELECT {items}").fetchall()
    if found != tuple(expected.values()):
        raise RuntimeError(f"DuckDB did not take its settings: {dict(zip(expected, found, strict=True))}")


def answer(connection: duckdb.DuckDBPyConnection, number: int, query: Query) -> dict[str, Any]:
    """Run one query and return its answer as JSON; its file, if wished, is `out/<number>.parquet`."""
    for statement in query.setup:
        connection.execute(statement)
    _demand_one_select(connection, query.sql)
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        relation = connection.sql(query.sql)
        if query.file is None:
            return _returned(relation, query.rows)
        return _stored(connection, relation, f"{OUTPUTS}/{number}.parquet", query.rows)
    finally:
        connection.execute("ROLLBACK")


def _demand_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise NotOneSelect(f"A query is exactly one SELECT statement; this text has {len(statements)} statements.")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise NotOneSelect(f"A query is exactly one SELECT statement; this one is {statements[0].type.name}.")
    [(tree,)] = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    if others := set(_NODES.findall(tree)) - _READING_NODES:
        words = ", ".join(sorted(word.removesuffix("_QUERY_NODE") for word in others))
        raise NotOneSelect(f"A query is exactly one SELECT statement; this one has {words} inside.")


def _stored(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, file: str, rows: int
) -> dict[str, Any]:
    _cast(relation, _PARQUET_LACKS).write_parquet(file, compression="zstd", use_tmp_file=False)
    stored = connection.read_parquet(file)
    [(total,)] = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [file]).fetchall()
    return _answer(stored, total, _fetch(stored, rows), more=total > rows)


def _returned(relation: duckdb.DuckDBPyRelation, rows: int) -> dict[str, Any]:
    fetched = _fetch(relation, rows + 1)
    return _answer(relation, min(len(fetched), rows), fetched[:rows], more=len(fetched) > rows)


def _fetch(relation: duckdb.DuckDBPyRelation, most: int) -> list[list[Any]]:
    if not most:
        return []
    fetched = _cast(relation, _PYTHON_LACKS).limit(most).fetchall()
    instants = [_type_word(type_) in _PYTHON_LACKS for type_ in relation.types]
    if not any(instants):
        return [[to_json(value) for value in row] for row in fetched]
    return [
        [to_json(_aware(value) if instant else value) for value, instant in zip(row, instants, strict=True)]
        for row in fetched
    ]


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _answer(relation: duckdb.DuckDBPyRelation, total: int, rows: list[list[Any]], *, more: bool) -> dict[str, Any]:
    columns = [[name, str(type_)] for name, type_ in zip(relation.columns, relation.types, strict=True)]
    return {"columns": columns, "row_count": total, "rows": rows, "more": more}


def _cast(relation: duckdb.DuckDBPyRelation, lacking: dict[str, str]) -> duckdb.DuckDBPyRelation:
    """The relation with every lacking type replaced, nested ones too; columns go by position, for names may repeat."""
    words = [_sql_type(type_, lacking) for type_ in relation.types]
    if not any(words):
        return relation
    items = [
        f"CAST(#{position} AS {word}) AS {_quoted(name)}" if word else f"#{position}"
        for position, (name, word) in enumerate(zip(relation.columns, words, strict=True), start=1)
    ]
    return relation.project(", ".join(items))


def _sql_type(type_: Any, lacking: dict[str, str]) -> str | None:
    """The type with its lacking parts replaced, as SQL; None where nothing is lacking."""
    word = _type_word(type_)
    if word in lacking:
        return lacking[word]
    if type_.id not in {"list", "array", "struct", "map"}:
        return None
    children = [child for child in type_.children if child[0] != "size"]
    replaced = [_sql_type(child, lacking) for _, child in children]
    if not any(replaced):
        return None
    parts = [word or str(child) for word, (_, child) in zip(replaced, children, strict=True)]
    return _nested(type_, [name for name, _ in children], parts)


def _nested(type_: Any, names: list[str], parts: list[str]) -> str:
    if type_.id == "struct":
        return f"STRUCT({', '.join(f'{_quoted(name)} {part}' for name, part in zip(names, parts, strict=True))})"
    if type_.id == "map":
        return f"MAP({parts[0]}, {parts[1]})"
    size = dict(type_.children).get("size", "")
    return f"{parts[0]}[{size}]"


def _type_word(type_: Any) -> str:
    return str(type_).lower()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
