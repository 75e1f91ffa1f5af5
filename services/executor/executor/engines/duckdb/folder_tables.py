"""The tables of a folder: one per file, or per subfolder of files; which files are whose, and what is no table.

Only names are looked at here. The folder itself is listed once; a subfolder is looked into when its table is asked for.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from executor.engines.duckdb.table_files import (
    NO_TABLE,
    Entry,
    Form,
    NoTable,
    TableFile,
    entries_of,
    files_below,
    split,
)
from queryflow.domain.errors import Invalid
from queryflow.domain.files.declared_tables import TABLES_FILE, DeclaredTables, declared_tables, read_tables, table_key
from queryflow.domain.files.table_options import TableOptions

LARGEST_DECLARATION = 1_000_000
"""Bytes of a `tables.yaml`."""
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FolderTable:
    """A table of a folder, before any of its files was opened."""

    name: str
    """As SQL writes it; its accents are composed."""
    form: Form = Form.PARQUET
    files: tuple[TableFile, ...] = ()
    options: TableOptions = field(default_factory=TableOptions)
    """As `tables.yaml` declares them, or the connection's settings, which win."""
    problem: str = ""
    """Why every query that reads it fails; such a table may have no files."""
    others: tuple[NoTable, ...] = ()
    """What lies in its folder and is no part of it."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A table by its name alone: the entries that claim to be it."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FolderTables:
    """A folder that was listed."""

    declared: DeclaredTables
    others: tuple[NoTable, ...]
    """What is no table, and why; what lies in a table's folder is told by the table."""
    has_links: bool
    """Whether what it shows may change without the folder itself."""
    _candidates: Mapping[str, _Candidate]

    @property
    def names(self) -> list[str]:
        """The names of all tables, those that cannot be read among them."""
        return [each.name for each in self._candidates.values()]

    def table(self, name: str) -> FolderTable:
        """The table of that name, its subfolder looked into."""
        return _table(self._candidates[table_key(name)], self.declared)

    def mentioned(self, sql: str) -> dict[str, FolderTable]:
        """The tables whose names stand in the SQL as words of their own, as names or not; more than it reads."""
        return _that_are(self.table(name) for name in mentioned(self.names, sql))

    def all(self) -> dict[str, FolderTable]:
        """Every table by its name; a folder without any file for a table is none."""
        return _that_are(self.table(name) for name in self.names)


def find_tables(folder: Path, settings: object = None) -> FolderTables:
    """List the folder; `settings` are the `tables` of the connection. OSError if the folder cannot be read.

    SQL does not tell `A` from `a`, nor how an accent is composed: two such names are one table, which is refused.
    """
    found = list(entries_of(folder))
    declared = _declaration(found).under(declared_tables(settings, "The connection's settings"))
    entries = [each for each in found if isinstance(each, Entry) and each.name != TABLES_FILE]
    others = [each for each in found if isinstance(each, NoTable)]
    candidates = _declared_candidates(declared, entries)
    taken = {entry.shown for each in candidates.values() for entry in each.entries}
    for entry in entries:
        name = _name_of(entry)
        key = "" if name is None else table_key(name)
        if entry.shown in taken:
            continue
        if name is None:
            others.append(NoTable(entry.shown, NO_TABLE))
        elif key in declared.options and declared.options[key].file is not None:
            others.append(NoTable(entry.shown, f"the table {name} is declared to be another file"))
        else:
            known = candidates.get(key)
            candidates[key] = _Candidate(known.name, (*known.entries, entry)) if known else _Candidate(name, (entry,))
    return FolderTables(declared, tuple(others), any(each.is_link for each in found), candidates)


def mentioned(names: Iterable[str], sql: str) -> list[str]:
    """Those of the names that stand in the SQL as words of their own."""
    words = unicodedata.normalize("NFC", sql).lower()
    return [name for name in names if _stands(_written(name), words) or _stands(name.lower(), words)]


def spellings(name: str) -> tuple[str, ...]:
    """The name with its accents composed, and taken apart where that differs: SQL compares the bytes."""
    return tuple(dict.fromkeys(unicodedata.normalize(form, name) for form in ("NFC", "NFD")))


def _stands(name: str, words: str) -> bool:
    return name in words and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words) is not None


def _written(name: str) -> str:
    """The name as it stands between double quotes."""
    return name.lower().replace('"', '""')


def _that_are(tables: Iterable[FolderTable]) -> dict[str, FolderTable]:
    return {table.name: table for table in tables if table.files or table.problem}


def _declaration(found: Iterable[Entry | NoTable]) -> DeclaredTables:
    for entry in found:
        if isinstance(entry, Entry) and entry.name == TABLES_FILE and not entry.is_folder:
            with entry.path.open("rb") as file:
                return _read(file.read(LARGEST_DECLARATION + 1))
    return DeclaredTables()


def _read(content: bytes) -> DeclaredTables:
    if len(content) > LARGEST_DECLARATION:
        return DeclaredTables(broken=Invalid(f"{TABLES_FILE} is larger than {LARGEST_DECLARATION:,} bytes.", ()))
    try:
        return read_tables(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return DeclaredTables(broken=Invalid(f"{TABLES_FILE} is not written in UTF-8.", ()))


def _name_of(entry: Entry) -> str | None:
    if entry.is_folder:
        return entry.name
    said = split(entry.name)
    return said and said[0]


def _declared_candidates(declared: DeclaredTables, entries: list[Entry]) -> dict[str, _Candidate]:
    """The tables that are declared to be certain files, and those of which nothing else would tell."""
    candidates = {}
    undeclared = {table_key(name) for entry in entries if (name := _name_of(entry)) is not None}
    for key, name in declared.names.items():
        file = declared.options[key].file if key in declared.options else None
        if file is not None:
            chosen = tuple(_chosen(file.rstrip("/"), entries))
            candidates[key] = _Candidate(name, chosen)
        elif key not in undeclared:
            candidates[key] = _Candidate(name, ())
    return candidates


def _chosen(file: str, entries: list[Entry]) -> Iterator[Entry]:
    """The entries that a declaration names, by a name or by a pattern, also inside of folders."""
    here, _, below = unicodedata.normalize("NFC", file).partition("/")
    for entry in entries:
        if fnmatch.fnmatchcase(entry.name, here) if _PATTERN.search(here) else entry.name == here:
            if not below:
                yield entry
            elif entry.is_folder:
                inside = [each for each in entries_of(entry.path, f"{entry.shown}/") if isinstance(each, Entry)]
                yield from _chosen(below, inside)


def _table(candidate: _Candidate, declared: DeclaredTables) -> FolderTable:
    try:
        options = declared.of(candidate.name)
    except Invalid as error:
        return FolderTable(candidate.name, problem=error.message)
    shown = [entry.shown for entry in candidate.entries]
    pattern = options.file is not None and _PATTERN.search(options.file)
    if not shown:
        what = f"the file {options.file}" if options.file else "a table"
        return FolderTable(
            candidate.name, options=options, problem=f"{candidate.name} is declared as {what}, which is not there."
        )
    if len(shown) > 1 and not pattern:
        problem = (
            f"{_listed(shown)} would be one table, {candidate.name}: rename all but one of them, or say in"
            f" {TABLES_FILE} which file the table is."
        )
        return FolderTable(candidate.name, options=options, problem=problem)
    return _of_entries(candidate, options)


def _of_entries(candidate: _Candidate, options: TableOptions) -> FolderTable:
    found: list[TableFile | NoTable] = []
    for entry in candidate.entries:
        try:
            found += files_below(entry) if entry.is_folder else [TableFile(entry.path, entry.shown)]
        except OSError as error:
            return FolderTable(candidate.name, problem=f"{entry.shown} cannot be read: {error.strerror}.")
    files = tuple(each for each in found if isinstance(each, TableFile))
    others = tuple(each for each in found if isinstance(each, NoTable))
    table = FolderTable(candidate.name, Form.PARQUET, files, options, "", others)
    if not files:
        return replace(table, problem="" if not options.file else f"{options.file} has no file for a table in it.")
    forms = {_form(file): file.shown for file in reversed(files)}
    table = replace(table, form=_form(files[0]))
    return replace(table, problem=_problem(table, forms))


def _form(file: TableFile) -> Form:
    said = split(file.path.name)
    return Form.CSV if said is None else said[1]


def _problem(table: FolderTable, forms: Mapping[Form, str]) -> str:
    """Why the files are no one table."""
    if len(forms) > 1:
        return f"The table {table.name} has files of several kinds, {_listed(list(forms.values()))}: keep one kind."
    if any(each.shown.endswith("/_delta_log/") for each in table.others):
        return f"{table.name} is a Delta Lake table, whose files alone do not say which rows are in it."
    if folders := [each.shown for each in table.others if each.shown.endswith("/")]:
        return (
            f"The folder of the table {table.name} has other folders in it, {_listed(folders)}, whose files would be"
            " left out. Name such folders as a column's value (day=2026-11-22), or move them away."
        )
    if table.form is Form.PARQUET and (unfit := table.options.document().keys() - {"file", "types"}):
        return (
            f"The table {table.name} is declared with {_listed(sorted(unfit))}, which means nothing for Parquet files."
        )
    columns = {tuple(table_key(each) for each in file.constants): file.shown for file in reversed(table.files)}
    if len(columns) > 1:
        return f"{_listed(list(columns.values()))} lie in folders of other columns: name them alike, in the same order."
    return ""


def _listed(names: list[str]) -> str:
    shown = names[:5] + (["…"] if len(names) > 5 else [])
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
