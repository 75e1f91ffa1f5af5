"""The tables of a folder: one per Parquet or CSV file, or per subfolder of such files."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from queryflow.domain.storable import is_storable

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv")
_PLAIN = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Table:
    """A table's files, and how the sandbox calls them."""

    name: str
    relation: str
    """What a query reads: a file or a pattern, relative to the sandbox."""
    inputs: Mapping[str, Path] = field(default_factory=dict)


def find_tables(folder: Path) -> dict[str, Table]:
    """The folder's tables by name; of a file and a subfolder of one name the file counts. OSError if it cannot be read.

    Hidden files, files of another kind or with a name that no SQL can hold, and smuggled links are no tables. SQL does
    not tell `A` from `a`: of such names one counts.
    """
    tables: dict[str, Table] = {}
    entries = sorted(each for each in folder.iterdir() if _may_be_a_table(each))
    for number, entry in enumerate(sorted(entries, key=lambda each: each.is_dir())):
        table = _of_folder(entry, number) if entry.is_dir() else _of_file(entry, number)
        if table is not None:
            tables.setdefault(table.name.lower(), table)
    return {table.name: table for table in tables.values()}


def mentioned(tables: Mapping[str, Table], sql: str) -> dict[str, Table]:
    """The tables whose names stand in the SQL as words of their own, as names or not; more than it reads."""
    words = sql.lower()
    return {
        name: table for name, table in tables.items() if _stands(_written(name), words) or _stands(name.lower(), words)
    }


def _stands(name: str, words: str) -> bool:
    return name in words and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words) is not None


def inputs_of(tables: Iterable[Table]) -> dict[str, Path]:
    """All files of the tables by the names the sandbox gives them."""
    return {name: path for table in tables for name, path in table.inputs.items()}


def _written(name: str) -> str:
    """The name as it stands between double quotes."""
    return name.lower().replace('"', '""')


def _may_be_a_table(entry: Path) -> bool:
    return not entry.name.startswith(".") and is_storable(entry.name) and not _is_smuggled(entry)


def _is_smuggled(entry: Path) -> bool:
    """Whether it is a link that somebody put here to have us read what they may not read themselves.

    A link to one's own file is not, nor is one that the user made who runs us: that was on purpose.
    """
    if not entry.is_symlink():
        return False
    try:
        return entry.lstat().st_uid not in (os.geteuid(), entry.stat().st_uid)
    except OSError:  # it leads nowhere
        return True


def _of_file(file: Path, number: int) -> Table | None:
    suffix = _suffix(file)
    if suffix is None or not file.is_file():
        return None
    name = file.name[: -len(suffix)]
    inner = f"tables/{_inner(name, number)}{suffix}"
    return Table(name, f"in/{inner}", {inner: file})


def _of_folder(folder: Path, number: int) -> Table | None:
    try:
        files = sorted(each for each in folder.iterdir() if _is_part(each))
    except PermissionError:  # as of the lost+found of a disk
        return None
    if not files:
        return None
    inner = f"tables/{_inner(folder.name, number)}"
    inputs = {f"{inner}/{place:06}.parquet": file for place, file in enumerate(files)}
    return Table(folder.name, f"in/{inner}/*.parquet", inputs)


def _is_part(file: Path) -> bool:
    return file.is_file() and _suffix(file) == ".parquet" and not _is_smuggled(file)


def _suffix(file: Path) -> str | None:
    lower = file.name.lower()
    return next((suffix for suffix in SUFFIXES if lower.endswith(suffix) and lower != suffix), None)


def _inner(name: str, number: int) -> str:
    """The table's own name where it is plain, for messages show it; others DuckDB might read as patterns."""
    return name if _PLAIN.fullmatch(name) else f"table-{number}"
