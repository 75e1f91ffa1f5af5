"""DuckDB over a folder of files, in the sandbox: also what runs AMC's SQL on a laptop."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from executor.engines.duckdb.folder_catalogue import describe_folder
from executor.engines.duckdb.folder_reading import FolderReader, ReadTables
from executor.engines.duckdb.saying import failure_of
from executor.engines.duckdb.table_cache import TableCache
from executor.engines.port import ConnectionSettings, EngineFailure, Produced, ResultColumn, Tools, Work
from queryflow.domain.errors import Invalid
from queryflow.domain.files.catalogue import Catalogue
from queryflow.domain.ids import ParameterName
from queryflow.domain.states import ErrorKind
from queryflow.domain.wording import with_article
from queryflow.engines.duckdb.kind import DUCKDB
from queryflow.engines.kind import EngineKind
from queryflow.sandbox.jobs.job import INPUTS, Answer, Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.amc.amc_on_duckdb import setup_statements
from queryflow.sql.literals import item_type
from queryflow.sql.writing.lists import list_statements
from queryflow.sql.writing.render import render

RESULT = "result.parquet"
COMPARED = "in IN/ANY/ALL clause"
"""DuckDB's words where what stands on the two sides of IN cannot be compared."""


class DuckDBEngine:
    """Runs a node in a worker of the sandbox over its connection's folder (setting `folder`: a table per file)."""

    kind: ClassVar[EngineKind] = DUCKDB

    def __init__(self, sandbox: Sandbox, cache: TableCache | None = None) -> None:
        """Without a cache every query reads the text files that it mentions again."""
        self._sandbox = sandbox
        self._folders = FolderReader(sandbox, cache)

    async def describe(self, connection: ConnectionSettings, directory: Path) -> Catalogue:
        """The folder's tables with their columns and types, and its files that are no tables."""
        return await describe_folder(self._folders, connection, directory)

    async def run(self, work: Work) -> Produced:
        """The node's result as Parquet; EngineFailure with DuckDB's own sentence where the author can mend it."""
        sql = _rendered(work)
        tables = await self._folders.read(work)
        query = _query(work, sql, tables)
        inputs = {**tables.inputs, **_list_inputs(work.lists)}
        try:
            [answer] = await self._sandbox.run(Job((query,), work.directory, work.timeout, inputs))
        except JobFailed as failure:
            raise await _failure(failure, work, tables, sql) from failure
        await asyncio.to_thread(tables.demand_unchanged)
        return _produced(answer, sql)


def open_engine(tools: Tools) -> DuckDBEngine:
    """In the sandbox; it keeps the tables of text files that it read."""
    cache = None if tools.tables is None else TableCache(tools.tables, tools.tables_bytes)
    return DuckDBEngine(tools.sandbox, cache)


def _rendered(work: Work) -> str:
    try:
        return render(work.template, work.values, work.window, DUCKDB.notation)
    except Invalid as error:
        raise EngineFailure(ErrorKind.VALIDATION, error.message) from error


def _query(work: Work, sql: str, tables: ReadTables) -> Query:
    try:
        statements = setup_statements(work.template, tables.relations, work.window)
    except Invalid as error:
        raise EngineFailure(ErrorKind.VALIDATION, error.message) from error
    return Query(sql, (*statements, *_lists(work, sql)), file=RESULT)


def _list_inputs(lists: Mapping[str, Path]) -> dict[str, Path]:
    return {f"lists/{number}.parquet": path for number, path in enumerate(lists.values())}


def _lists(work: Work, rendered: str) -> tuple[str, ...]:
    files = {name: f"{INPUTS}/lists/{number}.parquet" for number, name in enumerate(work.lists)}
    types = {each.name: each.type for each in work.template.parameters}
    return list_statements(
        work.template.sql, rendered, {name: (file, types[ParameterName(name)]) for name, file in files.items()}
    )


def _list_advice(work: Work) -> str:
    """What to do about a list whose items are of another type than what is looked for in it."""
    return "".join(
        f"\n{each.name} is {with_article(each.type)},"
        f" so its items are compared as {item_type(each.type, DUCKDB.notation)};"
        f" cast the column to that, or declare {each.name} with the column's type."
        for each in work.template.parameters
        if each.type.is_list
    )


def _produced(answer: Answer, sql: str) -> Produced:
    columns = tuple(ResultColumn(name, type_) for name, type_ in answer.columns)
    return Produced(answer.file.path if answer.file else None, answer.row_count, columns, sql)


async def _failure(failure: JobFailed, work: Work, tables: ReadTables, sql: str) -> EngineFailure:
    found = failure_of(failure, tables.shown)
    if found.kind is ErrorKind.VALIDATION and COMPARED in found.message:
        found = EngineFailure(found.kind, found.message + _list_advice(work))
    if found.kind is ErrorKind.MISSING and failure.unread is None:
        found = await asyncio.to_thread(tables.missing, found.message, work.connection.name)
    return EngineFailure(found.kind, found.message, sql)
