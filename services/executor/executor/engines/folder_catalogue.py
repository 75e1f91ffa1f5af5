"""What a folder has to read, found by asking for no row of each table: what is told is what queries will see."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from executor.engines.duckdb import DuckDBEngine
from executor.engines.folder_tables import FolderTable, FolderTables, find_tables
from executor.engines.port import ConnectionSettings, EngineFailure, Work
from executor.engines.table_files import NoTable
from queryflow.domain.catalogue import Catalogue, CatalogueColumn, CatalogueTable, RefusedFile
from queryflow.domain.ids import ExecutionId, NodeId, TemplateId
from queryflow.domain.template import Dialect, Template
from queryflow.domain.windows import ResolvedWindow
from queryflow.sql.literals import quote_name

NOBODY = ExecutionId(UUID(int=0))
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
WINDOW = ResolvedWindow(start=NO_TIME, end=NO_TIME, time_zone="UTC")
"""DuckDB's own SQL asks for no dates."""
MOST_REFUSED = 200
TABLE_TIME = timedelta(minutes=2)
"""How long the look at one table may take."""


class FolderDescriber:
    """Describes the folders that DuckDB reads."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self._engine = engine

    async def describe(self, connection: ConnectionSettings, directory: Path) -> Catalogue:
        """The folder's tables with their columns and types, and its files that are no tables."""
        folder = connection.settings.get("folder")
        if folder is None:
            return Catalogue()
        try:
            folded, tables = await asyncio.to_thread(_look, Path(str(folder)), connection.settings.get("tables"))
        except OSError as error:
            return Catalogue(error=f"The folder cannot be read: {error.strerror}.")
        found = [
            await self._table(name, _work(name, number, connection, directory))
            for number, name in enumerate(sorted(tables))
        ]
        return Catalogue(tables=tuple(found), refused=_refused(folded, tables))

    async def _table(self, name: str, work: Work) -> CatalogueTable:
        await asyncio.to_thread(work.directory.mkdir, mode=0o700)
        try:
            produced = await self._engine.run(work)
        except EngineFailure as failure:
            return CatalogueTable(name=name, error=failure.message)
        columns = (CatalogueColumn(name=each.name, type=each.type) for each in produced.columns)
        return CatalogueTable(name=name, columns=tuple(columns))


def _work(name: str, number: int, connection: ConnectionSettings, directory: Path) -> Work:
    sql = f"SELECT * FROM {quote_name(name)} LIMIT 0"  # noqa: S608 - the name is quoted
    template = Template(template_id=TemplateId("catalogue"), name=name, dialect=Dialect.DUCKDB, sql=sql)
    return Work(
        execution_id=NOBODY,
        node_id=NodeId("catalogue"),
        attempt=1,
        fence=1,
        template=template,
        values={},
        window=WINDOW,
        connection=connection,
        directory=directory / str(number),
        timeout=TABLE_TIME,
    )


def _look(folder: Path, settings: object) -> tuple[FolderTables, dict[str, FolderTable]]:
    found = find_tables(folder, settings)
    return found, found.all()


def _refused(found: FolderTables, tables: Mapping[str, FolderTable]) -> tuple[RefusedFile, ...]:
    """The first of the files and folders that no table reads; hidden ones are nobody's concern."""
    others = [*found.others, *(other for table in tables.values() for other in table.others)]
    empty = [NoTable(name, "no file for a table is in it") for name in found.names if name not in tables]
    shown = sorted((*others, *empty), key=lambda each: each.shown)[:MOST_REFUSED]
    return tuple(RefusedFile(file=each.shown, reason=each.reason) for each in shown)
