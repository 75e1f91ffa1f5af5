"""Tables of CSV and JSON lines as Parquet: each file is read once, in the sandbox, and then kept as what it became."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from executor.engines.duckdb.folder_tables import FolderTable
from executor.engines.duckdb.parquet_tables import Prepared
from executor.engines.duckdb.table_cache import Description, TableCache
from executor.engines.duckdb.table_files import TableFile
from executor.engines.port import EngineFailure, ResultColumn
from queryflow.domain.resource_errors import is_shortage
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import INPUTS, Job, JobFailed, Query, ReadFile, Reading
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.literals import text
from queryflow.sql.notation import DUCKDB_SQL

log = structlog.get_logger()
READER = 1
"""Raised when the same file would become another table: what was kept before is then read again."""


class TextTables:
    """Reads tables of text, each once as long as its files and options stay the same."""

    def __init__(self, sandbox: Sandbox, cache: TableCache | None = None) -> None:
        self._sandbox = sandbox
        self._cache = cache
        self._read_now: dict[str, asyncio.Lock] = {}

    async def prepare(self, table: FolderTable, inner: str, directory: Path, deadline: timedelta) -> Prepared:
        """The table as Parquet at `tables/<inner>`; EngineFailure says which file and line is wrong."""
        into = directory / f"table-{inner}.parquet"
        found = await self._typed(table, into, deadline)
        if found.refused:
            raise EngineFailure(ErrorKind.VALIDATION, found.refused)
        name = f"tables/{inner}.parquet"
        relation = f"read_parquet({text(f'{INPUTS}/{name}', DUCKDB_SQL)}, hive_partitioning = false)"
        return Prepared(relation, {name: into}, {f"{INPUTS}/{name}": table.files[0].shown}, found.notices)

    async def _typed(self, table: FolderTable, into: Path, deadline: timedelta) -> Description:
        key = await asyncio.to_thread(_key, table)
        async with self._alone(key):
            found = await asyncio.to_thread(self._take, key, into)
            if found is None:
                found = await self._read(table, key, into, deadline)
        return found

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        """Let one task of this process read a table; those that wait find it kept then."""
        lock = self._read_now.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._read_now.pop(key, None)

    async def _read(self, table: FolderTable, key: str, into: Path, deadline: timedelta) -> Description:
        try:
            [answer] = await self._sandbox.run(_job(table, into, deadline))
        except JobFailed as failure:
            if failure.kind is not ErrorKind.VALIDATION:
                raise EngineFailure(failure.kind, f"The table {table.name}: {failure.message}") from failure
            description, file = Description(refused=failure.message), None
        else:
            columns = tuple(ResultColumn(name, type_) for name, type_ in answer.columns)
            description, file = Description(columns, answer.row_count, answer.notices), into
        if await asyncio.to_thread(_key, table) != key:
            names = ", ".join(each.shown for each in table.files)
            raise EngineFailure(ErrorKind.TRANSIENT, f"{names} was changed while it was read.")
        await asyncio.to_thread(self._keep, key, description, file)
        return description

    def _take(self, key: str, into: Path) -> Description | None:
        return None if self._cache is None else self._cache.take(key, into)

    def _keep(self, key: str, description: Description, file: Path | None) -> None:
        """A table that cannot be kept is read again the next time; that is no reason to fail now."""
        if self._cache is None:
            return
        try:
            self._cache.keep(key, description, file)
        except OSError as error:
            log.warning("A table could not be kept; it is read again", action="table.not_kept", error=error.strerror)


def _job(table: FolderTable, into: Path, deadline: timedelta) -> Job:
    inner = {f"read/{place}": each for place, each in enumerate(table.files)}
    files = tuple(ReadFile(name, each.shown, dict(each.constants)) for name, each in inner.items())
    reading = Reading(table.name, table.form.value, files, table.options.document())
    query = Query("", file=into.name, reading=reading)
    return Job((query,), into.parent, deadline, {name: each.path for name, each in inner.items()}, copied=True)


def _key(table: FolderTable) -> str:
    """What the table is made of: files as they are now, and how they are to be read. EngineFailure if one is gone."""
    try:
        files = [_facts(each) for each in table.files]
    except OSError as error:
        names = ", ".join(each.shown for each in table.files)
        kind = ErrorKind.TRANSIENT if is_shortage(error) else ErrorKind.MISSING
        raise EngineFailure(kind, f"{names} cannot be read: {error.strerror}.") from error
    made_of = [READER, table.name, table.form.value, files, table.options.document()]
    return hashlib.sha256(json.dumps(made_of, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _facts(file: TableFile) -> list[Any]:
    real = file.path.resolve(strict=True)
    facts = real.stat()
    times = (facts.st_mtime_ns, facts.st_ctime_ns)
    return [str(real), file.shown, dict(file.constants), facts.st_dev, facts.st_ino, facts.st_size, *times]
