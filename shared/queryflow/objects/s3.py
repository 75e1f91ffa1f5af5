"""Objects in S3 or what speaks its language: boto3 in threads, one client for the process.

A PUT is atomic there, and `upload_file` retries and sends large files in parts, so nothing half written is ever seen.
"""

import errno
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
import boto3
from anyio import CapacityLimiter
from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from queryflow.domain.errors import NotFound, TryAgain
from queryflow.objects.keys import parts_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_ONCE = 8
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
Found = TypeVar("Found")


class S3Objects:
    """A bucket, or a part of one below `prefix`. Credentials come from the environment, as boto3 reads it."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._limit = CapacityLimiter(AT_ONCE)
        config = Config(max_pool_connections=AT_ONCE, connect_timeout=5, read_timeout=60, retries={"mode": "standard"})
        self._client: S3Client = boto3.client("s3", endpoint_url=endpoint, config=config)

    async def put_file(self, key: str, path: Path) -> None:
        """Upload the file, in parts where it is large."""
        await self._call(partial(self._client.upload_file, str(path), self._bucket, self._name(key)))

    async def put_bytes(self, key: str, data: bytes) -> None:
        """Upload the bytes."""
        await self._call(partial(self._client.put_object, Bucket=self._bucket, Key=self._name(key), Body=data))

    async def fetch(self, key: str, into: Path) -> Path:
        """Download the object to `into`."""
        await self._call(partial(self._client.download_file, self._bucket, self._name(key), str(into)))
        return into

    async def read(self, key: str) -> bytes:
        """The content of the object."""
        return await self._call(partial(self._content, self._name(key)))

    async def exists(self, key: str) -> bool:
        """Whether the object is there."""
        try:
            await self._call(partial(self._client.head_object, Bucket=self._bucket, Key=self._name(key)))
        except NotFound:
            return False
        return True

    async def list(self, prefix: str) -> list[str]:
        """The keys that begin with the prefix, sorted."""
        return list(await self._call(partial(self._keys, prefix)))

    async def delete(self, key: str) -> None:
        """Delete the object; one that is not there is no error."""
        await self._call(partial(self._client.delete_object, Bucket=self._bucket, Key=self._name(key)))

    async def remove_leftovers(self, age: timedelta) -> None:
        """Nothing: a bucket has no folders, and forgets unfinished uploads by a rule of its own."""

    def _name(self, key: str) -> str:
        return self._prefix + "/".join(parts_of(key))

    def _content(self, name: str) -> bytes:
        return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()

    def _keys(self, prefix: str) -> Sequence[str]:
        pages = self._client.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
        return sorted(item["Key"][len(self._prefix) :] for page in found for item in page.get("Contents", []))

    async def _call(self, work: Callable[[], Found]) -> Found:
        """The work's result, done in a thread; NotFound and TryAgain instead of boto3's errors."""
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._limit)
        except (ClientError, S3UploadFailedError) as error:
            raise _meaning_of(error) from error
        except (BotoCoreError, RetriesExceededError) as error:
            raise TryAgain(f"The object store does not answer: {type(error).__name__}") from error


def _meaning_of(error: ClientError | S3UploadFailedError) -> Exception:
    """What the server's answer means; of a failed upload it is the error's context."""
    answered = error if isinstance(error, ClientError) else error.__context__
    response = answered.response if isinstance(answered, ClientError) else {}
    code = response.get("Error", {}).get("Code", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in MISSING:
        return NotFound("The object is not there.")
    if status >= 500 or code in {"SlowDown", "Throttling", "RequestTimeout"}:
        return TryAgain(f"The object store is busy: {code}")
    if status == 403:
        return PermissionError(errno.EACCES, code)
    return FileNotFoundError(errno.ENOENT, code) if code == "NoSuchBucket" else error
