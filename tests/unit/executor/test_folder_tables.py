import errno
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from executor.engines.duckdb.folder_tables import FolderTable, find_tables, mentioned
from executor.engines.duckdb.table_files import Form

DAEMON, BIN = 1, 2


NAMES = ("day", 'a "quoted" name', "Straße", "2024-01.final", "Caf\u00e9")


def tables_of(folder: Path, settings: object = None) -> dict[str, FolderTable]:
    return find_tables(folder, settings).all()


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n1\n")
    return folder


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
        ("FROM cafe\u0301", ["Caf\u00e9"]),
    ],
)
def test_a_table_is_mentioned_where_its_name_stands_as_a_word(sql: str, found: list[str]) -> None:
    assert mentioned(NAMES, sql) == found


def test_links_of_ours_are_tables_and_those_that_lead_nowhere_are_not(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "file.csv").write_text("a\n1\n")
    (elsewhere / "part.parquet").write_text("")
    (folder / "linked.csv").symlink_to(elsewhere / "file.csv")
    (folder / "parts").symlink_to(elsewhere)
    (folder / "gone.csv").symlink_to(elsewhere / "gone.csv")
    assert list(tables_of(folder)) == ["linked", "parts"]
    assert [each.shown for each in find_tables(folder).others] == ["gone.csv"]


def test_what_no_sql_can_name_is_no_table_and_a_closed_folder_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "named.csv", os.fsdecode(b"\xff.csv"), "closed/a.csv")
    look = os.scandir

    def refused(folder: Path) -> Any:
        if folder.name == "closed":  # root, who may be running this, can look into everything
            raise PermissionError(errno.EACCES, "Permission denied")
        return look(folder)

    monkeypatch.setattr(os, "scandir", refused)
    found = find_tables(tmp_path)
    assert found.all()["closed"].problem == "closed cannot be read: Permission denied."
    assert found.all()["named"].problem == ""
    assert [each.reason for each in found.others] == ["no SQL can name it"]


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
    tables = tables_of(tmp_path)
    assert list(tables) == ["parts", "theirs"]
    assert [file.shown for file in tables["parts"].files] == ["parts/theirs.parquet"]
    assert [each.shown for each in tables["parts"].others] == ["parts/secret.parquet"]
    assert "another user" in tables["parts"].others[0].reason


def test_every_kind_of_file_is_a_table_and_the_rest_is_told(tmp_path: Path) -> None:
    kinds = {"parquet": Form.PARQUET, "csv": Form.CSV, "tsv": Form.CSV, "jsonl": Form.JSON, "ndjson": Form.JSON}
    packed = [f"{kind}{pack}" for kind in kinds if kind != "parquet" for pack in (".gz", ".zst")]
    suffixes = [*kinds, *packed, "CSV"]
    made(tmp_path, *(f"t{place}.{suffix}" for place, suffix in enumerate(suffixes)))
    made(tmp_path, "notes.docx", "x.parquet.gz", ".hidden.csv", "empty/readme.txt", "tables.yaml")
    (tmp_path / "tables.yaml").write_text("tables: {}")
    found = find_tables(tmp_path)
    assert {name: table.form for name, table in found.all().items()} == {
        f"t{place}": kinds[suffix.lower().partition(".")[0]] for place, suffix in enumerate(suffixes)
    }
    assert [each.shown for each in found.others] == ["notes.docx", "x.parquet.gz"]
    assert "ends in none of .parquet, .csv" in found.others[0].reason


@pytest.mark.parametrize(
    "twins",
    [
        ("sales.csv", "sales.parquet"),
        ("A.csv", "a.csv"),
        ("sales/1.csv", "sales.csv"),
        ("Caf\u00e9.csv", "Cafe\u0301.csv"),
        ("sales.csv", "sales.csv.gz"),
    ],
)
def test_two_files_of_one_name_are_refused_and_both_are_named(tmp_path: Path, twins: tuple[str, str]) -> None:
    tables = tables_of(made(tmp_path, *twins, "other.csv"))
    assert tables.pop("other").problem == ""
    [table] = tables.values()
    for each in twins:
        assert unicodedata.normalize("NFC", each.partition("/")[0]) in table.problem
    assert "rename" in table.problem


def test_a_declaration_says_which_of_two_files_a_table_is(tmp_path: Path) -> None:
    made(tmp_path, "sales.csv", "sales.parquet", "2026-01.csv", "2026-02.csv", "deep/down/x.csv", "deep/y.csv")
    (tmp_path / "tables.yaml").write_text(
        "tables: {sales: {file: sales.csv, delimiter: ;}, year: {file: 2026-*.csv}, x: {file: deep/down/x.csv},"
        " gone: {file: gone.csv}, ghost: {skip: 1}}"
    )
    found = find_tables(tmp_path, {"year": {"file": "2026-*.csv", "delimiter": "|"}})
    tables = found.all()
    assert {name: [file.shown for file in table.files] for name, table in tables.items()} == {
        "sales": ["sales.csv"],
        "year": ["2026-01.csv", "2026-02.csv"],
        "x": ["deep/down/x.csv"],
        "gone": [],
        "ghost": [],
        "deep": ["deep/y.csv"],
    }
    assert (tables["sales"].options.delimiter, tables["year"].options.delimiter) == (";", "|")
    assert "gone.csv, which is not there" in tables["gone"].problem
    assert [each.shown for each in found.others] == ["sales.parquet"]


def test_folders_named_as_values_are_columns(tmp_path: Path) -> None:
    made(tmp_path, "sales/day=2026-01-01/shop=a%20b/1.parquet", "sales/day=__HIVE_DEFAULT_PARTITION__/shop=c/1.parquet")
    made(tmp_path, "sales/_SUCCESS", "sales/.part.crc")
    table = tables_of(tmp_path)["sales"]
    assert [file.constants for file in table.files] == [
        {"day": "2026-01-01", "shop": "a b"},
        {"day": None, "shop": "c"},
    ]
    assert (table.problem, table.others) == ("", ())


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (("t/a.csv", "t/b.parquet"), "keep one kind"),
        (("t/a.csv", "t/old/b.csv"), "t/old/"),
        (("t/day=1/a.csv", "t/b.csv"), "t/day=1/a.csv and t/b.csv"),
        (("t/day=1/shop=1/a.csv", "t/shop=1/day=1/a.csv"), "in the same order"),
        (("t/a.parquet", "t/_delta_log/0.json"), "Delta Lake"),
    ],
)
def test_files_that_are_no_one_table_are_refused(tmp_path: Path, files: tuple[str, ...], sentence: str) -> None:
    assert sentence in tables_of(made(tmp_path, *files))["t"].problem


def test_a_declaration_that_cannot_be_read_spoils_its_table_only(tmp_path: Path) -> None:
    made(tmp_path, "good.csv", "bad.csv", "p.parquet")
    (tmp_path / "tables.yaml").write_text("tables: {bad: {delimeter: ;}, p: {delimiter: ;}}")
    tables = tables_of(tmp_path)
    assert "did you mean delimiter" in tables["bad"].problem
    assert "nothing for Parquet" in tables["p"].problem
    assert tables["good"].problem == ""
    (tmp_path / "tables.yaml").write_text("tables: [")
    assert all("tables.yaml cannot be read" in each.problem for each in tables_of(tmp_path).values())
