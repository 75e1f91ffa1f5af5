"""Both object stores mean the same; the folder on a real disk, S3 on a real server."""

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock
from uuid import uuid4

import boto3
import pytest

from queryflow.domain.errors import NotFound, Refused, TryAgain
from queryflow.objects.port import ObjectStore, open_objects
from queryflow.process.settings import ServiceSettings
from queryflow.process.transient_errors import is_transient
from tests.support.sick_s3 import sick_s3

KEY = "results/0194-7000/1-1.parquet"


def _settings(url: str, endpoint: str | None = None) -> ServiceSettings:
    return ServiceSettings(database_url="postgresql://unused", objects_url=url, s3_endpoint=endpoint)


@pytest.fixture(params=["folder", "s3"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ObjectStore]:
    if request.param == "folder":
        yield open_objects(_settings((tmp_path / "with space").as_uri()))
        return
    endpoint: str = request.getfixturevalue("s3")
    _pretend_to_have_keys(monkeypatch)
    bucket = f"bucket-{uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    yield open_objects(_settings(f"s3://{bucket}/some/prefix", endpoint))


def _pretend_to_have_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")


async def test_what_is_put_can_be_had(store: ObjectStore, tmp_path: Path) -> None:
    large = os.urandom(9 * 1024 * 1024)
    source = tmp_path / "source"
    source.write_bytes(large)
    await store.put_file(KEY, source)
    await store.put_bytes("results/0194-7000/1-1.json", b"{}")

    assert await store.exists(KEY)
    assert await store.read(KEY) == large
    assert (await store.fetch(KEY, tmp_path / "fetched")).read_bytes() == large
    assert await store.list("results/0194") == ["results/0194-7000/1-1.json", KEY]
    assert await store.list("results/1") == []
    assert source.read_bytes() == large


async def test_a_second_put_replaces_the_first(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"first")
    await store.put_bytes(KEY, b"second")
    assert await store.read(KEY) == b"second"
    await store.delete(KEY)
    await store.delete(KEY)
    assert not await store.exists(KEY)


async def test_what_is_missing_is_said(store: ObjectStore, tmp_path: Path) -> None:
    for attempt in (store.read(KEY), store.fetch(KEY, tmp_path / "fetched")):
        with pytest.raises(NotFound):
            await attempt


async def test_a_key_does_not_leave_the_store(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    for key in ("../secret", "/etc/passwd", "a/../../secret"):
        with pytest.raises(ValueError, match="object key"):
            await store.read(key)
        with pytest.raises(ValueError, match="object key"):
            await store.put_bytes(key, b"")
    assert (tmp_path / "secret").read_text() == "outside"


async def test_many_at_once(store: ObjectStore) -> None:
    keys = [f"many/{number}" for number in range(40)]
    await asyncio.gather(*(store.put_bytes(key, key.encode()) for key in keys))
    assert await asyncio.gather(*(store.read(key) for key in keys)) == [key.encode() for key in keys]


async def test_a_store_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_to_have_keys(monkeypatch)
    store = open_objects(_settings("s3://bucket", "http://127.0.0.1:1"))
    with pytest.raises(TryAgain):
        await store.read(KEY)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_store_that_answers_with_an_error_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    _pretend_to_have_keys(monkeypatch)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (tmp_path / "source").write_bytes(b"x")
    with sick_s3(status) as endpoint:
        store = open_objects(_settings("s3://bucket", endpoint))
        for attempt in (
            store.put_file(KEY, tmp_path / "source"),
            store.put_bytes(KEY, b"x"),
            store.fetch(KEY, tmp_path / "fetched"),
            store.read(KEY),
        ):
            with pytest.raises(TryAgain):
                await attempt


async def test_a_store_that_refuses_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _pretend_to_have_keys(monkeypatch)
    (tmp_path / "source").write_bytes(b"x")
    with sick_s3(403) as endpoint:
        store = open_objects(_settings("s3://bucket", endpoint))
        for attempt in (store.put_file(KEY, tmp_path / "source"), store.read(KEY)):
            with pytest.raises(PermissionError):
                await attempt


async def test_a_content_that_breaks_off_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _pretend_to_have_keys(monkeypatch)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with sick_s3(200) as endpoint:
        store = open_objects(_settings("s3://bucket", endpoint))
        for attempt in (store.read(KEY), store.fetch(KEY, tmp_path / "fetched")):
            with pytest.raises(TryAgain):
                await attempt
    assert not (tmp_path / "fetched").exists()


async def test_a_full_disk_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = open_objects(_settings(str(tmp_path / "objects")))
    await store.put_bytes(KEY, b"old")
    monkeypatch.setattr("queryflow.objects.folder.os.fsync", Mock(side_effect=OSError(errno.ENOSPC, "full")))
    with pytest.raises(OSError, match="full") as refused:
        await store.put_bytes(KEY, b"new")
    assert is_transient(refused.value)
    assert await store.read(KEY) == b"old"
    assert await store.list("") == [KEY]
    assert list((tmp_path / "objects" / ".unfinished").iterdir()) == []


async def test_only_the_owner_enters_the_folder(tmp_path: Path) -> None:
    store = open_objects(_settings(str(tmp_path / "objects")))
    await store.put_bytes(KEY, b"x")
    assert stat.S_IMODE((tmp_path / "objects").stat().st_mode) == 0o700
    assert await store.list("") == [KEY]


def test_what_is_no_store_is_refused_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for url, reason in (("ftp://somewhere", "ftp:// is no object store"), (str(tmp_path / "file"), "File exists")):
        with pytest.raises(Refused, match=f"^QUERYFLOW_OBJECTS_URL: .*{reason}"):
            open_objects(_settings(url))


@pytest.mark.parametrize("name", ["a#b", "a?b=c", "a%20b", "a b", "ü:x"])
async def test_the_path_of_a_folder_is_no_url(tmp_path: Path, name: str) -> None:
    await open_objects(_settings(str(tmp_path / name))).put_bytes(KEY, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


async def test_the_content_and_every_name_on_the_way_to_it_are_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "objects"
    flushed: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink()))
    await open_objects(_settings(str(root))).put_bytes(KEY, b"x")
    folder = (root / KEY).parent
    assert flushed[1:] == [folder, folder.parent, root]
    assert flushed[0].parent.is_relative_to(root), "the content, before it has its name"


async def test_a_crash_while_writing_leaves_the_old_content(tmp_path: Path) -> None:
    store = open_objects(_settings(str(tmp_path)))
    await store.put_bytes(KEY, b"old")
    script = (
        "import asyncio, pathlib, sys\n"
        "from queryflow.process.failpoints import arm\n"
        "from queryflow.objects.folder import FolderObjects\n"
        "arm('objects.before_rename')\n"
        f"asyncio.run(FolderObjects(pathlib.Path(sys.argv[1])).put_bytes('{KEY}', b'new'))\n"
    )
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert await store.read(KEY) == b"old"
    assert await store.list("") == [KEY]


async def test_what_crashes_left_in_a_folder_goes_when_it_is_old(tmp_path: Path) -> None:
    store = open_objects(_settings(str(tmp_path)))
    await store.put_bytes("results/kept/n/1-1.parquet", b"rows")
    await store.put_bytes("results/emptied/n/1-1.parquet", b"rows")
    await store.delete("results/emptied/n/1-1.parquet")
    old, young = tmp_path / ".unfinished" / "old", tmp_path / ".unfinished" / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    (tmp_path / "results" / "fresh").mkdir()
    for path in (old, *(tmp_path / "results" / "emptied").rglob("*"), tmp_path / "results" / "emptied"):
        os.utime(path, (0, 0))
    await store.remove_leftovers(timedelta(days=1))
    assert [path.name for path in (tmp_path / ".unfinished").iterdir()] == ["young"]
    os.utime(tmp_path / "results" / "emptied", (0, 0))
    await store.remove_leftovers(timedelta(days=1))
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"kept", "fresh"}
    assert await store.list("") == ["results/kept/n/1-1.parquet"]
