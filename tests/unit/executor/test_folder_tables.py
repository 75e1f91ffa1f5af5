import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.engines.folder_tables import Table, find_tables, mentioned

DAEMON, BIN = 1, 2


def named(*names: str) -> dict[str, Table]:
    return {name: Table(name, f"in/tables/{name}") for name in names}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT days, sunday FROM months", []),
        ("SELECT * FROM day", ["day"]),
        ("SELECT * FROM Day,x", ["day"]),
        ('SELECT * FROM main."DAY"USING (x)', ["day"]),
        ("SELECT * FROM query_table('day')", ["day"]),
        ("SELECT * FROM query($$FROM day$$)", ["day"]),
        ('FROM "a ""quoted"" name"', ['a "quoted" name']),
        ("FROM straße", ["Straße"]),
        ("FROM straßen", []),
        ('FROM "2024-01.final"', ["2024-01.final"]),
        ('FROM "12024-01.final"', []),
    ],
)
def test_a_table_is_mentioned_where_its_name_stands_as_a_word(sql: str, found: list[str]) -> None:
    tables = named("day", 'a "quoted" name', "Straße", "2024-01.final")
    assert list(mentioned(tables, sql)) == found


def test_links_of_ours_are_tables_and_those_that_lead_nowhere_are_not(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "file.csv").write_text("a\n1\n")
    (elsewhere / "part.parquet").write_text("")
    (folder / "linked.csv").symlink_to(elsewhere / "file.csv")
    (folder / "parts").symlink_to(elsewhere)
    (folder / "gone.csv").symlink_to(elsewhere / "gone.csv")
    assert list(find_tables(folder)) == ["linked", "parts"]


def test_what_no_sql_can_name_and_what_cannot_be_looked_into_are_no_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named.csv").write_text("a\n1\n")
    (tmp_path / "closed").mkdir()
    (tmp_path / os.fsdecode(b"\xff.csv")).write_text("a\n1\n")
    look = Path.iterdir

    def refused(folder: Path) -> Iterator[Path]:
        if folder.name == "closed":  # root, who may be running this, can look into everything
            raise PermissionError
        return look(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert list(find_tables(tmp_path)) == ["named"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_links_of_others_are_tables_only_where_the_file_is_theirs_too(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for owner, name in ((DAEMON, "theirs"), (BIN, "secret")):
        file = tmp_path / f".{name}"
        file.write_text("a\n1\n")
        os.chown(file, owner, owner)
        for link in (tmp_path / f"{name}.csv", tmp_path / "parts" / f"{name}.parquet"):
            link.symlink_to(file)
            os.chown(link, DAEMON, DAEMON, follow_symlinks=False)
    tables = find_tables(tmp_path)
    assert list(tables) == ["theirs", "parts"]
    assert [file.name for file in tables["parts"].inputs.values()] == ["theirs.parquet"]
