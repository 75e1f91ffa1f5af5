"""Files of text become one typed table: each is read whole, columns are united by name, types fit every row."""

import errno
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from queryflow.domain.files.declared_tables import table_key
from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.files.table_refused import TableRefused
from queryflow.domain.files.united_types import lacking_notice
from queryflow.sandbox.jobs.job import INPUTS, OUTPUTS, ReadFile, Reading
from queryflow.sandbox.reading.csv_files import open_csv
from queryflow.sandbox.reading.json_files import open_json
from queryflow.sandbox.reading.source import Source
from queryflow.sandbox.reading.typed import RAW, RawColumn, WrongValue, apply_nulls, write_typed
from queryflow.sql.writing.column_facts import text

_OPENERS: Mapping[str, Callable[[Path, Path, TableOptions], Source]] = {"csv": open_csv, "json": open_json}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that was looked at."""

    file: ReadFile
    source: Source

    def names(self) -> tuple[str, ...]:
        return (*(column.name for column in self.source.columns), *self.file.constants)


def reading_of(document: Mapping[str, Any]) -> Reading:
    """The reading as the parent said it."""
    return Reading(**{**document, "files": tuple(ReadFile(**each) for each in document["files"])})


def read_tables(connection: duckdb.DuckDBPyConnection, number: int, reading: Reading) -> dict[str, Any]:
    """Write the table as `out/<number>.parquet` and describe it. TableRefused says which file and line is wrong."""
    options = TableOptions.model_validate_json(json.dumps(reading.options))
    opened = [_open(reading, place, options) for place in range(len(reading.files))]
    columns = _columns(opened)
    _load(connection, opened, columns)
    apply_nulls(connection, columns, options.nulls)
    try:
        with _said_of(reading.files[0].shown if len(opened) == 1 else f"the table {reading.table}"):
            typed = write_typed(connection, columns, reading.table, options, f"{OUTPUTS}/{number}.parquet")
    except WrongValue as error:
        raise _located(error, opened) from None
    notices = [*_missing(opened, columns), *typed.notices]
    return {"columns": typed.columns, "row_count": typed.rows, "rows": [], "more": False, "notices": notices}


@contextmanager
def _said_of(shown: str) -> Iterator[None]:
    """What is refused inside gets the name of the file."""
    try:
        yield
    except TableRefused as error:
        raise error.of(shown) from None
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise TableRefused("the file needs more room than a query may use; split it.", file=shown) from None


def _open(reading: Reading, place: int, options: TableOptions) -> _Opened:
    file = reading.files[place]
    with _said_of(file.shown):
        source = _OPENERS[reading.form](Path(INPUTS, file.inner), Path(OUTPUTS, f"read-{place}"), options)
        _refuse_said_twice(file, source)
    return _Opened(file, source)


def _refuse_said_twice(file: ReadFile, source: Source) -> None:
    folders = {table_key(name): name for name in file.constants}
    for column in source.columns:
        if name := folders.get(table_key(column.name)):
            sentence = (
                f"the column {name} is in the file and in the name of its folder as well: rename the folders or leave"
                " the column out of the files."
            )
            raise TableRefused(sentence)


def _columns(opened: Sequence[_Opened]) -> list[RawColumn]:
    """The columns of all files in the order in which they are found. TableRefused if two names are one to SQL."""
    names: dict[str, tuple[str, str]] = {}
    kinds: dict[str, frozenset[str] | None] = {}
    for each in opened:
        for name in each.names():
            other, file = names.setdefault(table_key(name), (name, each.file.shown))
            if other != name:
                where = each.file.shown if file == each.file.shown else f"{file} and {each.file.shown}"
                raise TableRefused(f"the columns {other} and {name} are one name to SQL; rename one.", file=where)
        for column in each.source.columns:
            known = kinds.get(column.name)
            kinds[column.name] = column.json_kinds if known is None else known | (column.json_kinds or frozenset())
    return [RawColumn(name, f"c{place}", kinds.get(name)) for place, (name, _) in enumerate(names.values())]


def _load(connection: duckdb.DuckDBPyConnection, opened: Sequence[_Opened], columns: Sequence[RawColumn]) -> None:
    connection.execute(f"CREATE TABLE {RAW} ({', '.join(f'{each.column} VARCHAR' for each in columns)})")
    for each in opened:
        [(rows,)] = connection.execute(f"INSERT INTO {RAW} {_rows_of(each, columns)}").fetchall()
        if rows != each.source.rows:
            raise RuntimeError(f"{rows} rows were read of {each.source.rows} that were counted")
        if each.source.path.suffix == ".csv" and each.source.path.parts[0] == OUTPUTS:
            each.source.path.unlink()


def _rows_of(opened: _Opened, columns: Sequence[RawColumn]) -> str:
    places = {column.name: f"f{place}" for place, column in enumerate(opened.source.columns)}
    said = opened.file.constants.items()
    constants = {name: "NULL" if value is None else text(value) for name, value in said}
    items = ", ".join({**places, **constants}.get(each.name, "NULL") for each in columns)
    return f"SELECT {items} FROM {opened.source.relation()}"  # noqa: S608 - our own names and literals


def _located(error: WrongValue, opened: Sequence[_Opened]) -> TableRefused:
    row = error.row
    for each in opened:
        if row < each.source.rows:
            return TableRefused(error.sentence, file=each.file.shown, line=each.source.line_of(row))
        row -= each.source.rows
    raise IndexError(error.row)


def _missing(opened: Sequence[_Opened], columns: Sequence[RawColumn]) -> Iterator[str]:
    """A notice for each column that only some of the files have."""
    for column in columns:
        without = [each.file.shown for each in opened if column.name not in each.names()]
        if without:
            yield lacking_notice(column.name, without)
