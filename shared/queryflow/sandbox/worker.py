"""The worker: walls itself in, says that it is ready, does one job, ends. It knows its socket and its folder only."""

import gc
import json
import os
import signal
from pathlib import Path
from typing import Any

import duckdb

from queryflow.sandbox import session, walls
from queryflow.sandbox.faults import fault
from queryflow.sandbox.jobs.job import Query
from queryflow.sandbox.reading.plain import know_encodings
from queryflow.sandbox.reading.tables import read_tables, reading_of
from queryflow.sandbox.settings import Limits

CHUNK = 1 << 16


def live(connection: duckdb.DuckDBPyConnection, channel: int, number: int, folder: Path, limits: Limits) -> None:
    """The whole life of a worker. `channel` is its only open descriptor beside the standard three."""
    try:
        standing = _wall_in(connection, number, folder, limits)
    except Exception as error:  # noqa: BLE001 - the parent logs it; there is nobody else here to tell
        _say(channel, {"broken": f"{type(error).__name__}: {error}"})
        return
    _say(channel, {"walls": [wall.document() for wall in standing]})
    request = _hear(channel)
    if request is None:
        return
    walls.limit_seconds(int(request["cpu_seconds"]))
    _say(channel, _work(connection, request, limits))


def _wall_in(connection: duckdb.DuckDBPyConnection, number: int, folder: Path, limits: Limits) -> list[walls.Wall]:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(folder)
    with session.counted_threads() as count:
        standing = walls.raise_inner_walls(number, limits)
        session.start_threads(connection, limits, count)
    standing.append(walls.end_of_threads())
    session.lock(connection, limits)
    return [
        *standing,
        walls.Wall("DuckDB settings", active=True, why="no external access, no extensions, configuration locked"),
    ]


def _work(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    answers: list[dict[str, Any]] = []
    for number, document in enumerate(request["queries"]):
        try:
            if document["reading"] is not None:
                answers.append(read_tables(connection, number, reading_of(document["reading"])))
            else:
                query = Query(**{**document, "setup": tuple(document["setup"])})
                answers.append(session.answer(connection, number, query, limits))
        except Exception as error:  # noqa: BLE001 - whatever a query does is its answer; the process ends here anyway
            kind, message = fault(error, limits)
            return {"failed": {"kind": kind.value, "message": message, "query": number}}
    return {"answers": answers}


def _say(channel: int, document: dict[str, Any]) -> None:
    """Say it as UTF-8: escapes would make a text of another script two or three times as long."""
    left = memoryview(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    while left:
        left = left[os.write(channel, left) :]


def _hear(channel: int) -> dict[str, Any] | None:
    """The next line as JSON; None if the other side has gone."""
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        part = os.read(channel, CHUNK)
        if not part:
            return None
        parts.append(part)
    document: dict[str, Any] = json.loads(b"".join(parts))
    return document


def warm_up(connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Do once, in the server, what would cost every worker its time: settings, DuckDB's code, Python's garbage."""
    session.prepare(connection, limits)
    know_encodings()
    connection.execute(
        "SELECT list(i), max(i::VARCHAR) FROM range(10) t(i) WHERE i % 2 = 0 GROUP BY i % 3 ORDER BY 1"
    ).fetchall()
    connection.sql("SELECT 1 AS i, 'x' AS s").project("#1, #2").limit(1).fetchall()
    connection.extract_statements("SELECT 1")
    gc.collect()
    gc.freeze()
