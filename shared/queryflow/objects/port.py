"""The object store: results by key, in a folder or in S3, behind one port."""

from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from queryflow.domain.errors import Refused
from queryflow.objects.folder import FolderObjects
from queryflow.process.settings import ServiceSettings


class ObjectStore(Protocol):
    """Keeps whole objects under keys such as `results/…/1-1.parquet`; what was put is durable and never torn.

    Every method raises TryAgain where the store is away or busy, OSError where it refuses: full, read-only, not ours.
    """

    async def put_file(self, key: str, path: Path) -> None:
        """Store the content of the file, replacing what was there at once."""

    async def put_bytes(self, key: str, data: bytes) -> None:
        """Store the bytes, replacing what was there at once."""

    async def fetch(self, key: str, into: Path) -> Path:
        """A local file with the content: `into`, or the stored file itself where no copy is needed. NotFound if absent.

        The file is to be read only.
        """

    async def read(self, key: str) -> bytes:
        """The content; NotFound if absent."""

    async def exists(self, key: str) -> bool:
        """Whether the key is there."""

    async def list(self, prefix: str) -> list[str]:
        """The keys that begin with the prefix, sorted."""

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""

    async def remove_leftovers(self, age: timedelta) -> None:
        """Remove what crashes and deletions left that is older than that, and is no object."""


def open_objects(settings: ServiceSettings) -> ObjectStore:
    """The store that `objects_url` names: a folder (path or `file://`) or `s3://bucket/prefix`; Refused for others."""
    address = urlsplit(settings.objects_url)
    if address.scheme == "s3":
        from queryflow.objects.s3 import S3Objects  # noqa: PLC0415 - boto3 takes long to import

        return S3Objects(bucket=address.netloc, prefix=address.path.strip("/"), endpoint=settings.s3_endpoint)
    if address.scheme == "file":
        return _open_folder(Path(unquote(address.path)))
    if "://" not in settings.objects_url:
        return _open_folder(Path(settings.objects_url).expanduser())  # not split: a `#` or `%20` in a path is just that
    message = f"{address.scheme}:// is no object store; name a folder or s3://bucket/prefix"
    raise Refused(f"QUERYFLOW_OBJECTS_URL: {message}.", code="WRONG_SETTINGS")


def _open_folder(folder: Path) -> FolderObjects:
    try:
        return FolderObjects(folder)
    except OSError as error:
        message = f"QUERYFLOW_OBJECTS_URL: {folder} cannot hold objects: {error.strerror}; name another folder."
        raise Refused(message, code="WRONG_SETTINGS") from error
