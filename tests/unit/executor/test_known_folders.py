"""A folder is listed again as soon as it may show something else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from executor.engines.duckdb.known_folders import KnownFolders

LONG_AGO = 1_700_000_000_000_000_000


def settle(*paths: Path) -> None:
    for path in paths:
        os.utime(path, ns=(LONG_AGO, LONG_AGO))


def add(folder: Path) -> None:
    (folder / "b.csv").write_text("a\n1\n")


def declare(folder: Path) -> None:
    (folder / "tables.yaml").write_text("tables: {b: {file: a.csv}}")


def rename(folder: Path) -> None:
    (folder / "a.csv").rename(folder / "b.csv")


@pytest.mark.parametrize("change", [add, declare, rename])
def test_a_change_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    settle(tmp_path)
    folders = KnownFolders()
    first = folders.find(tmp_path, None)
    assert folders.find(tmp_path, None) is first
    change(tmp_path)
    assert "b" in folders.find(tmp_path, None).names


def test_settings_are_part_of_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    settle(tmp_path)
    folders = KnownFolders()
    assert folders.find(tmp_path, None).names == ["a"]
    assert folders.find(tmp_path, {"b": {"file": "a.csv"}}).names == ["b"]


def test_a_declaration_that_changes_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "tables.yaml").write_text("tables: {b: {file: a.csv}}")
    settle(tmp_path / "tables.yaml", tmp_path)
    folders = KnownFolders()
    assert folders.find(tmp_path, None).names == ["b"]
    (tmp_path / "tables.yaml").write_text("tables: {c: {file: a.csv}}")
    assert folders.find(tmp_path, None).names == ["c"]


def test_what_changed_just_now_or_has_links_is_listed_each_time(tmp_path: Path) -> None:
    folders = KnownFolders(clock=lambda: tmp_path.stat().st_mtime_ns + 1_000)
    assert folders.find(tmp_path, None) is not folders.find(tmp_path, None)
    (tmp_path / "a.csv").symlink_to(tmp_path.parent / "nowhere.csv")
    settle(tmp_path)
    folders = KnownFolders()
    assert folders.find(tmp_path, None) is not folders.find(tmp_path, None)
