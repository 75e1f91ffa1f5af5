"""Why a query failed, by what can be done about it. Runs in the child, where DuckDB's exceptions are known."""

import re

import duckdb

from queryflow.domain.states import ErrorKind
from queryflow.sandbox.session import NotOneSelect
from queryflow.sandbox.settings import Limits

_NO_TABLE = re.compile(r"^Catalog Error: (Table|View) with name")
_DISK_FULL = re.compile(r"no space left|disk quota exceeded", re.IGNORECASE)
_NO_ROOM = re.compile(r"file too large|max_temp_directory_size|failed to offload", re.IGNORECASE)
_NO_FILE = re.compile(r"no files found|cannot open file|no such file", re.IGNORECASE)


def fault(error: BaseException, limits: Limits) -> tuple[ErrorKind, str]:
    """The kind and a sentence that is safe to show: DuckDB's own where the query's author can mend it."""
    message = str(error).split("Traceback (most recent", 1)[0].strip()
    if isinstance(error, NotOneSelect):
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
    return ErrorKind.VALIDATION, message


def _input_or_output(message: str, limits: Limits) -> tuple[ErrorKind, str]:
    if _DISK_FULL.search(message):
        return ErrorKind.TRANSIENT, "The disk where queries run is full; make room there and run it again."
    if _NO_ROOM.search(message):
        return (
            ErrorKind.REJECTED,
            f"The query writes more than it may: {limits.file_mb} MB a file, {limits.disk_mb} MB in all.",
        )
    if "permission denied" in message.lower():
        return ErrorKind.FORBIDDEN, message
    if _NO_FILE.search(message):
        return ErrorKind.MISSING, message
    return ErrorKind.TRANSIENT, message
