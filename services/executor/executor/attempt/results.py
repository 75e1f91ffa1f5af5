"""Results in the object store: the Parquet file first, its manifest last. What has no manifest is no result.

A key carries the attempt and its fence, so two tries never write one object, and a crash leaves at most a file that
nobody refers to.
"""

import asyncio
import hashlib
import json
from pathlib import Path

from executor.engines.port import EngineFailure, Produced
from executor.model.stored_result import MANIFEST, PARQUET, StoredResult
from queryflow.domain.errors import NotFound
from queryflow.domain.states import ErrorKind
from queryflow.objects.port import ObjectStore
from queryflow.process.failpoints import failpoint
from queryflow.process.transient_errors import is_transient


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
