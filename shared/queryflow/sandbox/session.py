"""DuckDB as a worker has it: opened once by the fork server, locked by each worker, asked one SELECT at a time."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import duckdb

from queryflow.domain.storable import is_storable
from queryflow.sandbox.checking import checked_items
from queryflow.sandbox.fetching import Room, RoomExceeded, fetch, fetch_within
from queryflow.sandbox.jobs.casting import storable
from queryflow.sandbox.jobs.job import INPUTS, OUTPUTS, Query
from queryflow.sandbox.settings import MEGABYTE, Limits
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


class NotOneSelect(Exception):
    """A query must be exactly one SELECT."""


class UnstorableName(Exception):
    """The name of a column must be a text that every database takes."""


def open_connection() -> duckdb.DuckDBPyConnection:
    """A database in memory that has started no thread: a fork leaves threads behind, and it would wait for them."""
    with counted_threads() as count:
        before = count()
        try:
            connection = duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0})
            _set(connection, {"async_threads": "0"})  # no change; the workers then find the code for it in memory
        except duckdb.InvalidInputException:  # before 2.0 there were no asynchronous threads to switch off
            connection = duckdb.connect(":memory:", config={"threads": 1})
        if count() != before:
            raise RuntimeError("DuckDB started threads, which no worker would have")
        return connection


@contextmanager
def counted_threads() -> Iterator[Callable[[], int]]:
    """A way to count the threads of this process; one that is opened before the walls works behind them."""
    tasks = os.open("/proc/self/task", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield lambda: len(os.listdir(tasks))  # noqa: PTH208 - only this lists an open folder
    finally:
        os.close(tasks)


def start_threads(connection: duckdb.DuckDBPyConnection, limits: Limits, count: Callable[[], int]) -> None:
    """Start the threads that the fork could not take along, behind the walls. RuntimeError if the machine refuses one.

    DuckDB 2 gives some reads to an asynchronous thread and waits for it forever, even where it has none: a recursive
    query over Parquet does. It does not tell that a thread could not be started, so they are counted.
    """
    requested = limits.threads + 1
    try:
        _set(connection, {"async_threads": "1"})
    except duckdb.CatalogException:  # before 2.0 there were none
        requested = limits.threads
    except duckdb.IOException:
        pass  # it has noted the request, and then looks for processors where a wall lets nobody look
    _set(connection, {"threads": str(limits.threads)})  # this starts all of them
    if count() != requested:
        raise RuntimeError(f"the machine lets a worker have {count()} threads and it needs {requested}")


def prepare(connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Set what is the same in every worker: once, in the server."""
    _set(connection, {**_SWITCHED_OFF, "max_temp_directory_size": f"'{limits.disk_mb}MB'", "TimeZone": "'UTC'"})
    _set(connection, {"memory_limit": f"'{limits.memory_mb}MB'"})


def lock(connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Hold DuckDB to the current folder, for good.

    Its settings are no boundary, the kernel is; they make refusals readable. allowed_directories cannot be changed once
    external access is off, and nothing once the configuration is locked.
    """
    _set(
        connection,
        {
            "temp_directory": f"'{_SPILLED}'",
            "allowed_directories": f"['{INPUTS}/', '{OUTPUTS}/']",
            "enable_external_access": "false",
            "lock_configuration": "true",
        },
    )
    # Forked workers share the state of the random generator: without a seed all of them would draw the same numbers.
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


def answer(connection: duckdb.DuckDBPyConnection, number: int, query: Query, limits: Limits) -> dict[str, Any]:
    """Run one query and return its answer as JSON; its file, if asked for, is `out/<number>.parquet`."""
    for statement in query.setup:
        connection.execute(statement)
    _demand_one_select(connection, query.sql)
    sql = _without_end(query.sql)
    if sql != query.sql:
        _demand_one_select(connection, sql)
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        relation = connection.sql(sql)
        _demand_storable_names(relation)
        if query.file is None:
            return (
                _paged(connection, relation, query.rows, limits)
                if query.refuse_excess
                else _returned(relation, query.rows)
            )
        return _stored(connection, relation, f"{OUTPUTS}/{number}.parquet", query)
    finally:
        connection.execute("ROLLBACK")


def _without_end(sql: str) -> str:
    """The text without what follows its last statement; DuckDB wraps it in others, which a semicolon would end."""
    written = sql.encode()
    end = len(written)
    for place, kind in reversed(duckdb.tokenize(sql)):
        if kind is not duckdb.token_type.comment and written[place : place + 1] != b";":
            break
        end = place
    return written[:end].decode()


def _demand_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise NotOneSelect(f"A query is exactly one SELECT statement; this text has {len(statements)} statements.")
    kind = _kind_of(statements[0])
    if kind != duckdb.StatementType.SELECT.name:
        raise NotOneSelect(f"A query is exactly one SELECT statement; this one is {kind}.")
    [(tree,)] = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    if others := set(_NODES.findall(tree)) - _READING_NODES:
        words = ", ".join(sorted(word.removesuffix("_QUERY_NODE") for word in others))
        raise NotOneSelect(f"A query is exactly one SELECT statement; this one has {words} inside.")


def _kind_of(statement: duckdb.Statement) -> str:
    try:
        return statement.type.name
    except ValueError:  # some kinds have a number only
        return "of another kind"


def _demand_storable_names(relation: duckdb.DuckDBPyRelation) -> None:
    for place, name in enumerate(relation.columns, start=1):
        if not is_storable(name):
            raise UnstorableName(
                f"The name of column {place} has a NUL character, which no text may have: rename the column."
            )


def _stored(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, file: str, query: Query
) -> dict[str, Any]:
    storable(relation).write_parquet(file, compression="zstd", use_tmp_file=False)
    stored = connection.read_parquet(file)
    [(total,)] = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [file]).fetchall()
    more = total > query.rows
    answered = _answer(stored, total, fetch(stored, query.rows), more=more)
    if query.items_of is None or not more:
        return answered
    return {**answered, "items": checked_items(connection, file, query.items_of)}


def _returned(relation: duckdb.DuckDBPyRelation, rows: int) -> dict[str, Any]:
    fetched = fetch(relation, rows + 1)
    return _answer(relation, min(len(fetched), rows), fetched[:rows], more=len(fetched) > rows)


def _paged(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, rows: int, limits: Limits
) -> dict[str, Any]:
    """The first rows; none, and why, if they have no room. Sizes are guessed, so some of the answer is left free."""
    most = limits.answer_mb * MEGABYTE
    try:
        fetched = fetch_within(connection, relation, rows, Room(together=most // 2, alone=most * 7 // 8))
    except RoomExceeded as error:
        return {**_answer(relation, 0, [], more=True), "excess": asdict(error.excess)}
    return _answer(relation, len(fetched), fetched, more=False)


def _answer(relation: duckdb.DuckDBPyRelation, total: int, rows: list[list[Any]], *, more: bool) -> dict[str, Any]:
    columns = [[name, str(type_)] for name, type_ in zip(relation.columns, relation.types, strict=True)]
    values = [[to_json(value) for value in row] for row in rows]
    return {"columns": columns, "row_count": total, "rows": values, "more": more}
