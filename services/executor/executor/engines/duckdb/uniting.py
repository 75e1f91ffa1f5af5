"""Files of Parquet with different columns as one relation: united by name, in types that hold every value as it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from executor.engines.duckdb.folder_tables import FolderTable
from executor.engines.duckdb.table_files import TableFile
from executor.engines.port import EngineFailure
from queryflow.domain.files.declared_tables import table_key
from queryflow.domain.files.partitions import NOTHING, partition_type
from queryflow.domain.files.united_types import WHOLE_IN_DOUBLE, lacking_notice, needs_check, united_type
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import INPUTS
from queryflow.sql.literals import quote_name, text
from queryflow.sql.notation import DUCKDB_SQL

_PARTITION = "queryflow_partition_"


@dataclass(frozen=True, slots=True)
class Alike:
    """Files of a table that have the same columns."""

    files: tuple[TableFile, ...]
    columns: tuple[tuple[str, str], ...]
    """Name and type, in DuckDB's words."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the whole table."""

    name: str
    type: str
    file: str
    """The first file that made the type what it is."""


def united_relation(table: FolderTable, groups: Sequence[Alike], inner: str) -> tuple[str, dict[str, TableFile]]:
    """SQL for the rows of all files, and where the sandbox is to have each of them. EngineFailure names two files."""
    columns = _columns(groups)
    partitions = _partitions(table, groups, columns)
    places = {}
    selects = []
    for number, group in enumerate(groups):
        own = {place_of(f"tables/{inner}/{number}", at, file): file for at, file in enumerate(group.files)}
        places.update(own)
        below = "/*" * len(partitions)
        pattern = f"{INPUTS}/tables/{inner}/{number}{below}/*.parquet"
        selects.append(_select(group, columns, partitions, pattern))
    return f"({' UNION ALL BY NAME '.join(selects)})", places


def lacking(groups: Sequence[Alike]) -> Iterator[str]:
    """A notice for each column that only some of the files have."""
    for key, column in _columns(groups).items():
        without = [
            file.shown
            for group in groups
            if key not in {table_key(name) for name, _ in group.columns}
            for file in group.files
        ]
        if without:
            yield lacking_notice(column.name, without)


def place_of(folder: str, number: int, file: TableFile, suffix: str = ".parquet") -> str:
    """Its path in the sandbox, where the folders say the values of its partitions."""
    values = (NOTHING if value is None else quote(value, safe="") for value in file.constants.values())
    folders = [f"{_PARTITION}{place}={value}" for place, value in enumerate(values)]
    return "/".join([folder, *folders, f"{number:06}{suffix}"])


def partition_types(table: FolderTable) -> dict[str, str]:
    """The columns that folders say, with their types: as declared, or as all values have it."""
    declared = {table_key(name): type_ for name, type_ in table.options.types.items()}
    values = [list(file.constants.values()) for file in table.files]
    return {
        name: declared.get(table_key(name)) or partition_type(each[place] for each in values)
        for place, name in enumerate(table.files[0].constants)
    }


def partition_items(partitions: Mapping[str, str]) -> list[str]:
    """What a SELECT names them."""
    return [f"{_PARTITION}{place} AS {quote_name(name)}" for place, name in enumerate(partitions)]


def partition_options(partitions: Mapping[str, str]) -> str:
    """What tells a reader of files to find them in the paths."""
    types = ", ".join(f"'{_PARTITION}{place}': {type_}" for place, type_ in enumerate(partitions.values()))
    return f"hive_partitioning = true, hive_types = {{{types}}}" if partitions else "hive_partitioning = false"


def _columns(groups: Sequence[Alike]) -> dict[str, _Column]:
    found: dict[str, _Column] = {}
    for group in groups:
        for name, type_ in group.columns:
            key = table_key(name)
            found[key] = (
                _united(found[key], type_, group.files[0].shown)
                if key in found
                else _Column(name, type_, group.files[0].shown)
            )
    return found


def _united(column: _Column, type_: str, file: str) -> _Column:
    wider = united_type(column.type, type_)
    if wider is None:
        message = (
            f"The column {column.name} is {column.type} in {column.file} and {type_} in {file}: no type holds both as"
            " they are. Write one of the files again in one of the two types, or put it into a folder of its own."
        )
        raise EngineFailure(ErrorKind.VALIDATION, message)
    return column if wider == column.type else _Column(column.name, wider, file)


def _partitions(table: FolderTable, groups: Sequence[Alike], columns: Mapping[str, _Column]) -> dict[str, str]:
    """The columns that folders say, with their types."""
    names = list(table.files[0].constants)
    for name in names:
        if table_key(name) in columns:
            message = (
                f"The column {name} is in {_first_with(name, groups)} and in the name of its folder as well: rename the"
                " folders or leave the column out of the files."
            )
            raise EngineFailure(ErrorKind.VALIDATION, message)
    declared = {table_key(name): type_ for name, type_ in table.options.types.items()}
    if unknown := declared.keys() - {table_key(name) for name in names}:
        which = ", ".join(sorted(unknown))
        message = f"Parquet files say the types of their columns themselves: declare none for {which} of {table.name}."
        raise EngineFailure(ErrorKind.VALIDATION, message)
    return partition_types(table)


def _first_with(name: str, groups: Sequence[Alike]) -> str:
    """The first file that has the column."""
    having = (each for each in groups if table_key(name) in {table_key(own) for own, _ in each.columns})
    return next(having).files[0].shown


def _select(group: Alike, columns: Mapping[str, _Column], partitions: Mapping[str, str], pattern: str) -> str:
    items = [_item(name, type_, columns[table_key(name)], group) for name, type_ in group.columns]
    items += partition_items(partitions)
    hive = partition_options(partitions)
    return f"SELECT {', '.join(items)} FROM read_parquet({text(pattern, DUCKDB_SQL)}, {hive})"  # noqa: S608 - quoted


def _item(name: str, type_: str, column: _Column, group: Alike) -> str:
    written = quote_name(name)
    if type_ == column.type:
        return f"{written} AS {quote_name(column.name)}"
    value = f"CAST({written} AS {column.type})"
    if needs_check(type_, column.type):
        sentence = (
            f"The column {name} is a DOUBLE in {column.file}, which cannot hold all whole numbers of"
            f" {group.files[0].shown}: write it there as DOUBLE or here as BIGINT."
        )
        within = f"{written} BETWEEN -{WHOLE_IN_DOUBLE} AND {WHOLE_IN_DOUBLE} OR {written} IS NULL"
        value = f"CASE WHEN {within} THEN {value} ELSE error({text(sentence, DUCKDB_SQL)}) END"
    return f"{value} AS {quote_name(column.name)}"
