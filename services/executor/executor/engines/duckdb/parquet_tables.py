"""Tables of Parquet: several files are looked at before a query reads them, and united by name without any loss.

A look opens every file in the sandbox, so what it found is kept as long as the files stay what they are.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from executor.engines.duckdb.folder_tables import FolderTable
from executor.engines.duckdb.saying import failure_of
from executor.engines.duckdb.table_files import TableFile
from executor.engines.duckdb.uniting import Alike, lacking, united_relation
from executor.engines.port import EngineFailure
from queryflow.domain.resource_errors import is_shortage
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import INPUTS, Answer, Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.literals import text
from queryflow.sql.notation import DUCKDB_SQL

MOST_KEPT = 1_000
MOST_SHAPES = 500
"""Different sets of columns that the files of one table may have."""
_SHAPES = """SELECT list(file_name), columns FROM (
    SELECT file_name, list([name, duckdb_type, num_children::VARCHAR] ORDER BY place) AS columns
    FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema('in/look/*.parquet')) GROUP BY file_name
) GROUP BY columns ORDER BY min(file_name)"""
"""The files by the columns that they say, in order of their names."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A file as it was. Not when it was linked: that is what the sandbox does to it."""

    file: TableFile
    inode: tuple[int, int]
    size: int
    changed_at: int

    @property
    def key(self) -> tuple[Any, ...]:
        """What two of them share if the file is still the same."""
        return (self.file.shown, *self.file.constants.items(), *self.inode, self.size, self.changed_at)


Facts = tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table as a query's sandbox has it."""

    relation: str
    """SQL for its rows."""
    inputs: Mapping[str, Path]
    shown: Mapping[str, str]
    """The person's names by those that DuckDB will say."""
    notices: tuple[str, ...] = ()
    """What the table's owner may want to know."""
    facts: Facts = ()
    """What the files were."""
    was_looked_at: bool = False
    """Whether the relation holds for these very files only."""

    def changed(self) -> str | None:
        """A file that may have been read as two: written into, or another than the one that was looked at.

        The sandbox has the files themselves: one that was replaced or removed later was read as it was.
        """
        for before in self.facts:
            try:
                now = _fact(before.file)
            except OSError:
                now = None
            replaced = now is None or now.inode != before.inode
            if now != before and (self.was_looked_at or not replaced):
                return before.file.shown
        return None


class ParquetTables:
    """Prepares tables of Parquet for queries."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._kept: OrderedDict[tuple[Any, ...], tuple[Alike, ...]] = OrderedDict()

    async def prepare(self, table: FolderTable, inner: str, directory: Path, deadline: timedelta) -> Prepared:
        """The table with its files below `tables/<inner>`; EngineFailure if they are no one table."""
        if len(table.files) == 1 and not table.files[0].constants and not table.options.types:
            name, file = f"tables/{inner}.parquet", table.files[0]
            shown = {f"{INPUTS}/{name}": file.shown}
            known = await asyncio.to_thread(facts, table.files)
            return Prepared(_relation(f"{INPUTS}/{name}"), {name: file.path}, shown, facts=known)
        known = await asyncio.to_thread(facts, table.files)
        groups = await self._alike(table, known, directory, deadline)
        relation, places = united_relation(table, groups, inner)
        inputs = {name: file.path for name, file in places.items()}
        shown = {f"{INPUTS}/{name}": file.shown for name, file in places.items()}
        return Prepared(relation, inputs, shown, tuple(lacking(groups)), known, was_looked_at=True)

    async def _alike(self, table: FolderTable, known: Facts, directory: Path, deadline: timedelta) -> tuple[Alike, ...]:
        key = tuple(each.key for each in known)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        groups = await self._looked_at(table, directory, deadline)
        if await asyncio.to_thread(facts, table.files) != known:
            raise EngineFailure(
                ErrorKind.TRANSIENT, f"Files of the table {table.name} were changed while they were read."
            )
        self._kept[key] = groups
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return groups

    async def _looked_at(self, table: FolderTable, directory: Path, deadline: timedelta) -> tuple[Alike, ...]:
        """The files of the table by their columns."""
        inputs = {f"look/{place:06}.parquet": file for place, file in enumerate(table.files)}
        names = {f"{INPUTS}/{name}": file for name, file in inputs.items()}
        look = Look(self._sandbox, directory, deadline, {name: file.path for name, file in inputs.items()})
        shown = {name: file.shown for name, file in names.items()}
        [shapes] = await look.run([Query(_SHAPES, rows=MOST_SHAPES)], shown)
        if shapes.more:
            message = f"The files of the table {table.name} have more than {MOST_SHAPES} different sets of columns."
            raise EngineFailure(ErrorKind.VALIDATION, message)
        groups = [sorted(files) for files, _ in shapes.rows]
        answers = await look.run([Query(f"FROM {_relation(files[0])} LIMIT 0") for files in groups], shown)
        return tuple(
            Alike(tuple(names[file] for file in files), answer.columns)
            for files, answer in zip(groups, answers, strict=True)
        )


def _relation(file: str) -> str:
    return f"read_parquet({text(file, DUCKDB_SQL)}, hive_partitioning = false)"


@dataclass(frozen=True, slots=True)
class Look:
    """Queries about files, in the sandbox."""

    sandbox: Sandbox
    directory: Path
    deadline: timedelta
    inputs: Mapping[str, Path]

    async def run(self, queries: Sequence[Query], shown: Mapping[str, str]) -> tuple[Answer, ...]:
        """Their answers; EngineFailure in the words of the person."""
        try:
            return await self.sandbox.run(Job(tuple(queries), self.directory, self.deadline, self.inputs))
        except JobFailed as failure:
            raise failure_of(failure, shown) from failure


def facts(files: Iterable[TableFile]) -> Facts:
    """What the files are now. EngineFailure if one is gone."""
    found = []
    for file in files:
        try:
            found.append(_fact(file))
        except OSError as error:
            kind = ErrorKind.TRANSIENT if is_shortage(error) else ErrorKind.MISSING
            raise EngineFailure(kind, f"{file.shown} cannot be read: {error.strerror}.") from error
    return tuple(found)


def _fact(file: TableFile) -> Fact:
    known = file.path.stat()
    return Fact(file, (known.st_dev, known.st_ino), known.st_size, known.st_mtime_ns)
