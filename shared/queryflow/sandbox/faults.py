"""Why a query failed, by what can be done about it. Runs in the worker, where DuckDB's exceptions are known."""

import os
import re

import duckdb

from queryflow.domain.files.table_refused import TableRefused
from queryflow.domain.resource_errors import DISK_FULL, SHORTAGES
from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.casting import WHOLE_INTERVALS, CannotBeHeld
from queryflow.sandbox.session import NotOneSelect, UnstorableName
from queryflow.sandbox.settings import OPEN_FILES, Limits

_NO_TABLE = re.compile(r"^Catalog Error: (Table|View) with name")
_TOO_MUCH = re.compile(r"file too large|max_temp_directory_size|failed to offload", re.IGNORECASE)
_NO_FILE = re.compile(r"no files found|cannot open file|no such file", re.IGNORECASE)
_TOO_WIDE = re.compile(r"Type U?INT(64|128) with value \S+ can't be cast .* destination type U?INT64")
_DISK_FULL = tuple(os.strerror(number).lower() for number in DISK_FULL)
_SCARCE = tuple(os.strerror(number).lower() for number in SHORTAGES)


def fault(error: BaseException, limits: Limits) -> tuple[ErrorKind, str]:
    """The kind and a sentence that is safe to show: DuckDB's own where the query's author can mend it."""
    message = str(error).split("Traceback (most recent", 1)[0].strip()
    if isinstance(error, NotOneSelect | UnstorableName | CannotBeHeld | TableRefused):
        return ErrorKind.VALIDATION, message
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return ErrorKind.REJECTED, f"The query needs more than the {limits.memory_mb} MB of memory it may use."
    if isinstance(error, duckdb.PermissionException):
        return ErrorKind.FORBIDDEN, message
    if isinstance(error, duckdb.TransactionException):
        return ErrorKind.FORBIDDEN, f"A query may only read. {message}"
    if isinstance(error, duckdb.CatalogException) and _NO_TABLE.match(message):
        return ErrorKind.MISSING, message
    if isinstance(error, duckdb.IOException):
        return _input_or_output(message, limits)
    if isinstance(error, duckdb.InternalException | duckdb.FatalException) or not isinstance(error, duckdb.Error):
        return ErrorKind.INTERNAL, f"{type(error).__name__}: {message}"
    return ErrorKind.VALIDATION, _with_advice(message)


def _input_or_output(message: str, limits: Limits) -> tuple[ErrorKind, str]:
    """A worker reads local files only: what does not come from a want of the machine is in the file or the query."""
    words = message.lower()
    if _TOO_MUCH.search(message):
        return (
            ErrorKind.REJECTED,
            f"The query writes more than it may: {limits.file_mb} MB a file, {limits.disk_mb} MB in all.",
        )
    if "too many open files" in words:
        return ErrorKind.REJECTED, f"The query reads more than the {OPEN_FILES} files it may have open at once."
    if any(full in words for full in _DISK_FULL):
        return ErrorKind.TRANSIENT, "The disk where queries run is full; make room there and run it again."
    if any(scarce in words for scarce in _SCARCE):
        return ErrorKind.TRANSIENT, message
    if "permission denied" in words:
        return ErrorKind.FORBIDDEN, message
    if _NO_FILE.search(message):
        return ErrorKind.MISSING, message
    return ErrorKind.VALIDATION, WHOLE_INTERVALS if "negative interval" in words else message


def _with_advice(message: str) -> str:
    if not _TOO_WIDE.search(message):
        return message
    own = message.split("\n\nLINE", 1)[0]  # the line is one of ours, not of the query
    return (
        f"{own}\nResults and parameters have whole numbers of 64 bits. Cast a larger one: "
        "to DECIMAL(38, 0) or VARCHAR in the query, to a string in a binding."
    )
