"""What the sandbox is asked to do, and what it answers. Plain values, known to both sides of the wall."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from queryflow.domain.states import ErrorKind
from queryflow.domain.values.items import Findings

INPUTS = "in"
"""The folder of a worker that holds its inputs, read-only: SQL names a file `in/<name>`."""
OUTPUTS = "out"
"""The folder of a worker that it may write to."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file of a table of text."""

    inner: str
    """Its name below `in/`."""
    shown: str
    """Its name for people."""
    constants: Mapping[str, str | None] = field(default_factory=dict)
    """Columns that every row of it has, as folders named `day=2026-11-22` say them; None is NULL."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Files of CSV or JSON lines that are to become typed Parquet."""

    table: str
    """Its name for people."""
    form: str
    """`csv` or `json`."""
    files: tuple[ReadFile, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    """`TableOptions` as JSON."""


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT, and what is asked of its result.

    `setup` are trusted statements (views, macros) that run before it; `sql` is somebody's text and never trusted.
    """

    sql: str
    setup: tuple[str, ...] = ()
    file: str | None = None
    """Write the whole result as Parquet under this bare file name."""
    rows: int = 0
    """Return up to so many rows of it as Python values."""
    refuse_excess: bool = False
    """Without a `file`: answer no row at all, at once, where the first `rows` are too large for one answer."""
    items_of: Mapping[str, Any] | None = None
    """A list's parameter as JSON: if the file has more than `rows` items, all are checked as items of it."""
    reading: Reading | None = None
    """Instead of a SELECT: files to read; they need a `file` to be written to."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does and then ends: its queries, one after the other, over nothing but its inputs."""

    queries: tuple[Query, ...]
    directory: Path
    """Where result files are put; it exists and belongs to the caller."""
    deadline: timedelta
    """The worker is killed when it runs longer than this."""
    inputs: Mapping[str, Path] = field(default_factory=dict)
    """Files the queries may read: the name below `in/` (it may have folders) → the file it is."""
    copied: bool = False
    """Whether the inputs are copied: a link changes the file's ctime, and its content may still change."""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A Parquet file that left the sandbox, measured by the parent."""

    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CheckedItems:
    """What is known of the items of a list that stays in a file."""

    only_nulls: bool
    findings: Findings


@dataclass(frozen=True, slots=True)
class Excess:
    """Why rows are too large for one answer."""

    fitting: int
    """How many of them fit, from the first on."""
    row_bytes: int
    """About the size of the first row that does not fit, and of its largest value."""
    column: str
    column_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one query: columns as (name, DuckDB's word for the type)."""

    columns: tuple[tuple[str, str], ...]
    row_count: int
    """All rows where a file was asked for, else the rows that were returned."""
    rows: tuple[tuple[Any, ...], ...] = ()
    """int, float, str, bool, bytes, Decimal, date, time, datetime, timedelta, UUID, None, and list or dict of these."""
    more: bool = False
    """Whether the query has more rows than were returned."""
    file: ResultFile | None = None
    notices: tuple[str, ...] = ()
    """What a person should know of a table that was read."""
    items: CheckedItems | None = None
    """Where `items_of` was asked for and the list is longer than what was returned of it."""
    excess: Excess | None = None
    """Where `refuse_excess` was asked for and the rows are too large."""


class JobFailed(Exception):
    """The job ended without answers; `message` is safe to show to the person who wrote the query."""

    def __init__(self, kind: ErrorKind, message: str, query: int | None = None, unread: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.query = query
        """Which of the job's queries failed, where that is known."""
        self.unread = unread
        """Which of the job's inputs could not be had, as SQL names it."""
