"""Results in the object store: the Parquet file first, its manifest last. What has no manifest is no result.

A key carries the attempt and its fence, so two tries never write one object, and a crash leaves at most a file that
nobody refers to.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from executor.attempt import Attempt
from executor.engines.port import EngineFailure, Produced, ResultColumn
from queryflow.domain.errors import NotFound
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ErrorKind
from queryflow.runtime.failpoints import failpoint
from queryflow.runtime.objects import ObjectStore
from queryflow.runtime.transient_errors import is_transient

PARQUET, MANIFEST = ".parquet", ".json"
RESULTS = "results/"
_KEY = re.compile(RESULTS + r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})/")


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as its manifest describes it."""

    key: str
    """The key of the Parquet file."""
    rows: int
    bytes: int
    sha256: str
    columns: tuple[ResultColumn, ...]

    @property
    def metadata(self) -> dict[str, Any]:
        """What the manifest says, and what is kept beside the key in the node's row."""
        columns = [asdict(column) for column in self.columns]
        return {"rows": self.rows, "bytes": self.bytes, "sha256": self.sha256, "columns": columns}


def result_key(attempt: Attempt) -> str:
    """The key of an attempt's result: made of ids and numbers, never of names people chose."""
    return f"{RESULTS}{attempt.execution_id}/{attempt.id}/{attempt.number}-{attempt.fence}{PARQUET}"


def executions_of(keys: Iterable[str]) -> set[ExecutionId]:
    """The executions whose results these keys are; a key of another kind is left out."""
    return {ExecutionId(UUID(found[1])) for key in keys if (found := _KEY.match(key))}


def described(key: str, metadata: Mapping[str, Any]) -> StoredResult:
    """The result of that key as a node's row or a manifest describes it."""
    columns = tuple(ResultColumn(column["name"], column["type"]) for column in metadata["columns"])
    return StoredResult(key, metadata["rows"], metadata["bytes"], metadata["sha256"], columns)


async def store_result(objects: ObjectStore, produced: Produced, key: str) -> StoredResult:
    """Store what an attempt made, which must have a file: the file, then the manifest that makes it a result.

    EngineFailure (FORBIDDEN) if the store refuses for good: it is read-only, or not ours to write.
    """
    if produced.file is None:
        raise ValueError("an engine without results stores none")
    size, digest = await asyncio.to_thread(_measured, produced.file)
    stored = StoredResult(key, produced.rows, size, digest, produced.columns)
    failpoint("executor.before_store_file")
    try:
        await objects.put_file(key, produced.file)
        failpoint("executor.before_manifest")
        await objects.put_bytes(_manifest_key(key), json.dumps(stored.metadata, ensure_ascii=False).encode())
    except OSError as error:
        if is_transient(error):
            raise
        raise EngineFailure(ErrorKind.FORBIDDEN, f"The object store takes no result: {error.strerror}.") from error
    failpoint("executor.after_manifest")
    return stored


async def fetch_result(objects: ObjectStore, stored: StoredResult, into: Path) -> Path:
    """A local file with the result, to be read only; EngineFailure (RESULT_UNAVAILABLE) if it is not as stored."""
    try:
        file = await objects.fetch(stored.key, into)
    except NotFound as error:
        raise _unavailable("is not in the object store") from error
    except OSError as error:
        if is_transient(error):
            raise
        raise _unavailable(f"cannot be read: {error.strerror}") from error
    if await asyncio.to_thread(_measured, file) != (stored.bytes, stored.sha256):
        raise _unavailable("is damaged: its content is not what was stored")
    return file


def _manifest_key(key: str) -> str:
    return key.removesuffix(PARQUET) + MANIFEST


def _measured(file: Path) -> tuple[int, str]:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return file.stat().st_size, digest


def _unavailable(what: str) -> EngineFailure:
    return EngineFailure(ErrorKind.RESULT_UNAVAILABLE, f"The result of a node before this one {what}.")
