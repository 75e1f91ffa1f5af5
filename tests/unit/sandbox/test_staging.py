import errno
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from queryflow.sandbox.staging import Staging, take, used_bytes


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    for part in ("worker/in", "worker/out", "copies"):
        (tmp_path / part).mkdir(parents=True)
    return tmp_path / "worker"


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "copies", most_bytes=10)


def test_a_readable_file_is_linked_not_copied(staging: Staging, worker: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("content")
    source.chmod(0o644)
    staging.put(source, worker, "tables/a.parquet")
    assert (worker / "in/tables/a.parquet").stat().st_ino == source.stat().st_ino


@pytest.mark.parametrize("reason", [errno.EXDEV, errno.ENOSPC])
def test_what_cannot_be_linked_from_where_it_is_is_copied(
    reason: int, staging: Staging, worker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = reason == errno.EXDEV
    source = tmp_path / "source"
    source.write_text("content")
    source.chmod(0o644)
    link = os.link

    def refuses(one: Path, other: Path) -> None:
        if one == source:
            raise OSError(reason, "no link")
        link(one, other)

    monkeypatch.setattr(os, "link", refuses)
    with nullcontext() if copied else pytest.raises(OSError, match="no link"):
        staging.put(source, worker, "a")
    assert (worker / "in/a").exists() == copied


def test_a_link_to_a_file_is_followed(staging: Staging, worker: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_text("content")
    (tmp_path / "link").symlink_to("source")
    staging.put(tmp_path / "link", worker, "a")
    assert not (worker / "in/a").is_symlink()
    assert (worker / "in/a").read_text() == "content"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", ""])
def test_names_stay_inside(staging: Staging, worker: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "source").touch()
    with pytest.raises(ValueError, match="stays inside"):
        staging.put(tmp_path / "source", worker, name)


def test_only_regular_files_are_inputs(staging: Staging, worker: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="regular file"):
        staging.put(tmp_path / "pipe", worker, "a")


def test_a_copy_that_finds_no_room_leaves_nothing(
    staging: Staging, worker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "source").touch()
    monkeypatch.setattr("queryflow.sandbox.staging._linked", lambda *_: False)
    monkeypatch.setattr("queryflow.sandbox.staging.shutil.copyfile", full)
    with pytest.raises(OSError, match="full"):
        staging.put(tmp_path / "source", worker, "a")
    assert not list(staging.copies.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only workers of root are strangers to a private file")
def test_private_files_are_copied_and_the_oldest_copies_go(staging: Staging, worker: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("sixsix")
        (tmp_path / name).chmod(0o600)
        staging.put(tmp_path / name, worker, name)
        staging.put(tmp_path / name, worker, f"{name}-again")
    assert [path.stat().st_mode & 0o777 for path in staging.copies.iterdir()] == [0o444]
    assert (worker / "in/one").read_text() == "sixsix"
    assert (worker / "in/two").stat().st_ino == (worker / "in/two-again").stat().st_ino


def test_a_result_must_be_one_regular_file(worker: Path, tmp_path: Path) -> None:
    (worker / "out/0.parquet").symlink_to("/etc/passwd")
    (worker / "out/1.parquet").write_text("x")
    os.link(worker / "out/1.parquet", worker / "out/other")
    for number in (0, 1):
        with pytest.raises(OSError, match="one regular file"):
            take(worker, number, tmp_path / "result")
    with pytest.raises(FileNotFoundError):
        take(worker, 2, tmp_path / "result")
    assert not (tmp_path / "result").exists()


def test_what_a_child_wrote_is_counted(worker: Path) -> None:
    (worker / "out/spilled").mkdir()
    (worker / "out/spilled/a").write_bytes(b"x" * 100_000)
    assert 100_000 <= used_bytes(worker) < 200_000
