"""DuckDB over a folder of files, in the sandbox: also what runs AMC's SQL on a laptop."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from executor.engines.folder_tables import Table, find_tables, inputs_of, mentioned
from executor.engines.missing_table import missing_table
from executor.engines.port import EngineFailure, Produced, ResultColumn, Work
from queryflow.domain.errors import Invalid
from queryflow.domain.ids import ParameterName
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.job import INPUTS, Answer, Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.amc_on_duckdb import setup_statements
from queryflow.sql.lists import list_statements
from queryflow.sql.literals import ELEMENT_TYPES, KINDS
from queryflow.sql.render import render

RESULT = "result.parquet"
COMPARED = "in IN/ANY/ALL clause"
"""DuckDB's words where what stands on the two sides of IN cannot be compared."""


class DuckDBEngine:
    """Runs a node in a sandboxed child over its connection's folder (setting `folder`: a table per file)."""

    kind: ClassVar[str] = "duckdb"
    instant: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def run(self, work: Work) -> Produced:
        """The node's result as Parquet; EngineFailure with DuckDB's own sentence where the author can mend it."""
        tables = await _tables(work)
        query = _query(work, mentioned(tables, work.template.sql))
        inputs = {**inputs_of(mentioned(tables, work.template.sql).values()), **_list_inputs(work.lists)}
        try:
            [answer] = await self._sandbox.run(Job((query,), work.directory, work.timeout, inputs))
        except JobFailed as failure:
            raise _failure(failure, work, tables, query.sql) from failure
        return _produced(answer, query.sql)


async def _tables(work: Work) -> dict[str, Table]:
    folder = work.connection.settings.get("folder")
    if folder is None:
        return {}
    try:
        return await asyncio.to_thread(find_tables, Path(str(folder)))
    except OSError as error:
        message = f"The folder of the engine connection {work.connection.name} cannot be read: {error.strerror}."
        raise EngineFailure(ErrorKind.MISSING, message) from error


def _query(work: Work, tables: Mapping[str, Table]) -> Query:
    try:
        sql = render(work.template, work.values, work.window, DuckDBEngine.kind)
        files = {name: table.relation for name, table in tables.items()}
        statements = setup_statements(work.template, files, work.window)
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
        f"\n{each.name} is a {each.type}, so its items are compared as {ELEMENT_TYPES['duckdb'][KINDS[each.type]]};"
        f" cast the column to that, or declare {each.name} with the column's type."
        for each in work.template.parameters
        if each.type.is_list
    )


def _produced(answer: Answer, sql: str) -> Produced:
    columns = tuple(ResultColumn(name, type_) for name, type_ in answer.columns)
    return Produced(answer.file.path if answer.file else None, answer.row_count, columns, sql)


def _failure(failure: JobFailed, work: Work, tables: Mapping[str, Table], sql: str) -> EngineFailure:
    if failure.kind is ErrorKind.VALIDATION and COMPARED in failure.message:
        return EngineFailure(failure.kind, failure.message + _list_advice(work), sql)
    if failure.kind is not ErrorKind.MISSING:
        return EngineFailure(failure.kind, failure.message, sql)
    return EngineFailure(failure.kind, missing_table(failure.message, work.connection.name, tables), sql)
