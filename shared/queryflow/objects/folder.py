"""Objects in a folder: written beside their place, flushed to disk, then renamed: no reader sees half of one."""

import asyncio
import os
import secrets
import shutil
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from queryflow.domain.errors import NotFound
from queryflow.objects.keys import parts_of
from queryflow.process.failpoints import failpoint

UNFINISHED = ".unfinished"


class FolderObjects:
    """A folder that only its owner may enter (0700); a key is a path below it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / UNFINISHED).mkdir(mode=0o700, exist_ok=True)

    async def put_file(self, key: str, path: Path) -> None:
        """Store a copy of the file."""
        await asyncio.to_thread(self._put, key, path)

    async def put_bytes(self, key: str, data: bytes) -> None:
        """Store the bytes."""
        await asyncio.to_thread(self._put, key, data)

    async def fetch(self, key: str, into: Path) -> Path:
        """The stored file itself; `into` stays unused."""
        return self._present(key)

    async def read(self, key: str) -> bytes:
        """The content of the object."""
        return await asyncio.to_thread(self._present(key).read_bytes)

    async def exists(self, key: str) -> bool:
        """Whether the file is there."""
        return self._path(key).is_file()

    async def list(self, prefix: str) -> list[str]:
        """The keys that begin with the prefix, sorted."""
        return await asyncio.to_thread(_keys_below, self._root, prefix)

    async def delete(self, key: str) -> None:
        """Remove the file; its folder stays until it has been empty for long."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def remove_leftovers(self, age: timedelta) -> None:
        """Remove files that a crash left unfinished, and folders that have been empty for so long."""
        await asyncio.to_thread(_remove_leftovers, self._root, time.time() - age.total_seconds())

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*parts_of(key))

    def _present(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise NotFound("The object is not there.")
        return path

    def _put(self, key: str, content: Path | bytes) -> None:
        target = self._path(key)
        unfinished = self._root / UNFINISHED / secrets.token_hex(16)
        try:
            _write(unfinished, content)
            failpoint("objects.before_rename")
            _move(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
        _flush_folders(target.parent, self._root)


def _keys_below(root: Path, prefix: str) -> list[str]:
    whole_folders = prefix[: prefix.rfind("/") + 1]
    files = (path for path in (root / whole_folders).rglob("*") if path.is_file() and UNFINISHED not in path.parts)
    keys = (path.relative_to(root).as_posix() for path in files)
    return sorted(key for key in keys if key.startswith(prefix))


def _move(path: Path, target: Path) -> None:
    """Give the file its name; again where its folder, empty for long, was removed just now."""
    for last in (False, True):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            path.replace(target)
        except FileNotFoundError:
            if last:
                raise
        else:
            return


def _remove_leftovers(root: Path, since: float) -> None:
    for folder, folders, files in os.walk(root, topdown=False):
        here = Path(folder)
        if here == root / UNFINISHED:
            for path in (here / name for name in files):
                if path.stat().st_mtime < since:
                    path.unlink(missing_ok=True)
        elif here != root and not files and not any((here / name).exists() for name in folders):
            _remove_empty(here, since)


def _remove_empty(folder: Path, since: float) -> None:
    with suppress(OSError):  # somebody put something into it just now
        if folder.stat().st_mtime < since:
            folder.rmdir()


def _write(path: Path, content: Path | bytes) -> None:
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _flush_folders(folder: Path, root: Path) -> None:
    """Make the names durable too: of the object, and of the folders that may have been made for it."""
    while True:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if folder == root:
            return
        folder = folder.parent
