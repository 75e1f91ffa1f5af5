import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from queryflow.domain.errors import Conflict, Refused
from queryflow_cli.samples.dataset import Dataset, read_manifest, replaced, write_manifest

DATASET = Dataset("amc", date(2026, 10, 31), 1, "demo", {"things": 3})


def fill(folder: Path, text: str = "") -> None:
    (folder / "things.parquet").write_text(text)
    write_manifest(folder, DATASET)


def fail_half_way(folder: Path) -> None:
    with replaced(folder) as making:
        fill(making, "second")
        raise OSError("the disk is full")


def test_what_a_folder_holds_is_read_as_it_was_written(tmp_path: Path) -> None:
    with replaced(tmp_path / "set") as making:
        assert read_manifest(tmp_path / "set") is None
        fill(making)
    assert read_manifest(tmp_path / "set") == DATASET
    assert [each.name for each in tmp_path.iterdir()] == ["set"]


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    with replaced(tmp_path / "set") as making:
        fill(making, "first")
    with pytest.raises(OSError, match="disk is full"):
        fail_half_way(tmp_path / "set")
    assert (tmp_path / "set" / "things.parquet").read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["set"]


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left, growing = tmp_path / f"set.making-{gone.pid}", tmp_path / f"set.making-{os.getppid()}"
    left.mkdir()
    growing.mkdir()
    with replaced(tmp_path / "set") as making:
        fill(making)
    assert not left.exists()
    assert growing.exists()


@pytest.mark.parametrize("manifest", [None, "", "{}", '{"name": "theirs"}'])
def test_nobodys_files_are_replaced(tmp_path: Path, manifest: str | None) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    if manifest is not None:
        (tmp_path / "dataset.json").write_text(manifest)
    with pytest.raises(Conflict, match="holds something else"), replaced(tmp_path):
        pytest.fail("it began")
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_where_nothing_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot hold the data: Not a directory"), replaced(tmp_path / "file" / "set"):
        pytest.fail("it began")


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    with replaced(folder) as making:
        fill(making)
    assert read_manifest(folder) == DATASET
