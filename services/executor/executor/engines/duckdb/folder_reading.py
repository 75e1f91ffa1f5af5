"""What a query needs of a connection's folder: relations for the tables it mentions, and the files behind them."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from executor.engines.duckdb.folder_tables import FolderTable, FolderTables, mentioned, spellings
from executor.engines.duckdb.known_folders import KnownFolders
from executor.engines.duckdb.missing_table import missing_table
from executor.engines.duckdb.parquet_tables import Look, ParquetTables, Prepared
from executor.engines.duckdb.table_cache import TableCache
from executor.engines.duckdb.table_files import Form
from executor.engines.duckdb.text_tables import TextTables
from executor.engines.port import EngineFailure, Work
from queryflow.domain.files.catalogue import CatalogueColumn, CatalogueTable
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import Query
from queryflow.sandbox.sandbox import Sandbox

_PLAIN = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class ReadTables:
    """The tables that a query mentions, ready to be read, and those that cannot be."""

    found: FolderTables | None = None
    """All tables of the folder; None without a folder."""
    relations: dict[str, str] = field(default_factory=dict)
    """SQL by the name, in every spelling that SQL may have it."""
    inputs: dict[str, Path] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    """The person's names of the files by those that DuckDB will say."""
    failures: dict[str, EngineFailure] = field(default_factory=dict)
    """Why mentioned tables cannot be read. A query may mention a name and not read its table."""

    prepared: list[Prepared] = field(default_factory=list)

    def demand_unchanged(self) -> None:
        """EngineFailure if what was read may be no table that ever was. Looks at files."""
        for table in self.prepared:
            if file := table.changed():
                message = f"{file} was changed while the query read it. Run it again once nobody writes to the file."
                raise EngineFailure(ErrorKind.TRANSIENT, message)

    def add(self, name: str, table: Prepared) -> None:
        """One more that can be read."""
        self.prepared.append(table)
        self.relations.update(dict.fromkeys(spellings(name), table.relation))
        self.inputs.update(table.inputs)
        self.shown.update(table.shown)

    def missing(self, message: str, connection: str) -> EngineFailure:
        """What to say where DuckDB does not know a table: why it cannot be read, or which there are. Looks at files."""
        first = message.partition("\n")[0]
        for name in mentioned(self.failures, first):
            return self.failures[name]
        return EngineFailure(
            ErrorKind.MISSING, missing_table(message, connection, self.found.all() if self.found else [])
        )


class FolderReader:
    """Makes the tables of folders ready for queries."""

    def __init__(self, sandbox: Sandbox, cache: TableCache | None = None) -> None:
        self._sandbox = sandbox
        self._parquet = ParquetTables(sandbox)
        self._text = TextTables(sandbox, cache)
        self._folders = KnownFolders()

    async def read(self, work: Work) -> ReadTables:
        """The tables that the work's SQL mentions. EngineFailure if the folder cannot be read."""
        folder = work.connection.settings.get("folder")
        if folder is None:
            return ReadTables()
        try:
            found, tables = await asyncio.to_thread(self._look, Path(str(folder)), work)
        except OSError as error:
            message = f"The folder of the engine connection {work.connection.name} cannot be read: {error.strerror}."
            raise EngineFailure(ErrorKind.MISSING, message) from error
        ready = ReadTables(found)
        for number, table in enumerate(tables.values()):
            try:
                inner = _inner(table.name, number)
                ready.add(table.name, await self._prepared(table, inner, work.directory, work.timeout))
            except EngineFailure as failure:
                if failure.kind.transient:
                    raise
                ready.failures[table.name] = failure
        return ready

    async def describe(self, table: FolderTable, directory: Path, deadline: timedelta) -> CatalogueTable:
        """The table's columns and how many rows it has, or why it cannot be read."""
        try:
            prepared = await self._prepared(table, _inner(table.name, 0), directory, deadline)
            look = Look(self._sandbox, directory, deadline, prepared.inputs)
            queries = [Query(f"FROM {prepared.relation} LIMIT 0"), Query(_count(prepared.relation), rows=1)]
            columns, counted = await look.run(queries, prepared.shown)
        except EngineFailure as failure:
            return CatalogueTable(name=table.name, error=failure.message)
        return CatalogueTable(
            name=table.name,
            columns=tuple(CatalogueColumn(name=name, type=type_) for name, type_ in columns.columns),
            rows=counted.rows[0][0],
            notices=prepared.notices,
        )

    def _look(self, folder: Path, work: Work) -> tuple[FolderTables, Mapping[str, FolderTable]]:
        found = self._folders.find(folder, work.connection.settings.get("tables"))
        return found, found.mentioned(work.template.sql)

    async def _prepared(self, table: FolderTable, inner: str, directory: Path, deadline: timedelta) -> Prepared:
        if table.problem:
            raise EngineFailure(ErrorKind.VALIDATION, table.problem)
        if table.form is Form.PARQUET:
            return await self._parquet.prepare(table, inner, directory, deadline)
        return await self._text.prepare(table, inner, directory, deadline)


def _count(relation: str) -> str:
    return f"SELECT count(*) FROM {relation}"  # noqa: S608 - made of quoted names


def _inner(name: str, number: int) -> str:
    """The table's own name where it is plain, for messages show it; others DuckDB might read as patterns."""
    return name if _PLAIN.fullmatch(name) else f"table-{number}"
