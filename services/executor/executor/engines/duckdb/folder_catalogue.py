"""What a folder has to read, found by asking for no row of each table: what is told is what queries will see."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from executor.engines.duckdb.folder_reading import FolderReader
from executor.engines.duckdb.folder_tables import FolderTable, FolderTables, find_tables
from executor.engines.duckdb.table_files import NoTable
from executor.engines.port import ConnectionSettings
from queryflow.domain.files.catalogue import Catalogue, RefusedFile

MOST_REFUSED = 200
TABLE_TIME = timedelta(minutes=2)
"""How long the look at one table may take."""


async def describe_folder(reader: FolderReader, connection: ConnectionSettings, directory: Path) -> Catalogue:
    """The folder's tables with their columns and types, and its files that are no tables."""
    folder = connection.settings.get("folder")
    if folder is None:
        return Catalogue()
    try:
        found, tables = await asyncio.to_thread(_look, Path(str(folder)), connection.settings.get("tables"))
    except OSError as error:
        return Catalogue(error=f"The folder cannot be read: {error.strerror}.")
    described = []
    for number, table in enumerate(sorted(tables.values(), key=lambda each: each.name)):
        own = directory / str(number)
        await asyncio.to_thread(own.mkdir, mode=0o700)
        described.append(await reader.describe(table, own, TABLE_TIME))
    return Catalogue(tables=tuple(described), refused=_refused(found, tables))


def _look(folder: Path, settings: object) -> tuple[FolderTables, dict[str, FolderTable]]:
    found = find_tables(folder, settings)
    return found, found.all()


def _refused(found: FolderTables, tables: Mapping[str, FolderTable]) -> tuple[RefusedFile, ...]:
    """The first of the files and folders that no table reads; hidden ones are ignored."""
    others = [*found.others, *(other for table in tables.values() for other in table.others)]
    empty = [NoTable(name, "no file for a table is in it") for name in found.names if name not in tables]
    shown = sorted((*others, *empty), key=lambda each: each.shown)[:MOST_REFUSED]
    return tuple(RefusedFile(file=each.shown, reason=each.reason) for each in shown)
